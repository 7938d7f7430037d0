//! Filters of the journal: words, ticket, device, time, outcome, account.

use egui::{Id, Ui};

use super::view::Shift;
use crate::model::clean;
use crate::search::{JournalQuery, Outcome};
use crate::ui::Cx;
use crate::ui::theme::TokensExt as _;
use crate::ui::widgets::{ActionButton, Icon, TextField, menu_ui};

const ACCOUNT_CHARS: usize = 40;

pub fn filters_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let gap = ui.tokens().space.s;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = gap;
        let query = &mut cx.views.journal.query;
        let hint = "Words, status, entry…";
        field_ui(ui, SEARCH, hint, 220.0, &mut query.text);
        field_ui(ui, "Ticket", "Ticket", 110.0, &mut query.ticket);
        field_ui(ui, "Device", "Device", 150.0, &mut query.device);
        let shift = cx.views.journal.shift;
        let all = Shift::ALL.map(|shift| (shift, shift.words().to_owned()));
        if let Some(shift) = choice_ui(ui, "Time", &shift, &all) {
            cx.views.journal.shift = shift;
            cx.views.journal.query.since = shift.since(cx.now);
        }
        let outcome = cx.views.journal.query.outcome;
        let all = Outcome::ALL.map(|outcome| (outcome, outcome.words().to_owned()));
        if let Some(outcome) = choice_ui(ui, "Outcome", &outcome, &all) {
            cx.views.journal.query.outcome = outcome;
        }
        let accounts = cx.views.journal.accounts(cx.state).into_iter();
        let any = std::iter::once((None, "Any account".to_owned()));
        let accounts = accounts.map(|account| {
            let words = clean(&account, ACCOUNT_CHARS).into_owned();
            (Some(account), words)
        });
        let all: Vec<_> = any.chain(accounts).collect();
        let account = cx.views.journal.query.account.clone();
        if let Some(account) = choice_ui(ui, "Account", &account, &all) {
            cx.views.journal.query.account = account;
        }
        let why = (cx.views.journal.query.is_empty()).then_some("No filter is set");
        let clear = ActionButton::quiet("Clear filters").icon(Icon::Close);
        if ui.add(clear.disabled_because(why)).clicked() {
            cx.views.journal.query = JournalQuery::default();
            cx.views.journal.shift = Shift::All;
        }
    });
}

const SEARCH: &str = "Search the journal";

/// Id of the search field.
pub fn search_id() -> Id {
    field_id(SEARCH)
}

fn field_id(label: &str) -> Id {
    Id::unique(("journal", label))
}

fn field_ui(ui: &mut Ui, label: &str, hint: &str, width: f32, text: &mut String) {
    let width = width.min(ui.max_rect().width());
    let size = egui::vec2(width, ui.tokens().height.control);
    ui.allocate_ui(size, |ui| {
        TextField::new(label, text)
            .label_unseen()
            .hint(hint)
            .width(width)
            .id(field_id(label))
            .show_ui(ui);
    });
}

/// A button with a menu of choices; returns a new choice.
fn choice_ui<T: Clone + PartialEq>(
    ui: &mut Ui,
    name: &str,
    now: &T,
    all: &[(T, String)],
) -> Option<T> {
    let words = all.iter().find(|(value, _)| value == now);
    let words = words.map_or("…", |(_, words)| words.as_str());
    let said = format!("{name}: {words}");
    let button = ActionButton::new(words).name(&said).key(name);
    let button = ui.add(button.hint(name));
    let mut chosen = None;
    menu_ui(&button, name, |ui| {
        for (value, words) in all {
            let choice = ActionButton::quiet(words).toggled(value == now);
            if ui.add(choice).clicked() {
                chosen = Some(value.clone());
            }
        }
        chosen.is_some()
    });
    chosen
}
