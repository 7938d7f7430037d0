//! Broken, truncated and unusual device lists.

use std::time::Duration;

use cordon::auth::TokenStore;
use cordon::guard::Policy;
use cordon::message::Command;
use cordon::model::{MachineRef, PageDelay, PanelPart, SessionStatus};
use cordon::simulator::{Compress, SimOptions, Simulator};
use cordon::state::State;

use crate::common::{
    self, Console, Engine, SPEED, asked_for, fault, machine_named, place, signed_in, started,
    wait_for,
};

#[test]
fn unreadable_lists_are_explained_and_readable_rows_are_kept() {
    let (_simulator, _folder, mut engine) = started();
    engine.control.set_limits(100_000, 1_000_000);
    engine.sign_in();
    let all = engine.state.inventory.all().len();
    for what in [
        "html:200",
        "html:502",
        "empty:200",
        "truncated",
        "garbage",
        "deep",
        "drop_before",
        "forbidden",
        "status:500",
    ] {
        engine.inject("machines", what, 0);
        engine.refresh();
        let inventory = &engine.state.inventory;
        assert!(
            inventory.failure.is_some()
                || inventory.incomplete.is_some()
                || inventory.unreadable > 0,
            "{what} is not explained: {inventory:?}"
        );
        assert_eq!(inventory.all().len(), all, "{what}: the old list stays");
        engine.control.clear_faults();
    }
    for what in ["unknown_enums", "odd_times", "huge"] {
        engine.inject("machines", what, 1);
        engine.refresh();
        assert!(!engine.state.inventory.all().is_empty(), "{what}");
    }
    assert!(
        engine.worker.send(Command::PollNow).is_ok(),
        "the worker lives"
    );
}

#[test]
fn next_page_link_is_followed_on_our_host_only_and_not_for_ever() {
    let (_simulator, _folder, mut engine) = started();
    engine.control.set_limits(100_000, 1_000_000);
    engine.sign_in();
    let all = engine.state.inventory.all().len();
    for mode in ["normal", "looping", "malformed", "foreign"] {
        engine.inject("machines", &format!("next_link:{mode}"), 0);
        engine.refresh();
        assert_eq!(engine.state.inventory.all().len(), all, "{mode}");
        assert_eq!(engine.state.inventory.failure, None, "{mode}");
        engine.control.clear_faults();
    }
}

#[test]
fn list_that_repeats_rows_or_breaks_off_with_a_404_is_not_complete() {
    let (_tenant, _folder, mut engine) = crate::common::signed_in();
    let all = engine.state.inventory.all().len();
    for faults in [
        &["repeat_rows"][..],
        &["next_link:malformed", "status:404::ResourceNotFound"],
    ] {
        for what in faults {
            engine.inject("machines", what, 1);
        }
        engine.refresh();
        let inventory = &engine.state.inventory;
        assert!(inventory.incomplete.is_some(), "{faults:?}");
        assert_eq!(inventory.all().len(), all, "{faults:?}");
    }
}

#[test]
fn a_list_is_read_however_it_is_compressed() {
    let (_tenant, _folder, mut engine) = crate::common::signed_in();
    let all = engine.state.inventory.all().len();
    for how in [Compress::RawDeflate, Compress::Gzip, Compress::Nothing] {
        engine.control.set_compression(how);
        engine.refresh();
        assert_eq!(engine.state.inventory.failure, None, "{how:?}");
        assert_eq!(engine.state.inventory.all().len(), all, "{how:?}");
    }
}

#[test]
fn outcome_of_an_order_is_found_even_when_filters_are_refused() {
    let (_simulator, _folder, mut engine) = started();
    engine.control.set_limits(100_000, 1_000_000);
    engine.sign_in();
    engine.inject("submit", "drop_after", 1);
    // The first queries are refused; one in another form is answered.
    engine.inject("machine_actions", "status:400", 7);
    let entry = engine.order(cordon::action::ActionKind::Isolate, "FIN-LT-042");
    engine.until_done(entry);
    assert_eq!(crate::common::posts(&engine.control), ["isolate"]);
}

/// Files of stored device lists.
fn kept(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|n| n.to_string_lossy().starts_with("devices-"))
        })
        .collect()
}

#[test]
fn stored_list_is_shown_at_the_start_as_such_and_removed_with_its_account() {
    let (simulator, folder) = place();
    let keyring = keyring_core::mock::Store::new().expect("a mock");
    let open = || Engine::start_on(&simulator, folder.path(), &keyring);
    let mut engine = open();
    engine.sign_in();
    engine.until_saved();
    let devices = engine.state.inventory.all().len();
    wait_for("the list to be kept", || !kept(folder.path()).is_empty());
    drop(engine);

    // The service does not respond: the stored list is shown, and labelled as such.
    simulator.control().inject(fault("machines", "stall", 0));
    let mut engine = open();
    engine.until("the kept list", |s| s.inventory.all().len() == devices);
    assert!(engine.state.inventory.kept_at.is_some() && engine.state.inventory.read_at.is_none());
    simulator.control().clear_faults();
    engine.send(Command::RefreshMachines);
    engine.until("the new one", |s| s.inventory.read_at.is_some());
    assert_eq!(engine.state.inventory.kept_at, None);

    engine.send(cordon::message::Command::SignOut);
    engine.until("the end", |s| {
        s.session == cordon::model::SessionStatus::SignedOut
    });
    wait_for("everything of the tenant to be gone", || {
        kept(folder.path()).is_empty()
    });
}

