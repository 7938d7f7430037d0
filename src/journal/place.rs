//! Location of an open journal: its file, log and lock.

use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::JournalError;
use super::chain::End;
use super::checkpoint::{self, Checkpoint};
use crate::files::{self, File, Identity, RefusedFile, TryLockError};

/// A path and the identity of its file when the journal was opened.
///
/// The file is never opened for the check: closing it would drop the locks that `SQLite` holds on it in this process.
struct Pinned {
    path: PathBuf,
    /// `None` if the system does not report it.
    id: Option<Identity>,
}

impl Pinned {
    fn new(path: PathBuf) -> Result<Self, JournalError> {
        match files::identity_at(&path) {
            Ok(id) => Ok(Self { path, id }),
            Err(error) => Err(absent(&path, error)),
        }
    }

    fn check(&self) -> Result<(), JournalError> {
        match files::identity_at(&self.path) {
            Ok(id) if id == self.id => Ok(()),
            Ok(_) => Err(JournalError::Replaced(self.path.clone())),
            Err(error) => Err(absent(&self.path, error)),
        }
    }
}

fn absent(path: &Path, error: io::Error) -> JournalError {
    // The folder was renamed, or replaced by a file.
    let is_gone = matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    );
    if is_gone {
        JournalError::Gone(path.to_owned())
    } else {
        JournalError::PlaceUnknown(path.to_owned(), error)
    }
}

/// Number of attempts for a lock that is held, and the pause between them.
const LOCKINGS: usize = 20;
const ASKING: Duration = Duration::from_millis(5);

/// Maximum number of copies kept of one journal.
const MAX_KEPT: u32 = 99;

/// Prefix of the name of each journal.
const NAME: &str = "journal-";

const LOG: &str = "-wal";
const INDEX: &str = "-shm";

/// The files that `SQLite` opens for a journal, by suffix.
const FILES: [(&str, &str); 4] = [
    ("", "the journal's file"),
    (LOG, "the journal's log (-wal)"),
    (INDEX, "the index of the journal's log (-shm)"),
    ("-journal", "the journal's rollback file (-journal)"),
];

/// Checks the files of a journal, for console and readers. None is opened for the check: opening a
/// pipe would wait for a writer. Returns the files that others may have changed, which a reader
/// reports and ignores.
///
/// # Errors
/// When one of them is a link or not a regular file.
pub(super) fn judge(journal: &Path) -> Result<Vec<(&'static str, RefusedFile)>, JournalError> {
    let of_sqlite = FILES.map(|(ending, what)| (beside(journal, ending), what));
    let lock = (lock_of(journal), "the journal's lock file");
    let mut refused = Vec::new();
    for (path, what) in of_sqlite.into_iter().chain([lock]) {
        let Err(error) = files::check_file(&path) else {
            continue;
        };
        match RefusedFile::within(&error) {
            Some(refusal) if refusal.problem.is_about_others() => {
                refused.push((what, refusal.clone()));
            }
            Some(_) | None => return Err(JournalError::NoFile(what, error)),
        }
    }
    Ok(refused)
}

/// [`judge`] for the console, which refuses a journal that others may have changed.
///
/// # Errors
/// When one of its files is not a regular file, or others can write to it.
pub(super) fn demand_private(journal: &Path) -> Result<(), JournalError> {
    match judge(journal)?.into_iter().next() {
        Some((what, refusal)) => Err(JournalError::NoFile(what, refusal.into())),
        None => Ok(()),
    }
}

/// Journals in the same folder that were put aside: those named after this one, and those without
/// one of cordon's names. A journal in use has its own lock file. Empty if the folder cannot be
/// read.
#[must_use]
pub fn put_aside(journal: &Path) -> Vec<PathBuf> {
    let folder = journal.parent().unwrap_or(Path::new("."));
    let stem = journal.file_stem().unwrap_or_default().to_string_lossy();
    let own: Vec<PathBuf> = (FILES.iter().map(|(ending, _)| beside(journal, ending)))
        .chain([lock_of(journal)])
        .collect();
    let is_put_aside = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_journal = name.ends_with(".sqlite");
        let is_part =
            name.ends_with(".lock") || FILES[1..].iter().any(|(ending, _)| name.ends_with(ending));
        let is_named_after = name.starts_with(&*stem);
        let is_in_use = is_journal && files::is_there(&lock_of(path));
        !own.contains(path)
            && !is_part
            && !is_in_use
            && (is_named_after || is_journal && !name.starts_with(NAME))
    };
    let mut found = files::list(folder).unwrap_or_default();
    found.retain(is_put_aside);
    found
}

