//! Items of the palette for the typed text: commands, devices, and the search.

use egui::Context;

use super::elsewhere::{profile_row, profile_rows, setting_row, setting_rows};
use super::item::{Item, MAX_RECENT, Row, best_first};
use crate::model::{Machine, MachineRef, Question, clean};
use crate::search::{DeviceState, Found, Fuzzy};
use crate::ui::Cx;
use crate::ui::commands::UiCommand;
use crate::ui::devices::asked::MAX_OFFERS;
use crate::ui::words::{devices, os_name};

/// Maximum number of incidents offered.
const MAX_INCIDENTS: usize = 4;

/// The rows for the typed text, the best matches first; without text, the recent items.
pub fn rows(
    ctx: &Context,
    cx: &Cx<'_>,
    text: &str,
    fuzzy: &mut Fuzzy,
    found: Option<&Found>,
    tickets: &[String],
) -> Vec<Row> {
    if text.is_empty() {
        return recent_and_all(ctx, cx, saved_rows(cx, fuzzy));
    }
    let mut commands: Vec<(u32, Row)> = all_commands()
        .filter_map(|command| {
            let score = fuzzy.score(command.spec().title)?;
            Some((score, command_row(ctx, cx, command)))
        })
        .collect();
    // Commands with nothing to act on come last: Enter is for what can be done. Equal matches are ordered
    // by recent use.
    commands.sort_by_cached_key(|(score, row)| {
        let rank = cx.views.recent.rank(&row.item);
        let fit = fit(cx, row, text);
        (is_idle(cx, row), fit, std::cmp::Reverse(*score), rank)
    });
    let best_command = commands.iter().map(|(score, _)| *score).max().unwrap_or(0);
    let mut commands = headed(
        "Commands",
        commands.into_iter().map(|(_, row)| row).collect(),
    );
    let best_device = found
        .and_then(|found| found.best.first())
        .map(|(score, _)| *score);
    let mut devices = found.map_or_else(Vec::new, |found| {
        headed(&found_words(found), device_rows(cx, found))
    });
    for row in commands.iter_mut().chain(&mut devices) {
        row.letters = fuzzy.letters(&row.label);
    }
    let (named, others) = incident_rows(cx, text, fuzzy, tickets);
    let (best_plan, plans) = plan_rows(cx, fuzzy);
    // The best matches come first; equal ones in this order.
    let mut main = [
        (best_command, commands),
        (best_device.unwrap_or(0), devices),
        (best_plan, headed("Plans", plans)),
    ];
    main.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let main = main.into_iter().flat_map(|(_, rows)| rows);
    let after = [
        headed("Incidents", others),
        headed("Saved searches", saved_rows(cx, fuzzy)),
        headed("Profiles", profile_rows(cx, fuzzy)),
        headed("Settings", setting_rows(cx, fuzzy)),
        headed("Search", search_rows(cx, text)),
    ];
    let named = headed("Incident", named).into_iter();
    named
        .chain(main)
        .chain(after.into_iter().flatten())
        .collect()
}

/// Rank of a title's match: at its start, at the start of a word, or anywhere; at each rank, actions on the
/// ticked devices come before those on the open one. An action never ranks below its opposite, whose name
/// contains its own.
fn fit(cx: &Cx<'_>, row: &Row, text: &str) -> (u8, bool) {
    let title = row.label.to_lowercase();
    let typed = text.to_lowercase();
    let typed = typed.split_whitespace().next().unwrap_or_default();
    let place = if title.starts_with(typed) {
        0
    } else if title.split(' ').any(|word| word.starts_with(typed)) {
        1
    } else {
        2
    };
    let is_ticked = !cx.views.bulk_selection.is_empty();
    let acts_on_ticked = is_ticked
        && place < 2
        && matches!(row.item, Item::Command(command) if is_for_selection(command));
    (place, !acts_on_ticked)
}

/// Whether it has nothing to act on, or is unavailable for another reason. An unavailable action on a
/// device keeps its rank: its available opposite must not take its place under the key.
fn is_idle(cx: &Cx<'_>, row: &Row) -> bool {
    let Item::Command(command) = row.item else {
        return row.why_not.is_some();
    };
    let is_tenant_wide = matches!(command, UiCommand::Act(kind) if kind.is_tenant_wide());
    let has_device = if matches!(command, UiCommand::Act(_) | UiCommand::Plan) {
        is_tenant_wide || cx.views.selected.is_some()
    } else {
        is_for_selection(command) && !cx.views.bulk_selection.is_empty()
    };
    row.why_not.is_some() && !has_device
}

/// The plans whose name matches, the best first, and the best score.
fn plan_rows(cx: &Cx<'_>, fuzzy: &mut Fuzzy) -> (u32, Vec<Row>) {
    if cx.state.session.account().is_none() {
        return (0, Vec::new());
    }
    let plans = cx.state.settings.plans.iter();
    best_first(fuzzy, plans.map(|plan| plan_row(cx, &plan.name)))
}

