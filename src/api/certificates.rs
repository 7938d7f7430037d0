//! The place of root certificates that a variable names.

use std::path::Path;

use crate::files::{self, RefusedFile};
use crate::platform::SYSTEM_JUDGES;

/// On Linux a library reads it in whole, whatever it is. Windows and macOS judge by their own store.
const VARIABLE: &str = "SSL_CERT_FILE";
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Why what is named as a file of certificates cannot be read, if anything is: a pipe or a device would
/// be waited for, or never come to an end.
#[must_use]
pub fn unusable_certificates() -> Option<String> {
    let file = std::env::var_os(VARIABLE).filter(|_| !SYSTEM_JUDGES)?;
    let why = match files::read_provided(Path::new(&file), MAX_BYTES) {
        Ok(Some(_)) => return None,
        Ok(None) => "is not there".to_owned(),
        Err(error) => match RefusedFile::within(&error) {
            Some(refusal) => format!("cannot be read: it {}", refusal.problem),
            None => format!("cannot be read: {error}"),
        },
    };
    Some(format!(
        "the file of certificates that {VARIABLE} names {why}"
    ))
}
