//! The window as used by keyboard, pointer and screen reader.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use egui::{Key, Ui};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use jiff::Timestamp;

use super::super::views::Views;
use super::super::{Cx, Outbox, theme};
use super::*;
use crate::explain::{Explanation, NextStep};
use crate::guard::Policy;
use crate::message::{Command, Event, InventoryNews};
use crate::model::{
    Account, Budget, Column, Epoch, KeyringState, Machine, MachineAction, MachineActionId,
    MachineActionStatus, MachineActionType, MachineId, Mode, PanelPart, SessionStatus,
    SignInPrompt, WindowLayout,
};
use crate::state::{State, fixtures};
use crate::ui::DrillRequest;
use crate::ui::commands::UiCommand;

mod access;
mod aftermath;
mod clicks;
mod columns;
mod contained;
mod drill;
mod filters;
mod focus;
mod hands;
mod incident;
mod journal;
mod local_data;
mod palette;
mod rests;
mod room;
mod says;
mod session;
mod table;
mod tags;
mod tidy;
mod timeline;

const FIN: &str = "1e5bc9d7e413ddd7902c2932e418702b84d09c07";
const HR: &str = "2e5bc9d7e413ddd7902c2932e418702b84d0aaaa";
const TWIN: &str = "3e5bc9d7e413ddd7902c2932e418702b84d0bbbb";
const START: i64 = 1_795_000_000;

struct Desk {
    state: State,
    views: Views,
    raised: Vec<UiCommand>,
    work: Vec<Command>,
    page: Option<String>,
    profile: Option<String>,
    drill: Option<DrillRequest>,
}

type Shared = Rc<RefCell<Desk>>;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(START + secs).expect("a small number")
}

fn account() -> Account {
    fixtures::account(
        "5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10",
        Some("jane@contoso.com"),
    )
}

fn machine(id: &str, name: &str) -> Arc<Machine> {
    let mut machine = Machine::bare(MachineId::parse(id).expect("a literal id"));
    machine.computer_dns_name = Some(name.into());
    machine.last_ip_address = "10.20.4.17".parse().ok();
    Arc::new(machine)
}

fn set(state: &mut State, status: SessionStatus) {
    state.apply(Event::Session {
        status,
        epoch: Epoch(0),
    });
}

fn signed_in() -> State {
    let mut state = State::new(Mode::Live, "Commercial", Policy::default());
    set(&mut state, fixtures::signed_in(account()));
    state.apply(Event::Keyring(KeyringState::Saved));
    state.apply(Event::Budget(Budget {
        left_minute: 92,
        of_minute: 100,
        left_hour: 1400,
        of_hour: 1500,
        gate_until: None,
        investigations_until: None,
        is_shared: false,
    }));
    let news = InventoryNews::Page(vec![
        machine(FIN, "FIN-LT-042"),
        machine(HR, "HR-LT-007"),
        machine(TWIN, "fin-lt-042.contoso.com"),
    ]);
    state.apply(Event::Inventory {
        epoch: Epoch(0),
        news,
    });
    state.apply(succeeded("a", MachineActionType::Isolate, FIN));
    state
}

/// A successful action on this device.
fn succeeded(id: &str, kind: MachineActionType, machine: &str) -> Event {
    let id = MachineActionId::parse(id).expect("a literal id");
    let mut action = MachineAction::bare(id, kind, MachineActionStatus::Succeeded);
    action.machine_id = MachineId::parse(machine).ok();
    Event::Actions {
        epoch: Epoch(0),
        actions: vec![action],
    }
}

fn desk(state: State, size: egui::Vec2) -> (Shared, Harness<'static>) {
    let views = Views {
        focus_search: true,
        ..Views::default()
    };
    let desk = Rc::new(RefCell::new(Desk {
        state,
        views,
        raised: vec![],
        work: vec![],
        page: None,
        profile: None,
        drill: None,
    }));
    let shown = Rc::clone(&desk);
    let mut harness = Harness::builder()
        .with_size(size)
        .with_context_setup(|ctx: &egui::Context| theme::apply(ctx))
        .build_ui(move |ui: &mut Ui| {
            let desk = &mut *shown.borrow_mut();
            let mut out = Outbox::default();
            let mut cx = Cx {
                state: &desk.state,
                views: &mut desk.views,
                now: at(28),
                out: &mut out,
            };
            frame_ui(ui, &mut cx);
            desk.raised.append(&mut out.commands);
            desk.work.append(&mut out.work);
            desk.page = out.open_page.or(desk.page.take());
            desk.profile = out.profile.or(desk.profile.take());
            desk.drill = out.drill.or(desk.drill.take());
        });
    harness.run_steps(3);
    (desk, harness)
}

