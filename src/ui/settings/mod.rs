//! The settings screen: the organisation's rules, this computer, and the comment templates. Validated while
//! typed, and saved in one step.

pub(in crate::ui) mod local_data;
pub(in crate::ui) mod rule_matches;
pub(in crate::ui) mod shared_host;
pub(in crate::ui) mod view;

use egui::{Align, Response, Ui};

use super::Cx;
use super::theme::Role;
use super::views::Screen;
use super::widgets::{
    ActionButton, ExplanationView, Icon, TextField, UiExt as _, back_ui, badge, checkbox_ui,
    copyable_ui, live_badge, page_ui, section_ui,
};
use crate::action::Step;
use crate::explain::Explanation;
use crate::message::Command;
use crate::model::{Host, clean};
use crate::settings::{RuleKey, WrittenRules};
use crate::state::{SettingsFacts, State};
use crate::ui::settings::local_data::local_data_ui;
use crate::ui::settings::rule_matches::rule_matches_ui;
use crate::ui::settings::view::SettingsForm;

const WIDTH: f32 = 760.0;
/// Why a second console saves no settings: the acting one would not notice the change.
pub const SAVE_ELSEWHERE: &str = "This console is look-only: save in the console that can act";
/// Shown in a run that writes nothing to disk.
const NO_SHARED_FILE: &str = "Not available in the demo";

/// Shows the settings in place of the table.
pub fn settings_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    cx.views.settings.follow(&cx.state.settings.written);
    bar_ui(ui, cx);
    page_ui(ui, WIDTH, "Settings", |ui| {
        notes_ui(ui, &cx.state.settings);
        let (state, form) = (cx.state, &mut cx.views.settings);
        if form.matches.advance(&form.typed, &state.inventory) {
            ui.ctx().request_repaint();
        }
        section_ui(ui, "Protected devices");
        ui.small_label(
            "Isolating or restricting these devices needs their name typed. Releasing never does",
        );
        rule_ui(ui, state, form, RuleKey::ProtectedNames);
        rule_ui(ui, state, form, RuleKey::ProtectedTags);
        rule_ui(ui, state, form, RuleKey::ProtectedIds);
        section_ui(ui, "VPN and proxy ranges");
        rule_ui(ui, state, form, RuleKey::VpnRanges);
        section_ui(ui, "Several devices at once");
        field_ui(ui, form, RuleKey::MaxDevices);
        section_ui(ui, "This computer");
        host_ui(ui, cx.state.host.as_ref());
        field_ui(ui, form, RuleKey::OwnEntraDeviceId);
        section_ui(ui, "Shared file");
        shared_ui(ui, &cx.state.settings, form);
        section_ui(ui, "Comment templates");
        trouble_ui(ui, cx.state.settings.template_trouble.as_deref());
        field_ui(ui, form, RuleKey::Templates);
        section_ui(ui, "Tickets");
        field_ui(ui, form, RuleKey::TicketPrefixes);
        section_ui(ui, "Plans");
        plans_ui(ui, &cx.state.settings);
        section_ui(ui, "Saved searches");
        field_ui(ui, form, RuleKey::SavedSearches);
        section_ui(ui, "Desktop notifications");
        notifications_ui(ui, &cx.state.settings, form);
        // A missing field is not waited for.
        form.goes_to = None;
        section_ui(ui, "Local data");
        local_data_ui(ui, cx);
    });
}

/// Why the feature of a section is not working, if so.
fn trouble_ui(ui: &mut Ui, why: Option<&str>) {
    if let Some(why) = why {
        badge(ui, Icon::Warning, Role::Caution, &clean(why, 300));
    }
}

/// Focuses the requested field and scrolls to it.
fn go_to(form: &mut SettingsForm, key: RuleKey, field: &Response) {
    if form.goes_to.take_if(|asked| *asked == key).is_some() {
        field.request_focus();
        field.scroll_to_me(Some(Align::Center));
    }
}

/// The plans that can be ordered, with their steps. They are edited in the file.
fn plans_ui(ui: &mut Ui, facts: &SettingsFacts) {
    trouble_ui(ui, facts.plan_trouble.as_deref());
    for plan in facts.plans.iter() {
        let steps: Vec<String> = plan.steps.iter().map(Step::label).collect();
        ui.wrapped(format!("{}: {}", plan.name, steps.join(", ")));
        ui.small_label(plan.after_refusal());
    }
    ui.small_label("Others are written into the settings file under [[plan]]");
}

