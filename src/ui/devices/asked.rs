//! Asking the service itself for what is searched for, and what is said where no device is shown.
//! Absence is said only of what was read whole.

use std::time::Duration;

use egui::{RichText, Ui};
use jiff::Timestamp;

use crate::message::Command;
use crate::model::{MachineId, Question, clean};
use crate::search::field_trouble;
use crate::state::{Answer, Asking, Progress};
use crate::ui::Cx;
use crate::ui::commands::UiCommand;
use crate::ui::devices::coverage::{Coverage, coverage};
use crate::ui::devices::screen::{SelectedBy, select};
use crate::ui::theme::{Role, TokensExt as _, text};
use crate::ui::widgets::{ActionButton, ExplanationView, Icon, TipExt as _, badge, icon};
use crate::ui::words::{ago, local_time};

/// How long a typed text has to rest before it is asked about unasked. What was pasted is whole.
const REST_SECS: f64 = 1.0;
const NOT_VISIBLE: &str = "It may have been removed, or lie outside the device groups you can see";

/// What the search asks of the service, as far as the window goes.
#[derive(Debug, Default)]
pub struct AskView {
    /// The search that this is about.
    search: String,
    /// What it may mean, the likeliest first.
    questions: Vec<Question>,
    /// egui's time of the last change.
    since: f64,
    is_typed: bool,
    /// Whether something was asked for this search.
    is_sent: bool,
    /// Enter was pressed: a single device that comes is meant.
    is_entered: bool,
    /// The device in the panel when it was asked, or when Enter was pressed: an answer takes the
    /// place of no other that was chosen meanwhile.
    beside: Option<MachineId>,
    /// The number of the answer whose device was selected.
    taken: Option<u64>,
}

/// Why the search finds nothing, where its words tell.
pub fn trouble(cx: &Cx<'_>) -> Option<String> {
    let finds_nothing = cx.views.rows.is_empty() && !cx.state.inventory.all().is_empty();
    finds_nothing.then(|| field_trouble(&cx.views.search))?
}

/// Follows the search: asks unasked where it names a device that is not in the list, and selects
/// the one device that an id or Enter meant.
pub fn follow(ui: &Ui, cx: &mut Cx<'_>) {
    let time = ui.input(|input| input.time);
    if cx.views.asking.search != cx.views.search {
        let is_text =
            |event: &egui::Event| matches!(event, egui::Event::Text(_) | egui::Event::Key { .. });
        let is_pasted = |event: &egui::Event| matches!(event, egui::Event::Paste(_));
        let is_typed = ui
            .input(|input| input.events.iter().any(is_text) && !input.events.iter().any(is_pasted));
        cx.views.asking = AskView {
            search: cx.views.search.clone(),
            questions: Question::find(&cx.views.search, cx.now, cx.zone),
            since: time,
            is_typed,
            ..AskView::default()
        };
    }
    take_answer(cx);
    if let Some(question) = unasked(cx).cloned() {
        let is_whole = !cx.views.asking.is_typed || matches!(question, Question::Id(_));
        let left_secs = cx.views.asking.since + REST_SECS - time;
        if is_whole || left_secs <= 0.0 {
            ask(cx, question);
        } else {
            ui.ctx()
                .request_repaint_after(Duration::from_secs_f64(left_secs));
        }
    }
}

/// What may be asked without a word from the person: once for each text, and not where that would
/// use up calls that a click may need.
fn unasked<'a>(cx: &'a Cx<'_>) -> Option<&'a Question> {
    let asking = &cx.views.asking;
    let first = asking.questions.first()?;
    let is_one = matches!(
        asking.questions.as_slice(),
        [_] | [Question::Name(_), Question::NamePrefix(_)]
    );
    let budget = cx.state.budget.as_ref();
    let has_room = budget.is_none_or(|budget| budget.left_minute * 2 >= budget.of_minute);
    let is_missing =
        cx.views.rows.is_empty() && cx.state.asked.for_search(&asking.search).is_none();
    let may_ask = is_one && first.is_specific() && first.trouble(cx.now).is_none();
    let is_wanted = may_ask && is_missing && has_room && !asking.is_sent;
    (is_wanted && cx.state.session.is_signed_in()).then_some(first)
}

