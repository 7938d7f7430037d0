//! From a file or its hash to its SHA-1, and on to the devices that have it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon::action::ActionKind;
use egui::DroppedFile;
use egui_kittest::kittest::Queryable as _;

use crate::common::{Console, SHA1, asked_for, posts, sent};

/// The other hash of the same file.
pub const SHA256: &str = "5f3c6e1f0c1b1d5f7f1e36b2f8a0d3b6c9e2a4d7f0b3c6e9a1d4f7b0c3e6a9d2";

const FIELD: &str = "SHA-1 of the file";

/// A file as the system hands it over.
#[derive(Debug)]
struct Dropped(PathBuf);

impl DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("nobody reads it in the window".to_owned())
    }
}

fn at_work(device: &str) -> Console {
    let mut console = Console::signed_in();
    console.open_device(device);
    console
}

fn open_form(console: &mut Console) {
    console.harness.run_steps(3);
    console.click("Quarantine file…");
    console.until_shows("Comment");
}

/// Requested paths under `/files`.
fn asked(console: &Console) -> Vec<String> {
    let requests = console.control.requests();
    let paths = requests.into_iter().map(|request| request.path);
    paths.filter(|path| path.contains("/files/")).collect()
}

fn drop_on(console: &mut Console, files: &[&Path]) {
    let dropped = &mut console.harness.input_mut().dropped_files;
    for file in files {
        dropped.push(Arc::new(Dropped((*file).to_owned())));
    }
    console.harness.run_steps(3);
}

#[test]
fn facts_of_a_file_are_beside_the_field() {
    let mut console = at_work("ENG-LT-030");
    open_form(&mut console);
    console.fill(FIELD, SHA1);
    for part in [
        "invoice_0711.exe · signer not reported",
        "Malware · Trojan:Win32/Pretender.A · 1 device here · 3 devices worldwide",
        "391.6 kB · seen here from 2 d ago to 30 min ago · seen worldwide from",
    ] {
        console.step_until(part, |c| c.shows_part(part));
    }
}

#[test]
fn hash_without_a_look_up_or_unknown_hash_says_what_to_do() {
    let mut console = at_work("ENG-LT-030");
    open_form(&mut console);
    console.fill(FIELD, &"a".repeat(32));
    let says = "Take the SHA-1 or SHA-256 from the alert, or have the file itself hashed here";
    console.until_shows_part(says);
    console.fill(FIELD, &"b".repeat(64));
    let says = "Defender has never seen this SHA-256, and so knows no SHA-1 for it";
    console.until_shows(says);
    assert!(!console.shows_part("Use its SHA-1"));
    // There is no look-up by MD5, and the SHA-1 found by SHA-256 is not looked up again.
    console.fill(FIELD, SHA256);
    let offer = format!("Use its SHA-1 {SHA1}");
    console.until_shows(&offer);
    console.click(&offer);
    console.until_shows("Seen on 1 device");
    console.click("Keep file");
    console.until_worker_caught_up();
    let paths = ["b".repeat(64), SHA256.to_owned(), format!("{SHA1}/stats")];
    let paths = paths.map(|path| format!("/api/files/{path}"));
    assert_eq!(asked(&console), paths);
    assert_eq!(posts(&console.control), [""; 0]);
}

#[test]
fn devices_that_have_the_file_are_selected_for_one_batch() {
    let mobisaver = "4388963aaa83afe2042a46a3c017ad50bdcdafb3";
    let mut console = at_work("FIN-LT-043");
    open_form(&mut console);
    console.fill(FIELD, mobisaver);
    console.until_shows("Seen on 4 devices");
    console.click("Seen on 4 devices");
    console.until_shows("Add all 3");
    console.click("Add all 3");
    console.until_shows("Quarantine file on 4 devices");
    // One is removed again; the last one stays.
    console.step_until("their names", |c| {
        c.shows_part("SALES-LT-019") || c.shows_part("HR-LT-007")
    });
    let released = crate::common::machine_named(&console.control, "HR-LT-007");
    let label = format!("HR-LT-007 (…{})", released.tail());
    console.harness.get_by_label(&label).click_accesskit();
    console.until_shows("Quarantine file on 3 devices");
    console.fill("Comment", "INC-4711 unwanted program");
    console.fill("Type the number of devices", "3");
    while console.shows_part("Show next (") {
        console.harness.key_press(egui::Key::PageDown);
        console.harness.run_steps(4);
    }
    console.confirm("Quarantine file on 3 devices");
    console.step_until_fast("three orders", |c| posts(&c.control).len() == 3);
    let bodies = asked_for(&console.control, "/StopAndQuarantineFile");
    assert!(
        bodies
            .iter()
            .all(|request| request.body["Sha1"] == mobisaver)
    );
    let batch = console.state().entries[0].order.batch;
    let kinds = console
        .state()
        .entries
        .iter()
        .map(|entry| (entry.order.task.kind(), entry.order.batch));
    let kind = Some(ActionKind::StopAndQuarantineFile);
    assert!(batch.is_some() && kinds.eq([(kind, batch); 3]));
}

