//! Starts the console (live, demo or stand-in), or one of the commands without a window.
//!
//! On Windows, this is a program of the console subsystem: a shell waits for it, sees its exit
//! code, and gets its output. `assets/packaging/windows/without-console` builds the one for
//! shortcuts, which shows a message box instead of terminal output ([`terminal::stop`]).

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use clap::Parser as _;
use cordon::app::{App, CliTarget, Notifier, OpenProfile, Shell};
use cordon::auth::TokenStore;
use cordon::cli::{Arguments, Subcommands};
use cordon::display::{self, Trouble};
use cordon::explain::{Explain as _, Explanation, NextStep};
use cordon::guard::Policy;
use cordon::journal::recreate;
use cordon::model::{Endpoints, Mode};
use cordon::paths::{self, STAND_IN_CLIENT, STAND_IN_TENANT};
use cordon::settings::{Profile, Settings};
use cordon::state::State;
use cordon::ui::theme;
use cordon::worker::{Setup, Timing, WorkerHandle};
use cordon::{crash, doctor, journal_command, say_error, terminal};
use eframe::egui;
use zeroizing_alloc::ZeroAlloc;

/// Wipes freed memory: tokens pass through buffers of the HTTP, TLS and JSON libraries.
#[global_allocator]
static WIPES_WHAT_IS_FREED: ZeroAlloc<std::alloc::System> = ZeroAlloc(std::alloc::System);

/// Exit codes: 0 fine, 1 failed, 2 usage.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    log_to_stderr();
    if let Err(error) = crash::keep_memory_private() {
        tracing::warn!("a core dump could hold tokens: {error}");
    }
    let folder = match paths::data_folder(arguments.data_dir.as_deref()) {
        Ok(folder) => folder,
        Err(why) => {
            terminal::stop(&format!("{why}. Set HOME, or give --data-dir"));
            return ExitCode::from(USAGE);
        }
    };
    match &arguments.command {
        None => console(&arguments, &folder),
        Some(Subcommands::Doctor) => doctor::run(&folder, &arguments),
        Some(Subcommands::Journal { what }) => journal_command::run(what, &folder),
        #[cfg(feature = "simulator")]
        Some(Subcommands::SelfTest { fail, speed }) => {
            crash::write_reports_to(&folder);
            cordon::self_test::run(&cordon::self_test::Options {
                fail: *fail,
                stand_in: arguments.stand_in.as_deref(),
                speed: *speed,
                // Without a folder, the journal is removed when the self-test ends.
                folder: arguments.data_dir.as_deref(),
            })
        }
        #[cfg(feature = "simulator")]
        Some(Subcommands::Simulate { port, devices }) => simulate(*port, *devices),
        #[cfg(not(feature = "simulator"))]
        Some(Subcommands::SelfTest { .. } | Subcommands::Simulate { .. }) => without_simulator(),
    }
}

/// Prints the error in the arguments, or the requested help or version.
fn usage(error: &clap::Error) -> ExitCode {
    let text = error.to_string();
    if error.use_stderr() {
        // The message quotes the arguments, in which a shell may have expanded file names.
        terminal::stop(text.trim_end());
        ExitCode::from(USAGE)
    } else {
        error.print().ok();
        terminal::show_box(&text);
        ExitCode::SUCCESS
    }
}

/// Parameters of a run of the console.
struct Run {
    mode: Mode,
    endpoints: Endpoints,
    store: TokenStore,
    /// The built-in tenant, which lives as long as the window.
    #[cfg(feature = "simulator")]
    tenant: Option<cordon::simulator::Simulator>,
}