#[test]
fn reading_that_takes_too_long_is_stopped_and_the_list_says_so() {
    let mut console = Console::start();
    console.inject("machines", "stall", 1);
    console.sign_in_with_code();
    console.click("Stop loading");
    console.until_shows("The list is not complete: you stopped the reading");
    assert!(!console.state().inventory.loading);
    // One device is known from a query; that is not the list.
    let id = machine_named(&console.control, "FIN-LT-051");
    console.fill("Search devices", id.as_str());
    console.until_shows("1 of 1+");
    console.harness.key_press(egui::Key::Escape);
    console.click("Refresh");
    console.step_until("the whole list", |c| {
        c.shows("60 of 60") && !c.state().inventory.loading
    });
    assert!(!console.shows_part("not complete"));
}

/// If a full page is cut off, the next attempt and the following pages ask for a tenth.
#[test]
fn a_page_that_breaks_off_is_asked_for_in_smaller_pieces() {
    let (_simulator, _folder, mut engine) = signed_in();
    let all = engine.state.inventory.all().len();
    let before = engine.control.requests().len();
    engine.inject("machines", "truncated", 1);
    engine.refresh();
    let inventory = &engine.state.inventory;
    assert_eq!((&inventory.failure, &inventory.incomplete), (&None, &None));
    assert_eq!(inventory.all().len(), all);
    let requests = engine.control.requests();
    let lists = requests[before..].iter();
    let asked = lists.filter(|r| r.path.ends_with("/machines"));
    let tops = asked.filter_map(|r| r.query.split('&').find(|part| part.contains("top=")));
    assert_eq!(tops.collect::<Vec<_>>(), ["$top=10000", "$top=1000"]);
}

/// Size and offset of each page of the list requested after the first `since` requests, in order.
fn pages_asked(engine: &Engine, since: usize) -> Vec<(usize, usize)> {
    let requests = engine.control.requests();
    let lists = requests[since..].iter();
    let lists = lists.filter(|r| r.path.ends_with("/machines"));
    let number = |text: &str| text.rsplit('=').next()?.parse().ok();
    let place = |query: &str| {
        let (top, skip) = query.split_once('&')?;
        Some((number(top)?, number(skip)?))
    };
    let mut places: Vec<_> = lists.filter_map(|r| place(&r.query)).collect();
    places.sort_unstable();
    places
}

fn large_tenant(devices: usize) -> Simulator {
    let options = SimOptions {
        devices,
        ..SimOptions::default()
    };
    let simulator = Simulator::start(options).expect("the built-in tenant starts");
    simulator.control().set_poll_interval(1);
    simulator
}

/// A short page looks like the last one, but the next was already requested and has rows.
#[test]
fn list_that_continues_after_a_short_page_is_not_complete() {
    let simulator = large_tenant(10_500);
    let control = simulator.control();
    control.inject(fault("machines", "short_pages:9000", 0));
    let folder = tempfile::tempdir().expect("a folder");
    let engine = Engine::start_signed_in(&simulator, folder.path());
    let inventory = &engine.state.inventory;
    assert_eq!(inventory.all().len(), 9_000);
    let why = "the service sends less at a time than was asked for";
    assert_eq!(inventory.incomplete.as_deref(), Some(why));
}

/// First a short page for the screen, then the whole list in parallel pages; later readings skip the short
/// page.
#[test]
fn long_list_shows_its_first_rows_soon_and_is_read_in_overlapping_pages() {
    const DEVICES: usize = 20_500;
    let simulator = large_tenant(DEVICES);
    let folder = tempfile::tempdir().expect("a folder");
    let mut engine = Engine::start(&simulator, folder.path());
    engine.begin_sign_in();
    assert!(engine.control.approve_latest());
    engine.until("the first rows", |s| !s.inventory.all().is_empty());
    assert_eq!(engine.state.inventory.all().len(), 1_000);
    engine.until("the list", |s| s.recent_actions.value.is_some());
    assert!(engine.state.inventory.is_complete());
    assert_eq!(engine.state.inventory.all().len(), DEVICES);
    // Some were requested beyond the end.
    let pages = [0, 9_999, 19_998, 29_997].map(|skip| (10_000, skip));
    let asked = pages_asked(&engine, 0);
    assert_eq!(asked[0], (1_000, 0));
    assert_eq!(asked[1..5], pages);
    assert!(asked.len() <= 7, "{asked:?}");
    let before = engine.control.requests().len();
    engine.refresh();
    assert!(engine.state.inventory.is_complete());
    assert_eq!(pages_asked(&engine, before), pages[..3]);

    // If the service ignores `$skip`, a new reading has the first page only, and says so.
    engine.inject("machines", "skip_ignored", 0);
    engine.refresh();
    let why = engine.state.inventory.incomplete.as_deref();
    assert_eq!(why, Some("the service repeats its pages"));
    assert_eq!(
        engine.state.inventory.all().len(),
        DEVICES,
        "no device is lost"
    );
}

