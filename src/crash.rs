//! Crash handling: a panic leaves a short report without payloads, and no core dump; the next start reconciles.

use std::path::Path;

use crate::{files, platform};

/// Writes the location of a panic, and nothing else, to `crash.txt` in `folder`.
///
/// The panic's message is left out: it may contain data in progress.
pub fn write_reports_to(folder: &Path) {
    let path = folder.join("crash.txt");
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic
            .location()
            .map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        let thread = std::thread::current()
            .name()
            .unwrap_or("unnamed")
            .to_owned();
        let report = format!(
            "cordon {} panicked at {place} in thread {thread}\n",
            env!("CARGO_PKG_VERSION")
        );
        files::replace(&path, report.as_bytes()).ok();
        if cfg!(debug_assertions) {
            previous(panic);
        } else {
            crate::say_error!("{}", report.trim_end());
        }
    }));
}

/// Excludes the tokens in memory from core dumps and, if the system can, from other processes of the same user.
///
/// # Errors
/// When the system refuses; the run can continue.
pub fn keep_memory_private() -> std::io::Result<()> {
    platform::keep_memory_private()
}