fn ask(cx: &mut Cx<'_>, question: Question) {
    cx.views.asking.is_sent = true;
    cx.views.asking.beside = selected_id(cx);
    let text = cx.views.search.trim().into();
    cx.out.work.push(Command::Ask { text, question });
}

fn selected_id(cx: &Cx<'_>) -> Option<MachineId> {
    let selected = cx.views.selected.as_ref();
    selected.map(|machine| machine.id.clone())
}

/// Enter in the search field where no device is shown; whether there is something to ask.
pub fn enter(cx: &mut Cx<'_>) -> bool {
    if cx.views.asking.search != cx.views.search {
        // Typed in this very frame.
        cx.views.asking = AskView {
            search: cx.views.search.clone(),
            questions: Question::find(&cx.views.search, cx.now, cx.zone),
            ..AskView::default()
        };
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
    cx.views.asking.beside = selected_id(cx);
    if !is_waiting {
        ask(cx, first);
    }
    true
}

/// Selects the one device that was meant by its id, or by Enter; of several none, and none where
/// another was chosen since it was asked.
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
    // Who had an address last is not who has it now, and a person has chosen otherwise meanwhile.
    if answer.is_of_last_report || cx.views.asking.beside != selected_id(cx) {
        return;
    }
    let by_id = matches!(cx.views.asking.questions.as_slice(), [Question::Id(id)] if id == only);
    if by_id || cx.views.asking.is_entered {
        select(cx, 0, SelectedBy::Chosen);
    }
}

/// What a screen reader adds to the name of a row.
pub const fn spoken_mark(is_asked_for: bool) -> &'static str {
    if is_asked_for {
        ", asked for directly"
    } else {
        ""
    }
}

/// Marks a row that is here because the service was asked for it.
pub fn mark_ui(ui: &mut Ui) {
    let weak = ui.tokens().text_weak;
    icon(ui, Icon::Search, weak);
    let word = RichText::new("asked for").color(weak);
    ui.add(egui::Label::new(word).selectable(false))
        .tip("Looked up directly: it is not in what was read of the list of devices");
}

/// Whether there is something to say of what was asked, over the rows.
pub fn has_note(cx: &Cx<'_>) -> bool {
    let search = cx.views.search.trim();
    let is_over_rows = !search.is_empty() && !cx.views.rows.is_empty();
    is_over_rows && (cx.state.asked.for_search(search).is_some() || may_be_more(cx).is_some())
}

/// What could be asked, as the list may lack other devices that it finds.
fn may_be_more<'a>(cx: &'a Cx<'_>) -> Option<&'a Question> {
    if matches!(coverage(cx.state), Coverage::Whole(_)) {
        return None;
    }
    // An id in the list is found; of a name or an address there may be others.
    let is_open =
        |question: &&Question| question.is_specific() && !matches!(question, Question::Id(_));
    cx.views.asking.questions.iter().find(is_open)
}

/// What was asked, over the rows.
pub fn note_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    if !has_note(cx) {
        return;
    }
    let search = cx.views.search.trim().to_owned();
    let state = cx.state;
    let Some(asked) = state.asked.for_search(&search) else {
        if let Some(question) = may_be_more(cx).cloned() {
            ui.horizontal_wrapped(|ui| {
                let words = coverage(state).words(cx.now);
                badge(
                    ui,
                    Icon::Info,
                    Role::Neutral,
                    &format!("{words}, so there may be more"),
                );
                offer_ui(ui, cx, question);
            });
        }
        return;
    };
    let label = asked.question.label(cx.zone);
    ui.horizontal_wrapped(|ui| match &asked.progress {
        Progress::Waiting { .. } => {
            badge(
                ui,
                Icon::InProgress,
                Role::Neutral,
                &format!("Asking Defender… ({label})"),
            );
        }
        Progress::Answered(answer) => {
            let words = format!("Looked up directly: {label}, {}", answer_words(answer, cx));
            badge(ui, Icon::Info, Role::Neutral, &words);
        }
        Progress::Failed(failure) => {
            badge(ui, Icon::Warning, Role::Caution, &failure.headline);
            again_ui(ui, cx, asked, "Try again");
        }
        Progress::Stopped => {
            badge(ui, Icon::Info, Role::Neutral, "You stopped asking Defender");
            again_ui(ui, cx, asked, "Ask again");
        }
    });
}

