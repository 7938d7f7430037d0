//! Direct queries to the service for the text of the search, and the messages shown if no device matches. A
//! device is called absent only if the list was read completely.

use egui::{Align, Label, Layout, RichText, TextStyle, TextWrapMode, Ui, vec2};

use crate::message::Command;
use crate::model::{Question, clean};
use crate::search::{field_trouble, has_address};
use crate::state::{Answer, Asking, Progress, State};
use crate::ui::Cx;
use crate::ui::devices::ask_view::AskView;
use crate::ui::devices::coverage::{Coverage, coverage};
use crate::ui::theme::{Role, TokensExt as _};
use crate::ui::widgets::{ActionButton, Icon, TipExt as _, UiExt as _, elided, icon, text_width};
use crate::ui::words::{ago, counted, devices};

/// Time for which typed text must stay unchanged before the service is queried automatically; pasted text is
/// complete at once.
const DWELL_SECS: f64 = 1.0;
/// Width that a note's text leaves for the query button.
const OFFER_WIDTH: f32 = 300.0;
/// Maximum number of query buttons shown without rows.
pub const MAX_OFFERS: usize = 3;

/// Why the search matches nothing, if its text shows that.
pub fn trouble(cx: &Cx<'_>) -> Option<String> {
    let finds_nothing = cx.views.rows.is_empty() && !cx.state.inventory.all().is_empty();
    finds_nothing.then(|| field_trouble(&cx.views.search))?
}

/// The queries that the search text allows, none sent yet.
fn view(cx: &Cx<'_>) -> AskView {
    let (search, tickets) = (cx.views.search.clone(), &cx.state.settings.tickets);
    AskView {
        questions: Question::find(&search, cx.now, &cx.state.zone, tickets),
        search,
        ..AskView::default()
    }
}

/// Follows the search: queries the service automatically for a device that is not in the list, and selects
/// the only device that an id or Enter refers to.
pub fn follow(ui: &Ui, cx: &mut Cx<'_>) {
    let time = ui.input(|input| input.time);
    if cx.views.asking.search != cx.views.search {
        let is_text =
            |event: &egui::Event| matches!(event, egui::Event::Text(_) | egui::Event::Key { .. });
        let is_pasted = |event: &egui::Event| matches!(event, egui::Event::Paste(_));
        let is_typed = ui
            .input(|input| input.events.iter().any(is_text) && !input.events.iter().any(is_pasted));
        cx.views.asking = AskView {
            since: time,
            is_typed,
            ..view(cx)
        };
    }
    let generation = cx.state.inventory.generation;
    if cx.views.asking.compared_with != Some(generation) {
        let all = cx.views.asking.questions.iter();
        let unlisted = all.filter(|question| is_unlisted(cx.state, question));
        cx.views.asking.unlisted = unlisted.cloned().collect();
        cx.views.asking.containing = match cx.views.asking.unlisted.as_slice() {
            [Question::Name(name)] => containing(cx.state, name),
            _ => 0,
        };
        cx.views.asking.compared_with = Some(generation);
    }
    take_answer(cx);
    if let Some(question) = unasked(cx).cloned() {
        let is_whole = !cx.views.asking.is_typed || matches!(question, Question::Id(_));
        let left_secs = cx.views.asking.since + DWELL_SECS - time;
        if is_whole || left_secs <= 0.0 {
            ask(cx, question);
        } else {
            ui.repaint_in(left_secs);
        }
    }
}

/// Whether it names a device that is not in the list. The list has no users and no past addresses.
fn is_unlisted(state: &State, question: &Question) -> bool {
    let inventory = &state.inventory;
    match question {
        Question::Id(id) => inventory.get(id).is_none(),
        Question::Name(name) => inventory.places_named(name).next().is_none(),
        Question::Address { ip, at: None } => {
            let mut machines = inventory.all().iter();
            !machines.any(|machine| has_address(machine, *ip))
        }
        Question::EntraId(id) => {
            let mut machines = inventory.all().iter();
            let is_it = |known: &str| known.eq_ignore_ascii_case(id);
            !machines.any(|machine| machine.aad_device_id.as_deref().is_some_and(is_it))
        }
        Question::Address { at: Some(_), .. } | Question::User(_) | Question::NamePrefix(_) => {
            false
        }
    }
}

/// Number of listed devices with this in their names, in any spelling.
fn containing(state: &State, name: &str) -> usize {
    let is_in = |known: &str| {
        let mut parts = known.as_bytes().windows(name.len().max(1));
        parts.any(|part| part.eq_ignore_ascii_case(name.as_bytes()))
    };
    let names = state.inventory.all().iter();
    let names = names.filter_map(|machine| machine.computer_dns_name.as_deref());
    names.filter(|known| is_in(known)).count()
}

