//! What the list shows and what its buttons raise.

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::*;
use crate::action::{ActionKind, Order, Subject, Task};
use crate::guard::Policy;
use crate::journal::{Author, NotSentReason};
use crate::message::Command;
use crate::model::{
    EntryId, HResult, MachineActionId, MachineActionStatus, MachineId, MachineRef, Mode,
};
use crate::state::State;
use crate::ui::views::{Dialog, Views};
use crate::ui::{Outbox, theme};

struct World {
    state: State,
    views: Views,
    out: Outbox,
}

fn entry(tag: &str, kind: ActionKind, records: Vec<Record>) -> Entry {
    let author = Author {
        mode: "DEMO".into(),
        tenant: "t".into(),
        object_id: "o".into(),
        account: "jane".into(),
    };
    let id = MachineId::parse("a19c07").expect("a literal id");
    let order = Order {
        entry: EntryId::parse(tag).expect("a literal tag"),
        machine: MachineRef {
            id,
            dns_name: Some("FIN-LT-042".into()),
        },
        comment: "INC-1".into(),
        batch: None,
        task: Task::Act {
            kind,
            values: Box::default(),
        },
    };
    let intended = Record::Intended {
        author: author.clone(),
        order: order.clone(),
    };
    let mut entry = Entry::new(author, order);
    for record in std::iter::once(intended).chain(records) {
        entry.push(Timestamp::UNIX_EPOCH, record);
    }
    entry
}

fn action() -> MachineActionId {
    MachineActionId::parse("b89eb834").expect("a literal id")
}

fn finished(status: MachineActionStatus) -> Record {
    Record::Finished {
        action: action(),
        status,
        hresult: HResult(0),
        by: None,
        comment: None,
    }
}

fn harness(entries: Vec<Entry>) -> Harness<'static, World> {
    let mut state = State::new(Mode::Demo, "Demo", Policy::default());
    state.entries = entries.into();
    let world = World {
        state,
        views: Views::default(),
        out: Outbox::default(),
    };
    Harness::builder()
        .with_size(egui::vec2(1200.0, 2000.0))
        .with_context_setup(|ctx: &egui::Context| theme::apply(ctx))
        .build_ui_state(
            |ui, world: &mut World| {
                let World { state, views, out } = world;
                let (now, zone) = (Timestamp::UNIX_EPOCH, &TimeZone::UTC);
                activity_ui(
                    ui,
                    &mut Cx {
                        state,
                        views,
                        now,
                        zone,
                        out,
                    },
                );
            },
            world,
        )
}

fn click(entry: Entry, button: &str) -> World {
    let mut harness = harness(vec![entry]);
    harness.run_steps(2);
    harness.get_by_label(button).click();
    harness.run_steps(2);
    harness.into_state()
}

#[test]
fn an_empty_list_says_what_would_be_here() {
    let mut harness = harness(Vec::new());
    harness.run();
    assert!(harness.query_by_label("Activity").is_some());
    assert!(harness.query_by_label("Nothing ordered yet").is_some());
}

#[test]
fn every_standing_has_its_own_words_shape_and_row() {
    let accepted = |status| Record::Accepted {
        action: action(),
        status,
    };
    let all: Vec<Vec<Record>> = vec![
        vec![],
        vec![Record::Held { by: action() }],
        vec![Record::NotSent {
            why: NotSentReason::Withdrawn,
            detail: None,
        }],
        vec![Record::Sent],
        vec![Record::Sent, accepted(MachineActionStatus::Pending)],
        vec![Record::Sent, accepted(MachineActionStatus::InProgress)],
        vec![Record::Sent, finished(MachineActionStatus::Succeeded)],
        vec![Record::Sent, finished(MachineActionStatus::Failed)],
        vec![Record::Sent, finished(MachineActionStatus::TimeOut)],
        vec![Record::Sent, finished(MachineActionStatus::Cancelled)],
        vec![Record::Refused {
            status: 403,
            code: "Forbidden".into(),
            message: "no".into(),
        }],
        vec![
            Record::Sent,
            Record::Unknown {
                why: "reset".into(),
            },
        ],
        vec![Record::Sent, Record::NotFound],
        vec![Record::SomeoneElses {
            action: action(),
            requestor: "x".into(),
            created: None,
        }],
    ];
    let mut shapes = std::collections::HashSet::new();
    for records in all {
        let entry = entry("cdn-00000001", ActionKind::Isolate, records);
        let standing = entry.standing();
        let word = standing.word(&entry.order.task);
        assert!(
            shapes.insert(crate::ui::look::order_status(standing).0),
            "{word}"
        );
        let mut harness = harness(vec![entry]);
        harness.run_steps(2);
        assert!(harness.query_by_label(&word).is_some(), "{word}");
        let row = "FIN-LT-042 (…9c07): Isolate device";
        assert!(harness.query_by_label(row).is_some(), "the row of {word}");
    }
}