/// Shows the way back, and the buttons to save or discard; always visible.
fn bar_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let facts = &cx.state.settings;
    let changes = cx.views.settings.changes();
    let only_looks = matches!(cx.state.journal, Some(Err(_)));
    let blocked = if only_looks {
        Some(SAVE_ELSEWHERE.to_owned())
    } else {
        why_not_saved(facts, &cx.views.settings.typed, changes.is_empty())
    };
    ui.horizontal_wrapped(|ui| {
        if back_ui(ui) {
            cx.views.screen = Screen::Devices;
        }
        let save = ActionButton::primary("Save").disabled_because(blocked.as_deref());
        let saves = ui.add(save).clicked();
        let nothing = changes.is_empty().then_some("Nothing has changed");
        let discard = ActionButton::new("Discard changes").disabled_because(nothing);
        if ui.add(discard).clicked() {
            cx.views.settings.discard();
        }
        status_ui(ui, facts, changes.is_empty());
        if saves {
            cx.out.work.push(Command::SaveSettings(changes));
        }
    });
    // The line is always there: nothing may move under the pointer.
    let words = blocked
        .as_deref()
        .unwrap_or("Saved changes apply immediately");
    ui.small_label(words);
}

fn status_ui(ui: &mut Ui, facts: &SettingsFacts, is_unchanged: bool) {
    let (icon, role, words) = if facts.saving {
        (Icon::InProgress, Role::Neutral, "Saving…")
    } else if !is_unchanged {
        (Icon::Info, Role::Caution, "Not saved yet")
    } else if facts.saves > 0 && facts.not_saved.is_none() {
        let words = if facts.file.is_some() {
            "Saved and in effect"
        } else {
            "In effect until you close cordon"
        };
        (Icon::Info, Role::Neutral, words)
    } else {
        return;
    };
    live_badge(ui, icon, role, words);
}

/// Why the text cannot be saved as it is, if so.
fn why_not_saved(
    facts: &SettingsFacts,
    typed: &WrittenRules,
    is_unchanged: bool,
) -> Option<String> {
    if facts.saving {
        return Some("Being saved".into());
    }
    if let Some(unusable) = &facts.unusable {
        let detail = unusable.details.first().unwrap_or(&unusable.headline);
        return Some(format!("The settings file is not usable: {detail}"));
    }
    let wrong = RuleKey::ALL
        .into_iter()
        .find_map(|key| Some((label(key), typed.wrong(key)?)));
    match wrong {
        Some((label, why)) => Some(format!("{label}: {why}")),
        None => is_unchanged.then(|| "Nothing has changed".into()),
    }
}

/// Notes above the fields: errors, and the file's path.
fn notes_ui(ui: &mut Ui, facts: &SettingsFacts) {
    for (failure, role) in [
        (&facts.unusable, Role::Danger),
        (&facts.not_saved, Role::Caution),
    ] {
        if let Some(failure) = failure {
            failure_ui(ui, failure, role);
        }
    }
    if let Some(file) = &facts.file {
        ui.small_label("These settings apply to every profile. The settings file:");
        copyable_ui(ui, "settings file", &file.display().to_string());
    } else {
        // Without a data folder only the demo starts.
        ui.small_label("The demo writes nothing to disk: what you save applies until you close it");
    }
}

fn failure_ui(ui: &mut Ui, failure: &Explanation, role: Role) {
    let effect = failure.effect_and_next();
    ExplanationView {
        headline: &failure.headline,
        effect: &effect,
        role,
        next_label: None,
        // They say how to fix the file, so they are not folded.
        details: &[],
    }
    .show_ui(ui);
    for detail in &failure.details {
        ui.small_label(detail);
    }
}

/// A field of rules about devices, with the number of devices that each rule matches.
fn rule_ui(ui: &mut Ui, state: &State, form: &mut SettingsForm, key: RuleKey) {
    field_ui(ui, form, key);
    rule_matches_ui(ui, state, &form.matches, key, &form.typed);
}

/// Why a field is not on the page, if so.
pub fn why_not_there(state: &State, key: RuleKey) -> Option<String> {
    let is_missing = key == RuleKey::SharedFile && state.settings.file.is_none();
    is_missing.then(|| NO_SHARED_FILE.to_owned())
}

/// Text and shape of a field.
struct Field {
    label: &'static str,
    /// Placeholder while it is empty.
    hint: &'static str,
    help: &'static str,
    rows: usize,
    is_monospace: bool,
}

impl Field {
    const fn new(label: &'static str, hint: &'static str, help: &'static str) -> Self {
        Self {
            label,
            hint,
            help,
            rows: 1,
            is_monospace: false,
        }
    }

    const fn rows(self, rows: usize) -> Self {
        Self { rows, ..self }
    }

    const fn monospace(self) -> Self {
        Self {
            is_monospace: true,
            ..self
        }
    }
}

