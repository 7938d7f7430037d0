//! `Command` and `Event`: the only two types that cross between the window and the background.

mod file_news;
mod settings_news;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::action::{Evidence, Task};
use crate::explain::Explanation;
use crate::guard::{Approval, OpenOrder};
use crate::journal::{Aftermaths, Caution, Entry, Format, OrderStatus, OthersContainment, Report};
use crate::model::{
    Alert, AvailableActions, Budget, EntryId, Epoch, Host, KeyringState, Listed, LoggedOnUser,
    Machine, MachineAction, MachineActionStatus, MachineId, PageDelay, PanelPart, Question,
    SessionStatus, SignInMethod, WindowLayout,
};
use crate::settings::RuleChange;

pub use file_news::{
    DownloadNews, FileNews, HashedFile, HashingNews, IndicatorNews, ReadIndicators, SavedPackage,
};
pub use settings_news::SettingsNews;

/// A unit of work with all its data. Not `Clone`: an approval is used once.
#[derive(Debug)]
pub enum Command {
    /// Requests a device code and waits for the user.
    SignIn,
    /// Signs in with this computer's browser, and waits for its return.
    SignInWithBrowser,
    CancelSignIn,
    /// Retries the renewal of a sign-in at once.
    RenewSignIn,
    /// Accepts the sign-in of another account than before.
    AcceptAccount,
    SignOut,
    /// Tries to reach a keyring again, without a restart.
    TryKeyringAgain,
    /// Reads the whole list of machines and the actions of the last weeks.
    RefreshMachines,
    /// Stops reading and keeps the list as far as it was read.
    StopRefresh,
    /// Reads one machine and its actions now.
    LoadMachine(MachineId),
    /// Reads several machines and their actions, one after another.
    LoadMachines(Vec<MachineId>),
    /// Queries the service for devices, for this search; replaces a previous query.
    Ask {
        text: Box<str>,
        question: Question,
    },
    /// Stops waiting for the answer to a query.
    StopAsking,
    /// Reads one part of a machine's panel.
    LoadPart(MachineId, PanelPart),
    /// Reads a machine's open alerts for the review of an order, ahead of requests for panels.
    LoadAlertsToReview(MachineId),
    /// Looks up the file with this SHA-1 or SHA-256.
    LoadFile(Box<str>),
    /// Reads the tenant's indicators.
    LoadIndicators,
    /// Reads the devices that have seen the file with this SHA-1.
    LoadSightings(Box<str>),
    /// Hashes a local file; replaces a hashing in progress.
    HashFile(PathBuf),
    StopHashing,
    /// Downloads the package collected by this entry's action into a folder.
    DownloadPackage {
        entry: EntryId,
        folder: PathBuf,
    },
    CancelDownload(EntryId),
    /// Sends orders that were approved together, one after another. With [`Self::SubmitAgain`], the
    /// only command that can change anything in the tenant.
    Submit(Vec<Approval>),
    /// Sends orders again, and acknowledges the entries that they replace once they are on disk.
    /// Each has the status on screen, as in [`Self::Acknowledge`].
    SubmitAgain(Vec<Approval>, Vec<(EntryId, &'static str)>),
    /// Withdraws the unsent orders of a batch.
    StopBatch(EntryId),
    /// Withdraws an unsent order.
    Withdraw(EntryId),
    /// Sends a held order anyway.
    Insist(EntryId),
    /// Records that the user has read the status of these entries, each with the status on screen
    /// ([`OrderStatus::key`](crate::journal::OrderStatus::key)).
    Acknowledge(Vec<(EntryId, &'static str)>),
    /// Records that someone else has reversed these orders, which the user has yet to read.
    NoteReversals(Vec<(EntryId, Evidence)>),
    /// Reads all actions in flight now.
    PollNow,
    /// Reads the settings again.
    ReadSettings,
    /// Writes changed rules into the settings.
    SaveSettings(Vec<RuleChange>),
    /// Deletes this profile's local data except for its journal and the settings, and signs out.
    /// Refused while an order has not ended, or another console uses the folder.
    DeleteLocalData,
    /// Reads shared rules from this computer from now on, as the user has confirmed.
    TrustRulesHost(Box<str>),
    /// Walks the journal's chain.
    VerifyJournal,
    /// Exports entries of the journal.
    ExportJournal(Box<JournalExport>),
    /// Stores the window layout.
    RememberWindow(Box<WindowLayout>),
    /// Ends the worker: unsent orders become *Not sent*.
    Shutdown,
}

/// A fact: something happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The window layout of an earlier run; sent first, so that nothing jumps.
    Window(Box<WindowLayout>),
    Session {
        status: SessionStatus,
        epoch: Epoch,
    },
    /// Signing in, restoring or signing out failed.
    SignInFailed(Explanation),
    /// The cause of the last sign-in failure is gone.
    SignInFailureOver,
    /// Why the sign-in of the present account could not be renewed.
    RenewalFailed(Explanation),
    /// The sign-in method required by the last refusal, if any.
    Advice(Option<SignInMethod>),
    Keyring(KeyringState),
    /// Facts about a file.
    File {
        epoch: Epoch,
        /// The hash that was looked up.
        hash: Box<str>,
        news: FileNews,
        at: Timestamp,
    },
    /// Progress of reading the tenant's indicators.
    Indicators {
        epoch: Epoch,
        news: IndicatorNews,
        at: Timestamp,
    },
    /// Progress of hashing a local file.
    Hashing {
        file: PathBuf,
        news: HashingNews,
    },
    /// Lead of the service's clock over this computer's.
    ServiceAhead(SignedDuration),
    /// This computer, if known.
    Host(Option<Host>),
    /// The sign-in method of the last account here.
    SignInMethod(Option<SignInMethod>),
    /// Whether this console may act on the journal, and if not, why.
    Journal(Result<(), Explanation>),
    /// Why the journal could not be compared with the keyring so far; `None` when it was.
    JournalUnchecked(Option<Explanation>),
    /// Progress of verifying and exporting the journal.
    JournalWork(JournalNews),
    Inventory {
        epoch: Epoch,
        news: InventoryNews,
    },
    /// Progress of a query to the service, for this search.
    Asked {
        epoch: Epoch,
        text: Box<str>,
        news: AskedNews,
    },
    /// A machine's record and actions are being read.
    Reading {
        epoch: Epoch,
        id: MachineId,
    },
    /// A machine's record, read separately.
    Machine {
        epoch: Epoch,
        id: MachineId,
        result: Result<Arc<Machine>, Explanation>,
        at: Timestamp,
    },
    /// The actions of one machine.
    History {
        epoch: Epoch,
        id: MachineId,
        result: Result<Listed<MachineAction>, Explanation>,
        at: Timestamp,
    },
    /// One part of a machine's panel.
    Panel {
        epoch: Epoch,
        id: MachineId,
        news: PanelNews,
        at: Timestamp,
    },
    /// New or changed actions of any machines.
    Actions {
        epoch: Epoch,
        actions: Vec<MachineAction>,
    },
    /// Entries of the journal at start, oldest first: all but the last part of a long journal,
    /// split so that no frame has to process them at once.
    EarlierEntries {
        entries: Vec<Entry>,
        /// Number of entries still to come.
        left: usize,
    },
    /// The journal's entries at start, or the last part of them; later those added or changed by another console.
    Entries(Vec<Entry>),
    /// An entry with a new record.
    Entry(Box<Entry>),
    /// The event that an entry waits for; not journalled.
    Progress {
        entry: EntryId,
        progress: Option<OrderProgress>,
    },
    /// Progress of downloading an entry's package.
    Download {
        epoch: Epoch,
        entry: EntryId,
        news: DownloadNews,
    },
    Budget(Budget),
    /// The settings were read or saved; `file` is their path, if this run stores them.
    Settings {
        file: Option<PathBuf>,
        news: Box<SettingsNews>,
    },
    /// A doubt left by the journal's lock file, as after a crash.
    JournalCaution(Caution),
    /// A failure that no other event covers.
    Problem(Explanation),
}

/// Entries to export, and the destination.
#[derive(Debug, Clone)]
pub struct JournalExport {
    pub what: Exported,
    pub format: Format,
    pub to: ExportTo,
    /// Time zone of the local times.
    pub zone: TimeZone,
    /// Aftermath of the orders, which is not in the journal.
    pub aftermath: Aftermaths,
}

/// Selection of entries to export.
#[derive(Debug, Clone)]
pub enum Exported {
    /// Entries with a record since then, and at any age those that contain a device or are pending.
    HandOver {
        since: Timestamp,
        /// Containment by others.
        others: Vec<OthersContainment>,
    },
    /// The entries of one ticket.
    Ticket {
        ticket: Box<str>,
        entries: Vec<EntryId>,
        /// Containment by others under the ticket.
        others: Vec<OthersContainment>,
    },
    Entries(Vec<EntryId>),
}

/// Destination of exported entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportTo {
    Clipboard,
    File(PathBuf),
}

/// Progress of verifying and exporting the journal.
#[derive(Debug, Clone)]
pub enum JournalNews {
    /// The journal's path, and journals in the same folder that are not in use.
    Found {
        file: PathBuf,
        put_aside: Vec<PathBuf>,
    },
    Verifying,
    Verified {
        at: Timestamp,
        result: Result<Report, Explanation>,
    },
    Exporting,
    Exported(Result<Written, Explanation>),
}

/// The result of an export.
#[derive(Debug, Clone)]
pub struct Written {
    pub entries: usize,
    pub to: ExportTo,
    /// Text for the clipboard.
    pub text: Option<Arc<str>>,
}

/// State of an entry between two records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderProgress {
    /// Sent at this time at the earliest: the rate limit is used up or the service requested a pause.
    LeavesAt(Timestamp),
    /// The action is being polled: last reading in this run, and time of the next one.
    Watching {
        read_at: Option<Timestamp>,
        next_at: Timestamp,
    },
    /// The last poll failed; the next one follows by itself.
    LookFailed {
        why: Explanation,
        read_at: Option<Timestamp>,
        next_at: Timestamp,
    },
    /// Sent when the user has signed in again.
    WaitsForSignIn,
    /// Sent when the previous ones have their responses.
    WaitsForTurn,
    /// Number of complete look-ups that did not find it.
    LookedUp { complete: u32, again_at: Timestamp },
    /// Cannot be polled, for this reason.
    Stuck(Explanation),
}

/// Progress of reading the list of machines.
#[derive(Debug, Clone)]
pub enum InventoryNews {
    /// Reading began at this time.
    Started(Timestamp),
    /// Machines of the last list, as read in an earlier run.
    Kept {
        at: Timestamp,
        machines: Vec<Arc<Machine>>,
    },
    /// A page is late.
    Slow(PageDelay),
    /// Machines; those with known ids are replaced.
    Page(Vec<Arc<Machine>>),
    Done {
        at: Timestamp,
        unreadable: usize,
        incomplete: Option<String>,
        seen: Vec<MachineId>,
    },
    Failed(Explanation),
    /// The actions of the last weeks, for the state column.
    RecentActions(Result<HistoryRange, Explanation>),
    /// Containing and releasing actions, as far back as the service keeps them.
    Containments(Result<HistoryRange, Explanation>),
}

/// The period for which actions were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryRange {
    pub since: Timestamp,
    /// Whether they are complete: neither cut off nor partly unreadable.
    pub is_complete: bool,
}

