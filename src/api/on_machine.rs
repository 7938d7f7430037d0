//! The actions on one machine, however the service has to be asked for them.

use super::rate_limit::Lane;
use super::{ActionFilter, ApiError, Client};
use crate::model::{Listed, MachineAction, MachineId};

impl Client {
    /// All actions on one machine. Where the service refuses or chokes on the question, all actions
    /// are asked for and those of the machine picked here.
    ///
    /// # Errors
    /// As any reading.
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

/// Actions of a list that are on this machine, however the service filtered it. One that names
/// no machine counts as this one's only where the list has no others; otherwise its machine is
/// unknown, so the list is incomplete.
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
