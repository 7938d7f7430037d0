//! Reads by id: an answer with another id is rejected.

use std::fmt::Display;

use super::rate_limit::Lane;
use super::{ApiError, Client};
use crate::model::{Machine, MachineAction, MachineActionId, MachineId};

impl Client {
    /// One machine.
    ///
    /// # Errors
    /// A refusal for one that is not known or not visible; see
    /// [`Refusal::is_not_found`](super::Refusal::is_not_found).
    pub async fn machine(&self, id: &MachineId, lane: Lane) -> Result<Machine, ApiError> {
        let machine: Machine = self.one(&["machines", id.as_str()], lane).await?;
        of_id(machine, |machine| &machine.id, id)
    }

    /// One action. For up to two minutes after its submission the service may not know it.
    ///
    /// # Errors
    /// A refusal for one that is not known or not visible; see
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

/// Passes on what has the id that was asked for.
///
/// # Errors
/// [`ApiError::OtherRecord`] for anything else.
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
