//! What is left when the program comes to an end that nobody meant.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// What is done at a panic is the same for all threads of a process, so that one test at a time may
/// change it.
static REPORTING: Mutex<()> = Mutex::new(());

/// Lets a thread panic over `message` while reports go to `folder`.
pub fn panic_over(folder: &Path, message: &str) {
    let _alone = REPORTING.lock().unwrap_or_else(PoisonError::into_inner);
    cordon::crash::write_reports_to(folder);
    let message = message.to_owned();
    let died = std::thread::Builder::new()
        .name("a-named-thread".into())
        .spawn(move || panic!("while working on {message}"))
        .expect("a thread")
        .join();
    // Back to the usual reports, for the tests beside this one.
    drop(std::panic::take_hook());
    assert!(died.is_err());
}

#[test]
fn a_panic_leaves_a_report_that_says_where_and_nothing_of_what() {
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
