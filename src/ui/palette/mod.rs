//! The command palette: devices, actions, pages and settings by a few letters. It sends nothing: an action
//! opens its form, and a device its panel.

mod elsewhere;
mod item;
mod items;
mod row;
mod typed;

pub use item::{Item, RecentItems};
pub use typed::Palette;

use std::sync::Arc;

use egui::{
    Context, Event, EventFilter, Id, Key, KeyboardShortcut, Response, RichText, ScrollArea, Ui,
};

use super::Cx;
use super::commands::UiCommand;
use super::devices::asked;
use super::layout::is_console_open;
use super::order::NewForm;
use super::theme::{TokensExt as _, text};
use super::views::{OpenDialog, Screen};
use super::widgets::{ActionButton, Dialog, Icon, TextField, UiExt as _, icon};
use item::Row;
use row::{heading_ui, row_ui};
use typed::MatchInputs;

const WIDTH: f32 = 680.0;
/// Maximum height of the list, in points.
const LIST_HEIGHT: f32 = 420.0;
/// Height above and below the list, in points.
const BESIDE_LIST: f32 = 100.0;
/// The keys that move through the list, besides Tab.
const STEPS: [Key; 4] = [Key::ArrowDown, Key::ArrowUp, Key::PageDown, Key::PageUp];
/// Number of rows that Page Up and Page Down move by.
const PAGE: usize = 8;

/// A key for the palette itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pressed {
    Enter,
    Close,
}

/// Outcome of a frame of the palette.
enum Outcome {
    Open,
    Closed,
    Chosen(Item),
}

/// Draws the palette while it is the open dialog.
pub fn palette_ui(ui: &Ui, cx: &mut Cx<'_>, mut palette: Box<Palette>) {
    let id = Id::unique("palette");
    let dialog = Dialog::new(id, UiCommand::OpenPalette.spec().title)
        .plain()
        .without_title()
        .width(WIDTH);
    // The keys are for the rows as last drawn, which is what the user saw.
    let pressed = palette.take_keys(ui);
    let by_key = match pressed {
        Some(Pressed::Enter) => palette.enter(),
        Some(Pressed::Close) | None => None,
    };
    let response = dialog.show(ui.ctx(), |ui| palette.show_ui(ui, cx, id));
    let closes = response.close_requested || pressed == Some(Pressed::Close);
    let outcome = match (by_key, response.inner) {
        (Some(item), _) => Outcome::Chosen(item),
        (None, Outcome::Open) if closes => Outcome::Closed,
        (None, outcome) => outcome,
    };
    match outcome {
        Outcome::Open => {
            cx.views.dialog = Some(OpenDialog::Palette(palette));
            return;
        }
        Outcome::Closed => {}
        Outcome::Chosen(item) => {
            cx.views.recent.note(item.clone());
            cx.views.chosen = Some(item);
        }
    }
    Dialog::return_focus(ui.ctx(), id);
    ui.ctx().request_repaint();
}

/// Executes the chosen item after the palette has closed and the focus has returned, so that a dialog
/// opened by it returns the focus there too.
pub fn run_chosen(ui: &Ui, cx: &mut Cx<'_>) {
    let Some(item) = cx.views.chosen.take() else {
        return;
    };
    if ui.memory(|memory| memory.top_modal_layer().is_some()) && cx.views.dialog.is_none() {
        cx.views.chosen = Some(item);
        ui.ctx().request_repaint();
        return;
    }
    if cx.views.dialog.is_some() {
        // Another dialog has opened, and has to be answered first.
        return;
    }
    match item {
        Item::Command(command) => cx.out.commands.push(command),
        Item::Device(machine) => cx.select_device(machine),
        Item::Incident(ticket) => cx.views.show_incident(&ticket),
        Item::Plan(name) => raise_plan(ui, cx, &name),
        Item::Profile(name) => cx.out.profile = Some(name),
        Item::Setting(key) => {
            cx.views.settings.goes_to = Some(key);
            cx.out.commands.push(UiCommand::ShowSettings);
        }
        Item::Search(text) => show_search(cx, text),
        Item::Ask(text, question) => {
            show_search(cx, text);
            asked::ask_for(cx, question);
        }
    }
}

/// Opens the form of a plan on the ticked devices, else on the open one.
fn raise_plan(ui: &Ui, cx: &mut Cx<'_>, name: &str) {
    let selection = &cx.views.bulk_selection;
    let form = if selection.is_empty() {
        NewForm::plan(Some(name), cx.views.selected.as_slice())
    } else {
        NewForm::plan(Some(name), selection).of_selection()
    };
    form.raise(ui, cx);
}

fn show_search(cx: &mut Cx<'_>, text: String) {
    cx.views.search = text;
    cx.views.show(Screen::Devices);
    cx.views.focus_search = true;
}

