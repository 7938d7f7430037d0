//! Everything an analyst can invoke by name, with menu words and keys. Action keys come from the catalogue;
//! navigation keys (arrows, Enter, Esc) are handled in each view.

mod availability;
mod keys;
mod way_back;

pub use availability::{
    act_availability, acting_trouble, is_for_some, journal_trouble, open_device, package_of_open,
    package_trouble, plan_availability, sign_in_methods, why_not_acknowledge,
};
pub use keys::take_keys;
pub use way_back::{changing, why_nothing};

use std::sync::LazyLock;

use egui::{Context, Key, KeyboardShortcut, Modifiers};
use strum::{EnumIter, IntoEnumIterator as _};

use crate::action::ActionKind;

/// A command by name, in palette order (there, disabled ones come last).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter)]
pub enum UiCommand {
    OpenPalette,
    FindMachine,
    Refresh,
    PollNow,
    ShowDevices,
    ShowContained,
    ShowActivity,
    ShowJournal,
    ShowIncident,
    CopyHandOver,
    VerifyJournal,
    /// Opens the form that releases devices isolated or contained by this account.
    ReleaseMine,
    /// Opens the form that lifts this account's restrictions.
    UnrestrictMine,
    /// Compares the records that share the name of the device in the panel.
    Compare,
    /// Moves to the timeline of the device in the panel.
    ShowTimeline,
    /// Asks for the folder of the newest package collected from the device in the panel.
    DownloadPackage,
    ShowSettings,
    /// Asks for confirmation before the data on this computer is deleted.
    DeleteLocalData,
    SignIn,
    SignInWithBrowser,
    CancelSignIn,
    RenewSignIn,
    AcceptAccount,
    SignOut,
    ShowAccount,
    SwitchProfile,
    TryKeyringAgain,
    SwitchTheme,
    ShowKeys,
    ShowAbout,
    /// Opens the exercises of the demo.
    Drill,
    /// Opens the form of an action on the device in the panel.
    #[strum(disabled)]
    Act(ActionKind),
    /// Opens the form of an action on the selected devices.
    #[strum(disabled)]
    ActOnSelection(ActionKind),
    /// Opens the form of a plan on the device in the panel.
    #[strum(disabled)]
    Plan,
    /// Opens the form of a plan on the selected devices.
    #[strum(disabled)]
    PlanOnSelection,
}

/// Title, help and keys of a command.
pub struct CommandSpec {
    pub title: &'static str,
    pub help: &'static str,
    pub keys: Vec<KeyboardShortcut>,
}

const fn spec(title: &'static str, help: &'static str) -> CommandSpec {
    let keys = Vec::new();
    CommandSpec { title, help, keys }
}

fn keyed(title: &'static str, help: &'static str, keys: &[(Modifiers, Key)]) -> CommandSpec {
    let keys = keys
        .iter()
        .map(|(held, key)| KeyboardShortcut::new(*held, *key));
    CommandSpec {
        keys: keys.collect(),
        ..spec(title, help)
    }
}

const BARE: Modifiers = Modifiers::NONE;
const COMMAND: Modifiers = Modifiers::COMMAND;
const COMMAND_SHIFT: Modifiers = Modifiers {
    shift: true,
    ..COMMAND
};

