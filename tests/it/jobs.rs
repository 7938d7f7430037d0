//! Typical jobs, each with the number of keys it takes. Typed or pasted text counts as one key; the reason
//! for the ticket does not count.

use cordon::action::ActionKind;
use cordon::journal::OrderStatus;
use cordon::model::{EVERYWHERE, EntryId, MachineRef};
use cordon::state::WayBack;
use egui::{Event, Key, Modifiers};

use crate::common::{Console, SHA1, machine_named, report};
use crate::file_facts::SHA256;

/// Key limit of every job.
const MAX_KEYS: usize = 6;
/// Key limit of a tenant-wide order, for which a word has to be typed.
const MAX_KEYS_EVERYWHERE: usize = 10;

const SHIFTED: Modifiers = Modifiers {
    shift: true,
    ..Modifiers::COMMAND
};

/// A console, and the keys pressed for the present job.
struct Hands {
    console: Console,
    keys: usize,
}

impl Hands {
    fn at_work() -> Self {
        let mut console = Console::signed_in();
        console.harness.run_steps(3);
        Self { console, keys: 0 }
    }

    fn steps(&mut self, count: usize) {
        self.console.harness.run_steps(count);
    }

    fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.keys += 1;
        self.console.harness.key_press_modifiers(modifiers, key);
        self.steps(4);
    }

    fn paste(&mut self, text: &str) {
        self.keys += 1;
        self.console.harness.event(Event::Paste(text.to_owned()));
        self.steps(4);
    }

    fn types(&mut self, text: &str) {
        self.keys += 1;
        self.reason(text);
    }

    /// Opens the palette and takes the first match of these letters.
    fn palette(&mut self, letters: &str) {
        self.press(Modifiers::COMMAND, Key::K);
        self.types(letters);
        self.press(Modifiers::NONE, Key::Enter);
    }

    /// Typed into the focused field.
    fn reason(&mut self, text: &str) {
        self.console.harness.event(Event::Text(text.to_owned()));
        self.steps(4);
    }

    /// Ctrl+Enter as soon as it works; scrolling to what has to be seen first takes more keys.
    fn confirm(&mut self, entries: usize) {
        let mut waited = 0;
        while self.console.state().entries.len() < entries {
            if self.console.shows_part("Show next (") {
                self.press(Modifiers::NONE, Key::PageDown);
            } else {
                self.console.press_command(Key::Enter);
                self.steps(4);
                waited += 1;
                std::thread::yield_now();
            }
            assert!(waited < 600, "{}", self.console.screen());
        }
        self.keys += 1;
    }

    fn open(&mut self, name: &str) -> MachineRef {
        let machine = self.console.open_device(name);
        self.steps(3);
        machine
    }

    /// By pointer, which does not count.
    fn isolate(&mut self, machine: &MachineRef, comment: &str) -> EntryId {
        self.console.order(ActionKind::Isolate, machine, comment)
    }

    fn has_taken(&mut self, job: &str) {
        self.has_taken_at_most(MAX_KEYS, job);
    }

    fn has_taken_at_most(&mut self, most: usize, job: &str) {
        let keys = std::mem::take(&mut self.keys);
        report(&format!("{job}: {keys} keys"));
        assert!(keys <= most, "{job}: {keys} keys");
    }
}

#[test]
fn a_device_is_contained_from_a_ticket_line() {
    let mut hands = Hands::at_work();
    let id = machine_named(&hands.console.control, "FIN-LT-051");
    hands.press(Modifiers::NONE, Key::Slash);
    hands.paste("INC-4711 High: beacon from FIN-LT-051");
    hands.press(Modifiers::NONE, Key::Enter);
    let shown = id.clone();
    hands
        .console
        .step_until("its facts", |c| c.state().histories.get(&shown).is_some());
    hands.press(Modifiers::COMMAND, Key::I);
    hands.console.until_shows("Comment");
    hands.reason("beacon to a known server");
    hands.confirm(1);
    let entry = hands.console.state().entries[0].clone();
    assert_eq!(entry.order.machine.id, id);
    assert_eq!(entry.order.task.kind(), Some(ActionKind::Isolate));
    assert_eq!(&*entry.order.comment, "INC-4711 beacon to a known server");
    hands.has_taken("contain the device of a ticket line");
}