/// Later pages, and the history read after them, report to the session as the first page does.
#[test]
fn sign_in_that_ends_after_the_first_page_is_also_reported_by_the_session() {
    let simulator = large_tenant(20_500);
    let folder = tempfile::tempdir().expect("a folder");
    let mut engine = Engine::start_signed_in(&simulator, folder.path());
    let control = simulator.control();
    let before = readings_of(&simulator);
    engine.inject("machines", "latency:3000", 0);
    engine.send(Command::RefreshMachines);
    engine.until_tenant("the second page", |_| readings_of(&simulator) > before + 1);
    control.inject(fault("token", "html:503", 0));
    control.expire_access_tokens();
    engine.until("the end of the reading", |s| {
        s.inventory.incomplete.is_some()
    });
    engine.until("the explanation", |s| s.renewal_failure.is_some());
    assert_eq!(engine.state.inventory.failure, None);
    let session = &engine.state.session;
    let is_said = matches!(session, SessionStatus::NotRenewed { .. });
    assert!(is_said, "{session:?}");
}

/// Loads a panel's users, answered with this fault; returns the device.
fn throttled_panel(engine: &mut Engine, what: &str) -> MachineRef {
    engine.until("all of the list", |s| s.containments.value.is_some());
    let machine = engine.machine("FIN-LT-042");
    engine.inject("logon_users", what, 0);
    engine.send(Command::LoadPart(machine.id.clone(), PanelPart::Users));
    engine.until_tenant("the answer", |control| {
        let asked = asked_for(control, "/logonusers");
        asked.iter().any(|request| request.status.is_some())
    });
    // Once this is loaded, the fault has been handled.
    engine.load(&machine);
    machine
}

/// A pause requested for a panel also delays the list; bytes of other responses do not count for it.
#[test]
fn list_delayed_by_a_pause_is_not_called_slow() {
    let (simulator, _folder, mut engine) = signed_in();
    let machine = throttled_panel(&mut engine, "status:429:300");
    let before = readings_of(&simulator);
    engine.send(Command::RefreshMachines);
    engine.until("the start", |s| s.inventory.loading);
    engine.load(&machine);
    engine.until("the reason of the delay", |s| s.inventory.slow.is_some());
    let why = engine.state.inventory.slow;
    assert!(matches!(why, Some(PageDelay::Paused { .. })), "{why:?}");
    assert_eq!(readings_of(&simulator), before);
}

/// Otherwise each page of the list would wait for another pause.
#[test]
fn list_is_read_before_failed_reads_are_retried() {
    for what in ["status:503:3", "status:429:3"] {
        let (_simulator, _folder, mut engine) = signed_in();
        throttled_panel(&mut engine, what);
        let since = engine.control.requests().len();
        engine.refresh();
        let read = |s: &State| s.containments.read_at();
        let before = read(&engine.state);
        engine.until("the actions", |s| read(s) > before);
        let requests = engine.control.requests();
        let paths = requests[since..].iter().map(|request| &*request.path);
        let paths: Vec<_> = paths.map(|path| path.rsplit('/').next()).collect();
        let list = ["machines", "machineactions", "machineactions"].map(Some);
        assert_eq!(paths[..3], list, "{what}: {paths:?}");
    }
}

/// Automatic, and the selection stays.
#[test]
fn the_list_refreshes_itself_while_signed_in() {
    let (simulator, folder) = place();
    let (policy, store) = (Policy::default(), TokenStore::memory());
    let (mut setup, journal) = common::setup(&simulator, folder.path(), &policy, store, SPEED);
    setup.refresh_every = Duration::from_millis(100);
    let mut engine = Engine::start_prepared(&simulator, (setup, journal));
    assert_eq!(readings_of(&simulator), 0, "not signed in");
    engine.sign_in();
    let first = engine.state.inventory.read_at;
    engine.until("another reading, and one more", |s| {
        s.inventory.read_at > first && readings_of(&simulator) >= 3
    });
    // A failed reading is retried at the next interval, and the last list stays.
    let known = engine.state.inventory.all().len();
    engine.inject("machines", "forbidden", 1);
    engine.until("a reading that failed", |s| s.inventory.failure.is_some());
    engine.until("the next one", |s| {
        s.inventory.failure.is_none() && !s.inventory.loading
    });
    assert_eq!(engine.state.inventory.all().len(), known);
}

fn readings_of(simulator: &Simulator) -> usize {
    asked_for(&simulator.control(), "/api/machines").len()
}
