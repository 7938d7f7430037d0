//! The whole window without a display: found by role and name, clicked, and judged by the journal and by
//! the requests.

use cordon::action::ActionKind;
use cordon::guard::Policy;
use cordon::journal::OrderStatus;
use egui::Key;
use egui_kittest::kittest::Queryable as _;

use crate::common::{
    Console, Engine, asked_about, journal_on_disk, machine_named, place, posts, sent, signed_in,
};

#[test]
fn isolated_is_said_only_after_the_service_said_succeeded() {
    let mut console = Console::signed_in();
    let machine = console.open_device("FIN-LT-042");
    let entry = console.order(ActionKind::Isolate, &machine, "alert 1234");
    console.until_shows("Accepted (Pending)");
    console.step_until("the action's id", |c| c.status(entry).action().is_some());
    let action = console.status(entry).action().expect("just seen").clone();
    let before = asked_about(&console.control, action.as_str());
    console.step_until("two looks", |console| {
        let succeeded = console.control.actions().iter().any(|a| {
            a["status"] == "Succeeded"
                && a["requestorComment"]
                    .as_str()
                    .is_some_and(|c| c.contains(&entry.to_string()))
        });
        assert!(
            succeeded || !console.shows("Isolated"),
            "said too early:\n{}",
            console.screen()
        );
        asked_about(&console.control, action.as_str()) >= before + 2
    });
    // The device list may show it first, from the reading; the journal follows.
    console.step_until_fast("success", |c| {
        c.shows("Isolated") && matches!(c.status(entry), OrderStatus::Done { .. })
    });
    assert_eq!(posts(&console.control), ["isolate"]);
    let written = journal_on_disk(&console.journal);
    assert!(matches!(written[0].status(), OrderStatus::Done { .. }));

    let entry = console.order(ActionKind::Unisolate, &machine, "clean again");
    console.step_until_fast("release", |c| c.shows("Released"));
    assert!(matches!(console.status(entry), OrderStatus::Done { .. }));
    assert_eq!(posts(&console.control), ["isolate", "unisolate"]);
}

#[test]
fn apps_are_restricted_and_a_file_is_quarantined() {
    let mut console = Console::signed_in();
    let machine = console.open_device("FIN-LT-042");
    for (kind, word) in [
        (ActionKind::RestrictCodeExecution, "Restricted"),
        (ActionKind::UnrestrictCodeExecution, "Unrestricted"),
        (ActionKind::StopAndQuarantineFile, "Quarantined"),
    ] {
        console.order(kind, &machine, "alert 1234");
        console.step_until_fast(word, |c| c.shows(word));
    }
    assert_eq!(
        posts(&console.control),
        [
            "restrictCodeExecution",
            "unrestrictCodeExecution",
            "StopAndQuarantineFile"
        ]
    );
}

#[test]
fn form_without_a_comment_or_with_a_wrong_hash_cannot_be_confirmed() {
    let mut console = Console::signed_in();
    let machine = console.open_device("FIN-LT-042");
    console.click("Quarantine file…");
    console.harness.run_steps(8);
    let confirm = format!("Quarantine file on {}", machine.quoted());
    for (sha1, says) in [
        ("", None),
        ("abc", Some("3 digits: a SHA-1 has 40")),
        (
            "d41d8cd98f00b204e9800998ecf8427e",
            Some("This is an MD5 (32 digits), and Defender has no look-up by MD5"),
        ),
    ] {
        if !sha1.is_empty() {
            console.fill("SHA-1 of the file", sha1);
        }
        if let Some(says) = says {
            console.step_until(says, |c| c.shows_part(says));
        }
        console.click(&confirm);
        console.harness.run_steps(3);
        assert!(console.shows("Comment"), "the form stays for {sha1:?}");
    }
    console.harness.key_press(Key::Escape);
    console.harness.run_steps(3);
    assert!(!console.shows("Comment"), "Esc closes");
    console.until_worker_caught_up();
    assert!(console.state().entries.is_empty());
    assert!(posts(&console.control).is_empty());
}