/// Lock files of other journals in the same folder that a console holds now. Empty if the folder cannot be read.
#[must_use]
pub fn in_use_beside(journal: &Path) -> Vec<PathBuf> {
    let own = lock_of(journal);
    let is_lock = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(NAME) && name.ends_with(".lock")
    };
    let is_held = |lock: &Path| match files::open(lock) {
        // Released at once.
        Ok(Some(file)) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)),
        Ok(None) | Err(_) => false,
    };
    let folder = journal.parent().unwrap_or(Path::new("."));
    let mut found = files::list(folder).unwrap_or_default();
    found.retain(|path| *path != own && is_lock(path) && is_held(path));
    found
}

/// The rollback file beside a journal, if not empty: the journal's content is not settled then, and
/// `SQLite` rolls it back when the journal is next opened for writing. Exists only during a write
/// on a file system that cannot have a log.
pub(super) fn rollback_of(journal: &Path) -> Option<PathBuf> {
    let rollback = beside(journal, "-journal");
    files::stamp(&rollback)
        .is_some_and(|(len, _)| len > 0)
        .then_some(rollback)
}

/// Copies the files that `SQLite` is about to change or remove: a journal and its rollback file
/// before a rollback, since anyone may have put that file there; and the log of an empty journal,
/// as when only the journal's file was put aside.
///
/// # Errors
/// When they cannot be written.
pub(super) fn keep_unsettled(journal: &Path, is_empty: bool) -> io::Result<()> {
    let log = log_of(journal);
    let is_in_log = files::stamp(&log).is_some_and(|(len, _)| len > 0);
    let log = (is_empty && is_in_log).then_some(log);
    let rollback = rollback_of(journal).map(|rollback| [journal.to_owned(), rollback]);
    let unsettled: Vec<_> = rollback.into_iter().flatten().chain(log).collect();
    for n in 1..=MAX_KEPT {
        let copy_of = |of: &Path| beside(of, &format!(".kept-{n}"));
        if !unsettled.iter().any(|of| files::is_there(&copy_of(of))) {
            return (unsettled.iter()).try_for_each(|of| files::copy_new(of, &copy_of(of)));
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// The lock file beside a journal.
pub(super) fn lock_of(journal: &Path) -> PathBuf {
    journal.with_extension("lock")
}

/// The journal's file name with the suffix `-wal`.
pub(super) fn log_of(path: &Path) -> PathBuf {
    beside(path, LOG)
}

/// A file that `SQLite` keeps beside the journal's, by suffix.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(ending);
    beside.into()
}

impl Checkpoint {
    /// The checkpoint in the lock file beside the journal.
    ///
    /// # Errors
    /// The reason why there is none to compare with.
    pub fn beside(journal: &Path) -> Result<Self, String> {
        let lock = lock_of(journal);
        let (text, shown) = (
            files::read_provided(&lock, checkpoint::MAX_BYTES),
            lock.display(),
        );
        let text = match text {
            Ok(Some(text)) => text,
            Ok(None) => return Err(format!("{shown} is not there")),
            Err(error) => return Err(format!("{shown} cannot be read ({error})")),
        };
        let checkpoint = std::str::from_utf8(&text).ok().and_then(Self::from_text);
        checkpoint.ok_or_else(|| format!("{shown} says nothing about it"))
    }
}

/// Locks a file, waiting for a short hold by [`in_use_beside`].
fn lock(file: &File, mut pause: impl FnMut()) -> Result<(), TryLockError> {
    for _again in 1..LOCKINGS {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => pause(),
            tried => return tried,
        }
    }
    file.try_lock()
}

/// The lock of a journal, held by the one console that may act on it. Also stores the checkpoint.
pub(super) struct Lock {
    at: Pinned,
    file: File,
}

impl Lock {
    /// Creates the folder and takes the lock.
    pub(super) fn take(journal: &Path) -> Result<Self, JournalError> {
        let folder = journal.parent().unwrap_or(Path::new("."));
        let no_folder = |e| JournalError::Folder(folder.to_owned(), e);
        let path = lock_of(journal);
        let file = files::open_or_create(&path).map_err(no_folder)?;
        match lock(&file, || std::thread::sleep(ASKING)) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse(journal.to_owned())),
            Err(TryLockError::Error(e)) => return Err(no_folder(e)),
        }
        let id = files::identity_of(&file).map_err(no_folder)?;
        let lock = Self {
            at: Pinned { path, id },
            file,
        };
        // A lock file removed between opening and locking excludes nobody.
        lock.check()?;
        Ok(lock)
    }

    /// Whether it still excludes other consoles: a console that finds no lock file creates one.
    fn check(&self) -> Result<(), JournalError> {
        self.at.check().map_err(|error| {
            if matches!(error, JournalError::Gone(_) | JournalError::Replaced(_)) {
                JournalError::LockLost(self.at.path.clone())
            } else {
                error
            }
        })
    }

    /// Whether it was the lock of a journal before.
    pub(super) fn is_used(&self) -> bool {
        self.file.metadata().is_ok_and(|file| file.len() > 0)
    }

    pub(super) fn checkpoint(&mut self) -> Option<Checkpoint> {
        Checkpoint::read(&mut self.file)
    }

    /// A checkpoint that could not be written stays behind the file, as after a crash; the next one catches up.
    pub(super) fn remember(&mut self, end: &End) {
        if let Err(error) = Checkpoint::at(end).write(&mut self.file) {
            tracing::warn!(
                "the checkpoint in {} is behind: {error}",
                self.at.path.display()
            );
        }
    }

    fn sync(&self) {
        self.file.sync_data().ok();
    }

    /// Forgets the journal beside it.
    fn forget(&self) -> io::Result<()> {
        self.file.set_len(0)
    }
}

