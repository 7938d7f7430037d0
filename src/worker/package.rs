//! Downloads of investigation packages: from the link to the complete, named file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::clock::{monotonic_now, now};
use super::context::Context;
use crate::api::{ApiError, Lane, PackageError, PackageLink, Permit, Quota, Received, Remedy};
use crate::explain::{Explain as _, Explanation, outside};
use crate::files::GrowingFile;
use crate::journal::{Author, Entry, Record};
use crate::message::{DownloadNews, Event, SavedPackage};
use crate::model::{EntryId, Epoch, MachineActionId, hex};

/// Capacity for chunks between connection and disk: a slow disk slows down the connection.
const PIECES: usize = 16;
/// Minimum progress between two failures, in bytes; with less, the failure counts as fruitless.
const MIN_PROGRESS: u64 = 64 * 1024;
/// The maximum number of fruitless failures in a row.
const MAX_FRUITLESS: u32 = 6;
/// The maximum number of starts of a package that changes meanwhile.
const MAX_STARTS: u32 = 3;
/// Time between two progress reports.
const BETWEEN_REPORTS: Duration = Duration::from_millis(200);
/// The maximum sleep before the clock is read again.
const MAX_SLEEP: Duration = Duration::from_secs(1);

/// A message to the task that writes the file.
#[derive(Debug)]
enum Piece {
    Bytes(Vec<u8>),
    StartOver,
    /// The file is complete.
    Finish,
}

/// Why a download has ended without a file.
enum End {
    Cancelled,
    Package(PackageError),
    /// The writer has ended, and returns the error.
    Disk,
}

impl From<PackageError> for End {
    fn from(error: PackageError) -> Self {
        Self::Package(error)
    }
}

/// Starts the download of an entry's package into a folder, unless there is one already. It is registered
/// before the next command: it can be cancelled immediately, and is not started twice.
pub(super) fn start(context: Arc<Context>, entry: EntryId, folder: PathBuf) {
    if let Some(cancelled) = context.downloads.begin(entry) {
        tokio::spawn(async move { download(&context, entry, &folder, &cancelled).await });
    }
}

async fn download(context: &Arc<Context>, entry: EntryId, folder: &Path, cancelled: &Notify) {
    let known = context.journal.entry(entry);
    let found = known
        .as_deref()
        .and_then(|e| Some((e, e.package()?.clone())));
    let Some((known, action)) = found else {
        context.downloads.end(entry);
        return;
    };
    // The account that fetches it, which may have signed out by the end.
    let account = context.session.account();
    let by = account.map_or_else(|| known.author.clone(), |account| context.author(&account));
    let epoch = context.session.epoch();
    let report = Report {
        context,
        entry,
        epoch,
    };
    report.emit(DownloadNews::AsksForLink).await;
    let stem = stem(known);
    let news = fetch(&report, &action, folder, stem, cancelled).await;
    context.downloads.end(entry);
    if let DownloadNews::Saved(saved) = &news {
        let record = downloaded(saved, by);
        context.journal.record_or_say(entry, vec![record]).await;
    }
    report.emit(news).await;
    context.report_budget().await;
}

/// The record of a download, without its link.
fn downloaded(saved: &SavedPackage, by: Author) -> Record {
    Record::Downloaded {
        file: saved.file.display().to_string().into(),
        bytes: saved.bytes,
        sha256: saved.sha256.clone(),
        object_id: by.object_id,
        account: by.account,
    }
}

/// The file's name without its extension, in characters that every system allows.
fn stem(entry: &Entry) -> String {
    let machine = entry.machine();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let short = machine.dns_name.as_deref().unwrap_or_default();
    let short = short.split('.').next().unwrap_or_default();
    let name: String = short.chars().filter(|c| plain(*c)).take(40).collect();
    let tail = machine.id.tail();
    let at = entry.status_since().strftime("%Y%m%dT%H%M%SZ");
    let parts = ["investigation-package", &name, tail, &at.to_string()].map(str::to_owned);
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("_")
}

/// Reports to the window.
struct Report<'a> {
    context: &'a Arc<Context>,
    entry: EntryId,
    epoch: Epoch,
}

impl Report<'_> {
    async fn emit(&self, news: DownloadNews) {
        let (epoch, entry) = (self.epoch, self.entry);
        let event = Event::Download { epoch, entry, news };
        self.context.sink.emit(event).await;
    }
}