#[test]
fn enter_confirms_nothing_and_command_enter_confirms_once() {
    let mut console = Console::signed_in();
    let machine = console.open_device("FIN-LT-042");
    console.click("Isolate…");
    console.harness.run_steps(8);
    console.harness.key_press(Key::Enter);
    console.harness.run_steps(3);
    console.until_worker_caught_up();
    assert!(
        console.state().entries.is_empty(),
        "Enter on opening keeps the device connected"
    );
    console.click("Isolate…");
    console.fill("Comment", "alert 1234");
    console.harness.run_steps(8);
    console.press_command(Key::Enter);
    console.step_until("the entry", |c| c.state().entries.len() == 1);
    console.step_until("the POST", |c| !posts(&c.control).is_empty());
    console.press_command(Key::Enter);
    console.harness.run_steps(5);
    console.until_worker_caught_up();
    assert_eq!(posts(&console.control), ["isolate"]);
    let request = sent(&console.control, "isolate");
    assert!(request.path.contains(machine.id.as_str()));
}

#[test]
fn twins_are_two_rows_and_the_chosen_one_is_acted_on() {
    let mut console = Console::signed_in();
    console.fill("Search devices", "fin-lt-042");
    let id = machine_named(&console.control, "FIN-LT-042");
    let twins: Vec<_> = {
        let machine = console.machine(&id);
        let mut all = console.state().namesakes(&machine);
        all.push(machine);
        all
    };
    assert!(twins.len() >= 2);
    console.step_until("both rows", |c| {
        twins.iter().all(|m| c.shows_part(&m.name_and_tail()))
    });
    assert!(
        !console.shows_part("Isolate “FIN-LT-042”"),
        "nothing is preselected"
    );
    let machine = console.open_device("FIN-LT-042");
    console.order(ActionKind::Isolate, &machine, "alert 1234");
    console.step_until("the POST", |c| !posts(&c.control).is_empty());
    let request = sent(&console.control, "isolate");
    assert!(request.path.contains(machine.id.as_str()));
}

#[test]
fn a_read_only_console_says_why_it_does_not_act() {
    let (simulator, folder) = place();
    let policy = Policy {
        read_only: true,
        ..Policy::default()
    };
    let mut console = Console::open(&simulator, folder.path(), &policy);
    console.sign_in();
    console.open_device("FIN-LT-042");
    console.click("Isolate…");
    console.harness.run_steps(5);
    assert!(!console.shows("Comment"), "no form opens");
    assert!(
        console.screen().contains("read-only"),
        "{}",
        console.screen()
    );
    assert!(posts(&console.control).is_empty());
}

#[test]
fn names_with_control_and_bidi_characters_are_shown_escaped() {
    let mut console = Console::signed_in();
    let hostile = console
        .control
        .machine_ids()
        .into_iter()
        .find(|(_, name)| name.as_deref().is_some_and(|n| n.contains('\u{202e}')));
    let (id, _) = hostile.expect("the story has one");
    console.fill("Search devices", &id);
    console.until_shows_part("\\u{202e}");
    assert!(!console.screen().contains('\u{202e}'));
    console.fill("Search devices", "");
}

#[test]
fn a_lost_answer_is_unknown_never_failed_and_repeating_is_blocked() {
    let mut console = Console::signed_in();
    let machine = console.open_device("FIN-LT-042");
    console.inject("submit", "drop_after", 1);
    console.inject("machine_actions", "status:500", 40);
    console.order(ActionKind::Isolate, &machine, "alert 1234");
    console.until_shows("Outcome unknown");
    assert!(!console.shows("Failed"));
    console.click("Isolate…");
    console.harness.run_steps(5);
    assert!(!console.shows("Comment"), "no second form");
    console.control.clear_faults();
    console.step_until_fast("the truth", |c| c.shows("Isolated"));
    assert_eq!(posts(&console.control), ["isolate"]);
}

