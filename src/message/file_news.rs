//! Events about files: package downloads and hashing of local files.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::explain::Explanation;
use crate::model::{FileFacts, Indicator, Listed, Machine};

/// Facts about a file, by its hash.
#[derive(Debug, Clone)]
pub enum FileNews {
    /// The file's facts; `None` if the service does not know it.
    Facts(Result<Option<Box<FileFacts>>, Explanation>),
    /// The devices that have seen it are being requested.
    ReadsSightings,
    Sightings(Result<Listed<Arc<Machine>>, Explanation>),
}

/// Progress of a package download. The download link is in none of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DownloadNews {
    AsksForLink,
    /// The service limits the number of links: the next one is available at this time.
    WaitsForLink(Timestamp),
    Receives {
        received: u64,
        total: Option<u64>,
    },
    /// The transfer broke off and is resumed.
    Resumes {
        /// The cause, for use in a sentence.
        why: Box<str>,
        /// Bytes received before the connection broke; more than `received` if the transfer cannot
        /// be resumed and starts again.
        lost_after: u64,
        received: u64,
    },
    Saved(SavedPackage),
    /// The partial file was removed.
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
    /// The digest in hexadecimal digits.
    pub sha256: Box<str>,
}

/// Progress of hashing a local file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashingNews {
    /// `read` bytes of it were read.
    Reads {
        read: u64,
        total: u64,
    },
    Hashed(HashedFile),
    Stopped,
    Failed(Explanation),
}

/// A hashed local file. Its content is not sent anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedFile {
    /// The digest in hexadecimal digits, like the SHA-256.
    pub sha1: Box<str>,
    pub sha256: Box<str>,
    pub bytes: u64,
}

/// Progress of reading the tenant's indicators.
#[derive(Debug, Clone)]
pub enum IndicatorNews {
    Reading,
    Read(Result<ReadIndicators, Explanation>),
}

/// The tenant's indicators, as far as visible to this account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadIndicators {
    /// The file indicators.
    pub of_files: Box<[Indicator]>,
    /// Number of indicators of all kinds.
    pub total: usize,
    /// Whether the list is complete: neither cut off nor partly unreadable.
    pub is_complete: bool,
}