/// The row of a plan, with the devices that its form would be opened for.
fn plan_row(cx: &Cx<'_>, name: &str) -> Row {
    let on_selection = !cx.views.bulk_selection.is_empty();
    let command = if on_selection {
        UiCommand::PlanOnSelection
    } else {
        UiCommand::Plan
    };
    let mut plans = cx.state.settings.plans.iter();
    let why_not = if plans.any(|plan| &*plan.name == name) {
        command.availability(cx.state, cx.views, cx.now).err()
    } else {
        Some("This plan no longer exists".to_owned())
    };
    Row {
        beside: meant(cx, command),
        why_not,
        ..Row::new(
            Item::Plan(name.to_owned()),
            format!("Plan: {}…", clean(name, 60)),
            "Opens the form of this plan, on the selected devices, else on the open one",
        )
    }
}

/// The incident of the typed ticket, known or not, and the known ones that match.
fn incident_rows(
    cx: &Cx<'_>,
    text: &str,
    fuzzy: &mut Fuzzy,
    tickets: &[String],
) -> (Vec<Row>, Vec<Row>) {
    let typed = cx.state.ticket_in(text);
    let typed = typed.filter(|_| cx.state.session.account().is_some());
    let is_other =
        |ticket: &&String| !typed.is_some_and(|typed| typed.eq_ignore_ascii_case(ticket));
    let others = tickets.iter().filter(is_other);
    let (_, mut others) = best_first(fuzzy, others.map(|ticket| incident_row(ticket)));
    others.truncate(MAX_INCIDENTS);
    let named = typed.map(incident_row);
    (named.into_iter().collect(), others)
}

/// The saved searches whose name matches.
fn saved_rows(cx: &Cx<'_>, fuzzy: &mut Fuzzy) -> Vec<Row> {
    if cx.state.session.account().is_none() {
        return Vec::new();
    }
    let saved = cx.state.settings.written.saved_searches();
    let rows = saved.map(|(name, search)| Row {
        beside: clean(search, 80).into_owned(),
        ..Row::new(
            Item::Search(search.to_owned()),
            format!("Search: {}", clean(name, 60)),
            "Searches the list for this",
        )
    });
    best_first(fuzzy, rows).1
}

fn incident_row(ticket: &str) -> Row {
    let label = format!("Incident {}", clean(ticket, 60));
    let item = Item::Incident(ticket.to_owned());
    Row::new(item, label, "All that carries this ticket")
}

fn headed(heading: &str, mut rows: Vec<Row>) -> Vec<Row> {
    if let Some(first) = rows.first_mut() {
        first.heading = Some(heading.to_owned());
    }
    rows
}

fn found_words(found: &Found) -> String {
    if found.count > found.best.len() {
        format!("Devices (the best {} of {})", found.best.len(), found.count)
    } else {
        "Devices".to_owned()
    }
}

/// Without the palette's own, as it is open already.
fn all_commands() -> impl Iterator<Item = UiCommand> {
    UiCommand::all().filter(|command| *command != UiCommand::OpenPalette)
}

fn recent_and_all(ctx: &Context, cx: &Cx<'_>, saved: Vec<Row>) -> Vec<Row> {
    let recent = cx.views.recent.0.iter();
    let recent = recent.map(|item| row(ctx, cx, item)).collect();
    let is_recent = |command: &UiCommand| {
        let item = Item::Command(*command);
        cx.views.recent.rank(&item) < MAX_RECENT
    };
    let (acts, others): (Vec<_>, Vec<_>) = all_commands()
        .filter(|command| !is_recent(command))
        .partition(|command| {
            let is_for_device = matches!(command, UiCommand::Act(kind) if !kind.is_tenant_wide());
            is_for_device || *command == UiCommand::Plan
        });
    let (for_selection, others): (Vec<_>, Vec<_>) = others
        .into_iter()
        .partition(|command| is_for_selection(*command));
    let rows = |heading, commands: Vec<UiCommand>| {
        let rows = commands.into_iter();
        let rows = rows.map(|command| command_row(ctx, cx, command));
        headed(heading, rows.collect())
    };
    let acts = rows("The open device", acts);
    let others = rows("Commands", others);
    let mut for_selection = rows("The selected devices", for_selection);
    if cx.views.bulk_selection.is_empty() {
        // Without a selection all of them have the same reason.
        for_selection.truncate(1);
    }
    // Available commands come before unavailable ones.
    let has_device = acts.iter().any(|row| row.why_not.is_none());
    let (first, last) = if has_device {
        (acts, others)
    } else {
        (others, acts)
    };
    headed("Recent", recent)
        .into_iter()
        .chain(headed("Saved searches", saved))
        .chain(first)
        .chain(for_selection)
        .chain(last)
        .collect()
}

