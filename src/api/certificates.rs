//! The root certificate file named by an environment variable.

use std::path::Path;

use crate::files::{self, RefusedFile};
use crate::platform::SYSTEM_JUDGES;

/// On Linux a library reads the whole file, of any type. Windows and macOS use their own store.
const VARIABLE: &str = "SSL_CERT_FILE";
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Reason why the file of certificates is unusable, if it is: reading a pipe or a device could
/// block forever.
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
    Some(format!("the certificate file named by {VARIABLE} {why}"))
}
