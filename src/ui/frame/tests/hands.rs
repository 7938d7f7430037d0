//! Anything the user holds, has typed or has not read yet stays in place.

use super::*;
use crate::action::{ActionKind, Draft, Subject};
use crate::message::AskedNews;
use crate::model::{EntryId, Question};
use crate::settings::RuleKey;
use crate::ui::order::{FormTarget, OrderForm};
use crate::ui::views::OpenDialog;

const UNLISTED: &str = "9e5bc9d7e413ddd7902c2932e418702b84d0cccc";

fn problem(state: &mut State, headline: &str) {
    state.apply(Event::Problem(Explanation::harmless(
        headline,
        NextStep::None,
    )));
}

fn typed_form(comment: &str) -> OpenDialog {
    let entry = EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag");
    let machine = machine(FIN, "FIN-LT-042").reference();
    let mut draft = Draft::new(entry, machine.clone(), Subject::Act(ActionKind::Isolate));
    draft.comment = comment.into();
    let target = FormTarget {
        entry,
        machine,
        step: 0,
        replaces: None,
        left_out_for: None,
    };
    OpenDialog::Form(Box::new(OrderForm::new(vec![target], draft, 0.0)))
}

fn comment(desk: &Shared) -> Option<String> {
    match &desk.borrow().views.dialog {
        Some(OpenDialog::Form(form)) => Some(form.draft.comment.clone()),
        _ => None,
    }
}

#[test]
fn form_waiting_behind_the_sign_in_survives_other_dialogs() {
    let (desk, mut harness) = wide(waiting(900));
    desk.borrow_mut().views.open(typed_form("INC-4711 beacon"));
    harness.run_steps(2);
    assert!(harness.query_by_label("A1B2C3D4E").is_some());
    for over in [OpenDialog::Keys, OpenDialog::ConfirmClose] {
        desk.borrow_mut().views.open(over);
        harness.run_steps(3);
        assert_eq!(comment(&desk), None);
        assert!(desk.borrow().views.form().is_some());
        harness.key_press(Key::Escape);
        harness.run_steps(3);
        assert_eq!(comment(&desk).as_deref(), Some("INC-4711 beacon"));
    }
    // One form over another: both return, the upper one first.
    let second = typed_form("second");
    desk.borrow_mut().views.open(second);
    desk.borrow_mut().state = signed_in();
    harness.run_steps(3);
    assert_eq!(comment(&desk).as_deref(), Some("second"));
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert_eq!(comment(&desk).as_deref(), Some("INC-4711 beacon"));
}

#[test]
fn problems_stay_until_dismissed_and_a_refused_key_is_shown_separately() {
    let mut state = signed_in();
    problem(&mut state, "Problem 1");
    problem(&mut state, "Problem 2");
    // Raised again it is the newest, and still only one.
    problem(&mut state, "Problem 1");
    assert_eq!(state.problems.len(), 2);
    let (desk, mut harness) = wide(state);
    assert!(harness.query_by_label("Problem 1").is_some());
    assert!(harness.query_by_label("1 more").is_some());
    let refusal = Explanation::harmless("Isolate device: No device is open", NextStep::None);
    desk.borrow_mut().views.refusal = Some(refusal.clone());
    harness.run_steps(2);
    let refused = |harness: &Harness<'static>| {
        let said = harness.query_all_by_label_contains(&refusal.headline);
        said.count()
    };
    assert_eq!(refused(&harness), 1);
    assert!(harness.query_by_label("Problem 1").is_some());
    desk.borrow_mut().views.refusal = None;
    harness.run_steps(4);
    assert_eq!(refused(&harness), 0);
    assert!(
        harness.query_by_label("Problem 1").is_some(),
        "still undismissed"
    );
    harness.get_by_label("Dismiss").click();
    harness.run_steps(2);
    assert!(
        harness.query_by_label("Problem 2").is_some(),
        "the previous problem"
    );
    harness.get_by_label("Dismiss").click();
    harness.run_steps(1);
    assert!(
        harness.query_by_label("Problem 2").is_some(),
        "not dismissed by the same click"
    );
    harness.run_steps(3);
    harness.get_by_label("Dismiss").click();
    harness.run_steps(2);
    assert!(harness.query_by_label("Dismiss").is_none());
    problem(&mut desk.borrow_mut().state, "Problem 2");
    harness.run_steps(2);
    assert!(
        harness.query_by_label("Problem 2").is_some(),
        "raised again"
    );
}

