//! What is read by its id: the answer must have that id, or it is about something else.

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
        if machine.id == *id {
            Ok(machine)
        } else {
            Err(ApiError::OtherRecord {
                came: machine.id.as_str().into(),
            })
        }
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
        if action.id == *id {
            Ok(action)
        } else {
            Err(ApiError::OtherRecord {
                came: action.id.as_str().into(),
            })
        }
    }
}
