//! The panel of the selected device: what is worth knowing before acting, and the ways to act.

use std::net::IpAddr;

use egui::{RichText, ScrollArea, Ui};
use jiff::Timestamp;

use super::theme::{Role, TokensExt as _, text};
use super::widgets::{
    ActionButton, EmptyState, Icon, badge, copy_button_ui, copyable_ui, section_ui,
};
use super::{
    Cx, compare, machine_actions, machine_state, panel_alerts, panel_parts, panel_users, words,
};
use crate::message::Command;
use crate::model::{
    ExposureLevel, HealthStatus, Machine, MachineId, MachineRef, Mode, RiskScore, clean,
};

const VALUE_CHARS: usize = 200;
const TAG_CHARS: usize = 40;
/// Addresses shown; a record can hold hundreds.
const MAX_ADDRESSES: usize = 12;
/// The column of names beside the facts, in points.
const NAME_WIDTH: f32 = 128.0;

/// Draws the panel of the selected device.
pub fn machine_detail_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(selected) = cx.views.selected.clone() else {
        EmptyState {
            headline: "Select a device…",
            how: "Its facts, its actions and what is contained are shown here",
            action: None,
        }
        .show_ui(ui);
        return;
    };
    let state = cx.state;
    let record = state.machine(&selected.id).map(AsRef::as_ref);
    ScrollArea::vertical()
        .id_salt(("device panel", &selected.id))
        .auto_shrink(false)
        .show(ui, |ui| {
            ui.add_space(ui.tokens().space.s);
            identity_ui(ui, &selected);
            records_ui(ui, cx, &selected, record);
            match record {
                Some(machine) => summary_ui(ui, cx, machine),
                None => {
                    badge(
                        ui,
                        Icon::Unknown,
                        Role::Unknown,
                        "This device's record is not known yet",
                    );
                }
            }
            machine_state::state_ui(ui, cx, &selected);
            machine_actions::buttons_ui(ui, cx, &selected);
            panel_alerts::alerts_ui(ui, cx, &selected.id);
            panel_users::users_ui(ui, cx, &selected.id);
            machine_actions::recent_ui(ui, cx, &selected);
            section_ui(ui, "Record");
            if let Some(machine) = record {
                facts_ui(ui, cx, machine);
            }
            reading_ui(ui, cx, &selected.id);
            tools_ui(ui, cx, &selected, record);
        });
}

fn identity_ui(ui: &mut Ui, selected: &MachineRef) {
    let tokens = ui.tokens();
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(selected.name()).text_style(text::device()));
        let tail = format!("…{}", selected.id.tail());
        ui.label(
            RichText::new(tail)
                .text_style(text::id())
                .color(tokens.text_weak),
        );
    });
    copyable_ui(ui, "device id", selected.id.as_str());
}

