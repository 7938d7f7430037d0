//! View state: plain data, mutated in place by widgets. Nothing in it acts on a device.

use std::collections::BTreeSet;

use super::contained::ContainedView;
use super::order::{KeptTexts, OrderForm, UsedTicket};
use crate::explain::{Explanation, NextStep};
use crate::model::{Account, EntryId, MachineId, MachineRef, WindowLayout};
use crate::search::{Rows, Tally};
use crate::state::State;
use crate::ui::activity::view::{Acknowledging, ActivityView};
use crate::ui::choose::Chosen;
use crate::ui::devices::ask_view::AskView;
use crate::ui::devices::suggestions::Completion;
use crate::ui::drill::DrillView;
use crate::ui::incident::IncidentView;
use crate::ui::journal::JournalView;
use crate::ui::palette::{Item, Palette, RecentItems};
use crate::ui::settings::view::SettingsForm;

#[derive(Debug, Default)]
pub struct Views {
    /// The text in the search field.
    pub search: String,
    /// The search that the current rows match.
    pub searched: String,
    /// The device in the panel, pinned by its id.
    pub selected: Option<MachineRef>,
    /// Devices ticked for a batch, in that order.
    pub bulk_selection: Vec<MachineRef>,
    /// egui's time of the last change to the ticks.
    pub bulk_changed_at: f64,
    pub dialog: Option<OpenDialog>,
    pub screen: Screen,
    /// Forms covered by another dialog, the bottom one first; each reappears when that closes.
    pub covered: Vec<Box<OrderForm>>,
    /// The device whose panel was drawn in the last frame: a key acts on it only while it is visible.
    pub shown: Option<MachineId>,
    /// The search field wants the focus in this frame.
    pub focus_search: bool,
    /// The device whose timeline gets the focus.
    pub timeline_of: Option<MachineId>,
    /// Whether the user focused the search field, or the focus only returned to it; `None` without focus.
    pub search_entered: Option<bool>,
    /// The table scrolls to the selection in this frame.
    pub scroll_to_selection: bool,
    pub activity: ActivityView,
    pub rows: Rows,
    /// Counts of the quick filters.
    pub tally: Tally,
    /// Name typed for the search to save.
    pub search_name: String,
    pub contained: ContainedView,
    pub journal: JournalView,
    pub incident: IncidentView,
    /// Numbers of the dismissed problems.
    pub problems_dismissed: BTreeSet<usize>,
    /// Why the last command did nothing, until another one works.
    pub refusal: Option<Explanation>,
    /// Dismissed note about this computer's clock.
    pub clock_read: Option<String>,
    /// Dismissed note about a journal that is not compared yet.
    pub unchecked_read: Option<String>,
    /// Number of this run's sign-ins that the user has seen.
    pub sign_ins_seen: usize,
    /// Dwell time of the selection.
    pub dwell: Option<Dwell>,
    /// The device last reached with the arrow keys. In a narrow window its panel stays closed, so that they
    /// keep working.
    pub walked_to: Option<MachineId>,
    /// Texts typed on the settings screen, until saved or discarded.
    pub settings: SettingsForm,
    /// The ticket last used in a form.
    pub ticket: Option<UsedTicket>,
    /// Texts typed into dismissed forms.
    pub kept_texts: KeptTexts,
    /// Account of the last session.
    pub session_account: Option<Account>,
    /// Whether the user has confirmed closing.
    pub close_confirmed: bool,
    /// Download folder last typed in this run.
    pub download_folder: Option<String>,
    /// Cell for the chosen download folder.
    pub chosen_folder: Option<Chosen>,
    /// The window's layout.
    pub layout: WindowLayout,
    pub completion: Completion,
    /// Direct query to the service.
    pub asking: AskView,
    /// The exercises of the demo.
    pub drill: DrillView,
    /// Recently chosen palette items.
    pub recent: RecentItems,
    /// The palette item just chosen, executed once the palette has closed.
    pub chosen: Option<Item>,
}

/// The screen beside the device panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Screen {
    #[default]
    Devices,
    Contained,
    Journal,
    Incident,
    Settings,
}

/// The one dialog that is open. Closing it in any way means *Cancel*.
#[derive(Debug)]
pub enum OpenDialog {
    /// An action on one or several devices, with its review.
    Form(Box<OrderForm>),
    /// Records with this machine's name, side by side.
    Compare(MachineRef),
    Keys,
    /// Search for devices and commands.
    Palette(Box<Palette>),
    /// The signed-in account and its permissions.
    Account,
    /// About this program.
    About,
    /// The exercises of the demo.
    Drill,
    /// Entries to acknowledge together.
    Acknowledge(Box<Acknowledging>),
    /// Confirmation before a held order is sent anyway.
    Insist(EntryId),
    /// The folder for an entry's package.
    Download(EntryId),
    /// Confirmation before signing out.
    ConfirmSignOut,
    /// Confirmation before deleting the data on this computer.
    ConfirmDeletion,
    /// Confirmation before closing, if something would be lost.
    ConfirmClose,
}

