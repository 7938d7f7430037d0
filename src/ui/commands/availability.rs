//! Whether a command can be invoked now, and if not, why.

use jiff::Timestamp;

use super::UiCommand;
use super::way_back::{why_nothing, why_nothing_restricted};
use crate::action::{ActionKind, Task, Values};
use crate::guard::{self, Severity};
use crate::journal::{Entry, Unended};
use crate::model::{EntryId, KeyringState, MachineRef, SessionStatus, SignInMethod};
use crate::state::{State, WayBack};
use crate::ui::views::Views;

impl UiCommand {
    /// Checks whether the command can be invoked now.
    ///
    /// # Errors
    /// Why not.
    #[expect(
        clippy::too_many_lines,
        reason = "a list of cases reads best in one piece"
    )]
    pub fn availability(self, state: &State, views: &Views, now: Timestamp) -> Result<(), String> {
        match self {
            // It renews the sign-in before it reads the list.
            Self::Refresh if is_unrenewed(state) => Ok(()),
            Self::Refresh | Self::PollNow => {
                only_if(state.session.is_signed_in(), "You are not signed in")
            }
            Self::RenewSignIn => only_if(is_unrenewed(state), "There is nothing to renew"),
            Self::SignIn | Self::SignInWithBrowser => sign_in_availability(self, &state.session),
            Self::CancelSignIn => only_if(
                state.session.is_signing_in() || state.session == SessionStatus::Restoring,
                "No sign-in is in progress",
            ),
            Self::AcceptAccount => only_if(
                matches!(state.session, SessionStatus::DifferentAccount { .. }),
                "There is no account to accept",
            ),
            Self::ShowActivity if state.entries.is_empty() => Err("Nothing ordered yet".into()),
            Self::ShowAccount
            | Self::SignOut
            | Self::ShowDevices
            | Self::ShowContained
            | Self::ShowActivity
            | Self::ShowJournal
            | Self::ShowIncident
            | Self::ShowSettings => account_trouble(state),
            Self::DeleteLocalData => deletion_availability(state),
            Self::VerifyJournal | Self::CopyHandOver => journal_availability(self, state, views),
            Self::ReleaseMine => release_availability(state, why_nothing),
            Self::UnrestrictMine => release_availability(state, why_nothing_restricted),
            Self::SwitchProfile if state.profile.is_none() => {
                Err("Profiles are not available in the demo or with --stand-in".into())
            }
            Self::SwitchProfile if state.awaits_answer() => {
                Err("A request was sent and is still waiting for its answer".into())
            }
            Self::Compare if state.namesakes(open_device(views)?).is_empty() => {
                Err("No other record in the list has this name".into())
            }
            Self::ShowTimeline => open_device(views).map(drop),
            Self::DownloadPackage => {
                package_of_open(state, views)?;
                package_trouble(state)
            }
            Self::OpenPalette
            | Self::FindMachine
            | Self::SwitchTheme
            | Self::ShowKeys
            | Self::ShowAbout
            | Self::SwitchProfile
            | Self::Compare => Ok(()),
            Self::TryKeyringAgain => only_if(
                matches!(state.keyring, KeyringState::NotSaved { .. }),
                "There is nothing to try again",
            ),
            Self::Act(kind) if kind.is_tenant_wide() => {
                account_trouble(state)?;
                act_availability(kind, &MachineRef::every_device(), state, now)
            }
            // The device in the panel, not the ticked ones, which may be scrolled out of view.
            Self::Act(kind) => act_availability(kind, open_device(views)?, state, now),
            Self::ActOnSelection(kind) => {
                selection_availability(state, views)?;
                let none = "This does not apply to any of the selected devices";
                only_if(is_for_some(state, views, kind), none)
            }
            Self::Plan => open_device(views).and_then(|_open| plan_availability(state)),
            Self::Drill => only_if(
                !views.drill.briefings.is_empty(),
                "Drills are played in the demo: cordon --demo",
            ),
            Self::PlanOnSelection => selection_availability(state, views),
        }
    }
}

