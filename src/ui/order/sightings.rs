//! The devices on which the form's file was seen, to order the same on several of them.

use egui::{ScrollArea, Ui};

use super::form::OrderForm;
use super::targets::device_facts;
use crate::message::Command;
use crate::model::{Machine, MachineRef, PanelPart, Permission, SessionStatus};
use crate::ui::Cx;
use crate::ui::widgets::{ActionButton, UiExt as _, raised_frame};

/// Maximum height of the list, in points; more scrolls.
const MAX_HEIGHT: f32 = 160.0;
/// Maximum number of devices drawn; more are too many to select by hand.
const SHOWN: usize = 100;

/// Why the devices cannot be listed, if known.
pub fn why_not(session: &SessionStatus) -> Option<&'static str> {
    const READS: &[Permission] = &[Permission::MachineRead, Permission::MachineReadWrite];
    let Some(permissions) = session.permissions() else {
        return Some("Sign in first");
    };
    let lacks = permissions.holds(READS) == Some(false);
    lacks.then_some("Requires the permission Machine.Read")
}

/// Lists the devices, each with a tick box unless the order is tenant-wide.
pub fn sightings_ui(ui: &mut Ui, cx: &mut Cx<'_>, form: &mut OrderForm, sha1: &str) {
    let state = cx.state;
    let sightings = state.sightings.get(sha1);
    let Some(listed) = sightings.and_then(|sightings| sightings.get()) else {
        let failure = sightings.and_then(|sightings| sightings.failure.as_ref());
        match failure.filter(|_| sightings.is_some_and(|sightings| !sightings.loading)) {
            Some(why) => ui.small_label(why.headline_and_next()),
            None => ui.small_label("Reading on which devices it was seen…"),
        };
        return;
    };
    if listed.items.is_empty() {
        ui.small_label("Defender has seen it on no device");
        return;
    }
    let shown: Vec<&Machine> = listed.items.iter().map(AsRef::as_ref).take(SHOWN).collect();
    // A tenant-wide order is not for one device.
    if form.task().is_tenant_wide() {
        list_ui(ui, |ui| {
            for machine in &shown {
                ui.horizontal(|ui| {
                    ui.label(machine.reference().name_and_tail());
                    facts_ui(ui, cx, machine);
                });
            }
        });
    } else {
        selection_ui(ui, cx, form, &shown);
    }
    let rest = listed.items.len().saturating_sub(SHOWN);
    if rest > 0 || listed.is_cut || listed.unreadable > 0 {
        let more = if listed.is_cut { " or more" } else { "" };
        let line = format!("{}{more} are not listed", rest + listed.unreadable);
        ui.small_label(line);
    }
}

/// Shows the devices with tick boxes, and a button for all of them.
fn selection_ui(ui: &mut Ui, cx: &mut Cx<'_>, form: &mut OrderForm, shown: &[&Machine]) {
    let is_target = |form: &OrderForm, machine: &Machine| {
        let mut targets = form.targets.iter();
        targets.any(|target| target.machine.id == machine.id)
    };
    let open = shown.iter().filter(|machine| !is_target(form, machine));
    let open: Vec<MachineRef> = open.map(|machine| machine.reference()).collect();
    let label = match open.len() {
        0 => "Add all".to_owned(),
        count => format!("Add all {count}"),
    };
    let why = open.is_empty().then_some("All of them are in this form");
    let add = ActionButton::new(&label)
        .key("add all")
        .disabled_because(why);
    let mut added = if ui.add(add).clicked() {
        open
    } else {
        Vec::new()
    };
    let mut removed = None;
    list_ui(ui, |ui| {
        for machine in shown {
            let reference = machine.reference();
            let mut is_ticked = is_target(form, machine);
            let row = ui.horizontal_wrapped(|ui| {
                let row = ui.checkbox(&mut is_ticked, reference.name_and_tail());
                facts_ui(ui, cx, machine);
                row
            });
            let row = row.inner;
            if row.changed() && is_ticked {
                added.push(reference);
            } else if row.changed() && form.count() > 1 {
                removed = Some(reference.id);
            }
        }
    });
    if let Some(id) = removed {
        form.targets.retain(|target| target.machine.id != id);
        form.number.clear();
    }
    add_all(cx, form, added);
}

fn list_ui(ui: &mut Ui, rows: impl FnOnce(&mut Ui)) {
    raised_frame(ui).show(ui, |ui| {
        ScrollArea::vertical()
            .id_salt("seen on")
            .max_height(MAX_HEIGHT)
            .min_scrolled_height(MAX_HEIGHT)
            .show(ui, |ui| {
                ui.set_width(ui.available_width());
                rows(ui);
            });
    });
}

/// Facts that distinguish the device, beside its name.
fn facts_ui(ui: &mut Ui, cx: &Cx<'_>, machine: &Machine) {
    ui.small_label(device_facts(machine, cx));
}

/// Adds devices to the form, and reads the facts for their guardrails.
fn add_all(cx: &mut Cx<'_>, form: &mut OrderForm, machines: Vec<MachineRef>) {
    if machines.is_empty() {
        return;
    }
    let mut ids = Vec::new();
    for machine in machines {
        match form.add(&machine) {
            Ok(()) => ids.push(machine.id),
            Err(error) => cx.views.report_no_entropy(error),
        }
    }
    form.number.clear();
    for id in &ids {
        let part = Command::LoadPart(id.clone(), PanelPart::AvailableActions);
        cx.out.work.push(part);
    }
    cx.out.work.push(Command::LoadMachines(ids));
}
