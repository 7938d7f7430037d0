//! Any device can be found: the service is queried directly, independently of the list.

use std::path::Path;

use cordon::action::ActionKind;
use cordon::guard::Policy;
use cordon::journal::OrderStatus;
use cordon::message::Command;
use cordon::model::{MachineId, Question, Tickets};
use cordon::simulator::{RequestKind, SimControl, Simulator};
use cordon::state::{Answer, Progress, State};
use egui::Key;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::common::{Console, Engine, machine_named, place, posts, started};

/// Requests for devices other than the list of all of them.
fn asked(control: &SimControl) -> Vec<String> {
    let reads = control.requests().into_iter();
    let reads = reads.filter(|r| r.kind == RequestKind::Read && !r.path.contains("machineactions"));
    reads
        .map(|r| format!("{}?{}", r.path, r.query))
        .filter(|read| read.contains("filter") || !read.starts_with("/api/machines?"))
        .collect()
}

/// A signed-in engine whose list cannot be read.
fn without_list(simulator: &Simulator, folder: &Path, what: &str) -> Engine {
    let mut engine = Engine::start(simulator, folder);
    engine.inject("machines", what, 0);
    engine.begin_sign_in();
    assert!(engine.control.approve_latest());
    engine.until("the sign-in", |s| s.session.is_signed_in());
    if what == "stall" {
        engine.until("the reading", |s| s.inventory.loading);
    } else {
        engine.until("the failure", |s| s.inventory.failure.is_some());
    }
    engine
}

fn send(engine: &Engine, text: &str) {
    let found = Question::find(text, Timestamp::now(), &TimeZone::UTC, &Tickets::default());
    let question = found
        .first()
        .unwrap_or_else(|| panic!("{text} asks nothing"))
        .clone();
    let text = text.into();
    engine.send(Command::Ask { text, question });
}

fn has_ended(state: &State, text: &str) -> bool {
    let asking = state.asked.for_search(text);
    asking.is_some_and(|asking| !matches!(asking.progress, Progress::Waiting { .. }))
}

/// Asks and waits until the question has begun, so that the result of an earlier one is gone.
fn begin(engine: &mut Engine, text: &str) {
    send(engine, text);
    engine.until("the question", |s| {
        let asking = s.asked.for_search(text);
        asking.is_some_and(|asking| matches!(asking.progress, Progress::Waiting { .. }))
    });
}

fn end<'e>(engine: &'e mut Engine, text: &str) -> &'e Progress {
    begin(engine, text);
    engine.until(text, |s| has_ended(s, text));
    let asking = engine.state.asked.for_search(text);
    &asking.expect("just ended").progress
}

fn answer(engine: &mut Engine, text: &str) -> Vec<MachineId> {
    let end = end(engine, text);
    let Progress::Answered(Answer {
        machines,
        unreadable: 0,
        ..
    }) = end
    else {
        panic!("{text}: {end:?}")
    };
    machines.clone()
}

/// The only device in the result.
fn only(engine: &mut Engine, text: &str) -> MachineId {
    let [machine] = answer(engine, text).try_into().expect("one device");
    machine
}

fn failure(engine: &mut Engine, text: &str) -> String {
    let end = end(engine, text);
    let Progress::Failed(failure) = end else {
        panic!("{text}: {end:?}")
    };
    failure.headline.clone()
}

