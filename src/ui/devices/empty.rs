//! Placeholder for an empty device list.

use egui::{RichText, Ui};
use jiff::Timestamp;

use super::asked::{MAX_OFFERS, again_ui, ask, offer_ui, trouble};
use super::coverage::{Coverage, coverage};
use crate::message::Command;
use crate::model::{Question, clean, toggled_word, written_words};
use crate::state::{Answer, Asking, Progress};
use crate::ui::Cx;
use crate::ui::commands::UiCommand;
use crate::ui::look;
use crate::ui::theme::{Role, TokensExt as _, text};
use crate::ui::widgets::{ActionButton, UiExt as _};
use crate::ui::words::local_time;

/// Maximum number of search words with a button to remove each; more are a pasted line.
const MAX_WORDS: usize = 4;

const NOT_VISIBLE: &str = "It may have been removed, or lie outside the device groups you can see";

/// Shows why there are no rows, and what to do.
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

/// Without search and devices, shows the state of the list.
fn no_list_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let known = coverage(cx.state);
    let by_name = "You can still look up one device: type or paste its id, name, address or user";
    let (headline, how) = match known {
        Coverage::Whole(_) => (
            "No devices".to_owned(),
            "The service lists no device for this account: its device groups decide what you see",
        ),
        Coverage::Loading => (
            "Loading devices…".to_owned(),
            "The first ones appear as soon as their page has arrived",
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
        // The notice about the sign-in offers to sign in.
        Coverage::NotRead if !cx.state.session.is_signed_in() => {}
        // The notice about the failure offers to read again.
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

/// Shows that the search matches no device.
fn no_rows_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let asked = state.asked.for_search(&cx.views.search);
    match asked.map(|asked| &asked.progress) {
        Some(Progress::Waiting { paused_until }) => waiting_ui(ui, cx, *paused_until),
        None if cx.views.asking.is_sent => waiting_ui(ui, cx, None),
        Some(Progress::Failed(failure)) => {
            let clicked = look::failure_ui(ui, failure, Role::Caution, Some("Try again"));
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
                "Nothing is known about it yet",
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
                | Coverage::Kept(_) => "Nothing in the list matches, as far as it was read",
            };
            headline_ui(ui, headline, &hint(cx));
            words_ui(ui, cx);
            offers_ui(ui, cx, None);
        }
    }
}

/// Shows the words of an unsuccessful search, each with a button that removes it.
fn words_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let search = cx.views.search.clone();
    let words = written_words(&search);
    if words.len() < 2 || words.len() > MAX_WORDS || Question::is_beyond_list(&search) {
        return;
    }
    ui.weak_label("Every word has to match; -word leaves out, field:value looks in one field only");
    for word in words {
        if button_ui(ui, &format!("Without “{}”", clean(word, 40))) {
            cx.views.search = toggled_word(&search, word);
        }
    }
}

/// Hint for a search without matches that was not sent to the service.
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
            local_time(until, &cx.state.zone)
        ),
        None => clean(cx.views.search.trim(), 80).into_owned(),
    };
    headline_ui(ui, "Asking Defender…", &how);
    if button_ui(ui, "Stop asking") {
        cx.views.asking.is_sent = false;
        cx.out.work.push(Command::StopAsking);
    }
}

/// Meaning of an empty answer from the service.
fn none_words(question: &Question, answer: &Answer, cx: &Cx<'_>) -> (String, &'static str) {
    if answer.unreadable > 0 {
        return (
            "Defender's answer could not be read".to_owned(),
            "It may contain what you asked for",
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
                "Defender saw no device with {} within 15 minutes either way",
                question.label(&cx.state.zone)
            ),
            "Defender looks up internal addresses only",
        ),
        Question::User(name) => (
            format!("Defender knows no device of the user “{}”", clean(name, 64)),
            "It gives the same answer for an unknown user. It is asked for the name without the domain",
        ),
    }
}

/// Offers the other queries for this search, and the way out.
fn offers_ui(ui: &mut Ui, cx: &mut Cx<'_>, asked: Option<&Asking>) {
    let questions = cx.views.asking.questions.clone().into_iter();
    let others = questions.filter(|one| asked.is_none_or(|asked| asked.question != *one));
    for question in others.take(MAX_OFFERS) {
        offer_ui(ui, cx, question);
    }
    if button_ui(ui, "Clear the search") {
        cx.views.search.clear();
        cx.views.focus_search = true;
    }
}

fn headline_ui(ui: &mut Ui, headline: &str, how: &str) {
    let weak = ui.tokens().text_weak;
    ui.wrapped(RichText::new(headline).text_style(text::section()));
    ui.wrapped(RichText::new(how).color(weak));
    ui.add_space(ui.tokens().space.s);
}

fn button_ui(ui: &mut Ui, label: &str) -> bool {
    ui.add(ActionButton::new(label)).clicked()
}
