//! Blocks of files on every device, and their removal: requests without a machine action, whose outcome is
//! read from the tenant's indicators.

use std::path::Path;

use cordon::action::{ActionKind, Draft, EXPIRES, FILE, INDICATOR, REACTION};
use cordon::journal::{NotSentReason, OrderStatus, Record};
use cordon::message::Command;
use cordon::model::{EVERYWHERE, EntryId, MachineRef};
use serde_json::{Value, json};

use crate::common::{
    Console, Engine, SHA1 as MALWARE, author, fault, journal_on_disk, leave, place, signed_in,
};
use crate::file_facts::SHA256;

/// Blocked by a colleague from the start.
const THEIRS: &str = "4388963aaa83afe2042a46a3c017ad50bdcdafb3";
const COLLEAGUE: &str = "s.weber@contoso.com";

/// An order to block the file with this hash.
pub fn block(hash: &str) -> Draft {
    let mut draft = Engine::draft(ActionKind::BlockFile, &MachineRef::every_device());
    draft.set(&FILE, hash);
    draft.typed_name = EVERYWHERE.into();
    draft
}

/// An order to remove this block of it.
pub fn removal(id: &str, hash: &str) -> Draft {
    let mut draft = Engine::draft(ActionKind::RemoveBlock, &MachineRef::every_device());
    draft.set(&INDICATOR, id);
    draft.set(&FILE, hash);
    draft
}

fn sent(engine: &Engine, method: &str) -> Vec<(String, Value)> {
    let requests = engine.control.requests().into_iter();
    let sent = requests.filter(|r| r.path.contains("/indicators") && r.method == method);
    sent.map(|r| (r.path, r.body)).collect()
}

/// Descriptions of a file's indicators.
fn shown(engine: &Engine, hash: &str) -> Vec<String> {
    let all = engine.control.indicators().into_iter();
    let of_file = all.filter(|one| one["indicatorValue"] == hash);
    let text = |one: Value| one["description"].as_str().unwrap_or_default().to_owned();
    of_file.map(text).collect()
}

fn read(engine: &mut Engine) {
    let before = engine.state.indicators.read_at();
    engine.send(Command::LoadIndicators);
    engine.until("the indicators", move |s| s.indicators.read_at() != before);
}

/// Asserts that the review of the order contains these words.
#[track_caller]
fn assert_found(engine: &Engine, draft: &Draft, words: &str) {
    let now = jiff::Timestamp::now();
    let review = |facts: &cordon::guard::Facts<'_>| cordon::guard::review(draft, facts);
    let found = engine
        .state
        .with_facts(&draft.machine, now, review)
        .findings;
    let is_found = found.iter().any(|found| found.text().contains(words));
    assert!(is_found, "{words}: {found:?}");
}

/// Asserts that an order was not sent because a colleague had changed something meanwhile.
#[track_caller]
fn assert_unsent(engine: &mut Engine, entry: EntryId, changed: &str) {
    let end = engine.until_end(entry);
    let OrderStatus::NotSent { why, detail } = &end else {
        panic!("{end:?}")
    };
    assert_eq!(*why, NotSentReason::FactsChanged);
    let detail = detail.as_deref().unwrap_or_default();
    assert!(detail.contains(changed), "{detail}");
    assert!(sent(engine, "POST").is_empty());
}

fn own_id(engine: &Engine, entry: EntryId) -> String {
    let known = engine.state.entry(entry).expect("it is there");
    known.own_action().expect("an indicator").to_string()
}