/// Chooses live, demo or stand-in, here and nowhere else (rule 11).
fn console(arguments: &Arguments, folder: &Path) -> ExitCode {
    crash::write_reports_to(folder);
    let run = match &arguments.stand_in {
        _ if arguments.demo => demo(),
        Some(address) if arguments.profile.is_none() => stand_in(address),
        _with_profiles => return with_profiles(arguments, folder),
    };
    let run = match run {
        Ok(run) => run,
        Err(text) => {
            terminal::stop(&text);
            return ExitCode::from(USAGE);
        }
    };
    let repaint = RepaintHandle::default();
    #[cfg(feature = "simulator")]
    let mut run = run;
    #[cfg(feature = "simulator")]
    let tenant = run.tenant.take();
    #[cfg(feature = "simulator")]
    let journal = paths::journal_file(folder, run.mode, &run.endpoints);
    let title = App::title(run.mode, &run.endpoints.name);
    let policy = policy_for(run.mode, folder);
    let mut app = match begin(run, None, policy, arguments, folder, &repaint) {
        Ok(app) => app,
        Err(explanation) => {
            terminal::show_box(&explanation.headline);
            return terminal::fail(&explanation);
        }
    };
    #[cfg(feature = "simulator")]
    if let Some(tenant) = &tenant {
        let drill =
            cordon::drill::Drill::new(tenant.control(), journal, requesting_repaint(&repaint));
        app.set_drill_runner(Box::new(drill));
    }
    window(&title, move |cc| {
        repaint.set(cc.egui_ctx.clone()).ok();
        cordon::ui::prepare(&cc.egui_ctx);
        app.install_fonts_from(read_system_fonts(cc.egui_ctx.clone()));
        Ok(Box::new(app))
    })
}

/// The window, once there is one; the background requests its repaints.
type RepaintHandle = Arc<OnceLock<egui::Context>>;

fn requesting_repaint(repaint: &RepaintHandle) -> Arc<dyn Fn() + Send + Sync> {
    let repaint = Arc::clone(repaint);
    Arc::new(move || {
        if let Some(ctx) = repaint.get() {
            ctx.request_repaint();
        }
    })
}

/// Starts the worker and its console.
fn begin(
    run: Run,
    profile: Option<&Profile>,
    policy: Policy,
    arguments: &Arguments,
    folder: &Path,
    repaint: &RepaintHandle,
) -> Result<App, Explanation> {
    let journal = paths::journal_file(folder, run.mode, &run.endpoints);
    if run.mode == Mode::Demo {
        recreate(&journal);
    }
    let policy = Policy {
        read_only: arguments.read_only,
        ..policy
    };
    let mut state = State::new(run.mode, &run.endpoints.name, policy.clone());
    state.cloud = run.endpoints.cloud;
    state.tenant.clone_from(&run.endpoints.tenant);
    state.client_id.clone_from(&run.endpoints.client_id);
    state.sign_out_page = run.endpoints.sign_out.as_str().into();
    state.download_folder = paths::download_folder();
    state.profile = profile.map(|profile| profile.name.as_str().into());
    let notifier = Notifier::start(run.mode, Arc::clone(repaint));
    let observer = notifier.clone();
    let worker = WorkerHandle::spawn(Setup {
        endpoints: run.endpoints,
        mode: run.mode,
        store: run.store,
        journal,
        memory: (run.mode != Mode::Demo).then(|| folder.to_owned()),
        policy,
        timing: Timing::REAL,
        request_repaint: requesting_repaint(repaint),
        refresh_every: cordon::worker::REFRESH_EVERY,
        addresses: Arc::new(cordon::worker::own_addresses),
        on_event: Arc::new(move |event| observer.observe(event)),
    })?;
    let zone = jiff::tz::TimeZone::system();
    let mut app = App::new(state, worker, zone, &arguments.device);
    app.notify_through(notifier);
    Ok(app)
}

/// The organisation's policy; the demo has its own, so that guardrails can be tried.
fn policy_for(mode: Mode, folder: &Path) -> Policy {
    match mode {
        Mode::Live | Mode::StandIn => Settings::policy_of(&Settings::read(folder)),
        Mode::Demo => Policy {
            protected_tags: vec!["tier0".into()],
            ..Policy::default()
        },
    }
}

