//! Everything an analyst can invoke by name: the only place with keys or menu words.

use std::sync::LazyLock;

use egui::{Key, KeyboardShortcut, Modifiers};
use jiff::Timestamp;

use super::Outbox;
use super::views::Views;
use crate::action::{ActionKind, Shortcut, Task, Values};
use crate::guard::{self, Severity};
use crate::model::{MachineRef, SessionStatus};
use crate::state::State;

/// A command by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UiCommand {
    FindMachine,
    Refresh,
    LookNow,
    ShowContained,
    ShowSettings,
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
    /// Opens the form of an action on the device in the panel.
    Act(ActionKind),
}

/// What is to be known about a command.
pub struct CommandSpec {
    pub title: &'static str,
    pub help: &'static str,
    pub keys: &'static [KeyboardShortcut],
}

const COMMAND_SHIFT: Modifiers = Modifiers {
    shift: true,
    ..Modifiers::COMMAND
};

const fn keys(modifiers: Modifiers, key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(modifiers, key)
}

impl UiCommand {
    /// Every command, one `Act` for each kind of action.
    pub fn all() -> impl Iterator<Item = Self> {
        [
            Self::FindMachine,
            Self::Refresh,
            Self::LookNow,
            Self::ShowContained,
            Self::ShowSettings,
            Self::SignIn,
            Self::SignInWithBrowser,
            Self::CancelSignIn,
            Self::RenewSignIn,
            Self::AcceptAccount,
            Self::SignOut,
            Self::ShowAccount,
            Self::SwitchProfile,
            Self::TryKeyringAgain,
            Self::SwitchTheme,
            Self::ShowKeys,
        ]
        .into_iter()
        .chain(ActionKind::ALL.iter().copied().map(Self::Act))
    }

    #[must_use]
    pub fn spec(self) -> CommandSpec {
        let (title, help, keys): (_, _, &'static [KeyboardShortcut]) = match self {
            Self::FindMachine => (
                "Search devices",
                "Puts the cursor into the search field",
                const {
                    &[
                        keys(Modifiers::NONE, Key::Slash),
                        keys(Modifiers::COMMAND, Key::F),
                    ]
                },
            ),
            Self::Refresh => (
                "Refresh",
                "Reads the list of devices again",
                const {
                    &[
                        keys(Modifiers::NONE, Key::F5),
                        keys(Modifiers::COMMAND, Key::R),
                    ]
                },
            ),
            Self::LookNow => (
                "Check now",
                "Checks all pending actions",
                const { &[keys(Modifiers::COMMAND, Key::L)] },
            ),
            Self::ShowContained => (
                "Contained now",
                "Every device that is isolated, contained or restricted, by anybody",
                const { &[keys(Modifiers::NONE, Key::F6)] },
            ),
            Self::ShowSettings => (
                "Settings",
                "Protected devices, VPN ranges, limits, this computer, comment templates",
                const { &[keys(Modifiers::COMMAND, Key::Comma)] },
            ),
            Self::SignIn => (
                "Sign in with a code",
                "Asks for a code to enter in a browser",
                &[],
            ),
            Self::SignInWithBrowser => (
                "Sign in with the browser",
                "Opens the sign-in page in the browser of this computer",
                &[],
            ),
            Self::CancelSignIn => ("Cancel sign-in", "Cancels the sign-in in progress", &[]),
            Self::RenewSignIn => (
                "Renew the sign-in",
                "Tries at once to renew the saved sign-in",
                &[],
            ),
            Self::AcceptAccount => (
                "Continue with this account",
                "Accepts that a different account has signed in",
                &[],
            ),
            Self::ShowAccount => ("Account", "Who is signed in, and what that allows", &[]),
            Self::SwitchProfile => (
                "Profiles",
                "Another tenant, or the settings of this one",
                &[],
            ),
            Self::SignOut => (
                "Sign out",
                "Removes the saved sign-in from this computer",
                &[],
            ),
            Self::TryKeyringAgain => (
                "Try again to save the sign-in",
                "Looks for the keyring again",
                &[],
            ),
            Self::SwitchTheme => (
                "Switch theme",
                "Light, dark, or as the system",
                const { &[keys(COMMAND_SHIFT, Key::L)] },
            ),
            Self::ShowKeys => (
                "Show keys",
                "Lists the keys and what they do",
                const {
                    &[
                        keys(Modifiers::NONE, Key::Questionmark),
                        keys(Modifiers::NONE, Key::F1),
                    ]
                },
            ),
            Self::Act(kind) => (kind.spec().title, kind.spec().consequence, act_keys(kind)),
        };
        CommandSpec { title, help, keys }
    }

