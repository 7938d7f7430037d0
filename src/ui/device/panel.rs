//! The panel of the selected device: the facts to know before acting, and the actions.

use std::net::IpAddr;

use egui::{Align, RichText, ScrollArea, Ui};
use jiff::Timestamp;

use crate::message::Command;
use crate::model::loose::MAX_ELEMENTS;
use crate::model::{Machine, MachineId, MachineRef, clean, filled, short_name};
use crate::ui::device::facts::{
    VALUE_CHARS, or_unknown, os, os_known, row_ui, tags, unknown, value_ui,
};
use crate::ui::device::marks::{device_marks, panel_marks_ui};
use crate::ui::device::{actions, alerts, compare, parts, portal, state_section, timeline, users};
use crate::ui::devices::absence::absence_words;
use crate::ui::theme::{Role, TokensExt as _, text};
use crate::ui::widgets::{
    ActionButton, Icon, TipExt as _, UiExt as _, badge, copy_button_ui, copy_labelled_ui,
    copyable_ui, empty_state_ui, keep_readable, section_ui,
};
use crate::ui::{Cx, incident, look, words};

/// Maximum number of addresses shown; a record can hold hundreds.
const MAX_ADDRESSES: usize = 12;
/// Maximum number of other records with the same name that are listed.
const TWINS_LISTED: usize = 10;
/// Window height, in points, below which the device id is only a button to copy it.
const LOW: f32 = 680.0;

/// Draws the panel of the selected device; `is_named` is whether its name is already above the panel.
pub fn machine_detail_ui(ui: &mut Ui, cx: &mut Cx<'_>, is_named: bool) {
    let Some(selected) = cx.views.selected.clone() else {
        let how = "Its details, its actions and what is contained are shown here";
        empty_state_ui(ui, "Select a device…", how);
        return;
    };
    let state = cx.state;
    let record = state.machine(&selected.id).map(AsRef::as_ref);
    let is_low = ui.ctx().content_rect().height() < LOW;
    ScrollArea::vertical()
        .id_salt(("device panel", &selected.id))
        .auto_shrink(false)
        .show(ui, |ui| {
            if !is_named {
                identity_ui(ui, &selected, is_low);
            } else if !is_low {
                copyable_ui(ui, "device id", selected.id.as_str());
            }
            if is_low {
                // In a low window its section is out of view.
                state_section::brief_ui(ui, cx, &selected);
            }
            // Right below the name: facts that arrive later do not move the buttons under the pointer.
            if !is_low {
                links_ui(ui, cx, &selected, record);
            }
            let reasons = actions::buttons_ui(ui, cx, &selected);
            if is_low {
                reasons.show_ui(ui);
            }
            panel_marks_ui(ui, &device_marks(state, &selected, record));
            if let Some(absence) = absence_words(state, &selected, cx.now) {
                badge(ui, Icon::Warning, Role::Caution, &absence);
            }
            records_ui(ui, cx, &selected, record);
            if is_low {
                links_ui(ui, cx, &selected, record);
            }
            match record {
                Some(machine) => summary_ui(ui, cx, machine),
                None => no_record_ui(ui, cx, &selected),
            }
            // Below the buttons: it appears and disappears with what is read.
            if !is_low {
                reasons.show_ui(ui);
            }
            sections_ui(ui, cx, &selected, record);
        });
}

/// Shows the facts about the device, by section.
fn sections_ui(ui: &mut Ui, cx: &mut Cx<'_>, selected: &MachineRef, record: Option<&Machine>) {
    state_section::state_ui(ui, cx, selected);
    alerts::alerts_ui(ui, cx, selected);
    users::users_ui(ui, cx, &selected.id);
    if cx.views.timeline_of.take().as_ref() == Some(&selected.id) {
        ui.scroll_to_cursor(Some(Align::Min));
        ui.memory_mut(|memory| memory.request_focus(timeline::id(selected)));
    }
    timeline::timeline_ui(ui, cx, selected);
    actions::recent_ui(ui, cx, selected);
    // Below the buttons: it appears with the first order.
    incident::of_device_ui(ui, cx, &selected.id);
    section_ui(ui, "Record");
    if let Some(machine) = record {
        facts_ui(ui, cx, machine);
    }
    reading_ui(ui, cx, &selected.id);
    read_again_ui(ui, cx, selected);
}

