//! The devices of the form with their findings: always visible, and noted once seen.

use egui::{Align, Id, Key, Layout, Modifiers, RichText, TextStyle, Ui, vec2};

use super::form::{OpenedFrom, OrderForm};
use super::left_out;
use super::plan::{self, OfDevice};
use super::review::{self, finding_ui};
use super::seen_items::{MustSee, SeenItems};
use crate::guard::{self, Review};
use crate::model::{EntryId, Machine, MachineRef};
use crate::ui::device::facts::os;
use crate::ui::devices::absence::{absence, absence_words};
use crate::ui::theme::{Role, TokensExt as _, text};
use crate::ui::widgets::{
    ActionButton, Icon, UiExt as _, badge, elided_ui, is_arming, raised_frame,
};
use crate::ui::words::devices;
use crate::ui::{Cx, words};

/// Items that have to be on screen before the form is confirmed. A warning counts for every action; the
/// devices of a routine one need not all be scrolled past (rule 10).
pub fn required(form: &OrderForm, reviews: &[Review]) -> Vec<MustSee> {
    let names_devices = form.task().risk().takes_away();
    let mut items = Vec::new();
    for (n, device) in plan::by_device(form, reviews).iter().enumerate() {
        let (id, review) = (&device.machine.id, &device.review);
        if names_devices {
            items.push(MustSee::Device(id.clone()));
        }
        let findings = review.findings.iter();
        let findings = findings.filter(|finding| {
            finding.severity != guard::Severity::Note && (n == 0 || !plan::is_about_all(finding))
        });
        items.extend(findings.map(|finding| MustSee::finding(id, finding)));
    }
    items
}

/// Why the form cannot be confirmed yet: unseen items.
pub fn unseen_words(form: &OrderForm, required: &[MustSee]) -> Option<String> {
    let unseen = required
        .iter()
        .filter(|item| !form.seen_items.has_seen(item));
    let (mut machines, mut warnings) = (0, 0);
    for item in unseen {
        match item {
            MustSee::Device(_) => machines += 1,
            MustSee::Finding { .. } => warnings += 1,
            // No form is about an entry.
            MustSee::Entry(_) => {}
        }
    }
    let machines = (machines > 0).then(|| devices(machines));
    let warnings = (warnings > 0).then(|| words::counted(warnings, "warning", "warnings"));
    let parts: Vec<_> = machines.into_iter().chain(warnings).collect();
    (!parts.is_empty()).then(|| {
        format!(
            "{} not shown yet: scroll, or press Show next or Page Down",
            parts.join(" and ")
        )
    })
}

/// Shows the line above the findings: the age of the facts, and a button for the next unseen item. After
/// the last one the focus moves to the field `next`.
pub fn status_ui(
    ui: &mut Ui,
    form: &mut OrderForm,
    required: &[MustSee],
    status: &str,
    role: Role,
    next: Id,
) {
    let tokens = ui.tokens();
    let was_focused = std::mem::take(&mut form.seen_items.is_next_focused);
    let unseen: Vec<_> = required
        .iter()
        .filter(|item| !form.seen_items.has_seen(item))
        .collect();
    // The same height with and without the button.
    let size = vec2(ui.available_width(), tokens.height.control);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        ui.set_min_height(size.y);
        if let Some(first) = unseen.first() {
            let label = format!("Show next ({})", unseen.len());
            let button = ActionButton::new(&label)
                .key("show next")
                .hint("Page Down: scrolls to what has not been shown yet");
            let response = ui.add(button);
            form.seen_items.is_next_focused = response.has_focus();
            let by_key = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::PageDown));
            if response.clicked() || by_key {
                form.seen_items.scroll_to = Some((*first).clone());
                ui.ctx().request_repaint();
            }
        } else if was_focused {
            ui.memory_mut(|memory| memory.request_focus(next));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let colour = if role == Role::Neutral {
                tokens.text_weak
            } else {
                tokens.colour(role)
            };
            let line = RichText::new(status).text_style(TextStyle::Small);
            let response = ui.truncated(line.color(colour));
            ui.announce(&response);
        });
    });
}