/// The query to send automatically: once per text, and only if that leaves enough call budget for clicks.
fn unasked<'a>(cx: &'a Cx<'_>) -> Option<&'a Question> {
    let asking = &cx.views.asking;
    let first = asking.questions.first()?;
    let is_one = matches!(
        asking.questions.as_slice(),
        [_] | [Question::Name(_), Question::NamePrefix(_)]
    );
    let budget = cx.state.budget.as_ref();
    let has_room = budget.is_none_or(|budget| budget.left_minute * 2 >= budget.of_minute);
    // If the id in a line is not listed, the rows match the line's other words.
    let is_listed = if let Question::Id(id) = first {
        cx.state.machine(id).is_some()
    } else {
        !cx.views.rows.is_empty()
    };
    let is_missing = !is_listed && cx.state.asked.for_search(&asking.search).is_none();
    let may_ask = is_one && first.is_specific() && first.trouble(cx.now).is_none();
    let is_wanted = may_ask && is_missing && has_room && !asking.is_sent;
    (is_wanted && cx.state.session.is_signed_in()).then_some(first)
}

pub fn ask(cx: &mut Cx<'_>, question: Question) {
    cx.views.asking.is_sent = true;
    cx.views.asking.beside = cx.views.selected_id();
    let text = cx.views.search.trim().into();
    cx.out.work.push(Command::Ask { text, question });
}

/// Queries the service for a text just put into the search. If it finds a single device, that one is
/// selected.
pub fn ask_for(cx: &mut Cx<'_>, question: Question) {
    cx.views.asking = AskView {
        is_entered: true,
        ..view(cx)
    };
    ask(cx, question);
}

/// Handles Enter in the search field with no device shown; returns whether there is something to query.
pub fn enter(cx: &mut Cx<'_>) -> bool {
    if cx.views.asking.search != cx.views.search {
        // Typed in this frame.
        cx.views.asking = view(cx);
    }
    let asked = cx.state.asked.for_search(&cx.views.search);
    let is_waiting = asked.is_some_and(|asked| matches!(asked.progress, Progress::Waiting { .. }));
    let askable = |question: &&Question| question.trouble(cx.now).is_none();
    let Some(first) = cx.views.asking.questions.iter().find(askable).cloned() else {
        return false;
    };
    if !cx.state.session.is_signed_in() {
        return false;
    }
    cx.views.asking.is_entered = true;
    cx.views.asking.beside = cx.views.selected_id();
    if !is_waiting {
        ask(cx, first);
    }
    true
}

/// Selects the device found by id, or after Enter, if it is the only one and no other was selected since.
fn take_answer(cx: &mut Cx<'_>) {
    let Some((number, answer)) = cx.state.asked.answer(&cx.views.search) else {
        return;
    };
    if cx.views.asking.taken.replace(number) == Some(number) || cx.views.rows.len() != 1 {
        return;
    }
    let [only] = answer.machines.as_slice() else {
        return;
    };
    // The last holder of an address may not be the current one, and a later selection takes precedence.
    if answer.is_of_last_report || cx.views.asking.beside != cx.views.selected_id() {
        return;
    }
    let by_id = matches!(cx.views.asking.questions.as_slice(), [Question::Id(id)] if id == only);
    if by_id || cx.views.asking.is_entered {
        cx.views.show_row(cx.state, 0);
    }
}

/// Accessible suffix of a row's name.
pub const fn spoken_mark(is_asked_for: bool) -> &'static str {
    if is_asked_for {
        ", looked up directly"
    } else {
        ""
    }
}

/// Marks a row that is here because the service was queried for it, by an icon only, as the name needs the
/// room.
pub fn mark_ui(ui: &mut Ui) {
    let weak = ui.tokens().text_weak;
    icon(ui, Icon::Search, weak)
        .tip("Looked up directly: the list of devices, as far as it was read, does not contain it");
}

/// Whether there is, or may be, a line about the query above the rows: it is reserved while the search
/// contains something to query for, so that no row moves when an answer arrives.
pub fn has_line(cx: &Cx<'_>) -> bool {
    let search = cx.views.search.trim();
    let is_over_rows = !search.is_empty() && !cx.views.rows.is_empty();
    let is_asked = || cx.state.asked.for_search(search).is_some();
    let can_be_asked = || cx.views.asking.questions.iter().any(Question::is_specific);
    is_over_rows && (is_asked() || can_be_asked())
}