#[test]
fn block_is_sent_as_documented_shown_and_removed() {
    let (_tenant, _folder, mut engine) = signed_in();
    for (hash, of_type, reaction, done) in [
        (
            MALWARE,
            "FileSha1",
            "BlockAndRemediate",
            "Blocked everywhere",
        ),
        (SHA256, "FileSha256", "Audit", "Audited everywhere"),
    ] {
        let mut draft = block(hash);
        draft.set(&REACTION, reaction);
        draft.set(&EXPIRES, "2099-12-06 07:40");
        let entry = engine.submit(&draft);
        engine.until_done(entry);
        let known = engine.state.entry(entry).expect("it is there").clone();
        assert_eq!(known.status().word(&known.order.task), done);
        let (path, body) = sent(&engine, "POST").pop().expect("a request");
        assert!(path.ends_with("/api/indicators"), "{path}");
        let expected = json!({
            "indicatorValue": hash, "indicatorType": of_type, "action": reaction,
            "expirationTime": "2099-12-06T07:40:00Z", "title": format!("cordon {entry}"),
            "description": format!("[{entry}] alert 1234"), "generateAlert": true
        });
        assert_eq!(body, expected);
        assert_eq!(shown(&engine, hash), [format!("[{entry}] alert 1234")]);
        assert!(journal_on_disk(&engine.journal).contains(&known));

        let id = own_id(&engine, entry);
        let removed = engine.submit(&removal(&id, hash));
        engine.until_done(removed);
        let (path, body) = sent(&engine, "DELETE").pop().expect("a request");
        assert!(path.ends_with(&format!("/api/indicators/{id}")), "{path}");
        assert_eq!(body, Value::Null);
        assert_eq!(shown(&engine, hash), [""; 0]);
    }
    let counts = ["POST", "DELETE"].map(|method| sent(&engine, method).len());
    assert_eq!(counts, [2, 2]);
}

#[test]
fn lost_or_incomplete_answer_is_settled_by_reading_the_indicators() {
    for (what, is_done) in [
        ("drop_after", true),
        ("garbage", true),
        ("empty:200", true),
        ("noid", true),
        ("lacks:indicatorValue", true),
        ("lacks:action", true),
        ("lacks:expirationTime", true),
        ("lacks:description", true),
        ("drop_before", false),
        ("html:502", false),
    ] {
        let (_tenant, _folder, mut engine) = signed_in();
        engine.inject("submit:indicators", what, 1);
        let entry = engine.submit(&block(MALWARE));
        let end = engine.until_end(entry);
        let expected = if is_done { "Done" } else { "NotFound" };
        assert_eq!(end.key(), expected, "{what}: {end:?}");
        let count = shown(&engine, MALWARE).len();
        assert_eq!(count, usize::from(is_done), "{what}");
        assert_eq!(sent(&engine, "POST").len(), 1, "{what}");
    }
}

#[test]
fn removal_is_done_once_the_block_is_gone_and_says_if_it_was_gone_before() {
    for (what, is_done) in [("drop_after", true), ("drop_before", false)] {
        let (_tenant, _folder, mut engine) = signed_in();
        let entry = engine.submit(&block(MALWARE));
        engine.until_end(entry);
        engine.inject("submit:indicators", what, 1);
        let removed = engine.submit(&removal(&own_id(&engine, entry), MALWARE));
        let expected = if is_done { "Done" } else { "NotFound" };
        assert_eq!(engine.until_end(removed).key(), expected, "{what}");
        assert_eq!(sent(&engine, "DELETE").len(), 1, "{what}");
    }
    let (_tenant, _folder, mut engine) = signed_in();
    let entry = engine.submit(&block(MALWARE));
    engine.until_end(entry);
    let id = own_id(&engine, entry);
    engine.control.indicate_as(COLLEAGUE, MALWARE, None, "");
    engine.send(Command::LoadIndicators);
    // The reading after the order may still be running.
    engine.until("the removal", |s| {
        let read = s.indicators.get();
        read.is_some_and(|read| read.of_files.iter().all(|one| !one.is_about(MALWARE)))
    });
    let removal = removal(&id, MALWARE);
    assert_found(&engine, &removal, "no block with the number");
    let removed = engine.submit(&removal);
    assert_eq!(engine.until_end(removed).key(), "Done");
    let records = engine.state.entry(removed).expect("it is there").records();
    let says = |record: &Record| matches!(record, Record::Finished { comment: Some(said), .. } if said.contains("Already removed"));
    let is_said = records.iter().any(|(_, record)| says(record));
    assert!(is_said, "{records:?}");
}

