//! Searches saved under a name in the settings, and chosen here, in the palette or by typing.

use egui::{Id, Ui};

use crate::message::Command;
use crate::model::clean;
use crate::settings::{RuleChange, RuleKey, WrittenRules};
use crate::state::State;
use crate::ui::Cx;
use crate::ui::settings::SAVE_ELSEWHERE;
use crate::ui::widgets::{ActionButton, Icon, TextField, UiExt as _, button_width, menu_ui};

const LABEL: &str = "Saved searches";
const WIDTH: f32 = 300.0;
const NAME_CHARS: usize = 40;
const NO_SEARCH: &str = "Type a search first";

/// Room for labels beside the quick filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    Ample,
    Short,
}

const fn label(room: Room) -> &'static str {
    match room {
        Room::Ample => LABEL,
        Room::Short => "Saved",
    }
}

/// Width of the button, in points.
pub fn width(ui: &Ui, room: Room) -> f32 {
    button_width(ui, label(room)) + ui.spacing().item_spacing.x
}

/// Shows the button with the menu of saved searches.
pub fn saved_searches_ui(ui: &mut Ui, room: Room, cx: &mut Cx<'_>) {
    let button = ActionButton::new(label(room)).name(LABEL).compact();
    let button = ui.add(button.hint("Searches that you have named"));
    menu_ui(&button, LABEL, |ui| {
        ui.set_min_width(WIDTH);
        list_ui(ui, cx)
    });
}

/// Shows the list; returns whether a search was chosen.
fn list_ui(ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
    let written = &cx.state.settings.written;
    let why_not = why_not_saved(cx.state);
    let (mut chosen, mut removed) = (None, None);
    let mut is_any = false;
    for (name, search) in written.saved_searches() {
        is_any = true;
        ui.horizontal(|ui| {
            let label = clean(name, NAME_CHARS);
            let is_set = cx.views.search.trim() == search;
            let spoken = format!("Search: {label}");
            let choice = ActionButton::quiet(&label).name(&spoken);
            if ui.add(choice.hint(search).toggled(is_set)).clicked() {
                chosen = Some(search.to_owned());
            }
            let remove = format!("Remove the saved search {label}");
            let remove = ActionButton::icon_only(Icon::Close, &remove);
            if ui
                .add(remove.disabled_because(why_not.as_deref()))
                .clicked()
            {
                removed = Some(without(written, name));
            }
        });
    }
    if !is_any {
        ui.weak_label("None yet: type a search, give it a name, save it");
    }
    ui.separator();
    let added = new_ui(ui, cx, why_not.as_deref());
    let from = cx.state.settings.written.text(RuleKey::SavedSearches);
    if let Some(to) = removed.or(added) {
        let change = RuleChange {
            key: RuleKey::SavedSearches,
            from: from.to_owned(),
            to,
        };
        cx.out.work.push(Command::SaveSettings(vec![change]));
    }
    let is_chosen = chosen.is_some();
    if let Some(search) = chosen {
        cx.views.search = search;
        ui.ctx().request_repaint();
    }
    is_chosen
}

/// Shows the name field for the current search; returns all searches including it, if it is to be saved.
fn new_ui(ui: &mut Ui, cx: &mut Cx<'_>, why_not: Option<&str>) -> Option<String> {
    let search = cx.views.search.trim().to_owned();
    let shown = clean(&search, 2 * NAME_CHARS).into_owned();
    let name = &mut cx.views.search_name;
    if search.is_empty() {
        ui.weak_label(NO_SEARCH);
    } else {
        ui.wrapped(format!("Now: {shown}"));
    }
    TextField::new("Name for this search", name)
        .width(WIDTH)
        .id(Id::unique("name of the search"))
        .show_ui(ui);
    let typed = name.trim().to_owned();
    let written = &cx.state.settings.written;
    let why = if search.is_empty() {
        Some(NO_SEARCH)
    } else if typed.is_empty() || typed.contains(':') {
        Some("Type a name without a colon")
    } else if written.saved_searches().any(|(known, _)| known == typed) {
        Some("A search with this name already exists")
    } else {
        why_not
    };
    let save = ActionButton::new("Save this search").disabled_because(why);
    if !ui.add(save).clicked() {
        return None;
    }
    name.clear();
    let known = written.text(RuleKey::SavedSearches).trim_end();
    let gap = if known.is_empty() { "" } else { "\n" };
    Some(format!("{known}{gap}{typed}: {search}"))
}

/// All saved searches but this one.
fn without(written: &WrittenRules, name: &str) -> String {
    let all = written.saved_searches().filter(|(known, _)| *known != name);
    let lines: Vec<_> = all
        .map(|(name, search)| format!("{name}: {search}"))
        .collect();
    lines.join("\n")
}

fn why_not_saved(state: &State) -> Option<String> {
    let facts = &state.settings;
    if matches!(state.journal, Some(Err(_))) {
        Some(SAVE_ELSEWHERE.to_owned())
    } else if facts.saving {
        Some("Being saved".to_owned())
    } else {
        let unusable = facts.unusable.as_ref();
        unusable.map(|why| format!("The settings file is not usable: {}", why.headline))
    }
}