#[test]
fn an_alerts_file_is_one_click_from_its_quarantine() {
    let mut console = Console::signed_in();
    let machine = console.open_device("FIN-LT-042");
    let button = "Quarantine this file…: invoice_0711.exe";
    console.until_shows(button);
    console.click(button);
    console.until_shows_part("Trojan:Win32/Pretender.A");
    console.fill("Comment", "INC-4711 dropper");
    console.confirm(&format!("Quarantine file on {}", machine.quoted()));
    console.step_until_fast("the order", |c| posts(&c.control).len() == 1);
    let sent = sent(&console.control, "/StopAndQuarantineFile");
    assert_eq!(sent.body["Sha1"], SHA1);
}

#[test]
fn service_that_adds_no_evidence_is_asked_for_the_alerts_alone() {
    let mut console = Console::signed_in();
    console.inject("alerts", "status:400::ODataError", 1);
    console.open_device("FIN-LT-042");
    console.until_shows("Alerts (3)");
    assert!(!console.shows_part("Quarantine this file…"));
    let queries = asked_for(&console.control, "/alerts").into_iter();
    let expands = queries.map(|r| r.query.contains("expand=evidence"));
    assert_eq!(expands.collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_dropped_file_opens_the_form_of_the_open_device_with_its_sha_1() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("evil sample.exe");
    std::fs::write(&file, "abc").expect("written");
    let mut console = Console::signed_in();
    drop_on(&mut console, &[&file]);
    console.until_shows_part("The dropped file was not read");
    console.open_device("ENG-LT-030");
    console.harness.run_steps(3);
    drop_on(&mut console, &[&file, folder.path()]);
    console.until_shows_part("Drop one file at a time");
    let big = folder.path().join("big");
    let made = std::fs::File::create(&big).expect("made");
    made.set_len(1 << 40).expect("a hole");
    drop_on(&mut console, &[&big]);
    console.until_shows_part("of 1.0 TB (0 %)");
    let button = |console: &Console, label: &str| console.harness.get_by_label(label).is_focused();
    console.harness.get_by_label("Stop hashing").focus();
    console.harness.run_steps(2);
    console.harness.key_press(egui::Key::Enter);
    console.until_shows("Hash this file");
    assert!(
        button(&console, "Hash this file"),
        "the keyboard stays there"
    );
    drop_on(&mut console, &[folder.path()]);
    console.until_shows_part("This is not a file");
    drop_on(&mut console, &[&file]);
    // FIPS 180-4.
    let (sha1, sha256) = (
        "a9993e364706816aba3e25717850c26c9cd0d89d",
        "SHA-256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    console.step_until("its SHA-256", |c| {
        c.shows_part("Hashed here: evil sample.exe (3 bytes)") && c.shows_part(sha256)
    });
    console.until_shows("Defender has never seen this SHA-1");
    assert_eq!(asked(&console), [format!("/api/files/{sha1}")]);
    // Neither the name nor the content of the file was sent.
    let sent = format!("{:?}", console.control.requests());
    assert!(!sent.contains("evil"), "{sent}");
}

#[test]
fn file_indicators_are_shown_with_the_permission_to_read_them() {
    let mobisaver = "4388963aaa83afe2042a46a3c017ad50bdcdafb3";
    for may in [true, false] {
        let mut console = Console::start();
        let mut granted = vec!["Machine.Read", "Machine.StopAndQuarantine", "File.Read.All"];
        granted.extend(may.then_some("Ti.ReadWrite"));
        console.control.set_permissions(&granted);
        console.sign_in();
        console.open_device("ENG-LT-030");
        open_form(&mut console);
        console.fill(FIELD, mobisaver);
        console.until_shows_part("PUA:Win32/FusionCore");
        let words = "blocked everywhere by s.weber@contoso.com until ";
        assert_eq!(console.shows_part(words), may);
        let asked = asked_for(&console.control, "/indicators");
        assert_eq!(asked.len(), usize::from(may));
    }
}