/// Shows why there are no facts: not read yet, or no longer in the list.
fn no_record_ui(ui: &mut Ui, cx: &Cx<'_>, selected: &MachineRef) {
    let reading = cx.state.machines.get(&selected.id);
    let words = if reading.is_some_and(|reading| reading.loading) {
        "This device's record is being read"
    } else if let Some(why) = cx.state.why_unread(&selected.id) {
        &why.headline
    } else if absence_words(cx.state, selected, cx.now).is_some() {
        // Shown already.
        return;
    } else {
        "This device's record has not been read yet"
    };
    badge(ui, Icon::Unfamiliar, Role::Unknown, words);
}

fn identity_ui(ui: &mut Ui, selected: &MachineRef, is_low: bool) {
    let tokens = ui.tokens();
    ui.horizontal_wrapped(|ui| {
        let name = ui.label(RichText::new(selected.name()).text_style(text::device()));
        keep_readable(ui.ctx(), name.rect);
        // A device without a name is shown by its id already.
        if selected.dns_name.is_some() {
            let tail = RichText::new(format!("…{}", selected.id.tail()));
            ui.label(tail.text_style(text::id()).color(tokens.text_weak));
        }
        if is_low {
            copy_button_ui(ui, "device id", selected.id.as_str());
        }
    });
    if !is_low {
        copyable_ui(ui, "device id", selected.id.as_str());
    }
}

/// Shows other records that could be meant: twins, and the one that a merged record went into.
fn records_ui(ui: &mut Ui, cx: &mut Cx<'_>, selected: &MachineRef, record: Option<&Machine>) {
    if let Some(survivor) = record.and_then(|machine| machine.merged_into()) {
        survivor_ui(ui, cx, survivor);
    }
    let twins = cx.state.inventory.namesakes(selected).map(AsRef::as_ref);
    let twins: Vec<&Machine> = twins.collect();
    if !twins.is_empty() {
        twins_ui(ui, cx, selected, &twins);
    } else if record.is_some_and(|machine| machine.is_potential_duplication) {
        let notice = "The service says this may be a duplicate; no other record has this name";
        badge(ui, Icon::Twin, Role::Caution, notice);
    }
}

/// Shows that the record was merged into another, with a button to that.
fn survivor_ui(ui: &mut Ui, cx: &mut Cx<'_>, survivor: &MachineId) {
    ui.horizontal_wrapped(|ui| {
        let notice = format!("This record was merged into another (…{})", survivor.tail());
        badge(ui, Icon::Block, Role::Danger, &notice);
        let show = ActionButton::new("Show the surviving record");
        if ui.add(show).clicked() {
            let known = cx.state.machine(survivor);
            // Not in the list yet: its name is unknown until it is read.
            let unnamed = || MachineRef {
                id: survivor.clone(),
                dns_name: None,
            };
            cx.select_device(known.map_or_else(unnamed, |machine| machine.reference()));
        }
    });
}

/// Shows the other records with the device's name, or with one that looks like it.
fn twins_ui(ui: &mut Ui, cx: &mut Cx<'_>, selected: &MachineRef, twins: &[&Machine]) {
    let now = cx.service_now();
    let notice = twins_notice(selected, twins, now);
    let is_one = twins.len() == 1;
    badge(ui, Icon::Twin, Role::Caution, &notice);
    for twin in twins.iter().take(TWINS_LISTED) {
        // For a single one, the text is above both buttons: beside them it would wrap the second one.
        ui.horizontal_wrapped(|ui| {
            if !is_one {
                ui.label(about_twin(selected, twin, now));
            }
            let twin = twin.reference();
            let name = format!("Show {}", twin.quoted());
            if ui.add(ActionButton::new("Show").hint(&name)).clicked() {
                cx.select_device(twin);
            }
            if is_one {
                compare_ui(ui, cx, selected);
            }
        });
    }
    if twins.len() > TWINS_LISTED {
        ui.small_label(format!("And {} more", twins.len() - TWINS_LISTED));
    }
    if !is_one {
        compare_ui(ui, cx, selected);
    }
}