/// Downloads the package, and returns the result.
async fn fetch(
    report: &Report<'_>,
    action: &MachineActionId,
    folder: &Path,
    stem: String,
    cancelled: &Notify,
) -> DownloadNews {
    let of_disk = |error: &std::io::Error| DownloadNews::Failed(explain_disk(error, folder));
    let chosen = folder.to_owned();
    // Before any request: the number of links is limited.
    let begun = tokio::task::spawn_blocking(move || GrowingFile::begin(&chosen)).await;
    let file = match begun {
        Ok(Ok(file)) => file,
        Ok(Err(error)) => return of_disk(&error),
        Err(_panicked) => return of_disk(&std::io::ErrorKind::Other.into()),
    };
    let (pieces, coming) = mpsc::channel(PIECES);
    let writing = tokio::task::spawn_blocking(move || write(file, &stem, coming));
    let moved = tokio::select! {
        biased;
        () = cancelled.notified() => Err(End::Cancelled),
        moved = Transfer::new(report, action, &pieces).run() => moved,
    };
    if moved.is_ok() {
        pieces.send(Piece::Finish).await.ok();
    }
    // Without `Finish` the writer removes the partial file.
    drop(pieces);
    let written = writing
        .await
        .unwrap_or_else(|_panicked| Err(std::io::ErrorKind::Other.into()));
    match (written, moved) {
        (Ok(Some(saved)), _) => DownloadNews::Saved(saved),
        (Err(error), Ok(()) | Err(End::Disk)) => of_disk(&error),
        (_, Err(End::Cancelled)) => DownloadNews::Cancelled,
        (_, Err(End::Package(error))) => DownloadNews::Failed(error.explain()),
        (Ok(None), Ok(()) | Err(End::Disk)) => of_disk(&std::io::ErrorKind::Other.into()),
    }
}

/// Writes the chunks to disk; `None` if they end before the package is complete.
fn write(
    mut file: GrowingFile,
    stem: &str,
    mut coming: mpsc::Receiver<Piece>,
) -> std::io::Result<Option<SavedPackage>> {
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    while let Some(piece) = coming.blocking_recv() {
        match piece {
            Piece::Bytes(piece) => {
                file.write(&piece)?;
                hash.update(&piece);
                bytes += u64::try_from(piece.len()).unwrap_or_default();
            }
            Piece::StartOver => {
                file.start_over()?;
                (hash, bytes) = (Sha256::new(), 0);
            }
            Piece::Finish => {
                let sha256 = hex(&hash.finalize()).into();
                let file = file.finish(stem, "zip")?;
                return Ok(Some(SavedPackage {
                    file,
                    bytes,
                    sha256,
                }));
            }
        }
    }
    Ok(None)
}

/// Transfer of one package, over as many connections and links as needed.
struct Transfer<'a> {
    report: &'a Report<'a>,
    action: &'a MachineActionId,
    pieces: &'a mpsc::Sender<Piece>,
    received: Received,
    reported: Option<Instant>,
}

impl<'a> Transfer<'a> {
    fn new(
        report: &'a Report<'a>,
        action: &'a MachineActionId,
        pieces: &'a mpsc::Sender<Piece>,
    ) -> Self {
        Self {
            report,
            action,
            pieces,
            received: Received::default(),
            reported: None,
        }
    }

    async fn run(mut self) -> Result<(), End> {
        let mut link = None;
        let (mut fruitless, mut refused, mut starts) = (0, 0, 1);
        loop {
            let before = self.received.bytes;
            let error = match self.attempt(&mut link).await {
                Ok(()) => return Ok(()),
                Err(End::Package(error)) => error,
                Err(end) => return Err(end),
            };
            tracing::debug!(%error, bytes = self.received.bytes, "a download broke off");
            if self.received.bytes >= before + MIN_PROGRESS {
                (fruitless, refused) = (0, 0);
            }
            let lost_after = self.received.bytes;
            fruitless += 1;
            refused += u32::from(matches!(error, PackageError::LinkRefused { .. }));
            match error.remedy() {
                Remedy::None => return Err(error.into()),
                // If a new link is refused as well, age is not the reason.
                Remedy::AnotherLink if refused > 1 => return Err(error.into()),
                Remedy::AnotherLink => link = None,
                Remedy::Resume => {}
                Remedy::StartOver if starts >= MAX_STARTS => return Err(error.into()),
                Remedy::StartOver => {
                    starts += 1;
                    self.received = Received::default();
                    self.give(Piece::StartOver).await?;
                }
            }
            if fruitless >= MAX_FRUITLESS {
                return Err(error.into());
            }
            let received = self.received.bytes;
            let news = DownloadNews::Resumes {
                why: error.interruption().into(),
                lost_after,
                received,
            };
            self.report.emit(news).await;
            let pause = self.report.context.timing.secs(1 << (fruitless - 1));
            tokio::time::sleep(pause).await;
        }
    }

    /// Requests a link if there is none, and receives chunks.
    async fn attempt(&mut self, link: &mut Option<PackageLink>) -> Result<(), End> {
        let client = &self.report.context.client;
        let link = match link {
            Some(link) => link,
            None => link.insert(self.ask_for_link().await?),
        };
        let mut incoming = client.open_package(link, &mut self.received).await?;
        loop {
            self.emit_progress().await;
            let Some(piece) = incoming.next(&mut self.received).await? else {
                return Ok(());
            };
            self.give(Piece::Bytes(piece)).await?;
        }
    }

