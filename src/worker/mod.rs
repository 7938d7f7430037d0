//! The background actor: everything slow runs here, on one named thread with its own runtime.

mod order;

mod context;
mod event_sink;
mod journal;
mod known;
mod session;
mod settings;
mod start;

mod accounts;
mod renewal;
mod sign_in;

mod ask;
mod cache;
mod device;
mod downloads;
mod file_hash;
mod indicators;
mod inventory;
mod journal_export;
mod kept_list;
mod list_pages;
mod package;

mod acknowledge;
mod checkpoints;
mod clock;
mod host;
mod local_data;
mod look_only;
mod timing;
mod window;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

pub use host::{Addresses, addresses as own_addresses};
pub use timing::Timing;

use crate::api::{ApiError, Client, Http, Lane};
use crate::auth::{Session, TokenStore};
use crate::explain::{Explain as _, Explanation, NextStep};
use crate::guard::Policy;
use crate::message::{Command, Event};
use crate::model::{Endpoints, Mode, PanelPart};
use context::Context;
use event_sink::EventSink;
use journal::JournalHandle;
use local_data::Deletion;
use order::OrderControl;
use settings::SettingsHandle;
use window::LayoutWriter;

/// Refresh interval: current enough for the user, within the background's share of the rate limits.
pub const REFRESH_EVERY: Duration = Duration::from_mins(5);

/// Capacity for commands; a full queue is reported on screen.
const COMMANDS: usize = 64;
/// Capacity for events; if it is full the worker waits, and no event is dropped.
const EVENTS: usize = 1_024;

/// Polls of 5 ms: three seconds.
const SHUT_DOWN_POLLS: u32 = 600;

/// Parameters of a run. Decided once, in `main` (rule 11).
pub struct Setup {
    pub endpoints: Endpoints,
    pub mode: Mode,
    pub store: TokenStore,
    /// Path of the journal.
    pub journal: PathBuf,
    /// Folder of the settings and of what is remembered between runs: last account, device list and window
    /// layout; `None` in the demo.
    pub memory: Option<PathBuf>,
    /// The initial rules.
    pub policy: Policy,
    pub timing: Timing,
    /// The age at which the device list is refreshed.
    pub refresh_every: Duration,
    /// Returns this computer's addresses: a new one may mean that the network is back.
    pub addresses: Addresses,
    /// Called after each event to wake the window; the worker knows no window.
    pub request_repaint: Arc<dyn Fn() + Send + Sync>,
    /// Called with each event as it is sent, even if the window does not draw. Must not block.
    pub on_event: Arc<dyn Fn(&Event) + Send + Sync>,
}