/// Why the order, or a plan's most harmful step, cannot be undone.
fn no_way_back(form: &OrderForm) -> Option<&'static str> {
    form.task().kind()?.spec().no_way_back
}

/// Shows a framed list of at least this height. Returns the height of its whole content.
fn list_ui(ui: &mut Ui, least: f32, content: impl FnOnce(&mut Ui)) -> f32 {
    let frame = raised_frame(ui);
    let margins = frame.total_margin().sum().y;
    let shown = frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        content(ui);
        let height = ui.min_rect().height();
        let drawn = ui.cursor().top() - ui.min_rect().top();
        let missing = least - margins - drawn;
        if missing > 0.0 {
            ui.add_space(missing);
        }
        height
    });
    shown.inner + margins
}

/// Notes the list's drawn height. It follows the content until the buttons are first armed; later changes
/// are scrolled away instead, so that nothing moves under the pointer.
fn note_height(ui: &Ui, form: &mut OrderForm, content: f32, least: f32) {
    form.measures.list_content = Some(content);
    let drawn = content.max(least);
    let settled = form
        .measures
        .list_height
        .filter(|_| !is_arming(ui, form.opened_at));
    let Some(before) = settled else {
        form.measures.list_height = Some(drawn);
        return;
    };
    // A list that gets shorter, such as after a cleared finding, closes up only as far as the view can
    // scroll back.
    let gone = (before - content).max(0.0).min(form.measures.scrolled);
    // Whole points: a fraction would shift every field.
    let grown = (drawn - before).ceil() - gone.floor();
    if grown.abs() > 0.05 {
        form.measures.list_height = Some(before + grown);
        form.measures.grown = (form.measures.grown + grown).max(0.0);
        form.measures.grown_by += grown;
        ui.ctx().request_discard("what was found has changed");
    }
}

/// Shows the findings of each device (under its name if there are several), at least this high. Returns the
/// orders to leave out or put back.
pub fn checks_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    form: &mut OrderForm,
    reviews: &[Review],
    least: f32,
) -> Vec<EntryId> {
    let arming =
        is_arming(ui, form.armed_at).then_some("In half a second: the list has just changed");
    let mut switched = Vec::new();
    let is_settling = is_arming(ui, form.opened_at);
    let kept = form.measures.list_height.filter(|_| !is_settling);
    let least = kept.unwrap_or(least);
    // Moved out of the form, which stays borrowed while the list is drawn.
    let mut seen_items = std::mem::take(&mut form.seen_items);
    let before = seen_items.shown.clone();
    let form_seen: &OrderForm = form;
    let content_height = list_ui(ui, least, |ui| {
        if let Some(words) = &form_seen.not_included {
            badge(ui, Icon::Info, Role::Caution, words);
        }
        if let Some(words) = no_way_back(form_seen) {
            // The most important first.
            badge(ui, Icon::Warning, Role::Danger, words);
        }
        let all = plan::by_device(form_seen, reviews);
        let blocked = all.iter().flat_map(|device| &device.blocked).copied();
        switched.extend(left_out::all_ui(ui, form_seen, blocked.collect(), arming));
        for (n, device) in all.iter().enumerate() {
            ui.push_id(device.machine.id.as_str(), |ui| {
                let is_first = n == 0;
                let of_one = one_ui(ui, cx, form_seen, device, is_first, arming, &mut seen_items);
                switched.extend(of_one);
            });
        }
        switched.extend(left_out::left_out_ui(ui, form_seen, arming));
    });
    form.seen_items = seen_items;
    note_height(ui, form, content_height, least);
    if ui.ctx().will_discard() {
        // A discarded pass: nothing was seen at these places.
        form.seen_items.shown = before;
    }
    switched
}

