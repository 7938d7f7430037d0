//! Contents of the list, and the commands of its buttons.

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use jiff::Timestamp;

use super::*;
use crate::action::{ActionKind, Subject};
use crate::guard::Policy;
use crate::journal::{NotSentReason, Record};
use crate::message::Command;
use crate::model::{EntryId, MachineActionId, MachineActionStatus, MachineId, Mode, PanelPart};
use crate::state::{State, fixtures};
use crate::ui::dialogs::dialog_ui;
use crate::ui::views::{OpenDialog, Views};
use crate::ui::{Outbox, theme};

mod crowded;
mod moving;
mod room;

struct World {
    state: State,
    views: Views,
    out: Outbox,
}

fn entry(tag: &str, kind: ActionKind, records: Vec<Record>) -> Entry {
    let machine = fixtures::machine_ref("a19c07", Some("FIN-LT-042"));
    let order = fixtures::order(tag, machine, kind);
    fixtures::entry(fixtures::author(), order, records)
}

fn action() -> MachineActionId {
    MachineActionId::parse("b89eb834").expect("a literal id")
}

fn finished(status: MachineActionStatus) -> Record {
    fixtures::finished(action().as_str(), status)
}

fn harness(entries: Vec<Entry>) -> Harness<'static, World> {
    sized_harness(entries, egui::vec2(1200.0, 2000.0))
}

