//! The window around the console when there are profiles: the open profile, and the page to choose
//! another. A console has one profile for life; switching ends it, with all its state, and starts
//! another.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use egui::{CentralPanel, Context, ViewportCommand};

use super::{App, WantedProfile};
use crate::explain::{Explain as _, Explanation, NextStep};
use crate::settings::{FILE_NAME, Profile, Settings, SettingsError, save_profile};
use crate::ui;
use crate::ui::dialogs::closing_concerns;
use crate::ui::sign_in::leaving::Leaving;
use crate::ui::sign_in::profiles::{PageRequest, ProfilesPage, profiles_ui};

/// Starts the console of a profile; supplied by `main`.
pub type OpenProfile = Box<dyn FnMut(&Profile, &Context) -> Result<App, Explanation>>;

/// Target given on the command line.
#[derive(Debug, Default)]
pub struct CliTarget {
    /// The stand-in server.
    pub stand_in: Option<String>,
    pub asked: Option<String>,
}

/// The window of a run with profiles.
pub struct Shell {
    folder: PathBuf,
    open: OpenProfile,
    app: Option<(Profile, App)>,
    page: Option<ProfilesPage>,
    /// The stand-in server, if any.
    stand_in: Option<String>,
    /// The profile given on the command line.
    asked: Option<String>,
    /// Work on a separate thread (rule 1).
    work: Option<Receiver<Done>>,
}

enum Done {
    /// The settings, and the requested profile in them.
    Read(Box<Result<Settings, SettingsError>>, WantedProfile),
    Saved(Box<Result<Profile, SettingsError>>),
    Closed(Box<Profile>),
}

impl Shell {
    /// A window on the folder with the settings file. `first` is the profile to start with, or the
    /// reason why there is none.
    pub fn new(
        folder: PathBuf,
        open: OpenProfile,
        first: Result<Option<Profile>, SettingsError>,
        settings: &Settings,
        named: CliTarget,
        ctx: &Context,
    ) -> Self {
        let CliTarget { stand_in, asked } = named;
        let mut shell = Self {
            folder,
            open,
            app: None,
            page: None,
            stand_in,
            asked,
            work: None,
        };
        match first {
            Ok(Some(profile)) => shell.begin(profile, ctx),
            Ok(None) => shell.show_page(settings, None),
            Err(error) => shell.show_page(settings, Some(error.explain())),
        }
        shell
    }

    fn show_page(&mut self, settings: &Settings, failure: Option<Explanation>) {
        let current = self.app.as_ref().map(|(profile, _)| profile.name.clone());
        let file = self.folder.join(FILE_NAME);
        let mut page = ProfilesPage::new(file, settings, current, failure);
        page.stand_in.clone_from(&self.stand_in);
        if let Some(name) = self.asked.take() {
            page.name_is(&name);
        }
        self.page = Some(page);
    }

    /// Shows the page and switches to the requested profile, which asks first if that would end something.
    fn show_wanted(&mut self, settings: &Settings, wanted: WantedProfile, ctx: &Context) {
        self.show_page(settings, None);
        let WantedProfile::Named(name) = wanted else {
            return;
        };
        match settings.choose(&self.folder, Some(&name)) {
            Ok(Some(profile)) => self.switch_to(profile, ctx, false),
            Ok(None) => {}
            Err(error) => self.fail(error.explain()),
        }
    }

    fn begin(&mut self, profile: Profile, ctx: &Context) {
        match (self.open)(&profile, ctx) {
            Ok(app) => {
                let title = App::title(app.state.mode, &app.state.target);
                ctx.send_viewport_cmd(ViewportCommand::Title(title));
                self.app = Some((profile, app));
                self.page = None;
            }
            Err(explanation) => self.fail(explanation),
        }
    }

    fn fail(&mut self, explanation: Explanation) {
        if self.page.is_none() {
            self.show_page(&Settings::default(), None);
        }
        if let Some(page) = &mut self.page {
            page.busy = None;
            page.failure = Some(explanation);
        }
    }

    /// Runs slow work on a separate thread.
    fn start(
        &mut self,
        ctx: &Context,
        busy: &'static str,
        work: impl FnOnce() -> Done + Send + 'static,
    ) {
        let (give, take) = sync_channel(1);
        let ctx = ctx.clone();
        let thread = std::thread::Builder::new()
            .name("cordon-profiles".into())
            .spawn(move || {
                give.send(work()).ok();
                ctx.request_repaint();
            });
        if let Some(page) = &mut self.page {
            page.busy = Some(busy);
            // The failure of an earlier attempt would look like one of this attempt.
            page.failure = None;
        }
        match thread {
            Ok(_) => self.work = Some(take),
            Err(error) => {
                let mut explanation = Explanation::harmless(
                    "This computer could not start a background task",
                    NextStep::TryAgain,
                );
                explanation.details.push(error.to_string());
                self.fail(explanation);
            }
        }
    }

