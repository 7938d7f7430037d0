//! In a narrow strip mode and tenant are never cut, and nothing is lost.

use egui::Rect;

use super::*;
use crate::guard::Policy;
use crate::message::Event;
use crate::model::{Budget, Epoch, KeyringState};
use crate::state::{State, fixtures};
use crate::ui::theme;

fn state() -> State {
    let mut state = State::new(Mode::StandIn, "http://127.0.0.1:18432", Policy::default());
    state.tenant = "contoso-holding.onmicrosoft.com".into();
    let account = fixtures::account(
        "5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10",
        Some("jane.margaret.doe-responder@contoso-holding.onmicrosoft.com"),
    );
    state.apply(Event::Session {
        status: fixtures::signed_in(account),
        epoch: Epoch(0),
    });
    state.apply(Event::Keyring(KeyringState::NotSaved {
        reason: "No keyring is available".into(),
        remedy: "Install one".into(),
    }));
    state.apply(Event::Budget(Budget {
        left_minute: 90,
        of_minute: 100,
        left_hour: 1400,
        of_hour: 1500,
        gate_until: None,
        investigations_until: None,
        is_shared: false,
    }));
    state
}

fn plan(room: f32, check: impl Fn(&Ui, &Arrangement)) {
    let ctx = egui::Context::default();
    theme::apply(&ctx);
    let mut views = crate::ui::views::Views::default();
    let mut out = crate::ui::Outbox::default();
    let state = state();
    let input = egui::RawInput {
        screen_rect: Some(Rect::from_min_size(
            egui::Pos2::ZERO,
            egui::vec2(room, 100.0),
        )),
        ..egui::RawInput::default()
    };
    for _ in 0..2 {
        let mut output = ctx.run_ui(input.clone(), |ui| {
            ui.spacing_mut().item_spacing.x = ui.tokens().space.xs;
            let cx = Cx {
                state: &state,
                views: &mut views,
                now: jiff::Timestamp::UNIX_EPOCH,
                out: &mut out,
            };
            let plan = Arrangement::new(
                ui,
                facts(&state, cx.now, &state.zone),
                &buttons(&cx),
                room,
                0.0,
            );
            check(ui, &plan);
        });
        output.textures_delta.clear();
    }
}

fn texts(facts: &[Fact]) -> Vec<&str> {
    facts.iter().map(|fact| fact.text.as_str()).collect()
}

#[test]
fn buttons_go_into_the_menu_first_and_mode_and_tenant_are_never_cut() {
    plan(2_400.0, |_, plan| {
        assert!(!plan.has_menu && plan.left_out.is_empty());
    });
    plan(1_100.0, |_, plan| {
        assert!(plan.has_menu, "the buttons give way first");
        assert!(texts(&plan.shown).contains(&"Signed in"));
    });
    for room in [624.0, 560.0, 480.0] {
        plan(room, |ui, plan| {
            let shown = texts(&plan.shown);
            assert!(shown.contains(&"STAND-IN"), "{shown:?}");
            assert!(
                shown.contains(&"Tenant contoso-holding.onmicrosoft.com"),
                "{shown:?}"
            );
            assert!(plan.clipped >= 64.0, "{}", plan.clipped);
            let gap = ui.spacing().item_spacing.x;
            let width = |fact: &Fact| {
                let whole = plate_width(ui, &fact.text);
                let is_clipped = fact.rank == Rank::Clipped;
                let shown = if is_clipped {
                    plan.clipped.min(whole)
                } else {
                    whole
                };
                shown + gap
            };
            let used: f32 = plan.shown.iter().map(width).sum();
            assert!(
                used + button_width(ui, MENU) <= room + 1.0,
                "{room}: {used}"
            );
            let all = plan.shown.len() + plan.left_out.len();
            assert_eq!(
                all,
                facts(
                    &state(),
                    jiff::Timestamp::UNIX_EPOCH,
                    &jiff::tz::TimeZone::UTC
                )
                .len()
            );
        });
    }
}

#[test]
fn menu_takes_only_buttons_that_do_not_fit_and_account_is_cut_last() {
    for room in (560_u16..2_400).step_by(20) {
        plan(room.into(), |ui, plan| {
            let gap = ui.spacing().item_spacing.x;
            let width = |fact: &Fact| {
                let whole = fact_width(ui, fact) - gap;
                let is_clipped = fact.rank == Rank::Clipped;
                gap + if is_clipped {
                    plan.clipped.min(whole)
                } else {
                    whole
                }
            };
            let trouble = plan.shown.iter().any(|f| f.rank == Rank::KeyringTrouble);
            let try_again = if trouble {
                button_width(ui, TRY_AGAIN) + gap
            } else {
                0.0
            };
            let facts = plan.shown.iter().map(width).sum::<f32>() + try_again;
            let labels = [
                "Journal",
                "Settings",
                "Account",
                "Sign out",
                "Commands",
                "Keys",
                "Theme: system",
                "About",
                "Incident",
            ];
            let widths = labels.map(|label| button_width(ui, label) + gap);
            let row: f32 = widths[..plan.in_row].iter().sum();
            let menu = if plan.has_menu {
                button_width(ui, MENU) + gap
            } else {
                0.0
            };
            let room = f32::from(room);
            assert!(facts + row + menu <= room + 1.0, "{room}: {facts} {row}");
            assert_eq!(plan.has_menu, plan.in_row < labels.len());
            if let Some(next) = widths.get(plan.in_row) {
                // The last button needs room for the counter, but not for a menu.
                let last = plan.in_row + 1 == labels.len();
                let beside = if last { counter_width(ui, MANY) } else { menu };
                assert!(
                    facts + row + beside + next > room - 1.0,
                    "{room}: one more button fits"
                );
            }
            let could_go = plan.shown.iter().any(|fact| fact.rank > Rank::Clipped);
            assert!(
                !could_go || plan.clipped >= ACCOUNT_WIDTH - gap - 1.0,
                "{room}"
            );
        });
    }
}

#[test]
fn empty_keyring_is_not_shown_as_being_checked() {
    let mut state = state();
    state.keyring = KeyringState::Empty;
    assert_eq!(facts::keyring(&state), None);
}
