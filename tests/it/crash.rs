//! Crash reports.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The panic hook is shared by all threads of a process, so only one test at a time may replace it.
static REPORTING: Mutex<()> = Mutex::new(());

/// Makes a thread panic with `message` while reports go to `folder`.
pub fn panic_over(folder: &Path, message: &str) {
    let _alone = REPORTING.lock().unwrap_or_else(PoisonError::into_inner);
    cordon::crash::write_reports_to(folder);
    let message = message.to_owned();
    let died = std::thread::Builder::new()
        .name("a-named-thread".into())
        .spawn(move || panic!("while working on {message}"))
        .expect("a thread")
        .join();
    // Restores the default hook for other tests.
    drop(std::panic::take_hook());
    assert!(died.is_err());
}

#[test]
fn panic_leaves_a_report_with_the_place_and_without_the_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = "eyJhbGciOi";
    panic_over(folder.path(), secret);
    let report = std::fs::read_to_string(folder.path().join("crash.txt")).expect("a report");
    assert!(
        report.contains("tests/it/crash.rs") && report.contains("a-named-thread"),
        "{report}"
    );
    assert!(!report.contains(secret), "{report}");
}
