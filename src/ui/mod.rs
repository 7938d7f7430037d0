//! The user interface. egui is used only here, in `app` and in `main`.

pub mod browser;
pub mod choose;
pub mod commands;
pub mod concerns;
pub mod dialogs;
pub mod order;
pub mod theme;
pub mod views;
pub mod widgets;

mod about;
mod activity;
mod contained;
mod device;
mod devices;
mod drill;
mod dropped;
mod frame;
mod help;
mod incident;
mod journal;
mod layout;
mod look;
mod notices;
mod palette;
mod settings;
pub mod sign_in;
mod strip;
mod words;

pub use about::icon;
pub use device::compare::compare;
pub use drill::{Briefing, DrillRequest, DrillRunner, Running};
pub use frame::{frame_ui, strip_ui};
pub use incident::{field_id as ticket_of_incident, meant as incident_meant};
pub use journal::hand_over;
pub use layout::is_console_open;

use egui::{Response, Ui};
use jiff::Timestamp;

use crate::message::Command;
use crate::model::MachineRef;
use crate::state::State;
use choose::{Choose, Chosen};
use commands::UiCommand;
use views::Views;
use widgets::ActionButton;

/// Prepares a window's context: sets the theme, and removes keys that are not declared here.
pub fn prepare(ctx: &egui::Context) {
    theme::apply(ctx);
    // By default egui closes the window on Ctrl+Q and on every combination that contains it, such as
    // Ctrl+Shift+Q.
    ctx.options_mut(|options| options.quit_shortcuts.clear());
}

/// Context of a view.
pub struct Cx<'a> {
    /// Facts, read-only.
    pub state: &'a State,
    /// The view state.
    pub views: &'a mut Views,
    /// The current time, the same for the whole frame.
    pub now: Timestamp,
    pub out: &'a mut Outbox,
}

impl Cx<'_> {
    /// The current time by the service's clock, for ages of what the service reports.
    #[must_use]
    pub fn service_now(&self) -> Timestamp {
        self.state.at_service(self.now)
    }

    /// Shows the button of a command with its name and help; returns whether it was pressed.
    pub fn command_ui(&mut self, ui: &mut Ui, command: UiCommand) -> bool {
        let spec = command.spec();
        let button = ActionButton::new(spec.title).hint(spec.help);
        self.button_ui(ui, command, button)
    }

    /// Shows a button that raises a command, or shows why it cannot be invoked; returns whether it was
    /// pressed.
    pub fn button_ui(&mut self, ui: &mut Ui, command: UiCommand, button: ActionButton<'_>) -> bool {
        self.add_button(ui, command, button).clicked()
    }

    /// Like [`Self::button_ui`], for a button that may get the focus.
    pub fn add_button(
        &mut self,
        ui: &mut Ui,
        command: UiCommand,
        button: ActionButton<'_>,
    ) -> Response {
        let why = command.availability(self.state, self.views, self.now).err();
        let added = ui.add(button.disabled_because(why.as_deref()));
        if added.clicked() {
            self.out.commands.push(command);
        }
        added
    }

    /// Shows a device in the panel, and reads it if it is not in the list.
    pub fn select_device(&mut self, machine: MachineRef) {
        if machine.is_every_device() {
            // The panel shows one device, not all.
            return;
        }
        if self.state.machine(&machine.id).is_none() {
            let load = Command::LoadMachine(machine.id.clone());
            self.out.work.push(load);
        }
        self.views.show_device(machine);
    }
}

/// Commands raised in this frame.
#[derive(Debug, Default)]
pub struct Outbox {
    pub commands: Vec<UiCommand>,
    pub work: Vec<Command>,
    /// An address to open in the browser, already checked.
    pub open_page: Option<String>,
    /// Name of the profile to switch to.
    pub profile: Option<String>,
    /// An exercise to start or stop.
    pub drill: Option<DrillRequest>,
    /// A system dialog to open, and the cell for its answer.
    pub choose: Option<(Choose, Chosen)>,
}

impl Outbox {
    /// Whether nothing was raised.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
            && self.work.is_empty()
            && self.open_page.is_none()
            && self.profile.is_none()
            && self.drill.is_none()
            && self.choose.is_none()
    }
}
