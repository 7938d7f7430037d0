//! The signed-in account, and what the window shows about it.

use std::time::Duration;

use super::*;
use crate::action::ActionKind;
use crate::explain::NextStep;
use crate::journal::{Author, Entry, Record};
use crate::message::HistoryRange;
use crate::model::{
    BrowserPrompt, BrowserSeen, EntryId, PageDelay, Retry, SignInMethod, Unfamiliar,
};
use crate::state::fixtures;
use crate::ui::views::Screen;

fn author(object_id: &str, name: &str) -> Author {
    Author {
        mode: "LIVE".into(),
        tenant: account().tenant_id.as_str().into(),
        object_id: object_id.into(),
        account: format!("{name} at Commercial").into(),
    }
}

/// An order by this author, with these records 14 s after the start.
fn entry(author: Author, kind: ActionKind, records: Vec<Record>) -> Entry {
    let machine = fixtures::machine_ref(FIN, Some("FIN-LT-051"));
    let tag = EntryId::random().expect("random bytes").to_string();
    let order = fixtures::order(&tag, machine, kind);
    fixtures::entry_at(at(14), author, order, records)
}

fn shows(harness: &Harness<'static>, text: &str) -> bool {
    harness.query_all_by_label_contains(text).next().is_some()
}

fn explained(headline: &str) -> Explanation {
    Explanation::harmless(headline, NextStep::TryAgain)
}

#[test]
fn failed_renewal_says_why_and_offers_every_way_to_continue() {
    let mut state = signed_in();
    let retry = Retry::At(at(40));
    let account = account();
    set(&mut state, SessionStatus::NotRenewed { account, retry });
    state.apply(Event::RenewalFailed(explained(
        "Could not reach the sign-in host",
    )));
    for size in [(1400.0, 900.0), (1280.0, 720.0), (800.0, 600.0)] {
        let mut copy = signed_in();
        copy.session = state.session.clone();
        copy.renewal_failure.clone_from(&state.renewal_failure);
        let (desk, mut harness) = desk(copy, size.into());
        assert!(shows(&harness, "Not renewed"), "in the strip");
        assert!(shows(&harness, "Your sign-in could not be renewed"));
        assert!(shows(&harness, "Could not reach the sign-in host"));
        assert!(shows(&harness, "Next try in 12 seconds"));
        assert!(!shows(&harness, "Signed in"));
        let commands = [
            UiCommand::RenewSignIn,
            UiCommand::SignIn,
            UiCommand::SignInWithBrowser,
        ];
        for label in [
            "Try again to renew the sign-in",
            "Sign in with a code",
            "Sign in with the browser",
        ] {
            let button = harness.get_by_label(label);
            assert!(button.rect().right() <= size.0, "{label} at {size:?}");
            button.click();
            harness.run_steps(2);
        }
        assert_eq!(desk.borrow().raised, commands);
    }
}

#[test]
fn devices_never_read_are_not_called_none() {
    let mut state = State::new(Mode::Live, "Commercial", Policy::default());
    let account = account();
    let retry = Retry::ByHand;
    set(&mut state, SessionStatus::NotRenewed { account, retry });
    state.apply(Event::RenewalFailed(explained(
        "The application is not known",
    )));
    let (_, harness) = wide(state);
    assert!(!shows(&harness, "No devices"), "the list was never read");
    assert!(shows(&harness, "The list has not been read yet"));
    assert!(!shows(&harness, "Next try"), "renewal is manual");
}

#[test]
fn renewal_is_shown_only_when_it_takes_long() {
    let mut state = signed_in();
    set(&mut state, SessionStatus::Renewing { account: account() });
    let (_, mut harness) = wide(state);
    assert!(shows(&harness, "Renewing…"));
    assert!(!shows(&harness, "takes long"));
    assert!(shows(&harness, "FIN-LT-042"), "the list is there already");
    harness.run_steps(20);
    assert!(shows(
        &harness,
        "Renewing your sign-in is taking longer than usual"
    ));
}

#[test]
fn sign_in_page_lists_open_orders() {
    let mut state = State::new(Mode::Live, "Commercial", Policy::default());
    set(&mut state, SessionStatus::SignedOut);
    let accepted = Record::Accepted {
        action: MachineActionId::parse("a").expect("a literal id"),
        status: MachineActionStatus::Pending,
    };
    let jane = || author("o", "jane@contoso.com");
    state.apply(Event::Entries(vec![
        entry(jane(), ActionKind::Isolate, vec![Record::Sent, accepted]),
        entry(jane(), ActionKind::Unisolate, vec![Record::Sent]),
    ]));
    let (_, harness) = wide(state);
    assert!(shows(
        &harness,
        "1 isolation still pending: “FIN-LT-051” (…9c07), sent less than a minute ago"
    ));
    assert!(shows(
        &harness,
        "1 release with unknown outcome: “FIN-LT-051” (…9c07)"
    ));
}

