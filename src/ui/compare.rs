//! Records with one name, side by side, so that the right one is chosen by what differs.

use egui::{Grid, Id, RichText, ScrollArea, Ui};

use super::device_state::DeviceState;
use super::machine_detail::{os, select, tags, told};
use super::theme::{TokensExt as _, text};
use super::views::Dialog as OpenDialog;
use super::widgets::{ActionButton, Dialog};
use super::{Cx, look, panel_users, words};
use crate::message::Command;
use crate::model::{Machine, MachineRef, PanelPart};

/// Records that fit beside each other; more than these stand in the list.
const MOST: usize = 6;
const MOST_ADDRESSES: usize = 4;
/// Height of what stands over the records, in points.
const BELOW_TITLE: f32 = 64.0;

/// Opens the comparison, and has read what is not known yet.
pub fn compare(cx: &mut Cx<'_>, machine: &MachineRef) {
    for record in records(cx, machine) {
        let id = record.id;
        cx.out.work.push(Command::LoadMachine(id.clone()));
        cx.out.work.push(Command::LoadPart(id, PanelPart::Users));
    }
    cx.views.dialog = Some(OpenDialog::Compare(machine.clone()));
}

fn records(cx: &Cx<'_>, machine: &MachineRef) -> Vec<MachineRef> {
    let twins = cx.state.namesakes(machine).into_iter();
    std::iter::once(machine.clone())
        .chain(twins)
        .take(MOST)
        .collect()
}

/// Draws the comparison while it is the open dialog.
pub fn compare_ui(ui: &mut Ui, cx: &mut Cx<'_>, machine: &MachineRef) {
    let id = Id::unique(("compare", machine.id.as_str()));
    let title = format!("Records like {}", machine.quoted());
    let dialog = Dialog::new(id, &title).plain();
    let is_opening = dialog.is_opening(ui.ctx());
    let records = records(cx, machine);
    let response = dialog.show(ui.ctx(), |ui| {
        let close = ui.add(ActionButton::new("Close"));
        if is_opening {
            close.request_focus();
        }
        let mut shown = None;
        // Both ways by one area: of two, the inner one would keep the keyboard from scrolling the outer.
        let room = Dialog::room(ui.ctx()) - BELOW_TITLE;
        ScrollArea::both().max_height(room).show(ui, |ui| {
            let gaps = egui::vec2(ui.tokens().space.m, ui.tokens().space.s);
            Grid::new(id.with("records")).spacing(gaps).show(ui, |ui| {
                shown = records_ui(ui, cx, &records);
            });
        });
        (close.clicked(), shown)
    });
    let (closes, shown) = response.inner;
    if closes || shown.is_some() || response.close_requested {
        Dialog::return_focus(ui.ctx(), id);
    } else {
        cx.views.dialog = Some(OpenDialog::Compare(machine.clone()));
    }
    if let Some(record) = shown {
        select(cx, record);
    }
}

/// One record a column, one fact a row; the record that is to be shown.
fn records_ui(ui: &mut Ui, cx: &Cx<'_>, records: &[MachineRef]) -> Option<MachineRef> {
    let weak = ui.tokens().text_weak;
    ui.label("");
    for record in records {
        let tail = RichText::new(format!("…{}", record.id.tail()));
        ui.label(tail.text_style(text::device()));
    }
    ui.end_row();
    let machines: Vec<_> = records
        .iter()
        .map(|record| cx.state.machine(&record.id).map(AsRef::as_ref))
        .collect();
    for (name, fact) in FACTS {
        let values: Vec<String> = machines
            .iter()
            .map(|machine| machine.map_or_else(|| told(None), |machine| fact(machine, cx)))
            .collect();
        let is_same = values.iter().all(|value| Some(value) == values.first());
        ui.label(RichText::new(*name).color(weak));
        for value in values {
            let value = RichText::new(value);
            // What differs is what decides.
            ui.label(if is_same { value.color(weak) } else { value });
        }
        ui.end_row();
    }
    let mut shown = None;
    ui.label("");
    for record in records {
        let name = format!("Show {}", record.quoted());
        let label = format!("Show …{}", record.id.tail());
        if ui.add(ActionButton::new(&label).name(&name)).clicked() {
            shown = Some(record.clone());
        }
    }
    ui.end_row();
    shown
}

type Fact = fn(&Machine, &Cx<'_>) -> String;

const FACTS: &[(&str, Fact)] = &[
    ("State", |machine, cx| {
        DeviceState::of(cx.state.known_actions(&machine.id)).text()
    }),
    ("Health", |machine, _| {
        look::health(&machine.health_status).word.into_owned()
    }),
    ("Last full report", |machine, cx| {
        machine
            .last_seen
            .map_or_else(|| told(None), |at| words::ago(at, cx.now))
    }),
    ("First seen", |machine, cx| {
        machine
            .first_seen
            .map_or_else(|| told(None), |at| words::ago(at, cx.now))
    }),
    ("Risk", |machine, _| {
        look::risk(machine.risk_score.as_ref()).word.into_owned()
    }),
    ("Operating system", |machine, _| os(machine)),
    ("Logged-on user", |machine, cx| {
        panel_users::newest(cx, &machine.id).unwrap_or_else(|| "unknown".into())
    }),
    ("Addresses", |machine, _| {
        let addresses = machine.addresses().take(MOST_ADDRESSES);
        addresses
            .map(|ip| ip.to_string())
            .collect::<Vec<_>>()
            .join("\n")
    }),
    ("Onboarding", |machine, _| {
        look::onboarding(machine.onboarding_status.as_ref())
            .word
            .into_owned()
    }),
    ("Group", |machine, _| {
        told(machine.rbac_group_name.as_deref())
    }),
    ("Tags", |machine, _| tags(machine)),
    ("Full name", |machine, _| {
        told(machine.computer_dns_name.as_deref())
    }),
    ("Merged into", |machine, _| match &machine.merged_into {
        Some(survivor) => format!("…{}", survivor.tail()),
        None => "no".into(),
    }),
    ("May be a duplicate", |machine, _| {
        let word = if machine.is_potential_duplication {
            "yes"
        } else {
            "no"
        };
        word.into()
    }),
];
