//! The settings during a run: read at start, when a form opens and before sending, and saved. The version on
//! disk is in force.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use super::event_sink::EventSink;
use crate::explain::{Explain as _, Explanation, NextStep};
use crate::files;
use crate::guard::Policy;
use crate::message::{Event, SettingsNews};
use crate::model::Mode;
use crate::settings::{
    DEMO_TEMPLATES, FILE_NAME, RuleChange, RuleKey, Rules, Settings, SettingsError, WrittenRules,
    change_rules, save_rules, trust_host as trust_host_in,
};

/// The longest wait of an order for the rules to be read again.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// Handle of the settings, and of the rules in force.
pub(super) struct SettingsHandle {
    sink: EventSink,
    /// Locked briefly, never during disk access.
    state: Mutex<State>,
}

/// Storage of this run's settings, and work in progress on it.
struct State {
    storage: Storage,
    policy: Arc<Policy>,
    /// Number of reads and saves begun, so that a late one cannot undo a newer one.
    begun: u64,
    /// Number of the newest one in force.
    holds: u64,
    is_reading: bool,
    is_saving: bool,
}

#[derive(Clone)]
enum Storage {
    /// This folder's settings file, which existed or not.
    OnDisk { folder: PathBuf, was_there: bool },
    /// Memory only, as the text of a settings file.
    InMemory(String),
}

impl State {
    /// Begins a read; returns its number and storage.
    fn begin(&mut self) -> (Storage, u64) {
        self.begun += 1;
        (self.storage.clone(), self.begun)
    }

    /// Whether this one's result may be used: no later one is in force.
    fn may_hold(&mut self, number: u64) -> bool {
        let is_newest = number > self.holds;
        if is_newest {
            self.holds = number;
        }
        is_newest
    }

    fn note_file(&mut self, is_there: bool) {
        if let Storage::OnDisk { was_there, .. } = &mut self.storage {
            *was_there |= is_there;
        }
    }

    fn adopt(&mut self, policy: &Policy) {
        self.policy = Arc::new(policy.clone().in_place_of(&self.policy));
    }
}

impl SettingsHandle {
    /// Creates the handle; in a run without a folder, with the settings that the run was started with.
    pub fn new(sink: EventSink, folder: Option<PathBuf>, mode: Mode, policy: Policy) -> Self {
        let storage = if let Some(folder) = folder {
            // Rules came from a file: if it is gone on the next read, the rules are not.
            let was_there = policy.has_rules();
            Storage::OnDisk { folder, was_there }
        } else {
            let mut written = WrittenRules::of(&policy);
            if mode == Mode::Demo {
                DEMO_TEMPLATES.clone_into(written.text_mut(RuleKey::Templates));
            }
            let begun = change_rules("", Path::new(FILE_NAME), &written.as_changes());
            Storage::InMemory(begun.map(|(text, _)| text).unwrap_or_default())
        };
        let state = State {
            storage,
            policy: Arc::new(policy),
            begun: 0,
            holds: 0,
            is_reading: false,
            is_saving: false,
        };
        Self {
            sink,
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// The rules in force.
    pub fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.state().policy)
    }

    /// Shows the settings at start. The rules in force were decided before.
    pub async fn begin(self: Arc<Self>) {
        let (storage, number) = self.state().begin();
        let (read, is_there) = read_storage(storage).await;
        let holds = {
            let mut state = self.state();
            state.note_file(is_there);
            state.may_hold(number)
        };
        if holds {
            self.show(SettingsNews::Begun(read)).await;
        }
    }

    /// Reads the settings again: someone may have edited them, or the team's shared file.
    ///
    /// # Errors
    /// Why rules could not be read; the previous ones stay in force.
    pub async fn read(self: Arc<Self>) -> Result<(), Box<str>> {
        let (storage, number) = self.state().begin();
        let (read, is_there) = read_storage(storage).await;
        let policy = SettingsNews::policy_of(&read);
        {
            let mut state = self.state();
            state.note_file(is_there);
            if !state.may_hold(number) {
                return Ok(());
            }
            state.adopt(&policy);
        }
        self.show(SettingsNews::Read(read)).await;
        policy.unread.map_or(Ok(()), Err)
    }

    /// Like [`Self::read`], for a form that opens; skipped while another one is in progress, so that a hanging
    /// disk builds no queue.
    pub async fn read_for_form(self: Arc<Self>) {
        if std::mem::replace(&mut self.state().is_reading, true) {
            return;
        }
        Arc::clone(&self).read().await.ok();
        self.state().is_reading = false;
    }

    /// Reads the rules again before sending, and waits no longer than [`READ_TIMEOUT`].
    ///
    /// # Errors
    /// Why they were not read; the order is judged by the last ones read.
    pub async fn read_before_sending(self: &Arc<Self>) -> Result<(), Box<str>> {
        let reading = tokio::spawn(Arc::clone(self).read());
        match tokio::time::timeout(READ_TIMEOUT, reading).await {
            Ok(Ok(read)) => read,
            Ok(Err(_ended)) => Err("they could not be read".into()),
            Err(_elapsed) => {
                Err(format!("no answer from the disk in {} s", READ_TIMEOUT.as_secs()).into())
            }
        }
    }