/// Label of a field.
pub const fn label(key: RuleKey) -> &'static str {
    field(key).label
}

const fn field(key: RuleKey) -> Field {
    match key {
        RuleKey::ProtectedNames => Field::new("Protected names", "For example DC01",
            "One per line; * stands for anything: *-dc.contoso.com. Short and full names count as the same; letter case and kinds of hyphens do not matter").rows(3),
        RuleKey::ProtectedTags => Field::new("Protected tags", "For example tier0", "One per line, as Defender shows them").rows(3),
        RuleKey::ProtectedIds => Field::new("Protected device ids", "", "One per line").rows(3).monospace(),
        RuleKey::VpnRanges => Field::new("Address ranges", "For example 10.8.0.0/16",
            "One per line. Many devices share these addresses in turn, so they do not identify a device").rows(3).monospace(),
        RuleKey::MaxDevices => Field::new("Most devices in one action", "For example 10",
            "From 1 to 100. Empty: the shared file's number, else 10. If both are set, the smaller of the two applies"),
        RuleKey::OwnEntraDeviceId => Field::new("Entra device id of this computer", "For example 00000000-0000-0000-0000-000000000000",
            "Used to warn you before you isolate this computer").monospace(),
        RuleKey::SharedFile => Field::new("Path of the shared file", "For example team.toml",
            "Adds the [policy] of another file: a path, relative to the data folder or absolute").monospace(),
        RuleKey::Templates => Field::new("Templates", "For example {ticket}: beacon seen, contained until checked",
            "One per line; {ticket} stands for the ticket number. [contain] or [release] at the start offers it only in such a form").rows(3),
        RuleKey::TicketPrefixes => Field::new("Ticket prefixes", "For example ACME",
            "What your ticket numbers begin with, one per line. INC, SIR, REQ, CASE and other usual ones are known; ABC-1234 is taken for a ticket anyway").rows(2),
        RuleKey::SavedSearches => Field::new("Searches", "For example Silent servers: os:server -health:active",
            "One per line: a name, a colon, and what you would type into the search of the list").rows(3),
        RuleKey::Notifications => Field::new("Notify me when an action ends while cordon is not in front", "",
            "They name the device and its status, no person and no comment. A lock screen may show them"),
    }
}

fn field_ui(ui: &mut Ui, form: &mut SettingsForm, key: RuleKey) {
    let wrong = form.typed.wrong(key);
    let row = field(key);
    let field = TextField::new(row.label, form.typed.text_mut(key))
        .hint(row.hint)
        .help(row.help)
        .rows(row.rows)
        .error(wrong.as_deref());
    let field = if row.is_monospace {
        field.monospace()
    } else {
        field
    };
    let field = field.show_ui(ui);
    go_to(form, key, &field);
}

fn notifications_ui(ui: &mut Ui, facts: &SettingsFacts, form: &mut SettingsForm) {
    trouble_ui(ui, facts.desktop_trouble.as_deref());
    let key = RuleKey::Notifications;
    let mut wanted = form.typed.wants_notifications();
    let checkbox = checkbox_ui(ui, &mut wanted, label(key));
    if checkbox.changed() {
        form.set_notifications(wanted);
    }
    go_to(form, key, &checkbox);
    ui.small_label(field(key).help);
}

fn host_ui(ui: &mut Ui, host: Option<&Host>) {
    let Some(host) = host else {
        ui.small_label("Host name and addresses unavailable");
        return;
    };
    let name = host.name.as_deref().unwrap_or("unknown");
    ui.label(format!("Name: {}", clean(name, 80)));
    let addresses: Vec<_> = host.addresses.iter().map(ToString::to_string).collect();
    let addresses = if addresses.is_empty() {
        "none known".to_owned()
    } else {
        addresses.join(", ")
    };
    ui.wrapped(format!("Addresses: {addresses}"));
}

fn shared_ui(ui: &mut Ui, facts: &SettingsFacts, form: &mut SettingsForm) {
    if facts.file.is_none() {
        ui.small_label(NO_SHARED_FILE);
        return;
    }
    field_ui(ui, form, RuleKey::SharedFile);
    let Some((file, shared)) = &facts.shared else {
        return;
    };
    let file = file.display().to_string();
    ui.small_label(format!("From {}, not written here:", clean(&file, 200)));
    for key in RuleKey::ALL {
        let entries: Vec<_> = shared.entries(key).map(|entry| clean(entry, 80)).collect();
        // Only the policy of a shared file applies.
        let counts = key.is_policy();
        if counts && !entries.is_empty() {
            let line = format!("{}: {}", label(key), entries.join(", "));
            ui.wrapped(line);
        }
    }
}
