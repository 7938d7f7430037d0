//! Quick filters: what is asked for most, as switches for words of the search.

use egui::{Key, Popup, PopupCloseBehavior, Ui};

use crate::model::{Question, holds_word, toggled_word, without_excluded};
use crate::search::pasted_id;
use crate::ui::Cx;
use crate::ui::theme::TokensExt as _;
use crate::ui::widgets::{ActionButton, button_width};

/// What a filter is called, the word of the search that it stands for, and what it finds.
pub const FILTERS: [(&str, &str, &str); 4] = [
    (
        "Contained",
        "state:contained",
        "Isolated, restricted or contained, as far as the action history shows",
    ),
    (
        "Pending",
        "state:pending",
        "An isolation, restriction or release has been requested and has not ended",
    ),
    (
        "High risk",
        "risk:high",
        "Defender says that the risk is high",
    ),
    (
        "Not active",
        "-health:active",
        "Health is anything but Active: inactive, no sensor data, impaired communication, unknown",
    ),
];

/// Why no filter can be set.
const NARROW_SEARCH: &str = "The search asks for an id or a user, and shows nothing else";

/// Shows the filters in a row if they leave this much room beside them, else a button with a menu.
pub fn quick_filters_ui(ui: &mut Ui, cx: &mut Cx<'_>, room: f32) {
    let gap = ui.tokens().space.xs;
    ui.spacing_mut().item_spacing.x = gap;
    let widths = FILTERS.map(|(label, ..)| chip_width(ui, label) + gap);
    if widths.iter().sum::<f32>() + room <= ui.available_width() {
        chips_ui(ui, cx);
        return;
    }
    let count = (FILTERS.iter()).filter(|(_, word, _)| holds_word(&cx.views.search, word));
    let label = match count.count() {
        0 => "Filters".to_owned(),
        count => format!("Filters ({count})"),
    };
    let width = button_width(ui, "Filters (4)");
    let button = ActionButton::new(&label).key("filters").compact();
    let button = ui.add(button.min_width(width).hint("Narrows the list"));
    let was_open = Popup::is_id_open(ui.ctx(), Popup::default_response_id(&button));
    let menu = Popup::menu(&button)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .accessible_name("Filters")
        .show(|ui| chips_ui(ui, cx));
    let is_closed = menu.is_none_or(|menu| menu.response.should_close());
    if was_open && is_closed && ui.input(|input| input.key_pressed(Key::Escape)) {
        button.request_focus();
    }
}

fn chips_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let search = &cx.views.search;
    let wanted = without_excluded(search);
    let is_narrow = pasted_id(&wanted).is_some() || Question::is_beyond_list(search);
    let why_not = is_narrow.then_some(NARROW_SEARCH);
    for (label, word, hint) in FILTERS {
        let name = format!("Filter: {label}");
        let is_set = holds_word(&cx.views.search, word);
        let chip = ActionButton::new(label)
            .name(&name)
            .hint(hint)
            .toggled(is_set)
            .compact()
            .min_width(chip_width(ui, label))
            .disabled_because(why_not);
        if ui.add(chip).clicked() {
            cx.views.search = toggled_word(&cx.views.search, word);
            ui.ctx().request_repaint();
        }
    }
}

/// The same whether it is set or not: its neighbours stay where they are.
fn chip_width(ui: &Ui, label: &str) -> f32 {
    let tokens = ui.tokens();
    button_width(ui, label) + tokens.height.icon + tokens.space.xs
}
