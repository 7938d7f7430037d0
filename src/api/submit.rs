//! The one request that changes something.

use url::Url;

use super::transport::Answer;
use super::wire;
use super::{ApiError, Client, Permit, Sending, investigation, odata};
use crate::action::{Order, Recorded};
use crate::model::{Account, Indicator, Machine, MachineAction};

impl Client {
    /// Sends exactly one POST, or one DELETE for an order that removes something (rules 2 and 4):
    /// called only by `worker/order/send.rs`.
    ///
    /// # Errors
    /// [`ApiError::effect`] says whether something may have changed nevertheless.
    pub async fn submit(
        &self,
        order: &Order,
        account: &Account,
        permit: Permit,
    ) -> Result<MachineAction, ApiError> {
        let url = odata::submission(&self.0.endpoints.api, order);
        let sending = if order.task.removes_indicator() {
            Sending::Delete
        } else {
            Sending::Post(wire::object(&order.body()))
        };
        let token = self.0.session.token_of(account).await;
        let answer = self.send_with(token, &url, permit, sending).await?;
        match order.task.record() {
            Recorded::MachineAction => self.understand(&url, &answer, wire::one),
            Recorded::Investigation => self.understand(&url, &answer, investigation::one),
            Recorded::Machine => {
                let machine: Machine = self.understand(&url, &answer, wire::one)?;
                let effect = order.effect_on(&machine);
                let is_of_order = machine.id == order.machine.id;
                effect
                    .filter(|_| is_of_order)
                    .ok_or_else(|| ApiError::OtherRecord {
                        came: machine.id.as_str().into(),
                    })
            }
            Recorded::Indicator => self.indicator_of(order, &url, &answer),
        }
    }

    /// The machine action for an indicator order, if the response matches the order.
    fn indicator_of(
        &self,
        order: &Order,
        url: &Url,
        answer: &Answer,
    ) -> Result<MachineAction, ApiError> {
        let other = |came: &str| ApiError::OtherRecord { came: came.into() };
        if order.task.removes_indicator() {
            answer.body(url, self.now())?;
            return order.gone().ok_or_else(|| other("nothing"));
        }
        let made: Indicator = self.understand(url, answer, wire::one)?;
        order.answered_by(&made).map_err(other)
    }
}
