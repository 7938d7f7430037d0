//! The list of suggestions under the search field.

use egui::text::{CCursor, CCursorRange};
use egui::{
    Align2, Area, EventFilter, Frame, Id, Key, LayerId, Modifiers, Order, Response, Sense,
    TextEdit, TextStyle, Ui, WidgetInfo, accesskit,
};

use super::suggestions::{Offer, completed, is_text};
use crate::ui::Cx;
use crate::ui::theme::TokensExt as _;
use crate::ui::widgets::{TipExt as _, elided, text_width};

/// Shows the list under the field, which was drawn before; returns whether a suggestion was accepted.
pub fn offers_ui(ui: &Ui, field: &Response, enter_chooses: bool, cx: &mut Cx<'_>) -> bool {
    let (search, completion) = (&mut cx.views.search, &mut cx.views.completion);
    if completion.search != *search {
        completion.search.clone_from(search);
        completion.marked = None;
        // Pasted text is complete.
        let is_pasted = ui.input(|input| {
            let mut events = input.events.iter();
            events.any(|event| matches!(event, egui::Event::Paste(_)))
        });
        completion.closed_for = is_pasted.then(|| search.clone());
    }
    let list = field.id.with("offers");
    let was_shown = !completion.offers.is_empty();
    let is_typing = field.has_focus() && is_cursor_at_end(ui, field.id, search);
    // A click takes the focus from the field before it reaches the list.
    let is_wanted = is_typing || (was_shown && is_clicked(ui, list));
    let offers = if is_wanted && completion.closed_for.as_ref() != Some(search) {
        completion.offers_for(search, cx.state)
    } else {
        Vec::new()
    };
    if completion.is_counting() && is_wanted {
        ui.ctx().request_repaint();
    }
    if offers.is_empty() {
        completion.offers = offers;
        return false;
    }
    // While the list is open, these keys do not leave the field.
    let kept = EventFilter {
        tab: true,
        escape: true,
        horizontal_arrows: true,
        vertical_arrows: true,
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(field.id, kept));
    // A suggestion that appeared in this frame cannot have been meant.
    let tab = was_shown
        && ui.input_mut(|input| {
            input.consume_key(Modifiers::NONE, Key::Tab) && !input.events.iter().any(is_text)
        });
    let by_key = if tab {
        Some(completion.marked.unwrap_or(0))
    } else {
        completion.marked.filter(|_| enter_chooses)
    };
    let taken = by_key.or_else(|| list_ui(ui, list, field, &offers, completion.marked));
    let Some(offer) = taken.and_then(|index| offers.get(index)) else {
        completion.offers = offers;
        return false;
    };
    *search = completed(search, offer);
    completion.offers.clear();
    put_cursor_at_end(ui, field.id, search);
    field.request_focus();
    ui.ctx().request_repaint();
    true
}

fn is_cursor_at_end(ui: &Ui, field: Id, text: &str) -> bool {
    let edit = TextEdit::load_state(ui.ctx(), field);
    let cursor = edit.and_then(|edit| edit.cursor.char_range());
    let end = CCursor::new(text.chars().count());
    cursor.is_some_and(|range| range.is_empty() && range.primary.index == end.index)
}

fn put_cursor_at_end(ui: &Ui, field: Id, text: &str) {
    if let Some(mut edit) = TextEdit::load_state(ui.ctx(), field) {
        let end = CCursor::new(text.chars().count());
        edit.cursor.set_char_range(Some(CCursorRange::one(end)));
        edit.store(ui.ctx(), field);
    }
}

fn is_clicked(ui: &Ui, list: Id) -> bool {
    let at = ui.ctx().pointer_interact_pos();
    let layer = at.and_then(|at| ui.ctx().layer_id_at(at));
    layer == Some(LayerId::new(Order::Foreground, list))
        && ui.input(|input| input.pointer.any_click())
}

/// Draws the list; returns the index of the suggestion clicked.
fn list_ui(
    ui: &Ui,
    list: Id,
    field: &Response,
    offers: &[Offer],
    marked: Option<usize>,
) -> Option<usize> {
    let tokens = ui.tokens();
    ui.ctx().accesskit_node_builder(field.id, |node| {
        node.set_expanded(true);
        if let Some(marked) = marked {
            node.set_active_descendant(list.with(marked).accesskit_id());
        }
    });
    let width = field.rect.width().max(320.0);
    let area = Area::new(list)
        .order(Order::Foreground)
        .fixed_pos(field.rect.left_bottom() + egui::vec2(0.0, tokens.space.xs))
        .role(accesskit::Role::ListBox)
        .accessible_name("Completions");
    let shown = area.show(ui.ctx(), |ui| {
        let frame = Frame::popup(ui.style());
        let inner = frame.show(ui, |ui| {
            ui.set_width(width);
            ui.spacing_mut().item_spacing.y = 0.0;
            let mut clicked = None;
            for (index, offer) in offers.iter().enumerate() {
                if offer_ui(ui, list.with(index), offer, marked == Some(index)) {
                    clicked = Some(index);
                }
            }
            clicked
        });
        inner.inner
    });
    shown.inner
}

fn offer_ui(ui: &mut Ui, id: Id, offer: &Offer, is_marked: bool) -> bool {
    let tokens = ui.tokens();
    let size = egui::vec2(ui.available_width(), tokens.height.target);
    let (_, rect) = ui.allocate_space(size);
    // Not focusable: the cursor stays in the field, and the arrow keys move from there.
    let response = ui.interact(rect, id, Sense::CLICK);
    let name = format!("{} {}", offer.text, offer.hint);
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::ListBoxOption, true, &name));
    ui.ctx()
        .accesskit_node_builder(id, |node| node.set_selected(is_marked));
    let painter = ui.painter();
    if is_marked || response.hovered() {
        let fill = if is_marked {
            tokens.surface.selected
        } else {
            tokens.surface.hover
        };
        painter.rect_filled(rect, tokens.radius, fill);
    }
    let font = TextStyle::Body.resolve(ui.style());
    let inner = rect.shrink2(egui::vec2(tokens.space.xs, 0.0));
    let hint = painter.text(
        inner.right_center(),
        Align2::RIGHT_CENTER,
        &offer.hint,
        font.clone(),
        tokens.text_weak,
    );
    let room = hint.left() - tokens.space.s - inner.left();
    // Two values may differ only at the end.
    let shown = elided(&offer.text, room, |text| text_width(ui, text, &font));
    let is_whole = shown == offer.text;
    let at = inner.left_center();
    painter.text(at, Align2::LEFT_CENTER, shown, font, tokens.text);
    let is_chosen = response.clicked();
    if !is_whole {
        response.tip(&offer.text);
    }
    is_chosen
}