#[test]
fn colleagues_block_is_shown_and_never_overwritten_unseen() {
    let (_tenant, _folder, mut engine) = signed_in();
    read(&mut engine);
    let already = "By s.weber@contoso.com, this file is already blocked";
    assert_found(&engine, &block(THEIRS), already);
    assert_found(&engine, &block(THEIRS), "Yours replaces it");

    // Added between review and sending.
    let approval = engine.approve(&block(MALWARE)).expect("nothing blocks it");
    let entry = approval.order().entry;
    let why = "INC-1 theirs";
    engine
        .control
        .indicate_as(COLLEAGUE, MALWARE, Some("BlockAndRemediate"), why);
    engine.submit_approved(entry, approval);
    assert_unsent(&mut engine, entry, COLLEAGUE);
    assert_eq!(shown(&engine, MALWARE), [why]);

    // The same for an indicator that allows the file.
    let approval = engine.approve(&block(SHA256)).expect("nothing is known");
    let entry = approval.order().entry;
    let theirs = "INC-2 allowed by hand";
    let allows = Some("Allowed");
    engine
        .control
        .indicate_as(COLLEAGUE, SHA256, allows, theirs);
    engine.submit_approved(entry, approval);
    assert_unsent(&mut engine, entry, "Allowed");
    assert_eq!(shown(&engine, SHA256), [theirs]);

    // Once known, it is replaced.
    read(&mut engine);
    let entry = engine.submit(&block(MALWARE));
    assert_eq!(engine.until_end(entry).key(), "Done");
    assert_eq!(shown(&engine, MALWARE), [format!("[{entry}] alert 1234")]);
    let not_yours = "This block was created by s.weber@contoso.com, not by you";
    assert_found(&engine, &removal("994", THEIRS), not_yours);
}

#[test]
fn full_tenant_past_expiry_missing_word_and_missing_permission_stop_a_block() {
    let (_tenant, _folder, mut engine) = signed_in();
    engine.control.crowd_indicators(15_000);
    let entry = engine.submit(&block(MALWARE));
    let end = engine.until_end(entry);
    assert!(
        matches!(&end, OrderStatus::Refused { status: 400, message, .. }
        if message.contains("15000")),
        "{end:?}"
    );
    assert_eq!(sent(&engine, "POST").len(), 1);

    let mut past = block(SHA256);
    past.set(&EXPIRES, "2020-01-01");
    let why = engine.approve(&past).expect_err("it is past");
    assert!(why.contains("is in the past"), "{why}");
    let mut untyped = block(SHA256);
    untyped.typed_name = "87662bc3".into();
    let why = engine.approve(&untyped).expect_err("the word is missing");
    assert!(why.contains("Type the word “everywhere”"), "{why}");
    let mut endless = block(SHA256);
    endless.set(&EXPIRES, "");
    assert!(endless.parse().is_err(), "an end is required");
    // Removing is never harder than blocking.
    let mut back = removal("995", MALWARE);
    back.typed_name.clear();
    assert!(engine.approve(&back).is_ok());

    let (simulator, folder) = place();
    simulator
        .control()
        .set_permissions(&["Machine.Read", "Machine.Isolate"]);
    let engine = Engine::start_signed_in(&simulator, folder.path());
    let why = engine.approve(&block(MALWARE)).expect_err("not permitted");
    assert!(why.contains("lacks the permission Ti.ReadWrite"), "{why}");
}

/// The entry of a console that was killed after sending the request.
fn left_behind(folder: &Path, engine: Engine, draft: &Draft) -> EntryId {
    let account = engine.state.session.account().cloned().expect("signed in");
    let path = engine.journal.clone();
    drop(engine);
    assert!(path.starts_with(folder));
    let order = draft.parse().expect("complete");
    leave(&path, author(&account), order, &[Record::Sent])
}

