//! Tags: a request without a machine action, whose outcome is read from the machine.

use cordon::action::{ActionKind, Draft, TAG};
use cordon::journal::OrderStatus;
use cordon::model::EntryId;
use serde_json::json;

use crate::common::{Console, Engine, asked_for, journal_on_disk, signed_in};

const MARK: &str = "contained INC-4711";

fn draft(engine: &mut Engine, kind: ActionKind, tag: &str) -> Draft {
    let machine = engine.loaded("ENG-LT-030");
    let mut draft = Engine::draft(kind, &machine);
    draft.set(&TAG, tag);
    draft
}

fn order(engine: &mut Engine, kind: ActionKind, tag: &str) -> EntryId {
    let draft = draft(engine, kind, tag);
    engine.submit(&draft)
}

fn posts(engine: &Engine) -> Vec<serde_json::Value> {
    let posts = asked_for(&engine.control, "/tags").into_iter();
    posts.map(|r| r.body).collect()
}

/// The tags that the console shows.
fn shown(engine: &Engine) -> Vec<String> {
    let machine = engine.machine("ENG-LT-030");
    let known = engine.state.machine(&machine.id).expect("known");
    known.tags().iter().map(ToString::to_string).collect()
}

#[test]
fn tag_is_sent_exactly_as_typed_read_again_and_removed() {
    let (_tenant, _folder, mut engine) = signed_in();
    let before = shown(&engine);
    let long = "é\"'\\ ".repeat(40);
    for tag in [MARK, "it's \"quoted\"", long.trim()] {
        let entry = order(&mut engine, ActionKind::AddTag, tag);
        let end = engine.until_end(entry);
        let known = engine.state.entry(entry).expect("it is there").clone();
        assert!(matches!(end, OrderStatus::Done { .. }), "{tag}: {end:?}");
        assert_eq!(end.word(&known.order.task), "Tag added");
        let last = posts(&engine).pop().expect("a request");
        assert_eq!(last, json!({ "Value": tag, "Action": "Add" }));
        assert!(shown(&engine).contains(&tag.to_owned()), "{tag}");
        assert!(journal_on_disk(&engine.journal).contains(&known));
        let entry = order(&mut engine, ActionKind::RemoveTag, tag);
        let end = engine.until_end(entry);
        assert!(matches!(end, OrderStatus::Done { .. }), "{tag}: {end:?}");
        assert_eq!(shown(&engine), before, "{tag}");
    }
    assert_eq!(posts(&engine).len(), 6);
}

#[test]
fn lost_answer_is_settled_by_reading_the_machine() {
    for (what, is_done) in [
        ("drop_after", true),
        ("garbage", true),
        ("other_record", true),
        ("empty:200", true),
        ("drop_before", false),
        ("html:502", false),
    ] {
        let (_tenant, _folder, mut engine) = signed_in();
        engine.inject("submit:tags", what, 1);
        let entry = order(&mut engine, ActionKind::AddTag, MARK);
        let end = engine.until_end(entry);
        let expected = if is_done { "Done" } else { "NotFound" };
        assert_eq!(end.key(), expected, "{what}: {end:?}");
        assert_eq!(shown(&engine).contains(&MARK.to_owned()), is_done, "{what}");
        assert_eq!(posts(&engine).len(), 1, "{what}");
    }
}

#[test]
fn a_tag_is_done_only_once_the_machine_shows_it() {
    let (_tenant, _folder, mut engine) = signed_in();
    let draft = draft(&mut engine, ActionKind::AddTag, MARK);
    // The response has the tag, but then the machine cannot be read.
    engine.inject("machine", "status:503", 0);
    let entry = engine.submit(&draft);
    engine.until_fast("it is accepted", move |s| {
        s.entry(entry)
            .is_some_and(|e| matches!(e.status(), OrderStatus::Accepted { .. }))
    });
    engine.control.clear_faults();
    assert_eq!(engine.until_end(entry).key(), "Done");
}

