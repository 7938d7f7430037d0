//! The action form for one or several devices, with its review. The device, the findings and the buttons
//! are always visible; the fields scroll between them.

mod blocks;
mod confirm;
mod fields;
mod file;
mod file_section;
mod footer;
mod form;
mod kept;
mod kept_texts;
mod left_out;
mod open;
mod paste;
mod plan;
mod review;
mod seen_items;
mod sightings;
mod targets;
mod templates;
mod ticket;
mod ticket_field;
mod title;

pub use form::{FormTarget, OpenedFrom, OrderForm, UsedTicket};
pub use kept_texts::KeptTexts;
pub use open::NewForm;
pub use seen_items::{MustSee, SeenItems};
pub use title::confirm_label;

use egui::scroll_area::ScrollBarVisibility;
use egui::{Id, Key, Label, Modifiers, RichText, ScrollArea, Ui};

use super::Cx;
use super::theme::{TokensExt as _, text};
use super::views::OpenDialog;
use super::widgets::{
    Dialog, TipExt as _, UiExt as _, acts_on_other_row, copy_button_ui, elided, is_arming,
    take_confirming_key, text_width,
};
use crate::guard::Review;
use crate::model::{EntryId, Machine, MachineRef, OsFamily, clean_ticket};
use crate::ui::words::devices;
use confirm::{FormOutcome, block, confirm, why_not};
use footer::{Pressed, footer_height, footer_ui};
use form::{NextFocus, Place};
use paste::FormField;
use title::title;

/// Maximum height of a form, in points.
const MAX_HEIGHT: f32 = 800.0;
/// Below this height only the device, the line on unseen items and the buttons keep their place; for
/// several devices, one more line.
const TINY: f32 = 260.0;
const TINY_FOR_SEVERAL: f32 = 300.0;
/// Minimum height of the scrolled part.
const MIN_BODY: f32 = 28.0;
/// Room for later findings, such as an action under way, where the fields leave it.
const FEW_FINDINGS: f32 = 96.0;
/// Room for three warnings about a file.
const FILE_FINDINGS: f32 = 88.0;

/// Draws the open form.
pub fn order_ui(ui: &mut Ui, cx: &mut Cx<'_>, mut form: Box<OrderForm>) {
    let id = Id::unique(("order form", form.draft.entry));
    kept::begin(cx.views, &mut form);
    match form_ui(ui, cx, &mut form, id) {
        FormOutcome::Open => match form.file.blocks.take() {
            Some(hash) => blocks::open_over(ui, cx, form, &hash),
            None => cx.views.dialog = Some(OpenDialog::Form(form)),
        },
        // A ticket that was only typed is not remembered.
        FormOutcome::Closed => {
            kept::keep(cx.views, &form);
            Dialog::return_focus(ui.ctx(), id);
        }
        FormOutcome::Confirmed => {
            kept::forget(cx.views, &form);
            if let Some(used) = form.used_ticket() {
                cx.views.ticket = Some(used);
            }
            if form.opened_from == OpenedFrom::OtherForm {
                cx.views.covered.pop();
            }
            Dialog::return_focus(ui.ctx(), id);
        }
    }
}

fn form_ui(ui: &mut Ui, cx: &mut Cx<'_>, form: &mut OrderForm, id: Id) -> FormOutcome {
    let title = title(form);
    let is_tiny = Dialog::room(ui.ctx())
        < match form.only() {
            Some(_) => TINY,
            None => TINY_FOR_SEVERAL,
        };
    let consequence = plan::consequence(form);
    let dialog = Dialog::new(id, &title)
        .description(&consequence)
        .without_opener(acts_on_other_row(ui.ctx()));
    let dialog = if is_tiny {
        dialog.without_title()
    } else {
        dialog
    };
    let is_opening = dialog.is_opening(ui.ctx());
    let response = dialog.show(ui.ctx(), |ui| {
        content_ui(ui, cx, form, Place { id, is_tiny }, is_opening)
    });
    let Drawn {
        pressed,
        is_by_key,
        switched,
    } = response.inner;
    if !switched.is_empty() {
        let reviews = form.reviews(cx.state, cx.now);
        left_out::switch(form, &switched, &reviews);
        ui.ctx().request_repaint();
        return if form.targets.is_empty() {
            FormOutcome::Closed
        } else {
            FormOutcome::Open
        };
    }
    let confirms = pressed == Pressed::Confirm || (pressed == Pressed::Nothing && is_by_key);
    if confirms && !is_arming(ui, form.armed_at) {
        let outcome = confirm(cx, form);
        if is_by_key && matches!(outcome, FormOutcome::Open) {
            focus_first_missing(ui, cx, form, id);
        }
        outcome
    } else if pressed == Pressed::Keep || response.close_requested {
        FormOutcome::Closed
    } else {
        FormOutcome::Open
    }
}