fn stand_in(address: &str) -> Result<Run, String> {
    let endpoints = Endpoints::stand_in(address, STAND_IN_TENANT, STAND_IN_CLIENT)
        .map_err(|error| format!("--stand-in {address}: {error}"))?;
    Ok(Run {
        mode: Mode::StandIn,
        endpoints,
        store: os_keyring()?,
        #[cfg(feature = "simulator")]
        tenant: None,
    })
}

fn os_keyring() -> Result<TokenStore, String> {
    let store =
        TokenStore::os_keyring().map_err(|error| format!("No thread for the keyring: {error}"))?;
    Ok(store.taking_turns_in(paths::shared_folder()))
}

/// The real service or, with `--stand-in`, a local server, in the tenant of a profile.
fn with_profiles(arguments: &Arguments, folder: &Path) -> ExitCode {
    let address = arguments.stand_in.clone();
    if let Some(Err(error)) = address.as_ref().map(|a| Endpoints::stand_in(a, "t", "c")) {
        terminal::stop(&format!("--stand-in: {error}"));
        return ExitCode::from(USAGE);
    }
    let (settings, first) = match Settings::read(folder) {
        Ok(settings) => {
            let first = settings.choose(folder, arguments.profile.as_deref());
            (settings, first)
        }
        Err(error) => (Settings::default(), Err(error)),
    };
    if let Err(error) = &first {
        say_error!("{}: {error}", error.explain().headline);
    }
    let (repaint, folder) = (RepaintHandle::default(), folder.to_owned());
    let (inner_repaint, inner) = (Arc::clone(&repaint), folder.clone());
    let arguments = arguments.clone();
    let named = CliTarget {
        stand_in: arguments.stand_in.clone(),
        asked: arguments.profile.clone(),
    };
    let open: OpenProfile = Box::new(move |profile, ctx| {
        let registration = &profile.registration;
        let (mode, endpoints) = match &address {
            Some(address) => (Mode::StandIn, paths::stand_in_for(address, registration)),
            None => (
                Mode::Live,
                Endpoints::live(registration).map_err(|error| error.to_string()),
            ),
        };
        let cannot = |why| Explanation::harmless(why, NextStep::TryAgain);
        let endpoints = endpoints.map_err(cannot)?;
        let run = Run {
            mode,
            endpoints,
            store: os_keyring().map_err(cannot)?,
            #[cfg(feature = "simulator")]
            tenant: None,
        };
        // Read again: it may have been corrected since the start.
        let settings = Settings::read(&inner);
        let policy = Settings::policy_of(&settings);
        let mut app = begin(
            run,
            Some(profile),
            policy,
            &arguments,
            &inner,
            &inner_repaint,
        )?;
        app.offer_profiles(&settings.unwrap_or_default());
        app.install_fonts_from(read_system_fonts(ctx.clone()));
        Ok(app)
    });
    window("cordon", move |cc| {
        repaint.set(cc.egui_ctx.clone()).ok();
        cordon::ui::prepare(&cc.egui_ctx);
        let shell = Shell::new(folder, open, first, &settings, named, &cc.egui_ctx);
        Ok(Box::new(shell))
    })
}

#[cfg(feature = "simulator")]
fn demo() -> Result<Run, String> {
    use cordon::simulator::{CLIENT_ID, SimOptions, Simulator, TENANT_ID};

    let tenant = Simulator::start(SimOptions {
        auto_approve: true,
        ..SimOptions::default()
    })
    .map_err(|error| format!("The built-in tenant could not start: {error}"))?;
    // A demo's code is polled every second.
    tenant.control().set_poll_interval(1);
    let mut endpoints = Endpoints::stand_in(&tenant.address(), TENANT_ID, CLIENT_ID)
        .map_err(|error| error.to_string())?;
    endpoints.name = "built-in tenant".into();
    Ok(Run {
        mode: Mode::Demo,
        endpoints,
        store: TokenStore::memory(),
        tenant: Some(tenant),
    })
}

#[cfg(not(feature = "simulator"))]
fn demo() -> Result<Run, String> {
    Err(WITHOUT_SIMULATOR.into())
}