#[test]
fn twins_are_compared() {
    let mut hands = Hands::at_work();
    hands.press(Modifiers::NONE, Key::Slash);
    hands.types("FIN-LT-042");
    hands.press(Modifiers::NONE, Key::Enter);
    hands.press(Modifiers::NONE, Key::ArrowDown);
    hands.press(Modifiers::COMMAND, Key::D);
    hands.console.assert_shows_part("Records like");
    hands.has_taken("compare twins");
    // By the palette too, which keeps the keyboard focus.
    hands.press(Modifiers::NONE, Key::Escape);
    hands.keys = 0;
    hands.palette("compare");
    hands.steps(4);
    hands.console.assert_shows_part("Records like");
    hands.has_taken("compare the open device with its twins, by the palette");
}

#[test]
fn own_isolation_is_released() {
    let mut hands = Hands::at_work();
    let machine = hands.open("ENG-LT-030");
    let order = hands.isolate(&machine, "alert 1234");
    hands.console.step_until_fast("the isolation", |c| {
        matches!(c.status(order), OrderStatus::Done { .. })
            && WayBack::of(&c.state().contained()).to_release == [machine.clone()]
            && c.state().containments.value.is_some()
    });
    hands.press(SHIFTED, Key::R);
    hands.console.until_shows("Comment");
    hands.reason("reimaged");
    hands.confirm(2);
    let entry = hands.console.state().entries[1].clone();
    assert_eq!(entry.order.task.kind(), Some(ActionKind::Unisolate));
    assert_eq!(entry.order.machine.id, machine.id);
    hands.has_taken("release what I isolated");
}

#[test]
fn hand_over_is_copied_in_the_window() {
    let mut hands = Hands::at_work();
    let machine = hands.open("ENG-LT-030");
    let order = hands.isolate(&machine, "INC-4711 beacon");
    hands.console.step_until_fast("the isolation", |c| {
        matches!(c.status(order), OrderStatus::Done { .. })
    });
    hands.press(SHIFTED, Key::H);
    // The page's own test covers that it reaches the clipboard, and once.
    let copied = "Hand-over copied: 1 entry";
    let console = &mut hands.console;
    console.until_shows(copied);
    let export = console.state().journal_facts.export.as_ref();
    let written = export.and_then(|export| export.as_ref().ok());
    let sheet = written.and_then(|written| written.text.as_deref());
    let sheet = sheet.expect("a copied sheet").to_owned();
    assert!(sheet.starts_with("# Containment hand-over"), "{sheet}");
    assert!(sheet.contains("ENG-LT-030") && sheet.contains("## Contained, still to release (1)"));
    hands.has_taken("copy the hand-over");
}

#[test]
fn a_file_is_quarantined_by_its_hash() {
    let mut hands = Hands::at_work();
    let machine = hands.open("ENG-LT-030");
    hands.press(SHIFTED, Key::Q);
    hands.console.until_shows("Comment");
    hands.paste(&format!("SHA1: {}", SHA1.to_uppercase()));
    hands.reason("INC-4711 dropper");
    hands.confirm(1);
    let entry = hands.console.state().entries[0].clone();
    assert_eq!(
        entry.order.task.kind(),
        Some(ActionKind::StopAndQuarantineFile)
    );
    assert_eq!(entry.order.machine.id, machine.id);
    hands.has_taken("quarantine a file by its hash");
}