fn wide(state: State) -> (Shared, Harness<'static>) {
    desk(state, egui::vec2(1400.0, 900.0))
}

fn selected(desk: &Shared) -> Option<String> {
    desk.borrow()
        .views
        .selected
        .as_ref()
        .map(|machine| machine.id.to_string())
}

#[test]
fn row_is_named_by_device_and_state_and_clickable_by_screen_readers() {
    let (desk, mut harness) = wide(signed_in());
    harness
        .get_by_label("FIN-LT-042 (…9c07), Isolated")
        .click_accesskit();
    harness.run_steps(2);
    assert_eq!(selected(&desk).as_deref(), Some(FIN));
    harness
        .get_by_label("HR-LT-007 (…aaaa), state unknown")
        .click();
    harness.run_steps(2);
    assert_eq!(selected(&desk).as_deref(), Some(HR));
}

#[test]
fn search_enter_and_arrows_select_without_the_pointer() {
    let (desk, mut harness) = wide(signed_in());
    assert!(harness.get_by_label("Search devices").is_focused());
    harness.get_by_label("Search devices").type_text("fin");
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("2 of 3").is_some());
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(selected(&desk), None, "no twin is preselected");
    harness.key_press(Key::ArrowDown);
    harness.run_steps(2);
    assert_eq!(selected(&desk).as_deref(), Some(FIN));
    harness.key_press(Key::ArrowDown);
    harness.run_steps(2);
    assert_eq!(selected(&desk).as_deref(), Some(TWIN));
    harness.key_press(Key::ArrowDown);
    harness.run_steps(2);
    assert_eq!(
        selected(&desk).as_deref(),
        Some(TWIN),
        "Arrow Down stops at the last row"
    );
    harness.key_press(Key::Home);
    harness.run_steps(2);
    assert_eq!(selected(&desk).as_deref(), Some(FIN));
}

#[test]
fn escape_clears_the_search_and_keeps_the_cursor_there() {
    let (desk, mut harness) = wide(signed_in());
    harness
        .get_by_label("Search devices")
        .type_text("nobody@contoso.com");
    harness.run_steps(2);
    assert!(
        harness
            .query_by_label_contains("Ask Defender for “user nobody”")
            .is_some()
    );
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert_eq!(desk.borrow().views.search, "");
    assert!(harness.get_by_label("Search devices").is_focused());
}

#[test]
fn facts_are_read_after_the_dwell_time() {
    let (desk, mut harness) = wide(signed_in());
    harness.get_by_label_contains("HR-LT-007 (…aaaa), ").click();
    harness.run_steps(1);
    assert!(desk.borrow().work.is_empty());
    harness.run_steps(60);
    let desk = desk.borrow();
    let [Command::LoadMachine(id), parts @ ..] = desk.work.as_slice() else {
        panic!("{:?}", desk.work)
    };
    assert_eq!(id.as_str(), HR);
    assert_eq!(parts.len(), PanelPart::ALL.len());
    for (read, part) in parts.iter().zip(PanelPart::ALL) {
        assert!(matches!(read, Command::LoadPart(of, read) if of == id && *read == part));
    }
}

#[test]
fn small_window_shows_the_panel_over_the_list_and_goes_back() {
    let (desk, mut harness) = desk(signed_in(), egui::vec2(640.0, 360.0));
    harness.get_by_label("FIN-LT-042 (…9c07), Isolated").click();
    harness.run_steps(2);
    assert!(harness.query_by_label("Search devices").is_none());
    let is_name = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
        let words = node.value();
        words.is_some_and(|words| words.contains("FIN-LT-042"))
    };
    let named = harness.query_all_by(is_name).count();
    assert_eq!(named, 1, "shown only beside the back button");
    harness.get_by_label("Back to the list").click();
    harness.run_steps(2);
    assert!(harness.query_by_label("Search devices").is_some());
    assert_eq!(selected(&desk).as_deref(), Some(FIN), "the selection stays");
}

#[test]
fn strip_shows_mode_tenant_and_account_and_raises_commands() {
    let (desk, mut harness) = wide(signed_in());
    for fact in [
        "LIVE",
        "jane@contoso.com",
        "Signed in",
        "Commercial",
        "Tenant 5f0c7a31",
        "Saved in the keyring",
        "92 calls left",
    ] {
        assert!(harness.query_by_label(fact).is_some(), "{fact}");
    }
    for button in ["Keys", "Theme: system", "Sign out"] {
        harness.get_by_label(button).click();
        harness.run_steps(2);
    }
    let wanted = [
        UiCommand::ShowKeys,
        UiCommand::SwitchTheme,
        UiCommand::SignOut,
    ];
    assert_eq!(desk.borrow().raised, wanted);
}