fn only_if(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

const fn is_unrenewed(state: &State) -> bool {
    matches!(state.session, SessionStatus::NotRenewed { .. })
}

/// Either sign-in method can be tried while the other is pending.
fn sign_in_availability(method: UiCommand, session: &SessionStatus) -> Result<(), String> {
    let is_in_progress = match session {
        SessionStatus::AskingForCode | SessionStatus::WaitingForPerson(_) => {
            method == UiCommand::SignIn
        }
        SessionStatus::InBrowser(_) => method == UiCommand::SignInWithBrowser,
        SessionStatus::SignedIn { .. } => return Err("You are signed in".into()),
        SessionStatus::SignedOut
        | SessionStatus::Restoring
        | SessionStatus::Renewing { .. }
        | SessionStatus::NotRenewed { .. }
        | SessionStatus::DifferentAccount { .. }
        | SessionStatus::NeedsSignIn { .. } => false,
    };
    only_if(!is_in_progress, "A sign-in is already in progress")
}

/// The device whose panel is shown.
pub fn open_device(views: &Views) -> Result<&MachineRef, String> {
    match &views.selected {
        None => Err("No device is open".into()),
        Some(selected) if views.shown.as_ref() != Some(&selected.id) => {
            Err("Open the device first".into())
        }
        Some(selected) => Ok(selected),
    }
}

/// Checks whether a package can be downloaded now.
///
/// # Errors
/// Why not.
pub fn package_trouble(state: &State) -> Result<(), String> {
    // A download is recorded in the journal.
    journal_trouble(state)?;
    let is_signed_in = state.session.is_signed_in();
    only_if(
        is_signed_in,
        "Sign in first: Defender gives the link only to you",
    )?;
    let wanted = &ActionKind::CollectInvestigationPackage.spec().permission;
    let is_lacking = state.session.is_known_to_lack(wanted);
    only_if(!is_lacking, &format!("Requires the permission {wanted}"))
}

/// The newest order with a package of the device in the panel.
///
/// # Errors
/// Why there is none.
pub fn package_of_open(state: &State, views: &Views) -> Result<EntryId, String> {
    let open = open_device(views)?;
    let mut newest_first = state.entries.of_machine(&open.id).rev();
    let collected = newest_first.find(|entry| entry.package().is_some());
    let none = || "No package of this device was collected from this computer".to_owned();
    collected.map(Entry::id).ok_or_else(none)
}

fn account_trouble(state: &State) -> Result<(), String> {
    only_if(state.session.account().is_some(), "Nobody is signed in")
}

/// Nothing is deleted before every order has ended: this console still follows them.
fn deletion_availability(state: &State) -> Result<(), String> {
    account_trouble(state)?;
    let has_folder = state.settings.file.is_some();
    only_if(has_folder, "This run keeps nothing on disk but its journal")?;
    only_if(state.journal.is_some(), "The journal is not open yet")?;
    journal_trouble(state)?;
    let entries = &state.entries;
    let open = (state.open_entries())
        .filter(|entry| !entry.is_abandoned(entries.is_of_earlier_run(entry.id())));
    match Unended::of(open, state.session.account()) {
        Some(Unended { why, remedy }) => Err(format!("{why}. {remedy}")),
        None => Ok(()),
    }
}

fn journal_availability(command: UiCommand, state: &State, views: &Views) -> Result<(), String> {
    account_trouble(state)?;
    let facts = &state.journal_facts;
    if facts.file.is_none() {
        Err("The journal is not open yet".into())
    } else if command == UiCommand::VerifyJournal && facts.is_verifying {
        Err("The journal is being verified".into())
    } else if command == UiCommand::CopyHandOver && views.journal.is_exporting(state) {
        Err("The journal is being read for another export".into())
    } else {
        Ok(())
    }
}

fn selection_availability(state: &State, views: &Views) -> Result<(), String> {
    account_trouble(state)?;
    acting_trouble(state)?;
    let is_any = !views.bulk_selection.is_empty();
    only_if(is_any, "No device is selected")
}

/// Checks whether a plan can be ordered now: obstacles to its steps are shown in its form.
///
/// # Errors
/// Why not.
pub fn plan_availability(state: &State) -> Result<(), String> {
    acting_trouble(state)?;
    only_if(state.session.is_signed_in(), "You are not signed in")
}

fn release_availability(
    state: &State,
    why_nothing: fn(&WayBack, bool) -> Option<String>,
) -> Result<(), String> {
    account_trouble(state)?;
    acting_trouble(state)?;
    let is_read = state.containments.value.is_some();
    why_nothing(&WayBack::of(&state.contained()), is_read).map_or(Ok(()), Err)
}

/// Checks whether this console may write its journal; the error names the console that holds it.
///
/// # Errors
/// Why not.
pub fn journal_trouble(state: &State) -> Result<(), String> {
    match &state.journal {
        Some(Err(explanation)) => Err(explanation.headline_and_next()),
        Some(Ok(())) | None => Ok(()),
    }
}

/// Checks whether this console can order anything: not if it is look-only, because another one holds its
/// journal or because it was started so. Everything that opens a form calls this.
///
/// # Errors
/// Why not, naming the console that can.
pub fn acting_trouble(state: &State) -> Result<(), String> {
    journal_trouble(state)?;
    let is_read_only = state.policy.read_only;
    only_if(!is_read_only, "This console was started read-only")
}

/// Checks whether an action can be ordered on this machine now.
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
    let every = MachineRef::every_device();
    let machine = if kind.is_tenant_wide() {
        &every
    } else {
        machine
    };
    let task = Task::Act {
        kind: kind.suited_to(state.machine(&machine.id).map(AsRef::as_ref)),
        values: Values::default(),
    };
    let findings = state.with_facts(machine, now, |facts| {
        guard::judge(None, &task, machine, facts)
    });
    match findings.into_iter().find(|f| f.severity == Severity::Block) {
        Some(block) => Err(block.text()),
        None => Ok(()),
    }
}

/// Whether a kind of action applies to at least one of the ticked devices.
pub fn is_for_some(state: &State, views: &Views, kind: ActionKind) -> bool {
    let record = |device: &MachineRef| state.machine(&device.id).map(AsRef::as_ref);
    let mut selected = views.bulk_selection.iter();
    !kind.is_tenant_wide() && selected.any(|device| kind.is_offered_on(record(device)))
}

/// Both sign-in methods, first the one that the last refusal requires, else the one that worked last.
pub fn sign_in_methods(state: &State) -> [UiCommand; 2] {
    match state.advised_method.or(state.sign_in_method) {
        Some(SignInMethod::Browser) => [UiCommand::SignInWithBrowser, UiCommand::SignIn],
        Some(SignInMethod::Code) | None => [UiCommand::SignIn, UiCommand::SignInWithBrowser],
    }
}

/// Why nothing can be acknowledged here; `None` if it can.
pub fn why_not_acknowledge(state: &State) -> Option<String> {
    let nobody = state.session.account().is_none();
    let nobody = nobody.then(|| "Sign in first: the journal records who has read it".to_owned());
    acting_trouble(state).err().or(nobody)
}