/// Other records that could be meant: twins, and the one that a merged record went into.
fn records_ui(ui: &mut Ui, cx: &mut Cx<'_>, selected: &MachineRef, record: Option<&Machine>) {
    if let Some(survivor) = record.and_then(|machine| machine.merged_into.as_ref()) {
        ui.horizontal_wrapped(|ui| {
            let notice = format!("This record was merged into another (…{})", survivor.tail());
            badge(ui, Icon::Block, Role::Danger, &notice);
            if ui
                .add(ActionButton::new("Show the surviving record"))
                .clicked()
            {
                let known = cx
                    .state
                    .machine(survivor)
                    .map(|machine| machine.reference());
                // Not in the list yet: its name is unknown until it was read.
                let target = known.unwrap_or_else(|| MachineRef {
                    id: survivor.clone(),
                    dns_name: None,
                });
                select(cx, target);
            }
        });
    }
    let state = cx.state;
    let twins: Vec<&Machine> = state
        .inventory
        .namesakes(selected)
        .map(AsRef::as_ref)
        .collect();
    let Some(first) = twins.first() else {
        if record.is_some_and(|machine| machine.is_potential_duplication) {
            let notice = "The service says this may be a duplicate; no other record has this name";
            badge(ui, Icon::Twin, Role::Caution, notice);
        }
        return;
    };
    let about = |twin: &Machine| {
        let seen = twin.last_seen.map_or_else(
            || "last report not known".to_owned(),
            |at| words::ago(at, cx.now),
        );
        format!("…{} ({}, {seen})", twin.id.tail(), twin.health_status)
    };
    let notice = match twins.len() {
        1 => format!("1 other record with this name: {}", about(first)),
        several => format!("{several} other records with this name"),
    };
    let lines: Vec<_> = twins
        .iter()
        .map(|twin| (about(twin), twin.reference()))
        .collect();
    let is_one = lines.len() == 1;
    if !is_one {
        badge(ui, Icon::Twin, Role::Caution, &notice);
    }
    for (line, twin) in lines {
        ui.horizontal_wrapped(|ui| {
            if is_one {
                badge(ui, Icon::Twin, Role::Caution, &notice);
            } else {
                ui.label(line);
            }
            let name = format!("Show {}", twin.quoted());
            if ui.add(ActionButton::new("Show").hint(&name)).clicked() {
                select(cx, twin);
            }
            if is_one {
                compare_ui(ui, cx, selected);
            }
        });
    }
    if !is_one {
        compare_ui(ui, cx, selected);
    }
}

fn compare_ui(ui: &mut Ui, cx: &mut Cx<'_>, selected: &MachineRef) {
    let all = ActionButton::new("Compare…").hint("Shows all records with this name side by side");
    if ui.add(all).clicked() {
        compare::compare(cx, selected);
    }
}

/// Selects a device and has it read, for it may not be in the list.
pub fn select(cx: &mut Cx<'_>, machine: MachineRef) {
    if cx.state.machine(&machine.id).is_none() {
        cx.out.work.push(Command::LoadMachine(machine.id.clone()));
    }
    cx.views.selected = Some(machine);
    cx.views.scroll_to_selection = true;
}

/// What decides at a glance: is it alive, how bad is it, whose is it, where is it.
fn summary_ui(ui: &mut Ui, cx: &Cx<'_>, machine: &Machine) {
    let tokens = ui.tokens();
    ui.horizontal_wrapped(|ui| {
        let (icon, role) = health_look(&machine.health_status);
        badge(ui, icon, role, &machine.health_status.to_string());
        risk_ui(ui, machine.risk_score.as_ref(), " risk");
        ui.label(os(machine));
        let seen = machine
            .last_seen
            .map_or_else(not_told, |at| words::ago(at, cx.now));
        ui.label(RichText::new(format!("last full report {seen}")).color(tokens.text_weak));
    });
    let group = machine.rbac_group_name.as_deref();
    let mut whose = vec![group.map_or_else(|| "no group".to_owned(), |group| told(Some(group)))];
    if !machine.machine_tags.is_empty() {
        whose.push(format!("tags: {}", tags(machine)));
    }
    whose.extend(
        machine
            .addresses()
            .find(|a| !a.is_loopback())
            .map(|a| a.to_string()),
    );
    whose.extend(panel_users::newest(cx, &machine.id));
    ui.add(egui::Label::new(whose.join(", ")).wrap());
}

fn risk_ui(ui: &mut Ui, risk: Option<&RiskScore>, after: &str) {
    let (icon, role) = match risk {
        Some(RiskScore::High) => (Icon::Risk, Role::Danger),
        Some(RiskScore::Medium) => (Icon::Warning, Role::Caution),
        Some(RiskScore::None | RiskScore::Informational | RiskScore::Low | RiskScore::Other(_))
        | None => (Icon::Info, Role::Neutral),
    };
    let words = match risk {
        Some(RiskScore::None) if !after.is_empty() => format!("No{after}"),
        Some(risk) => format!("{risk}{after}"),
        None => format!("{}{after}", not_told()),
    };
    badge(ui, icon, role, &words);
}