#[test]
fn a_sha_256_becomes_the_right_quarantine() {
    let mut hands = Hands::at_work();
    let machine = hands.open("ENG-LT-030");
    hands.press(SHIFTED, Key::Q);
    hands.console.until_shows("Comment");
    hands.paste(&format!("SHA-256: {}", SHA256.to_uppercase()));
    let offer = format!("Use its SHA-1 {SHA1}");
    hands.console.until_shows(&offer);
    hands.press(Modifiers::NONE, Key::Tab);
    hands.press(Modifiers::NONE, Key::Enter);
    // The shortcut's character does not get into the reason.
    hands.console.assert_shows("0/1000");
    hands.reason("INC-4711 dropper");
    hands.confirm(1);
    let entry = hands.console.state().entries[0].clone();
    let kind = Some(ActionKind::StopAndQuarantineFile);
    assert_eq!(
        (entry.order.task.kind(), entry.order.machine.id),
        (kind, machine.id)
    );
    assert_eq!(
        entry.order.task.file().map(ToString::to_string).as_deref(),
        Some(SHA1)
    );
    hands.has_taken("quarantine a file by its SHA-256");
}

#[test]
fn a_sha_256_is_blocked_on_every_device() {
    let mut hands = Hands::at_work();
    hands.palette("block file");
    hands.console.until_shows("Comment");
    hands.paste(&format!("SHA-256: {}", SHA256.to_uppercase()));
    let console = &mut hands.console;
    console.until_shows_part("Malware");
    // With the hash filled in, typed text is the reason.
    hands.reason("INC-4711 dropper");
    hands.paste(EVERYWHERE);
    hands.confirm(1);
    let entry = hands.console.state().entries[0].clone();
    assert_eq!(entry.order.task.kind(), Some(ActionKind::BlockFile));
    assert_eq!(entry.order.task.file_hash(), Some(SHA256));
    assert_eq!(&*entry.order.comment, "INC-4711 dropper");
    hands.has_taken_at_most(MAX_KEYS_EVERYWHERE, "block a file by its SHA-256");
}

#[test]
fn pages_devices_and_the_verdict_on_the_journal_are_a_few_keys_away() {
    let mut hands = Hands::at_work();
    let machine = hands.open("ENG-LT-030");
    hands.isolate(&machine, "INC-4711 beacon");
    hands.press(Modifiers::NONE, Key::F6);
    assert!(hands.console.shows("Contained now"));
    hands.has_taken("see what is contained now");

    hands.palette("finlt051");
    let name = machine_named(&hands.console.control, "FIN-LT-051");
    hands
        .console
        .step_until("its panel", |c| c.state().histories.get(&name).is_some());
    hands.has_taken("open a device by a few letters");

    hands.palette("verify");
    hands.console.step_until("the verdict", |c| {
        c.shows_part("The chain is intact") && c.shows("Copy last hash")
    });
    hands.has_taken("verify the journal");

    hands.palette("eng030");
    hands.press(SHIFTED, Key::I);
    hands.console.until_shows("Comment");
    hands.has_taken("open the release of a device by a few letters");
}

#[test]
fn keys_of_the_page_behind_the_palette_do_nothing() {
    let mut hands = Hands::at_work();
    hands.open("ENG-LT-030");
    hands.press(Modifiers::COMMAND, Key::K);
    for (modifiers, key) in [
        (Modifiers::COMMAND, Key::I),
        (Modifiers::NONE, Key::F6),
        (SHIFTED, Key::L),
        (Modifiers::NONE, Key::Slash),
    ] {
        hands.press(modifiers, key);
        assert!(
            hands.console.shows_part("Nothing is sent from here"),
            "{key:?}"
        );
        assert!(!hands.console.shows("Comment"), "{key:?}");
    }
    hands.press(Modifiers::NONE, Key::Escape);
    assert!(!hands.console.shows_part("Nothing is sent from here"));
    // The key that opens the palette also closes it.
    hands.press(Modifiers::COMMAND, Key::K);
    hands.press(Modifiers::COMMAND, Key::K);
    assert!(!hands.console.shows_part("Nothing is sent from here"));
    assert!(hands.console.state().entries.is_empty());
}