impl Palette {
    /// Handles the keys for the list before the field gets them. An Enter after a letter in the same frame
    /// is for rows that are not shown yet, and does nothing.
    fn take_keys(&mut self, ui: &Ui) -> Option<Pressed> {
        let (mut found, mut is_edited) = (None, false);
        let mut steps = Vec::new();
        let own = UiCommand::OpenPalette.spec().keys;
        ui.input_mut(|input| {
            input.events.retain(|event| {
                let Event::Key {
                    key,
                    pressed: true,
                    modifiers,
                    repeat,
                    ..
                } = event
                else {
                    is_edited |= matches!(event, Event::Text(_) | Event::Paste(_) | Event::Ime(_));
                    return true;
                };
                let is_bare = modifiers.is_none();
                let is_own = |own: &KeyboardShortcut| {
                    own.logical_key == *key && modifiers.matches_exact(own.modifiers)
                };
                if own.iter().any(is_own) {
                    // The shortcut that opens it also closes it.
                    found = (!repeat).then_some(Pressed::Close).or(found);
                    return false;
                }
                if *key == Key::Enter {
                    let is_meant = is_bare && !repeat && !is_edited;
                    found = found.or(is_meant.then_some(Pressed::Enter));
                    return false;
                }
                is_edited |= matches!(key, Key::Backspace | Key::Delete);
                let step = match (*key, modifiers.shift) {
                    (Key::Tab, false) => Some(Key::ArrowDown),
                    (Key::Tab, true) => Some(Key::ArrowUp),
                    (key, _) => (is_bare && STEPS.contains(&key)).then_some(key),
                };
                steps.extend(step);
                step.is_none()
            });
        });
        for key in steps {
            self.step(key);
        }
        found
    }

    fn place(&self) -> Option<usize> {
        let chosen = self.chosen.as_ref()?;
        self.rows.iter().position(|row| row.item.is_same(chosen))
    }

    fn step(&mut self, key: Key) {
        let Some(last) = self.rows.len().checked_sub(1) else {
            return;
        };
        let to = match (key, self.place()) {
            (_, None) => 0,
            (Key::ArrowDown, Some(at)) if at == last => 0,
            (Key::ArrowDown, Some(at)) => at + 1,
            (Key::ArrowUp, Some(0)) => last,
            (Key::ArrowUp, Some(at)) => at - 1,
            (Key::PageDown, Some(at)) => (at + PAGE).min(last),
            (_, Some(at)) => at.saturating_sub(PAGE),
        };
        self.chosen = self.rows.get(to).map(|row| row.item.clone());
        self.scrolls = true;
        self.is_refused = false;
    }

    /// Item that Enter executes: the chosen row, if available. Otherwise its reason is shown.
    fn enter(&mut self) -> Option<Item> {
        let row = self.rows.get(self.place()?)?;
        let works = row.why_not.is_none();
        let item = (self.is_current() && works).then(|| row.item.clone());
        self.is_refused = !works;
        item
    }

    /// Whether the rows match the typed text.
    fn is_current(&self) -> bool {
        self.from
            .as_ref()
            .is_some_and(|from| from.text == self.text)
    }