    /// Whether the command can be invoked now.
    ///
    /// # Errors
    /// Why not.
    pub fn availability(self, state: &State, views: &Views, now: Timestamp) -> Result<(), String> {
        match self {
            // It renews the sign-in first, and then reads the list.
            Self::Refresh if matches!(state.session, SessionStatus::NotRenewed { .. }) => Ok(()),
            Self::RenewSignIn if matches!(state.session, SessionStatus::NotRenewed { .. }) => {
                Ok(())
            }
            Self::RenewSignIn => Err("There is nothing to renew".into()),
            Self::Refresh | Self::LookNow => {
                if state.session.is_signed_in() {
                    Ok(())
                } else {
                    Err("You are not signed in".into())
                }
            }
            // One may take the place of the other: a person whom one door stops tries the next.
            Self::SignIn | Self::SignInWithBrowser => match (self, &state.session) {
                (_, SessionStatus::SignedIn { .. }) => Err("You are signed in".into()),
                (_, SessionStatus::AskingForCode)
                | (Self::SignIn, SessionStatus::WaitingForPerson(_))
                | (Self::SignInWithBrowser, SessionStatus::InBrowser(_)) => {
                    Err("A sign-in is already in progress".into())
                }
                (
                    _,
                    SessionStatus::SignedOut
                    | SessionStatus::Restoring
                    | SessionStatus::Renewing { .. }
                    | SessionStatus::NotRenewed { .. }
                    | SessionStatus::WaitingForPerson(_)
                    | SessionStatus::InBrowser(_)
                    | SessionStatus::DifferentAccount { .. }
                    | SessionStatus::NeedsSignIn { .. },
                ) => Ok(()),
            },
            Self::CancelSignIn => match state.session {
                SessionStatus::AskingForCode
                | SessionStatus::WaitingForPerson(_)
                | SessionStatus::InBrowser(_)
                | SessionStatus::DifferentAccount { .. }
                | SessionStatus::Restoring => Ok(()),
                SessionStatus::SignedIn { .. }
                | SessionStatus::SignedOut
                | SessionStatus::Renewing { .. }
                | SessionStatus::NotRenewed { .. }
                | SessionStatus::NeedsSignIn { .. } => Err("No sign-in is in progress".into()),
            },
            Self::AcceptAccount => match state.session {
                SessionStatus::DifferentAccount { .. } => Ok(()),
                SessionStatus::SignedOut
                | SessionStatus::Restoring
                | SessionStatus::AskingForCode
                | SessionStatus::WaitingForPerson(_)
                | SessionStatus::InBrowser(_)
                | SessionStatus::SignedIn { .. }
                | SessionStatus::Renewing { .. }
                | SessionStatus::NotRenewed { .. }
                | SessionStatus::NeedsSignIn { .. } => {
                    Err("There is no account to be accepted".into())
                }
            },
            Self::ShowAccount | Self::SignOut | Self::ShowContained | Self::ShowSettings => {
                match state.session.account() {
                    Some(_) => Ok(()),
                    None => Err("Nobody is signed in".into()),
                }
            }
            Self::SwitchProfile if state.profile.is_none() => {
                Err("Profiles are not available in the demo or with --stand-in".into())
            }
            Self::SwitchProfile if state.awaits_answer() => {
                Err("A request was sent and is still waiting for its answer".into())
            }
            Self::FindMachine | Self::SwitchTheme | Self::ShowKeys | Self::SwitchProfile => Ok(()),
            Self::TryKeyringAgain => match state.keyring {
                crate::model::KeyringState::NotSaved { .. } => Ok(()),
                crate::model::KeyringState::Checking
                | crate::model::KeyringState::Empty
                | crate::model::KeyringState::Saved
                | crate::model::KeyringState::MemoryOnly => {
                    Err("There is nothing to try again".into())
                }
            },
            // The device on screen, not the ticked ones, which may be out of sight.
            Self::Act(kind) => match &views.selected {
                None => Err("No device is open".into()),
                Some(selected) if views.shown.as_ref() != Some(&selected.id) => {
                    Err("Open the device first".into())
                }
                Some(selected) => act_availability(kind, selected, state, now),
            },
        }
    }
}

