//! The one request that changes something.

use super::wire;
use super::{ApiError, Client, Permit, Sending, Submitted, investigation, odata};
use crate::action::{Order, Recorded};
use crate::model::{Account, Machine};

impl Client {
    /// Sends exactly one POST (rules 2 and 4): only `worker/order/send.rs` calls this.
    ///
    /// # Errors
    /// [`ApiError::effect`] tells whether something may have changed all the same.
    pub async fn submit(
        &self,
        order: &Order,
        account: &Account,
        permit: Permit,
    ) -> Result<Submitted, ApiError> {
        let url = odata::submission(&self.0.endpoints.api, order);
        let answer = self
            .send_with(
                self.0.session.token_of(account).await,
                &url,
                permit,
                Sending::Post(wire::object(&order.body())),
            )
            .await?;
        let action = match order.task.record() {
            Recorded::MachineAction => self.understand(&url, &answer, wire::one)?,
            Recorded::Investigation => self.understand(&url, &answer, investigation::one)?,
            Recorded::Machine => {
                let machine: Machine = self.understand(&url, &answer, wire::one)?;
                let effect = order.effect_on(&machine);
                let is_of_order = machine.id == order.machine.id;
                effect
                    .filter(|_| is_of_order)
                    .ok_or_else(|| ApiError::OtherRecord {
                        came: machine.id.as_str().into(),
                    })?
            }
        };
        Ok(Submitted {
            action,
            date: answer.date(),
        })
    }
}