    fn take_done(&mut self, ctx: &Context) {
        let done = match self.work.as_ref().map(Receiver::try_recv) {
            None | Some(Err(TryRecvError::Empty)) => return,
            Some(Err(TryRecvError::Disconnected)) => None,
            Some(Ok(done)) => Some(done),
        };
        self.work = None;
        if let Some(page) = &mut self.page {
            page.busy = None;
        }
        match done {
            // Its thread panicked and has reported that.
            None => {}
            Some(Done::Read(read, wanted)) => match *read {
                Ok(settings) => self.show_wanted(&settings, wanted, ctx),
                Err(error) => self.show_page(&Settings::default(), Some(error.explain())),
            },
            Some(Done::Saved(saved)) => match *saved {
                Ok(profile) => self.switch_to(profile, ctx, false),
                Err(error) => self.fail(error.explain()),
            },
            Some(Done::Closed(profile)) => self.begin(*profile, ctx),
        }
    }

    /// Ends the present console, if any, and starts another one without any of its state.
    fn switch_to(&mut self, profile: Profile, ctx: &Context, is_confirmed: bool) {
        if let Some((_, app)) = &self.app
            && app.state.awaits_answer()
        {
            self.fail(Explanation::harmless(
                "A request of this profile was sent and has not been answered",
                NextStep::Outside(
                    "Go back and wait for it; that takes half a minute at most".into(),
                ),
            ));
            return;
        }
        let app = self.app.as_ref();
        let concerns = app.map_or_else(Vec::new, |(_, app)| {
            closing_concerns(&app.state, &app.views)
        });
        if !concerns.is_empty()
            && !is_confirmed
            && let Some(page) = &mut self.page
        {
            page.leaving = Some(Leaving {
                to: profile,
                concerns,
            });
            return;
        }
        match self.app.take() {
            None => self.begin(profile, ctx),
            Some((_, app)) => {
                if let Some(page) = &mut self.page {
                    page.current = None;
                }
                let worker = app.into_worker();
                self.start(ctx, "Closing the other profile…", move || {
                    // Waits until unsent orders are recorded as not sent.
                    drop(worker);
                    Done::Closed(Box::new(profile))
                });
            }
        }
    }

    fn run(&mut self, request: PageRequest, ctx: &Context) {
        let folder = self.folder.clone();
        match request {
            PageRequest::Use(profile) => self.switch_to(profile, ctx, false),
            PageRequest::Leave(profile) => self.switch_to(profile, ctx, true),
            PageRequest::SaveAndUse {
                profile,
                instead_of,
            } => self.start(ctx, "Saving…", move || {
                let saved = save_profile(&folder, &profile, instead_of.as_ref());
                Done::Saved(Box::new(saved.map(|()| profile)))
            }),
            PageRequest::Back => self.page = None,
            PageRequest::Demo => {
                if let Err(error) = start_demo() {
                    let mut explanation =
                        Explanation::harmless("The demo could not be started", NextStep::None);
                    explanation.details.push(error.to_string());
                    self.fail(explanation);
                }
            }
        }
    }
}

/// Starts a separate process: this one never changes its mode (rule 11).
fn start_demo() -> std::io::Result<()> {
    let program = std::env::current_exe()?;
    let mut demo = std::process::Command::new(program).arg("--demo").spawn()?;
    // Reaps the process when it ends.
    std::thread::Builder::new()
        .name("cordon-demo".into())
        .spawn(move || demo.wait())?;
    Ok(())
}

impl eframe::App for Shell {
    fn logic(&mut self, ctx: &Context, _: &mut eframe::Frame) {
        self.take_done(ctx);
        let Some((_, app)) = &mut self.app else {
            return;
        };
        // Also while the page is open: actions are followed, and closing asks for confirmation.
        app.logic(ctx, self.page.is_none());
        if app.asks_to_close() {
            // The confirmation is part of the console.
            self.page = None;
        }
        if let Some(wanted) = app.wants_profile.take() {
            let folder = self.folder.clone();
            self.start(ctx, "Reading…", move || {
                Done::Read(Box::new(Settings::read(&folder)), wanted)
            });
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        let request = match (&mut self.page, &mut self.app) {
            (Some(page), app) => {
                if let Some((_, app)) = app {
                    app.draw(ui, ui::strip_ui);
                }
                let shown = CentralPanel::default().show(ui, |ui| profiles_ui(ui, page));
                shown.inner
            }
            (None, Some((_, app))) => {
                app.ui(ui);
                None
            }
            (None, None) => None,
        };
        if let Some(request) = request {
            let ctx = ui.ctx().clone();
            self.run(request, &ctx);
        }
    }

    fn on_exit(&mut self, _: Option<&eframe::glow::Context>) {
        if let Some((_, app)) = &mut self.app {
            app.end();
        }
    }
}
