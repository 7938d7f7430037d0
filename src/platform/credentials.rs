//! Each system's keyring.

use std::collections::HashMap;
use std::error::Error;
use std::iter::successors;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keyring_core::CredentialStore;

/// Remedy for a missing keyring.
#[cfg(windows)]
pub(crate) const REMEDY: &str = "Sign in to Windows interactively, then try again";
#[cfg(target_os = "macos")]
pub(crate) const REMEDY: &str = "Unlock the login keychain, then try again";
#[cfg(all(unix, not(target_os = "macos")))]
pub(crate) const REMEDY: &str =
    "Install and start gnome-keyring, KWallet or KeePassXC's Secret Service, then try again";

/// Remedy for this keyring error.
pub(crate) fn remedy(why: &(dyn Error + 'static)) -> &'static str {
    let is_secret_service = cfg!(all(unix, not(target_os = "macos")));
    // The only I/O that the store does itself is on the D-Bus socket.
    let is_of_socket = |error: &(dyn Error + 'static)| {
        error.is::<std::io::Error>() || error.is::<Arc<std::io::Error>>()
    };
    let mut causes = successors(Some(why), |error| (**error).source());
    if is_secret_service && causes.any(is_of_socket) {
        "There is no session bus (D-Bus) to reach one through: start cordon from a desktop session, or with `dbus-run-session`"
    } else {
        REMEDY
    }
}

/// Maximum bytes of one item, if a sign-in may be larger: on Windows 2,560.
pub(crate) const LARGEST_PART: Option<usize> = if cfg!(windows) { Some(2500) } else { None };

/// Opens the platform's store. The first time in a run `keyring` picks it; as it does so only once, a store
/// that could not be opened, or broke later, is replaced by a fresh one from its own crate.
///
/// # Errors
/// Why the fresh store could not be opened.
pub(crate) fn open() -> keyring_core::Result<Arc<CredentialStore>> {
    static WAS_ASKED: AtomicBool = AtomicBool::new(false);
    if !WAS_ASKED.swap(true, Ordering::Relaxed)
        && keyring::Entry::store_status().is_ok()
        && let Some(store) = keyring_core::get_default_store()
    {
        return Ok(store);
    }
    open_fresh()
}

#[cfg(windows)]
fn open_fresh() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(target_os = "macos")]
fn open_fresh() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(all(unix, not(target_os = "macos")))]
fn open_fresh() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

/// Modifiers for new items.
pub(crate) fn modifiers() -> HashMap<&'static str, &'static str> {
    if cfg!(windows) {
        // The default, Enterprise, would let the sign-in roam with the profile.
        HashMap::from([("persistence", "Local")])
    } else if cfg!(target_os = "macos") {
        HashMap::new()
    } else {
        HashMap::from([("label", "cordon sign-in")])
    }
}