/// Shows a device with its steps and findings. Returns the orders to leave out or put back.
fn one_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    form: &OrderForm,
    device: &OfDevice<'_>,
    is_first: bool,
    arming: Option<&str>,
    seen_items: &mut SeenItems,
) -> Vec<EntryId> {
    let is_one = form.only().is_some();
    let (machine, review) = (device.machine, &*device.review);
    let is_selected = form.opened_from == OpenedFrom::Selection;
    let mut switched = Vec::new();
    if machine.is_every_device() {
        // There is no list of devices to show it.
    } else if is_one {
        absence_ui(ui, cx, machine);
    } else {
        let row = ui.scope(|ui| row_ui(ui, cx, machine, is_selected, arming));
        seen_items.note(ui, &MustSee::Device(machine.id.clone()), row.response.rect);
        if row.inner {
            switched.clone_from(&device.entries);
        }
    }
    switched.extend(left_out::steps_ui(ui, form, device, arming));
    findings_ui(ui, cx, review, machine, is_first, seen_items);
    if is_one && review.findings.is_empty() {
        // Irreversibility is a warning too, and is shown above it.
        let none = match no_way_back(form) {
            Some(_) => "No other warnings",
            None => "No warnings",
        };
        ui.small_label(review::nothing_found(ui, cx, form, none));
    }
    if !is_one {
        ui.separator();
    }
    switched
}

/// Shows that the only device is not in the list, and why its record could not be read.
fn absence_ui(ui: &mut Ui, cx: &Cx<'_>, machine: &MachineRef) {
    if let Some(absence) = absence_words(cx.state, machine, cx.now) {
        badge(ui, Icon::Warning, Role::Caution, &absence);
    }
    if let Some(why) = cx.state.why_unread(&machine.id) {
        ui.small_label(&why.headline);
    }
}

/// Shows a device's findings, blocks first, and notes them as seen; those that concern all devices are
/// shown with the first.
fn findings_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    review: &Review,
    machine: &MachineRef,
    is_first: bool,
    seen_items: &mut SeenItems,
) {
    let findings = review.findings.iter();
    for finding in findings.filter(|it| is_first || !plan::is_about_all(it)) {
        let shown = ui.scope(|ui| finding_ui(ui, review, finding, cx));
        let item = MustSee::finding(&machine.id, finding);
        seen_items.note(ui, &item, shown.response.rect);
    }
}

/// Shows a device with its facts; returns whether to leave it out.
fn row_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    machine: &MachineRef,
    from_selection: bool,
    arming: Option<&str>,
) -> bool {
    let tokens = ui.tokens();
    let name = machine.quoted();
    let leaves = ui
        .horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let leave = format!("Leave out {}", machine.quoted());
                let button = ActionButton::quiet("Leave out")
                    .name(&leave)
                    .passes_focus_on()
                    // The tip would cover the name while the button has the focus.
                    .without_tip();
                let leaves = ui.add(button.disabled_because(arming)).clicked();
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    elided_ui(ui, &name, text::strong(), tokens.text);
                });
                leaves
            })
            .inner
        })
        .inner;
    let facts = cx.state.machine(&machine.id);
    let mut facts = facts.map_or_else(String::new, |machine| device_facts(machine, cx));
    if let Some(absence) = from_selection
        .then(|| absence(cx.state, cx.views, machine))
        .flatten()
    {
        badge(ui, Icon::Warning, Role::Caution, &absence.words());
    }
    if facts.is_empty() {
        let why = cx.state.why_unread(&machine.id);
        facts.push_str(why.map_or("Nothing is known about this device yet", |why| {
            &why.headline
        }));
    }
    ui.small_label(facts);
    leaves
}

pub(super) fn device_facts(machine: &Machine, cx: &Cx<'_>) -> String {
    let seen = machine.last_seen.map_or_else(
        || "last report unknown".to_owned(),
        |at| format!("reported {}", words::ago(at, cx.service_now())),
    );
    format!("{}, {}, {seen}", os(machine), machine.health_status.word())
}