/// Progress of a query to the service.
#[derive(Debug, Clone)]
pub enum AskedNews {
    Started(Question),
    /// The rate limit is used up or the service requested a pause; continues then by itself.
    Paused(Timestamp),
    Answered {
        at: Timestamp,
        machines: Vec<Arc<Machine>>,
        /// Number of unreadable elements in the response.
        unreadable: usize,
        /// Whether there are more than were sent.
        is_cut: bool,
        /// Whether no device has the requested address now: these reported it last.
        is_of_last_report: bool,
    },
    Failed(Explanation),
    /// The user has stopped waiting.
    Stopped,
}

/// Progress of reading the parts of a machine's panel, each separately.
#[derive(Debug, Clone)]
pub enum PanelNews {
    Reading(PanelPart),
    Users(Result<Listed<LoggedOnUser>, Explanation>),
    Alerts(Result<Listed<Alert>, Explanation>),
    AvailableActions(Result<AvailableActions, Explanation>),
}

/// An entry as the guardrails see it; `None` when it has ended. Defined here because both window
/// and worker need it, and neither `guard` nor `journal` knows the other.
#[must_use]
fn open_order(entry: &Entry) -> Option<OpenOrder> {
    let status = entry.status();
    (!status.is_end()).then(|| OpenOrder {
        order: entry.order.clone(),
        status: clause(status, &entry.order.task),
        outcome_unknown: status.is_unknown(),
        action: entry.own_action(),
    })
}

