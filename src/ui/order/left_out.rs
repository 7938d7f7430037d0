//! Devices and single plan steps that are left out of a form by hand, and put back.

use egui::{Ui, WidgetInfo, accesskit};

use super::form::{FormTarget, NextFocus, OrderForm};
use super::plan::{self, OfDevice};
use crate::guard::{Finding, Review};
use crate::model::{EntryId, MachineId, MachineRef};
use crate::ui::widgets::{ActionButton, TipExt as _, UiExt as _, checkbox_ui};

/// Leaves devices out of a form that has just been opened, each for its reason, until they are put back. If
/// none would remain, all stay.
pub fn set_aside(form: &mut OrderForm, reasons: &[(MachineId, String)]) {
    let why = |target: &FormTarget| {
        let mut reasons = reasons.iter();
        let found = reasons.find(|(id, _)| *id == target.machine.id);
        found.map(|(_, why)| why.clone())
    };
    if form.targets.iter().all(|target| why(target).is_some()) {
        return;
    }
    for target in std::mem::take(&mut form.targets) {
        let left_out_for = why(&target);
        let list = if left_out_for.is_some() {
            &mut form.left_out
        } else {
            &mut form.targets
        };
        list.push(FormTarget {
            left_out_for,
            ..target
        });
    }
}

/// Takes these orders out of the form, or puts them back if they were left out. Blocked orders keep their
/// reason.
pub fn switch(form: &mut OrderForm, switched: &[EntryId], reviews: &[Review]) {
    let had_several = form.count() > 1;
    for (target, review) in form.targets.iter_mut().zip(reviews) {
        let forbidding = plan::forbidding(review);
        target.left_out_for = forbidding.map(Finding::text);
    }
    let is_switched = |target: &mut FormTarget| switched.contains(&target.entry);
    let gone: Vec<_> = form.targets.extract_if(.., is_switched).collect();
    let back: Vec<_> = form.left_out.extract_if(.., is_switched).collect();
    form.left_out.extend(gone);
    for target in back {
        put_back(form, target);
    }
    form.number.clear();
    form.measures.list_height = None;
    // The focused list is gone.
    let is_gone = had_several && form.only().is_some() && form.plan.is_none();
    form.next_focus = is_gone.then_some(NextFocus::Keep);
}

/// Puts a target back beside the others of its device, in step order.
fn put_back(form: &mut OrderForm, target: FormTarget) {
    let is_before =
        |known: &FormTarget| known.machine.id == target.machine.id && known.step < target.step;
    let same = |known: &FormTarget| known.machine.id == target.machine.id;
    let after = form.targets.iter().rposition(is_before).map(|at| at + 1);
    let at = after.or_else(|| form.targets.iter().position(same));
    form.targets
        .insert(at.unwrap_or(form.targets.len()), target);
}

/// A device of which every order was left out.
struct Gone<'a> {
    machine: &'a MachineRef,
    entries: Vec<EntryId>,
    /// Why its orders were left out, each reason once.
    left_out_for: Vec<&'a str>,
}

fn gone(form: &OrderForm) -> Vec<Gone<'_>> {
    let mut gone: Vec<Gone<'_>> = Vec::new();
    for target in form.left_out.iter().filter(|target| !is_in(form, target)) {
        let known = gone
            .iter()
            .position(|one| one.machine.id == target.machine.id);
        let at = known.unwrap_or_else(|| {
            gone.push(Gone {
                machine: &target.machine,
                entries: Vec::new(),
                left_out_for: Vec::new(),
            });
            gone.len() - 1
        });
        gone[at].entries.push(target.entry);
        let why = target.left_out_for.as_deref();
        let why = why.filter(|why| !gone[at].left_out_for.contains(why));
        gone[at].left_out_for.extend(why);
    }
    gone
}

fn is_in(form: &OrderForm, target: &FormTarget) -> bool {
    form.machines()
        .any(|machine| machine.id == target.machine.id)
}

