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

/// A piece of work, with all the data it needs. Not `Clone`: an approval is spent once.
#[derive(Debug)]
pub enum Command {
    /// Ask for a device code and wait for the person.
    SignIn,
    /// Have the browser of this computer sign in, and wait for it to come back.
    SignInWithBrowser,
    CancelSignIn,
    /// Try at once to renew a sign-in that could not be renewed.
    RenewSignIn,
    /// Somebody else than before has signed in, and that is meant.
    AcceptAccount,
    SignOut,
    /// Look for a keyring again, without a restart.
    TryKeyringAgain,
    /// Read the whole list of machines and the actions of the last weeks.
    RefreshMachines,
    /// Leave the list as far as it was read.
    StopRefresh,
    /// Read one machine and its actions now.
    LoadMachine(MachineId),
    /// The same for several, one after the other.
    LoadMachines(Vec<MachineId>),
    /// Ask the service itself for devices, for this search; takes the place of a question before it.
    Ask {
        text: Box<str>,
        question: Question,
    },
    /// Wait no longer for the answer to a question.
    StopAsking,
    /// Read one part of a machine's panel.
    LoadPart(MachineId, PanelPart),
    /// Look up what is known about the file with this SHA-1 or SHA-256.
    LoadFile(Box<str>),
    /// Read what is blocked, audited or allowed on every device.
    LoadIndicators,
    /// Ask on which devices the file with this SHA-1 was seen.
    LoadSightings(Box<str>),
    /// Hash a file of this computer; takes the place of another that is being hashed.
    HashFile(PathBuf),
    StopHashing,
    /// Fetch the package that this entry's action has collected into a folder.
    DownloadPackage {
        entry: EntryId,
        folder: PathBuf,
    },
    CancelDownload(EntryId),
    /// Send orders that were approved together, one after the other. With [`Self::SubmitAgain`] the only
    /// command that can change anything in the tenant.
    Submit(Vec<Approval>),
    /// Sends orders again: once they are on disk, the entries that they replace are acknowledged. Each of
    /// these comes with the status on screen, as in [`Self::Acknowledge`].
    SubmitAgain(Vec<Approval>, Vec<(EntryId, &'static str)>),
    /// Take back what has not left of those that were approved together.
    StopBatch(EntryId),
    /// Take back an order that has not left.
    Withdraw(EntryId),
    /// Send a held order anyway.
    Insist(EntryId),
    /// Record that a person has read the status of these entries, each with the status on screen
    /// ([`OrderStatus::key`](crate::journal::OrderStatus::key)).
    Acknowledge(Vec<(EntryId, &'static str)>),
    /// Record that somebody else has undone these orders, which a person has yet to read.
    NoteReversals(Vec<(EntryId, Evidence)>),
    /// Look at all actions in flight now.
    LookNow,
    /// Read the settings again.
    ReadSettings,
    /// Write changed rules into the settings.
    SaveSettings(Vec<RuleChange>),
    /// Delete what is kept for this profile besides its journal and the settings, and sign out. Refused
    /// while an order has not ended, or another console works in the folder.
    DeleteLocalData,
    /// Reads shared rules from this computer from now on: a person has confirmed it.
    TrustRulesHost(Box<str>),
    /// Walk the journal's chain.
    VerifyJournal,
    /// Write entries of the journal out.
    ExportJournal(Box<JournalExport>),
    /// Remember how the window is arranged.
    RememberWindow(Box<WindowLayout>),
    /// End: unsent orders become *Not sent*.
    Shutdown,
}

/// A fact: something happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// How the window was left by an earlier run; comes first, so that nothing jumps.
    Window(Box<WindowLayout>),
    Session {
        status: SessionStatus,
        epoch: Epoch,
    },
    /// A sign-in, restoring or signing out did not work.
    SignInFailed(Explanation),
    /// The obstacle to the last one is gone.
    SignInFailureOver,
    /// Why the sign-in of the present account could not be renewed.
    RenewalFailed(Explanation),
    /// The way to sign in that the last refusal asks for, if it asks for one.
    Advice(Option<SignInMethod>),
    Keyring(KeyringState),
    /// What became known of a file.
    File {
        epoch: Epoch,
        /// What it was looked up by.
        hash: Box<str>,
        news: FileNews,
        at: Timestamp,
    },
    /// How reading the tenant's indicators goes.
    Indicators {
        epoch: Epoch,
        news: IndicatorNews,
        at: Timestamp,
    },
    /// How hashing a file of this computer goes.
    Hashing {
        file: PathBuf,
        news: HashingNews,
    },
    /// How far the service's clock is ahead of this computer's.
    ServiceAhead(SignedDuration),
    /// What this computer is, if known.
    Host(Option<Host>),
    /// The method by which the last account signed in here.
    SignInMethod(Option<SignInMethod>),
    /// Whether this console may act on this journal, and if not, why.
    Journal(Result<(), Explanation>),
    /// Why the journal could not be held against the keyring so far; `None` when it was.
    JournalUnchecked(Option<Explanation>),
    /// How verifying the journal and writing it out go.
    JournalWork(JournalNews),
    Inventory {
        epoch: Epoch,
        news: InventoryNews,
    },
    /// How asking the service itself goes, for this search.
    Asked {
        epoch: Epoch,
        text: Box<str>,
        news: AskedNews,
    },
    /// One machine's record and actions are being read.
    Reading {
        epoch: Epoch,
        id: MachineId,
    },
    /// One machine's record, read on its own.
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
    /// Actions of any machines, as they became known.
    Actions {
        epoch: Epoch,
        actions: Vec<MachineAction>,
    },
    /// Entries of the journal at start, the oldest first: all but the last part of a long one, which no
    /// frame takes in at once.
    EarlierEntries {
        entries: Vec<Entry>,
        /// How many come after these.
        left: usize,
    },
    /// The journal's entries at start, or the rest of them; later those that another console has added or
    /// changed.
    Entries(Vec<Entry>),
    /// One entry has a new record.
    Entry(Box<Entry>),
    /// What an entry is waiting for; not journalled.
    Progress {
        entry: EntryId,
        progress: Option<OrderProgress>,
    },
    /// How the download of an entry's package goes.
    Download {
        epoch: Epoch,
        entry: EntryId,
        news: DownloadNews,
    },
    Budget(Budget),
    /// The settings were read or saved; `file` is where, if this run keeps them on disk.
    Settings {
        file: Option<PathBuf>,
        news: Box<SettingsNews>,
    },
    /// What the journal's lock file leaves open, as after a crash.
    JournalCaution(Caution),
    /// Something went wrong that has no row of its own.
    Problem(Explanation),
}

/// What is to be written out of the journal, and where to.
#[derive(Debug, Clone)]
pub struct JournalExport {
    pub what: Exported,
    pub format: Format,
    pub to: ExportTo,
    /// Of the local times in it.
    pub zone: TimeZone,
    /// What is known of the orders beside the journal.
    pub aftermath: Aftermaths,
}

/// Which entries are written out.
#[derive(Debug, Clone)]
pub enum Exported {
    /// What has a record since then, and whatever is contained or pending, however old.
    HandOver {
        since: Timestamp,
        /// What others contain meanwhile.
        others: Vec<OthersContainment>,
    },
    /// What one ticket is about.
    Ticket {
        ticket: Box<str>,
        entries: Vec<EntryId>,
        /// What others contain under it.
        others: Vec<OthersContainment>,
    },
    Entries(Vec<EntryId>),
}

/// Where entries are written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportTo {
    Clipboard,
    /// A new file.
    File(PathBuf),
}

/// How verifying the journal and writing it out go.
#[derive(Debug, Clone)]
pub enum JournalNews {
    /// Where it is, and which others lie in its folder that nobody acts on.
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

/// What was written out.
#[derive(Debug, Clone)]
pub struct Written {
    pub entries: usize,
    pub to: ExportTo,
    /// What is for the clipboard.
    pub text: Option<Arc<str>>,
}

/// What is going on with an entry between two records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderProgress {
    /// Leaves at this time at the earliest: the limit is used up or the service asked for a pause.
    LeavesAt(Timestamp),
    /// The action is followed: when it was last read in this run, and when it is looked at next.
    Watching {
        read_at: Option<Timestamp>,
        next_at: Timestamp,
    },
    /// The last look failed; the next one comes by itself.
    LookFailed {
        why: Explanation,
        read_at: Option<Timestamp>,
        next_at: Timestamp,
    },
    /// Leaves when the person has signed in again.
    WaitsForSignIn,
    /// Leaves when those before it have their answers.
    WaitsForTurn,
    /// Number of complete look-ups that did not find it.
    LookedUp { complete: u32, again_at: Timestamp },
    /// Cannot be looked at, for this reason.
    Stuck(Explanation),
}

/// How reading the list of machines goes.
#[derive(Debug, Clone)]
pub enum InventoryNews {
    /// The reading began at this time.
    Started(Timestamp),
    /// Some of the last list, as it was read in an earlier run.
    Kept {
        at: Timestamp,
        machines: Vec<Arc<Machine>>,
    },
    /// A page takes long.
    Slow(PageDelay),
    /// Some machines; ids already known are replaced.
    Page(Vec<Arc<Machine>>),
    Done {
        at: Timestamp,
        unreadable: usize,
        incomplete: Option<String>,
        seen: Vec<MachineId>,
    },
    Failed(Explanation),
    /// The actions of the last weeks, for the state column.
    RecentActions(Result<LookBack, Explanation>),
    /// Those that contain a device or release it, as far back as the service keeps them.
    Containments(Result<LookBack, Explanation>),
}

/// How far back actions were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookBack {
    pub since: Timestamp,
    /// Whether all of them came: neither cut off nor unreadable in part.
    pub is_complete: bool,
}

/// How a question to the service goes.
#[derive(Debug, Clone)]
pub enum AskedNews {
    Started(Question),
    /// The limit is used up or the service asked for a pause: it goes on then, by itself.
    Paused(Timestamp),
    Answered {
        at: Timestamp,
        machines: Vec<Arc<Machine>>,
        /// Elements of the answer that could not be understood.
        unreadable: usize,
        /// Whether there are more than were sent.
        is_cut: bool,
        /// Whether no device has the requested address now: these reported it last.
        is_of_last_report: bool,
    },
    Failed(Explanation),
    /// The person waits no longer.
    Stopped,
}

/// How reading the parts of a machine's panel goes, each for itself.
#[derive(Debug, Clone)]
pub enum PanelNews {
    Reading(PanelPart),
    Users(Result<Listed<LoggedOnUser>, Explanation>),
    Alerts(Result<Listed<Alert>, Explanation>),
    AvailableActions(Result<AvailableActions, Explanation>),
}

/// An entry as the guardrails see it; `None` when it has ended. Stands here because the window and
/// the worker both need it, and neither `guard` nor `journal` knows the other.
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

/// The open orders that concern a device: whatever the service carried over to its record, and
/// those of records that were merged into it.
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

/// Records of one device that are followed from merge to merge, as these may lead in a circle.
const MAX_MERGE_CHAIN: usize = 8;

/// The status of an open order, inside a sentence.
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
    fn an_open_order_follows_its_device_to_the_record_that_is_left() {
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
