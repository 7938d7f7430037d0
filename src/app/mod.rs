//! The application: owns state, views and the worker's handle; runs the commands that the views raise.

mod choose;
mod notify;
mod run;
mod shell;

pub use notify::Notifier;
pub use shell::{CliTarget, OpenProfile, Shell};

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use egui::{ThemePreference, ViewportCommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::message::{Command, Event};
use crate::model::{Mode, ThemeChoice, WindowLayout};
use crate::settings::Settings;
use crate::state::State;
use crate::ui::commands::UiCommand;
use crate::ui::dialogs::closing_concerns;
use crate::ui::theme::fonts::FontSource;
use crate::ui::views::{OpenDialog, Views};
use crate::ui::{self, Cx, DrillRequest, DrillRunner, Outbox, Running, theme};
use crate::worker::WorkerHandle;

/// Maximum time for processing events in one frame; the rest follows in the next.
const DRAIN: Duration = Duration::from_millis(3);

/// The requested profile.
enum WantedProfile {
    /// To be chosen on the page.
    OnPage,
    Named(String),
}

/// The console with its views.
pub struct App {
    state: State,
    views: Views,
    worker: WorkerHandle,
    out: Outbox,
    /// System fonts for characters missing in the shipped fonts; read in the background.
    fallback_fonts: Option<Receiver<Vec<FontSource>>>,
    /// Request for another profile, or for the page to choose one.
    wants_profile: Option<WantedProfile>,
    /// The window layout already stored.
    remembered: WindowLayout,
    /// Notifies when the window is not in front; `None` in tests.
    notifier: Option<Notifier>,
    /// Number of entries in the window's title.
    titled: usize,
    /// Number of reversals needing attention that were sent to the worker to be recorded.
    noted_reversals: usize,
    /// Runner of exercises; demo only.
    drill_runner: Option<Box<dyn DrillRunner>>,
}

impl App {
    /// An application with a running worker. `search` is the value of `--device`.
    #[must_use]
    pub fn new(mut state: State, worker: WorkerHandle, zone: TimeZone, search: &str) -> Self {
        state.zone = zone;
        state.began_at = Some(now());
        let views = Views {
            search: search.to_owned(),
            focus_search: true,
            ..Views::default()
        };
        Self {
            state,
            views,
            worker,
            out: Outbox::default(),
            fallback_fonts: None,
            wants_profile: None,
            remembered: WindowLayout::default(),
            notifier: None,
            titled: 0,
            noted_reversals: 0,
            drill_runner: None,
        }
    }

    /// Sends desktop notifications of ended actions while the window is not in front.
    pub fn notify_through(&mut self, notifier: Notifier) {
        self.notifier = Some(notifier);
    }

    /// Offers the profiles of these settings by name.
    pub fn offer_profiles(&mut self, settings: &Settings) {
        let names = settings.profiles.iter();
        self.state.profiles = names.map(|(name, _)| name.as_str().into()).collect();
    }

    /// Requests a switch to another profile, if possible now.
    fn want_profile(&mut self, name: String) {
        let switching = UiCommand::SwitchProfile;
        if switching
            .availability(&self.state, &self.views, now())
            .is_ok()
        {
            self.wants_profile = Some(WantedProfile::Named(name));
        }
    }

    /// Enables exercises.
    pub fn set_drill_runner(&mut self, drill_runner: Box<dyn DrillRunner>) {
        self.views.drill.briefings = drill_runner.briefings();
        self.drill_runner = Some(drill_runner);
    }

    /// Starts or ends an exercise, and shows its result.
    fn drill(&mut self, request: Option<DrillRequest>) {
        let Some(drill_runner) = &mut self.drill_runner else {
            return;
        };
        let drill = &mut self.views.drill;
        match request {
            Some(DrillRequest::Begin(at)) => {
                drill_runner.begin(at);
                drill.running = Some(Running { at, since: now() });
                drill.sheet = None;
            }
            Some(DrillRequest::End) => {
                drill_runner.end();
                drill.running = None;
                drill.is_scoring = true;
            }
            None => {}
        }
        if let Some(sheet) = drill_runner.take_sheet() {
            drill.sheet = Some(sheet);
            drill.is_scoring = false;
        }
        if drill.running.is_none() && matches!(self.views.dialog, Some(OpenDialog::Drill)) {
            let all = 0..drill.briefings.len();
            drill.leftovers = all.map(|at| drill_runner.leftovers(at)).collect();
        }
    }

    /// Installs the system's fonts when they arrive.
    pub fn install_fonts_from(&mut self, fonts: Receiver<Vec<FontSource>>) {
        self.fallback_fonts = Some(fonts);
    }

    /// Title of the window, which names the mode in the task bar as well.
    #[must_use]
    pub fn title(mode: Mode, target: &str) -> String {
        match mode {
            Mode::Live => format!("cordon: {target}"),
            Mode::Demo => "DEMO cordon".to_owned(),
            Mode::StandIn => format!("STAND-IN cordon: {target}"),
        }
    }

    /// [`Self::title`], prefixed with the number of entries that need attention.
    fn title_now(&self) -> String {
        let title = Self::title(self.state.mode, &self.state.target);
        match self.state.entries.attention_count() {
            0 => title,
            count => format!("({count}) {title}"),
        }
    }

    /// The state, for tests of more than the picture.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    fn into_worker(mut self) -> WorkerHandle {
        self.remember_window();
        self.worker
    }

    /// Ends the run, or this console in it.
    fn end(&mut self) {
        self.remember_window();
        self.worker.shut_down();
    }

    fn asks_to_close(&self) -> bool {
        matches!(self.views.dialog, Some(OpenDialog::ConfirmClose))
    }

    /// Everything before drawing: first events, then the commands raised by the last frame. `keys`
    /// is `false` while something else has the keyboard focus.
    pub fn logic(&mut self, ctx: &egui::Context, keys: bool) {
        self.drain(ctx);
        self.take_fonts(ctx);
        if keys {
            ui::commands::take_keys(ctx, &self.views, &mut self.out);
        }
        self.run_raised(ctx);
        self.keep_attention(ctx);
        self.note_reversals();
        // A layout being dragged is stored after release.
        if !ctx.input(|input| input.pointer.any_down()) {
            self.remember_window();
        }
        self.handle_close_request(ctx);
    }

    /// Draws, and does nothing else.
    pub fn ui(&mut self, ui: &mut egui::Ui) {
        self.draw(ui, ui::frame_ui);
    }

    fn draw(&mut self, ui: &mut egui::Ui, view: impl FnOnce(&mut egui::Ui, &mut Cx<'_>)) {
        let mut cx = Cx {
            state: &self.state,
            views: &mut self.views,
            now: now(),
            out: &mut self.out,
        };
        view(ui, &mut cx);
        let title = self.title_now();
        ui.ctx()
            .accesskit_node_builder(egui::accesskit_root_id(), |root| root.set_label(title));
        if !self.out.is_empty() {
            ui.ctx().request_repaint();
        }
    }

    fn drain(&mut self, ctx: &egui::Context) {
        let until = instant() + DRAIN;
        while let Some(event) = self.worker.try_next() {
            if let Event::Window(layout) = &event {
                self.remembered.clone_from(layout);
                self.views.layout = layout.as_ref().clone();
                self.show_theme(ctx);
            }
            let epoch = self.state.epoch;
            let was_open = ui::is_console_open(&self.state) && !self.state.session.is_signing_in();
            self.state.apply(event);
            if self.state.epoch != epoch {
                self.views.forget_account();
            }
            let is_open = ui::is_console_open(&self.state);
            if let Some(account) = self
                .state
                .session
                .account()
                .filter(|_| is_open && !was_open)
            {
                self.views.start_session(account);
            }
            if instant() > until {
                ctx.request_repaint();
                break;
            }
        }
    }

    /// Stores a changed window layout for the next run.
    fn remember_window(&mut self) {
        let layout = &self.views.layout;
        // A busy worker is asked again later: nobody waits for this.
        if *layout != self.remembered
            && let Ok(()) = self
                .worker
                .send(Command::RememberWindow(Box::new(layout.clone())))
        {
            self.remembered.clone_from(layout);
        }
    }

    fn show_theme(&self, ctx: &egui::Context) {
        ctx.set_theme(match self.views.layout.theme {
            ThemeChoice::System => ThemePreference::System,
            ThemeChoice::Light => ThemePreference::Light,
            ThemeChoice::Dark => ThemePreference::Dark,
        });
    }

    /// Updates the title's count and the notifier's knowledge of window and settings. Also called
    /// for a hidden window, whose input is that of its last frame, except for the viewport's.
    fn keep_attention(&mut self, ctx: &egui::Context) {
        let count = self.state.entries.attention_count();
        if count != self.titled {
            self.titled = count;
            ctx.send_viewport_cmd(ViewportCommand::Title(self.title_now()));
        }
        if let Some(notifier) = &self.notifier {
            let is_watched = ctx.input(|input| {
                let viewport = input.viewport();
                viewport.focused.unwrap_or(true) && viewport.visible().unwrap_or(true)
            });
            notifier.set_watched(is_watched);
            notifier.set_enabled(self.state.settings.written.wants_notifications());
        }
    }

    /// Has reversals by others recorded, so that they still need attention after a restart.
    fn note_reversals(&mut self) {
        let new = self.state.entries.reversals_after(self.noted_reversals);
        let count = new.len();
        // A busy worker is asked again later: nobody waits for this.
        if count > 0
            && let Ok(()) = self.worker.send(Command::NoteReversals(new.to_vec()))
        {
            self.noted_reversals += count;
        }
    }

    fn take_fonts(&mut self, ctx: &egui::Context) {
        if let Some(fonts) = self
            .fallback_fonts
            .as_ref()
            .and_then(|fonts| fonts.try_recv().ok())
        {
            theme::fonts::install(ctx, &fonts);
            self.fallback_fonts = None;
        }
    }

    fn run_raised(&mut self, ctx: &egui::Context) {
        let Outbox {
            commands,
            work,
            open_page,
            profile,
            drill,
            choose,
        } = std::mem::take(&mut self.out);
        for command in commands {
            self.run(ctx, command);
        }
        for command in work {
            self.send(command);
        }
        if let Some(page) = open_page {
            self.open_page(&page);
        }
        if let Some(name) = profile {
            self.want_profile(name);
        }
        self.drill(drill);
        if let Some((what, chosen)) = choose {
            choose::open(what, &chosen, ctx);
        }
    }

    /// Asks before closing if that would end or lose something.
    fn handle_close_request(&mut self, ctx: &egui::Context) {
        if self.views.close_confirmed {
            ctx.send_viewport_cmd(ViewportCommand::Close);
            return;
        }
        let is_asked = ctx.input(|i| i.viewport().close_requested());
        if !is_asked || closing_concerns(&self.state, &self.views).is_empty() {
            return;
        }
        ctx.send_viewport_cmd(ViewportCommand::CancelClose);
        self.views.open(OpenDialog::ConfirmClose);
    }

    fn send(&mut self, command: Command) {
        if let Err(explanation) = self.worker.send(command) {
            self.state.apply(Event::Problem(explanation));
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _: &mut eframe::Frame) {
        Self::logic(self, ctx, true);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        Self::ui(self, ui);
    }

    fn on_exit(&mut self, _: Option<&eframe::glow::Context>) {
        self.end();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the window reads the wall clock"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

#[expect(clippy::disallowed_methods, reason = "the time budget of one frame")]
fn instant() -> Instant {
    Instant::now()
}
