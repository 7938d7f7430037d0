//! A panic leaves a short report without payloads; the next start reconciles.

use std::path::Path;

/// Writes what panicked where, and nothing else, to `crash.txt` in `folder`.
///
/// The message of a panic is left out: it may hold what the program was working on.
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
        std::fs::write(&path, &report).ok();
        if cfg!(debug_assertions) {
            previous(panic);
        } else {
            crate::say_error!("{}", report.trim_end());
        }
    }));
}