fn facts_ui(ui: &mut Ui, cx: &Cx<'_>, machine: &Machine) {
    let tokens = ui.tokens();
    ui.add_space(tokens.space.xs);
    // Not a grid: its columns start narrow, and wrapping text keeps them so.
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = tokens.space.xs;
        row_ui(ui, "Health", |ui| {
            let (icon, role) = health_look(&machine.health_status);
            badge(ui, icon, role, &machine.health_status.to_string());
        });
        row_ui(ui, "Last full report", |ui| {
            time_ui(ui, cx, machine.last_seen);
        });
        value_ui(ui, "Operating system", &os(machine));
        value_ui(ui, "Agent", &told(machine.agent_version.as_deref()));
        let onboarding = machine.onboarding_status.as_ref();
        value_ui(
            ui,
            "Onboarding",
            &onboarding.map_or_else(not_told, ToString::to_string),
        );
        row_ui(ui, "Risk", |ui| {
            risk_ui(ui, machine.risk_score.as_ref(), "");
        });
        row_ui(ui, "Exposure", |ui| match &machine.exposure_level {
            Some(exposure @ ExposureLevel::High) => {
                badge(ui, Icon::Warning, Role::Caution, &exposure.to_string());
            }
            exposure => weigh_ui(ui, exposure.as_ref().map(ToString::to_string)),
        });
        value_ui(ui, "Device value", &told(machine.device_value.as_deref()));
        value_ui(ui, "Group", &told(machine.rbac_group_name.as_deref()));
        value_ui(ui, "Tags", &tags(machine));
        row_ui(ui, "Entra device id", |ui| {
            match machine.aad_device_id.as_deref() {
                Some(id) if !id.trim().is_empty() => {
                    copyable_ui(ui, "Entra device id", &clean(id, VALUE_CHARS));
                }
                Some(_) | None => weigh_ui(ui, None),
            }
        });
        row_ui(ui, "Addresses", |ui| addresses_ui(ui, machine));
        row_ui(ui, "First seen", |ui| time_ui(ui, cx, machine.first_seen));
    });
}

pub(super) fn row_ui(ui: &mut Ui, name: &str, value: impl FnOnce(&mut Ui)) {
    let weak = ui.tokens().text_weak;
    ui.horizontal_top(|ui| {
        let start = ui.cursor().left();
        ui.label(RichText::new(name).color(weak));
        let used = ui.cursor().left() - start;
        ui.add_space((NAME_WIDTH - used).max(0.0));
        ui.vertical(value);
    });
}

pub(super) fn value_ui(ui: &mut Ui, name: &str, value: &str) {
    row_ui(ui, name, |ui| {
        ui.add(egui::Label::new(value).wrap());
    });
}

/// A value without weight, or that it was not told.
fn weigh_ui(ui: &mut Ui, value: Option<String>) {
    ui.label(value.unwrap_or_else(not_told));
}

fn time_ui(ui: &mut Ui, cx: &Cx<'_>, at: Option<Timestamp>) {
    match at {
        Some(at) => {
            let shown = format!(
                "{}, {}",
                words::ago(at, cx.now),
                words::local_time(at, cx.zone)
            );
            ui.add(egui::Label::new(shown).wrap())
                .on_hover_text(words::utc_time(at));
        }
        None => weigh_ui(ui, None),
    }
}

fn addresses_ui(ui: &mut Ui, machine: &Machine) {
    let mono = |text: String| RichText::new(text).text_style(text::id());
    let mut all: Vec<IpAddr> = machine.addresses().collect();
    let left_out = all.len().saturating_sub(MAX_ADDRESSES);
    all.truncate(MAX_ADDRESSES);
    if all.is_empty() {
        weigh_ui(ui, None);
    }
    for address in all {
        ui.label(mono(address.to_string()));
    }
    if left_out > 0 {
        ui.label(format!("and {left_out} more"));
    }
    if let Some(external) = machine.last_external_ip_address {
        ui.label(mono(format!("{external} (external)")));
    }
}