    /// Saves changed rules. They are in force before the window shows them.
    pub async fn save(self: Arc<Self>, changes: Vec<RuleChange>) {
        self.show(SettingsNews::Saving).await;
        let begun = {
            let mut state = self.state();
            (!std::mem::replace(&mut state.is_saving, true)).then(|| state.storage.clone())
        };
        let Some(storage) = begun else {
            let busy = Explanation::harmless("Another change is being saved", NextStep::TryAgain);
            return self.show(SettingsNews::Saved(Err(busy))).await;
        };
        let (storage, saved) = save_in(storage, changes).await;
        {
            let mut state = self.state();
            state.is_saving = false;
            if let Ok(rules) = &saved {
                state.storage = storage;
                // A read that began before this write is older.
                state.begun += 1;
                state.holds = state.begun;
                state.adopt(&rules.policy);
            }
        }
        self.show(SettingsNews::Saved(saved)).await;
    }

    /// Remembers that shared rules may be read from this computer, and reads them.
    pub async fn trust_host(self: Arc<Self>, host: Box<str>) {
        let storage = self.state().storage.clone();
        if let Storage::OnDisk { folder, .. } = storage {
            let trusted = blocking(move || {
                trust_host_in(&folder, &host)?;
                Ok(Rules::default())
            });
            if let Err(why) = trusted.await {
                return self.sink.problem(why).await;
            }
        }
        self.read().await.ok();
    }

    pub async fn say_deleted(&self) {
        self.show(SettingsNews::LocalDataDeleted).await;
    }

    async fn show(&self, news: SettingsNews) {
        let file = match &self.state().storage {
            Storage::OnDisk { folder, .. } => Some(folder.join(FILE_NAME)),
            Storage::InMemory(_) => None,
        };
        let news = Box::new(news);
        self.sink.emit(Event::Settings { file, news }).await;
    }
}

/// Writes changed rules, and returns the storage to use from then on.
async fn save_in(
    storage: Storage,
    changes: Vec<RuleChange>,
) -> (Storage, Result<Rules, Explanation>) {
    match storage {
        Storage::OnDisk { folder, was_there } => {
            let inner = folder.clone();
            let saved = blocking(move || {
                if was_there {
                    Settings::read_again(&inner)?;
                }
                save_rules(&inner, &changes)
            });
            let saved = saved.await;
            let was_there = was_there || saved.is_ok();
            (Storage::OnDisk { folder, was_there }, saved)
        }
        Storage::InMemory(text) => match change_rules(&text, Path::new(FILE_NAME), &changes) {
            Ok((written, rules)) => (Storage::InMemory(written), Ok(rules)),
            Err(error) => (Storage::InMemory(text), Err(explain(&error))),
        },
    }
}

/// The settings, and whether their file exists.
async fn read_storage(storage: Storage) -> (Result<Rules, Explanation>, bool) {
    match storage {
        Storage::OnDisk { folder, was_there } => {
            let file = folder.join(FILE_NAME);
            let read = blocking(move || {
                let read = if was_there {
                    Settings::read_again
                } else {
                    Settings::read
                };
                Ok(read(&folder)?.rules)
            });
            let read = read.await;
            let is_there = tokio::task::spawn_blocking(move || files::is_there(&file)).await;
            (read, is_there.unwrap_or_default())
        }
        Storage::InMemory(text) => {
            let read = Settings::parse(&text, Path::new(FILE_NAME));
            let read = read.map(|settings| settings.rules);
            (read.map_err(|error| explain(&error)), false)
        }
    }
}

/// Runs disk access on a blocking thread, so that a slow disk does not hold up other tasks.
async fn blocking(
    work: impl FnOnce() -> Result<Rules, SettingsError> + Send + 'static,
) -> Result<Rules, Explanation> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| explain(&error)),
        Err(_) => Err(Explanation::harmless(
            "The settings could not be read or saved",
            NextStep::TryAgain,
        )),
    }
}

fn explain(error: &SettingsError) -> Explanation {
    let explanation = error.explain();
    match error {
        SettingsError::Unreadable { .. }
        | SettingsError::TooLarge(_)
        | SettingsError::NotToml(..)
        | SettingsError::NoTable(..) => Explanation {
            next: SettingsNews::mend(),
            ..explanation
        },
        SettingsError::NotSaved { .. } => Explanation {
            next: NextStep::Outside("Make room and allow writing there, then save again".into()),
            ..explanation
        },
        SettingsError::Unusable(_)
        | SettingsError::Gone(_)
        | SettingsError::ChangedMeanwhile { .. }
        | SettingsError::NoProfile { .. }
        | SettingsError::WrongValue { .. } => explanation,
    }
}