/// A query that may find devices missing in the list.
fn may_be_more<'a>(cx: &'a Cx<'_>) -> Option<&'a Question> {
    if matches!(coverage(cx.state), Coverage::Whole(_)) {
        return None;
    }
    // A listed id is unique; for a name or an address there may be others.
    let is_open =
        |question: &&Question| question.is_specific() && !matches!(question, Question::Id(_));
    cx.views.asking.questions.iter().find(is_open)
}

/// Shows a note's text in one line, leaving `room` for a button.
fn words_ui(ui: &mut Ui, shape: Icon, role: Role, words: &str, room: f32) {
    let colour = ui.tokens().colour(role);
    icon(ui, shape, colour);
    let width = (ui.available_width() - room - 4.0).max(0.0);
    let font = TextStyle::Body.resolve(ui.style());
    let shown = elided(words, width, |text| text_width(ui, text, &font));
    let label = Label::new(RichText::new(&shown).color(colour));
    let label = ui.add(label.wrap_mode(TextWrapMode::Extend));
    ui.ctx()
        .accesskit_node_builder(label.id, |node| node.set_value(words));
    if shown != words {
        label.tip(words);
    }
}

/// Shows the line above the rows about the current query; never replaces anything else.
pub fn line_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    if !has_line(cx) {
        return;
    }
    let size = vec2(ui.available_width(), ui.tokens().height.control);
    let layout = Layout::left_to_right(Align::Center);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        ui.set_min_size(size);
        note_ui(ui, cx);
    });
}

fn note_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let search = cx.views.search.trim().to_owned();
    let state = cx.state;
    let asked = state.asked.for_search(&search);
    let unlisted = unlisted(cx, asked);
    let Some(asked) = asked else {
        let (shape, role, words, question) = if let Some((words, question)) = unlisted {
            let (shape, role) = unlisted_look(cx);
            (shape, role, words, question)
        } else if let Some(question) = may_be_more(cx).cloned() {
            let words = coverage(state).words(cx.now);
            let words = format!("{words}, so there may be more");
            (Icon::Info, Role::Neutral, words, question)
        } else if let Some(question) = beyond_list(cx).cloned() {
            let label = question.label(&cx.state.zone);
            let words = format!("The list alone may not show all devices of {label}");
            (Icon::Info, Role::Neutral, words, question)
        } else {
            // The line stays, so that no row moves, and shows what was found.
            words_ui(ui, Icon::Info, Role::Neutral, &found_words(cx), 0.0);
            return;
        };
        words_ui(ui, shape, role, &words, OFFER_WIDTH);
        offer_ui(ui, cx, question);
        return;
    };
    let label = asked.question.label(&cx.state.zone);
    match &asked.progress {
        Progress::Waiting { .. } => {
            let words = format!("Asking Defender… ({label})");
            words_ui(ui, Icon::InProgress, Role::Neutral, &words, 0.0);
        }
        Progress::Answered(answer) => {
            let words = looked_up_words(cx, asked, answer);
            if let Some((others, question)) = unlisted {
                let words = format!("{others}. {words}");
                words_ui(ui, Icon::Warning, Role::Caution, &words, OFFER_WIDTH);
                offer_ui(ui, cx, question);
            } else if let Some(question) = beginning_unasked(cx, asked, answer).cloned() {
                words_ui(ui, Icon::Info, Role::Neutral, &words, OFFER_WIDTH);
                offer_ui(ui, cx, question);
            } else if answer.machines.is_empty() {
                words_ui(ui, Icon::Warning, Role::Caution, &words, 0.0);
            } else {
                words_ui(ui, Icon::Info, Role::Neutral, &words, 0.0);
            }
        }
        Progress::Failed(failure) => {
            words_ui(ui, Icon::Warning, Role::Caution, &failure.headline, 120.0);
            again_ui(ui, cx, asked, "Try again");
        }
        Progress::Stopped => {
            let words = "You stopped asking Defender";
            words_ui(ui, Icon::Info, Role::Neutral, words, 120.0);
            again_ui(ui, cx, asked, "Ask again");
        }
    }
}

/// A query that even a complete device list cannot answer.
fn beyond_list<'a>(cx: &'a Cx<'_>) -> Option<&'a Question> {
    let is_beyond = |question: &&Question| {
        let is_at_time = matches!(question, Question::Address { at: Some(_), .. });
        is_at_time || matches!(question, Question::User(_))
    };
    cx.views.asking.questions.iter().find(is_beyond)
}

/// The listed devices that a search line names.
fn found_words(cx: &Cx<'_>) -> String {
    let specific = cx.views.asking.questions.iter();
    let specific = specific.filter(|question| question.is_specific());
    let labels: Vec<_> = specific
        .map(|question| question.label(&cx.state.zone))
        .collect();
    format!("In the list: {}", labels.join(", "))
}

