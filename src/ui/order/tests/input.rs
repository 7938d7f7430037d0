//! Typed and pasted text goes into the right field, and the ticket precedes the comment that is sent.

use super::*;
use crate::guard::Pattern;
use crate::message::Command;

const SHA1: &str = "3395856ce81f2b7382dee72602f798b642f14140";

fn paste(harness: &mut Harness<'_, World>, text: &str) {
    harness.event(egui::Event::Paste(text.to_owned()));
    harness.run_steps(3);
}

#[test]
fn pasted_hash_of_any_kind_goes_into_its_field() {
    let md5 = "a".repeat(32);
    for (text, field) in [
        (SHA1, SHA1),
        (" SHA-1: 3395856CE81F2B7382DEE72602F798B642F14140\n", ""),
        (md5.as_str(), md5.as_str()),
        (&"b".repeat(64), ""),
    ] {
        let mut harness = harness(world(ActionKind::StopAndQuarantineFile));
        harness.run_steps(3);
        paste(&mut harness, text);
        let draft = &form(&harness).draft;
        assert_eq!(draft.comment, "", "{text}");
        let expected = if field.is_empty() { text.trim() } else { field };
        assert_eq!(draft.text(&crate::action::SHA1), expected);
    }
    // A hash pasted into the comment still goes into its field, and the comment keeps working.
    let mut harness = harness(world(ActionKind::StopAndQuarantineFile));
    harness.run_steps(3);
    harness.get_by_label("Comment").focus();
    harness.run_steps(2);
    type_text(&mut harness, "dropper");
    paste(&mut harness, SHA1);
    type_text(&mut harness, " seen");
    let draft = &form(&harness).draft;
    let hash = draft.text(&crate::action::SHA1);
    assert_eq!((&*draft.comment, hash), ("dropper seen", SHA1));
    // A sentence about a file goes into the comment, and its hash into the hash field.
    let mut harness = self::harness(world(ActionKind::StopAndQuarantineFile));
    harness.run_steps(3);
    let sentence = format!("user p.marsh opened an attachment with {SHA1} in it");
    paste(&mut harness, &sentence);
    let draft = &form(&harness).draft;
    let hash = draft.text(&crate::action::SHA1);
    assert_eq!((&*draft.comment, hash), (&*sentence, SHA1));
}

/// A mistyped hash is reported beside its field, and not sent as the reason of an order without a hash.
#[test]
fn mistyped_hash_or_path_goes_into_the_hash_field_and_is_reported() {
    let path = std::env::temp_dir()
        .join("a folder of a few words")
        .join("beacon.exe");
    for (text, into_hash) in [
        (SHA1[..39].to_owned(), true),
        (format!("{SHA1}0"), true),
        (format!("SHA-1: {}", &SHA1[..39]), true),
        (SHA1.replacen('3', "g", 1), true),
        (format!("{}O", "a".repeat(31)), true),
        (path.display().to_string(), true),
        (SHA1[..20].to_owned(), false),
        (
            "user.p.marsh.opened.the.attachment.of.a.mail".to_owned(),
            false,
        ),
        ("beacon.exe".to_owned(), false),
    ] {
        let mut harness = harness(world(ActionKind::StopAndQuarantineFile));
        harness.run_steps(3);
        paste(&mut harness, &text);
        let draft = &form(&harness).draft;
        let found = (draft.text(&crate::action::SHA1), &*draft.comment);
        let expected = if into_hash {
            (&*text, "")
        } else {
            ("", &*text)
        };
        assert_eq!(found, expected);
    }
}

#[test]
fn typing_on_a_button_goes_to_the_missing_hash() {
    let mut harness = harness(world(ActionKind::StopAndQuarantineFile));
    harness.run_steps(3);
    assert!(harness.get_by_label("Keep file").is_focused());
    type_text(&mut harness, "33");
    assert_eq!(form(&harness).draft.text(&crate::action::SHA1), "33");
    let draft = &mut form_mut(&mut harness).draft;
    draft.set(&crate::action::SHA1, SHA1);
    harness.get_by_label("Keep file").focus();
    harness.run_steps(2);
    type_text(&mut harness, "dropper");
    assert_eq!(form(&harness).draft.comment, "dropper");
}

#[test]
fn hash_goes_to_the_comment_in_form_without_hash_field() {
    let mut harness = harness(world(ActionKind::Isolate));
    harness.run_steps(3);
    paste(&mut harness, SHA1);
    assert_eq!(form(&harness).draft.comment, SHA1);
}

