//! Rules that are edited during a run, or cannot be read again.

use std::path::Path;

use cordon::action::ActionKind;
use cordon::journal::{NotSentReason, OrderStatus};
use cordon::message::Command;
use cordon::settings::FILE_NAME;

use crate::common::{Console, Engine, journal_on_disk, posts, signed_in};

const SHARED: &str = "team.toml";

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("written");
}

#[test]
fn rule_edited_after_the_confirmation_stops_the_order_with_its_reason() {
    for shared in [false, true] {
        let (_simulator, folder, mut engine) = signed_in();
        let rule = "[policy]\nprotected_names = [\"ENG-LT-030\"]\n";
        if shared {
            write(folder.path(), SHARED, "");
            write(
                folder.path(),
                FILE_NAME,
                "[policy]\nshared_file = \"team.toml\"\n",
            );
        }
        let machine = engine.loaded("ENG-LT-030");
        let draft = Engine::draft(ActionKind::Isolate, &machine);
        let approval = engine.approve(&draft).expect("nothing blocks it");
        write(folder.path(), if shared { SHARED } else { FILE_NAME }, rule);
        engine.send(Command::Submit(vec![approval]));
        let end = engine.until_end(draft.entry);
        let OrderStatus::NotSent { why, detail } = end else {
            panic!("{end:?}");
        };
        assert_eq!(why, NotSentReason::Blocked);
        let detail = detail.expect("a reason");
        assert!(detail.contains("its name matches “ENG-LT-030”"), "{detail}");
        assert!(posts(&engine.control).is_empty());
    }
}

#[test]
fn opening_a_form_reads_an_edited_rule() {
    let mut console = Console::signed_in();
    let machine = console.open_device("ENG-LT-030");
    let folder = console.journal.parent().expect("a folder").to_owned();
    write(
        &folder,
        FILE_NAME,
        "[policy]\nprotected_names = [\"ENG-LT-030\"]\n",
    );
    console.click("Isolate…");
    console
        .until_shows_part("Your organisation protects this device: its name matches “ENG-LT-030”");
    assert!(posts(&console.control).is_empty(), "{}", machine.name());
}

#[test]
fn vanished_rules_stay_in_force_and_every_disruptive_order_asks_for_the_name() {
    let (_simulator, folder, mut engine) = signed_in();
    write(
        folder.path(),
        SHARED,
        "[policy]\nprotected_tags = [\"tier0\"]\nmost_devices = 3\n",
    );
    write(
        folder.path(),
        FILE_NAME,
        "[policy]\nshared_file = \"team.toml\"\n",
    );
    engine.send(Command::ReadSettings);
    engine.until("the rules", |s| s.policy.max_batch == 3);
    std::fs::remove_file(folder.path().join(SHARED)).expect("it was there");
    let machine = engine.loaded("ENG-LT-030");
    engine.until("the missing rules", |s| s.policy.unread.is_some());
    assert_eq!(engine.state.policy.max_batch, 3);
    assert_eq!(&*engine.state.policy.protected_tags[0], "tier0");
    let mut draft = Engine::draft(ActionKind::Isolate, &machine);
    let refused = engine.approve(&draft).expect_err("the name is wanted");
    assert!(refused.contains("team.toml"), "{refused}");
    draft.typed_name = "ENG-LT-030".into();
    let entry = engine.submit(&draft);
    engine.until_end(entry);
    assert_eq!(posts(&engine.control), ["isolate"]);
    // The journal records that the rules were not read again.
    let on_disk = journal_on_disk(&engine.journal);
    let not_reread = on_disk[0].not_reread().join("; ");
    assert!(not_reread.contains("team.toml"), "{not_reread}");
}

#[test]
fn a_device_that_cannot_be_read_again_is_sent_and_recorded_as_not_reread() {
    let (_simulator, _folder, mut engine) = signed_in();
    let machine = engine.machine("ENG-LT-030");
    for on in ["machine", "machine_actions"] {
        engine.inject(on, "forbidden", 0);
    }
    let draft = Engine::draft(ActionKind::Isolate, &machine);
    let entry = engine.submit(&draft);
    engine.until("the request", |s| {
        let entry = s.entry(entry);
        entry.is_some_and(|e| e.first_sent_at().is_some())
    });
    let on_disk = journal_on_disk(&engine.journal);
    let not_reread = on_disk[0].not_reread().join("; ");
    let why = "the device's record and actions, the last reading failed: ";
    assert!(not_reread.starts_with(why), "{not_reread}");
}