    async fn ask_for_link(&self) -> Result<PackageLink, End> {
        let context = self.report.context;
        let permit = self.permit().await;
        let asked = context.client.package_link(self.action, permit).await;
        let asked = match asked {
            Err(PackageError::Link(ApiError::Unauthorized(_))) => {
                context.client.renew().await.map_err(PackageError::Link)?;
                let permit = self.permit().await;
                context.client.package_link(self.action, permit).await
            }
            asked => asked,
        };
        if let Err(PackageError::Link(error)) = &asked {
            context.session.note_auth_failure(error).await;
        }
        Ok(asked?)
    }

    /// Waits for a permit to request a link, and reports until when.
    async fn permit(&self) -> Permit {
        let client = &self.report.context.client;
        let mut said: Option<Timestamp> = None;
        loop {
            let until = match client.poll_permit_of(Quota::PackageLinks, Lane::Analyst) {
                Ok(permit) => return permit,
                Err(until) => until,
            };
            if said != Some(until) {
                said = Some(until);
                self.report.emit(DownloadNews::WaitsForLink(until)).await;
            }
            let wait = Duration::try_from(until.duration_since(now())).unwrap_or_default();
            tokio::time::sleep(wait.clamp(Duration::from_millis(10), MAX_SLEEP)).await;
        }
    }

    async fn give(&self, piece: Piece) -> Result<(), End> {
        self.pieces.send(piece).await.map_err(|_closed| End::Disk)
    }

    /// Reports progress at intervals.
    async fn emit_progress(&mut self) {
        let is_due = self
            .reported
            .is_none_or(|at| at.elapsed() >= BETWEEN_REPORTS);
        if is_due {
            self.reported = Some(monotonic_now());
            let (received, total) = (self.received.bytes, self.received.total);
            let news = DownloadNews::Receives { received, total };
            self.report.emit(news).await;
        }
    }
}

/// Why a package could not be written to disk.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the system has many more reasons, and may get others"
)]
fn explain_disk(error: &std::io::Error, folder: &Path) -> Explanation {
    use std::io::ErrorKind;
    let folder = folder.display();
    let another = outside("Choose another folder");
    let (headline, next) = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => (
            format!("There is no room for the package in {folder}"),
            outside("Make room there, or choose another folder"),
        ),
        ErrorKind::FileTooLarge => (
            format!("The disk with {folder} cannot hold a file as large as the package"),
            another,
        ),
        ErrorKind::NotFound => (format!("There is no folder {folder}"), another),
        ErrorKind::NotADirectory => (format!("{folder} is not a folder"), another),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            (format!("Nothing can be written into {folder}"), another)
        }
        _ => (
            format!("The package could not be saved in {folder}"),
            another,
        ),
    };
    Explanation::harmless(headline, next).with(format!("The system says: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disk_errors_are_explained() {
        use std::io::ErrorKind;
        let folder = Path::new("/evidence");
        let said = |kind: std::io::ErrorKind| explain_disk(&kind.into(), folder).headline;
        for (kind, words) in [
            (
                ErrorKind::StorageFull,
                "There is no room for the package in /evidence",
            ),
            (
                ErrorKind::FileTooLarge,
                "The disk with /evidence cannot hold a file as large as the package",
            ),
            (ErrorKind::NotFound, "There is no folder /evidence"),
            (
                ErrorKind::ReadOnlyFilesystem,
                "Nothing can be written into /evidence",
            ),
        ] {
            assert_eq!(said(kind), words);
        }
    }

    /// The account signed in at the time, or none.
    #[test]
    fn downloading_account_is_recorded() {
        let saved = SavedPackage {
            file: "package.zip".into(),
            bytes: 3,
            sha256: "ba7816bf".into(),
        };
        let by = Author {
            mode: "LIVE".into(),
            tenant: "t1".into(),
            object_id: "o1".into(),
            account: "jane@contoso.com at Contoso".into(),
        };
        let Record::Downloaded {
            file,
            object_id,
            account,
            ..
        } = downloaded(&saved, by)
        else {
            panic!("another record");
        };
        assert_eq!(&*file, "package.zip");
        assert_eq!(
            (&*object_id, &*account),
            ("o1", "jane@contoso.com at Contoso")
        );
    }

    #[test]
    fn incomplete_package_leaves_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let left = || std::fs::read_dir(folder.path()).expect("a folder").count();
        let play = |pieces: Vec<Piece>| {
            let (give, take) = mpsc::channel(PIECES);
            for piece in pieces {
                give.try_send(piece).expect("room");
            }
            drop(give);
            let file = GrowingFile::begin(folder.path()).expect("begun");
            write(file, "package", take).expect("written")
        };
        assert_eq!(play(vec![Piece::Bytes(b"half".to_vec())]), None);
        assert_eq!(left(), 0);
        let whole = play(vec![
            Piece::Bytes(b"another".to_vec()),
            Piece::StartOver,
            Piece::Bytes(b"a".to_vec()),
            Piece::Bytes(b"bc".to_vec()),
            Piece::Finish,
        ]);
        let whole = whole.expect("a package");
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((whole.bytes, &*whole.sha256), (3, sha256));
        assert_eq!(left(), 1);
    }
}