fn health_look(health: &HealthStatus) -> (Icon, Role) {
    match health {
        HealthStatus::Active => (Icon::Done, Role::Neutral),
        HealthStatus::Inactive
        | HealthStatus::ImpairedCommunication
        | HealthStatus::NoSensorData
        | HealthStatus::NoSensorDataImpairedCommunication => (Icon::Warning, Role::Caution),
        HealthStatus::Unknown | HealthStatus::Other(_) => (Icon::Unknown, Role::Unknown),
    }
}

fn not_told() -> String {
    "not told".to_owned()
}

pub(super) fn told(value: Option<&str>) -> String {
    value
        .filter(|value| !value.trim().is_empty())
        .map_or_else(not_told, |value| clean(value, VALUE_CHARS).into_owned())
}

/// The operating system with its version.
pub fn os(machine: &Machine) -> String {
    let version = machine
        .version
        .as_deref()
        .filter(|version| !version.trim().is_empty());
    match version {
        Some(version) => format!(
            "{} {}",
            told(machine.os_platform.as_deref()),
            clean(version, 40)
        ),
        None => told(machine.os_platform.as_deref()),
    }
}

/// All tags, safe to show.
pub fn tags(machine: &Machine) -> String {
    if machine.machine_tags.is_empty() {
        return "none".to_owned();
    }
    let tags: Vec<_> = machine
        .machine_tags
        .iter()
        .map(|tag| clean(tag, TAG_CHARS))
        .collect();
    clean(&tags.join(", "), VALUE_CHARS).into_owned()
}

/// How fresh the record is; the old values stay while it is read or could not be.
fn reading_ui(ui: &mut Ui, cx: &Cx<'_>, id: &MachineId) {
    let tokens = ui.tokens();
    let Some(read) = cx.state.machines.get(id) else {
        return;
    };
    let age = read
        .read_at()
        .map(|at| format!("read {}", words::ago(at, cx.now)));
    if read.loading {
        ui.label(RichText::new("Reading this device again…").color(tokens.text_weak));
    } else if let Some(failure) = &read.failure {
        let old = age.map_or_else(String::new, |age| format!(" (shown as {age})"));
        badge(
            ui,
            Icon::Warning,
            Role::Caution,
            &format!("Not re-read: {}{old}", failure.headline),
        );
    } else if let Some(age) = age {
        ui.label(RichText::new(format!("Record {age}")).color(tokens.stale));
    }
}

fn tools_ui(ui: &mut Ui, cx: &mut Cx<'_>, selected: &MachineRef, record: Option<&Machine>) {
    ui.horizontal_wrapped(|ui| {
        let signed_out = (!cx.state.session.is_signed_in()).then_some("You are not signed in");
        let again = ActionButton::new("Read again")
            .icon(Icon::Refresh)
            .disabled_because(signed_out);
        if ui.add(again).clicked() {
            cx.out.work.push(Command::LoadMachine(selected.id.clone()));
            panel_parts::load_all(cx, &selected.id);
        }
        let elsewhere = match cx.state.mode {
            Mode::Live => None,
            Mode::Demo | Mode::StandIn => Some("This device exists in no Defender portal"),
        };
        let portal = ActionButton::new("Open in Defender portal")
            .icon(Icon::OpenElsewhere)
            .disabled_because(elsewhere);
        if ui.add(portal).clicked() {
            cx.out.open_page = Some(portal_page(&selected.id));
        }
        copy_button_ui(ui, "device line", &device_line(selected, record));
    });
}

/// An id holds only letters, digits and hyphens, so it is safe in an address.
fn portal_page(id: &MachineId) -> String {
    format!("https://security.microsoft.com/machines/{id}")
}

/// Name, id, operating system and addresses, for a spreadsheet or a ticket.
fn device_line(selected: &MachineRef, record: Option<&Machine>) -> String {
    let (os, addresses) = record.map_or_else(Default::default, |machine| {
        let addresses: Vec<_> = machine
            .addresses()
            .map(|address| address.to_string())
            .collect();
        (os(machine), addresses.join(" "))
    });
    [selected.name(), selected.id.to_string(), os, addresses].join("\t")
}

#[cfg(test)]
mod tests;
