//! Text typed into a dismissed form: where it is restored, and where it never is.

use super::*;

const KEPT: &str = "Your comment from before was kept";

fn other() -> MachineRef {
    MachineRef {
        id: MachineId::parse("b0ffee").expect("a literal id"),
        dns_name: Some("FIN-LT-051".into()),
    }
}

/// Opens a form as a user would, and waits until its buttons are armed.
fn opened(harness: &mut Harness<'_, World>, machines: &[MachineRef], kind: ActionKind) {
    let World { state, views, .. } = harness.state_mut();
    let _load = open(state, views, machines, Subject::Act(kind), |_| {});
    harness.run_steps(30);
}

fn put_away(harness: &mut Harness<'_, World>) {
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(harness.state().views.dialog.is_none());
}

/// A dismissed isolation form for the usual device, with this comment.
fn typed(comment: &str, ticket: &str) -> Harness<'static, World> {
    let mut world = world(ActionKind::Isolate);
    world.views.dialog = None;
    let mut harness = harness(world);
    opened(&mut harness, &[machine().reference()], ActionKind::Isolate);
    type_text(&mut harness, comment);
    form_mut(&mut harness).ticket = ticket.into();
    harness.run_steps(2);
    put_away(&mut harness);
    harness
}

fn texts(harness: &Harness<'_, World>) -> (String, String) {
    let form = form(harness);
    (form.draft.comment.clone(), form.ticket.clone())
}

#[test]
fn typed_text_is_restored_for_same_device_and_action_until_cleared() {
    for (ticket, line) in [
        ("", KEPT),
        ("INC-7", "Your comment and ticket from before were kept"),
    ] {
        let mut harness = typed("beacon", ticket);
        for _ in 0..2 {
            opened(&mut harness, &[machine().reference()], ActionKind::Isolate);
            assert_eq!(texts(&harness), ("beacon".to_owned(), ticket.to_owned()));
            harness.get_by_label(line);
            assert!(harness.get_by_label("Keep connected").is_focused());
            put_away(&mut harness);
        }
        opened(&mut harness, &[machine().reference()], ActionKind::Isolate);
        let before = harness
            .get_all_by_label("Comment")
            .last()
            .map(|node| node.rect());
        harness.get_by_label("Clear what was kept").click();
        harness.run_steps(3);
        assert_eq!(texts(&harness), (String::new(), String::new()));
        let comment = harness.get_all_by_label("Comment").last().expect("a field");
        assert_eq!(Some(comment.rect()), before, "nothing moves");
        assert!(comment.is_focused());
        put_away(&mut harness);
        opened(&mut harness, &[machine().reference()], ActionKind::Isolate);
        assert_eq!(texts(&harness), (String::new(), String::new()));
        assert!(harness.query_by_label(line).is_none());
    }
}

#[test]
fn typed_text_is_not_restored_for_another_device_action_or_account() {
    let one = || vec![machine().reference()];
    for (machines, kind) in [
        (vec![other()], ActionKind::Isolate),
        (one(), ActionKind::RestrictCodeExecution),
        (one(), ActionKind::Unisolate),
        (vec![machine().reference(), other()], ActionKind::Isolate),
    ] {
        let mut harness = typed("beacon", "INC-7");
        opened(&mut harness, &machines, kind);
        let nothing = (String::new(), String::new());
        assert_eq!(texts(&harness), nothing, "{kind:?}");
        assert!(harness.query_by_label_contains("from before").is_none());
    }
    let mut harness = typed("beacon", "INC-7");
    harness.state_mut().views.forget_account();
    opened(&mut harness, &one(), ActionKind::Isolate);
    assert_eq!(texts(&harness), (String::new(), String::new()));
}

#[test]
fn typed_text_is_not_restored_for_another_file() {
    let mut world = world(ActionKind::Isolate);
    world.views.dialog = None;
    let mut harness = harness(world);
    let with = |harness: &mut Harness<'_, World>, digit: &str| {
        let World { state, views, .. } = harness.state_mut();
        let subject = Subject::Act(ActionKind::StopAndQuarantineFile);
        let machines = [machine().reference()];
        let _load = open(state, views, &machines, subject, |draft| {
            draft.set(&crate::action::SHA1, digit.repeat(40));
        });
        harness.run_steps(3);
    };
    with(&mut harness, "a");
    type_text(&mut harness, "dropper");
    put_away(&mut harness);
    with(&mut harness, "b");
    assert_eq!(texts(&harness).0, "");
    put_away(&mut harness);
    with(&mut harness, "a");
    assert_eq!(texts(&harness).0, "dropper");
}

#[test]
fn typed_text_is_forgotten_once_the_order_is_confirmed() {
    let mut harness = typed("beacon", "");
    opened(&mut harness, &[machine().reference()], ActionKind::Isolate);
    confirm_by_key(&mut harness);
    assert_eq!(submitted(&harness), 1);
    opened(&mut harness, &[machine().reference()], ActionKind::Isolate);
    assert_eq!(texts(&harness).0, "");
    put_away(&mut harness);

    // Also if it was confirmed with another text, such as an order sent again.
    let mut harness = typed("beacon", "");
    opened(&mut harness, &[machine().reference()], ActionKind::Isolate);
    put_away(&mut harness);
    let World { state, views, .. } = harness.state_mut();
    let subject = Subject::Act(ActionKind::Isolate);
    let machines = [machine().reference()];
    let _load = open(state, views, &machines, subject, |draft| {
        draft.comment = "INC-9 as before".into();
    });
    harness.run_steps(30);
    assert_eq!(texts(&harness).0, "INC-9 as before");
    confirm_by_key(&mut harness);
    assert_eq!(submitted(&harness), 1);
    opened(&mut harness, &[machine().reference()], ActionKind::Isolate);
    assert_eq!(texts(&harness).0, "");
}

#[test]
fn text_of_the_last_few_forms_is_kept() {
    let mut harness = typed("beacon", "");
    let numbered = |n: usize| MachineRef {
        id: MachineId::parse(&format!("b{n}")).expect("a literal id"),
        dns_name: None,
    };
    for n in 0..5 {
        opened(&mut harness, &[numbered(n)], ActionKind::Isolate);
        type_text(&mut harness, &format!("reason {n}"));
        put_away(&mut harness);
    }
    opened(&mut harness, &[machine().reference()], ActionKind::Isolate);
    assert_eq!(texts(&harness).0, "", "the oldest text is gone");
    put_away(&mut harness);
    for n in 0..5 {
        opened(&mut harness, &[numbered(n)], ActionKind::Isolate);
        assert_eq!(texts(&harness).0, format!("reason {n}"));
        put_away(&mut harness);
    }
}