#[test]
fn each_kind_of_question_is_answered_while_the_list_cannot_be_read() {
    let (simulator, folder) = place();
    let mut engine = without_list(&simulator, folder.path(), "html:200");
    let control = engine.control.clone();
    let named = |name: &str| machine_named(&control, name);
    let (fin, dc) = (named("FIN-LT-042"), named("DC01.contoso.com"));
    assert_eq!(only(&mut engine, fin.as_str()), fin);
    assert_eq!(only(&mut engine, &fin.as_str().to_uppercase()), fin);
    let twins = answer(&mut engine, "fin-lt-042");
    assert_eq!(twins.len(), 2, "twins belong to it");
    assert_eq!(only(&mut engine, "dc01.contoso.com"), dc);
    assert_eq!(only(&mut engine, "DC01"), dc);
    assert_eq!(answer(&mut engine, "web1"), [], "no part of a name");
    let webs = [
        "web01.contoso.com",
        "web10.contoso.com",
        "web100.contoso.com",
    ]
    .map(named);
    assert_eq!(answer(&mut engine, "web"), webs);
    assert_eq!(only(&mut engine, "10[.]20[.]4[.]42"), fin);
    let then = Timestamp::now() - SignedDuration::from_hours(25 * 24);
    let then = then
        .strftime("10.20.4.42 at %Y-%m-%d %H:%M UTC")
        .to_string();
    assert_eq!(answer(&mut engine, &then).len(), 2, "the twin had it then");
    // No device has had the address lately; this one reported it last.
    let silent = named("SALES-LT-019");
    let record = engine
        .control
        .machine_ids()
        .iter()
        .position(|(id, _)| id == silent.as_str());
    let address = format!("10.20.10.{}", 10 + record.expect("in the fleet"));
    assert_eq!(answer(&mut engine, &address), [silent]);
    let is_of_last_report = |engine: &Engine, text: &str| {
        let answer = engine.state.asked.answer(text).expect("just answered");
        answer.1.is_of_last_report
    };
    assert!(is_of_last_report(&engine, &address));
    answer(&mut engine, "10.20.4.42");
    assert!(!is_of_last_report(&engine, "10.20.4.42"), "it has it now");
    for user in ["user:p.marsh", "P.Marsh@contoso.com", "CONTOSO\\p.marsh"] {
        assert_eq!(answer(&mut engine, user).len(), 2, "{user}");
    }
    let known = engine.state.inventory.get(&fin);
    let entra = known.and_then(|m| m.aad_device_id.clone());
    assert_eq!(answer(&mut engine, &entra.expect("joined")), [fin]);
    for nobody in [
        "user:nobody",
        "user:a/b?c#d%e",
        "o'hara/x?#%&$top=1",
        "10.99.9.9",
        "fe80::1",
    ] {
        assert_eq!(answer(&mut engine, nobody), [], "{nobody}");
    }
    let unknown = "0123456789012345678901234567890123456789";
    assert_eq!(answer(&mut engine, unknown), [], "a 404 is an answer");
    let asked = asked(&engine.control);
    for user in ["p.marsh", "a%2Fb%3Fc%23d%25e"] {
        let request = format!("/api/users/{user}/machines?");
        assert!(asked.contains(&request), "{request}: {asked:?}");
    }
}

#[test]
fn a_pasted_id_costs_one_request_even_while_the_list_is_being_read() {
    let (simulator, folder) = place();
    let mut engine = without_list(&simulator, folder.path(), "stall");
    let fin = machine_named(&engine.control, "FIN-LT-042");
    // The same question is asked only once.
    engine.inject("machine", "latency:300", 1);
    send(&engine, fin.as_str());
    assert_eq!(only(&mut engine, fin.as_str()), fin);
    engine.until("the budget", |s| s.budget.is_some());
    assert_eq!(asked(&engine.control), [format!("/api/machines/{fin}?")]);
    assert!(
        engine.state.inventory.loading,
        "the list is still being read"
    );
    let all = engine.control.requests();
    let calls = all.iter().filter(|r| r.path.starts_with("/api/")).count();
    let budget = engine.state.budget.expect("known");
    assert_eq!((budget.of_minute - budget.left_minute) as usize, calls);
}