/// Whether the name of the only device must be typed.
fn wants_name(form: &OrderForm, reviews: &[Review]) -> bool {
    form.only().is_some() && reviews.iter().any(Review::wants_name)
}

/// Result of a frame of the form.
struct Drawn {
    pressed: Pressed,
    /// Whether the confirm keys were pressed.
    is_by_key: bool,
    /// Orders to leave out or put back.
    switched: Vec<EntryId>,
}

fn content_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    form: &mut OrderForm,
    place: Place,
    is_opening: bool,
) -> Drawn {
    // Taken before the buttons are drawn, which would take Enter as a click.
    let is_by_key = take_confirming_key(ui);
    blocks::keep_later_end(cx.state, form);
    open::read_what_has_gone(cx, form);
    let drawn = form.reviews(cx.state, cx.now);
    let wanted = targets::required(form, &drawn);
    if form.seen_items.is_changed_to(wanted.clone()) || is_opening {
        // A click or key meant for what was here before must not confirm.
        form.armed_at = ui.input(|input| input.time);
    }
    let tickets = &cx.state.settings.tickets;
    paste::route_ui(ui, form, place.id, wants_name(form, &drawn), tickets);
    file::take_file(ui, cx, form);
    let fields = |form: &OrderForm| (form.draft.clone(), form.number.clone(), form.ticket.clone());
    let before = fields(form);
    let switched = upper_ui(ui, cx, form, &drawn, &wanted, place);
    if before != fields(form) {
        form.error = None;
    }
    // The buttons must match the current fields.
    let reviews = form.reviews(cx.state, cx.now);
    let block = block(form, &reviews);
    if form.error.is_some() {
        // The reason for the last refusal is shown while it holds, with its current text.
        form.error = why_not(cx, form, &reviews);
    }
    let wants_focus = form.next_focus.take() == Some(NextFocus::Keep) || is_opening;
    let pressed = footer_ui(ui, cx, form, block.as_deref(), place, wants_focus);
    Drawn {
        pressed,
        is_by_key,
        switched,
    }
}

/// After a failed confirmation by key, focuses the first missing field and thereby scrolls to it. It does
/// not scroll to unseen items: pressing the key repeatedly would skip all of them.
fn focus_first_missing(ui: &Ui, cx: &Cx<'_>, form: &mut OrderForm, id: Id) {
    let reviews = form.reviews(cx.state, cx.now);
    // A block cannot be filled in: the user has to leave that device out.
    if form.only().is_none() && reviews.iter().any(plan::is_forbidden) {
        form.next_focus = Some(NextFocus::LeaveOut);
        ui.ctx().request_repaint();
        return;
    }
    let wanted = targets::required(form, &reviews);
    if wanted.iter().all(|item| form.seen_items.has_seen(item)) {
        let wants_name = wants_name(form, &reviews);
        // The reason shown beside the buttons.
        let is_unnamed = wants_name && reviews.iter().any(|review| !review.is_named());
        let field = if is_unnamed {
            FormField::Name
        } else {
            fields::next_to_fill(form, wants_name)
        };
        let field = field.id(id);
        ui.memory_mut(|memory| memory.request_focus(field));
    }
}