#[test]
fn a_small_scaled_window_still_does_the_job() {
    let (simulator, folder) = place();
    let mut console = Console::open_sized(
        &simulator,
        folder.path(),
        &Policy::default(),
        [640.0, 360.0],
    );
    console.sign_in();
    let machine = console.open_device("FIN-LT-042");
    console.order(ActionKind::Isolate, &machine, "alert 1234");
    console.step_until("the POST", |c| posts(&c.control) == ["isolate"]);
}

#[test]
fn a_protected_device_is_isolated_only_after_its_name_was_typed() {
    let (simulator, folder) = place();
    let policy = Policy {
        protected_tags: vec!["tier0".into()],
        ..Policy::default()
    };
    let mut console = Console::open(&simulator, folder.path(), &policy);
    console.sign_in();
    let machine = console.open_device("DC01.contoso.com");
    console.click("Isolate…");
    console.fill("Comment", "alert 1234");
    console.until_shows_part("Your organisation protects this device: it has the tag “tier0”");
    let confirm = format!("Isolate {}", machine.quoted());
    console.harness.run_steps(8);
    console.click(&confirm);
    console.fill("Type the name of the protected device", "DC02");
    console.until_shows_part("This is not the name of this device");
    console.click(&confirm);
    console.harness.run_steps(3);
    assert!(console.shows("Comment"), "the form stays");
    console.fill("Type the name of the protected device", "dc01");
    console.confirm(&confirm);
    console.step_until("the entry", |c| c.state().entries.len() == 1);
    console.step_until("the request", |c| posts(&c.control).len() == 1);
}

#[test]
fn contained_devices_are_listed_together_and_released_from_there() {
    let mut console = Console::signed_in();
    console.harness.key_press(Key::F6);
    console.step_until("the list", |c| {
        c.shows("Contained now") && c.shows_part("FIN-LT-043")
    });
    assert!(console.shows_part("may still be contained"));
    // A colleague's action from before this console.
    let id = machine_named(&console.control, "FIN-LT-043");
    let machine = console.machine(&id);
    console.click(&format!("Release {}…", machine.quoted()));
    console.fill("Comment", "alert 1234 closed");
    // Its alerts arrive after the form has opened, and have to be seen too.
    console.until_shows_part("1 open alert");
    console.confirm(&format!("Release {}", machine.quoted()));
    console.step_until("the entry", |c| c.state().entries.len() == 1);
    console.step_until_fast("the row to go", |c| {
        let released = c.state().entries[0].status().is_end();
        released && !c.state().contained().iter().any(|row| row.machine.id == id)
    });
}

#[test]
fn isolate_key_contains_a_device_that_cannot_isolate_itself() {
    let mut console = Console::signed_in();
    console.open_device("CAM-LOBBY-01");
    console.press_command(Key::I);
    console.until_shows_part("Contain “CAM-LOBBY-01”");
}

#[test]
fn a_key_never_acts_on_a_device_that_the_search_hides() {
    let mut console = Console::signed_in();
    console.open_device("FIN-LT-043");
    // Typed and acted on in the same frame.
    console.harness.key_press(Key::Slash);
    console.harness.step();
    console
        .harness
        .event(egui::Event::Text("eng-lt-030".into()));
    console.harness.step();
    console.press_command(Key::I);
    console.until_shows_part("No device is open");
    assert!(!console.shows_part("Isolate “FIN-LT-043”"));
    console.harness.key_press(Key::Enter);
    console.harness.run_steps(2);
    console.press_command(Key::I);
    console.until_shows_part("Isolate “ENG-LT-030”");
    // Escape returns the keyboard to the list; the next text is a new search.
    console.harness.key_press(Key::Escape);
    console.harness.run_steps(2);
    console.harness.key_press(Key::Slash);
    console.harness.step();
    console
        .harness
        .event(egui::Event::Text("fin-lt-042".into()));
    console.step_until("both twins", |c| {
        let named = c.harness.query_all_by_label_contains("FIN-LT-042 (");
        named.count() >= 2
    });
}