#[test]
fn failed_query_names_the_request() {
    let (simulator, folder) = place();
    let mut engine = without_list(&simulator, folder.path(), "html:200");
    let fin = machine_named(&engine.control, "FIN-LT-042");
    for (route, what, text, expected) in [
        (
            "machine",
            "status:504",
            fin.as_str(),
            "failed: 504, there is a problem at Defender, or at a proxy on the way to it",
        ),
        (
            "machine",
            "forbidden",
            fin.as_str(),
            "failed: 403, you are not allowed to ask for devices",
        ),
        (
            "machine",
            "empty:404",
            fin.as_str(),
            "failed: 404, the service refused",
        ),
        (
            "machine",
            "garbage",
            fin.as_str(),
            "the Defender service's answer could not be read",
        ),
        (
            "user_machines",
            "status:400",
            "user:p.marsh",
            "GET /users/p.marsh/machines failed: 400",
        ),
        (
            "machine_search",
            "status:400",
            "fin-lt-042",
            "failed: 400, the service refused to ask",
        ),
        (
            "find_by_ip",
            "html:200",
            "10.20.4.42",
            "GET /machines/findbyip(ip='10.20.4.42') failed",
        ),
    ] {
        engine.inject(route, what, 0);
        let said = failure(&mut engine, text);
        assert!(
            said.starts_with("GET /") && said.contains(expected),
            "{what}: {said}"
        );
        engine.control.clear_faults();
    }
    // A service that rejects `or` gets the simplest query.
    engine.inject("machine_search", "status:400", 1);
    assert_eq!(answer(&mut engine, "FIN-LT-042").len(), 2);
    // A throttling pause is shown, and ends.
    engine.inject("machine", "status:429:2", 1);
    send(&engine, fin.as_str());
    let is_paused = |s: &State| {
        let asking = s.asked.for_search(fin.as_str());
        asking.is_some_and(|asking| {
            matches!(&asking.progress, Progress::Waiting { paused_until } if paused_until.is_some())
        })
    };
    engine.until("the pause", is_paused);
    engine.until("the answer", |s| s.asked.answer(fin.as_str()).is_some());
}

#[test]
fn newer_question_replaces_an_unanswered_one() {
    let (simulator, folder) = place();
    let mut engine = without_list(&simulator, folder.path(), "html:200");
    let fin = machine_named(&engine.control, "FIN-LT-042");
    engine.inject("machine", "stall", 2);
    begin(&mut engine, fin.as_str());
    assert_eq!(answer(&mut engine, "fin-lt-042").len(), 2);
    begin(&mut engine, fin.as_str());
    engine.send(Command::StopAsking);
    engine.until("the end", |s| has_ended(s, fin.as_str()));
    assert_eq!(answer(&mut engine, fin.as_str()), [fin]);
}

#[test]
fn device_missing_in_the_list_stays_after_a_complete_reading() {
    let (_simulator, _folder, mut engine) = started();
    // The list appears complete.
    engine.inject("machines", "lose_tail", 0);
    engine.sign_in();
    let listed = engine.state.inventory.all().len();
    let ids = engine.control.machine_ids();
    let (last, _) = ids.last().expect("a fleet");
    let last = MachineId::parse(last).expect("an id");
    assert_eq!(engine.state.inventory.get(&last), None);
    assert_eq!(only(&mut engine, last.as_str()), last);
    engine.refresh();
    assert_eq!(engine.state.inventory.all().len(), listed + 1);
    assert!(engine.state.asked.is_unlisted(&last));
    engine.control.clear_faults();
    engine.refresh();
    assert!(!engine.state.asked.is_unlisted(&last), "listed now");
}

fn console(what: &str, times: u32) -> (Console, Simulator, tempfile::TempDir) {
    let (simulator, folder) = place();
    let mut console = Console::open(&simulator, folder.path(), &Policy::default());
    console.inject("machines", what, times);
    console.sign_in_with_code();
    console.step_until("the sign-in", |c| {
        assert!(!c.shows("No devices"), "nothing is known yet");
        c.state().session.is_signed_in()
    });
    (console, simulator, folder)
}

fn paste(console: &mut Console, text: &str) {
    console.fill("Search devices", "");
    console.harness.event(egui::Event::Paste(text.to_owned()));
    console.harness.step();
}

