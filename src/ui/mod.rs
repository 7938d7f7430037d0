//! egui, and only here (with `app` and `main`): the frame, and what each view gets.

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

/// Prepares a window's context: the theme, and no keys that are not declared here.
pub fn prepare(ctx: &egui::Context) {
    theme::apply(ctx);
    // egui closes the window by Ctrl+Q, and by everything that holds it, such as Ctrl+Shift+Q.
    ctx.options_mut(|options| options.quit_shortcuts.clear());
}

/// Context of a view.
pub struct Cx<'a> {
    /// Facts, read-only.
    pub state: &'a State,
    /// The view state.
    pub views: &'a mut Views,
    /// The present moment, the same for the whole frame.
    pub now: Timestamp,
    pub out: &'a mut Outbox,
}

impl Cx<'_> {
    /// The present moment by the service's clock: ages of what the service tells are by it.
    #[must_use]
    pub fn service_now(&self) -> Timestamp {
        self.state.at_service(self.now)
    }

    /// Shows the button of a command, named and explained by it; whether it was pressed.
    pub fn command_ui(&mut self, ui: &mut Ui, command: UiCommand) -> bool {
        let spec = command.spec();
        let button = ActionButton::new(spec.title).hint(spec.help);
        self.button_ui(ui, command, button)
    }

    /// Shows a button that raises a command, or says why it cannot be invoked; whether it was pressed.
    pub fn button_ui(&mut self, ui: &mut Ui, command: UiCommand, button: ActionButton<'_>) -> bool {
        self.add_button(ui, command, button).clicked()
    }

    /// The same, for a button that may get the keyboard.
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

    /// Puts a device into the panel, and has it read where it is not in the list.
    pub fn select_device(&mut self, machine: MachineRef) {
        if machine.is_every_device() {
            // The panel is of one.
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
    /// An address to open in the browser; checked where it was raised.
    pub open_page: Option<String>,
    /// The name of the profile to go to.
    pub profile: Option<String>,
    /// An exercise that begins or ends.
    pub drill: Option<DrillRequest>,
    /// A dialog of the system's that is to open, and where its answer goes.
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