#[test]
fn sign_in_that_ends_with_an_open_form_is_renewed_from_there_and_keeps_the_text() {
    let mut console = Console::signed_in();
    console.open_device("ENG-LT-030");
    console.control.revoke_sign_ins();
    // The form reads its device again and finds the sign-in ended.
    console.click("Isolate…");
    console.step_until("the end of the sign-in", |c| {
        !c.state().session.is_signed_in()
    });
    console.fill("Comment", "INC-4711 beacon seen");
    // The banner behind the form has the same buttons.
    console.until_shows("What you have typed is kept");
    let sign_in_methods = console.harness.query_all_by_label("Sign in with a code");
    sign_in_methods.last().expect("in the form").click();
    console.step_until("the form to wait behind the code", |c| !c.shows("Comment"));
    console.until_code_approved();
    console.until_shows("Comment");
    assert!(console.shows_part("INC-4711 beacon seen"));
}

#[test]
fn file_is_looked_up_before_it_is_quarantined() {
    let mut console = Console::start();
    console.control.set_permissions(&[
        "Machine.Read",
        "Machine.StopAndQuarantine",
        "File.Read.All",
    ]);
    console.sign_in();
    console.open_device("ENG-LT-030");
    console.click("Quarantine file…");
    console.fill(
        "SHA-1 of the file",
        "dd399ae46303343f9f0da189aee11c67bd868222",
    );
    console.until_shows_part("rundll32.exe · signed by Microsoft Corporation");
    assert!(console.shows_part("Signed by Microsoft Corporation: the system may need it"));
    assert!(console.shows_part("This file is on 58 devices in your organisation"));
    console.fill("SHA-1 of the file", &"0".repeat(40));
    console.until_shows_part("Defender has never seen this SHA-1");
    let lookups = |c: &Console| asked_about(&c.control, "/files/");
    assert_eq!(
        lookups(&console),
        3,
        "each once, the second without numbers"
    );
}

#[test]
fn same_named_records_are_compared_and_the_other_one_opened_from_there() {
    let mut console = Console::signed_in();
    let machine = console.open_device("FIN-LT-042");
    let twin = console.state().namesakes(&machine).remove(0);
    console.click("Compare…");
    console.step_until("both", |c| {
        let show = |m: &cordon::model::MachineRef| c.shows(&format!("Show {}", m.quoted()));
        show(&machine) && show(&twin)
    });
    for what in ["First seen", "May be a duplicate", "before re-image", "vip"] {
        console.assert_shows(what);
    }
    console.click(&format!("Show {}", twin.quoted()));
    console.step_until("the other record", |c| c.shows(twin.id.as_str()));
    assert!(
        !console.shows("May be a duplicate"),
        "the comparison is closed"
    );
    assert!(posts(&console.control).is_empty());
}

#[test]
fn another_spelling_is_no_rename_and_a_renamed_device_can_be_released() {
    type Name = fn(&str) -> Option<Box<str>>;
    let (_tenant, _folder, mut engine) = signed_in();
    let laptops = crate::faults::ordinary_laptops(&engine);
    let cases: [(ActionKind, Name, bool); 4] = [
        (
            ActionKind::Isolate,
            |name| Some(name.to_lowercase().into()),
            true,
        ),
        (ActionKind::Isolate, |_| None, true),
        (ActionKind::Isolate, |_| Some("OLD-NAME".into()), false),
        (ActionKind::Unisolate, |_| Some("OLD-NAME".into()), true),
    ];
    for ((kind, seen, leaves), machine) in cases.into_iter().zip(laptops) {
        engine.load(&machine);
        let name = machine.dns_name.clone().expect("a name");
        let chosen = cordon::model::MachineRef {
            dns_name: seen(&name),
            ..machine
        };
        let draft = Engine::draft(kind, &chosen);
        match engine.approve(&draft) {
            Ok(_) if leaves => {
                let entry = engine.submit(&draft);
                let end = engine.until_end(entry);
                assert!(matches!(end, OrderStatus::Done { .. }), "{kind:?} {end:?}");
            }
            Err(why) if !leaves => {
                assert!(why.starts_with("Renamed since it was chosen: now"), "{why}");
            }
            other => panic!("{kind:?} {other:?}"),
        }
    }
}
