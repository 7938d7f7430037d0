//! The settings screen, what it saves, and when that takes effect.

use std::path::Path;
use std::sync::Arc;

use cordon::action::ActionKind;
use cordon::app::Notifier;
use cordon::guard::Policy;
use cordon::journal::{NotSentReason, OrderStatus};
use cordon::message::Command;
use cordon::model::Mode;
use cordon::settings::{FILE_NAME, RuleChange, RuleKey};
use cordon::state::State;
use cordon::worker::{Setup, WorkerHandle};
use egui::Key;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::common::{Console, Engine, endpoints, place, posts, setup_at, signed_in};

fn open_settings(console: &mut Console) {
    console.press_command(Key::Comma);
    console.step_until("the screen", |c| {
        c.shows("Protected devices") && c.shows("Comment templates")
    });
}

fn cannot_save(console: &Console) -> Option<String> {
    let save = console.harness.get_by_label("Save");
    let save = save.accesskit_node();
    save.is_disabled()
        .then(|| save.description().unwrap_or_default())
}

fn on_disk(folder: &Path) -> String {
    std::fs::read_to_string(folder.join(FILE_NAME)).expect("a settings file")
}

#[test]
fn saved_name_is_protected_at_once_and_a_wrong_range_is_not_saved() {
    let (simulator, folder) = place();
    std::fs::write(folder.path().join(FILE_NAME), "# Ours.\n").expect("written");
    let policy = Policy::default();
    let mut console = Console::open(&simulator, folder.path(), &policy);
    console.sign_in();
    open_settings(&mut console);
    assert_eq!(
        cannot_save(&console).as_deref(),
        Some("Nothing has changed")
    );
    console.fill("Address ranges", "10.8/40");
    let why = "Line 1: “10.8/40” is not an address range, such as 10.8.0.0/16";
    console.until_shows(why);
    assert_eq!(
        cannot_save(&console),
        Some(format!("Address ranges: {why}"))
    );
    console.fill("Address ranges", "10.8.0.0/16");
    console.fill("Protected names", "ENG-LT-0*\nENG-TL-0*");
    console.step_until("a slip", |c| {
        c.shows("“ENG-TL-0*” matches no device in the list") && c.shows_part("“ENG-LT-0*” matches ")
    });
    console.fill("Protected names", "ENG-LT-0*");
    // Typed text stays while another page is open.
    console.click("Back to the list");
    console.step_until("the list", |c| !c.shows("Protected devices"));
    open_settings(&mut console);
    console.until_shows("Not saved yet");
    console.click("Save");
    console.step_until("the new rules", |c| c.state().settings.saves == 1);
    console.until_shows("Saved and in effect");
    let text = on_disk(folder.path());
    assert_eq!(
        text,
        "# Ours.\n\n[policy]\nprotected_names = [\"ENG-LT-0*\"]\nvpn_ranges = [\"10.8.0.0/16\"]\n"
    );

    console.click("Back to the list");
    let machine = console.open_device("ENG-LT-030");
    console.step_until("its marks in list and panel", |c| {
        c.shows("protected") && c.shows("Protected: its name matches “ENG-LT-0*”")
    });
    console.click("Isolate…");
    console.fill("Comment", "alert 1234");
    console
        .until_shows_part("Your organisation protects this device: its name matches “ENG-LT-0*”");
    console.fill("Type the name of the protected device", "eng-lt-030");
    console.confirm(&format!("Isolate {}", machine.quoted()));
    console.step_until("the request", |c| posts(&c.control).len() == 1);
}

#[test]
fn damaged_file_is_named_and_not_overwritten_and_the_previous_rules_stay_in_force() {
    let (simulator, folder) = place();
    let policy = Policy {
        protected_tags: vec!["tier0".into()],
        ..Policy::default()
    };
    let mut console = Console::open(&simulator, folder.path(), &policy);
    console.sign_in();
    std::fs::write(folder.path().join(FILE_NAME), "[policy").expect("written");
    open_settings(&mut console);
    console.until_shows("The settings file cannot be read");
    console.fill("Protected names", "DC01");
    let why = cannot_save(&console).expect("blocked");
    assert!(why.contains(FILE_NAME) && why.contains("line 1"), "{why}");
    let held = &console.state().policy;
    assert_eq!(held.protected_tags, policy.protected_tags);
    assert!(
        held.unread.is_some(),
        "and that they could not be read is known"
    );
    assert_eq!(on_disk(folder.path()), "[policy");
    // Repaired and opened again: the typed text is still there.
    std::fs::write(folder.path().join(FILE_NAME), "[policy]\n").expect("written");
    open_settings(&mut console);
    console.step_until("the repaired file", |c| cannot_save(c).is_none());
    console.click("Save");
    console.step_until("the new rules", |c| c.state().settings.saves == 1);
    assert!(on_disk(folder.path()).contains("DC01"));
}

