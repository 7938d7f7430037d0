//! What each command does: one exhaustive match.

use super::{App, now};
use crate::action::Subject;
use crate::explain::{Explanation, NextStep};
use crate::message::{Command, Event};
use crate::model::ThemeChoice;
use crate::ui::commands::UiCommand;
use crate::ui::order;
use crate::ui::views::{Dialog, Screen};

impl App {
    /// Runs a command, if it is available; a key for one that is not says why.
    pub(super) fn run(&mut self, ctx: &egui::Context, command: UiCommand) {
        if matches!(command, UiCommand::Act(_)) && self.state.session.account().is_none() {
            // Nothing is on screen that the key could be meant for.
            return;
        }
        if let Err(why) = command.availability(&self.state, &self.views, now()) {
            let headline = format!("{}: {why}", command.spec().title);
            self.views.refusal = Some(Explanation::harmless(headline, NextStep::None));
            return;
        }
        // Why a key did nothing is past as soon as another does something.
        self.views.refusal = None;
        match command {
            UiCommand::FindMachine => self.views.focus_search = true,
            UiCommand::Refresh => self.send(Command::RefreshMachines),
            UiCommand::LookNow => self.send(Command::LookNow),
            UiCommand::SignIn => self.send(Command::SignIn),
            UiCommand::SignInWithBrowser => self.send(Command::SignInWithBrowser),
            UiCommand::ShowContained => self.views.show(Screen::Contained),
            UiCommand::ShowSettings => {
                self.views.show(Screen::Settings);
                self.send(Command::ReadSettings);
            }
            UiCommand::AcceptAccount => self.send(Command::AcceptAccount),
            UiCommand::ShowAccount => self.views.open(Dialog::Account),
            UiCommand::SwitchProfile => self.wants_profiles = true,
            UiCommand::RenewSignIn => self.send(Command::RenewSignIn),
            UiCommand::CancelSignIn => self.send(Command::CancelSignIn),
            UiCommand::SignOut => self.views.open(Dialog::ConfirmSignOut),
            UiCommand::TryKeyringAgain => self.send(Command::TryKeyringAgain),
            UiCommand::SwitchTheme => {
                self.views.layout.theme = match self.views.layout.theme {
                    ThemeChoice::System => ThemeChoice::Light,
                    ThemeChoice::Light => ThemeChoice::Dark,
                    ThemeChoice::Dark => ThemeChoice::System,
                };
                self.show_theme(ctx);
            }
            UiCommand::ShowKeys => self.views.open(Dialog::Keys),
            UiCommand::Act(kind) => self.open_form(ctx, kind),
        }
    }

    fn open_form(&mut self, ctx: &egui::Context, kind: crate::action::ActionKind) {
        let Some(machine) = self.views.selected.clone() else {
            return;
        };
        let time = ctx.input(|i| i.time);
        let (state, views) = (&self.state, &mut self.views);
        let kind = kind.suited_to(state.machine(&machine.id).map(AsRef::as_ref));
        let load = order::open(state, views, &[machine], Subject::Act(kind), time, |_| {});
        for load in load {
            self.send(load);
        }
    }

    /// Opens an address that a view has checked.
    pub(super) fn open_page(&mut self, page: &str) {
        if let Err(explanation) = crate::ui::browser::open(page) {
            self.state.apply(Event::Problem(explanation));
        }
    }
}
