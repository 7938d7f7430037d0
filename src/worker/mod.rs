//! The background actor: everything slow happens here, on one named thread with its own runtime.

mod accounts;
mod acknowledge;
mod ask;
mod batch;
mod cache;
mod claim;
mod context;
mod host;
mod inventory;
mod journal;
mod look_only;
mod outcome;
mod pace;
mod panel;
mod reconcile;
mod renewal;
mod settings;
mod sign_in;
mod submit;
mod waiting;
mod watch;
mod window;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

pub use host::addresses as own_addresses;
pub use pace::Pace;

use crate::api::{ApiError, Client, Http};
use crate::auth::{Session, TokenStore};
use crate::explain::{Effect, Explanation, NextStep};
use crate::guard::Policy;
use crate::journal::Entry;
use crate::message::{Command, Event};
use crate::model::{Endpoints, Mode};
use context::Context;

/// As often as a person at the console expects, and as the background's share of the limits allows.
pub const REFRESH_EVERY: Duration = Duration::from_mins(5);

/// Room for commands; a full queue is said on screen.
const COMMANDS: usize = 64;
/// Room for events; when it is full the worker waits, no event is dropped.
const EVENTS: usize = 1_024;

/// Naps of 5 ms: three seconds.
const SHUT_DOWN_NAPS: u32 = 600;

/// The addresses of this computer, whenever it is asked.
pub type Addresses = Arc<dyn Fn() -> Vec<IpAddr> + Send + Sync>;

/// What a run is made of. Decided once, in `main` (rule 11).
pub struct Setup {
    pub endpoints: Endpoints,
    pub mode: Mode,
    pub store: TokenStore,
    /// Where the journal lives.
    pub journal: PathBuf,
    /// Where the settings are, and where it is remembered who used this place last, what the list of
    /// devices was, and how the window is arranged; `None` in a rehearsal.
    pub memory: Option<PathBuf>,
    /// The rules to begin with.
    pub policy: Policy,
    pub pace: Pace,
    /// How long a list of devices is old before it is read again by itself.
    pub refresh_every: Duration,
    /// Tells the addresses of this computer: a new one may mean that the network is back.
    pub addresses: Addresses,
    /// Called after each event, so that the window wakes; the worker knows no window.
    pub wake: Arc<dyn Fn() + Send + Sync>,
    /// Called with each entry that has a new record, whether or not the window draws. Must not wait.
    pub on_entry: Arc<dyn Fn(&Entry) + Send + Sync>,
}