fn sized_harness(entries: Vec<Entry>, size: egui::Vec2) -> Harness<'static, World> {
    let mut state = State::new(Mode::Demo, "Demo", Policy::default());
    state.entries = entries.into();
    // A signed-in account: acknowledgements are recorded with it.
    state.session = crate::model::SessionStatus::NeedsSignIn {
        account: fixtures::account("t", None),
    };
    let world = World {
        state,
        views: Views::default(),
        out: Outbox::default(),
    };
    Harness::builder()
        .with_size(size)
        .with_context_setup(|ctx: &egui::Context| theme::apply(ctx))
        .build_ui_state(
            |ui, world: &mut World| {
                let World { state, views, out } = world;
                let now = Timestamp::UNIX_EPOCH;
                let mut cx = Cx {
                    state,
                    views,
                    now,
                    out,
                };
                activity_ui(ui, &mut cx);
                dialog_ui(ui, &mut cx);
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
fn empty_list_says_what_it_would_contain() {
    let mut harness = harness(Vec::new());
    harness.run();
    assert!(harness.query_by_label("Activity").is_some());
    assert!(harness.query_by_label("Nothing ordered yet").is_some());
}

#[test]
fn every_status_has_its_own_words_icon_and_row() {
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
        vec![Record::NotOurs {
            action: action(),
            requestor: "x".into(),
            created: None,
        }],
    ];
    let mut shapes = std::collections::HashSet::new();
    for records in all {
        let entry = entry("cdn-00000001", ActionKind::Isolate, records);
        let status = entry.status();
        let word = status.word(&entry.order.task);
        assert!(
            shapes.insert(crate::ui::look::order_status(status).0),
            "{word}"
        );
        let mut harness = harness(vec![entry]);
        harness.run_steps(2);
        assert!(harness.query_by_label(&word).is_some(), "{word}");
        let row = "“FIN-LT-042” (…9c07): Isolate device";
        assert!(harness.query_by_label(row).is_some(), "the row of {word}");
    }
}

fn refused() -> Vec<Record> {
    vec![Record::Refused {
        status: 403,
        code: "".into(),
        message: "".into(),
    }]
}

fn done() -> Vec<Record> {
    vec![Record::Sent, finished(MachineActionStatus::Succeeded)]
}

fn top(harness: &Harness<'static, World>, label: &str) -> f32 {
    harness.get_by_label(label).rect().top()
}

#[test]
fn attention_rows_come_first_then_the_last_confirmed() {
    let entries = vec![
        entry("cdn-00000001", ActionKind::Isolate, refused()),
        entry("cdn-00000002", ActionKind::Isolate, Vec::new()),
        entry("cdn-00000003", ActionKind::Isolate, done()),
        entry("cdn-00000004", ActionKind::Isolate, done()),
    ];
    let mut harness = harness(entries);
    harness.run_steps(2);
    let (rows, older) = in_order(&harness.state().state);
    let tags: Vec<_> = rows.iter().map(|entry| entry.id().to_string()).collect();
    assert_eq!(tags, ["cdn-00000004", "cdn-00000003", "cdn-00000002"]);
    assert_eq!(older, 0);
    let heading = top(&harness, "Needs your attention (1)");
    assert!(heading < top(&harness, "Refused"));
    assert!(top(&harness, "Refused") < top(&harness, "Waiting to send"));
}

#[test]
fn acknowledging_covers_what_was_on_screen_by_pointer_and_by_enter() {
    let refused = || entry("cdn-00000001", ActionKind::Isolate, refused());
    let id = refused().id();
    let world = click(refused(), "Acknowledge");
    assert!(
        matches!(&world.out.work[..], [Command::Acknowledge(seen)] if *seen == [(id, "Refused")])
    );
    let mut harness = harness(vec![refused()]);
    harness.run_steps(2);
    harness.get_by_label("Acknowledge").focus();
    harness.run_steps(1);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(2);
    let world = harness.into_state();
    assert!(
        matches!(&world.out.work[..], [Command::Acknowledge(seen)] if *seen == [(id, "Refused")])
    );
}

#[test]
fn all_entries_are_acknowledged_only_by_a_dialog_that_lists_them() {
    let entries = vec![
        entry("cdn-00000001", ActionKind::Isolate, refused()),
        entry("cdn-00000002", ActionKind::Isolate, vec![Record::NotFound]),
    ];
    let ids: Vec<_> = entries.iter().rev().map(Entry::id).collect();
    let mut harness = harness(entries);
    harness.run_steps(2);
    harness.get_by_label("Acknowledge all…").click();
    harness.run_steps(2);
    let world = harness.into_state();
    assert!(world.out.work.is_empty());
    assert!(
        matches!(&world.views.dialog, Some(OpenDialog::Acknowledge(asked)) if asked.ids == ids)
    );
}

#[test]
fn look_only_console_acknowledges_nothing_and_says_why() {
    let mut harness = harness(vec![entry("cdn-00000001", ActionKind::Isolate, refused())]);
    let explanation = crate::explain::Explanation::harmless(
        "Another console is using this data folder",
        crate::explain::NextStep::Outside("Act in the other console".into()),
    );
    harness.state_mut().state.journal = Some(Err(explanation));
    harness.run_steps(2);
    let button = harness.get_by_label("Acknowledge");
    let node = egui_kittest::kittest::NodeT::accesskit_node(&button);
    assert!(node.is_disabled());
    let why = node.description();
    assert_eq!(
        why.as_deref(),
        Some("Another console is using this data folder. Act in the other console")
    );
}

#[test]
fn collapsed_row_is_one_line_with_bounds_on_the_accessibility_bus() {
    let mut harness = harness(vec![entry("cdn-00000001", ActionKind::Isolate, done())]);
    harness.run_steps(2);
    let row = "“FIN-LT-042” (…9c07): Isolate device";
    let closed = harness.get_by_label(row).rect();
    assert!(
        closed.height() >= 24.0 && closed.height() <= 30.0,
        "{closed:?}"
    );
    assert!(harness.query_by_label_contains("Comment: ").is_none());
    harness
        .get_by_label(&format!("Show details of {row}"))
        .click();
    harness.run_steps(2);
    assert!(
        harness
            .query_by_label_contains("Comment: [cdn-00000001]")
            .is_some()
    );
    assert!(harness.get_by_label(row).rect().height() > closed.height());
}

#[test]
fn cost_of_a_frame_is_independent_of_the_journal_length() {
    use crate::journal::entry::tests::STATUS_READS;
    let asked_in_a_frame = |count: u32| {
        let entries = (0..count).map(|n| {
            let mut entry = entry("cdn-00000001", ActionKind::Isolate, Vec::new());
            entry.order.entry = EntryId::random().expect("random bytes");
            entry.order.machine.id = MachineId::parse(&format!("{n:08x}")).expect("a literal id");
            for record in done() {
                entry.push(Timestamp::UNIX_EPOCH, record);
            }
            entry
        });
        let mut entries: Vec<_> = entries.collect();
        entries.push(entry("cdn-00000001", ActionKind::Isolate, refused()));
        entries.push(entry("cdn-00000002", ActionKind::Isolate, Vec::new()));
        let mut harness = harness(entries);
        harness.run_steps(2);
        STATUS_READS.set(0);
        harness.step();
        STATUS_READS.get()
    };
    let few = asked_in_a_frame(100);
    assert!(few > 0);
    assert_eq!(asked_in_a_frame(100_000), few);
}

#[test]
fn release_threatened_by_open_isolation_says_so_in_full_beside_its_button() {
    let mut harness = sized_harness(
        vec![
            entry("cdn-00000001", ActionKind::Unisolate, done()),
            entry("cdn-00000002", ActionKind::Isolate, Vec::new()),
        ],
        egui::vec2(640.0, 300.0),
    );
    let older = MachineActionId::parse("older").expect("a literal id");
    let kind = crate::model::MachineActionType::Isolate;
    let mut older = crate::model::MachineAction::bare(older, kind, MachineActionStatus::Pending);
    older.machine_id = MachineId::parse("a19c07").ok();
    let epoch = harness.state().state.epoch;
    harness
        .state_mut()
        .state
        .apply(crate::message::Event::Actions {
            epoch,
            actions: vec![older],
        });
    // No row moves while it may be read.
    harness.hover_at(egui::pos2(300.0, 100.0));
    harness.run_steps(2);
    harness.event(egui::Event::PointerGone);
    harness.run_steps(3);
    let warning = "An isolation by an unknown requestor is still pending: if it completes, it undoes this. Cancel it if you do not want that";
    let label = harness.get_by_label(warning).rect();
    assert!(
        label.right() <= 640.0 && label.bottom() <= 300.0,
        "{label:?}"
    );
    let button = harness.get_by_label("Cancel the isolation…").rect();
    assert!(
        button.right() <= 640.0 && button.bottom() <= 300.0,
        "{button:?}"
    );
    assert!(top(&harness, "Released") < top(&harness, "Waiting to send"));
}

#[test]
fn order_can_be_repeated_after_a_colleagues_request_was_cancelled() {
    let theirs = Record::NotOurs {
        action: action(),
        requestor: "sam".into(),
        created: None,
    };
    let mut harness = harness(vec![entry(
        "cdn-00000001",
        ActionKind::Isolate,
        vec![theirs],
    )]);
    let know = |harness: &mut Harness<'static, World>, status| {
        let kind = crate::model::MachineActionType::Isolate;
        let mut action = crate::model::MachineAction::bare(action(), kind, status);
        action.machine_id = MachineId::parse("a19c07").ok();
        let (epoch, actions) = (harness.state().state.epoch, vec![action]);
        let event = crate::message::Event::Actions { epoch, actions };
        harness.state_mut().state.apply(event);
        harness.run_steps(2);
        harness.query_by_label("Send again…").is_some()
    };
    assert!(!know(&mut harness, MachineActionStatus::Pending));
    assert!(know(&mut harness, MachineActionStatus::Cancelled));
}

