//! Every widget in every state, for screenshots.

use egui::{RichText, Ui};
use strum::VariantArray as _;

use crate::ui::theme::{Role, TokensExt as _, text};
use crate::ui::widgets::{
    ActionButton, ExplanationView, Icon, StripLook, TextField, badge, copyable_ui, empty_state_ui,
    icon, section_ui, strip_plate_ui, strip_ui, strip_well_ui,
};
use crate::ui::words::countdown_text;

const REASON: &str = "You have no permission to isolate devices";

/// Shows every widget in every state, except the dialog, which would cover the rest.
pub fn gallery_ui(ui: &mut Ui) {
    for look in StripLook::VARIANTS.iter().copied() {
        strip_ui(ui, look, |ui| {
            strip_plate_ui(ui, look, &format!("{look:?}"), f32::INFINITY);
            strip_plate_ui(ui, look, "Commercial", f32::INFINITY);
            strip_plate_ui(ui, look, "Contoso", f32::INFINITY);
            strip_well_ui(ui, |ui| {
                badge(ui, Icon::Warning, Role::Caution, "Sign in again");
            });
            ui.add(ActionButton::quiet("Settings").icon(Icon::Settings));
        });
    }
    text_ui(ui);
    section_ui(ui, "Icons and badges");
    icons_ui(ui);
    section_ui(ui, "Buttons");
    buttons_ui(ui);
    section_ui(ui, "Fields");
    fields_ui(ui);
    section_ui(ui, "Time");
    ui.horizontal(|ui| {
        ui.label(countdown_text(42));
        ui.label(crate::model::age_text(14));
    });
    section_ui(ui, "Explanations");
    explanations_ui(ui);
    let how = "Devices that anyone isolates or restricts appear here";
    empty_state_ui(ui, "Nothing is contained", how);
}

fn text_ui(ui: &mut Ui) {
    ui.label(RichText::new("FIN-LT-042").text_style(text::device()));
    ui.label(text::device_code("FQKJ-8ZTN"));
    copyable_ui(ui, "device id", "1e5bc9d7e413ddd7902c2932e418702b84d09c07");
}

fn icons_ui(ui: &mut Ui) {
    let colour = ui.tokens().text;
    ui.horizontal_wrapped(|ui| {
        for shape in Icon::VARIANTS {
            icon(ui, *shape, colour);
        }
    });
    ui.horizontal_wrapped(|ui| {
        for (shape, role, word) in [
            (Icon::Waiting, Role::Neutral, "Waiting to send"),
            (Icon::Held, Role::Caution, "Held"),
            (Icon::NotSent, Role::Stale, "Not sent"),
            (Icon::Sent, Role::Accent, "Sent, no answer yet"),
            (Icon::Accepted, Role::Accent, "Accepted (Pending)"),
            (Icon::InProgress, Role::Accent, "In progress"),
            (Icon::Done, Role::Ok, "Isolated"),
            (Icon::Failed, Role::Danger, "Failed"),
            (Icon::TimedOut, Role::Caution, "Timed out"),
            (Icon::Cancelled, Role::Stale, "Cancelled"),
            (Icon::Refused, Role::Danger, "Refused"),
            (Icon::Unknown, Role::Unknown, "Outcome unknown"),
            (Icon::NotFound, Role::Unknown, "Not found"),
            (Icon::NotOurs, Role::Caution, "Someone else's request"),
        ] {
            badge(ui, shape, role, word);
        }
    });
}

fn buttons_ui(ui: &mut Ui) {
    ui.horizontal_wrapped(|ui| {
        ui.add(ActionButton::primary("Keep connected"));
        ui.add(ActionButton::new("Isolate…").icon(Icon::Isolated));
        ui.add(ActionButton::danger("Isolate FIN-LT-042"));
        ui.add(ActionButton::quiet("Show"));
        ui.add(ActionButton::icon_only(Icon::Refresh, "Refresh"));
    });
    ui.horizontal_wrapped(|ui| {
        for (button, name) in [
            (ActionButton::primary("Primary"), "Disabled primary"),
            (ActionButton::new("Secondary"), "Disabled secondary"),
            (ActionButton::danger("Danger"), "Disabled danger"),
            (ActionButton::quiet("Quiet"), "Disabled quiet"),
        ] {
            ui.add(button.name(name).disabled_because(Some(REASON)));
        }
    });
}

fn fields_ui(ui: &mut Ui) {
    let mut text = String::new();
    TextField::new("Search devices", &mut text)
        .label_unseen()
        .hint("Search")
        .show_ui(ui);
    TextField::new("Reason", &mut text)
        .hint("INC-1234, beaconing")
        .help("Sent with the request")
        .max_chars(200)
        .rows(3)
        .show_ui(ui);
    let mut wrong = "1e5bc9d7x".to_owned();
    TextField::new("SHA-1 of the file", &mut wrong)
        .monospace()
        .error(Some("“x” is not a hexadecimal digit"))
        .show_ui(ui);
}

fn explanations_ui(ui: &mut Ui) {
    let details = ["403 Forbidden".to_owned(), "request 9f1c".to_owned()];
    ExplanationView {
        headline: "The service refused to isolate FIN-LT-042",
        effect: "Nothing was changed",
        role: Role::Danger,
        next_label: Some("Show permissions"),
        details: &details,
    }
    .show_ui(ui);
    ExplanationView {
        headline: "The answer never came",
        effect: "FIN-LT-042 may be isolated; looking it up",
        role: Role::Unknown,
        next_label: None,
        details: &[],
    }
    .show_ui(ui);
}