#[test]
fn action_key_acts_only_on_a_device_whose_panel_is_shown() {
    let isolate = |desk: &Shared| {
        let desk = desk.borrow();
        let command = UiCommand::Act(ActionKind::Isolate);
        command.availability(&desk.state, &desk.views, at(28)).err()
    };
    let unseen = Some("Open the device first".to_owned());
    for (size, is_beside) in [
        (egui::vec2(1400.0, 900.0), true),
        (egui::vec2(800.0, 600.0), false),
    ] {
        let (desk, mut harness) = desk(signed_in(), size);
        let row = harness.get_by_label("FIN-LT-042 (…9c07), Isolated");
        row.click_accesskit();
        harness.run_steps(2);
        assert_ne!(isolate(&desk), unseen, "{size}: open");
        for screen in [Screen::Settings, Screen::Contained, Screen::Devices] {
            desk.borrow_mut().views.show(screen);
            harness.run_steps(2);
            assert_eq!(isolate(&desk) != unseen, is_beside, "{size}: {screen:?}");
        }
        set(&mut desk.borrow_mut().state, SessionStatus::SignedOut);
        harness.run_steps(2);
        assert_eq!(isolate(&desk), unseen, "{size}: signed out");
    }
}

fn answer(desk: &Shared) {
    let mut desk = desk.borrow_mut();
    let question = Question::Id(MachineId::parse(UNLISTED).expect("a literal id"));
    let answered = AskedNews::Answered {
        at: at(20),
        machines: vec![machine(UNLISTED, "STRANGER")],
        unreadable: 0,
        is_cut: false,
        is_of_last_report: false,
    };
    for news in [AskedNews::Started(question), answered] {
        desk.state.apply(Event::Asked {
            epoch: Epoch(0),
            text: UNLISTED.into(),
            news,
        });
    }
}

#[test]
fn late_answer_does_not_replace_a_device_selected_meanwhile() {
    for chooses in [false, true] {
        let (desk, mut harness) = wide(signed_in());
        desk.borrow_mut().views.search = UNLISTED.into();
        harness.run_steps(3);
        let asks = |c: &Command| matches!(c, Command::Ask { .. });
        assert!(desk.borrow().work.iter().any(asks));
        if chooses {
            let machine = machine(HR, "HR-LT-007").reference();
            desk.borrow_mut().views.selected = Some(machine);
        }
        answer(&desk);
        harness.run_steps(3);
        let expected = if chooses { HR } else { UNLISTED };
        assert_eq!(selected(&desk).as_deref(), Some(expected));
    }
}

#[test]
fn last_holder_of_an_address_is_named_but_not_selected() {
    const ADDRESS: &str = "10.99.9.9";
    let (desk, mut harness) = wide(signed_in());
    desk.borrow_mut().views.search = ADDRESS.into();
    harness.run_steps(2);
    harness.get_by_label("Search devices").focus();
    harness.run_steps(1);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    let mut found = (*machine(UNLISTED, "STRANGER")).clone();
    found.last_ip_address = ADDRESS.parse().ok();
    found.last_seen = Some(at(28) - jiff::SignedDuration::from_hours(20 * 24));
    let question = Question::Address {
        ip: ADDRESS.parse().expect("an address"),
        at: None,
    };
    let answered = AskedNews::Answered {
        at: at(20),
        machines: vec![Arc::new(found)],
        unreadable: 0,
        is_cut: false,
        is_of_last_report: true,
    };
    for news in [AskedNews::Started(question), answered] {
        desk.borrow_mut().state.apply(Event::Asked {
            epoch: Epoch(0),
            text: ADDRESS.into(),
            news,
        });
    }
    harness.run_steps(3);
    let said = "no device had it in the last 15 minutes; 1 device reported it last (20 d ago)";
    assert!(harness.query_by_label_contains(said).is_some());
    assert_eq!(selected(&desk), None);
}