#[test]
fn undo_opens_the_form_of_the_inverse() {
    let done = vec![Record::Sent, finished(MachineActionStatus::Succeeded)];
    let world = click(entry("cdn-00000001", ActionKind::Isolate, done), "Undo…");
    let Some(OpenDialog::Form(form)) = world.views.dialog else {
        panic!("no form")
    };
    assert_eq!(form.draft.subject, Subject::Act(ActionKind::Unisolate));
    assert!(matches!(
        world.out.work[..],
        [
            Command::LoadMachine(_),
            Command::LoadPart(_, PanelPart::AvailableActions),
            Command::LoadAlertsToReview(_)
        ]
    ));
}

#[test]
fn quarantine_has_no_undo_and_says_so() {
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
fn buttons_raise_the_commands_they_name() {
    let waiting = || entry("cdn-00000001", ActionKind::Isolate, Vec::new());
    let id = waiting().id();
    let world = click(waiting(), "Withdraw");
    assert!(matches!(world.out.work[..], [Command::Withdraw(e)] if e == id));
    let held = entry(
        "cdn-00000001",
        ActionKind::Isolate,
        vec![Record::Held { by: action() }],
    );
    let world = click(held, "Send anyway…");
    assert!(world.out.work.is_empty());
    assert!(matches!(world.views.dialog, Some(OpenDialog::Insist(e)) if e == id));
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
    let Some(OpenDialog::Form(form)) = world.views.dialog else {
        panic!("no form")
    };
    assert!(matches!(form.draft.subject, Subject::Cancel { .. }));
    let not_found = vec![Record::Sent, Record::NotFound];
    let world = click(
        entry("cdn-00000001", ActionKind::Isolate, not_found),
        "Send again…",
    );
    let Some(OpenDialog::Form(form)) = world.views.dialog else {
        panic!("no form")
    };
    assert_eq!(form.draft.comment, "INC-1");
    assert_ne!(form.draft.entry, id, "a new order, a new tag");
}

#[test]
fn order_of_unnamed_account_is_not_promised_to_be_followed_again() {
    for (object_id, promises) in [(crate::model::Account::UNNAMED, false), ("kim", true)] {
        let mut sent = entry("cdn-00000001", ActionKind::Isolate, vec![Record::Sent]);
        sent.author.object_id = object_id.into();
        let mut harness = harness(Vec::new());
        let state = &mut harness.state_mut().state;
        state.apply(crate::message::Event::Journal(Ok(())));
        state.apply(crate::message::Event::Entries(vec![sent]));
        harness.run_steps(2);
        let followed = harness.query_by_label_contains("followed again when that account signs in");
        assert_eq!(followed.is_some(), promises, "{object_id}");
        let why = harness
            .query_all_by_label_contains("No longer followed")
            .count();
        assert_eq!(why > 0, !promises, "{object_id}");
    }
}