#[test]
fn pasted_device_name_and_ticket_go_to_their_fields() {
    let mut world = world(ActionKind::Isolate);
    world.state.policy.protected_names = vec![Pattern::parse("FIN-*").expect("a pattern")];
    let mut harness = harness(world);
    harness.run_steps(3);
    paste(&mut harness, " FIN-LT-042\n");
    paste(&mut harness, "INC-4711");
    harness.get_by_label("Keep connected").focus();
    harness.run_steps(2);
    paste(&mut harness, "beacon seen");
    let form = form(&harness);
    assert_eq!(form.draft.typed_name, "FIN-LT-042");
    assert_eq!(form.ticket, "INC-4711");
    assert_eq!(form.draft.comment, "beacon seen");
}

fn sent_comment(harness: &mut Harness<'_, World>) -> String {
    harness.run_steps(30);
    confirm_by_key(harness);
    let mut work = harness.state().out.work.iter();
    let order = work.find_map(|command| {
        let Command::Submit(approvals) = command else {
            return None;
        };
        Some(approvals[0].order())
    });
    order.expect("an order").comment.to_string()
}

#[test]
fn ticket_precedes_typed_comments_and_templates() {
    let mut typed = harness(world(ActionKind::Isolate));
    typed.run_steps(3);
    form_mut(&mut typed).ticket = "INC-4711".into();
    type_text(&mut typed, "phishing attachment opened");
    typed.run_steps(2);
    let preview = "Comment: [cdn-7F3K2Q9M] INC-4711 phishing attachment opened";
    typed.get_by_label(preview);
    let sent = sent_comment(&mut typed);
    assert_eq!(sent, "INC-4711 phishing attachment opened");

    let mut template = with_templates("beacon seen");
    template.get_by_label("Template: beacon seen").click();
    template.run_steps(2);
    assert_eq!(sent_comment(&mut template), "INC-1 beacon seen");

    let mut twice = harness(world(ActionKind::Isolate));
    twice.run_steps(3);
    form_mut(&mut twice).ticket = "INC-4711".into();
    type_text(&mut twice, "inc-4711: beacon");
    assert_eq!(sent_comment(&mut twice), "inc-4711: beacon");
}

#[test]
fn ticket_of_another_device_is_only_offered() {
    let mut first = harness(world(ActionKind::Isolate));
    first.run_steps(3);
    form_mut(&mut first).ticket = "INC-4711".into();
    type_text(&mut first, "beacon");
    sent_comment(&mut first);
    let other = MachineRef {
        id: MachineId::parse("b0ffee").expect("a literal id"),
        dns_name: Some("FIN-LT-051".into()),
    };
    for (device, ticket) in [(other, ""), (machine().reference(), "INC-4711")] {
        let World { state, views, .. } = first.state_mut();
        let subject = Subject::Act(ActionKind::Isolate);
        let _load = open(state, views, &[device], subject, |_| {});
        first.run_steps(3);
        assert_eq!(form(&first).ticket, ticket);
        let offered = first.query_by_label("Use INC-4711").is_some();
        assert_eq!(offered, ticket.is_empty());
        if offered {
            first.get_by_label("Use INC-4711").click();
            first.run_steps(2);
            assert_eq!(form(&first).ticket, "INC-4711");
            // The fields beside it do not move.
            first.get_by_label("Use INC-4711");
        }
    }
}

#[test]
fn ticket_of_another_file_is_only_offered() {
    let mut block = harness(world(ActionKind::Isolate));
    block.run_steps(3);
    let everywhere = MachineRef::every_device();
    let World { state, views, .. } = block.state_mut();
    views.ticket = Some(crate::ui::order::UsedTicket {
        text: "INC-4711".into(),
        machines: vec![everywhere.id.clone()],
    });
    let subject = Subject::Act(ActionKind::BlockFile);
    let _load = open(state, views, &[everywhere], subject, |_| {});
    block.run_steps(3);
    assert_eq!(form(&block).ticket, "");
    block.get_by_label("Use INC-4711");
}

#[test]
fn safe_button_does_not_claim_an_outdated_state() {
    use crate::model::{MachineAction, MachineActionId, MachineActionStatus, MachineActionType};

    let mut harness = harness(world(ActionKind::Isolate));
    harness.run_steps(3);
    assert!(harness.get_by_label("Keep connected").is_focused());
    let confirm = harness.get_by_label(CONFIRM).rect();
    let id = MachineActionId::parse("act-1").expect("a literal id");
    harness.state_mut().state.apply(Fact::History {
        epoch: Epoch(0),
        id: machine().id,
        result: Ok(vec![MachineAction {
            machine_id: Some(machine().id),
            ..MachineAction::bare(
                id,
                MachineActionType::Isolate,
                MachineActionStatus::Succeeded,
            )
        }]
        .into()),
        at: Timestamp::UNIX_EPOCH,
    });
    harness.run_steps(3);
    assert!(harness.query_by_label("Keep connected").is_none());
    assert!(harness.get_by_label("Cancel").is_focused());
    assert_eq!(
        harness.get_by_label(CONFIRM).rect(),
        confirm,
        "the label is shorter"
    );
}

