//! Secrets stay where they belong: the real program plays good and bad sign-ins and orders with the most
//! verbose log, and then everything it left is searched.

use std::path::Path;
use std::process::Command as Program;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use cordon::model::SessionStatus;
use egui_kittest::kittest::NodeT as _;

use crate::common::{Console, fault, tenant};
use crate::crash::panic_over;
use crate::person::press;

const PROGRAM: &str = env!("CARGO_BIN_EXE_cordon");

/// A secret in each spelling in which it could leak: as it is, percent-encoded, as JSON, in base64. Of long
/// ones the first and last characters suffice, as logs truncate.
fn spellings(secret: &str) -> Vec<String> {
    let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let json = serde_json::to_string(secret).expect("a string");
    let mut all = vec![
        secret.to_owned(),
        percent,
        json.trim_matches('"').to_owned(),
        STANDARD.encode(secret),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
    ];
    if secret.len() > 120 {
        // Tokens begin alike, and differ in the middle.
        all.push(secret[60..100].to_owned());
        all.push(secret[secret.len() - 40..].to_owned());
    }
    all
}

/// The beginning of a secret found in `haystack`, if any.
fn found(secrets: &[String], haystack: &[u8]) -> Option<String> {
    let haystack = String::from_utf8_lossy(haystack);
    secrets
        .iter()
        .flat_map(|secret| spellings(secret))
        .find(|needle| haystack.contains(needle))
        .map(|needle| needle.chars().take(12).collect())
}

fn assert_clean(secrets: &[String], what: &str, haystack: &[u8]) {
    let hit = found(secrets, haystack);
    assert_eq!(hit, None, "a secret in {what}");
}

fn assert_folder_clean(secrets: &[String], folder: &Path) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            // A file that was replaced meanwhile; its replacement has another name or comes next.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => panic!("{}: {error}", path.display()),
        };
        assert_clean(secrets, &path.display().to_string(), &bytes);
        files += 1;
    }
    files
}

#[test]
fn search_finds_secrets_hidden_in_any_spelling() {
    let secret = "1.abc+/=\"é".to_owned() + &"x".repeat(130);
    for spelling in spellings(&secret) {
        let hidden = format!("before {spelling} after");
        assert!(found(std::slice::from_ref(&secret), hidden.as_bytes()).is_some());
    }
    assert_eq!(found(&[secret], b"nothing of the kind"), None);
}

