//! News of files: packages on their way to this computer, and files of it that are hashed.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::explain::Explanation;
use crate::model::{FileFacts, Indicator, Listed, Machine};

/// What became known of a file by its hash.
#[derive(Debug, Clone)]
pub enum FileNews {
    /// What it is; `None` when the service knows no such file.
    Facts(Result<Option<Box<FileFacts>>, Explanation>),
    /// The devices on which it was seen are asked for.
    ReadsSightings,
    Sightings(Result<Listed<Arc<Machine>>, Explanation>),
}

/// How the download of a package goes. The link to it is in none of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DownloadNews {
    AsksForLink,
    /// The service gives few links: the next one at this time.
    WaitsForLink(Timestamp),
    Receives {
        received: u64,
        total: Option<u64>,
    },
    /// It broke off, and goes on where that was.
    Resumes {
        /// What broke it off, inside a sentence.
        why: Box<str>,
        /// What had come before the connection broke; more than `received` where nothing can be taken up
        /// and it begins again.
        lost_after: u64,
        received: u64,
    },
    Saved(SavedPackage),
    /// Nothing is left of it.
    Cancelled,
    Failed(Explanation),
}

impl DownloadNews {
    /// Whether nothing more happens by itself.
    #[must_use]
    pub const fn is_end(&self) -> bool {
        matches!(self, Self::Saved(_) | Self::Cancelled | Self::Failed(_))
    }
}

/// A package on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedPackage {
    pub file: PathBuf,
    pub bytes: u64,
    /// In hexadecimal digits.
    pub sha256: Box<str>,
}

/// How hashing a file of this computer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashingNews {
    /// `read` of its bytes were read.
    Reads {
        read: u64,
        total: u64,
    },
    Hashed(HashedFile),
    Stopped,
    Failed(Explanation),
}

/// A file of this computer as it was read. Its content goes nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedFile {
    /// In hexadecimal digits, as the SHA-256.
    pub sha1: Box<str>,
    pub sha256: Box<str>,
    pub bytes: u64,
}

/// How reading the tenant's indicators goes.
#[derive(Debug, Clone)]
pub enum IndicatorNews {
    Reading,
    Read(Result<ReadIndicators, Explanation>),
}

/// The tenant's indicators, as far as this account may see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadIndicators {
    /// The file indicators.
    pub of_files: Box<[Indicator]>,
    /// How many there are of all kinds.
    pub total: usize,
    /// Whether all of them came: neither cut off nor unreadable in part.
    pub is_complete: bool,
}