#[test]
fn accepted_tag_that_is_never_shown_needs_attention() {
    for kind in [ActionKind::AddTag, ActionKind::RemoveTag] {
        let (_tenant, _folder, mut engine) = signed_in();
        if kind == ActionKind::RemoveTag {
            let there = order(&mut engine, ActionKind::AddTag, MARK);
            assert_eq!(engine.until_end(there).key(), "Done");
        }
        engine.inject("submit:tags", "forgotten", 1);
        let before = posts(&engine).len();
        let entry = order(&mut engine, kind, MARK);
        engine.until_fast("the need for attention", move |s| {
            let known = s.entry(entry);
            known.is_some_and(|known| s.entries.needs_attention(known))
        });
        assert_eq!(engine.until_end(entry).key(), "NotFound", "{kind:?}");
        assert_eq!(posts(&engine).len(), before + 1, "{kind:?}");
    }
}

#[test]
fn machine_without_reported_tags_proves_nothing() {
    for (kind, what, end) in [
        (ActionKind::AddTag, "lacks:machineTags", "Done"),
        (ActionKind::AddTag, "drop_after", "Done"),
        (ActionKind::RemoveTag, "forgotten", "NotFound"),
        (ActionKind::RemoveTag, "drop_before", "NotFound"),
    ] {
        let (_tenant, _folder, mut engine) = signed_in();
        if kind == ActionKind::RemoveTag {
            let there = order(&mut engine, ActionKind::AddTag, MARK);
            assert_eq!(engine.until_end(there).key(), "Done");
        }
        let draft = draft(&mut engine, kind, MARK);
        let path = format!("/api/machines/{}", draft.machine.id);
        let control = engine.control.clone();
        let readings = move || {
            let requests = control.requests().into_iter();
            requests.filter(|r| r.path == path).count()
        };
        engine.inject("submit:tags", what, 1);
        engine.inject("machine", "lacks:machineTags", 0);
        let before = readings();
        let entry = engine.submit(&draft);
        engine.until_fast("it was read again and again", |_| readings() >= before + 4);
        let status = engine.state.entry(entry).expect("it is there").status();
        assert!(!status.is_end(), "{kind:?} {what}: {status:?}");
        engine.control.clear_faults();
        assert_eq!(engine.until_end(entry).key(), end, "{kind:?} {what}");
    }
}

#[test]
fn tag_review_warns_of_existing_and_case_variants_and_requires_permission() {
    let (_tenant, _folder, mut engine) = signed_in();
    let entry = order(&mut engine, ActionKind::AddTag, MARK);
    engine.until_end(entry);
    let said = |engine: &mut Engine, kind, tag| {
        let draft = draft(engine, kind, tag);
        let now = jiff::Timestamp::now();
        let review = engine.state.with_facts(&draft.machine, now, |facts| {
            cordon::guard::review(&draft, facts)
        });
        let texts = review.findings.into_iter().map(|found| found.text());
        texts.collect::<Vec<_>>()
    };
    let has = |texts: &[String], part: &str| texts.iter().any(|text| text.contains(part));
    let again = said(&mut engine, ActionKind::AddTag, MARK);
    assert!(has(&again, "already has the tag"), "{again:?}");
    let other = said(&mut engine, ActionKind::AddTag, "Contained INC-4711");
    assert!(has(&other, "tags are case-sensitive"), "{other:?}");
    let none = said(&mut engine, ActionKind::RemoveTag, "CONTAINED INC-4711");
    assert!(has(&none, "but it has “contained INC-4711”"), "{none:?}");
    let absent = said(&mut engine, ActionKind::RemoveTag, "never seen");
    assert!(has(&absent, "has no tag “never seen”"), "{absent:?}");
    let mut long = draft(&mut engine, ActionKind::AddTag, &"x".repeat(201));
    assert!(long.parse().is_err());
    long.set(&TAG, "two\nlines");
    assert!(long.parse().is_err());
}

#[test]
fn tag_is_added_from_the_panel_and_its_undo_knows_its_name() {
    let mut console = Console::signed_in();
    let machine = console.open_device("ENG-LT-030");
    console.click("Add tag…");
    console.fill("Tag", MARK);
    console.fill("Comment", "INC-4711 beacon");
    console.confirm(&format!("Add tag to {}", machine.quoted()));
    console.step_until_fast("the tag", |c| c.shows_part("Tag added"));
    console.click("Undo…");
    console.until_shows("Remove tag");
    assert!(
        console.screen().contains(&format!("Tag = {MARK}")),
        "{}",
        console.screen()
    );
}
