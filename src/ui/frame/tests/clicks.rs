//! A click counts for the pressed button, whatever arrives between press and release; and buttons for
//! everything that has a key.

use super::*;
use crate::action::ActionKind;
use crate::journal::{Author, Record};
use crate::state::fixtures;

const WAYS_IN: [(&str, UiCommand); 2] = [
    ("Sign in with a code", UiCommand::SignIn),
    ("Sign in with the browser", UiCommand::SignInWithBrowser),
];

fn starting(status: SessionStatus) -> State {
    let mut state = State::new(Mode::Live, "Commercial", Policy::default());
    set(&mut state, status);
    state
}

fn explained(headline: &str) -> Explanation {
    Explanation::harmless(headline, NextStep::TryAgain)
}

/// Events that may arrive at the start, during a press.
fn news() -> Vec<(&'static str, Vec<Event>)> {
    let author = Author {
        mode: "LIVE".into(),
        tenant: account().tenant_id.as_str().into(),
        object_id: "o".into(),
        account: "jane@contoso.com at Commercial".into(),
    };
    let machine = fixtures::machine_ref(FIN, Some("FIN-LT-051"));
    let order = fixtures::order("cdn-00000001", machine, ActionKind::Isolate);
    let sent = fixtures::entry_at(at(14), author, order, vec![Record::Sent]);
    let signed_out = || Event::Session {
        status: SessionStatus::SignedOut,
        epoch: Epoch(0),
    };
    let failed = || Event::SignInFailed(explained("The saved sign-in is of no use any more"));
    vec![
        ("nothing is saved", vec![signed_out()]),
        ("what is saved is of no use", vec![failed(), signed_out()]),
        ("only the failure", vec![failed()]),
        ("open orders", vec![Event::Entries(vec![sent])]),
        (
            "the journal cannot be used",
            vec![Event::Journal(Err(explained("The disk is full")))],
        ),
        ("a problem", vec![Event::Problem(explained("No network"))]),
        (
            "another account",
            vec![Event::Session {
                status: SessionStatus::SignedOut,
                epoch: Epoch(1),
            }],
        ),
        (
            "its way",
            vec![Event::SignInMethod(Some(
                crate::model::SignInMethod::Browser,
            ))],
        ),
        (
            "an advice",
            vec![
                Event::Advice(Some(crate::model::SignInMethod::Browser)),
                failed(),
            ],
        ),
    ]
}

#[test]
fn click_on_a_sign_in_method_counts_despite_events_at_start() {
    for before in [SessionStatus::Restoring, SessionStatus::SignedOut] {
        for (what, events) in news() {
            for (label, command) in WAYS_IN {
                // More than two frames would not be a click.
                for frames in [0, 1] {
                    let (desk, mut harness) = wide(starting(before.clone()));
                    let button = harness.get_by_label(label).rect().center();
                    harness.hover_at(button);
                    harness.run_steps(2);
                    harness.drag_at(button);
                    harness.run_steps(frames);
                    for event in events.clone() {
                        desk.borrow_mut().state.apply(event);
                    }
                    harness.run_steps(frames);
                    harness.drop_at(button);
                    harness.run_steps(3);
                    let raised = &desk.borrow().raised;
                    assert_eq!(
                        *raised,
                        [command],
                        "{label}: {before:?}, then {what}, {frames} frames"
                    );
                }
            }
        }
    }
}

#[test]
fn journal_and_palette_have_buttons() {
    for size in [(1400.0, 900.0), (800.0, 600.0)] {
        for (label, command) in [
            ("Journal", UiCommand::ShowJournal),
            ("Commands", UiCommand::OpenPalette),
        ] {
            let (desk, mut harness) = desk(signed_in(), size.into());
            if harness.query_by_label(label).is_none() {
                harness.get_by_label("Menu").click();
                harness.run_steps(3);
            }
            harness.get_by_label(label).click();
            harness.run_steps(3);
            assert_eq!(desk.borrow().raised, [command], "{size:?}");
        }
    }
}

/// With the focus lost, no key would work.
#[test]
fn escape_on_the_list_keeps_the_focus_on_the_list() {
    let is_on_table = |harness: &Harness<'static>| {
        let table = egui::Id::unique("devices table");
        harness.ctx.memory(|memory| memory.has_focus(table))
    };
    for from in ["row", "Contained now", "Journal", "Isolate…"] {
        let (desk, mut harness) = wide(signed_in());
        harness.get_by_label("FIN-LT-042 (…9c07), Isolated").click();
        harness.run_steps(3);
        if from != "row" {
            harness.get_by_label(from).focus();
            harness.run_steps(2);
        }
        for times in 1..3 {
            harness.key_press(Key::Escape);
            harness.run_steps(3);
            assert!(is_on_table(&harness), "from {from}, {times} times");
        }
        harness.key_press(Key::ArrowDown);
        harness.run_steps(2);
        assert_eq!(selected(&desk).as_deref(), Some(TWIN), "from {from}");
    }
}

fn first_row(desk: &RefCell<Desk>) -> String {
    let desk = desk.borrow();
    let first = desk.views.rows.machine(&desk.state, 0);
    first.expect("a row").id.to_string()
}

#[test]
fn column_head_sorts_and_reverses_the_order() {
    let (desk, mut harness) = wide(signed_in());
    harness.get_by_label("Sort by Name").click();
    harness.run_steps(2);
    assert!(desk.borrow().views.layout.sort.descending);
    assert_eq!(first_row(&desk), HR);
    harness.get_by_label("Sort by State").click();
    harness.run_steps(2);
    assert_eq!(first_row(&desk), FIN);
}