/// The window's handle of the worker.
pub struct WorkerHandle {
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<Event>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl WorkerHandle {
    /// Starts the worker.
    ///
    /// # Errors
    /// Thread, runtime or HTTP client could not be created.
    pub fn spawn(setup: Setup) -> Result<Self, Explanation> {
        let cannot = |what: &dyn std::fmt::Display| {
            let headline = "The background part of cordon could not start";
            Explanation::harmless(headline, NextStep::None).with(what.to_string())
        };
        // Usually a lack of certificates, which has its own explanation.
        let http = Http::new(&setup.endpoints).map_err(|e: ApiError| e.explain())?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            // On Windows the certificate check blocks a thread, up to ten seconds for a revocation list, for
            // the sign-in host and for the API at once. Two threads are left for the rest.
            .worker_threads(4)
            .thread_name("cordon-worker")
            .enable_all()
            .build()
            .map_err(|e| cannot(&e))?;
        let (commands, command_queue) = mpsc::channel(COMMANDS);
        let (event_queue, events) = mpsc::channel(EVENTS);
        let sink = EventSink {
            sender: event_queue,
            request_repaint: Arc::clone(&setup.request_repaint),
            on_event: Arc::clone(&setup.on_event),
        };
        let journal = JournalHandle::start(setup.journal.clone().into(), setup.mode, sink.clone());
        let journal = journal.map_err(|e| cannot(&e))?;
        let thread = std::thread::Builder::new()
            .name("cordon-background".into())
            .spawn(move || {
                runtime.block_on(run(setup, http, command_queue, sink, journal));
                // A hung keyring or request must not delay the window's closing.
                runtime.shutdown_timeout(Duration::from_millis(200));
            })
            .map_err(|e| cannot(&e))?;
        Ok(Self {
            commands,
            events,
            thread: Some(thread),
        })
    }

    /// Sends a command without waiting.
    ///
    /// # Errors
    /// The queue is full, or the worker has ended: nothing was done.
    pub fn send(&self, command: Command) -> Result<(), Explanation> {
        self.commands
            .try_send(command)
            .map_err(|_full_or_closed| Explanation::harmless("cordon is busy", NextStep::TryAgain))
    }

    /// The next event, if there is one.
    pub fn try_next(&mut self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// Waits for the next event; for callers without a window. `None` once the worker has ended.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Ends the worker: unsent orders become *Not sent*. Waits briefly.
    pub fn shut_down(&mut self) {
        if self.commands.try_send(Command::Shutdown).is_ok()
            && let Some(thread) = self.thread.take()
        {
            // Drains the last events, so that a full queue does not hold up the worker. A hanging disk must not
            // delay the window: the next start ends the remaining orders.
            for _ in 0..SHUT_DOWN_POLLS {
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
    sink: EventSink,
    (journal, opening): (JournalHandle, journal::Opening),
) {
    let clock: crate::auth::Clock = Arc::new(clock::now);
    let mut sleep_watch = clock::SleepWatch::new(Arc::clone(&clock));
    let (endpoints, mode, memory) = (setup.endpoints, setup.mode, setup.memory);
    let own_clock = Arc::clone(&clock);
    let session = Session::new(&endpoints, mode, http.lend(), setup.store, own_clock);
    let context = Arc::new(Context::new(
        Client::new(&endpoints, http, session.clone(), clock),
        session,
        memory.clone(),
        SettingsHandle::new(sink.clone(), memory.clone(), mode, setup.policy),
        Arc::new(journal),
        sink.clone(),
        (mode, endpoints.name, setup.timing),
    ));
    let (window, layout_sent) = LayoutWriter::start(sink, memory);
    spawn(start::begin(
        Arc::clone(&context),
        layout_sent,
        setup.journal,
        opening,
        setup.addresses,
    ));
    let mut tasks = Tasks::new(window);
    replace(&mut tasks.sign_in, sign_in::restore(Arc::clone(&context)));
    loop {
        let refresh_every = setup.refresh_every;
        let next = next_command(&context, &mut commands, refresh_every, &mut sleep_watch);
        match tasks.next(&context, next).await {
            None | Some(Command::Shutdown) => break,
            Some(command) => tasks.handle(Arc::clone(&context), command).await,
        }
    }
    // No order is sent from here on.
    context.orders.close().await;
    context.journal.close().await;
    checkpoints::keep_last_checkpoint(&context).await;
    tasks.window.finish().await;
}

/// The next command, which may be a refresh of a stale list, or follow a computer's sleep; `None` at the end.
async fn next_command(
    context: &Context,
    commands: &mut mpsc::Receiver<Command>,
    refresh_every: Duration,
    sleep_watch: &mut clock::SleepWatch,
) -> Option<Command> {
    tokio::select! {
        command = commands.recv() => command,
        () = context.list.until_stale(refresh_every, &context.session) => {
            Some(Command::RefreshMachines)
        }
        () = sleep_watch.woken() => {
            context.watched.poll_now();
            Some(if context.session.status().is_signed_in() {
                Command::RefreshMachines
            } else {
                Command::PollNow
            })
        }
    }
}

/// Tasks of which only one runs at a time.
struct Tasks {
    window: LayoutWriter,
    sign_in: Option<AbortHandle>,
    refresh: Option<AbortHandle>,
    reading: Option<AbortHandle>,
    asking: ask::Asking,
    hashing: Option<AbortHandle>,
    deletion: Deletion,
    /// The file that is or was hashed last.
    hashed: PathBuf,
}

impl Tasks {
    fn new(window: LayoutWriter) -> Self {
        Self {
            window,
            sign_in: None,
            refresh: None,
            reading: None,
            asking: ask::Asking::default(),
            hashing: None,
            deletion: Deletion::default(),
            hashed: PathBuf::new(),
        }
    }

    /// Waits for the next command; meanwhile executes a deletion once it is cleared.
    async fn next(
        &mut self,
        context: &Arc<Context>,
        command: impl Future<Output = Option<Command>>,
    ) -> Option<Command> {
        let mut command = std::pin::pin!(command);
        loop {
            tokio::select! {
                () = self.deletion.cleared() => {
                    self.delete_local_data(Arc::clone(context)).await;
                }
                command = &mut command => return command,
            }
        }
    }

    /// Ends the tasks that would write deleted data again. An order may have been sent since the request.
    async fn delete_local_data(&mut self, context: Arc<Context>) {
        if let Some(why) = local_data::trouble(&context) {
            return context.sink.problem(why).await;
        }
        abort(&mut self.sign_in);
        abort(&mut self.refresh);
        self.asking.abort();
        self.window.forget();
        spawn(local_data::delete(context));
    }

    /// Starts the work for a command; waits for nothing slow.
    #[expect(
        clippy::too_many_lines,
        reason = "a list of cases reads best in one piece"
    )]
    async fn handle(&mut self, context: Arc<Context>, command: Command) {
        match command {
            Command::SignIn => replace(&mut self.sign_in, sign_in::sign_in(context)),
            Command::SignInWithBrowser => {
                replace(&mut self.sign_in, sign_in::sign_in_with_browser(context));
            }
            Command::CancelSignIn => {
                abort(&mut self.sign_in);
                sign_in::cancelled(&context).await;
            }
            Command::AcceptAccount => context.session.accept(),
            Command::SignOut => {
                abort(&mut self.sign_in);
                abort(&mut self.refresh);
                self.asking.abort();
                spawn(sign_in::sign_out(context));
            }
            Command::TryKeyringAgain => spawn(sign_in::try_keyring_again(context)),
            Command::RenewSignIn => context.session.renew_now().await,
            // The list is read automatically after a successful renewal.
            Command::RefreshMachines if context.session.renewal_is_due() => {
                context.session.renew_now().await;
            }
            Command::RefreshMachines => replace(&mut self.refresh, inventory::refresh(context)),
            Command::StopRefresh => replace(&mut self.refresh, inventory::stopped(context)),
            Command::LoadMachine(id) => spawn(device::load(context, id)),
            Command::LoadMachines(ids) => {
                replace(&mut self.reading, device::load_several(context, ids));
            }
            Command::Ask { text, question } => self.asking.begin(context, text, question),
            Command::StopAsking => self.asking.stop(&context).await,
            Command::LoadPart(id, part) => {
                spawn(device::load_part(context, id, part, Lane::Refresh));
            }
            Command::LoadAlertsToReview(id) => {
                let alerts = PanelPart::Alerts;
                spawn(device::load_part(context, id, alerts, Lane::Analyst));
            }
            Command::LoadFile(hash) => spawn(device::load_file(context, hash)),
            Command::LoadIndicators => spawn(indicators::load(context)),
            Command::LoadSightings(sha1) => spawn(device::load_sightings(context, sha1)),
            Command::HashFile(file) => {
                self.hashed.clone_from(&file);
                replace(&mut self.hashing, file_hash::hash(context, file));
            }
            Command::StopHashing => {
                let file = std::mem::take(&mut self.hashed);
                replace(&mut self.hashing, file_hash::stopped(context, file));
            }
            Command::DownloadPackage { entry, folder } => package::start(context, entry, folder),
            Command::CancelDownload(entry) => context.downloads.cancel(entry),
            Command::Submit(approvals) => order::submit(&context, approvals, Vec::new()),
            Command::SubmitAgain(approvals, replaced) => {
                order::submit(&context, approvals, replaced);
            }
            Command::StopBatch(batch) => order::stop_batch(&context, batch).await,
            Command::Withdraw(entry) => {
                order::control(&context, entry, OrderControl::Withdraw).await;
            }
            Command::Insist(entry) => order::control(&context, entry, OrderControl::Insist).await,
            Command::Acknowledge(seen) => spawn(acknowledge::acknowledge(context, seen)),
            Command::NoteReversals(undone) => spawn(acknowledge::note_reversals(context, undone)),
            Command::PollNow => context.watched.poll_now(),
            Command::DeleteLocalData => self.deletion.begin(local_data::is_clear(context)),
            Command::ReadSettings => spawn(Arc::clone(&context.settings).read()),
            Command::SaveSettings(changes) => spawn(Arc::clone(&context.settings).save(changes)),
            Command::TrustRulesHost(host) => spawn(Arc::clone(&context.settings).trust_host(host)),
            Command::VerifyJournal => spawn(journal_export::verify(context)),
            Command::ExportJournal(wanted) => spawn(journal_export::export(context, *wanted)),
            Command::RememberWindow(layout) => self.window.keep(*layout),
            // Ends the loop.
            Command::Shutdown => {}
        }
    }
}

fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) {
    tokio::spawn(task);
}

fn abort(slot: &mut Option<AbortHandle>) {
    if let Some(task) = slot.take() {
        task.abort();
    }
}

/// Starts `task` in place of a running one of its kind.
fn replace(slot: &mut Option<AbortHandle>, task: impl Future<Output = ()> + Send + 'static) {
    abort(slot);
    *slot = Some(tokio::spawn(task).abort_handle());
}
