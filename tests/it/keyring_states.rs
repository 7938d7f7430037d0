//! The keyring in each condition, at each moment of access: what is shown, whether a sign-in is stored, and
//! whether a pending sign-out survives.

pub mod store;

use cordon::guard::Policy;
use cordon::message::Command;
use cordon::model::{KeyringState, SessionStatus};
use cordon::simulator::Simulator;
use cordon::state::State;
use tempfile::TempDir;

use crate::common::{Engine, item_of, tenant, token_requests, wait_for};
use Condition::{Absent, Doubled, Hangs, Locked, ReadOnly, Works};
use Moment::{Renewal, SignIn, SignOut, Start, StartAfterSignOut};
use store::{Condition, Keyring};

/// When the keyring is accessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// A start with a saved sign-in.
    Start,
    /// Saving after a sign-in.
    SignIn,
    /// Saving after a renewal, with its new refresh token.
    Renewal,
    SignOut,
    /// A start after a sign-out that a locked keyring did not store.
    StartAfterSignOut,
}

/// Session, keyring and failure as shown, the stored sign-in, and whether its removal is pending.
type Seen = (&'static str, &'static str, &'static str, Kept, Owed);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Nothing,
    /// The one stored before the moment.
    Before,
    /// The one that came with it.
    New,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owed {
    No,
    Removal,
}

use Kept::{Before, New, Nothing};
use Owed::{No, Removal};

const LOCKED: &str = "The keyring is locked";
const SILENT: &str = "The keyring does not answer";
const ABSENT: &str = "No keyring is available";
const REFUSED: &str = "The keyring did not accept the sign-in";
/// Part of the message about a sign-in that could not be removed.
const LEFT: &str = "still in the keyring";
const TWICE: &str = "several sign-ins under one name";

/// The result of each condition at each moment, and the result once the keyring works again: by itself
/// where it hung, otherwise after *Try again*.
#[rustfmt::skip]
const TABLE: [(Moment, Condition, Seen, Seen); 30] = [
    (Start, Works,     ("signed in", "saved", "", New, No),            ("signed in", "saved", "", New, No)),
    (Start, Locked,    ("signed out", LOCKED, "", Before, No),         ("signed in", "saved", "", New, No)),
    (Start, Hangs,     ("starting", "checking", "", Before, No),       ("signed in", "saved", "", New, No)),
    (Start, Absent,    ("signed out", ABSENT, "", Before, No),         ("signed in", "saved", "", New, No)),
    (Start, Doubled,   ("signed out", "checking", TWICE, Nothing, No), ("signed out", "checking", TWICE, Nothing, No)),
    (Start, ReadOnly,  ("signed in", REFUSED, "", Before, No),         ("signed in", "saved", "", New, No)),

    (SignIn, Works,    ("signed in", "saved", "", New, No),            ("signed in", "saved", "", New, No)),
    (SignIn, Locked,   ("signed in", LOCKED, "", Nothing, No),         ("signed in", "saved", "", New, No)),
    (SignIn, Hangs,    ("signed in", SILENT, "", Nothing, No),         ("signed in", "saved", "", New, No)),
    (SignIn, Absent,   ("signed in", ABSENT, "", Nothing, No),         ("signed in", "saved", "", New, No)),
    (SignIn, Doubled,  ("signed in", "saved", "", New, No),            ("signed in", "saved", "", New, No)),
    (SignIn, ReadOnly, ("signed in", REFUSED, "", Nothing, No),        ("signed in", "saved", "", New, No)),

    (Renewal, Works,    ("signed in", "saved", "", New, No),           ("signed in", "saved", "", New, No)),
    (Renewal, Locked,   ("signed in", LOCKED, "", Before, No),         ("signed in", "saved", "", New, No)),
    (Renewal, Hangs,    ("signed in", SILENT, "", Before, No),         ("signed in", "saved", "", New, No)),
    (Renewal, Absent,   ("signed in", ABSENT, "", Before, No),         ("signed in", "saved", "", New, No)),
    (Renewal, Doubled,  ("signed in", "saved", "", New, No),           ("signed in", "saved", "", New, No)),
    (Renewal, ReadOnly, ("signed in", REFUSED, "", Before, No),        ("signed in", "saved", "", New, No)),

    (SignOut, Works,    ("signed out", "empty", "", Nothing, No),   ("signed out", "empty", "", Nothing, No)),
    (SignOut, Locked,   ("signed out", LOCKED, LEFT, Before, Removal), ("signed out", "empty", "", Nothing, No)),
    (SignOut, Hangs,    ("signed out", "saved", LEFT, Before, Removal), ("signed out", "empty", "", Nothing, No)),
    (SignOut, Absent,   ("signed out", ABSENT, LEFT, Before, Removal), ("signed out", "empty", "", Nothing, No)),
    (SignOut, Doubled,  ("signed out", "empty", "", Nothing, No),   ("signed out", "empty", "", Nothing, No)),
    (SignOut, ReadOnly, ("signed out", REFUSED, LEFT, Before, Removal), ("signed out", "empty", "", Nothing, No)),

    (StartAfterSignOut, Works,    ("signed out", "empty", "", Nothing, No),   ("signed out", "empty", "", Nothing, No)),
    (StartAfterSignOut, Locked,   ("signed out", LOCKED, LEFT, Before, Removal), ("signed out", "empty", "", Nothing, No)),
    (StartAfterSignOut, Hangs,    ("signed out", "checking", LEFT, Before, Removal), ("signed out", "empty", "", Nothing, No)),
    (StartAfterSignOut, Absent,   ("signed out", ABSENT, LEFT, Before, Removal), ("signed out", "empty", "", Nothing, No)),
    (StartAfterSignOut, Doubled,  ("signed out", "empty", "", Nothing, No),   ("signed out", "empty", "", Nothing, No)),
    (StartAfterSignOut, ReadOnly, ("signed out", REFUSED, LEFT, Before, Removal), ("signed out", "empty", "", Nothing, No)),
];

const JANE: &str = "c0a7f5e2-6b1d-4d8e-9a34-2f61b7c0d915";

/// A tenant, a folder and a keyring that outlive the consoles.
struct Home {
    simulator: Simulator,
    folder: TempDir,
    keyring: Keyring,
    item: String,
}

impl Home {
    fn new() -> Self {
        let simulator = tenant();
        let item = item_of(&simulator, Some(JANE));
        Self {
            simulator,
            folder: tempfile::tempdir().expect("a folder"),
            keyring: Keyring::new(),
            item,
        }
    }

    fn start(&self) -> Engine {
        let (folder, store) = (self.folder.path(), self.keyring.store());
        Engine::start_with(&self.simulator, folder, &Policy::default(), store)
    }

    fn set(&self, condition: Condition) {
        self.keyring.set(condition, &self.item);
    }

    fn owed(&self) -> Owed {
        let path = self.folder.path().join("accounts.json");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let mut places = json["places"].as_object().into_iter().flatten();
        let is_owed =
            places.any(|(_, place)| place["owed"].as_array().is_some_and(|o| !o.is_empty()));
        if is_owed { Removal } else { No }
    }

    /// A signed-in console whose sign-in is saved.
    fn signed_in(&self) -> Engine {
        let mut engine = self.start();
        engine.sign_in();
        engine.until_saved();
        self.remembers();
        engine
    }

    /// Waits until the last account is on disk; without it the next start does not sign in.
    fn remembers(&self) {
        wait_for("the last account of the folder", || {
            self.folder.path().join("accounts.json").exists()
        });
    }

    /// Brings a console to the moment with the keyring in this condition. Returns it with the sign-in
    /// stored before.
    fn at(&self, moment: Moment, condition: Condition) -> (Engine, Option<Vec<u8>>) {
        match moment {
            Start => {
                drop(self.signed_in());
                let before = self.kept();
                self.set(condition);
                (self.start(), before)
            }
            SignIn => {
                let mut engine = self.start();
                engine.until("the start", |s| s.session == SessionStatus::SignedOut);
                self.set(condition);
                engine.sign_in();
                self.remembers();
                (engine, None)
            }
            Renewal => {
                let mut engine = self.signed_in();
                let before = self.kept();
                self.set(condition);
                self.simulator.control().expire_access_tokens();
                engine.state.inventory.read_at = None;
                engine.send(Command::RefreshMachines);
                engine.until("the list", |s| s.inventory.read_at.is_some());
                (engine, before)
            }
            SignOut => {
                let engine = self.signed_in();
                let before = self.kept();
                self.set(condition);
                engine.send(Command::SignOut);
                (engine, before)
            }
            StartAfterSignOut => {
                let mut engine = self.signed_in();
                let before = self.kept();
                self.set(Locked);
                engine.send(Command::SignOut);
                engine.until("the failure", |s| s.sign_in_failure.is_some());
                drop(engine);
                self.set(condition);
                (self.start(), before)
            }
        }
    }

    fn kept(&self) -> Option<Vec<u8>> {
        self.keyring.kept(&self.item)
    }

    /// Waits until everything is as expected.
    fn expect(&self, engine: &mut Engine, before: Option<&Vec<u8>>, what: &str, seen: Seen) {
        let (session, keyring, failure, kept, owed) = seen;
        engine.until(&format!("{what}: {seen:?}"), |s| {
            let said = s.sign_in_failure.as_ref().map_or("", |f| &f.headline);
            let fits = failure.is_empty() == said.is_empty() && said.contains(failure);
            fits && session_of(s) == session && keyring_of(s) == keyring
        });
        wait_for(&format!("{what}: {kept:?} in the keyring"), || {
            let present = self.kept();
            let found = match &present {
                None => Nothing,
                Some(_) if present.as_ref() == before => Before,
                Some(_) => New,
            };
            found == kept
        });
        wait_for(&format!("{what}: {owed:?} owed"), || self.owed() == owed);
    }
}

fn session_of(state: &State) -> &'static str {
    if state.session == SessionStatus::Restoring {
        "starting"
    } else if state.session == SessionStatus::SignedOut {
        "signed out"
    } else if state.session.is_signed_in() {
        "signed in"
    } else {
        "on the way"
    }
}

