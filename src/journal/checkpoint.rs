//! Count and last hash of a journal, kept outside of its file to detect a cut tail, an older copy
//! and a replaced last record: in the lock file, and in the keyring, which a copy of the whole
//! folder does not restore.
//!
//! Written after the records are durable: after a crash, a checkpoint may be behind its file, never ahead.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use super::{Defect, Witness, chain};
use crate::files::File;

/// Length and last hash of a journal at some point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub records: i64,
    pub last_hash: String,
}

const HEAD: &str = "cordon journal mark 1";
const HASH_LENGTH: usize = 64;
/// Upper bound of a checkpoint's length; nothing beyond it is read.
pub(super) const MAX_BYTES: u64 = 256;

impl Checkpoint {
    /// The checkpoint of a chain with this end.
    pub(super) fn at(end: &chain::End) -> Self {
        Self {
            records: end.seq,
            last_hash: end.hash.clone(),
        }
    }

    /// Whether the journal had any records.
    #[must_use]
    pub const fn has_records(&self) -> bool {
        self.records > 0
    }

    /// The contradiction in a journal that ends with record `last` and has this hash at the checkpoint's record.
    pub(super) fn contradicted_by(
        &self,
        last: i64,
        hash: Option<&str>,
        witness: Witness,
    ) -> Option<Defect> {
        let expected = self.records;
        if expected > last {
            Some(Defect::Shortened {
                last,
                expected,
                witness,
            })
        } else if self.has_records() && hash != Some(&self.last_hash) {
            let seq = expected;
            Some(Defect::Exchanged { seq, witness })
        } else {
            None
        }
    }

    /// One line of fixed length, so that a single write replaces the previous one.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{HEAD} {:020} {:-<64}\n", self.records, self.last_hash)
    }

    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let rest = text
            .strip_suffix('\n')?
            .strip_prefix(HEAD)?
            .strip_prefix(' ')?;
        let (records, hash) = rest.split_once(' ')?;
        let hash = hash.trim_end_matches('-');
        let records: i64 = records.parse().ok().filter(|records| *records >= 0)?;
        let is_hash = hash.len() == HASH_LENGTH && hash.bytes().all(|b| b.is_ascii_hexdigit());
        (is_hash || records == 0 && hash.is_empty()).then(|| Self {
            records,
            last_hash: hash.to_owned(),
        })
    }

    /// The checkpoint in the keyring's note.
    ///
    /// # Errors
    /// The reason why there is none to compare with.
    pub fn of_note(note: Result<Option<String>, &str>) -> Result<Self, String> {
        let checkpoint = note?.as_deref().and_then(Self::from_text);
        checkpoint.ok_or_else(|| "it has no record of a journal in this place".to_owned())
    }

    /// Name of the keyring item for the journal at this path. Does not reveal the tenant: the
    /// system's tools show names.
    #[must_use]
    pub fn keyring_item(journal: &Path) -> String {
        let place = journal.canonicalize();
        let place = place.as_deref().unwrap_or(journal).as_os_str();
        let sum = chain::sha256_hex([place.as_encoded_bytes()]);
        format!("v1:journal:{}", &sum[..32])
    }

    pub(super) fn read(lock: &mut File) -> Option<Self> {
        let mut text = String::new();
        lock.seek(SeekFrom::Start(0)).ok()?;
        io::Read::by_ref(lock)
            .take(MAX_BYTES)
            .read_to_string(&mut text)
            .ok()?;
        Self::from_text(&text)
    }

    pub(super) fn write(&self, lock: &mut File) -> io::Result<()> {
        let text = self.to_text();
        lock.seek(SeekFrom::Start(0))?;
        lock.write_all(text.as_bytes())?;
        // Trailing bytes would make the checkpoint unreadable.
        lock.set_len(text.len() as u64)
    }
}