    fn show_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, id: Id) -> Outcome {
        let tokens = ui.tokens();
        let close = ui
            .horizontal(|ui| {
                let width = ui.available_width() - tokens.height.control - tokens.space.s;
                let field = self.field_ui(ui, id, width);
                let close = ui.add(ActionButton::icon_only(Icon::Close, "Close"));
                (field, close.clicked())
            })
            .inner;
        let (field, is_closed) = close;
        self.refresh(ui.ctx(), cx);
        ui.add_space(tokens.space.xs);
        let clicked = self.list_ui(ui, id, &field);
        ui.add_space(tokens.space.xs);
        self.footer_ui(ui, cx);
        match clicked {
            Some(item) => Outcome::Chosen(item),
            None if is_closed => Outcome::Closed,
            None => Outcome::Open,
        }
    }

    fn field_ui(&mut self, ui: &mut Ui, id: Id, width: f32) -> Response {
        let field = TextField::new(UiCommand::OpenPalette.spec().title, &mut self.text)
            .label_unseen()
            .hint("Device, action, page or setting…")
            .width(width)
            .id(id.with("field"))
            .show_ui(ui);
        // The focus stays in the field; Tab does not reach the rows.
        if !field.has_focus() {
            field.request_focus();
        }
        let kept = EventFilter {
            tab: true,
            horizontal_arrows: true,
            vertical_arrows: true,
            escape: false,
        };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(field.id, kept));
        field
    }

    /// Updates the rows to the typed text and the facts. Until all devices are searched, the rows stay as
    /// they were and cannot be executed.
    fn refresh(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        let text = self.text.trim();
        let has_devices = is_console_open(cx.state);
        let mut found = None;
        let mut is_up_to_date = true;
        if has_devices && !text.is_empty() {
            let (views, state) = (&mut *cx.views, cx.state);
            views.rows.refresh(state, &views.search, views.layout.sort);
            found = self.matches.advance(state, &views.rows, text).cloned();
            is_up_to_date = self.matches.is_up_to_date(state);
            if !is_up_to_date {
                ctx.request_repaint();
            }
            if found.is_none() {
                return;
            }
        }
        let now = MatchInputs {
            text: self.text.clone(),
            revision: cx.state.revision(),
            generation: cx.state.inventory.generation,
            is_up_to_date,
            shown: cx.views.shown.clone(),
            selected: cx.views.bulk_selection.len(),
        };
        if self.from.as_ref() == Some(&now) {
            return;
        }
        let is_new_text = self.from.as_ref().is_none_or(|from| from.text != now.text);
        self.fuzzy.look_for(text);
        let tickets = if has_devices {
            cx.views.incident.tickets(cx.state)
        } else {
            Arc::default()
        };
        self.rows = items::rows(ctx, cx, text, &mut self.fuzzy, found.as_ref(), &tickets);
        self.from = Some(now);
        if is_new_text || self.place().is_none() {
            self.chosen = self.start().map(|row| row.item.clone());
            self.scrolls = true;
            self.is_refused = false;
        }
    }

    /// The row chosen first: the first available one. With typed text it is the best match regardless:
    /// another action must not take its place under the key.
    fn start(&self) -> Option<&Row> {
        let is_typed = !self.text.trim().is_empty();
        let mut rows = self.rows.iter();
        let first = rows.clone().next();
        rows.find(|row| is_typed || row.why_not.is_none()).or(first)
    }

    fn list_ui(&mut self, ui: &mut Ui, id: Id, field: &Response) -> Option<Item> {
        let height = (Dialog::room(ui.ctx()) - BESIDE_LIST).clamp(56.0, LIST_HEIGHT);
        let chosen = self.place();
        let is_current = self.is_current();
        let scrolls = std::mem::take(&mut self.scrolls);
        let mut clicked = None;
        ui.ctx().accesskit_node_builder(field.id, |node| {
            node.set_expanded(true);
            if let Some(row) = chosen.and_then(|at| self.rows.get(at)) {
                node.set_active_descendant(row.id(id).accesskit_id());
            }
        });
        ScrollArea::vertical()
            .id_salt("palette rows")
            .max_height(height)
            .min_scrolled_height(height)
            .auto_shrink(false)
            .show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                if self.rows.is_empty() {
                    ui.label("Nothing has this name");
                }
                for (at, row) in self.rows.iter().enumerate() {
                    if let Some(heading) = &row.heading {
                        heading_ui(ui, heading);
                    }
                    let is_chosen = chosen == Some(at);
                    let response = row_ui(ui, row.id(id), row, is_chosen, is_current);
                    if is_chosen && scrolls {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() && row.why_not.is_none() {
                        clicked = Some(row.item.clone());
                    }
                }
            });
        clicked
    }

    /// Shows the help of the chosen row, or why it is unavailable; of constant height, so that the list
    /// stays.
    fn footer_ui(&self, ui: &mut Ui, cx: &Cx<'_>) {
        let tokens = ui.tokens();
        let row = self.place().and_then(|at| self.rows.get(at));
        let is_looking = !self.is_current()
            || is_console_open(cx.state)
                && !self.text.trim().is_empty()
                && !self.matches.is_up_to_date(cx.state);
        let size = egui::vec2(ui.available_width(), tokens.height.icon + tokens.space.xs);
        ui.allocate_ui(size, |ui| {
            ui.set_min_size(size);
            ui.horizontal(|ui| match row {
                _ if is_looking => {
                    ui.label("Looking through the devices…");
                }
                Some(Row {
                    why_not: Some(why), ..
                }) => {
                    let (shape, colour, word) = if self.is_refused {
                        (Icon::Warning, tokens.caution, "Nothing opened")
                    } else {
                        (Icon::Block, tokens.stale, "Not now")
                    };
                    icon(ui, shape, colour);
                    let why = RichText::new(format!("{word}: {why}")).text_style(text::strong());
                    let said = ui.truncated(why.color(colour));
                    ui.announce(&said);
                }
                Some(row) => {
                    ui.truncated(RichText::new(&row.help).color(tokens.text_weak));
                }
                None => {}
            });
        });
        let keys =
            RichText::new("Up and Down choose, Enter opens, Esc closes. Nothing is sent from here");
        ui.truncated(keys.color(tokens.text_weak));
    }
}