fn keyring_of(state: &State) -> &str {
    match &state.keyring {
        KeyringState::Saved => "saved",
        KeyringState::Checking => "checking",
        KeyringState::Empty => "empty",
        KeyringState::MemoryOnly => "none",
        KeyringState::NotSaved { reason, .. } => reason,
    }
}

fn walk(condition: Condition) {
    for (moment, _, seen, then) in TABLE.into_iter().filter(|row| row.1 == condition) {
        let what = format!("{moment:?} with {condition:?}");
        let home = Home::new();
        let (mut engine, before) = home.at(moment, condition);
        home.expect(&mut engine, before.as_ref(), &what, seen);
        let is_signed_out = matches!(moment, SignOut | StartAfterSignOut);
        let asked = token_requests(&home.simulator.control());
        home.set(Works);
        if condition != Hangs {
            engine.send(Command::TryKeyringAgain);
        }
        home.expect(&mut engine, before.as_ref(), &format!("{what}, then"), then);
        drop(engine);
        // The next start continues from the state of the last one.
        let mut engine = home.start();
        let left = if then.3 == Nothing {
            "signed out"
        } else {
            "signed in"
        };
        engine.until(&format!("{what}, next start"), |s| session_of(s) == left);
        if is_signed_out {
            assert_eq!(
                token_requests(&home.simulator.control()),
                asked,
                "{what}: signed out is signed out"
            );
        }
    }
}

#[test]
fn each_moment_and_condition_has_one_row() {
    let mut rows: Vec<_> = TABLE
        .iter()
        .map(|row| format!("{:?} {:?}", row.0, row.1))
        .collect();
    rows.sort();
    rows.dedup();
    assert_eq!(rows.len(), 5 * 6);
    // In each condition, a sign-in that stays has its removal pending, and is gone in the end.
    for (moment, condition, seen, then) in TABLE {
        if matches!(moment, SignOut | StartAfterSignOut) {
            assert_eq!(seen.3 == Nothing, seen.4 == No, "{moment:?} {condition:?}");
            assert_eq!((then.0, then.3, then.4), ("signed out", Nothing, No));
        }
    }
}

#[test]
fn working_keyring_at_each_moment() {
    walk(Works);
}

#[test]
fn locked_keyring_at_each_moment() {
    walk(Locked);
}

#[test]
fn hanging_keyring_at_each_moment_until_it_answers() {
    walk(Hangs);
}

#[test]
fn absent_keyring_at_each_moment() {
    walk(Absent);
}

#[test]
fn duplicate_sign_in_at_each_moment() {
    walk(Doubled);
}

#[test]
fn read_only_keyring_at_each_moment() {
    walk(ReadOnly);
}