/// On Windows no path to another computer leads to this one.
#[cfg(unix)]
#[test]
fn rules_on_another_computer_need_confirmation_once_and_are_not_read_before() {
    let (simulator, folder) = place();
    let team = folder.path().join("team.toml");
    std::fs::write(&team, "[policy]\nprotected_names = [\"ENG-LT-0*\"]\n").expect("written");
    // Written as a path to another computer; here it leads to this one.
    let settings = format!("[policy]\nshared_file = '/{}'\n", team.display());
    std::fs::write(folder.path().join(FILE_NAME), settings).expect("written");
    let host = cordon::settings::network_host(&format!("/{}", team.display())).expect("a host");
    let policy = Policy::default();
    let mut console = Console::open(&simulator, folder.path(), &policy);
    console.sign_in();
    let question = format!("Read your organisation's rules from the computer “{host}”?");
    console.until_shows(&question);
    assert!(console.state().settings.shared.is_none());
    console.click(&format!("Read from {host}"));
    console.step_until("its end", |c| !c.shows(&question));
    console.step_until("the rules", |c| {
        c.state().policy.protected_names.len() == 1 && c.state().policy.unread.is_none()
    });
    drop(console);
    // The next run does not ask again.
    let mut console = Console::open(&simulator, folder.path(), &policy);
    console.step_until("the rules", |c| c.state().settings.shared.is_some());
    assert!(!console.shows(&question));
}

fn change(key: RuleKey, from: &str, to: &str) -> RuleChange {
    RuleChange {
        key,
        from: from.to_owned(),
        to: to.to_owned(),
    }
}

#[test]
fn an_approval_is_judged_by_the_rules_in_force_when_it_is_submitted() {
    let (_simulator, folder, mut engine) = signed_in();
    let machine = engine.loaded("ENG-LT-030");
    let draft = Engine::draft(ActionKind::Isolate, &machine);
    let approval = engine.approve(&draft).expect("nothing blocks it");
    let change = change(RuleKey::ProtectedNames, "", "ENG-LT-030");
    engine.send(Command::SaveSettings(vec![change]));
    engine.until("the new rules", |s| s.settings.saves == 1);
    assert!(on_disk(folder.path()).contains("ENG-LT-030"));
    engine.send(Command::Submit(vec![approval]));
    let end = engine.until_end(draft.entry);
    assert!(
        matches!(&end, OrderStatus::NotSent { why, .. } if *why == NotSentReason::Blocked),
        "{end:?}"
    );
    assert!(posts(&engine.control).is_empty());
    assert!(engine.approve(&draft).is_err(), "the form says the same");
}

#[test]
fn saved_settings_take_effect_in_the_demo_without_being_written() {
    let (simulator, folder) = place();
    let policy = Policy {
        read_only: true,
        ..Policy::default()
    };
    let state = State::new(Mode::Demo, "Demo", policy.clone());
    let setup = Setup {
        memory: None,
        policy,
        ..setup_at(endpoints(&simulator), Mode::Demo, folder.path())
    };
    let mut engine = Engine {
        state,
        control: simulator.control(),
        journal: setup.journal.clone(),
        worker: WorkerHandle::spawn(setup).expect("the worker starts"),
    };
    engine.until("the templates", |s| {
        s.settings.written.entries(RuleKey::Templates).count() == 2
    });
    let change = change(RuleKey::ProtectedTags, "", "tier0");
    engine.send(Command::SaveSettings(vec![change]));
    engine.until("the new rules", |s| s.settings.saves == 1);
    assert_eq!(&*engine.state.policy.protected_tags[0], "tier0");
    assert!(engine.state.policy.read_only, "the rules from the start");
    let templates = engine.state.settings.written.entries(RuleKey::Templates);
    assert_eq!(templates.count(), 2, "unchanged ones stay");
    assert_eq!(engine.state.settings.file, None);
    assert!(!folder.path().join(FILE_NAME).exists());
}

#[test]
fn notifications_are_switched_off_at_once_and_stay_off_in_the_next_run() {
    let (simulator, folder) = place();
    let policy = Policy::default();
    let with_notifier = || {
        let mut console = Console::open(&simulator, folder.path(), &policy);
        let notifier = Notifier::start(Mode::StandIn, Arc::default());
        console.harness.state_mut().notify_through(notifier.clone());
        (console, notifier)
    };
    let (mut console, notifier) = with_notifier();
    console.sign_in();
    open_settings(&mut console);
    assert!(notifier.is_enabled());
    let wanted = "Notify me when an action ends while cordon is not in front";
    console.click(wanted);
    console.until_shows("Not saved yet");
    assert!(notifier.is_enabled(), "not before it is saved");
    console.click(wanted);
    console.step_until("no change", |c| !c.shows("Not saved yet"));
    console.click(wanted);
    console.click("Save");
    console.step_until("the new setting", |c| c.state().settings.saves == 1);
    console.harness.step();
    assert!(!notifier.is_enabled());
    let text = "[desktop]\nnotifications = false\n";
    assert_eq!(on_disk(folder.path()), text);
    drop(console);
    let (mut console, notifier) = with_notifier();
    console.step_until("the settings", |_| !notifier.is_enabled());
}
