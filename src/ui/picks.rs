//! The devices that somebody has picked to act on together. They stand in the list by name and id:
//! what is shown is what is acted on.

use egui::{Label, Panel, RichText, Ui};

use super::draft_form::is_asleep;
use super::theme::{TokensExt as _, text};
use super::widgets::{ActionButton, Icon, raised_frame};
use super::{Cx, batch_form};
use crate::action::{ActionKind, Subject};
use crate::model::MachineRef;

/// Names shown; the form shows all.
const MOST_NAMES: usize = 6;

/// Shows what is picked, with what can be done about it.
pub fn picks_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let picked = &cx.views.picked;
    if picked.is_empty() {
        return;
    }
    let tokens = ui.tokens();
    // It appears under the pointer of whoever has just picked at the foot of the list.
    let asleep = is_asleep(ui, cx.views.picked_at)
        .then_some("In half a second, so that no stray click opens a form");
    let (mut clears, mut chosen) = (false, None);
    Panel::bottom("picks")
        .frame(raised_frame(ui))
        .show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                let count = RichText::new(format!("{} picked:", devices(picked.len())));
                ui.label(count.text_style(text::strong()));
                let shown = picked.iter().take(MOST_NAMES);
                let mut names: Vec<_> = shown.map(MachineRef::quoted).collect();
                if picked.len() > MOST_NAMES {
                    names.push(format!("and {} more", picked.len() - MOST_NAMES));
                }
                let names = names.join(", ");
                ui.add(Label::new(RichText::new(names).color(tokens.text_weak)).wrap());
            });
            ui.horizontal_wrapped(|ui| {
                for kind in ActionKind::ALL {
                    let label = format!("{}…", kind.spec().button);
                    let name = format!("{} {}…", kind.spec().button, devices(picked.len()));
                    let button = ActionButton::new(&label).name(&name);
                    if ui.add(button.disabled_because(asleep)).clicked() {
                        chosen = Some(kind);
                    }
                }
                let clear = ActionButton::quiet("Pick none").icon(Icon::Close);
                clears = ui.add(clear).clicked();
            });
        });
    if let Some(kind) = chosen {
        let picked = picked.clone();
        batch_form::raise_form(ui, cx, &picked, Subject::Act(kind), |_| {});
    }
    if clears {
        cx.views.picked.clear();
    }
}

/// So many of them, in words.
pub fn devices(count: usize) -> String {
    match count {
        1 => "1 device".to_owned(),
        count => format!("{count} devices"),
    }
}