#[test]
fn orders_of_another_account_are_shown_as_theirs_and_never_sent() {
    let alice = author("alice", "alice@contoso.com");
    let different = SessionStatus::DifferentAccount {
        account: account(),
        before: Some("alice@contoso.com".into()),
        reason: Unfamiliar::OtherAccount,
    };
    let accepted = fixtures::signed_in(account());
    for session in [different, SessionStatus::SignedOut, accepted] {
        let mut state = signed_in();
        set(&mut state, session.clone());
        let waits = entry(alice.clone(), ActionKind::Isolate, Vec::new());
        let id = waits.id();
        state.apply(Event::Entries(vec![waits]));
        let (desk, mut harness) = wide(state);
        let whose = "1 action not sent: it was ordered as alice@contoso.com. Sign in as alice@contoso.com, or withdraw it";
        assert!(shows(&harness, whose), "{session:?}");
        assert!(!shows(&harness, "when you sign in again"), "{session:?}");
        harness.get_by_label("Withdraw it").click();
        harness.run_steps(2);
        let withdrawn = matches!(desk.borrow().work.as_slice(), [Command::Withdraw(w)] if *w == id);
        assert!(withdrawn, "{session:?}");
    }
}

#[test]
fn one_button_is_primary_and_the_recommended_method_comes_first() {
    let order = |state: State| {
        let (_, harness) = wide(state);
        let left = |label: &str| harness.get_by_label(label).rect().left();
        left("Sign in with a code") < left("Sign in with the browser")
    };
    let signed_out = |sign_in_method, advised| {
        let mut state = State::new(Mode::Live, "Commercial", Policy::default());
        set(&mut state, SessionStatus::SignedOut);
        state.apply(Event::SignInMethod(sign_in_method));
        state.apply(Event::Advice(advised));
        state
    };
    assert!(order(signed_out(None, None)));
    assert!(
        !order(signed_out(Some(SignInMethod::Browser), None)),
        "the method that worked last"
    );
    assert!(
        !order(signed_out(
            Some(SignInMethod::Code),
            Some(SignInMethod::Browser)
        )),
        "the method that the refusal requires"
    );
}

/// A look-only console offers no order anywhere it could be requested, and says why.
#[test]
fn look_only_console_offers_no_order_anywhere() {
    let in_use = Explanation::harmless(
        "Another console is using this data folder",
        NextStep::Outside("Act in the other console".into()),
    );
    let because_in_use = "Another console is using this data folder. Act in the other console";
    let mut other_acts = signed_in();
    other_acts.journal = Some(Err(in_use));
    let mut read_only = signed_in();
    read_only.policy.read_only = true;
    for (state, why) in [
        (other_acts, because_in_use),
        (read_only, "This console was started read-only"),
    ] {
        let mut lifted = MachineAction::bare(
            MachineActionId::parse("b").expect("a literal id"),
            MachineActionType::RestrictCodeExecution,
            MachineActionStatus::Pending,
        );
        lifted.machine_id = MachineId::parse(HR).ok();
        let mut state = state;
        state.apply(Event::Actions {
            epoch: Epoch(0),
            actions: vec![lifted],
        });
        let (desk, mut harness) = wide(state);
        {
            let desk = &mut *desk.borrow_mut();
            let id = MachineId::parse(FIN).expect("a literal id");
            let machine = desk.state.machine(&id).expect("in the list").reference();
            desk.views.bulk_selection = vec![machine.clone()];
            desk.views.selected = Some(machine);
        }
        harness.run_steps(60);
        let disabled = |harness: &Harness<'static>, label: &str| {
            let found: Vec<_> = harness.query_all_by_label_contains(label).collect();
            assert!(!found.is_empty(), "{label}");
            for button in found {
                let node = button.accesskit_node();
                assert!(node.is_disabled(), "{label}");
                assert_eq!(node.description().as_deref(), Some(why), "{label}");
            }
        };
        for label in [
            "Isolate 1 device…",
            "Release 1 device…",
            "Isolate…",
            "Release…",
        ] {
            disabled(&harness, label);
        }
        desk.borrow_mut().views.show(Screen::Contained);
        harness.run_steps(3);
        for label in [
            "Release what you isolated…",
            "Release “FIN-LT-042” (…9c07)…",
            "Cancel the app restriction of “HR-LT-007” (…aaaa)…",
        ] {
            disabled(&harness, label);
        }
        for &kind in ActionKind::ALL {
            let desk = &*desk.borrow();
            let available = UiCommand::Act(kind).availability(&desk.state, &desk.views, at(28));
            assert_eq!(available, Err(why.to_owned()), "{kind:?}");
        }
        assert!(desk.borrow().views.dialog.is_none());
    }
}