/// Shows everything above the buttons. Returns the orders to leave out or put back.
fn upper_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    form: &mut OrderForm,
    drawn: &[Review],
    wanted: &[MustSee],
    Place { id, is_tiny }: Place,
) -> Vec<EntryId> {
    let wants_name = wants_name(form, drawn);
    let tokens = ui.tokens();
    let is_small = Dialog::is_small(ui.ctx());
    let gap = if is_small {
        tokens.space.xs
    } else {
        tokens.space.s
    };
    ui.spacing_mut().item_spacing.y = gap;
    // Measured after the title: otherwise the whole form would scroll too.
    let room = Dialog::rest(ui).min(MAX_HEIGHT);
    let top = ui.cursor().top();
    if is_tiny || form.only().is_some() {
        name_ui(ui, form, is_tiny);
    }
    // For several devices the title shows their number.
    if !is_tiny {
        ui.wrapped(plan::consequence(form));
    }
    if !is_small {
        plan::policy_ui(ui, form);
    }
    let (role, status) = review::facts_status(ui, cx, form);
    let next = fields::next_to_fill(form, wants_name).id(id);
    targets::status_ui(ui, form, wanted, &status, role, next);
    let used = ui.cursor().top() - top;
    let left = room - used - footer_height(ui, is_tiny) - gap;
    scroll_ui(ui, form, left, |ui, form| {
        if is_tiny {
            ui.wrapped(plan::consequence(form));
        }
        if is_small {
            // Before the findings of its steps.
            plan::policy_ui(ui, form);
        }
        plan::choice_ui(ui, cx, form);
        let least = if is_tiny {
            0.0
        } else {
            least_list(ui, form, left)
        };
        let switched = targets::checks_ui(ui, cx, form, drawn, least);
        let body = ui.cursor().top();
        body_ui(ui, cx, form, id, wants_name);
        form.measures.body_height = Some(ui.min_rect().bottom() - body);
        switched
    })
}

/// Minimum height of the findings list: slightly more than its content, if the fields leave room, for later
/// findings.
fn least_list(ui: &Ui, form: &OrderForm, room: f32) -> f32 {
    let Some((content, body)) = form.measures.list_content.zip(form.measures.body_height) else {
        ui.ctx().request_discard("what was found is measured");
        return 0.0;
    };
    let free = room - body - ui.spacing().item_spacing.y;
    // Findings on a file appear after its hash was typed.
    let later = form.draft.hash_field().map_or(0.0, |_| FILE_FINDINGS);
    (content.max(FEW_FINDINGS) + later).min(content.max(free))
}

/// Shows the scrolled part, `height` points high: the findings, and the fields below them. Growth of the
/// findings after the form was first ready is scrolled away, so that the fields stay under the pointer.
fn scroll_ui<R>(
    ui: &mut Ui,
    form: &mut OrderForm,
    height: f32,
    content: impl FnOnce(&mut Ui, &mut OrderForm) -> R,
) -> R {
    let height = height.max(MIN_BODY);
    let mut area = ScrollArea::vertical()
        .id_salt("body")
        .max_height(height)
        .min_scrolled_height(height)
        // Always visible: a bar that appears would make the fields narrower.
        .scroll_bar_visibility(ScrollBarVisibility::AlwaysVisible)
        .auto_shrink(false);
    let grown = std::mem::take(&mut form.measures.grown_by);
    if grown.abs() > 0.0 {
        area = area.vertical_scroll_offset(form.measures.scrolled + grown);
    }
    let shown = area.show(ui, |ui| {
        ui.set_width(ui.available_width());
        page_by_key(ui, height);
        let inner = content(ui, form);
        // Keeps the fields in place.
        let drawn = ui.cursor().top() - ui.min_rect().top();
        let missing = height + form.measures.grown - drawn;
        if missing > 0.0 {
            ui.add_space(missing);
        }
        inner
    });
    form.measures.scrolled = shown.state.clamped_offset().y;
    shown.inner
}

