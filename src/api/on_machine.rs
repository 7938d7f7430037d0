//! The actions on one machine, with a fallback if the service rejects the filter.

use super::rate_limit::Lane;
use super::{ActionFilter, ApiError, Client};
use crate::model::{Listed, MachineAction, MachineId};

impl Client {
    /// All actions on one machine. If the service rejects the filter, all actions are requested and
    /// filtered here.
    ///
    /// # Errors
    /// As any read.
    pub async fn actions_on(
        &self,
        id: &MachineId,
        lane: Lane,
    ) -> Result<Listed<MachineAction>, ApiError> {
        let filter = ActionFilter::OfMachine {
            machine: id.clone(),
            since: None,
            kind: None,
        };
        let asked = self.machine_actions(&filter, lane).await;
        let (found, is_of_all) = match asked {
            Err(error) if error.is_about_the_question() => {
                let all = ActionFilter::All;
                (self.machine_actions(&all, lane).await?, true)
            }
            other => (other?, false),
        };
        Ok(of_machine(id, found, is_of_all))
    }
}

/// Actions in a list that are on this machine, even if the service ignored the filter. An action
/// without a machine is included only if the list has no other machines; otherwise the list is
/// incomplete.
fn of_machine(
    id: &MachineId,
    mut found: Listed<MachineAction>,
    is_of_all: bool,
) -> Listed<MachineAction> {
    let is_on_another =
        |action: &MachineAction| action.machine_id.as_ref().is_some_and(|m| m != id);
    let is_mixed = is_of_all || found.items.iter().any(is_on_another);
    let nameless = |action: &&MachineAction| action.machine_id.is_none();
    if is_mixed {
        found.unreadable += found.items.iter().filter(nameless).count();
        found
            .items
            .retain(|action| action.machine_id.as_ref() == Some(id));
    } else {
        for action in &mut found.items {
            action.machine_id.get_or_insert_with(|| id.clone());
        }
    }
    found
}
