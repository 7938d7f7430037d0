//! Entries that need attention: their list above the others, their counter in the strip, and the dialog
//! that acknowledges several of them.

use egui::{
    Align, Context, Frame, Id, Label, Layout, Margin, Rect, RichText, ScrollArea, Stroke, Ui,
    accesskit,
};

use crate::journal::{Entry, OrderStatus, status_in_full};
use crate::message::Command;
use crate::model::{EntryId, first_lower};
use crate::state::State;
use crate::ui::activity::row::{RING, entry_ui};
use crate::ui::activity::view::Acknowledging;
use crate::ui::commands::why_not_acknowledge;
use crate::ui::order::{MustSee, SeenItems};
use crate::ui::theme::{Role, TokensExt as _, text};
use crate::ui::widgets::{
    ActionButton, Dialog, Icon, UiExt as _, badge, closing_ui, icon, strip_well_ui,
};
use crate::ui::words::local_time;
use crate::ui::{Cx, look, views};

/// Maximum number of entries listed at once; buttons lead to the others.
const MAX_LISTED: usize = 50;

/// "2 need attention".
pub fn count_words(count: usize) -> String {
    match count {
        1 => "1 needs attention".to_owned(),
        count => format!("{count} need attention"),
    }
}

/// Shows the counter in the strip, which leads to the list.
pub fn counter_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let count = cx.state.entries.attention_count();
    if count == 0 {
        return;
    }
    let nobody = cx.state.session.account().is_none();
    let why_not = nobody.then_some("Sign in to see what it is");
    let label = count_words(count);
    let pressed = strip_well_ui(ui, |ui| {
        let button = ActionButton::quiet(&label)
            .icon(Icon::Warning)
            .hint("Shows what went wrong, at the top of Activity")
            .disabled_because(why_not);
        let response = ui.add(button);
        ui.announce(&response);
        response.clicked()
    });
    if pressed {
        cx.views.activity.wants_focus = true;
    }
}

/// The listed entries that need attention: held orders first, as they wait for a decision, then the newest.
/// While the pointer or the focus is on them, new ones are appended, so that none moves.
pub fn listed<'a>(ctx: &Context, state: &'a State) -> Vec<&'a Entry> {
    let first = first_listed(ctx, state.entries.attention_count());
    let held = state.entries.held().rev();
    let others = state.entries.attention().rev();
    let others = others.filter(|entry| !is_held(entry));
    let listed = held.chain(others).skip(first).take(MAX_LISTED);
    let mut listed: Vec<_> = listed.collect();
    let before = Places::of(ctx);
    if before.is_used(ctx) {
        listed.sort_by_key(|entry| before.at(entry).unwrap_or(usize::MAX));
    }
    listed
}

/// Whether an order waits for the user to insist on it or to withdraw it.
fn is_held(entry: &Entry) -> bool {
    matches!(entry.status(), OrderStatus::Held { .. })
}

/// The listed entries as last drawn, from the top, and their positions.
#[derive(Clone)]
struct Places {
    ids: Vec<EntryId>,
    area: Rect,
}

impl Places {
    fn id() -> Id {
        Id::unique("places of what needs attention")
    }

    fn of(ctx: &Context) -> Self {
        let places = ctx.data(|data| data.get_temp(Self::id()));
        places.unwrap_or(Self {
            ids: Vec::new(),
            area: Rect::NOTHING,
        })
    }

    fn at(&self, entry: &Entry) -> Option<usize> {
        self.ids.iter().position(|id| *id == entry.id())
    }

    /// Whether the pointer or the focus is there.
    fn is_used(&self, ctx: &Context) -> bool {
        let focused = ctx.memory(egui::Memory::focused);
        let focused = focused.and_then(|id| ctx.read_response(id));
        let pointer = ctx.input(|input| input.pointer.latest_pos());
        let at = focused.map(|focused| focused.rect.center());
        at.into_iter()
            .chain(pointer)
            .any(|at| self.area.contains(at))
    }
}

/// Notes where the entries are drawn in this part of the window.
pub fn note_places(ui: &Ui, listed: &[&Entry]) {
    let places = Places {
        ids: listed.iter().map(|entry| entry.id()).collect(),
        area: ui.clip_rect(),
    };
    ui.data_mut(|data| data.insert_temp(Places::id(), places));
}

