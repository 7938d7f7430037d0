//! Behaviour of the widgets for keyboard and screen readers.

use std::{cell::Cell, rc::Rc};

use egui::{Context, Id, Key, Theme, Ui, accesskit::Role as Kind};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};

use super::{
    super::theme::{self, Role, TokensExt as _},
    ActionButton, Dialog, ExplanationView, Icon, TextField, badge, checkbox_ui, copyable_ui,
    radio_ui,
};

mod gallery;

use gallery::gallery_ui;

fn harness<'a>(theme: Theme, app: impl FnMut(&mut Ui) + 'a) -> Harness<'a> {
    Harness::builder()
        .with_size(egui::vec2(1000.0, 1200.0))
        .with_theme(theme)
        .with_context_setup(|ctx: &Context| theme::apply(ctx))
        .build_ui(app)
}

#[test]
fn gallery_is_drawn_with_accessible_names_in_both_themes() {
    for theme in [Theme::Dark, Theme::Light] {
        let mut harness = harness(theme, gallery_ui);
        harness.run();
        assert!(harness.query_by_label("Isolate FIN-LT-042").is_some());
    }
}

#[test]
fn disabled_button_is_focusable_says_why_and_does_nothing() {
    let clicks = Cell::new(0);
    let mut harness = harness(Theme::Dark, |ui| {
        let button = ActionButton::new("Isolate…").disabled_because(Some("No permission"));
        if ui.add(button).clicked() {
            clicks.set(clicks.get() + 1);
        }
    });
    harness.key_press(Key::Tab);
    harness.run();
    let button = harness.get_by_label("Isolate…");
    assert!(button.is_focused());
    assert!(button.accesskit_node().is_disabled());
    let said = button.accesskit_node().description();
    assert_eq!(said.as_deref(), Some("No permission"));
    assert!(
        harness.query_all_by_value("No permission").count() > 0
            || harness.query_all_by_label("No permission").count() > 0,
        "the reason is shown on focus"
    );
    for key in [Key::Enter, Key::Space] {
        harness.key_press(key);
        harness.run();
    }
    harness.get_by_label("Isolate…").click();
    harness.run();
    harness.get_by_label("Isolate…").click_accesskit();
    harness.run();
    assert_eq!(clicks.get(), 0);
}

#[test]
fn enabled_button_is_clicked_by_pointer_keyboard_and_screen_reader() {
    let clicks = Cell::new(0);
    let mut harness = harness(Theme::Dark, |ui| {
        if ui.add(ActionButton::primary("Go on")).clicked() {
            clicks.set(clicks.get() + 1);
        }
    });
    harness.get_by_label("Go on").click();
    harness.run();
    harness.get_by_label("Go on").click_accesskit();
    harness.run();
    harness.get_by_label("Go on").focus();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(clicks.get(), 3);
}

#[test]
fn enter_does_not_press_a_button_that_ignores_it() {
    let clicks = Cell::new(0);
    let mut harness = harness(Theme::Dark, |ui| {
        if ui
            .add(ActionButton::danger("Isolate").ignores_enter())
            .clicked()
        {
            clicks.set(clicks.get() + 1);
        }
    });
    harness.get_by_label("Isolate").focus();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(clicks.get(), 0, "by Enter");
    harness.key_press(Key::Space);
    harness.run();
    assert_eq!(clicks.get(), 1, "by the space bar");
    harness.get_by_label("Isolate").click();
    harness.run();
    assert_eq!(clicks.get(), 2, "by the pointer");
}

#[test]
fn buttons_have_the_minimum_target_size() {
    let mut harness = harness(Theme::Dark, |ui| {
        ui.add(ActionButton::icon_only(Icon::Close, "Close"));
        ui.add(ActionButton::quiet("i"));
        ui.add(ActionButton::new("Go"));
    });
    harness.run();
    for button in harness.get_all_by_role(Kind::Button) {
        let size = button.rect().size();
        assert!(size.x >= 24.0 && size.y >= 24.0, "{size:?}");
    }
}

#[test]
fn field_is_named_by_its_label_and_described_by_its_error() {
    let mut text = "abc".to_owned();
    let mut harness = harness(Theme::Light, move |ui| {
        TextField::new("Reason", &mut text)
            .error(Some("Too short"))
            .max_chars(200)
            .show_ui(ui);
        TextField::new("Search devices", &mut text)
            .label_unseen()
            .show_ui(ui);
    });
    harness.run();
    let field = harness.get_by_role_and_label(Kind::TextInput, "Reason");
    let said = field.accesskit_node().description();
    assert_eq!(said.as_deref(), Some("Too short"));
    assert!(harness.query_by_label("Search devices").is_some());
    assert!(harness.query_by_label("3/200").is_some() || harness.query_by_value("3/200").is_some());
}

