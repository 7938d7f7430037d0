//! Reads by id: a response with another id is rejected.

use std::fmt::Display;

use super::rate_limit::Lane;
use super::{ApiError, Client};
use crate::model::{Machine, MachineAction, MachineActionId, MachineId};

impl Client {
    /// One machine.
    ///
    /// # Errors
    /// A refusal if it is unknown or not visible; see
    /// [`Refusal::is_not_found`](super::Refusal::is_not_found).
    pub async fn machine(&self, id: &MachineId, lane: Lane) -> Result<Machine, ApiError> {
        let machine: Machine = self.one(&["machines", id.as_str()], lane).await?;
        of_id(machine, |machine| &machine.id, id)
    }

    /// One machine action. The service may not know it for up to two minutes after its submission.
    ///
    /// # Errors
    /// A refusal if it is unknown or not visible; see
    /// [`Refusal::is_not_found`](super::Refusal::is_not_found).
    pub async fn machine_action(
        &self,
        id: &MachineActionId,
        lane: Lane,
    ) -> Result<MachineAction, ApiError> {
        let action: MachineAction = self.one(&["machineactions", id.as_str()], lane).await?;
        of_id(action, |action| &action.id, id)
    }
}

/// Checks that the record has the requested id.
///
/// # Errors
/// [`ApiError::OtherRecord`] for another id.
pub(super) fn of_id<T, I: PartialEq + Display>(
    read: T,
    id: fn(&T) -> &I,
    asked: &I,
) -> Result<T, ApiError> {
    let came = id(&read);
    if came == asked {
        return Ok(read);
    }
    let came = came.to_string().into();
    Err(ApiError::OtherRecord { came })
}