/// Whether the list starts with a new entry and should scroll to it. Nothing scrolls away under the
/// pointer.
pub fn has_new_first(ctx: &Context, listed: &[&Entry]) -> bool {
    let before = Places::of(ctx);
    let is_new = listed
        .first()
        .is_some_and(|first| before.at(first) != Some(0));
    is_new && !before.is_used(ctx)
}

/// Sorts the entries again, even if one of them has the focus.
pub fn forget_places(ctx: &Context) {
    ctx.data_mut(|data| data.remove::<Places>(Places::id()));
}

fn page_id() -> Id {
    Id::unique("first of the entries listed")
}

/// Index of the first listed entry, of `count`.
fn first_listed(ctx: &Context, count: usize) -> usize {
    let chosen: usize = ctx.data(|data| data.get_temp(page_id())).unwrap_or(0);
    let last_page = count.saturating_sub(1) / MAX_LISTED * MAX_LISTED;
    chosen.min(last_page)
}

/// Shows the range of the listed entries, and buttons to the others.
pub fn pages_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let count = cx.state.entries.attention_count();
    if count <= MAX_LISTED {
        return;
    }
    let first = first_listed(ui.ctx(), count);
    let end = (first + MAX_LISTED).min(count);
    let (to, label) = match count - end {
        0 => (0, format!("Show the first {MAX_LISTED}")),
        more => (end, format!("Show the next {}", more.min(MAX_LISTED))),
    };
    ui.horizontal_wrapped(|ui| {
        ui.label(format!("{} to {end} of {count}", first + 1));
        let button = ActionButton::new(&label).key("entries listed").compact();
        if ui.add(button).clicked() {
            ui.data_mut(|data| data.insert_temp(page_id(), to));
            cx.views.activity.wants_focus = true;
            ui.ctx().request_repaint();
        }
    });
}

/// Shows the entries that need attention, if any, at most `max_height` high; `asked` focuses the first one.
pub fn attention_ui(ui: &mut Ui, cx: &mut Cx<'_>, max_height: f32, asked: bool) {
    let state = cx.state;
    let count = state.entries.attention_count();
    if count == 0 {
        return;
    }
    let tokens = ui.tokens();
    let listed = listed(ui.ctx(), state);
    let frame = Frame::new()
        .fill(tokens.surface.panel)
        .stroke(Stroke::new(tokens.border_width, tokens.caution))
        .corner_radius(tokens.radius)
        .inner_margin(Margin::symmetric(4, 2));
    frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        heading_ui(ui, cx, count, &listed);
        let rows = ScrollArea::vertical()
            .id_salt("attention")
            .content_margin(RING)
            .max_height(max_height)
            .min_scrolled_height(max_height)
            .auto_shrink([false, true]);
        let rows = if asked || has_new_first(ui.ctx(), &listed) {
            rows.vertical_scroll_offset(0.0)
        } else {
            rows
        };
        rows.show(ui, |ui| {
            note_places(ui, &listed);
            let mut below = 0;
            for (n, entry) in listed.iter().enumerate() {
                entry_ui(ui, cx, entry, asked && n == 0);
                below += usize::from(ui.min_rect().bottom() > ui.clip_rect().bottom() + 1.0);
            }
            note_below(ui, below);
            pages_ui(ui, cx);
        });
    });
}

/// Id of the number of rows that are not entirely visible, for the heading.
fn below_id() -> Id {
    Id::unique("entries below")
}

fn note_below(ui: &Ui, below: usize) {
    let before = ui.data_mut(|data| {
        let before = data.get_temp(below_id()).unwrap_or(0_usize);
        data.insert_temp(below_id(), below);
        before
    });
    if before != below {
        ui.ctx().request_repaint();
    }
}

fn heading_ui(ui: &mut Ui, cx: &mut Cx<'_>, count: usize, listed: &[&Entry]) {
    let tokens = ui.tokens();
    ui.horizontal(|ui| {
        icon(ui, Icon::Warning, tokens.caution);
        let title = format!("Needs your attention ({count})");
        let heading = RichText::new(&title)
            .text_style(text::section())
            .color(tokens.caution);
        let response = ui.add(Label::new(heading).truncate());
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_role(accesskit::Role::Heading);
            node.set_label(title);
        });
        let below = ui.data(|data| data.get_temp(below_id())).unwrap_or(0_usize);
        if below > 0 {
            ui.weak_label(format!("{below} more below"));
        }
        // Held orders cannot be acknowledged: they are insisted on or withdrawn.
        let ended = listed.iter().filter(|entry| !is_held(entry));
        let ids: Vec<EntryId> = ended.map(|entry| entry.id()).collect();
        if ids.len() < 2 {
            return;
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let why_not = why_not_acknowledge(cx.state);
            let button = ActionButton::quiet("Acknowledge all…")
                .hint("Shows the list first")
                .with_arm_delay()
                .disabled_because(why_not.as_deref());
            if ui.add(button).clicked() {
                cx.views
                    .open(views::OpenDialog::Acknowledge(Acknowledging::of(ids)));
            }
        });
    });
}