/// Ways to the form only: nothing is sent by a key.
fn act_keys(kind: ActionKind) -> &'static [KeyboardShortcut] {
    static KEYS: LazyLock<Box<[Option<KeyboardShortcut>]>> = LazyLock::new(|| {
        let shortcuts = ActionKind::ALL.iter().map(|kind| kind.spec().shortcut);
        shortcuts.map(|shortcut| keys_of(shortcut?)).collect()
    });
    KEYS[kind as usize].as_slice()
}

fn keys_of(shortcut: Shortcut) -> Option<KeyboardShortcut> {
    let modifiers = if shortcut.shift {
        COMMAND_SHIFT
    } else {
        Modifiers::COMMAND
    };
    Key::from_name(&shortcut.letter.to_string()).map(|key| keys(modifiers, key))
}

/// Takes the keys of this frame. Bare keys yield to a focused text field and to an open dialog;
/// shortcuts with more modifiers are matched first.
pub fn take_keys(ctx: &egui::Context, views: &Views, out: &mut Outbox) {
    if views.dialog.is_some() {
        return;
    }
    let typing = ctx.text_edit_focused();
    let mut all: Vec<(KeyboardShortcut, UiCommand)> = UiCommand::all()
        .flat_map(|command| command.spec().keys.iter().map(move |keys| (*keys, command)))
        .collect();
    all.sort_by_key(|(keys, _)| std::cmp::Reverse(modifier_count(keys.modifiers)));
    for (keys, command) in all {
        let bare = keys.modifiers.is_none() && !keys.logical_key.name().starts_with('F');
        if !(bare && typing) && ctx.input_mut(|input| input.consume_shortcut(&keys)) {
            if bare {
                // The key's own letter is not meant for the field that it leads to.
                let letter = keys.logical_key.symbol_or_name();
                ctx.input_mut(|input| {
                    input
                        .events
                        .retain(|e| !matches!(e, egui::Event::Text(text) if text == letter));
                });
            }
            out.commands.push(command);
        }
    }
}

fn modifier_count(modifiers: Modifiers) -> u32 {
    [
        modifiers.alt,
        modifiers.shift,
        modifiers.command || modifiers.ctrl,
    ]
    .map(u32::from)
    .iter()
    .sum()
}

/// Whether this console may act on its journal; it says which one may, where another holds it.
///
/// # Errors
/// Why not.
pub fn journal_trouble(state: &State) -> Result<(), String> {
    match &state.journal {
        Some(Err(explanation)) => {
            let next = explanation.next.words();
            Err(if next.is_empty() {
                explanation.headline.clone()
            } else {
                format!("{}. {next}", explanation.headline)
            })
        }
        Some(Ok(())) | None => Ok(()),
    }
}

/// Whether this console orders anything at all: not one that only looks, because another one holds
/// its journal or because it was started so. Everything that opens a form asks this.
///
/// # Errors
/// Why not, with the console that may.
pub fn acting_trouble(state: &State) -> Result<(), String> {
    journal_trouble(state)?;
    if state.policy.read_only {
        return Err("This console was started read-only".to_owned());
    }
    Ok(())
}

