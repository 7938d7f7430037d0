//! Quick filters: the most frequent searches, as switches for words of the search.

use egui::Ui;

use crate::model::{Question, holds_word, pasted_ids, toggled_word, without_excluded};
use crate::search::Quick;
use crate::ui::Cx;
use crate::ui::devices::coverage::{Coverage, coverage};
use crate::ui::devices::saved_searches::{self, Room, saved_searches_ui};
use crate::ui::theme::TokensExt as _;
use crate::ui::widgets::{ActionButton, button_width, menu_ui};
use crate::ui::words::devices;

/// Name and explanation of a filter.
const fn words(quick: Quick) -> (&'static str, &'static str) {
    match quick {
        Quick::Contained => (
            "Contained",
            "Isolated, restricted or contained, as far as the action history shows",
        ),
        Quick::Pending => (
            "Pending",
            "Isolation, containment or app restriction is being set or lifted, and that has not ended",
        ),
        Quick::HighRisk => (
            "High risk or above",
            "Defender reports a high risk, or a risk that cordon does not know",
        ),
        Quick::Attention => (
            "Order problem",
            "An order from this computer failed, was refused or is unknown, and nobody has acknowledged it",
        ),
        Quick::Mine => (
            "Mine",
            "You have requested an action on it, here or elsewhere",
        ),
        Quick::NotActive => (
            "Not active",
            "Health is anything but Active: inactive, no sensor data, impaired communication, unknown",
        ),
    }
}

/// Label of a filter, with the number of matching devices in the list.
fn label(quick: Quick, room: Room, cx: &Cx<'_>) -> String {
    let title = match (room, quick) {
        (Room::Short, Quick::HighRisk) => "High risk+",
        (Room::Short | Room::Ample, _) => words(quick).0,
    };
    format!("{title} {}", cx.views.tally.count(quick))
}

/// Why no filter can be set, if so.
fn why_not(cx: &Cx<'_>) -> Option<String> {
    let search = &cx.views.search;
    let wanted = without_excluded(search);
    if pasted_ids(&wanted).next().is_some() || Question::is_beyond_list(search) {
        return Some("The search asks for an id or a user, and shows nothing else".to_owned());
    }
    let is_empty = cx.state.inventory.all().is_empty();
    is_empty.then(|| {
        let known = coverage(cx.state);
        if matches!(known, Coverage::Whole(_)) {
            "The list has no devices".to_owned()
        } else {
            known.words(cx.now)
        }
    })
}

/// Shows the filters in a row if that leaves `room` beside them, else a button with a menu.
pub fn quick_filters_ui(ui: &mut Ui, cx: &mut Cx<'_>, room: f32) {
    let gap = ui.tokens().space.xs;
    ui.spacing_mut().item_spacing.x = gap;
    if !cx.views.tally.refresh(cx.state) {
        ui.ctx().request_repaint();
    }
    for words in [Room::Ample, Room::Short] {
        let widths = Quick::ALL.map(|quick| chip_width(ui, &label(quick, words, cx)) + gap);
        let beside = room + saved_searches::width(ui, words);
        if widths.iter().sum::<f32>() + beside <= ui.available_width() {
            chips_ui(ui, words, cx);
            saved_searches_ui(ui, words, cx);
            return;
        }
    }
    let is_set = |quick: &Quick| holds_word(&cx.views.search, quick.word());
    let label = match Quick::ALL.iter().filter(|quick| is_set(quick)).count() {
        0 => "Filters".to_owned(),
        count => format!("Filters ({count})"),
    };
    let width = button_width(ui, "Filters (6)");
    let button = ActionButton::new(&label).key("filters").compact();
    let button = ui.add(button.min_width(width).hint("Narrows the list"));
    menu_ui(&button, "Filters", |ui| {
        chips_ui(ui, Room::Ample, cx);
        false
    });
    saved_searches_ui(ui, Room::Ample, cx);
}

fn chips_ui(ui: &mut Ui, room: Room, cx: &mut Cx<'_>) {
    let why_not = why_not(cx);
    for quick in Quick::ALL {
        let (title, hint) = words(quick);
        let (name, label) = (format!("Filter: {title}"), label(quick, room, cx));
        let count = devices(cx.views.tally.count(quick));
        let hint = format!("{count} in the list. {hint}");
        let word = quick.word();
        let is_set = holds_word(&cx.views.search, word);
        let chip = ActionButton::new(&label)
            .name(&name)
            .key(title)
            .hint(&hint)
            .toggled(is_set)
            .compact()
            .min_width(chip_width(ui, &label))
            // A set filter can always be cleared.
            .disabled_because(why_not.as_deref().filter(|_| !is_set));
        if ui.add(chip).clicked() {
            cx.views.search = filtered_search(&cx.views.search, word);
            ui.ctx().request_repaint();
        }
    }
}

/// The filters that are set, as words of the search.
pub fn quick_words(search: &str) -> String {
    let words = Quick::ALL.map(Quick::word).into_iter();
    let set: Vec<_> = words.filter(|word| holds_word(search, word)).collect();
    set.join(" ")
}

/// The search without its quick-filter words.
pub fn without_quick_words(search: &str) -> String {
    let set = |search: &String, quick: &Quick| holds_word(search, quick.word());
    let mut rest = search.trim().to_owned();
    for quick in Quick::ALL {
        if set(&rest, &quick) {
            rest = toggled_word(&rest, quick.word());
        }
    }
    rest.trim().to_owned()
}

/// The search with this word toggled and its opposite removed: both together match nothing.
fn filtered_search(search: &str, word: &str) -> String {
    let opposite = match word.strip_prefix('-') {
        Some(wanted) => wanted.to_owned(),
        None => format!("-{word}"),
    };
    let search = if holds_word(search, &opposite) {
        toggled_word(search, &opposite)
    } else {
        search.to_owned()
    };
    toggled_word(&search, word)
}

/// Width of a chip, independent of whether it is set and of its digits, so that its neighbours do not move.
fn chip_width(ui: &Ui, label: &str) -> f32 {
    let tokens = ui.tokens();
    let widest: String = (label.chars())
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    button_width(ui, &widest) + tokens.height.icon + tokens.space.xs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_a_filter_removes_its_opposite() {
        for (search, word, filtered) in [
            ("lt", "risk:high", "lt risk:high"),
            ("lt risk:high", "risk:high", "lt"),
            ("-risk:high lt", "risk:high", "lt risk:high"),
            ("-State:Contained", "state:contained", "state:contained"),
            ("health:active", "-health:active", "-health:active"),
        ] {
            assert_eq!(filtered_search(search, word), filtered, "{search}");
        }
    }
}
