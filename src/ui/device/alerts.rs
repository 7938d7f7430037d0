//! The open alerts of the device in the panel.

use egui::{RichText, Ui};

use crate::action::{ActionKind, SHA1, Subject};
use crate::model::{Alert, AlertFile, MachineRef, PanelPart, clean};
use crate::ui::commands::act_availability;
use crate::ui::device::parts::{Words, list_ui};
use crate::ui::device::portal;
use crate::ui::order::NewForm;
use crate::ui::theme::{TokensExt as _, text};
use crate::ui::widgets::{ActionButton, Icon, TipExt as _, UiExt as _};
use crate::ui::{Cx, look, words};

const TITLE_CHARS: usize = 200;
const CATEGORY_CHARS: usize = 60;

const NAME_CHARS: usize = 80;

/// Shows the unresolved alerts, worst first, each with its page in the portal and a button to quarantine
/// its files.
pub fn alerts_ui(ui: &mut Ui, cx: &mut Cx<'_>, machine: &MachineRef) {
    const QUARANTINE: ActionKind = ActionKind::StopAndQuarantineFile;

    let state = cx.state;
    let alerts = state.panels.get(&machine.id).map(|panel| &panel.alerts);
    let words = Words {
        title: "Alerts",
        part: PanelPart::Alerts,
        what: "open alerts",
        none: "No open alerts",
    };
    let why_not = act_availability(QUARANTINE, machine, state, cx.now).err();
    let (mut chosen, mut opened) = (None, None);
    list_ui(ui, cx, &words, alerts, |ui, cx, alert: &Alert| {
        let page = portal::alert_page(cx.state, &alert.id);
        if alert_ui(ui, cx, alert, portal::trouble(cx.state, page.as_deref())) {
            opened = page;
        }
        for file in &alert.files {
            if file_ui(ui, file, why_not.as_deref()) {
                chosen = Some(file.hash.clone());
            }
        }
    });
    if opened.is_some() {
        cx.out.open_page = opened;
    }
    if let Some(hash) = chosen {
        let form = NewForm {
            fill: Box::new(|draft| draft.set(&SHA1, &*hash)),
            ..NewForm::new(Subject::Act(QUARANTINE), std::slice::from_ref(machine))
        };
        form.raise(ui, cx);
    }
}

/// Shows a file of an alert; returns whether to quarantine it.
fn file_ui(ui: &mut Ui, file: &AlertFile, why_not: Option<&str>) -> bool {
    let unnamed = || format!("{}…", file.hash.get(..8).unwrap_or(&file.hash));
    let name = file.name.as_deref();
    let name = name.map_or_else(unnamed, |name| clean(name, NAME_CHARS).into_owned());
    let row = ui.horizontal_wrapped(|ui| {
        ui.small_label(&*name).tip(&*file.hash);
        let label = format!("Quarantine this file…: {name}");
        let button = ActionButton::quiet("Quarantine this file…")
            .name(&label)
            .disabled_because(why_not);
        ui.add(button).clicked()
    });
    row.inner
}

/// Shows an alert; returns whether to open its page in the portal.
fn alert_ui(ui: &mut Ui, cx: &Cx<'_>, alert: &Alert, why_no_page: Option<&str>) -> bool {
    let tokens = ui.tokens();
    let shown = ui.push_id(("alert", &alert.id), |ui| {
        ui.spacing_mut().item_spacing.y = tokens.space.xs;
        let title = alert.title.as_deref().unwrap_or("Alert without a title");
        // Some titles contain line breaks and zero-width characters.
        let title = title.replace('\u{200b}', "");
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let title = clean(&title, TITLE_CHARS);
        ui.horizontal_wrapped(|ui| {
            look::severity(&alert.severity).badge_ui(ui);
            ui.wrapped(RichText::new(&*title).text_style(text::strong()));
        });
        let age = alert.created.map_or_else(
            || "time unknown".to_owned(),
            |at| words::ago(at, cx.service_now()),
        );
        let category = alert
            .category
            .as_deref()
            .map(|category| clean(&words::spaced(category), CATEGORY_CHARS).into_owned());
        let parts = category
            .into_iter()
            .chain([age, look::alert_status(&alert.status)])
            .collect::<Vec<_>>();
        let row = ui.horizontal_wrapped(|ui| {
            let line = ui.small_label(parts.join(" · "));
            if let Some(at) = alert.created {
                line.tip(words::both_times(at, &cx.state.zone));
            }
            let name = format!("Open in Defender portal: {title}");
            let portal =
                ActionButton::icon_only(Icon::OpenElsewhere, &name).disabled_because(why_no_page);
            ui.add(portal).clicked()
        });
        row.inner
    });
    shown.inner
}