/// The window's end of the worker.
pub struct WorkerHandle {
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<Event>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl WorkerHandle {
    /// Starts the worker.
    ///
    /// # Errors
    /// When there is no thread, runtime or HTTP client to be had.
    pub fn spawn(setup: Setup) -> Result<Self, Explanation> {
        let cannot = |what: &dyn std::fmt::Display| {
            let mut explanation = Explanation::harmless(
                "The background part of cordon could not start",
                NextStep::None,
            );
            explanation.details.push(what.to_string());
            explanation
        };
        let http = Http::new(&setup.endpoints).map_err(|e: ApiError| cannot(&e))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("cordon-worker")
            .enable_all()
            .build()
            .map_err(|e| cannot(&e))?;
        let (commands, command_queue) = mpsc::channel(COMMANDS);
        let (event_queue, events) = mpsc::channel(EVENTS);
        let thread = std::thread::Builder::new()
            .name("cordon-background".into())
            .spawn(move || {
                runtime.block_on(run(setup, http, command_queue, event_queue));
                // A hung keyring or request must not hold the window's end.
                runtime.shutdown_timeout(Duration::from_millis(200));
            })
            .map_err(|e| cannot(&e))?;
        Ok(Self {
            commands,
            events,
            thread: Some(thread),
        })
    }

    /// Hands a command over without waiting.
    ///
    /// # Errors
    /// When the worker has too much to do, or has ended: nothing was done then.
    pub fn send(&self, command: Command) -> Result<(), Explanation> {
        self.commands
            .try_send(command)
            .map_err(|_full_or_closed| Explanation {
                headline: "The background part of cordon does not take any more work just now"
                    .into(),
                effect: Effect::NothingChanged,
                next: NextStep::TryAgain,
                details: Vec::new(),
            })
    }

    /// The next event, if one is there.
    pub fn try_next(&mut self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// Waits for the next event; for callers without a window. `None` when the worker has ended.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Ends the worker: what was not sent becomes *Not sent*. Waits briefly.
    pub fn shut_down(&mut self) {
        if self.commands.try_send(Command::Shutdown).is_ok()
            && let Some(thread) = self.thread.take()
        {
            // Let the last events go, so that the worker is not held up by a full queue. A disk
            // that hangs must not hold the window: the next start ends what was left.
            for _ in 0..SHUT_DOWN_NAPS {
                if thread.is_finished() {
                    thread.join().ok();
                    return;
                }
                while self.events.try_recv().is_ok() {}
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

impl Drop for WorkerHandle {
    fn drop(&mut self) {
        self.shut_down();
    }
}

async fn run(
    setup: Setup,
    http: Http,
    mut commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
) {
    let clock: crate::auth::Clock = Arc::new(context::now);
    let Setup {
        endpoints,
        mode,
        store,
        journal,
        memory,
        policy,
        pace,
        refresh_every,
        addresses,
        wake,
        on_entry,
    } = setup;
    let session = Session::new(&endpoints, mode, http.lend(), store, Arc::clone(&clock));
    let client = Client::new(&endpoints, http, session.clone(), clock);
    let kept = settings::Kept::new(memory.clone(), mode, &policy);
    let context = Arc::new(Context::new(
        client, session, policy, kept, pace, mode, &endpoints, events, wake, on_entry,
    ));

    let window = window::Keeper::start(&context, memory.clone()).await;
    context.open_journal(journal).await;
    tokio::spawn(settings::begin(Arc::clone(&context)));
    context.read_accounts(memory).await;
    tokio::spawn(sign_in::report_keyring(Arc::clone(&context)));
    tokio::spawn(watch::run(Arc::clone(&context)));
    tokio::spawn(renewal::run(Arc::clone(&context), addresses));
    tokio::spawn(host::report(Arc::clone(&context)));
    let mut sign_in: Option<AbortHandle> =
        Some(tokio::spawn(sign_in::restore(Arc::clone(&context))).abort_handle());
    let (mut refresh, mut reading): (Option<AbortHandle>, Option<AbortHandle>) = (None, None);
    let mut asking = ask::Asking::default();

    while let Some(command) = next_command(&context, &mut commands, refresh_every).await {
        let context = Arc::clone(&context);
        match command {
            Command::SignIn => replace(&mut sign_in, sign_in::sign_in(context)),
            Command::SignInWithBrowser => {
                replace(&mut sign_in, sign_in::sign_in_with_browser(context));
            }
            Command::CancelSignIn => {
                if let Some(task) = sign_in.take() {
                    task.abort();
                }
                sign_in::cancelled(&context).await;
            }
            Command::AcceptAccount => context.accepted.notify_waiters(),
            Command::SignOut => {
                for task in [sign_in.take(), refresh.take()].into_iter().flatten() {
                    task.abort();
                }
                asking.abort();
                tokio::spawn(sign_in::sign_out(context));
            }
            Command::TryKeyringAgain => spawn(sign_in::try_keyring_again(context)),
            Command::RenewSignIn => renewal::try_now(&context).await,
            // The list comes by itself once that has gone well.
            Command::RefreshMachines if context.renewal.borrow().due().is_some() => {
                renewal::try_now(&context).await;
            }
            Command::RefreshMachines => replace(&mut refresh, inventory::refresh(context)),
            Command::StopRefresh => replace(&mut refresh, inventory::stopped(context)),
            Command::LoadMachine(id) => spawn(load_machine(context, id)),
            Command::LoadMachines(ids) => {
                replace(&mut reading, batch::load_machines(context, ids));
            }
            Command::Ask { text, question } => asking.begin(context, text, question),
            Command::StopAsking => asking.stop(&context).await,
            Command::LoadPart(id, part) => {
                spawn(async move { panel::load(&context, id, part).await });
            }
            Command::LoadFile(sha1) => {
                spawn(async move { inventory::load_file(&context, sha1).await });
            }
            Command::Submit(approval) => spawn(submit::submit(context, *approval)),
            Command::SubmitAll(approvals) => spawn(batch::submit_all(context, approvals)),
            Command::StopBatch(batch) => spawn(async move { batch::stop(&context, batch).await }),
            Command::Withdraw(entry) => {
                context
                    .answer_waiting(entry, submit::Answer::Withdraw)
                    .await;
            }
            Command::Insist(entry) => context.answer_waiting(entry, submit::Answer::Insist).await,
            Command::Acknowledge(seen) => spawn(acknowledge::acknowledge(context, seen)),
            Command::LookNow => watch::look_at_all_now(&context),
            Command::ReadSettings => spawn(async move {
                settings::read(context).await.ok();
            }),
            Command::SaveSettings(changes) => spawn(settings::save(context, changes)),
            Command::TrustRulesHost(host) => spawn(settings::trust_host(context, host)),
            Command::RememberWindow(layout) => window.keep(*layout),
            Command::Shutdown => break,
        }
    }
    context.close().await;
    window.finish().await;
}

/// What to do next, a list that has become old included; `None` at the end.
async fn next_command(
    context: &Context,
    commands: &mut mpsc::Receiver<Command>,
    refresh_every: Duration,
) -> Option<Command> {
    tokio::select! {
        command = commands.recv() => command,
        () = context.list_gets_stale(refresh_every) => Some(Command::RefreshMachines),
    }
}

/// Reads a machine for a person, and the rules with it: whoever looks may be about to act.
async fn load_machine(context: Arc<Context>, id: crate::model::MachineId) {
    spawn(settings::read_for_form(Arc::clone(&context)));
    inventory::load_machine(&context, &id).await;
}

fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

/// Starts `task` in place of one of its kind that may still be running.
fn replace(slot: &mut Option<AbortHandle>, task: impl Future<Output = ()> + Send + 'static) {
    if let Some(old) = slot.take() {
        old.abort();
    }
    *slot = Some(tokio::spawn(task).abort_handle());
}