#[test]
fn both_sign_in_methods_are_offered_at_every_step() {
    let is_there = |state: State, other: &str| {
        let (_, harness) = wide(state);
        assert!(harness.query_by_label(other).is_some(), "{other}");
    };
    let start = || State::new(Mode::Live, "Commercial", Policy::default());
    is_there(start(), "Sign in with a code");
    for state in [start, || waiting(900), || waiting(20)] {
        is_there(state(), "Sign in with the browser");
    }
    let mut asking = State::new(Mode::Live, "Commercial", Policy::default());
    set(&mut asking, SessionStatus::AskingForCode);
    is_there(asking, "Sign in with the browser");
}

#[test]
fn browser_sign_in_replaces_a_code_that_has_not_arrived() {
    let mut asking = State::new(Mode::Live, "Commercial", Policy::default());
    set(&mut asking, SessionStatus::AskingForCode);
    let (desk, mut harness) = wide(asking);
    harness.get_by_label("Sign in with the browser").click();
    harness.run_steps(2);
    let desk = desk.borrow();
    assert_eq!(desk.raised, [UiCommand::SignInWithBrowser]);
    let now = desk.raised[0].availability(&desk.state, &desk.views, at(28));
    assert_eq!(now, Ok(()));
}

#[test]
fn silent_host_is_reported_while_the_code_is_pending() {
    let mut state = waiting(900);
    let (_, harness) = wide(state);
    assert!(!shows(&harness, "still trying"));
    state = waiting(900);
    if let SessionStatus::WaitingForPerson(prompt) = &mut state.session {
        prompt.is_silent = true;
    }
    let (_, harness) = wide(state);
    assert!(shows(
        &harness,
        "No answer from the sign-in host, still trying"
    ));
    assert!(shows(&harness, "A1B2C3D4E"), "the code stays");
}

#[test]
fn unfamiliar_account_is_confirmed_with_the_reason() {
    let so_far = "a-tenant-of-before".into();
    for (reason, title, why) in [
        (
            Unfamiliar::New,
            "Is this you?",
            "This account has not signed in to cordon on this computer before. Continue only if it is yours: whatever you order is done in its name",
        ),
        (
            Unfamiliar::OtherAccount,
            "This is a different account",
            "A different account was used last on this computer",
        ),
        (
            Unfamiliar::OtherTenant { so_far },
            "This is another tenant",
            "Until now, contoso.example led to tenant a-tenant-of-before. Continue only if you know why that has changed",
        ),
    ] {
        let mut state = signed_in();
        state.tenant = "contoso.example".into();
        let question = SessionStatus::DifferentAccount {
            account: account(),
            before: None,
            reason,
        };
        set(&mut state, question);
        let (_, harness) = wide(state);
        assert!(shows(&harness, title), "{title}");
        assert!(shows(&harness, why), "{why}");
    }
}

#[test]
fn browser_callback_over_https_is_reported_and_the_page_opens_at_a_new_address() {
    let mut state = signed_in();
    let prompt = BrowserPrompt {
        page: "http://127.0.0.1:1/sign-in/once".into(),
        expires_in: Duration::from_mins(5),
        received: at(0),
        seen: BrowserSeen {
            over_https: true,
            ..BrowserSeen::default()
        },
    };
    set(&mut state, SessionStatus::InBrowser(prompt));
    let (desk, mut harness) = wide(state);
    assert!(shows(
        &harness,
        "The browser came over https, but this computer's own address is http. Turn off \"HTTPS only\" for localhost, open the page in another browser, or use a code"
    ));
    harness.get_by_label("Open the page again").click();
    harness.run_steps(2);
    assert!(matches!(
        desk.borrow().work.as_slice(),
        [Command::SignInWithBrowser]
    ));
}