#[test]
fn held_space_ticks_once() {
    let (desk, mut harness) = wide(signed_in());
    harness.get_by_label("FIN-LT-042 (…9c07), Isolated").click();
    harness.run_steps(2);
    for _ in 0..4 {
        harness.event(egui::Event::Key {
            key: Key::Space,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: egui::Modifiers::NONE,
        });
        harness.run_steps(1);
    }
    assert_eq!(desk.borrow().views.bulk_selection.len(), 1);
}

#[test]
fn panel_buttons_do_not_move_while_the_device_is_read() {
    let (desk, mut harness) = wide(signed_in());
    let row = harness.get_by_label("HR-LT-007 (…aaaa), state unknown");
    row.click_accesskit();
    harness.run_steps(3);
    let place = |harness: &Harness<'static>| harness.get_by_label("Isolate…").rect();
    let before = place(&harness);
    let mut twins = vec![(*machine(HR, "HR-LT-007")).clone()];
    twins[0].machine_tags = Some((0..30).map(|n| format!("tag number {n}").into()).collect());
    twins[0].rbac_group_name = Some("Finance".into());
    twins[0].is_potential_duplication = true;
    twins.push((*machine(UNLISTED, "HR-LT-007")).clone());
    desk.borrow_mut().state.apply(Event::Inventory {
        epoch: Epoch(0),
        news: InventoryNews::Page(twins.into_iter().map(Arc::new).collect()),
    });
    harness.run_steps(3);
    assert!(
        harness
            .query_by_label_contains("1 other record with this name")
            .is_some()
    );
    assert_eq!(place(&harness), before);
    let labelled = harness.query_by_label_contains("Group: Finance · Tags: tag number 0, ");
    assert!(labelled.is_some());
}

#[test]
fn countdown_moves_no_sign_in_button() {
    use crate::model::Retry;
    let mut state = signed_in();
    let not_renewed = |secs: i64| SessionStatus::NotRenewed {
        account: account(),
        retry: Retry::At(at(28 + secs)),
    };
    set(&mut state, not_renewed(100));
    let (desk, mut harness) = wide(state);
    let buttons = [
        "Try again to renew the sign-in",
        "Sign in with a code",
        "Sign in with the browser",
    ];
    let places = |harness: &Harness<'static>| buttons.map(|b| harness.get_by_label(b).rect());
    let before = places(&harness);
    for secs in [9, 1, 0] {
        set(&mut desk.borrow_mut().state, not_renewed(secs));
        harness.run_steps(2);
        assert_eq!(places(&harness), before, "{secs}");
    }
}

#[test]
fn unsaved_settings_are_shown_on_every_page() {
    let reported =
        |harness: &Harness<'static>| harness.query_by_label("Settings not saved").is_some();
    for size in [(1400.0, 900.0), (800.0, 600.0)] {
        let (desk, mut harness) = desk(signed_in(), size.into());
        desk.borrow_mut().views.show(Screen::Settings);
        harness.run_steps(3);
        assert!(!reported(&harness), "{size:?}");
        "web*".clone_into(
            desk.borrow_mut()
                .views
                .settings
                .typed
                .text_mut(RuleKey::ProtectedNames),
        );
        for screen in [Screen::Settings, Screen::Devices, Screen::Contained] {
            desk.borrow_mut().views.show(screen);
            harness.run_steps(3);
            assert!(reported(&harness), "{size:?}");
        }
        desk.borrow_mut().views.settings.discard();
        harness.run_steps(3);
        assert!(!reported(&harness), "{size:?}");
    }
}
