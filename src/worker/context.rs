//! Handles shared by the worker's tasks. Each guards its own state; this only bundles them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::accounts::Accounts;
use super::cache;
use super::downloads::Downloads;
use super::event_sink::EventSink;
use super::journal::JournalHandle;
use super::known::{KnownMachines, ListAge};
use super::order::{Orders, Watched};
use super::session::{Renewal, SessionHandle};
use super::settings::SettingsHandle;
use super::timing::Timing;
use crate::api::Client;
use crate::auth::Session;
use crate::journal::{Author, account_text};
use crate::message::Event;
use crate::model::{Account, MachineAction, Mode};

/// Tolerance in seconds for network delay and the service's whole seconds.
const CLOCK_JITTER: u64 = 5;
/// Out of the range of any measurement.
const NOT_SAID: i64 = i64::MIN;

pub(super) struct Context {
    pub client: Client,
    /// The auth session: sign-ins and tokens.
    pub auth: Session,
    /// The current session.
    pub session: SessionHandle,
    /// Accounts that were signed in before.
    pub accounts: Accounts,
    pub sink: EventSink,
    pub settings: Arc<SettingsHandle>,
    pub journal: Arc<JournalHandle>,
    pub known: KnownMachines,
    pub list: ListAge,
    pub orders: Orders,
    pub watched: Watched,
    pub downloads: Downloads,
    pub timing: Timing,
    /// Target of orders: the mode, and the cloud or stand-in.
    pub mode: Mode,
    pub target: Box<str>,
    /// The last reported lead of the service's clock in seconds; [`NOT_SAID`] before the first report.
    said_ahead: AtomicI64,
}

impl Context {
    /// The handles of a run.
    pub fn new(
        client: Client,
        auth: Session,
        memory: Option<PathBuf>,
        settings: SettingsHandle,
        journal: Arc<JournalHandle>,
        sink: EventSink,
        (mode, target, timing): (Mode, Box<str>, Timing),
    ) -> Self {
        Self {
            session: SessionHandle::new(auth.clone(), sink.clone(), timing),
            watched: Watched::new(Arc::clone(&journal), sink.clone(), timing),
            accounts: Accounts::new(memory, auth.target()),
            client,
            auth,
            sink,
            settings: Arc::new(settings),
            journal,
            known: KnownMachines::default(),
            list: ListAge::default(),
            orders: Orders::default(),
            downloads: Downloads::default(),
            timing,
            mode,
            target,
            said_ahead: AtomicI64::new(NOT_SAID),
        }
    }

    pub async fn report_budget(&self) {
        self.report_clock().await;
        self.sink.emit(Event::Budget(self.client.budget())).await;
    }

    /// Reports how far the service's clock is ahead, if that changed since the last report.
    pub async fn report_clock(&self) {
        let Some(ahead) = self.client.service_ahead() else {
            return;
        };
        let secs = ahead.as_secs();
        let said = self.said_ahead.load(Ordering::Acquire);
        if secs.abs_diff(said) >= CLOCK_JITTER {
            self.said_ahead.store(secs, Ordering::Release);
            self.sink.emit(Event::ServiceAhead(ahead)).await;
        }
    }

    /// Shows a new reading of an action.
    pub async fn show_action(&self, action: &MachineAction) {
        let epoch = self.session.epoch();
        let actions = vec![action.clone()];
        self.sink.emit(Event::Actions { epoch, actions }).await;
    }

    /// Starts an account's session. Data of another account or tenant is cleared.
    pub fn start_session(&self, account: &Account, renewal: Renewal) {
        if self.session.start(account, renewal) {
            self.forget();
        }
    }

    /// Clears the account and its data.
    pub fn end_session(&self) {
        self.session.end();
        self.forget();
    }

    fn forget(&self) {
        self.known.clear();
        self.watched.clear();
        self.downloads.cancel_all();
    }

    /// Folder and file of the account's stored device list.
    pub fn kept_list(&self, account: &Account) -> Option<(PathBuf, PathBuf)> {
        let folder = self.accounts.folder()?;
        let account = format!("{}-{}", account.tenant_id, account.object_id);
        let file = cache::file_of(&folder, self.auth.target(), &account);
        Some((folder, file))
    }

    /// The author to journal: account and target.
    pub fn author(&self, account: &Account) -> Author {
        Author {
            mode: self.mode.key().into(),
            tenant: account.tenant_id.as_str().into(),
            object_id: account.object_id.clone(),
            account: account_text(&account.label(), &self.target),
        }
    }
}