#[test]
fn copying_is_confirmed_for_a_moment_and_moves_nothing() {
    let mut harness = harness(Theme::Dark, |ui| {
        copyable_ui(ui, "device id", "9c07");
        badge(ui, Icon::Done, Role::Ok, "Isolated");
    });
    harness.run();
    let before = harness.get_by_label("Copy device id").rect();
    harness.get_by_label("Copy device id").click();
    harness.run_steps(3);
    let button = harness.get_by_label("Copy device id");
    assert_eq!(button.rect(), before);
    let said = button.accesskit_node().description();
    assert_eq!(said.as_deref(), Some("Copied"));
    harness.run_steps(20);
    let button = harness.get_by_label("Copy device id");
    let said = button.accesskit_node().description();
    assert_ne!(said.as_deref(), Some("Copied"));
}

#[test]
fn details_are_folded_until_opened() {
    let details = ["403 Forbidden".to_owned()];
    let mut harness = harness(Theme::Dark, |ui| {
        ExplanationView {
            headline: "Refused",
            effect: "Nothing was changed",
            role: Role::Danger,
            next_label: Some("Show permissions"),
            details: &details,
        }
        .show_ui(ui);
    });
    harness.run();
    assert!(harness.query_by_label("Copy details").is_none());
    harness.get_by_label("Details").click();
    harness.run();
    assert!(harness.query_by_label("Copy details").is_some());
}

#[test]
fn dialog_is_an_alert_closed_by_esc_but_not_by_a_click_beside_it() {
    let asked = Rc::new(Cell::new(0));
    let seen = Rc::clone(&asked);
    let mut harness = harness(Theme::Dark, move |ui| {
        ui.add(ActionButton::new("Behind"));
        let dialog = Dialog::new(Id::unique("review"), "Isolate FIN-LT-042?")
            .description("It loses its network");
        let is_opening = dialog.is_opening(ui.ctx());
        let response = dialog.show(ui.ctx(), |ui| {
            let cancel = ui.add(ActionButton::new("Keep connected"));
            if is_opening {
                cancel.request_focus();
            }
        });
        if response.close_requested {
            seen.set(seen.get() + 1);
        }
    });
    harness.run();
    let dialog = harness.get_by_role(Kind::AlertDialog);
    let node = dialog.accesskit_node();
    assert_eq!(node.label().as_deref(), Some("Isolate FIN-LT-042?"));
    assert_eq!(node.description().as_deref(), Some("It loses its network"));
    assert!(harness.get_by_label("Keep connected").is_focused());
    harness.get_by_label("Behind").click();
    harness.run();
    assert_eq!(asked.get(), 0, "a click beside it");
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(asked.get(), 1, "Esc");
}

#[test]
fn closing_a_dialog_returns_the_focus() {
    let is_open = Rc::new(Cell::new(false));
    let shown = Rc::clone(&is_open);
    let id = Id::unique("settings");
    let mut harness = harness(Theme::Dark, move |ui| {
        if ui.add(ActionButton::new("Settings…")).clicked() {
            shown.set(true);
        }
        if shown.get() {
            let dialog = Dialog::new(id, "Settings").plain();
            let is_opening = dialog.is_opening(ui.ctx());
            let response = dialog.show(ui.ctx(), |ui| {
                let close = ui.add(ActionButton::new("Close"));
                if is_opening {
                    close.request_focus();
                }
                close.clicked()
            });
            if response.inner || response.close_requested {
                shown.set(false);
                Dialog::return_focus(ui.ctx(), id);
            }
        }
    });
    harness.get_by_label("Settings…").focus();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert!(harness.get_by_label("Close").is_focused());
    harness.key_press(Key::Escape);
    harness.run();
    assert!(!is_open.get());
    assert!(harness.get_by_label("Settings…").is_focused());
}

#[test]
fn dialog_whose_opener_is_gone_focuses_the_home() {
    let is_open = Rc::new(Cell::new(false));
    let has_opener = Rc::new(Cell::new(true));
    let (shown, drawn) = (Rc::clone(&is_open), Rc::clone(&has_opener));
    let id = Id::unique("settings");
    let mut harness = harness(Theme::Dark, move |ui| {
        let home = ui.add(ActionButton::new("Home"));
        Dialog::set_focus_home(ui.ctx(), home.id);
        if drawn.get() && ui.add(ActionButton::new("Settings…")).clicked() {
            shown.set(true);
        }
        if shown.get() {
            let dialog = Dialog::new(id, "Settings").plain();
            let response = dialog.show(ui.ctx(), |ui| ui.label("Text"));
            if response.close_requested {
                shown.set(false);
                drawn.set(false);
                Dialog::return_focus(ui.ctx(), id);
            }
        }
    });
    harness.get_by_label("Settings…").focus();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert!(is_open.get());
    harness.key_press(Key::Escape);
    harness.run();
    assert!(!is_open.get() && !has_opener.get());
    assert!(harness.get_by_label("Home").is_focused());
}

