//! Hashes a local file, chunk by chunk. Its content is not sent, and nothing executes it.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use ring::digest::{Context as Hasher, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

use super::context::Context;
use crate::explain::{Explanation, outside};
use crate::files::{self, Problem, RefusedFile};
use crate::message::{Event, HashedFile, HashingNews};
use crate::model::hex;

/// Chunk size in bytes.
const PIECE: usize = 1 << 18;
/// Time between two progress reports.
const BETWEEN_REPORTS: Duration = Duration::from_millis(200);

/// Progress of hashing. Dropping the other handle ends it.
#[derive(Default)]
struct Progress {
    read: AtomicU64,
    total: AtomicU64,
    is_unwanted: AtomicBool,
}

/// Ends the hashing when dropped.
struct Wanted(Arc<Progress>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.is_unwanted.store(true, Ordering::Release);
    }
}

/// Why a file could not be hashed.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("This is a link, and what it leads to may change")]
    Link,
    #[error("This is not a file")]
    NoFile,
    #[error("The file was changed while it was read")]
    Changed,
    #[error("The file could not be read")]
    Unreadable(io::Error),
    /// The result is not wanted any more.
    #[error("Hashing was stopped")]
    Unwanted,
}

impl Trouble {
    fn of(error: io::Error) -> Self {
        match RefusedFile::within(&error).map(|refusal| refusal.problem) {
            Some(Problem::FileIsLink) => Self::Link,
            Some(Problem::NotAFile) => Self::NoFile,
            Some(_) | None => Self::Unreadable(error),
        }
    }

    fn explain(&self, file: &Path) -> Explanation {
        let next = match self {
            Self::Link => "Name the file itself",
            Self::NoFile => "Name one file; those in a folder have a hash each",
            Self::Changed => "Wait until nothing writes to it, then have it hashed again",
            Self::Unreadable(_) => "Check that it is there and that you may read it",
            Self::Unwanted => "",
        };
        let why = Explanation::harmless(self.to_string(), outside(next));
        let why = why.with(file.display().to_string());
        match self {
            Self::Unreadable(error) => why.with(error.to_string()),
            Self::Link | Self::NoFile | Self::Changed | Self::Unwanted => why,
        }
    }
}

/// Hashes the file and reports progress.
pub(super) async fn hash(context: Arc<Context>, file: PathBuf) {
    let say = async |news| {
        let file = file.clone();
        context.sink.emit(Event::Hashing { file, news }).await;
    };
    say(HashingNews::Reads { read: 0, total: 0 }).await;
    let progress = Arc::new(Progress::default());
    let wanted = Wanted(Arc::clone(&progress));
    let named = file.clone();
    let mut reading = tokio::task::spawn_blocking(move || read(&named, &progress, || {}));
    let hashed = loop {
        tokio::select! {
            hashed = &mut reading => break hashed,
            () = tokio::time::sleep(BETWEEN_REPORTS) => {
                let read = wanted.0.read.load(Ordering::Relaxed);
                let total = wanted.0.total.load(Ordering::Relaxed);
                say(HashingNews::Reads { read, total }).await;
            }
        }
    };
    let hashed = hashed.unwrap_or(Err(Trouble::Unwanted));
    say(match hashed {
        Ok(hashed) => HashingNews::Hashed(hashed),
        Err(Trouble::Unwanted) => HashingNews::Stopped,
        Err(trouble) => HashingNews::Failed(trouble.explain(&file)),
    })
    .await;
}

/// Reports that the last hashing was stopped.
pub(super) async fn stopped(context: Arc<Context>, file: PathBuf) {
    let news = HashingNews::Stopped;
    context.sink.emit(Event::Hashing { file, news }).await;
}

/// Reads a file as it was when opened; `before_end` runs after the last byte.
fn read(
    file: &Path,
    progress: &Progress,
    before_end: impl FnOnce(),
) -> Result<HashedFile, Trouble> {
    let mut opened = files::open_named(file).map_err(Trouble::of)?;
    let state = |opened: &files::File| {
        let metadata = opened.metadata().map_err(Trouble::Unreadable)?;
        Ok((metadata.len(), metadata.modified().ok()))
    };
    let before = state(&opened)?;
    progress.total.store(before.0, Ordering::Relaxed);
    let mut sha1 = Hasher::new(&SHA1_FOR_LEGACY_USE_ONLY);
    let mut sha256 = Hasher::new(&SHA256);
    let mut piece = vec![0; PIECE];
    let mut bytes = 0;
    // A file that grows faster than it is read has no end.
    while bytes <= before.0 {
        if progress.is_unwanted.load(Ordering::Acquire) {
            return Err(Trouble::Unwanted);
        }
        let count = match opened.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Trouble::Unreadable(error)),
        };
        sha1.update(&piece[..count]);
        sha256.update(&piece[..count]);
        bytes += count as u64;
        progress.read.store(bytes, Ordering::Relaxed);
    }
    before_end();
    if bytes != before.0 || state(&opened)? != before {
        return Err(Trouble::Changed);
    }
    Ok(HashedFile {
        sha1: hex(sha1.finish().as_ref()).into(),
        sha256: hex(sha256.finish().as_ref()).into(),
        bytes,
    })
}

#[cfg(test)]
mod tests;