/// Size and time of a journal's file and of its log, which has the newest records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stamp([Option<(u64, Option<SystemTime>)>; 2]);

impl Stamp {
    #[must_use]
    pub fn of(journal: &Path) -> Self {
        Self(["", LOG].map(|ending| files::stamp(&beside(journal, ending))))
    }
}

/// Location of this console's journal: its folder, files and lock.
pub(super) struct Place {
    file: Pinned,
    /// Absent on a file system without shared memory, where `SQLite` has no log.
    log: Option<Pinned>,
    /// Identity of that log's index.
    index: Option<Pinned>,
    pub lock: Lock,
    /// Stamp and length of the log's index after this console's last write.
    left: Cell<(Stamp, u64)>,
}

impl Place {
    /// Pins the files that `SQLite` has opened. `before` is the file's identity before that; it must be the same.
    pub(super) fn pin(
        path: &Path,
        before: Option<Identity>,
        lock: Lock,
    ) -> Result<Self, JournalError> {
        let file = Pinned::new(path.to_owned())?;
        if before != file.id {
            return Err(JournalError::Replaced(file.path));
        }
        let log = Pinned::new(log_of(path)).ok();
        let index = Pinned::new(beside(path, INDEX)).ok();
        let place = Self {
            file,
            log,
            index,
            lock,
            left: Cell::default(),
        };
        place.remember();
        Ok(place)
    }

    pub(super) fn path(&self) -> &Path {
        &self.file.path
    }

    /// Whether the paths still lead to the lock and to the files that `SQLite` writes to, and
    /// nobody else can write to them.
    pub(super) fn check(&self) -> Result<(), JournalError> {
        self.file.check()?;
        self.log.as_ref().map_or(Ok(()), Pinned::check)?;
        self.lock.check()?;
        // `SQLite` maps the index into memory: reading beyond a new end would crash the process. A
        // console that finds another index uses locks that this console does not see.
        let is_replaced = (self.index.as_ref()).is_some_and(|index| index.check().is_err());
        let (_, left) = self.left.get();
        if is_replaced || self.index_len() < left {
            return Err(JournalError::Cut(beside(self.path(), INDEX)));
        }
        demand_private(self.path())
    }

    /// Whether nobody has written to the file or its log since this console's last write.
    pub(super) fn is_as_left(&self) -> bool {
        Stamp::of(self.path()) == self.left.get().0
    }

