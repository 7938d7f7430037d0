//! The keyring of each system.

use std::collections::HashMap;
use std::sync::Arc;

use keyring_core::CredentialStore;

/// What a person can do where there is no keyring.
#[cfg(windows)]
pub(crate) const REMEDY: &str = "Sign in to Windows interactively, then try again";
#[cfg(target_os = "macos")]
pub(crate) const REMEDY: &str = "Unlock the login keychain, then try again";
#[cfg(all(unix, not(target_os = "macos")))]
pub(crate) const REMEDY: &str =
    "Install and start gnome-keyring, KWallet or KeePassXC's Secret Service, then try again";

/// How many bytes one item takes, where that is less than a sign-in: on Windows 2,560.
pub(crate) const LARGEST_PART: Option<usize> = if cfg!(windows) { Some(2500) } else { None };

/// Opens the store anew.
#[cfg(windows)]
pub(crate) fn open() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

/// Opens the store anew.
#[cfg(target_os = "macos")]
pub(crate) fn open() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

/// Opens the store anew.
#[cfg(all(unix, not(target_os = "macos")))]
pub(crate) fn open() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

/// What an item is made with.
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