/// Shows the steps of a plan on a device with a tick each: ticked ones are sent, blocked ones are marked.
/// Returns the steps switched.
pub fn steps_ui(
    ui: &mut Ui,
    form: &OrderForm,
    device: &OfDevice<'_>,
    arming: Option<&str>,
) -> Vec<EntryId> {
    let mut switched = Vec::new();
    let Some(plan) = &form.plan else {
        return switched;
    };
    let is_of = |target: &&FormTarget| target.machine.id == device.machine.id;
    ui.horizontal_wrapped(|ui| {
        for (n, step) in plan.steps.iter().enumerate() {
            let find = |all: &'_ [FormTarget]| {
                let mut own = all.iter().filter(is_of);
                own.find(|target| target.step == n)
                    .map(|target| target.entry)
            };
            let (sent, left_out) = (find(&form.targets), find(&form.left_out));
            let Some(entry) = sent.or(left_out) else {
                continue;
            };
            let name = step.kind.spec().button;
            let is_blocked = device.blocked.contains(&entry);
            let words = if is_blocked {
                format!("{name} (blocked)")
            } else {
                name.to_owned()
            };
            let mut is_ticked = sent.is_some();
            // A form needs at least one step.
            let is_last = is_ticked && form.targets.len() == 1;
            let ticked = ui
                .push_id(n, |ui| checkbox_ui(ui, &mut is_ticked, &words))
                .inner;
            let spoken = format!("{name} on {}", device.machine.quoted());
            let is_sent = is_ticked;
            ticked.widget_info(|| {
                WidgetInfo::selected(accesskit::Role::CheckBox, true, is_sent, &spoken)
            });
            // Disabling it would drop the focus for half a second after each change.
            if ticked.changed() && arming.is_none() && !is_last {
                switched.push(entry);
            }
            ticked.tip(if is_last {
                "The last step stays: Esc closes the form"
            } else {
                "Without its tick this step is left out on this device"
            });
        }
    });
    switched
}

/// Shows the buttons that leave out everything blocked, and put back everything left out; each only if it
/// would do something.
pub fn all_ui(
    ui: &mut Ui,
    form: &OrderForm,
    blocked: Vec<EntryId>,
    arming: Option<&str>,
) -> Vec<EntryId> {
    let mut switched = Vec::new();
    // A form cannot leave out everything.
    let blocked = if blocked.len() < form.targets.len() {
        blocked
    } else {
        Vec::new()
    };
    if blocked.is_empty() && form.left_out.is_empty() {
        return switched;
    }
    ui.horizontal_wrapped(|ui| {
        let what = if form.plan.is_some() {
            "steps"
        } else {
            "devices"
        };
        if !blocked.is_empty() {
            let label = format!("Leave out blocked {what} ({})", blocked.len());
            let button = all_button(&label, arming).key("leave out blocked");
            let response = ui.add(button);
            if form.next_focus == Some(NextFocus::LeaveOut) {
                response.request_focus();
                response.scroll_to_me(None);
            }
            if response.clicked() {
                switched.extend(blocked);
            }
        }
        if !form.left_out.is_empty() {
            let label = format!("Put back all {what} ({})", form.left_out.len());
            // It replaces the other button and inherits its focus.
            let button = all_button(&label, arming).key("put back all");
            if ui.add(button).clicked() {
                switched.extend(form.left_out.iter().map(|target| target.entry));
            }
        }
    });
    switched
}

/// A button without a tip, which would cover the first device while the button has the focus.
fn all_button<'a>(label: &'a str, arming: Option<&'a str>) -> ActionButton<'a> {
    let button = ActionButton::new(label).passes_focus_on();
    button.without_tip().disabled_because(arming)
}

/// Shows the devices and steps that were left out, each device with a button to put it back.
pub fn left_out_ui(ui: &mut Ui, form: &OrderForm, arming: Option<&str>) -> Vec<EntryId> {
    let mut switched = Vec::new();
    for target in form.left_out.iter().filter(|target| is_in(form, target)) {
        let step = form.step_label(target).unwrap_or_default();
        let what = format!("{step} on {}", target.machine.quoted());
        ui.small_label(left_out_words(&what, target.left_out_for.as_deref()));
    }
    for one in gone(form) {
        let name = one.machine.quoted();
        ui.horizontal_wrapped(|ui| {
            let back = format!("Put back {name}");
            let button = ActionButton::new("Put back").name(&back).compact();
            let button = button.passes_focus_on().without_tip();
            if ui.add(button.disabled_because(arming)).clicked() {
                switched.extend(one.entries);
            }
            ui.small_label(left_out_words(&name, one.left_out_for));
        });
    }
    switched
}

/// Describes an order that was left out, and why.
fn left_out_words<'a>(what: &str, why: impl IntoIterator<Item = &'a str>) -> String {
    let why: Vec<&str> = why.into_iter().collect();
    let colon = if why.is_empty() { "" } else { ": " };
    format!("Left out: {what}{colon}{}", why.join("; "))
}