/// The whole program without a window: code, devices, every kind of order, with the most verbose log of all
/// crates.
#[test]
fn no_secret_is_in_log_journal_settings_or_exports_of_a_run() {
    let simulator = tenant();
    let control = simulator.control();
    let folder = tempfile::tempdir().expect("a folder");
    let mut logs = Vec::new();
    let (clock, over) = (control.clone(), Arc::new(AtomicBool::new(false)));
    let stop = Arc::clone(&over);
    // The tenant's clock runs twenty times faster, as configured in the program.
    let ticking = std::thread::spawn(move || {
        while !stop.load(Ordering::Acquire) {
            clock.advance(Duration::from_millis(950));
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let mut run = |faults: &[(&str, &str, u32)]| {
        for (on, what, times) in faults {
            control.inject(fault(on, what, *times));
        }
        let output = Program::new(PROGRAM)
            .args([
                "self-test",
                "--stand-in",
                &simulator.address(),
                "--speed",
                "20",
            ])
            .arg("--data-dir")
            .arg(folder.path())
            .env("CORDON_LOG", "trace")
            .env("RUST_BACKTRACE", "1")
            .output()
            .expect("the program starts");
        control.clear_faults();
        logs.extend(output.stdout);
        logs.extend(output.stderr);
    };
    run(&[]);
    run(&[
        ("token", "html:503", 2),
        ("machines", "unauthorized", 1),
        ("submit", "drop_after", 1),
    ]);
    run(&[("token", "truncated", 3), ("machine_actions", "garbage", 2)]);
    run(&[("token", "deep", 2), ("machines", "claims_challenge", 3)]);
    over.store(true, Ordering::Release);
    ticking.join().expect("it ran");
    let secrets = control.secrets();
    assert!(
        secrets.len() > 8,
        "only {} secrets were made",
        secrets.len()
    );
    let text = String::from_utf8_lossy(&logs);
    assert!(
        text.contains("TRACE") || text.contains("DEBUG"),
        "the log is verbose:\n{text}"
    );
    assert_clean(&secrets, "the log", &logs);
    let files = std::fs::read_dir(folder.path()).expect("a folder");
    let mut files = files.map(|file| file.expect("a file").path());
    let journal = files.find(|file| file.extension().is_some_and(|e| e == "sqlite"));
    assert_exports_clean(&secrets, &journal.expect("a journal"));
    assert!(assert_folder_clean(&secrets, folder.path()) > 0);
}

/// Every name, value, description and address in the accessibility tree.
fn accessibility_tree(console: &Console) -> String {
    let nodes = console.harness.root().children_recursive();
    nodes
        .map(|node| format!("{:?}", node.accesskit_node().data()))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The exports of a journal, by the program.
fn assert_exports_clean(secrets: &[String], journal: &Path) {
    for format in ["csv", "json", "markdown"] {
        let export = Program::new(PROGRAM)
            .args(["journal", "export", "--format", format])
            .arg(journal)
            .output()
            .expect("the program starts");
        assert!(export.stdout.len() > 200, "{format} has something in it");
        assert_clean(secrets, format, &export.stdout);
        assert_clean(secrets, format, &export.stderr);
    }
}

/// The window: its accessibility tree in each state of each sign-in method, its files on disk, and a crash
/// report.
#[test]
fn no_secret_reaches_a_screen_reader_a_file_or_a_crash_report() {
    let mut console = Console::start();
    let mut screens = Vec::new();
    let mut look = |console: &Console| {
        screens.push(accessibility_tree(console));
        screens.push(format!("{:?}", console.state()));
    };
    look(&console);
    console.click("Sign in with the browser");
    console.step_until("a page", |c| {
        matches!(c.state().session, SessionStatus::InBrowser(_))
    });
    look(&console);
    let SessionStatus::InBrowser(prompt) = &console.state().session else {
        panic!("just seen")
    };
    let page = prompt.page.clone();
    press("approve", &page);
    console.until_shows("Is this you?");
    look(&console);
    console.click("Continue as jane@contoso.com");
    console.step_until("the list", |c| c.state().inventory.read_at.is_some());
    look(&console);
    console.click("Account");
    look(&console);
    console.click("Close");
    let machine = console.open_device("ENG-LT-030");
    console.order(cordon::action::ActionKind::Isolate, &machine, "alert 1234");
    look(&console);
    console.control.revoke_sign_ins();
    console.harness.key_press(egui::Key::F5);
    console.step_until("the end of the sign-in", |c| {
        matches!(c.state().session, SessionStatus::NeedsSignIn { .. })
    });
    look(&console);
    // Once its response is lost, then it arrives.
    for fails in [true, false] {
        console.click("Sign in with a code");
        console.step_until("a code", |c| {
            matches!(c.state().session, SessionStatus::WaitingForPerson(_))
        });
        look(&console);
        if fails {
            console.inject("token", "garbage", 1);
        }
        assert!(console.control.approve_latest());
        console.step_until("the outcome", |c| {
            c.state().session.is_signed_in() || c.state().sign_in_failure.is_some()
        });
        look(&console);
    }
    assert!(console.state().session.is_signed_in());
    let secrets = console.control.secrets();
    assert!(
        secrets.len() > 6,
        "only {} secrets were made",
        secrets.len()
    );
    // The page's address contains secrets; it is in no text, only behind a button.
    assert_clean(&secrets, "the screen", screens.concat().as_bytes());
    let folder = console.journal.parent().expect("a folder").to_owned();
    assert_exports_clean(&secrets, &console.journal);
    // The worst possible panic message: every secret in use.
    panic_over(&folder, &secrets.join(" "));
    assert!(folder.join("crash.txt").exists());
    assert!(assert_folder_clean(&secrets, &folder) > 1);
}