fn answer_words(answer: &Answer, cx: &Cx<'_>) -> String {
    let mut words = match answer.machines.len() {
        0 => "not found".to_owned(),
        1 => "1 device".to_owned(),
        many => format!("{many} devices"),
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

/// That nobody has the address now, and who had it last.
fn last_report_words(answer: &Answer, devices: &str, cx: &Cx<'_>) -> String {
    let records = answer.machines.iter().filter_map(|id| cx.state.machine(id));
    let newest = records.filter_map(|machine| machine.last_seen).max();
    let when = newest.map_or_else(String::new, |at| format!(" ({})", ago(at, cx.now)));
    format!("no device had it in the last 15 minutes; {devices} reported it last{when}")
}

/// What stands in the place of the rows where there are none.
pub fn empty_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let space = ui.tokens().space.l;
    ui.vertical_centered(|ui| {
        ui.add_space(space);
        if cx.views.search.trim().is_empty() {
            no_list_ui(ui, cx);
        } else {
            no_rows_ui(ui, cx);
        }
    });
}

/// No search, and no device: what is so is said of the list.
fn no_list_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let known = coverage(cx.state);
    let by_name = "One device is found all the same: type or paste its id, name, address or user";
    let (headline, how) = match known {
        Coverage::Whole(_) => (
            "No devices".to_owned(),
            "The service lists no device for this account: its device groups decide what you see",
        ),
        Coverage::Loading => (
            "Loading devices…".to_owned(),
            "The first ones appear as soon as their page has come",
        ),
        Coverage::NotRead if cx.state.session.is_signed_in() => {
            ("Loading devices…".to_owned(), by_name)
        }
        Coverage::NotRead => (
            "The list has not been read yet".to_owned(),
            match cx.state.why_nothing_was_read() {
                Some(_) => "Your sign-in could not be renewed; see above",
                None => "It is read as soon as your sign-in works",
            },
        ),
        Coverage::Failed
        | Coverage::CutOff(_)
        | Coverage::Unreadable
        | Coverage::Missing(_)
        | Coverage::Kept(_) => (known.words(cx.now), by_name),
    };
    headline_ui(ui, &headline, how);
    match known {
        // Signing in is offered with what is said about the sign-in.
        Coverage::NotRead if !cx.state.session.is_signed_in() => {}
        // Reading it again is offered with what is said about the failure.
        Coverage::Failed | Coverage::Loading | Coverage::NotRead => {
            if button_ui(ui, "Ask for one device") {
                cx.views.focus_search = true;
            }
        }
        Coverage::CutOff(_)
        | Coverage::Unreadable
        | Coverage::Missing(_)
        | Coverage::Kept(_)
        | Coverage::Whole(_) => {
            if button_ui(ui, "Read the list again") {
                cx.out.commands.push(UiCommand::Refresh);
            }
        }
    }
}

/// A search that shows no device.
fn no_rows_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let asked = state.asked.for_search(&cx.views.search);
    match asked.map(|asked| &asked.progress) {
        Some(Progress::Waiting { paused_until }) => waiting_ui(ui, cx, *paused_until),
        None if cx.views.asking.is_sent => waiting_ui(ui, cx, None),
        Some(Progress::Failed(failure)) => {
            let clicked = ExplanationView {
                headline: &failure.headline,
                effect: &format!("{}. {}", failure.effect.words(), failure.next.words()),
                role: Role::Caution,
                next_label: Some("Try again"),
                details: &failure.details,
            }
            .show_ui(ui);
            if let Some(asked) = asked.filter(|_| clicked) {
                ask(cx, asked.question.clone());
            }
            offers_ui(ui, cx, asked);
        }
        Some(Progress::Answered(answer)) => {
            if let Some(asked) = asked {
                let (headline, how) = none_words(&asked.question, answer, cx);
                headline_ui(ui, &headline, how);
                again_ui(ui, cx, asked, "Ask again");
            }
            offers_ui(ui, cx, asked);
        }
        Some(Progress::Stopped) => {
            headline_ui(
                ui,
                "You stopped asking Defender",
                "Nothing is known of it yet",
            );
            offers_ui(ui, cx, None);
        }
        None => {
            let headline = match coverage(state) {
                _ if Question::is_beyond_list(&cx.views.search) => {
                    "The list of devices does not contain this"
                }
                Coverage::Whole(_) => "Nothing matches",
                Coverage::NotRead | Coverage::Failed | Coverage::Loading => "Not found yet",
                Coverage::CutOff(_)
                | Coverage::Unreadable
                | Coverage::Missing(_)
                | Coverage::Kept(_) => "Nothing matches in what was read of the list",
            };
            headline_ui(ui, headline, &hint(cx));
            offers_ui(ui, cx, None);
        }
    }
}