#[test]
fn open_entries_come_first_and_then_the_newest() {
    let ended = || {
        vec![Record::Refused {
            status: 403,
            code: "".into(),
            message: "".into(),
        }]
    };
    let entries = [
        entry("cdn-00000001", ActionKind::Isolate, Vec::new()),
        entry("cdn-00000002", ActionKind::Isolate, ended()),
        entry("cdn-00000003", ActionKind::Isolate, ended()),
    ];
    let (rows, older) = in_order(&entries);
    let tags: Vec<_> = rows.iter().map(|entry| entry.id().to_string()).collect();
    assert_eq!(tags, ["cdn-00000001", "cdn-00000003", "cdn-00000002"]);
    assert_eq!(older, 0);
}

#[test]
fn undoing_opens_the_form_of_the_inverse() {
    let done = vec![Record::Sent, finished(MachineActionStatus::Succeeded)];
    let world = click(entry("cdn-00000001", ActionKind::Isolate, done), "Undo…");
    let Some(Dialog::Form(form)) = world.views.dialog else {
        panic!("no form")
    };
    assert_eq!(form.draft.subject, Subject::Act(ActionKind::Unisolate));
    assert!(matches!(
        world.out.work[..],
        [Command::LoadMachine(_), Command::LoadPart(..)]
    ));
}

#[test]
fn a_quarantine_has_no_undo_and_says_so() {
    let done = vec![Record::Sent, finished(MachineActionStatus::Succeeded)];
    let kind = ActionKind::StopAndQuarantineFile;
    let mut harness = harness(vec![entry("cdn-00000001", kind, done)]);
    harness.run_steps(2);
    assert!(harness.query_by_label("Undo…").is_none());
    assert!(
        harness
            .query_by_label(kind.spec().no_way_back.unwrap_or_default())
            .is_some()
    );
}

#[test]
fn buttons_raise_what_they_say() {
    let waiting = || entry("cdn-00000001", ActionKind::Isolate, Vec::new());
    let id = waiting().id();
    let world = click(waiting(), "Withdraw");
    assert!(matches!(world.out.work[..], [Command::Withdraw(e)] if e == id));
    let held = entry(
        "cdn-00000001",
        ActionKind::Isolate,
        vec![Record::Held { by: action() }],
    );
    let world = click(held, "Send all the same");
    assert!(matches!(world.out.work[..], [Command::Insist(e)] if e == id));
    let world = click(waiting(), "Show device");
    assert!(world.views.is_selected(&waiting().order.machine.id));
    let status = MachineActionStatus::Pending;
    let accepted = vec![
        Record::Sent,
        Record::Accepted {
            action: action(),
            status,
        },
    ];
    let world = click(
        entry("cdn-00000001", ActionKind::Isolate, accepted),
        "Cancel…",
    );
    let Some(Dialog::Form(form)) = world.views.dialog else {
        panic!("no form")
    };
    assert!(matches!(form.draft.subject, Subject::Cancel { .. }));
    let not_found = vec![Record::Sent, Record::NotFound];
    let world = click(
        entry("cdn-00000001", ActionKind::Isolate, not_found),
        "Review again…",
    );
    let Some(Dialog::Form(form)) = world.views.dialog else {
        panic!("no form")
    };
    assert_eq!(form.draft.comment, "INC-1");
    assert_ne!(form.draft.entry, id, "a new order, a new tag");
}
