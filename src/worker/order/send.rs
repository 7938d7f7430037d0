//! The submission path (rule 2): one attempt of an approved order, and whether to retry.

use std::time::Duration;

use crate::api::{ApiError, Client, Permit, Verb, delay};
use crate::auth::AuthError;
use crate::explain::Effect;
use crate::guard::Approval;
use crate::model::{MachineAction, fraction};
use crate::worker::clock::now;

/// The maximum number of attempts without effect (429, 401, never connected).
const MAX_ATTEMPTS: u32 = 12;

/// Reply to a sent order.
pub(super) enum Reply {
    /// The service replied with an action.
    Action(Box<MachineAction>),
    /// The reply was lost, or does not show whether anything was done.
    Unknown(ApiError),
    /// The service refused it, or was never reached, and a retry would not help.
    Refused(ApiError),
}

/// Precondition of a retry.
pub(super) enum BeforeRetry {
    /// Another token, as this one was rejected.
    Renewal,
    /// A delay; zero where the rate limiter (429) or the wait for a sign-in already delays the attempt.
    Pause(Duration),
}

/// The attempts of one order.
#[derive(Default)]
pub(super) struct Attempts {
    made: u32,
    renewed: bool,
}

impl Attempts {
    /// Sends the order once. `Sent` is on disk already.
    ///
    /// # Errors
    /// An attempt that certainly had no effect (rule 4), and the precondition of a retry.
    pub async fn make(
        &mut self,
        client: &Client,
        approval: &Approval,
        permit: Permit,
    ) -> Result<Reply, (ApiError, BeforeRetry)> {
        self.made += 1;
        let sent = client.submit(approval.order(), approval.account(), permit);
        let error = match sent.await {
            Ok(action) => return Ok(Reply::Action(Box::new(action))),
            Err(error) => error,
        };
        let is_last = self.made >= MAX_ATTEMPTS;
        match (error.effect(Verb::Submit), &error) {
            (Effect::Unknown | Effect::Changed, _) => Ok(Reply::Unknown(error)),
            (Effect::NothingChanged, ApiError::Unauthorized(_)) if !self.renewed && !is_last => {
                self.renewed = true;
                Err((error, BeforeRetry::Renewal))
            }
            (Effect::NothingChanged, _) => match self.pause_after(&error) {
                Some(pause) if !is_last => Err((error, BeforeRetry::Pause(pause))),
                Some(_) | None => Ok(Reply::Refused(error)),
            },
        }
    }

    /// Delay before the retry after an attempt without effect; `None` if a retry would not help. An unreachable
    /// sign-in host does not end the session.
    fn pause_after(&self, error: &ApiError) -> Option<Duration> {
        match error {
            _ if error.needs_person() => Some(Duration::ZERO),
            ApiError::Throttled { .. } => Some(Duration::ZERO),
            ApiError::SignIn(AuthError::Busy { until }) => {
                Some(Duration::try_from(until.duration_since(now())).unwrap_or_default())
            }
            ApiError::SignIn(AuthError::Unreachable(_)) => {
                Some(Duration::from_secs(10 * u64::from(self.made)))
            }
            ApiError::NotReached { .. }
            | ApiError::TimedOut { .. }
            | ApiError::Interrupted { .. }
            | ApiError::Certificate { .. }
            | ApiError::SignIn(_)
            | ApiError::ForeignHost { .. }
            | ApiError::NoClient { .. }
            | ApiError::Unauthorized(_)
            | ApiError::Refused(_)
            | ApiError::Fault { .. }
            | ApiError::OtherRecord { .. }
            | ApiError::NotUnderstood { .. } => delay(error, Verb::Submit, self.made, fraction()),
        }
    }
}