    /// Records the files' present state as this console's last write.
    pub(super) fn remember(&self) {
        self.left.set((Stamp::of(self.path()), self.index_len()));
    }

    fn index_len(&self) -> u64 {
        files::stamp(&beside(self.path(), INDEX)).map_or(0, |(len, _time)| len)
    }

    pub(super) fn rest(&self) {
        self.lock.sync();
    }
}

/// Removes the journal of an earlier demo, unless another console is using it: each demo begins empty, like its tenant.
pub fn recreate(journal: &Path) {
    // Held until the function returns.
    let Ok(lock) = Lock::take(journal) else {
        return;
    };
    for ending in ["", LOG, INDEX] {
        files::remove(&beside(journal, ending)).ok();
    }
    lock.forget().ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journals_put_aside_are_distinguished_from_those_in_use() {
        let place = tempfile::tempdir().expect("a folder");
        let journal = place.path().join("journal-live-contoso.com.sqlite");
        for name in [
            "journal-live-contoso.com.sqlite",
            "journal-live-contoso.com.sqlite-wal",
            "journal-live-contoso.com.sqlite-shm",
            "journal-live-contoso.com.lock",
            // Files of another tenant or a demo, and the settings.
            "journal-live-contoso.com.au.sqlite",
            "journal-live-contoso.com.au.lock",
            "journal-demo.sqlite",
            "settings.toml",
            // Put aside.
            "evidence.sqlite",
            "journal-live-contoso.com.damaged.sqlite",
            "journal-live-contoso.com.sqlite.old",
        ] {
            std::fs::write(place.path().join(name), "").expect("written");
        }
        let found = put_aside(&journal);
        let found: Vec<_> = found.iter().filter_map(|path| path.file_name()).collect();
        assert_eq!(
            found,
            [
                "evidence.sqlite",
                "journal-live-contoso.com.damaged.sqlite",
                "journal-live-contoso.com.sqlite.old",
            ]
        );
        assert!(put_aside(Path::new("/nowhere/journal.sqlite")).is_empty());
    }

    #[test]
    fn another_console_in_the_folder_is_detected_while_it_runs() {
        use super::super::Journal;

        let folder = tempfile::tempdir().expect("a folder");
        let [own, other] = ["journal-live-a.sqlite", "journal-live-b.sqlite"];
        let [own, other] = [own, other].map(|name| folder.path().join(name));
        let console = Journal::open(&own).expect("made");
        assert!(in_use_beside(&own).is_empty(), "not its own lock");
        assert_eq!(in_use_beside(&other), [lock_of(&own)]);
        drop(console);
        assert!(in_use_beside(&other).is_empty());
    }

    #[test]
    fn a_short_shared_lock_does_not_stop_a_console() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal-live-a.lock");
        let file = files::open_or_create(&path).expect("made");
        let asks = || {
            let opened = files::open(&path).expect("readable").expect("present");
            opened.try_lock_shared().expect("free");
            opened
        };
        let mut asking = Some(asks());
        lock(&file, || drop(asking.take())).expect("unlocked");
        drop(file);
        // A console keeps its lock.
        let other = files::open_or_create(&path).expect("present");
        other.try_lock().expect("free");
        let file = files::open_or_create(&path).expect("present");
        let tried = lock(&file, || ());
        assert!(matches!(tried, Err(TryLockError::WouldBlock)), "{tried:?}");
    }

    /// The rejected record is not in the moved file either, which may be a copy that counts.
    #[cfg(unix)]
    #[test]
    fn a_moved_journal_is_not_written_to() {
        use super::super::Journal;
        use super::super::tests::{intended, orders};

        let outside = tempfile::tempdir().expect("a folder");
        let [here, away] = ["here", "away"].map(|name| outside.path().join(name));
        let mut journal = Journal::open(&here.join("journal.sqlite")).expect("made");
        let mut append = |n: usize| {
            let order = intended(orders().remove(n));
            journal.append(jiff::Timestamp::UNIX_EPOCH, &[order])
        };
        append(0).expect("appended");
        std::fs::rename(&here, &away).expect("moved");
        append(1).expect_err("gone");
        drop(journal);
        let moved = away.join("journal.sqlite");
        let report = Journal::inspect(&moved, None).expect("opened");
        assert_eq!((report.verified.records, report.defects), (2, vec![]));
    }
}
