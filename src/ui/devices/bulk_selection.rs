//! The devices ticked for a batch. Each keeps the name under which it was ticked; one that the list no
//! longer shows is pointed out, and stays ticked.

use egui::{Align, Id, Label, Layout, Panel, Popup, Rect, RichText, Ui, UiBuilder, vec2};

use crate::action::{ActionKind, Subject};
use crate::state::State;
use crate::ui::Cx;
use crate::ui::commands::{acting_trouble, is_for_some};
use crate::ui::devices::absence::{absence, absence_note};
use crate::ui::order::NewForm;
use crate::ui::theme::{TokensExt as _, text};
use crate::ui::views::Views;
use crate::ui::widgets::{
    ActionButton, Icon, TipExt as _, UiExt as _, button_width, is_arming, raised_frame, reserve,
    text_width,
};
use crate::ui::words::devices;

/// Width reserved for names and warnings beside the buttons, in points.
const MIN_NAMES: f32 = 60.0;

/// Reserves the bar below the rows. It is always there, so that the rows stay under the pointer while
/// several are ticked.
pub fn reserve_bulk(ui: &mut Ui) -> Rect {
    let tokens = ui.tokens();
    let bar = Panel::bottom("bulk selection")
        .frame(raised_frame(ui))
        .exact_size(tokens.height.control + 2.0 * tokens.space.xs);
    reserve(ui, bar).room
}

/// Shows the ticked devices and their actions. Drawn after the rows, to follow them in focus order.
pub fn bulk_ui(ui: &mut Ui, room: Rect, cx: &mut Cx<'_>) {
    let builder = UiBuilder::new()
        .max_rect(room)
        .layout(Layout::left_to_right(Align::Center))
        .scope_id(Id::unique("bulk selection part"));
    let mut bar = ui.new_child(builder);
    bar.spacing_mut().item_spacing.x = ui.tokens().space.xs;
    let buttons = (!cx.views.bulk_selection.is_empty()).then(|| Buttons::of(&bar, cx));
    let words = bar.available_width() - buttons.as_ref().map_or(0.0, |buttons| buttons.width);
    bar.allocate_ui_with_layout(
        vec2(words, room.height()),
        Layout::left_to_right(Align::Center),
        |ui| {
            ui.set_min_width(words);
            words_ui(ui, cx.state, cx.views);
        },
    );
    let chosen = buttons.and_then(|buttons| buttons.show_ui(&mut bar, cx));
    if let Some(chosen) = chosen {
        raise(&bar, cx, chosen);
    }
}

/// Opens the form of an action, or of a plan, on the ticked devices.
fn raise(ui: &Ui, cx: &mut Cx<'_>, chosen: Chosen) {
    let selected = &cx.views.bulk_selection;
    let form = match chosen {
        Chosen::Act(kind) => NewForm::new(Subject::Act(kind), selected),
        Chosen::Plan => NewForm::plan(None, selected),
    };
    form.of_selection().raise(ui, cx);
}

/// Choices of the bar.
#[derive(Clone, Copy)]
enum Chosen {
    Act(ActionKind),
    Plan,
}

impl Chosen {
    fn key(self) -> &'static str {
        match self {
            Self::Act(kind) => kind.spec().button,
            Self::Plan => "plan",
        }
    }
}

const CLEAR: &str = "Clear selection";
const MORE: &str = "More…";

/// The actions on the ticked devices; those that do not fit are in a menu.
struct Buttons {
    labels: Vec<(Chosen, String)>,
    /// Number of buttons that fit.
    fitting: usize,
    /// Width of all the buttons, with their gaps.
    width: f32,
}

