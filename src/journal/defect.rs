//! Defects found by verifying a journal, with their position.

/// A source outside of the records that knows the journal's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witness {
    /// `SQLite`'s count of assigned numbers, inside the file.
    Counter,
    /// The lock file beside the journal.
    LockFile,
    /// This system's keyring.
    Keyring,
}

impl std::fmt::Display for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Counter => "the file's own counter",
            Self::LockFile => "the lock file beside it",
            Self::Keyring => "the keyring",
        })
    }
}

/// A defect of a journal's file. `seq` is the number of the record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    #[error("the file says it has layout {found}, which does not fit what is in it")]
    Layout { found: i64 },
    #[error("the file's {object} is missing: records can be changed without it")]
    SchemaMissing { object: Box<str> },
    #[error("the file has a {object} that cordon did not make")]
    SchemaPlanted { object: Box<str> },
    #[error("the file's {object} is not as cordon made it")]
    SchemaChanged { object: Box<str> },
    #[error("{}", missing(*.first, *.last))]
    Hole { first: i64, last: i64 },
    #[error("record {seq} is where record {expected} should be")]
    Misplaced { seq: i64, expected: i64 },
    #[error(
        "record {seq} does not continue the one before it: one of the two was changed or replaced"
    )]
    Unlinked { seq: i64 },
    #[error("record {seq} cannot be read")]
    Unreadable { seq: i64 },
    #[error("{}", shortened(*.last, *.expected, *.witness))]
    Shortened {
        last: i64,
        expected: i64,
        witness: Witness,
    },
    #[error(
        "record {seq} is not the one that {witness} has: it was replaced, or what comes before it was rewritten"
    )]
    Exchanged { seq: i64, witness: Witness },
    #[error(
        "a rollback file (-journal) is beside it: opening the journal for writing would roll records back"
    )]
    Unsettled,
    #[error("the file's header says that this version may not write to it")]
    Header,
    #[error("the file's pages are damaged after record {after}: {what}")]
    Pages { after: i64, what: Box<str> },
}

fn missing(first: i64, last: i64) -> String {
    if first == last {
        format!("record {first} is missing")
    } else {
        format!("records {first} to {last} are missing")
    }
}

fn shortened(last: i64, expected: i64, witness: Witness) -> String {
    if witness == Witness::Keyring {
        // Only the keyring survives the restore of a whole folder.
        return match expected - last {
            1 => format!(
                "the journal is older than the keyring remembers: record {expected} is missing"
            ),
            missing => format!(
                "the journal is older than the keyring remembers: {missing} records are missing ({} to {expected})",
                last + 1
            ),
        };
    }
    format!(
        "{}: the end was cut off, or an older copy was put in place ({witness} has {expected})",
        missing(last + 1, expected)
    )
}

impl Defect {
    /// Whether the file may be intact, but is not the one written last.
    #[must_use]
    pub const fn is_of_another_file(&self) -> bool {
        matches!(self, Self::Shortened { .. } | Self::Exchanged { .. })
    }
}

/// A doubt about an intact journal, left by its lock file. Blocks nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caution {
    /// `records` follow the last one in the lock file's checkpoint.
    BeyondCheckpoint { records: i64 },
    /// The checkpoint in the lock file cannot be read.
    CheckpointUnreadable,
}

impl Caution {
    /// Compares a journal that ends with record `last` with the remembered length.
    pub(super) fn of(last: i64, remembered: i64) -> Option<Self> {
        let records = last - remembered;
        (records > 0).then_some(Self::BeyondCheckpoint { records })
    }

    /// Next step for the user.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::BeyondCheckpoint { .. } => {
                "If there was none, read the newest entries of the journal before you act: something else may have written them"
            }
            Self::CheckpointUnreadable => {
                "You can continue. Check that the newest entries of the journal are the ones you know"
            }
        }
    }
}

impl std::fmt::Display for Caution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BeyondCheckpoint { records } => {
                let came = if *records == 1 { "record" } else { "records" };
                write!(
                    f,
                    "{records} {came} came after the last checkpoint in the journal's lock file, as after a crash or a power cut"
                )
            }
            Self::CheckpointUnreadable => f.write_str(
                "The journal's lock file cannot be read, so whether records are missing at the end was not checked by it",
            ),
        }
    }
}
