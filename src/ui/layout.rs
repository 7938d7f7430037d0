//! Dimensions of the window.

use crate::model::SessionStatus;
use crate::state::State;

/// Minimum width for the device panel beside the table; in a narrower window it replaces the table.
pub const WIDE: f32 = 1100.0;
/// Below this height, margins are small to leave room for the content.
pub const LOW: f32 = 420.0;

/// Multiplies a height or width, in points.
#[expect(
    clippy::cast_precision_loss,
    reason = "a hundred thousand rows are placed to a quarter of a point"
)]
pub fn times(count: usize, each: f32) -> f32 {
    count as f32 * each
}

/// Whether the console is shown rather than the sign-in page; also while a code or the browser is pending
/// with the earlier list still shown.
#[must_use]
pub fn is_console_open(state: &State) -> bool {
    match &state.session {
        SessionStatus::SignedIn { .. }
        | SessionStatus::NeedsSignIn { .. }
        | SessionStatus::Renewing { .. }
        | SessionStatus::NotRenewed { .. } => true,
        SessionStatus::AskingForCode
        | SessionStatus::WaitingForPerson(_)
        | SessionStatus::InBrowser(_) => !state.inventory.all().is_empty(),
        SessionStatus::SignedOut
        | SessionStatus::Restoring
        | SessionStatus::DifferentAccount { .. } => false,
    }
}