#[test]
fn tip_of_a_focused_button_covers_no_other_button() {
    let names = [
        "Isolate…",
        "Release…",
        "Restrict apps…",
        "Quarantine file…",
        "Scan…",
    ];
    let reason = "Not available: the device has not been onboarded, and can only be contained";
    let mut harness = harness(Theme::Dark, move |ui| {
        ui.add_space(60.0);
        ui.set_max_width(330.0);
        ui.horizontal_wrapped(|ui| {
            for name in names {
                ui.add(ActionButton::new(name).disabled_because(Some(reason)));
            }
        });
    });
    for name in names {
        harness.get_by_label(name).focus();
        harness.run();
        harness.run();
        let tip = harness.get_by_label(reason).rect();
        for other in names {
            let button = harness.get_by_label(other).rect();
            assert!(
                !tip.intersects(button.shrink(1.0)),
                "{name} over {other}: {tip} {button}"
            );
        }
    }
}

/// Ids are compared: neither focus nor pointer shows a tip over one.
#[test]
fn tip_of_a_button_covers_no_id() {
    const ID: &str = "1e5bc9d7e413ddd7902c2932e418702b84d09c07";
    let reason = "Not available in the demo";
    let mut harness = harness(Theme::Dark, move |ui| {
        ui.add_space(60.0);
        ui.set_max_width(420.0);
        copyable_ui(ui, "device id", ID);
        ui.add(ActionButton::new("Open elsewhere").disabled_because(Some(reason)));
        ui.horizontal(|ui| {
            for name in ["Isolate…", "Release…", "Restrict apps…"] {
                ui.add(ActionButton::new(name));
            }
        });
    });
    harness.run();
    for by_keyboard in [true, false] {
        if by_keyboard {
            harness.get_by_label("Open elsewhere").focus();
        } else {
            harness.key_press(Key::Escape);
            harness.get_by_label("Open elsewhere").hover();
        }
        harness.run_steps(60);
        let (tip, id) = (
            harness.get_by_label(reason).rect(),
            harness.get_by_label(ID),
        );
        let id = id.rect();
        assert!(!tip.intersects(id), "{tip} over {id}, {by_keyboard}");
    }
}

#[test]
fn focus_stays_on_a_button_when_content_is_inserted_above() {
    let more = Rc::new(Cell::new(0));
    let shown = Rc::clone(&more);
    let mut harness = harness(Theme::Dark, move |ui| {
        for n in 0..shown.get() {
            ui.horizontal(|ui| ui.label(format!("Finding {n}")));
        }
        ui.horizontal_wrapped(|ui| {
            for name in ["Isolate…", "Release…", "Release…"] {
                ui.add(ActionButton::new(name));
            }
        });
    });
    harness.get_by_label("Isolate…").focus();
    harness.run();
    for count in [3, 1, 0, 7] {
        more.set(count);
        harness.run();
        assert!(harness.get_by_label("Isolate…").is_focused(), "{count}");
    }
}

/// The focus ring and the dot of a radio button differ by their distance, not by colour.
#[test]
fn focused_radio_and_checkbox_have_a_ring_around_mark_and_label() {
    for theme in [Theme::Dark, Theme::Light] {
        for label in ["Full", "Selective", "Only mine"] {
            let (mut chosen, mut is_on) = (0, true);
            let mut harness = harness(theme, move |ui| {
                radio_ui(ui, &mut chosen, 0, "Full");
                radio_ui(ui, &mut chosen, 1, "Selective");
                checkbox_ui(ui, &mut is_on, "Only mine");
            });
            harness.run();
            let focus = harness.ctx.tokens().focus;
            let wide = |stroke: egui::Stroke| stroke.width >= 2.0 && stroke.color == focus;
            let rings = |harness: &Harness<'_>| -> Vec<egui::Rect> {
                let shapes = harness.output().shapes.iter();
                let ring = |shape: &egui::Shape| {
                    if let egui::Shape::Circle(dot) = shape {
                        return wide(dot.stroke).then(|| dot.visual_bounding_rect());
                    }
                    let egui::Shape::Rect(rect) = shape else {
                        return None;
                    };
                    wide(rect.stroke).then_some(rect.rect)
                };
                shapes.filter_map(|clipped| ring(&clipped.shape)).collect()
            };
            assert_eq!(rings(&harness), [], "{label}");
            harness.get_by_label(label).focus();
            harness.run();
            let rect = harness.get_by_label(label).rect();
            let found = rings(&harness);
            let [ring] = found.as_slice() else {
                panic!("{label}: {found:?}")
            };
            assert!(ring.contains_rect(rect), "{label}: {ring:?} round {rect:?}");
        }
    }
}