/// Lets Page Up and Page Down scroll the fields once every required item has been seen; until then Page
/// Down shows the next unseen item and is consumed there.
fn page_by_key(ui: &Ui, height: f32) {
    for (key, direction) in [(Key::PageUp, 1.0), (Key::PageDown, -1.0)] {
        if ui.input_mut(|input| input.consume_key(Modifiers::NONE, key)) {
            ui.scroll_with_delta(egui::vec2(0.0, direction * 0.8 * height));
        }
    }
}

/// Shows the device in the largest type, or in a tiny window the number of devices.
fn name_ui(ui: &mut Ui, form: &mut OrderForm, is_tiny: bool) {
    let only = form.only().cloned();
    let name = only
        .as_ref()
        .map_or_else(|| devices(form.count()), MachineRef::quoted);
    let style = if is_tiny {
        text::strong()
    } else {
        text::device()
    };
    let font = style.resolve(ui.style());
    let copied = only.as_ref().filter(|_| !is_tiny);
    let row = ui.horizontal(|ui| {
        let button = ui.tokens().height.target + ui.spacing().item_spacing.x;
        let room = ui.available_width() - copied.map_or(0.0, |_| button);
        let shown = elided(&name, room, |name| text_width(ui, name, &font));
        let label = Label::new(RichText::new(&shown).text_style(style));
        let response = ui.add(label.wrap_mode(egui::TextWrapMode::Extend));
        if let Some(only) = copied.filter(|one| !one.is_every_device()) {
            copy_button_ui(ui, "device id", only.id.as_str());
        }
        (response, shown)
    });
    let (response, shown) = row.inner;
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_value(&*name));
    if let Some(only) = only {
        let item = MustSee::Device(only.id.clone());
        form.seen_items.note(ui, &item, response.rect);
    }
    if shown != name {
        response.tip(name);
    }
}

/// Shows the fields, the exact text to be sent, and further notes.
fn body_ui(ui: &mut Ui, cx: &mut Cx<'_>, form: &mut OrderForm, id: Id, wants_name: bool) {
    let parameters = form.parameters();
    fields::parameters_ui(ui, cx, form, &parameters, id);
    blocks::blocks_ui(ui, cx, form);
    if form.draft.hash_field().is_some() {
        file::file_ui(ui, cx, form, id);
    }
    if let Some(machine) = form.only().cloned().filter(|_| wants_name) {
        fields::name_ui(ui, form, &machine, id);
    }
    templates::templates_ui(ui, cx, form, FormField::Ticket.id(id));
    plan::ticket_ui(ui, form);
    fields::comment_ui(ui, form, id);
    kept::from_before_ui(ui, form, FormField::Comment.id(id));
    form.note_ticket(cx.state);
    fields::number_ui(ui, form, id);
    // For a plan, every step on the first device.
    let first = form.targets.first().map(|first| &first.machine.id);
    let drafts = form
        .drafts()
        .take_while(|draft| Some(&draft.machine.id) == first);
    let mut drafts: Vec<_> = drafts.collect();
    for draft in &mut drafts {
        if draft.comment.trim().is_empty() {
            // The ticket precedes the comment still to be written.
            draft.comment = format!("{} …", clean_ticket(&form.ticket));
        }
    }
    let systems: Vec<_> = form.records(cx.state).map(system_of).collect();
    // Before the long text of all steps, where nobody would look for them.
    plan::consequences_ui(ui, form, &systems);
    review::preview_ui(ui, &drafts, form.only());
    // Close together, so that all of it fits without scrolling.
    ui.spacing_mut().item_spacing.y = review::LINE_GAP;
    if form.only().is_none() {
        ui.small_label("Sent to each device with its own reference tag");
    }
    let task = form.task();
    let kind = task.kind().filter(|_| form.plan.is_none());
    for caveat in kind
        .into_iter()
        .flat_map(|kind| kind.spec().caveats_on(&systems))
    {
        ui.small_label(caveat);
    }
}

fn system_of(record: Option<&Machine>) -> OsFamily {
    record.map_or(OsFamily::Unknown, Machine::os_family)
}

#[cfg(test)]
mod tests;