/// The open orders that concern a device, including those that the service redirected to its
/// record, and those of records merged into it.
#[must_use]
pub fn open_orders_on<'a>(
    machine: &MachineId,
    entries: impl Iterator<Item = &'a Entry>,
    merged_into: impl Fn(&MachineId) -> Option<MachineId>,
) -> Vec<OpenOrder> {
    let is_of_device = |id: &MachineId| {
        let records = std::iter::successors(Some(id.clone()), &merged_into);
        records
            .take(MAX_MERGE_CHAIN)
            .any(|record| record == *machine)
    };
    entries
        .filter(|entry| is_of_device(&entry.order.machine.id) || is_of_device(&entry.machine().id))
        .filter_map(open_order)
        .collect()
}

/// Maximum number of merges followed from record to record, as these may form a circle.
const MAX_MERGE_CHAIN: usize = 8;

/// The status of an open order, for use in a sentence.
fn clause(status: &OrderStatus, task: &Task) -> String {
    let is_pending = matches!(status, OrderStatus::Accepted { status, .. }
        if *status == MachineActionStatus::Pending);
    if is_pending {
        "pending".to_owned()
    } else {
        status.word(task).to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;
    use crate::journal::Record;
    use crate::state::fixtures;

    fn id(text: &str) -> MachineId {
        MachineId::parse(text).expect("a literal id")
    }

    fn entry_on(machine: &str) -> Entry {
        let machine = fixtures::machine_ref(machine, None);
        let order = fixtures::order("cdn-00000001", machine, ActionKind::Isolate);
        Entry::new(fixtures::author(), order)
    }

    #[test]
    fn an_open_order_follows_its_device_through_merges() {
        let merged = |from: &MachineId| match from.as_str() {
            "a1" => Some(id("b2")),
            "b2" => Some(id("c3")),
            // A circle.
            "e5" => Some(id("f6")),
            "f6" => Some(id("e5")),
            _ => None,
        };
        let count = |machine: &str, entry: &Entry| {
            open_orders_on(&id(machine), [entry].into_iter(), merged).len()
        };
        let ordered = entry_on("a1");
        let found = ["a1", "b2", "c3", "d4"].map(|machine| count(machine, &ordered));
        assert_eq!(found, [1, 1, 1, 0]);
        assert_eq!(count("c3", &entry_on("e5")), 0);
        let mut carried_over = entry_on("d4");
        let machine = id("b2");
        carried_over.push(Timestamp::UNIX_EPOCH, Record::Redirected { machine });
        assert_eq!(
            ["b2", "c3", "d4"].map(|m| count(m, &carried_over)),
            [1, 1, 1]
        );
    }
}