/// Says how many twins there are; a single one is described.
fn twins_notice(selected: &MachineRef, twins: &[&Machine], now: Timestamp) -> String {
    let are_alike = twins.iter().any(|twin| is_only_alike(selected, twin));
    match twins {
        [only] => {
            let about = about_twin(selected, only, now);
            if are_alike {
                format!("1 other record with a name that looks like this one: {about}")
            } else {
                format!("1 other record with this name: {about}")
            }
        }
        several if are_alike => format!(
            "{} other records with this name, or one that looks like it",
            several.len()
        ),
        several => format!("{} other records with this name", several.len()),
    }
}

/// The differences between a twin and the selected record.
fn about_twin(selected: &MachineRef, twin: &Machine, now: Timestamp) -> String {
    let health = look::health(&twin.health_status).word;
    let report = last_report(twin, now);
    let about = format!("…{} ({health}, {report})", twin.id.tail());
    if is_only_alike(selected, twin) {
        format!("{} {about}", twin.reference().quoted_name())
    } else {
        about
    }
}

/// Whether the name of a twin looks like the selected one without being the same.
fn is_only_alike(selected: &MachineRef, twin: &Machine) -> bool {
    let names = [&twin.computer_dns_name, &selected.dns_name];
    let [twin, selected] = names.map(|name| name.as_deref().map(short_name));
    twin != selected
}

fn last_report(machine: &Machine, now: Timestamp) -> String {
    machine.last_seen.map_or_else(
        || "last full report unknown".to_owned(),
        |at| format!("last full report {}", words::ago(at, now)),
    )
}

fn compare_ui(ui: &mut Ui, cx: &mut Cx<'_>, selected: &MachineRef) {
    let all = ActionButton::new("Compare…").hint("Shows all records with this name side by side");
    if ui.add(all).clicked() {
        let reads = compare::compare(cx.state, cx.views, selected);
        cx.out.work.extend(reads);
    }
}

/// Shows the key facts: health, risk and operating system; group, tags, address and user.
fn summary_ui(ui: &mut Ui, cx: &Cx<'_>, machine: &Machine) {
    ui.horizontal_wrapped(|ui| {
        look::health(&machine.health_status).badge_ui(ui);
        look::risk_phrase(machine.risk_score.as_ref()).badge_ui(ui);
        ui.label(os_known(machine).unwrap_or_else(|| "OS unknown".to_owned()));
        ui.weak_label(last_report(machine, cx.service_now()));
    });
    let group = or_unknown(machine.rbac_group_name.as_deref());
    let mut whose = vec![format!("Group: {group}")];
    if !machine.tags().is_empty() {
        whose.push(format!("Tags: {}", tags(machine)));
    }
    let address = machine.addresses().find(|a| !a.is_loopback());
    whose.extend(address.map(|address| format!("Address: {address}")));
    let user = users::newest(cx, &machine.id);
    whose.extend(user.map(|user| format!("User: {user}")));
    ui.wrapped(whose.join(" · "));
}

fn facts_ui(ui: &mut Ui, cx: &Cx<'_>, machine: &Machine) {
    let tokens = ui.tokens();
    ui.add_space(tokens.space.xs);
    // Not a grid: its columns start narrow, and wrapping text keeps them so.
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = tokens.space.xs;
        row_ui(ui, "Health", |ui| {
            look::health(&machine.health_status).badge_ui(ui);
        });
        row_ui(ui, "Last full report", |ui| {
            time_ui(ui, cx, machine.last_seen);
        });
        value_ui(ui, "Operating system", &os(machine));
        value_ui(ui, "Agent", &or_unknown(machine.agent_version.as_deref()));
        let onboarding = look::onboarding(machine.onboarding_status.as_ref());
        value_ui(ui, "Onboarding", &onboarding.word);
        row_ui(ui, "Risk", |ui| {
            look::risk(machine.risk_score.as_ref()).badge_ui(ui);
        });
        row_ui(ui, "Exposure", |ui| {
            look::exposure(machine.exposure_level.as_ref()).badge_ui(ui);
        });
        value_ui(
            ui,
            "Device value",
            &or_unknown(machine.device_value.as_deref()),
        );
        value_ui(ui, "Group", &or_unknown(machine.rbac_group_name.as_deref()));
        value_ui(ui, "Tags", &tags(machine));
        row_ui(ui, "Entra device id", |ui| {
            match filled(machine.aad_device_id.as_deref()) {
                Some(id) => {
                    copyable_ui(ui, "Entra device id", &clean(id, VALUE_CHARS));
                }
                None => unknown_ui(ui),
            }
        });
        row_ui(ui, "Addresses", |ui| addresses_ui(ui, machine));
        if !machine.adapters.mac_addresses.is_empty() {
            let macs = machine.adapters.mac_addresses.iter().take(MAX_ADDRESSES);
            let macs: Vec<_> = macs.map(ToString::to_string).collect();
            value_ui(ui, "MAC addresses", &macs.join(", "));
        }
        row_ui(ui, "First seen", |ui| time_ui(ui, cx, machine.first_seen));
    });
}