impl Buttons {
    fn of(ui: &Ui, cx: &Cx<'_>) -> Self {
        let count = devices(cx.views.bulk_selection.len());
        let labels: Vec<_> = (ActionKind::ALL.iter().copied())
            .filter(|kind| is_for_some(cx.state, cx.views, *kind))
            .map(|kind| {
                let label = format!("{} {count}…", kind.spec().verb);
                (Chosen::Act(kind), label)
            })
            .chain([(Chosen::Plan, format!("Plan for {count}…"))])
            .collect();
        let wide = |label: &str| button_width(ui, label) + ui.spacing().item_spacing.x;
        let icon = ui.tokens().height.icon + ui.tokens().space.xs;
        let mut width = wide(MORE) + wide(CLEAR) + icon;
        // The count has priority over buttons that the menu has as well. A long warning is truncated, and
        // complete on hover.
        let font = text::strong().resolve(ui.style());
        let words = text_width(ui, &selected_words(cx.views), &font) + MIN_NAMES;
        let mut fitting = 0;
        for (_, label) in &labels {
            if width + wide(label) > ui.available_width() - words {
                break;
            }
            width += wide(label);
            fitting += 1;
        }
        Self {
            labels,
            fitting,
            width,
        }
    }

    fn show_ui(self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<Chosen> {
        let only_looks = acting_trouble(cx.state).err();
        let arming = is_arming(ui, cx.views.bulk_changed_at)
            .then_some("Available in half a second, so that a stray click opens no form");
        let why_not = only_looks.as_deref().or(arming);
        let mut chosen = None;
        let (in_sight, in_menu) = self.labels.split_at(self.fitting);
        for (offered, label) in in_sight {
            let button = ActionButton::new(label).key(offered.key());
            if ui.add(button.disabled_because(why_not)).clicked() {
                chosen = Some(*offered);
            }
        }
        let more = ActionButton::new(MORE).name("More actions on the selected devices");
        let more = ui.add(more.disabled_because(why_not));
        Popup::menu(&more)
            .accessible_name("More actions on the selected devices")
            .show(|ui| {
                for (offered, label) in in_menu {
                    if ui.add(ActionButton::quiet(label)).clicked() {
                        chosen = Some(*offered);
                        // A dialog opened from the menu returns the focus here.
                        more.request_focus();
                    }
                }
            });
        if ui
            .add(ActionButton::quiet(CLEAR).icon(Icon::Close))
            .clicked()
        {
            cx.views.bulk_selection.clear();
            // The button disappears with the ticks that it cleared.
            ui.memory_mut(|memory| memory.request_focus(Id::unique("devices table")));
        }
        chosen
    }
}

fn words_ui(ui: &mut Ui, state: &State, views: &Views) {
    let tokens = ui.tokens();
    let selected = &views.bulk_selection;
    if selected.is_empty() {
        let words = RichText::new("Tick boxes, or press Space, to act on several devices");
        ui.truncated(words.color(tokens.text_weak));
        return;
    }
    // Devices that have changed since they were ticked come first, each with its reason.
    let (mut odd, mut usual) = (Vec::new(), Vec::new());
    for machine in selected {
        match absence(state, views, machine) {
            Some(absence) => odd.push(format!("{} ({})", machine.quoted(), absence.short())),
            None => usual.push(machine.quoted()),
        }
    }
    let colour = if odd.is_empty() {
        tokens.text
    } else {
        tokens.caution
    };
    odd.append(&mut usual);
    let line = format!("{}: {}", count_words(state, views), odd.join(", "));
    let shown = RichText::new(&line)
        .text_style(text::strong())
        .color(colour);
    // One tip for everything.
    let label = Label::new(shown).truncate();
    let response = ui.add(label.show_tooltip_when_elided(false));
    response.tip(line);
}

/// Number of ticked devices, with a note on changes: "6 selected, 4 of 6 are not shown by this search".
fn count_words(state: &State, views: &Views) -> String {
    let note = absence_note(state, views, views.bulk_selection.iter());
    let note = note.map_or_else(String::new, |note| format!(", {note}"));
    format!("{}{note}", selected_words(views))
}

fn selected_words(views: &Views) -> String {
    format!("{} selected", views.bulk_selection.len())
}