#[test]
fn block_interrupted_by_a_kill_is_looked_up_and_never_resent() {
    for is_stored in [true, false] {
        let (simulator, folder) = place();
        let engine = Engine::start_signed_in(&simulator, folder.path());
        let draft = block(MALWARE);
        if is_stored {
            let text = format!("[{}] alert 1234", draft.entry);
            let control = simulator.control();
            control.indicate_as("jane", MALWARE, Some("BlockAndRemediate"), &text);
        }
        let entry = left_behind(folder.path(), engine, &draft);
        let mut engine = Engine::start_signed_in(&simulator, folder.path());
        let expected = if is_stored { "Done" } else { "NotFound" };
        assert_eq!(engine.until_end(entry).key(), expected);
        assert!(sent(&engine, "POST").is_empty());
    }
}

#[test]
fn file_is_blocked_from_the_window_listed_and_undone_by_its_number() {
    let mut console = Console::signed_in();
    console.open_device("ENG-LT-030");
    console.click("Block file everywhere…");
    console.until_shows_part("Type the word");
    console.fill("Hash of the file", MALWARE);
    console.fill("Type the word “everywhere”", EVERYWHERE);
    console.fill("Comment", "INC-4711 beacon");
    console.until_shows_part("Malware");
    console.confirm("Block file on every device of the tenant");
    console.step_until_fast("the end", |c| c.shows_part("Blocked everywhere"));
    assert!(
        !console.screen().contains("unnamed device"),
        "{}",
        console.screen()
    );
    console.click("Undo…");
    console.until_shows("Remove block of a file");
    let screen = console.screen();
    assert!(screen.contains("Number of the block = 995"), "{screen}");
    assert!(
        screen.contains(&format!("Hash of the file = {MALWARE}")),
        "{screen}"
    );
}

/// The file's devices are shown, but the order is tenant-wide and names none of them; neither does the page
/// of the incident.
#[test]
fn tenant_wide_order_takes_in_no_devices_and_counts_as_none() {
    let mut console = Console::signed_in();
    console.open_device("ENG-LT-030");
    console.click("Block file everywhere…");
    console.until_shows_part("Type the word");
    console.fill("Hash of the file", THEIRS);
    console.until_shows("Seen on 4 devices");
    console.click("Seen on 4 devices");
    console.until_shows_part("HR-LT-007 (…");
    assert!(!console.shows_part("Add all"), "{}", console.screen());
    console.fill("Hash of the file", MALWARE);
    console.fill("Type the word “everywhere”", EVERYWHERE);
    console.fill("Comment", "INC-4712 beacon");
    console.until_shows_part("Malware");
    console.confirm("Block file on every device of the tenant");
    console.step_until_fast("the end", |c| c.shows_part("Blocked everywhere"));
    console.harness.key_press(egui::Key::F9);
    console.until_shows_part("0 devices, 0 contained");
    console.assert_shows("Tag 0 devices…");
}

/// Like the lists of machines and actions when `nextLink` leads to another host.
#[test]
fn indicators_are_counted_on_when_the_next_link_is_not_followed() {
    for (mode, times, is_whole) in [
        ("foreign", 1, true),
        ("malformed", 1, true),
        ("foreign", 0, false),
    ] {
        let (_tenant, _folder, mut engine) = signed_in();
        read(&mut engine);
        let control = engine.control.clone();
        control.inject(fault("indicators", &format!("next_link:{mode}"), times));
        let before = control.requests().len();
        read(&mut engine);
        let read = engine.state.indicators.get().expect("read");
        assert_eq!(read.is_complete, is_whole, "{mode} {times}");
        let asked = control.requests().split_off(before);
        let of_list = asked.iter().filter(|r| r.path.ends_with("/indicators"));
        let counted = of_list.filter(|r| r.query.contains("$skip="));
        assert_eq!(counted.count(), 1, "{mode} {times}");
    }
}