/// Draws the dialog that acknowledges several entries, each of which must have been on screen; returns
/// whether it stays open.
pub fn acknowledge_ui(ui: &Ui, cx: &mut Cx<'_>, asked: &mut Acknowledging) -> bool {
    let state = cx.state;
    let ids = asked.ids.iter();
    let entries: Vec<&Entry> = ids.filter_map(|id| state.entry(*id)).collect();
    let title = format!("Acknowledge {} entries", entries.len());
    let what = "They leave the top of Activity and stay in the journal. Nothing is sent";
    let dialog = Dialog::new(Id::unique("acknowledge all"), &title).description(what);
    let seen_items = &mut asked.seen_items;
    let mut acknowledges = false;
    let stays = dialog.show_until(ui.ctx(), |ui, is_opening| {
        ui.wrapped(what);
        let room = Dialog::rest(ui) - 2.0 * ui.tokens().height.control;
        let list = ScrollArea::vertical().max_height(room).id_salt("listed");
        list.show(ui, |ui| {
            for entry in &entries {
                let row = ui.push_id(entry.id(), |ui| listed_ui(ui, state, entry));
                seen_items.note(ui, &MustSee::Entry(entry.id()), row.response.rect);
            }
        });
        ui.add_space(ui.tokens().space.s);
        ui.horizontal_wrapped(|ui| {
            let keeps = closing_ui(ui, "Keep them on top", is_opening);
            acknowledges = confirm_ui(ui, state, &title, &entries, seen_items);
            keeps || acknowledges
        })
        .inner
    });
    if acknowledges {
        let seen = entries
            .iter()
            .map(|entry| (entry.id(), entry.status().key()));
        cx.out.work.push(Command::Acknowledge(seen.collect()));
    }
    stays
}

/// Shows the button that acknowledges, and the one for the next unseen entry; returns whether the former
/// was pressed.
fn confirm_ui(
    ui: &mut Ui,
    state: &State,
    title: &str,
    entries: &[&Entry],
    seen_items: &mut SeenItems,
) -> bool {
    let items = entries.iter().map(|entry| MustSee::Entry(entry.id()));
    let unseen: Vec<_> = items.filter(|item| !seen_items.has_seen(item)).collect();
    let unread = (!unseen.is_empty())
        .then(|| format!("{} not shown yet: scroll or press Show next", unseen.len()));
    let why_not = why_not_acknowledge(state).or(unread);
    let button = ActionButton::primary(title)
        .key("acknowledge")
        .with_arm_delay()
        .disabled_because(why_not.as_deref());
    let is_pressed = ui.add(button).clicked();
    if let Some(first) = unseen.first() {
        let label = format!("Show next ({})", unseen.len());
        let next = ActionButton::new(&label)
            .key("show next")
            .hint("Scrolls to what has not been shown yet");
        if ui.add(next).clicked() {
            seen_items.scroll_to = Some(first.clone());
            ui.ctx().request_repaint();
        }
    }
    is_pressed
}

fn listed_ui(ui: &mut Ui, state: &State, entry: &Entry) {
    ui.horizontal_wrapped(|ui| {
        let aftermath = state.aftermath(entry);
        let look = look::order(entry, &aftermath);
        let words = status_in_full(entry, &aftermath, |at| local_time(at, &state.zone));
        badge(ui, look.icon, look.role, &words);
        ui.wrapped(RichText::new(state.machine_of(entry).quoted()).text_style(text::strong()));
        ui.wrapped(entry.order.task.title());
    });
}

/// Outcome of a device's newest order without the order's title: for its row and its panel.
pub fn mark(entry: &Entry, state: &State) -> (Icon, Role, String) {
    // It needs attention for something that the status omits.
    let remark = state.aftermath(entry).in_short(entry);
    if !remark.is_empty() {
        return (Icon::Warning, Role::Caution, remark.join(", "));
    }
    let (icon, role) = look::order_status(entry.status());
    let word = entry.status().word(&entry.order.task);
    (icon, role, first_lower(&word))
}
