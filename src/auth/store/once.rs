//! One-off keyring access for the commands without a window, on a separate thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;

use super::{ChunkedStore, KeyringTrouble, LIMIT, platform_items};
use crate::model::KeyringState;

/// Writes a probe into the keyring and removes it, as a read proves nothing. Waits at most 3 s.
#[must_use]
pub fn probe_keyring() -> KeyringState {
    let item = "v1:probe";
    let probed = ask_once(move |items| {
        items.put(item, b"probe")?;
        items.remove(item)
    });
    probed.map_or_else(|trouble| trouble.state(), |()| KeyringState::Saved)
}

/// The note under `item`, beside the sign-in. Waits at most 3 s.
///
/// # Errors
/// Why it could not be read.
pub fn read_note(item: &str) -> Result<Option<String>, &'static str> {
    let item = item.to_owned();
    match ask_once(move |items| items.load(&item)) {
        Ok(note) => Ok(note.map(|note| String::from_utf8_lossy(&note).into_owned())),
        Err(trouble) => Err(trouble.reason),
    }
}

fn ask_once<T: Send + 'static>(
    ask: impl FnOnce(&ChunkedStore) -> keyring_core::Result<T> + Send + 'static,
) -> Result<T, KeyringTrouble> {
    /// Set after a timeout, so that the folder's other journals do not wait again.
    static IS_SILENT: AtomicBool = AtomicBool::new(false);
    answer_to(&IS_SILENT, move || {
        let answer = platform_items().and_then(|items| ask(&items));
        answer.map_err(|error| KeyringTrouble::from_error(&error))
    })
}

fn answer_to<T: Send + 'static>(
    is_silent: &AtomicBool,
    ask: impl FnOnce() -> Result<T, KeyringTrouble> + Send + 'static,
) -> Result<T, KeyringTrouble> {
    if is_silent.load(Ordering::Relaxed) {
        return Err(KeyringTrouble::silent());
    }
    let (give, take) = sync_channel(1);
    let started = std::thread::Builder::new()
        .name("cordon-keyring-once".into())
        .spawn(move || give.send(ask()).ok());
    if let Ok(Ok(answer)) = started.map(|_detached| take.recv_timeout(LIMIT)) {
        answer
    } else {
        is_silent.store(true, Ordering::Relaxed);
        Err(KeyringTrouble::silent())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unresponsive_keyring_is_waited_for_once() {
        let is_silent = AtomicBool::new(false);
        assert_eq!(answer_to(&is_silent, || Ok(7)).ok(), Some(7));
        let hangs = || {
            std::thread::sleep(LIMIT * 4);
            Ok(7)
        };
        assert!(answer_to(&is_silent, hangs).is_err());
        let (asked, is_asked) = sync_channel(1);
        let ask = move || {
            asked.send(()).ok();
            Ok(7)
        };
        assert!(answer_to(&is_silent, ask).is_err());
        assert!(is_asked.recv().is_err(), "no second request");
    }
}
