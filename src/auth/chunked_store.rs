//! One value in a keyring, split over several items if items are small.
//!
//! Windows stores 2,560 bytes per credential (`CRED_MAX_CREDENTIAL_BLOB_SIZE`), less than a sign-in
//! may need. Parts are written to two sides in turn, and the head that names the side is written
//! last: a crash at any point leaves the previous value or nothing, never half a token.

use std::collections::HashMap;
use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error, Result};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The service name of every item. It and the user names are not personal: system tools show them.
const SERVICE: &str = "io.github.cordon";
const MAX_PARTS: usize = 8;
const MAX_VALUE: usize = 64 * 1024;
const TAG_BYTES: usize = 16;
const SIDES: [char; 2] = ['a', 'b'];

/// A store, and the layout of values in it.
pub(super) struct ChunkedStore {
    pub store: Arc<CredentialStore>,
    /// Store-specific extra attributes of each item.
    pub modifiers: HashMap<&'static str, &'static str>,
    pub layout: Layout,
}

#[derive(Clone, Copy)]
pub(super) enum Layout {
    /// A single item; on macOS each item may cause a permission prompt.
    Whole,
    /// Maximum bytes of one part.
    Parts(usize),
}

#[derive(Serialize, Deserialize)]
struct Head {
    v: u8,
    side: char,
    parts: usize,
    bytes: usize,
    /// Prefix of each part, so that parts of two writes cannot be mixed up.
    tag: String,
}

impl ChunkedStore {
    /// Stores `value` under `user`, replacing the old one.
    pub(super) fn put(&self, user: &str, value: &[u8]) -> Result<()> {
        let part_bytes = match self.layout {
            Layout::Whole => return self.set(user, value),
            Layout::Parts(bytes) => bytes.saturating_sub(TAG_BYTES).max(1),
        };
        let before = self.head(user)?;
        let side = if before.as_ref().is_some_and(|head| head.side == SIDES[0]) {
            SIDES[1]
        } else {
            SIDES[0]
        };
        let parts: Vec<_> = value.chunks(part_bytes).collect();
        if parts.is_empty() || parts.len() > MAX_PARTS {
            return Err(Error::TooLong(
                "sign-in".into(),
                u32::try_from(part_bytes * MAX_PARTS).unwrap_or(u32::MAX),
            ));
        }
        let random =
            getrandom::u64().map_err(|error| Error::PlatformFailure(error.to_string().into()))?;
        let tag = format!("{random:016x}");
        self.sweep(user, side)?;
        for (n, part) in parts.iter().enumerate() {
            let mut item = Zeroizing::new(Vec::with_capacity(TAG_BYTES + part.len()));
            item.extend_from_slice(tag.as_bytes());
            item.extend_from_slice(part);
            self.set(&part_name(user, side, n), &item)?;
        }
        let head = Head {
            v: 1,
            side,
            parts: parts.len(),
            bytes: value.len(),
            tag,
        };
        let head = serde_json::to_vec(&head)
            .map_err(|error| Error::Invalid("head".into(), error.to_string()))?;
        self.set(user, &head)?;
        if let Some(before) = before {
            // The new value is safe; leftovers of the old one are removed by the next write.
            self.sweep(user, before.side).ok();
        }
        Ok(())
    }

    /// The value under `user`, with [`Error::Ambiguous`] as in [`Self::get_only`]; `None` also if
    /// parts are missing or do not match.
    pub(super) fn load(&self, user: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let first = self.get_only(user)?;
        if matches!(self.layout, Layout::Whole) {
            return Ok(first);
        }
        let Some(head) = first.as_deref().and_then(|json| read_head(json)) else {
            return Ok(None);
        };
        if head.v != 1 || head.parts > MAX_PARTS || head.bytes > MAX_VALUE {
            return Ok(None);
        }
        let mut value = Zeroizing::new(Vec::with_capacity(head.bytes));
        for n in 0..head.parts {
            let part = self.get(&part_name(user, head.side, n))?;
            match part
                .as_ref()
                .and_then(|item| item.strip_prefix(head.tag.as_bytes()))
            {
                Some(part) if value.len() + part.len() <= head.bytes => {
                    value.extend_from_slice(part);
                }
                _missing_or_foreign => return Ok(None),
            }
        }
        Ok((value.len() == head.bytes).then_some(value))
    }

    /// Removes everything under `user`; missing items count as removed.
    pub(super) fn remove(&self, user: &str) -> Result<()> {
        self.wipe(user)?;
        match self.layout {
            Layout::Whole => Ok(()),
            Layout::Parts(_) => SIDES.iter().try_for_each(|&side| self.sweep(user, side)),
        }
    }

    fn head(&self, user: &str) -> Result<Option<Head>> {
        Ok(self.get(user)?.and_then(|json| read_head(&json)))
    }

    fn sweep(&self, user: &str, side: char) -> Result<()> {
        (0..MAX_PARTS).try_for_each(|n| self.wipe(&part_name(user, side, n)))
    }

    fn entry(&self, user: &str) -> Result<Entry> {
        let mut modifiers = self.modifiers.clone();
        // Leftovers of a sign-out must not look like a saved sign-in.
        if user.starts_with("v1:journal:")
            && let Some(label) = modifiers.get_mut("label")
        {
            *label = "cordon journal";
        }
        self.store.build(SERVICE, user, Some(&modifiers))
    }