#[test]
fn closing_lists_what_would_be_lost() {
    use crate::ui::dialogs::closing_concerns;

    let mut world = world(ActionKind::Isolate);
    assert_eq!(closing_concerns(&world.state, &world.views), []);
    if let Some(OpenDialog::Form(form)) = &mut world.views.dialog {
        form.draft.comment = "beacon".into();
    }
    world.views.bulk_selection = vec![machine().reference()];
    let typed = world.views.settings.typed.text_mut(RuleKey::ProtectedTags);
    typed.push_str("tier0");
    world.state.keyring = crate::model::KeyringState::NotSaved {
        reason: "locked".into(),
        remedy: "unlock it".into(),
    };
    let concerns = closing_concerns(&world.state, &world.views);
    let what: Vec<_> = concerns.iter().map(|concern| &*concern.what).collect();
    assert_eq!(
        what,
        [
            "A form is open: Isolate “FIN-LT-042” (…9c07)",
            "1 device is selected",
            "Changed settings are not saved",
            "Your sign-in is not saved",
        ]
    );
}

#[test]
fn second_pasted_device_name_goes_to_the_comment() {
    let mut world = world(ActionKind::Isolate);
    world.state.policy.protected_names = vec![Pattern::parse("FIN-*").expect("a pattern")];
    let mut harness = harness(world);
    harness.run_steps(3);
    paste(&mut harness, "FIN-LT-042");
    assert_eq!(form(&harness).draft.typed_name, "FIN-LT-042");
    harness.get_by_label("Comment").focus();
    harness.run_steps(2);
    paste(&mut harness, "FIN-LT-042");
    let draft = &form(&harness).draft;
    assert_eq!(
        (&*draft.typed_name, &*draft.comment),
        ("FIN-LT-042", "FIN-LT-042")
    );
}

/// Opening a path on another computer authenticates there, which would give the path's author a response to
/// crack.
#[test]
fn remote_file_is_opened_only_by_a_button_that_names_the_computer() {
    let path = if cfg!(windows) {
        r"\\FS01\share\beacon.exe"
    } else {
        "//FS01/share/beacon.exe"
    };
    let opens = |harness: &Harness<'_, World>| {
        let mut work = harness.state().out.work.iter();
        work.any(|work| matches!(work, Command::HashFile(_)))
    };
    let named = "Open it on fs01 and hash it";
    for is_chosen in [false, true] {
        let mut harness = harness(world(ActionKind::StopAndQuarantineFile));
        harness.run_steps(2);
        if is_chosen {
            harness.get_by_label("Choose file…").click_accesskit();
            harness.run_steps(2);
            let (_, chosen) = harness.state_mut().out.choose.take().expect("a dialog");
            chosen.set(Some(path.into())).expect("the first answer");
        } else {
            paste(&mut harness, path);
        }
        harness.run_steps(3);
        assert_eq!(form(&harness).draft.file_path(), Some(path.into()));
        assert!(!opens(&harness), "chosen: {is_chosen}");
        let asks = "This path leads to another computer, fs01: opening it may sign you in there with your account";
        harness.get_by_label(asks);
        assert!(harness.query_by_label("Hash this file").is_none());
        harness.get_by_label(named).click_accesskit();
        harness.run_steps(2);
        assert!(opens(&harness), "chosen: {is_chosen}");
    }
}

#[test]
fn file_chosen_in_the_system_dialog_is_hashed() {
    let file = std::env::temp_dir().join("beacon.exe");
    for (answer, is_hashed) in [(None, false), (Some(file.clone()), true)] {
        let mut harness = harness(world(ActionKind::StopAndQuarantineFile));
        harness.run_steps(2);
        harness.get_by_label("Choose file…").click_accesskit();
        harness.run_steps(2);
        let (what, chosen) = harness.state_mut().out.choose.take().expect("a dialog");
        assert_eq!(what, Choose::File);
        let button = harness.get_by_label("Choose file…");
        assert!(button.accesskit_node().is_disabled(), "one at a time");
        chosen.set(answer).expect("the first answer");
        harness.run_steps(2);
        let asked = Command::HashFile(file.clone());
        let asked = |work: &Command| format!("{work:?}") == format!("{asked:?}");
        assert_eq!(harness.state().out.work.iter().any(asked), is_hashed);
        let path = form(&harness).draft.file_path();
        assert_eq!(path, is_hashed.then(|| file.clone()));
    }
}