#[test]
fn sign_in_after_the_browser_answered_offers_no_return_to_its_page() {
    let prompt = BrowserPrompt {
        page: "http://127.0.0.1:1/sign-in/once".into(),
        expires_in: Duration::from_mins(5),
        received: at(0),
        seen: BrowserSeen::default(),
    };
    let mut state = signed_in();
    set(&mut state, SessionStatus::InBrowser(prompt.clone()));
    let (desk, mut harness) = wide(state);
    assert!(shows(&harness, "Sign in on the page in your browser"));
    let answered = BrowserPrompt {
        seen: BrowserSeen {
            code: true,
            ..BrowserSeen::default()
        },
        ..prompt
    };
    set(
        &mut desk.borrow_mut().state,
        SessionStatus::InBrowser(answered),
    );
    harness.run_steps(3);
    assert!(!shows(&harness, "Sign in on the page in your browser"));
    assert!(shows(
        &harness,
        "The browser has answered and can be closed; waiting for the sign-in host…"
    ));
    harness.get_by_label("Cancel").click();
    harness.run_steps(2);
    assert!(harness.query_by_label("Open the page again").is_none());
}

#[test]
fn slow_list_says_what_it_waits_for() {
    let mut state = signed_in();
    let shown = state.inventory.all().len();
    let apply = |state: &mut State, news| {
        let epoch = Epoch(0);
        state.apply(Event::Inventory { epoch, news });
    };
    apply(&mut state, InventoryNews::Started(at(10)));
    let (desk, mut harness) = wide(state);
    for (delay, words) in [
        (
            PageDelay::SlowLine { bytes: 3_400_000 },
            format!(
                "The connection is slow: 3.4 MB of the next devices received, {shown} are shown"
            ),
        ),
        (
            PageDelay::Paused { until: at(60) },
            "Defender asked for a pause until ".to_owned(),
        ),
        (
            PageDelay::AwaitingTurn,
            format!(
                "cordon waits so that Defender's call limit is not used up; the next devices will follow, {shown} are shown"
            ),
        ),
    ] {
        apply(&mut desk.borrow_mut().state, InventoryNews::Slow(delay));
        harness.run_steps(2);
        assert!(shows(&harness, &words), "{words}");
    }
}

#[test]
fn rows_are_called_the_last_list_only_if_one_was_read() {
    let words = "The list below is the last one read";
    for (read_at, is_said) in [(None, false), (Some(at(5)), true)] {
        let mut state = signed_in();
        let next = crate::explain::NextStep::None;
        let failure = crate::explain::Explanation::harmless("Could not read it", next);
        (state.inventory.read_at, state.inventory.kept_at) = (read_at, None);
        state.inventory.failure = Some(failure);
        let (_desk, mut harness) = wide(state);
        harness.run_steps(2);
        assert!(shows(&harness, "Could not read it"));
        assert_eq!(shows(&harness, words), is_said);
    }
}

#[test]
fn truncated_history_says_what_may_be_missing() {
    let part = "The state column may be incomplete: part of the action history is missing";
    let look = |is_complete| HistoryRange {
        since: at(0),
        is_complete,
    };
    let (desk, mut harness) = wide(signed_in());
    for (recent, older) in [(true, true), (false, true), (true, false)] {
        for news in [
            InventoryNews::RecentActions(Ok(look(recent))),
            InventoryNews::Containments(Ok(look(older))),
        ] {
            let epoch = Epoch(0);
            desk.borrow_mut()
                .state
                .apply(Event::Inventory { epoch, news });
        }
        harness.run_steps(2);
        assert_eq!(shows(&harness, part), !(recent && older));
    }
}

#[test]
fn list_and_contained_devices_stay_visible_while_a_code_is_pending() {
    for (session, over) in [
        (SessionStatus::AskingForCode, "Asking for a code…"),
        (waiting(900).session, "A1B2C3D4E"),
    ] {
        for size in [(1400.0, 900.0), (800.0, 600.0)] {
            let mut copy = signed_in();
            copy.session = session.clone();
            let (_, harness) = desk(copy, size.into());
            assert!(shows(&harness, over), "{size:?}");
            let window = egui::Rect::from_min_size(egui::Pos2::ZERO, size.into());
            let row = harness.get_by_label("FIN-LT-042 (…9c07), Isolated").rect();
            assert!(window.contains_rect(row), "{size:?}: {row}");
            assert!(harness.query_by_label("Cancel").is_some());
            let other = harness.query_by_label("Sign in with the browser");
            assert!(other.is_some(), "the other method");
        }
    }
    // Without a list, the sign-in has its own page.
    let (_, harness) = wide(waiting(900));
    assert!(harness.query_by_label("Search devices").is_none());
}