/// Whether an action can be ordered of this machine now.
///
/// # Errors
/// Why not.
pub fn act_availability(
    kind: ActionKind,
    machine: &MachineRef,
    state: &State,
    now: Timestamp,
) -> Result<(), String> {
    acting_trouble(state)?;
    let task = Task::Act {
        kind: kind.suited_to(state.machine(&machine.id).map(AsRef::as_ref)),
        values: Values::default(),
    };
    let findings = state.with_facts(machine, now, |facts| {
        guard::judge(None, &task, machine, facts)
    });
    match findings.into_iter().find(|f| f.severity == Severity::Block) {
        Some(block) => Err(block.text),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::action::Risk;

    #[test]
    fn no_two_commands_share_a_key_on_any_system() {
        let mut taken: HashMap<KeyboardShortcut, UiCommand> = HashMap::new();
        for command in UiCommand::all() {
            for keys in command.spec().keys {
                assert_eq!(taken.insert(*keys, command), None, "{keys:?}");
            }
        }
    }

    /// What egui and eframe do by key on their own.
    fn keys_of_the_toolkit() -> Vec<KeyboardShortcut> {
        use egui::gui_zoom::kb_shortcuts;

        let ctx = egui::Context::default();
        crate::ui::prepare(&ctx);
        let mut taken = ctx.options(|options| options.quit_shortcuts.clone());
        taken.extend([
            kb_shortcuts::ZOOM_IN,
            kb_shortcuts::ZOOM_IN_SECONDARY,
            kb_shortcuts::ZOOM_OUT,
            kb_shortcuts::ZOOM_RESET,
        ]);
        // Clipboard and editing.
        let editing = [Key::C, Key::V, Key::X, Key::A, Key::Z, Key::Y, Key::Enter];
        taken.extend(editing.map(|key| keys(Modifiers::COMMAND, key)));
        taken.push(keys(COMMAND_SHIFT, Key::Z));
        // Ways through the window, and out of a dialog.
        let ways = [Key::Tab, Key::Escape, Key::Enter, Key::Space];
        taken.extend(ways.map(|key| keys(Modifiers::NONE, key)));
        taken.push(keys(Modifiers::SHIFT, Key::Tab));
        taken
    }

    /// Whether pressing `ours` also presses `theirs`, as egui matches keys.
    fn also_presses(ours: KeyboardShortcut, theirs: KeyboardShortcut) -> bool {
        ours.logical_key == theirs.logical_key && ours.modifiers.matches_logically(theirs.modifiers)
    }

    #[test]
    fn no_key_of_a_command_is_one_of_the_toolkit() {
        let toolkit = keys_of_the_toolkit();
        for command in UiCommand::all() {
            for keys in command.spec().keys {
                let mut shadowed = toolkit.iter();
                assert!(
                    !shadowed.any(|theirs| also_presses(*keys, *theirs)),
                    "{command:?}: {keys:?}"
                );
            }
        }
    }

    #[test]
    fn no_key_ends_the_window_by_itself() {
        let ctx = egui::Context::default();
        crate::ui::prepare(&ctx);
        for modifiers in [Modifiers::COMMAND, COMMAND_SHIFT] {
            let press = egui::Event::Key {
                key: Key::Q,
                physical_key: None,
                pressed: true,
                repeat: false,
                modifiers,
            };
            let input = egui::RawInput {
                events: vec![press],
                ..egui::RawInput::default()
            };
            let mut output = ctx.run_ui(input, |_| {});
            output.textures_delta.clear();
            let commands = output
                .viewport_output
                .into_values()
                .flat_map(|v| v.commands);
            let closes: Vec<_> = commands
                .filter(|command| matches!(command, egui::ViewportCommand::Close))
                .collect();
            assert!(closes.is_empty(), "{modifiers:?}");
        }
    }

    #[test]
    fn no_action_that_does_harm_has_a_bare_key() {
        for &kind in ActionKind::ALL {
            assert_eq!(
                kind.spec().shortcut.is_some(),
                !act_keys(kind).is_empty(),
                "{kind:?}: egui does not know the key"
            );
            for keys in UiCommand::Act(kind).spec().keys {
                assert!(
                    kind.spec().risk == Risk::Routine || keys.modifiers.command,
                    "{kind:?}"
                );
            }
        }
    }

    #[test]
    fn every_command_has_a_title_and_help() {
        for command in UiCommand::all() {
            assert!(
                !command.spec().title.is_empty() && !command.spec().help.is_empty(),
                "{command:?}"
            );
        }
    }
}