/// The time for which a device has been selected. Moving through the list must not use up the call budget.
#[derive(Debug, Clone)]
pub struct Dwell {
    pub id: MachineId,
    /// egui's time of the selection.
    pub since: f64,
    /// Whether its facts were requested.
    pub asked: bool,
}

impl Views {
    /// Shows a screen beside the device panel; in a narrow window the panel closes.
    pub fn show(&mut self, screen: Screen) {
        self.screen = screen;
        self.walked_to = self.selected_id();
    }

    /// Shows everything with this ticket beside the device panel.
    pub fn show_incident(&mut self, ticket: &str) {
        ticket.clone_into(&mut self.incident.typed);
        self.show(Screen::Incident);
    }

    /// Shows a device in the panel, also in a narrow window, and scrolls to its row.
    pub fn show_device(&mut self, machine: MachineRef) {
        self.selected = Some(machine);
        self.walked_to = None;
        self.scroll_to_selection = true;
    }

    /// Shows the device of a list row in the panel.
    pub fn show_row(&mut self, state: &State, row: usize) {
        if let Some(machine) = self.rows.machine(state, row) {
            self.show_device(machine.reference());
        }
    }

    /// Selects the device of a row by arrow key: in a narrow window its panel stays closed.
    pub fn walk_to_row(&mut self, state: &State, row: usize) {
        if row < self.rows.len() {
            self.show_row(state, row);
            self.walked_to = self.selected_id();
        }
    }

    /// Opens a dialog. A form that it covers keeps its texts, and reappears when the dialog closes.
    pub fn open(&mut self, dialog: OpenDialog) {
        if let Some(OpenDialog::Form(form)) = self.dialog.replace(dialog) {
            self.covered.push(form);
        }
    }

    /// Shows the form that the closed dialog had covered.
    pub fn uncover(&mut self) {
        if self.dialog.is_none() {
            self.dialog = self.covered.pop().map(OpenDialog::Form);
        }
    }

    /// The open form, or the covered one that reappears next.
    #[must_use]
    pub fn form(&self) -> Option<&OrderForm> {
        match &self.dialog {
            Some(OpenDialog::Form(form)) => Some(form),
            _ => self.covered.last().map(AsRef::as_ref),
        }
    }

    /// Shows the console after a sign-in. A different account starts with an empty search; the search field
    /// is focused unless a form or another page is open.
    pub fn start_session(&mut self, account: &Account) {
        let before = self.session_account.replace(account.clone());
        if before.is_some_and(|before| !before.is_same(account)) {
            self.search.clear();
            self.completion = Completion::default();
            self.asking = AskView::default();
            self.activity.marked = None;
        }
        self.focus_search = self.dialog.is_none() && self.screen == Screen::Devices;
    }

    /// Forgets what the previous account viewed and typed.
    pub fn forget_account(&mut self) {
        self.selected = None;
        self.bulk_selection.clear();
        self.ticket = None;
        self.kept_texts = KeptTexts::default();
        self.dwell = None;
        self.covered.clear();
        self.refusal = None;
        self.recent = RecentItems::default();
        self.chosen = None;
        self.incident = IncidentView::default();
        self.journal.forget_export();
        self.screen = Screen::Devices;
        // Dialogs that belong to no account stay open.
        self.dialog.take_if(|open| {
            let stays = matches!(
                open,
                OpenDialog::Keys | OpenDialog::About | OpenDialog::Drill | OpenDialog::ConfirmClose
            );
            !stays
        });
    }

    /// Explains that no form can be opened without entropy.
    pub fn report_no_entropy(&mut self, error: getrandom::Error) {
        let headline = format!(
            "The form cannot be opened: this computer provides no random numbers, so no order can be tagged: {error}"
        );
        self.refusal = Some(Explanation::harmless(headline, NextStep::TryAgain));
    }

    /// The id of the machine in the panel.
    #[must_use]
    pub fn selected_id(&self) -> Option<MachineId> {
        self.selected.as_ref().map(|machine| machine.id.clone())
    }

    /// Whether this machine is in the panel.
    #[must_use]
    pub fn is_selected(&self, id: &MachineId) -> bool {
        self.selected.as_ref().is_some_and(|m| m.id == *id)
    }
}