/// A name in the search line that is neither listed nor queried yet, with the query for it.
fn unlisted(cx: &Cx<'_>, asked: Option<&Asking>) -> Option<(String, Question)> {
    let unlisted = cx.views.asking.unlisted.iter();
    let is_other = |question: &&Question| asked.is_none_or(|asked| asked.question != **question);
    let unlisted: Vec<&Question> = unlisted.filter(is_other).collect();
    let first = (*unlisted.first()?).clone();
    let labels: Vec<_> = unlisted.iter().map(|q| q.label(&cx.state.zone)).collect();
    let whole = matches!(coverage(cx.state), Coverage::Whole(_));
    let of = if whole { "" } else { "what was read of " };
    let labels = labels.join(", ");
    let words = match cx.views.asking.containing {
        0 => format!("Not in {of}the list: {labels}"),
        count => {
            let contain = counted(count, "name contains it", "names contain it");
            format!("No device in {of}the list is named exactly {labels}, {contain}")
        }
    };
    Some((words, first))
}

/// Partly typed text is not a warning beside the names that it matches.
const fn unlisted_look(cx: &Cx<'_>) -> (Icon, Role) {
    match cx.views.asking.containing {
        0 => (Icon::Warning, Role::Caution),
        _ => (Icon::Info, Role::Neutral),
    }
}

/// Describes the query and its result.
fn looked_up_words(cx: &Cx<'_>, asked: &Asking, answer: &Answer) -> String {
    let label = asked.question.label(&cx.state.zone);
    if answer.machines.is_empty() && is_id(&asked.question) {
        return format!(
            "No device has the id {label}: it may be the SHA-1 of a file. These are the devices that the line names"
        );
    }
    let found = answer_words(answer, &asked.question, cx);
    format!("Looked up directly: {label}, {found}")
}

/// The query for names that start with this, if no name is equal to it.
fn beginning_unasked<'a>(cx: &'a Cx<'_>, asked: &Asking, answer: &Answer) -> Option<&'a Question> {
    let is_name = matches!(asked.question, Question::Name(_));
    let is_whole = matches!(coverage(cx.state), Coverage::Whole(_));
    let is_prefix = |question: &&Question| matches!(question, Question::NamePrefix(_));
    let mut questions = cx.views.asking.questions.iter();
    (is_name && !is_whole && answer.machines.is_empty()).then(|| questions.find(is_prefix))?
}

const fn is_id(question: &Question) -> bool {
    matches!(question, Question::Id(_))
}

fn answer_words(answer: &Answer, question: &Question, cx: &Cx<'_>) -> String {
    let mut words = match answer.machines.len() {
        // Beside the rows of names that contain it.
        0 if matches!(question, Question::Name(_)) => "no device has exactly this name".to_owned(),
        0 => "not found".to_owned(),
        count => devices(count),
    };
    if answer.is_of_last_report && !answer.machines.is_empty() {
        words = last_report_words(answer, &words, cx);
    }
    if answer.is_cut {
        words.push_str(" and more: a longer text finds fewer");
    }
    if answer.unreadable > 0 {
        words = format!("{words}, {} could not be read", answer.unreadable);
    }
    format!("{words}, {}", ago(answer.at, cx.now))
}

/// Says that nobody has the address now, and who had it last.
fn last_report_words(answer: &Answer, devices: &str, cx: &Cx<'_>) -> String {
    let records = answer.machines.iter().filter_map(|id| cx.state.machine(id));
    let newest = records.filter_map(|machine| machine.last_seen).max();
    let when = newest.map_or_else(String::new, |at| {
        format!(" ({})", ago(at, cx.service_now()))
    });
    format!("no device had it in the last 15 minutes; {devices} reported it last{when}")
}

pub fn offer_ui(ui: &mut Ui, cx: &mut Cx<'_>, question: Question) {
    let label = if let Question::NamePrefix(prefix) = &question {
        let prefix = clean(prefix, 64);
        format!("Ask Defender for names beginning with “{prefix}”")
    } else {
        format!("Ask Defender for “{}”", question.label(&cx.state.zone))
    };
    let signed_out = (!cx.state.session.is_signed_in()).then_some("You are not signed in");
    let button = ActionButton::new(&label)
        .icon(Icon::Search)
        .hint("Asks the service itself, whatever is in the list")
        .disabled_because(question.trouble(cx.now).or(signed_out));
    if ui.add(button).clicked() {
        cx.views.asking.is_entered = true;
        ask(cx, question);
    }
}

pub fn again_ui(ui: &mut Ui, cx: &mut Cx<'_>, asked: &Asking, label: &str) {
    if ui.add(ActionButton::new(label)).clicked() {
        ask(cx, asked.question.clone());
    }
}
