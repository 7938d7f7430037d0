//! The open alerts of the device in the panel.

use egui::{RichText, Ui};

use crate::model::{Alert, MachineId, PanelPart, clean};
use crate::ui::device::parts::{Words, list_ui};
use crate::ui::theme::{TokensExt as _, text};
use crate::ui::widgets::TipExt as _;
use crate::ui::widgets::UiExt as _;
use crate::ui::{Cx, look, words};

const TITLE_CHARS: usize = 200;
const CATEGORY_CHARS: usize = 60;

/// Shows the alerts that are unresolved, worst first.
pub fn alerts_ui(ui: &mut Ui, cx: &Cx<'_>, id: &MachineId) {
    let alerts = cx.state.panels.get(id).map(|panel| &panel.alerts);
    let words = Words {
        title: "Alerts",
        part: PanelPart::Alerts,
        what: "open alerts",
        none: "No open alerts",
    };
    list_ui(ui, cx, &words, alerts, alert_ui);
}

fn alert_ui(ui: &mut Ui, cx: &Cx<'_>, alert: &Alert) {
    let tokens = ui.tokens();
    ui.push_id(("alert", &alert.id), |ui| {
        ui.spacing_mut().item_spacing.y = tokens.space.xs;
        ui.horizontal_wrapped(|ui| {
            look::severity(&alert.severity).badge_ui(ui);
            let title = alert.title.as_deref().unwrap_or("Alert without a title");
            // Some hold line breaks and marks of no width, which say nothing.
            let title = title.replace('\u{200b}', "");
            let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
            ui.wrapped(RichText::new(clean(&title, TITLE_CHARS)).text_style(text::strong()));
        });
        let age = alert
            .created
            .map_or_else(|| "time unknown".to_owned(), |at| words::ago(at, cx.now));
        let category = alert
            .category
            .as_deref()
            .map(|category| clean(&words::spaced(category), CATEGORY_CHARS).into_owned());
        let parts = category
            .into_iter()
            .chain([age, look::alert_status(&alert.status)])
            .collect::<Vec<_>>();
        let line = ui.small_label(parts.join(" · "));
        if let Some(at) = alert.created {
            line.tip(words::both_times(at, cx.zone));
        }
    });
}