    /// Writes one item; replaces all items if there are duplicates.
    fn set(&self, user: &str, value: &[u8]) -> Result<()> {
        match self.entry(user)?.set_secret(value) {
            Err(Error::Ambiguous(entries)) => {
                entries.iter().try_for_each(Entry::delete_credential)?;
                self.entry(user)?.set_secret(value)
            }
            set => set,
        }
    }

    /// [`Self::get_only`], with duplicates counted as none.
    fn get(&self, user: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        match self.get_only(user) {
            Err(Error::Ambiguous(_)) => Ok(None),
            got => got,
        }
    }

    /// Content of one item.
    ///
    /// # Errors
    /// [`Error::Ambiguous`] when there were duplicates: all are removed, as the newest is unknown.
    fn get_only(&self, user: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        match self.entry(user)?.get_secret() {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(Error::NoEntry) => Ok(None),
            // Damaged or foreign: treated as absent. The bytes inside are never shown.
            Err(Error::BadEncoding(bytes) | Error::BadDataFormat(bytes, _)) => {
                drop(Zeroizing::new(bytes));
                Ok(None)
            }
            Err(Error::Ambiguous(entries)) => {
                entries.iter().try_for_each(Entry::delete_credential)?;
                Err(Error::Ambiguous(Vec::new()))
            }
            Err(error) => Err(error),
        }
    }

    fn wipe(&self, user: &str) -> Result<()> {
        match self.entry(user)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(Error::Ambiguous(entries)) => entries.iter().try_for_each(Entry::delete_credential),
            Err(error) => Err(error),
        }
    }
}

fn read_head(json: &[u8]) -> Option<Head> {
    let head: Head = serde_json::from_slice(json).ok()?;
    SIDES.contains(&head.side).then_some(head)
}

fn part_name(user: &str, side: char, n: usize) -> String {
    format!("{user}#{side}{n}")
}

#[cfg(test)]
mod tests {
    use keyring_core::mock;

    use super::*;

    const USER: &str = "v1:test";

    fn items(layout: Layout) -> ChunkedStore {
        ChunkedStore {
            store: mock::Store::new().expect("a mock"),
            modifiers: HashMap::new(),
            layout,
        }
    }

    fn load(items: &ChunkedStore) -> Option<Vec<u8>> {
        items
            .load(USER)
            .expect("no fault was set")
            .map(|bytes| bytes.to_vec())
    }

    fn fail_next(items: &ChunkedStore, user: &str) {
        let entry = items.entry(user).expect("a mock entry");
        let cred: &mock::Cred = entry.as_any().downcast_ref().expect("a mock credential");
        cred.set_error(Error::NoStorageAccess("locked".into()));
    }

    #[test]
    fn values_of_any_size_are_read_back() {
        for layout in [Layout::Whole, Layout::Parts(40)] {
            let items = items(layout);
            assert_eq!(load(&items), None);
            for size in [1, 24, 25, 190, 30, 3] {
                let value: Vec<u8> = (0..size).collect();
                items.put(USER, &value).expect("it fits");
                assert_eq!(load(&items), Some(value));
            }
            items.remove(USER).expect("no fault was set");
            items.remove(USER).expect("removing twice is fine");
            assert_eq!(load(&items), None);
        }
    }

    #[test]
    fn item_size_is_bounded_and_overlong_value_is_refused() {
        let items = items(Layout::Parts(40));
        items.put(USER, &[7; 100]).expect("it fits");
        for n in 0..5 {
            let item = items
                .get(&part_name(USER, 'a', n))
                .expect("no fault was set")
                .expect("five parts");
            assert!(item.len() <= 40);
        }
        assert!(matches!(
            items.put(USER, &[7; 24 * 8 + 1]),
            Err(Error::TooLong(..))
        ));
        assert_eq!(load(&items), Some(vec![7; 100]));
    }

    #[test]
    fn value_replaces_duplicates() {
        let items = items(Layout::Whole);
        let entry = items.entry(USER).expect("a mock entry");
        let cred: &mock::Cred = entry.as_any().downcast_ref().expect("a mock credential");
        cred.set_error(Error::Ambiguous(Vec::new()));
        items.put(USER, &[1; 30]).expect("duplicates replaced");
        assert_eq!(load(&items), Some(vec![1; 30]));
    }

    #[test]
    fn interrupted_write_keeps_the_old_value() {
        for broken in ["v1:test#b2", "v1:test#b0"] {
            let items = items(Layout::Parts(40));
            items.put(USER, &[1; 100]).expect("it fits");
            fail_next(&items, broken);
            assert!(items.put(USER, &[2; 100]).is_err());
            assert_eq!(load(&items), Some(vec![1; 100]));
            items.put(USER, &[3; 100]).expect("the fault is over");
            assert_eq!(load(&items), Some(vec![3; 100]));
        }
    }

    #[test]
    fn value_with_missing_or_foreign_part_is_absent() {
        let items = items(Layout::Parts(40));
        items.put(USER, &[1; 100]).expect("it fits");
        items
            .entry("v1:test#a1")
            .and_then(|e| e.set_secret(&[0; 40]))
            .expect("a mock write");
        assert_eq!(load(&items), None);
        items.put(USER, &[1; 100]).expect("it fits");
        items.wipe("v1:test#b3").expect("a mock write");
        assert_eq!(load(&items), None);
        fail_next(&items, USER);
        assert!(items.load(USER).is_err());
    }
}