#[test]
fn a_device_is_isolated_to_the_end_although_the_list_cannot_be_read() {
    let (mut console, _simulator, _folder) = console("html:200", 0);
    console.step_until("the failure", |c| c.state().inventory.failure.is_some());
    assert!(!console.shows("No devices"));
    assert!(console.shows("The list of devices could not be read"));
    assert!(console.shows("Ask for one device") && console.shows("Read the list again"));
    let fin = machine_named(&console.control, "FIN-LT-043");
    let hr = machine_named(&console.control, "HR-LT-007");
    paste(&mut console, hr.as_str());
    console.step_until("the row", |c| {
        c.shows_part(&format!("HR-LT-007 (…{}), ", hr.tail()))
            && c.shows_part(", looked up directly")
    });
    console.step_until("its facts", |c| c.state().history(&hr).is_some());
    assert_eq!(asked(&console.control)[0], format!("/api/machines/{hr}?"));
    console.press_command(Key::I);
    console.harness.run_steps(3);
    console.fill("Comment", "INC-4711 beacon");
    let before = console.state().entries.len();
    console.harness.run_steps(8);
    let confirm = format!(
        "{} “HR-LT-007” (…{})",
        ActionKind::Isolate.spec().verb,
        hr.tail()
    );
    console.click(&confirm);
    console.step_until("the entry", |c| c.state().entries.len() > before);
    let entry = console.state().entries.last().expect("an entry").id();
    console.step_until_fast("the end", |c| c.status(entry).is_end());
    assert!(matches!(console.status(entry), OrderStatus::Done { .. }));
    assert_eq!(posts(&console.control), ["isolate"]);
    // Once the list can be read again, the device keeps its place.
    console.control.clear_faults();
    console.click("Read the list again");
    console.step_until("the list", |c| c.state().inventory.read_at.is_some());
    assert!(console.state().inventory.get(&fin).is_some());
    assert!(!console.state().asked.is_unlisted(&hr));
}

#[test]
fn nothing_is_called_absent_before_a_complete_reading_of_the_list() {
    let (mut console, _simulator, _folder) = console("stall", 1);
    console.step_until("the reading", |c| c.state().inventory.loading);
    assert!(console.shows("Loading devices…") && !console.shows("No devices"));
    console.fill("Search devices", "fin");
    console.harness.run_steps(30);
    assert!(!console.shows("Nothing matches") && console.shows("Not found yet"));
    assert_eq!(
        asked(&console.control),
        Vec::<String>::new(),
        "ordinary typing asks nothing"
    );
    assert!(console.shows("Ask Defender for names beginning with “fin”"));
    console.fill("Search devices", "fin");
    console.harness.key_press(Key::Enter);
    console.until_shows_part("Looked up directly: fin…, ");
    assert_eq!(asked(&console.control).len(), 1);
    assert!(console.shows_part("FIN-LT-051 (…"));
    console.click("Stop loading");
    console.step_until("the end", |c| !c.state().inventory.loading);
    console.fill("Search devices", "zzz");
    console.harness.run_steps(3);
    assert!(console.shows("Nothing in the list matches, as far as it was read"));
    console.click("Refresh");
    console.until_shows("Nothing matches");
    assert!(console.shows("0 of 60"));
}

#[test]
fn name_not_found_offers_the_prefix_search_while_rows_are_shown() {
    let (mut console, _simulator, _folder) = console("html:200", 0);
    console.step_until("the failure", |c| c.state().inventory.failure.is_some());
    paste(&mut console, "fin-lt-043");
    console.until_shows_part("FIN-LT-043 (…");
    paste(&mut console, "fin-lt-04");
    console.click("Ask Defender for “fin-lt-04”");
    console.until_shows_part(", no device has exactly this name");
    console.click("Ask Defender for names beginning with “fin-lt-04”");
    console.until_shows_part("FIN-LT-042 (…");
    assert!(console.shows_part("FIN-LT-043 (…"));
}

#[test]
fn an_unknown_id_and_a_failure_are_shown_in_words() {
    let (mut console, _simulator, _folder) = console("latency:1", 1);
    console.step_until("the list", |c| c.state().inventory.read_at.is_some());
    let unknown = "0123456789012345678901234567890123456789";
    paste(&mut console, unknown);
    console.until_shows("Defender knows no device with this id");
    console.harness.run_steps(30);
    assert_eq!(asked(&console.control).len(), 1, "once for each text");
    console.inject("user_machines", "status:400", 1);
    paste(&mut console, "CONTOSO\\p.marsh");
    console.until_shows_part("GET /users/p.marsh/machines failed: 400");
    console.click("Try again");
    console.until_shows_part("Looked up directly: user p.marsh, 2 devices");
    assert!(console.shows("2 of 60"));
    // A future time is not queried, and the reason is shown.
    paste(&mut console, "10.20.4.42 at 2999-01-01 02:10");
    console.harness.run_steps(3);
    assert!(console.shows("This time is in the future"));
    paste(&mut console, "10.20.4.42 at noon");
    console.harness.run_steps(3);
    assert!(console.shows("Write the time as 02:10 or 2026-11-28 02:10"));
    console.click("Clear the search");
    console.until_shows("60 of 60");
}