#[test]
fn keyring_that_fails_to_save_offers_to_try_again() {
    let mut state = signed_in();
    let keyring = KeyringState::NotSaved {
        reason: "no keyring".into(),
        remedy: "Install one".into(),
    };
    state.apply(Event::Keyring(keyring));
    let (desk, mut harness) = wide(state);
    assert!(
        harness
            .query_by_label("Sign-in not saved: no keyring")
            .is_some()
    );
    harness.get_by_label("Try again").click();
    harness.run_steps(2);
    assert_eq!(desk.borrow().raised, [UiCommand::TryKeyringAgain]);
}

fn waiting(expires_in_secs: u64) -> State {
    let mut state = State::new(Mode::Demo, "Demo", Policy::default());
    set(
        &mut state,
        SessionStatus::WaitingForPerson(SignInPrompt {
            user_code: "A1B2C3D4E".into(),
            verification_uri: "https://microsoft.com/devicelogin".into(),
            may_open: true,
            expires_in: std::time::Duration::from_secs(expires_in_secs),
            received: at(0),
            is_silent: false,
        }),
    );
    state
}

#[test]
fn code_is_readable_on_screen_and_by_screen_readers() {
    let (desk, mut harness) = desk(waiting(900), egui::vec2(640.0, 360.0));
    // A label is found by its value; its own label is for those who query both.
    let code = harness.get_by_label("A1B2C3D4E");
    assert_eq!(
        code.accesskit_node().label().as_deref(),
        Some("Device code")
    );
    assert!(harness.get_by_label("Copy code").is_focused());
    assert!(harness.query_by_label("14:32 left").is_some());
    let qr = "QR code of https://microsoft.com/devicelogin";
    assert!(harness.query_by_label(qr).is_some());
    harness.get_by_label("Copy code").click();
    harness.get_by_label("Open browser").click();
    harness.run_steps(2);
    assert_eq!(
        desk.borrow().page.as_deref(),
        Some("https://microsoft.com/devicelogin")
    );
    harness.get_by_label("Cancel").click();
    harness.run_steps(2);
    assert_eq!(desk.borrow().raised, [UiCommand::CancelSignIn]);
}

#[test]
fn expired_code_is_replaced() {
    let (desk, mut harness) = wide(waiting(20));
    assert!(harness.query_by_label("The code has expired").is_some());
    harness.get_by_label("Get a new code").click();
    harness.run_steps(2);
    assert!(matches!(desk.borrow().work.as_slice(), [Command::SignIn]));
}

#[test]
fn sign_in_starts_with_enter_and_shows_why_it_failed() {
    let mut state = State::new(Mode::Live, "Commercial", Policy::default());
    set(&mut state, SessionStatus::SignedOut);
    let (desk, mut harness) = wide(state);
    assert!(harness.get_by_label("Sign in with a code").is_focused());
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(desk.borrow().raised, [UiCommand::SignIn]);
    let failure = Explanation::harmless("The code was declined", NextStep::TryAgain);
    desk.borrow_mut().state.apply(Event::SignInFailed(failure));
    harness.run_steps(2);
    assert!(harness.query_by_label("The code was declined").is_some());
    for sign_in_method in ["Sign in with a code", "Sign in with the browser"] {
        assert!(
            harness.query_by_label(sign_in_method).is_some(),
            "{sign_in_method}"
        );
    }
}

#[test]
fn ended_sign_in_keeps_the_list_and_offers_a_new_one() {
    let mut state = signed_in();
    set(
        &mut state,
        SessionStatus::NeedsSignIn { account: account() },
    );
    for n in 1..=3 {
        state.apply(Event::Problem(Explanation::harmless(
            format!("Problem {n}"),
            NextStep::None,
        )));
    }
    let ended = Explanation::harmless("Your sign-in has ended", NextStep::SignIn);
    state.apply(Event::RenewalFailed(ended.clone()));
    state.apply(Event::Inventory {
        epoch: Epoch(0),
        news: InventoryNews::Failed(ended),
    });
    let (desk, mut harness) = wide(state);
    assert!(
        harness
            .query_by_label("FIN-LT-042 (…9c07), Isolated")
            .is_some()
    );
    let ended = harness.query_all_by_label("Your sign-in has ended");
    assert_eq!(ended.count(), 1, "shown only in the banner");
    let shown = |label: &str| harness.query_by_label(label).is_some();
    assert!(shown("Problem 3") && !shown("Problem 2") && shown("2 more"));
    let sign_in_methods = [UiCommand::SignIn, UiCommand::SignInWithBrowser];
    for command in sign_in_methods {
        harness.get_by_label(command.spec().title).click();
        harness.run_steps(2);
    }
    assert_eq!(desk.borrow().raised, sign_in_methods);
}