fn unknown_ui(ui: &mut Ui) {
    ui.label(unknown());
}

fn time_ui(ui: &mut Ui, cx: &Cx<'_>, at: Option<Timestamp>) {
    match at {
        Some(at) => {
            let shown = format!(
                "{}, {}",
                words::ago(at, cx.service_now()),
                words::local_time(at, &cx.state.zone)
            );
            ui.wrapped(shown).tip(words::utc_time(at));
        }
        None => unknown_ui(ui),
    }
}

fn addresses_ui(ui: &mut Ui, machine: &Machine) {
    let mono = |text: String| RichText::new(text).text_style(text::id());
    let mut all: Vec<IpAddr> = machine.addresses().collect();
    let left_out = all.len().saturating_sub(MAX_ADDRESSES);
    let is_cut = all.len() >= MAX_ELEMENTS;
    all.truncate(MAX_ADDRESSES);
    if all.is_empty() {
        unknown_ui(ui);
    }
    for address in all {
        ui.label(mono(address.to_string()));
    }
    if left_out > 0 {
        let at_least = if is_cut { "at least " } else { "" };
        ui.label(format!("and {at_least}{left_out} more"));
    }
    if let Some(external) = machine.last_external_ip_address {
        ui.label(mono(format!("{external} (external)")));
    }
}

/// Shows the age of the record; old values stay while it is being read or after a failure.
fn reading_ui(ui: &mut Ui, cx: &Cx<'_>, id: &MachineId) {
    let tokens = ui.tokens();
    let Some(read) = cx.state.machines.get(id) else {
        return;
    };
    let age = read.read_at();
    let age = age.map(|at| format!("read {}", words::ago(at, cx.now)));
    if read.loading {
        ui.weak_label("Reading this device again…");
    } else if let Some(failure) = &read.failure {
        let old = age.map_or_else(String::new, |age| format!(" (shown as {age})"));
        let words = format!("Not re-read: {}{old}", failure.headline);
        badge(ui, Icon::Warning, Role::Caution, &words);
    } else if let Some(age) = age {
        ui.label(RichText::new(format!("Record {age}")).color(tokens.stale));
    }
}

fn read_again_ui(ui: &mut Ui, cx: &mut Cx<'_>, selected: &MachineRef) {
    let signed_out = (!cx.state.session.is_signed_in()).then_some("You are not signed in");
    let again = ActionButton::new("Read again")
        .icon(Icon::Refresh)
        .disabled_because(signed_out);
    if ui.add(again).clicked() {
        cx.out.work.push(Command::LoadMachine(selected.id.clone()));
        parts::load_all(cx, &selected.id);
    }
}

/// Shows links for work elsewhere: the device's page in the portal, and a line to copy into a ticket.
fn links_ui(ui: &mut Ui, cx: &mut Cx<'_>, selected: &MachineRef, record: Option<&Machine>) {
    ui.horizontal_wrapped(|ui| {
        let page = portal::machine_page(cx.state, &selected.id);
        let elsewhere = portal::trouble(cx.state, page.as_deref());
        let portal = ActionButton::new("Open in Defender portal")
            .icon(Icon::OpenElsewhere)
            .disabled_because(elsewhere);
        if ui.add(portal).clicked() {
            cx.out.open_page = page;
        }
        let line = device_line(selected, record);
        copy_labelled_ui(ui, "device line", &line);
    });
}

/// Name, id, operating system and addresses, for a spreadsheet or a ticket.
fn device_line(selected: &MachineRef, record: Option<&Machine>) -> String {
    let (os, addresses) = record.map_or_else(Default::default, |machine| {
        let addresses: Vec<_> = machine.addresses().map(|ip| ip.to_string()).collect();
        (os(machine), addresses.join(" "))
    });
    [selected.name(), selected.id.to_string(), os, addresses].join("\t")
}

#[cfg(test)]
mod tests;