impl UiCommand {
    /// Every command, including one `Act` and one `ActOnSelection` for each kind of action.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::iter()
            .chain(ActionKind::ALL.iter().copied().map(Self::Act))
            .chain([Self::Plan])
            .chain(
                (ActionKind::ALL.iter().copied())
                    // A tenant-wide action is not for one device.
                    .filter(|kind| !kind.is_tenant_wide())
                    .map(Self::ActOnSelection),
            )
            .chain([Self::PlanOnSelection])
    }

    /// Its title, with an ellipsis if it asks first.
    #[must_use]
    pub fn label(self) -> String {
        let ellipsis = if self.asks_first() { "…" } else { "" };
        format!("{}{ellipsis}", self.spec().title)
    }

    /// Its keys as labelled on a keyboard.
    #[must_use]
    pub fn key_words(self, ctx: &Context) -> String {
        let keys = self.spec().keys.into_iter().map(|keys| {
            // A bare key by its symbol: people look for “/”, not for its name.
            if keys.modifiers.is_none() {
                keys.logical_key.symbol_or_name().to_owned()
            } else {
                ctx.format_shortcut(&keys)
            }
        });
        keys.collect::<Vec<_>>().join(" or ")
    }

    /// Whether it opens a form or a question, and does nothing until that is answered.
    #[must_use]
    pub const fn asks_first(self) -> bool {
        matches!(
            self,
            Self::Act(_)
                | Self::ActOnSelection(_)
                | Self::Plan
                | Self::PlanOnSelection
                | Self::Drill
                | Self::ReleaseMine
                | Self::UnrestrictMine
                | Self::DownloadPackage
                | Self::SignOut
                | Self::DeleteLocalData
        )
    }

    /// Whether it applies to the device in the panel.
    #[must_use]
    pub const fn is_for_open(self) -> bool {
        matches!(
            self,
            Self::Act(_) | Self::Plan | Self::Compare | Self::ShowTimeline | Self::DownloadPackage
        )
    }

    /// Its title, help and keys.
    #[must_use]
    #[expect(
        clippy::too_many_lines,
        reason = "a list of cases reads best in one piece"
    )]
    pub fn spec(self) -> CommandSpec {
        match self {
            Self::OpenPalette => keyed(
                "Command palette",
                "Finds devices, actions, pages and settings by a few letters",
                &[(COMMAND, Key::K)],
            ),
            Self::FindMachine => keyed(
                "Search devices",
                "Puts the cursor in the search field",
                &[(BARE, Key::Slash), (COMMAND, Key::F)],
            ),
            Self::Refresh => keyed(
                "Refresh",
                "Reads the list of devices again",
                &[(BARE, Key::F5), (COMMAND, Key::R)],
            ),
            Self::PollNow => keyed(
                "Check now",
                "Checks all pending actions",
                &[(COMMAND, Key::L)],
            ),
            Self::ShowDevices => spec("Devices", "The list of devices"),
            Self::ShowContained => keyed(
                "Contained now",
                "Every device that is isolated, contained or restricted, by anyone",
                &[(BARE, Key::F6)],
            ),
            Self::ShowActivity => keyed(
                "Activity",
                "Moves the keyboard focus to the first entry: what needs attention, if anything does",
                &[(BARE, Key::F8)],
            ),
            Self::ShowJournal => keyed(
                "Journal",
                "Every order from this computer, and what became of it",
                &[(BARE, Key::F7)],
            ),
            Self::ShowIncident => keyed(
                "Incident",
                "All that carries one ticket: that of the open device, else of the search, else the last one",
                &[(BARE, Key::F9)],
            ),
            Self::VerifyJournal => spec(
                "Verify the journal",
                "Checks whether a record was changed or is missing",
            ),
            Self::CopyHandOver => keyed(
                "Copy hand-over",
                "Copies the last 12 hours, or the time chosen in the journal, and whatever is still contained or pending",
                &[(COMMAND_SHIFT, Key::H)],
            ),
            Self::ReleaseMine => keyed(
                "Release what you isolated",
                "Opens the form for every device that you isolated or contained",
                &[(COMMAND_SHIFT, Key::R)],
            ),
            Self::UnrestrictMine => spec(
                "Unrestrict what you restricted",
                "Opens the form for every device that you restricted",
            ),
            Self::Compare => keyed(
                "Compare records with this name",
                "Shows the open device and its twins side by side",
                &[(COMMAND, Key::D)],
            ),
            Self::ShowTimeline => spec(
                "Timeline",
                "What happened on the open device: actions, alerts, log-ons and orders by their time",
            ),
            Self::DownloadPackage => spec(
                "Download investigation package",
                "Fetches the newest package that was collected from the open device",
            ),
            Self::ShowSettings => keyed(
                "Settings",
                "Protected devices, VPN ranges, limits, this computer, comment templates",
                &[(COMMAND, Key::Comma)],
            ),
            Self::DeleteLocalData => spec(
                "Delete local data",
                "Removes the saved sign-in, the kept lists of devices and who signed in last; the journal and the settings stay",
            ),
            Self::SignIn => spec(
                "Sign in with a code",
                "Asks for a code to enter in a browser",
            ),
            Self::SignInWithBrowser => spec(
                "Sign in with the browser",
                "Opens the sign-in page in the browser of this computer",
            ),
            Self::CancelSignIn => spec("Cancel sign-in", "Cancels the sign-in in progress"),
            Self::RenewSignIn => spec(
                "Renew the sign-in",
                "Tries at once to renew the saved sign-in",
            ),
            Self::AcceptAccount => spec(
                "Continue with this account",
                "Accepts that a different account has signed in",
            ),
            Self::ShowAccount => spec("Account", "Who is signed in, and what that allows"),
            Self::SwitchProfile => spec("Profiles", "Another tenant, or the settings of this one"),
            Self::SignOut => spec("Sign out", "Removes the saved sign-in from this computer"),
            Self::TryKeyringAgain => spec(
                "Try again to save the sign-in",
                "Looks for the keyring again",
            ),
            Self::SwitchTheme => keyed(
                "Switch theme",
                "Light, dark, or as the system",
                &[(COMMAND_SHIFT, Key::L)],
            ),
            Self::ShowKeys => keyed(
                "Show keys",
                "Lists the keys and what they do",
                &[(BARE, Key::Questionmark), (BARE, Key::F1)],
            ),
            Self::ShowAbout => spec(
                "About cordon",
                "Version, licences, and where your data is stored",
            ),
            Self::Act(kind) => CommandSpec {
                keys: key_of(kind).into_iter().collect(),
                ..spec(kind.spec().title, kind.spec().consequence)
            },
            Self::ActOnSelection(kind) => spec(title_for_selection(kind), kind.spec().consequence),
            Self::Drill => spec(
                "Drill",
                "A timed exercise on the built-in tenant, with a score",
            ),
            Self::Plan => spec("Run a plan", PLAN_HELP),
            Self::PlanOnSelection => spec("Run a plan on selected devices", PLAN_HELP),
        }
    }
}

/// Explanation of plans.
pub const PLAN_HELP: &str =
    "Several actions in one order: one form, one review, one confirmation, such as for ransomware";

fn title_for_selection(kind: ActionKind) -> &'static str {
    static TITLES: LazyLock<Box<[String]>> = LazyLock::new(|| {
        let verbs = ActionKind::ALL.iter().map(|kind| kind.spec().verb);
        verbs
            .map(|verb| format!("{verb} selected devices"))
            .collect()
    });
    &TITLES[kind as usize]
}

/// The key only opens the form; it sends nothing.
fn key_of(kind: ActionKind) -> Option<KeyboardShortcut> {
    let shortcut = kind.spec().shortcut?;
    let held = if shortcut.shift {
        COMMAND_SHIFT
    } else {
        COMMAND
    };
    let key = Key::from_name(&shortcut.letter.to_string())?;
    Some(KeyboardShortcut::new(held, key))
}

#[cfg(test)]
mod tests;
