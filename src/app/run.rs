//! Execution of commands: one exhaustive match.

use super::{App, WantedProfile, now};
use crate::action::{Condition, Subject};
use crate::explain::{Explanation, NextStep};
use crate::message::{Command, Event};
use crate::model::ThemeChoice;
use crate::state::WayBack;
use crate::ui;
use crate::ui::commands::{self, UiCommand};
use crate::ui::order::NewForm;
use crate::ui::views::{OpenDialog, Screen};

impl App {
    /// Runs a command, if available; a key for an unavailable one shows the reason.
    #[expect(
        clippy::too_many_lines,
        reason = "a list of cases reads best in one piece"
    )]
    pub(super) fn run(&mut self, ctx: &egui::Context, command: UiCommand) {
        if command.is_for_open() && self.state.session.account().is_none() {
            // The key cannot refer to anything on screen.
            return;
        }
        if let Err(why) = command.availability(&self.state, &self.views, now()) {
            let headline = format!("{}: {why}", command.spec().title);
            self.views.refusal = Some(Explanation::harmless(headline, NextStep::None));
            return;
        }
        // The reason of an earlier refusal is outdated.
        self.views.refusal = None;
        self.views.journal.notice = None;
        match command {
            UiCommand::OpenPalette => self.views.open(OpenDialog::Palette(Box::default())),
            UiCommand::FindMachine => self.views.focus_search = true,
            UiCommand::Refresh => self.send(Command::RefreshMachines),
            UiCommand::PollNow => self.send(Command::PollNow),
            UiCommand::SignIn => self.send(Command::SignIn),
            UiCommand::SignInWithBrowser => self.send(Command::SignInWithBrowser),
            UiCommand::ShowDevices => self.views.show(Screen::Devices),
            UiCommand::ShowContained => self.views.show(Screen::Contained),
            UiCommand::ShowActivity => self.views.activity.wants_focus = true,
            UiCommand::ShowJournal => self.views.show(Screen::Journal),
            UiCommand::ShowIncident => {
                if ctx.memory(|memory| memory.has_focus(ui::ticket_of_incident())) {
                    // Pressed while a ticket is typed, which is kept.
                    self.views.show(Screen::Incident);
                } else {
                    let ticket = ui::incident_meant(&self.state, &mut self.views);
                    self.views.show_incident(&ticket);
                }
                self.views.incident.is_called = true;
            }
            UiCommand::VerifyJournal => {
                self.views.show(Screen::Journal);
                self.send(Command::VerifyJournal);
            }
            UiCommand::CopyHandOver => {
                let wanted = ui::hand_over(&self.state, &self.views.journal, now());
                self.views.journal.prepare(wanted);
            }
            UiCommand::ReleaseMine => self.open_release_form(ctx, Condition::Isolated),
            UiCommand::UnrestrictMine => self.open_release_form(ctx, Condition::Restricted),
            UiCommand::Compare => self.compare(),
            UiCommand::ShowTimeline => {
                self.views.timeline_of = self.views.selected_id();
            }
            UiCommand::DownloadPackage => {
                if let Ok(package) = commands::package_of_open(&self.state, &self.views) {
                    self.views.open(OpenDialog::Download(package));
                }
            }
            UiCommand::ShowSettings => {
                self.views.show(Screen::Settings);
                self.send(Command::ReadSettings);
            }
            UiCommand::DeleteLocalData => self.views.open(OpenDialog::ConfirmDeletion),
            UiCommand::AcceptAccount => self.send(Command::AcceptAccount),
            UiCommand::ShowAccount => self.views.open(OpenDialog::Account),
            UiCommand::SwitchProfile => self.wants_profile = Some(WantedProfile::OnPage),
            UiCommand::RenewSignIn => self.send(Command::RenewSignIn),
            UiCommand::CancelSignIn => self.send(Command::CancelSignIn),
            UiCommand::SignOut => self.views.open(OpenDialog::ConfirmSignOut),
            UiCommand::TryKeyringAgain => self.send(Command::TryKeyringAgain),
            UiCommand::SwitchTheme => {
                self.views.layout.theme = match self.views.layout.theme {
                    ThemeChoice::System => ThemeChoice::Light,
                    ThemeChoice::Light => ThemeChoice::Dark,
                    ThemeChoice::Dark => ThemeChoice::System,
                };
                self.show_theme(ctx);
            }
            UiCommand::ShowKeys => self.views.open(OpenDialog::Keys),
            UiCommand::ShowAbout => self.views.open(OpenDialog::About),
            UiCommand::Act(kind) => {
                let open = self.views.selected.clone();
                let record = open.as_ref().and_then(|open| self.state.machine(&open.id));
                let kind = kind.suited_to(record.map(AsRef::as_ref));
                let subject = Subject::Act(kind);
                self.open_form(ctx, NewForm::new(subject, open.as_slice()));
            }
            UiCommand::ActOnSelection(kind) => {
                let subject = Subject::Act(kind);
                let form = NewForm::new(subject, &self.views.bulk_selection);
                self.open_form(ctx, form.of_selection());
            }
            UiCommand::Drill => self.views.open(OpenDialog::Drill),
            UiCommand::Plan => {
                let open = self.views.selected.as_slice();
                self.open_form(ctx, NewForm::plan(None, open));
            }
            UiCommand::PlanOnSelection => {
                let form = NewForm::plan(None, &self.views.bulk_selection);
                self.open_form(ctx, form.of_selection());
            }
        }
    }

    fn open_form(&mut self, ctx: &egui::Context, form: NewForm<'_>) {
        let time = ctx.input(|i| i.time);
        for load in form.open(&self.state, &mut self.views, time, now()) {
            self.send(load);
        }
    }

    /// Opens the form for the devices whose condition this account has set.
    fn open_release_form(&mut self, ctx: &egui::Context, condition: Condition) {
        let way_back = WayBack::of(&self.state.contained());
        let (machines, left_out) = way_back.to_release_from(condition);
        let form = NewForm {
            left_out: &left_out,
            ..NewForm::new(Subject::Act(condition.way_back()), machines)
        };
        self.open_form(ctx, form);
    }

    fn compare(&mut self) {
        if let Some(open) = self.views.selected.clone() {
            for load in ui::compare(&self.state, &mut self.views, &open) {
                self.send(load);
            }
        }
    }

    /// Opens an address already checked by a view.
    pub(super) fn open_page(&mut self, page: &str) {
        if let Err(explanation) = crate::ui::browser::open(page) {
            self.state.apply(Event::Problem(explanation));
        }
    }
}
