//! What is left when the program comes to an end that nobody meant.

#[test]
fn a_panic_leaves_a_report_that_says_where_and_nothing_of_what() {
    let folder = tempfile::tempdir().expect("a folder");
    cordon::crash::write_reports_to(folder.path());
    let secret = "eyJhbGciOi";
    let died = std::thread::Builder::new()
        .name("a-named-thread".into())
        .spawn(move || panic!("while working on {secret}"))
        .expect("a thread")
        .join();
    // Back to the usual reports, for the tests beside this one.
    drop(std::panic::take_hook());
    assert!(died.is_err());
    let report = std::fs::read_to_string(folder.path().join("crash.txt")).expect("a report");
    assert!(
        report.contains("tests/it/crash.rs") && report.contains("a-named-thread"),
        "{report}"
    );
    assert!(!report.contains(secret), "{report}");
}