/// What is to be known about a search that shows nothing and has not been asked about.
fn hint(cx: &Cx<'_>) -> String {
    if let Some(trouble) = trouble(cx) {
        return trouble;
    }
    if Question::has_unreadable_time(&cx.views.search) {
        return "Write the time as 02:10 or 2026-11-28 02:10".to_owned();
    }
    let first = cx.views.asking.questions.first();
    let why_not = first.and_then(|question| question.trouble(cx.now));
    why_not.map_or_else(|| coverage(cx.state).words(cx.now), ToOwned::to_owned)
}

fn waiting_ui(ui: &mut Ui, cx: &mut Cx<'_>, paused_until: Option<Timestamp>) {
    let pause = paused_until.filter(|until| *until > cx.now);
    let how = match pause {
        Some(until) => format!(
            "The API limit is used up; cordon continues at {}",
            local_time(until, cx.zone)
        ),
        None => clean(cx.views.search.trim(), 80).into_owned(),
    };
    headline_ui(ui, "Asking Defender…", &how);
    if button_ui(ui, "Stop asking") {
        cx.views.asking.is_sent = false;
        cx.out.work.push(Command::StopAsking);
    }
}

/// What it means that the service found nothing.
fn none_words(question: &Question, answer: &Answer, cx: &Cx<'_>) -> (String, &'static str) {
    if answer.unreadable > 0 {
        return (
            "The answer of Defender could not be read".to_owned(),
            "What is asked for may be in it",
        );
    }
    match question {
        Question::Id(_) => (
            "Defender knows no device with this id".to_owned(),
            NOT_VISIBLE,
        ),
        Question::EntraId(_) => (
            "Defender lists no device with this Entra device id".to_owned(),
            NOT_VISIBLE,
        ),
        Question::Name(name) => (
            format!("Defender lists no device named “{}”", clean(name, 64)),
            NOT_VISIBLE,
        ),
        Question::NamePrefix(name) => (
            format!(
                "Defender lists no device whose name begins with “{}”",
                clean(name, 64)
            ),
            NOT_VISIBLE,
        ),
        Question::Address { ip, at: None } => (
            format!("No device had {ip} in the last 15 minutes, nor reported it last"),
            "Defender looks up internal addresses only. For another time add “at 2026-11-28 02:10”",
        ),
        Question::Address { at: Some(_), .. } => (
            format!(
                "Defender saw no device with {}, 15 minutes either way",
                question.label(cx.zone)
            ),
            "Defender looks up internal addresses only",
        ),
        Question::User(name) => (
            format!("Defender knows no device of the user “{}”", clean(name, 64)),
            "It gives the same answer for an unknown user. It is asked for the name without the domain",
        ),
    }
}

/// Everything else that the search may be asked as, and the way out.
fn offers_ui(ui: &mut Ui, cx: &mut Cx<'_>, asked: Option<&Asking>) {
    for question in cx.views.asking.questions.clone() {
        if asked.is_none_or(|asked| asked.question != question) {
            offer_ui(ui, cx, question);
        }
    }
    if button_ui(ui, "Clear the search") {
        cx.views.search.clear();
        cx.views.focus_search = true;
    }
}

fn offer_ui(ui: &mut Ui, cx: &mut Cx<'_>, question: Question) {
    let label = format!("Ask Defender for “{}”", question.label(cx.zone));
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

fn again_ui(ui: &mut Ui, cx: &mut Cx<'_>, asked: &Asking, label: &str) {
    if button_ui(ui, label) {
        ask(cx, asked.question.clone());
    }
}

fn headline_ui(ui: &mut Ui, headline: &str, how: &str) {
    let weak = ui.tokens().text_weak;
    let headline = RichText::new(headline).text_style(text::section());
    ui.add(egui::Label::new(headline).wrap());
    ui.add(egui::Label::new(RichText::new(how).color(weak)).wrap());
    ui.add_space(ui.tokens().space.s);
}

fn button_ui(ui: &mut Ui, label: &str) -> bool {
    ui.add(ActionButton::new(label)).clicked()
}