const fn is_for_selection(command: UiCommand) -> bool {
    matches!(
        command,
        UiCommand::ActOnSelection(_) | UiCommand::PlanOnSelection
    )
}

fn command_row(ctx: &Context, cx: &Cx<'_>, command: UiCommand) -> Row {
    Row {
        beside: meant(cx, command),
        keys: command.key_words(ctx),
        why_not: command.availability(cx.state, cx.views, cx.now).err(),
        ..Row::new(Item::Command(command), command.label(), command.spec().help)
    }
}

/// The devices that a command would act on, in a few words.
fn meant(cx: &Cx<'_>, command: UiCommand) -> String {
    let is_tenant_wide = matches!(command, UiCommand::Act(kind) if kind.is_tenant_wide());
    if is_tenant_wide {
        MachineRef::every_device().name()
    } else if command.is_for_open() {
        let open = cx.views.selected.as_ref();
        open.map(MachineRef::quoted).unwrap_or_default()
    } else if is_for_selection(command) {
        match cx.views.bulk_selection.as_slice() {
            [] => String::new(),
            [only] => only.quoted(),
            several => devices(several.len()),
        }
    } else {
        String::new()
    }
}

fn device_rows(cx: &Cx<'_>, found: &Found) -> Vec<Row> {
    let mut best: Vec<_> = found.best.iter().collect();
    // Recent items come before other equal matches.
    best.sort_by_key(|(score, machine)| {
        let rank = cx.views.recent.rank(&Item::Device(machine.reference()));
        (std::cmp::Reverse(*score), rank)
    });
    best.into_iter()
        .map(|(_, machine)| device_row(cx, &machine.reference()))
        .collect()
}

fn device_row(cx: &Cx<'_>, machine: &MachineRef) -> Row {
    let record = cx.state.machine(&machine.id).map(AsRef::as_ref);
    let (name, tail) = (machine.name(), machine.name_and_tail());
    let item = Item::Device(machine.clone());
    Row {
        // Without a DNS name, the name is the end of the id already.
        tail: tail.strip_prefix(&*name).unwrap_or_default().to_owned(),
        beside: record.map_or_else(String::new, |record| facts(cx, record)),
        ..Row::new(item, name, "Opens the device beside the list")
    }
}

/// Facts that distinguish devices at a glance.
fn facts(cx: &Cx<'_>, machine: &Machine) -> String {
    let state = DeviceState::known(cx.state, &machine.id);
    let is_known = state != DeviceState::default();
    let state = state.words().filter(|_| is_known).map(str::to_owned);
    let os = machine.os_platform.as_deref().map(os_name);
    let address = machine.last_ip_address.map(|ip| ip.to_string());
    let all: Vec<_> = state.chain(os).chain(address).collect();
    all.join(" · ")
}

/// The row of an item.
fn row(ctx: &Context, cx: &Cx<'_>, item: &Item) -> Row {
    match item {
        Item::Command(command) => command_row(ctx, cx, *command),
        Item::Device(machine) => device_row(cx, machine),
        Item::Incident(ticket) => incident_row(ticket),
        Item::Plan(name) => plan_row(cx, name),
        Item::Profile(name) => profile_row(cx, name),
        Item::Setting(key) => setting_row(cx, *key),
        Item::Search(text) => search_row(text),
        Item::Ask(text, question) => ask_row(cx, text, question),
    }
}

/// The search of the list, and direct queries to the service.
fn search_rows(cx: &Cx<'_>, text: &str) -> Vec<Row> {
    if cx.state.session.account().is_none() {
        return Vec::new();
    }
    let questions = Question::find(text, cx.now, &cx.state.zone, &cx.state.settings.tickets)
        .into_iter()
        .take(MAX_OFFERS);
    let asks = questions.map(|question| ask_row(cx, text, &question));
    std::iter::once(search_row(text)).chain(asks).collect()
}

fn search_row(text: &str) -> Row {
    let label = format!("Search the list for “{}”", clean(text, 80));
    let item = Item::Search(text.to_owned());
    Row::new(item, label, "Puts this into the search field")
}

fn ask_row(cx: &Cx<'_>, text: &str, question: &Question) -> Row {
    let signed_out = (!cx.state.session.is_signed_in()).then_some("You are not signed in");
    let why = question.trouble(cx.now).or(signed_out);
    Row {
        why_not: why.map(str::to_owned),
        ..Row::new(
            Item::Ask(text.to_owned(), question.clone()),
            format!("Ask Defender for “{}”", question.label(&cx.state.zone)),
            "Asks the service itself, whatever is in the list",
        )
    }
}