#[cfg(not(feature = "simulator"))]
const WITHOUT_SIMULATOR: &str = "This build of cordon does not have the built-in tenant";

#[cfg(not(feature = "simulator"))]
fn without_simulator() -> ExitCode {
    say_error!("{WITHOUT_SIMULATOR}");
    ExitCode::from(USAGE)
}

/// Fits into the memory of a small computer.
#[cfg(feature = "simulator")]
const MAX_DEVICES: usize = 1_000_000;

#[cfg(feature = "simulator")]
fn simulate(port: u16, devices: usize) -> ExitCode {
    use cordon::simulator::{SimOptions, Simulator};

    if devices > MAX_DEVICES {
        say_error!("--devices: at most {MAX_DEVICES}");
        return ExitCode::from(USAGE);
    }
    match Simulator::start(SimOptions {
        port,
        devices,
        ..SimOptions::default()
    }) {
        Ok(simulator) => until_interrupt(&|| cordon::say!("listening on {}", simulator.address())),
        Err(error) => {
            say_error!("The built-in tenant could not start: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs until Ctrl+C. `begin` prints once the signal handler is installed.
#[cfg(feature = "simulator")]
fn until_interrupt(begin: &dyn Fn()) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let waited = runtime.and_then(|runtime| {
        runtime.block_on(async {
            tokio::select! {
                biased;
                interrupted = tokio::signal::ctrl_c() => interrupted,
                () = async { begin(); std::future::pending().await } => Ok(()),
            }
        })
    });
    match waited {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say_error!("Cannot wait for Ctrl+C: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Opens a window and runs it to its end. Without a display or OpenGL, prints the cause and the remedy.
fn window(
    title: &str,
    make: impl FnOnce(&eframe::CreationContext<'_>) -> MadeApp + 'static,
) -> ExitCode {
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title(title)
            .with_app_id("cordon")
            .with_icon(cordon::ui::icon())
            .with_inner_size([1400.0, 900.0])
            .with_min_inner_size([640.0, 360.0]),
        ..eframe::NativeOptions::default()
    };
    let opened = display::unless_opened(display::OPEN_TIMEOUT, || {
        terminal::stop(&Trouble::Silent.sentence());
        std::process::exit(1);
    });
    let make = |creation: &eframe::CreationContext<'_>| {
        drop(opened);
        let opengl = creation
            .gl
            .as_ref()
            .map(|gl| eframe::glow::HasContext::version(&**gl));
        tracing::info!(?opengl, "the window is drawn by OpenGL");
        make(creation)
    };
    match eframe::run_native(title, options, Box::new(make)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::debug!("{error}");
            terminal::stop(&Trouble::from(&error).sentence());
            ExitCode::FAILURE
        }
    }
}

type MadeApp = Result<Box<dyn eframe::App>, Box<dyn std::error::Error + Send + Sync>>;

/// Fonts for names in other scripts, read off the window's thread (rule 1).
fn read_system_fonts(
    ctx: egui::Context,
) -> std::sync::mpsc::Receiver<Vec<theme::fonts::FontSource>> {
    let (give, take) = std::sync::mpsc::sync_channel(1);
    let read = move || {
        give.send(theme::fonts::system_fallback_fonts()).ok();
        ctx.request_repaint();
    };
    // Without the thread, only fallback fonts are missing.
    std::thread::Builder::new()
        .name("cordon-fonts".into())
        .spawn(read)
        .ok();
    take
}

/// Logs our own warnings and serious ones of others; `CORDON_LOG` overrides that. Secrets are never logged.
fn log_to_stderr() {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::prelude::*;
    let wanted = std::env::var("CORDON_LOG").ok();
    let filter: Option<Targets> = wanted.and_then(|wanted| wanted.parse().ok());
    let filter = filter.unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN));
    let to_stderr = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false);
    tracing_subscriber::registry()
        .with(to_stderr.with_filter(filter))
        .init();
}
