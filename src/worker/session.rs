//! The current session, and whether its sign-in is usable: one copy, with subscribers.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::clock::{monotonic_now, now};
use super::event_sink::EventSink;
use super::timing::Timing;
use crate::api::{ApiError, Verb};
use crate::auth::{AuthError, Session, SignedIn};
use crate::explain::{Explain as _, Explanation};
use crate::message::Event;
use crate::model::{Account, Epoch, Permission, Retry, SessionStatus};

/// Whether the current account's sign-in can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    Usable,
    /// In progress: at the start, or at the user's request.
    Renewing,
    /// Failed for now. Without a time for the next attempt, only a user's request helps.
    Failed {
        tries: u32,
        next: Option<Instant>,
    },
    /// Needs a new sign-in.
    NeedsPerson,
}

impl Renewal {
    /// The state after a failure, with `tries` failed so far.
    pub fn failed(error: &AuthError, tries: u32, timing: Timing) -> Self {
        if error.needs_person() {
            return Self::NeedsPerson;
        }
        if !error.may_pass() {
            return Self::Failed { tries, next: None };
        }
        let mut wait = timing.between_renewals(tries);
        if let AuthError::Busy { until } = error {
            let pause = Duration::try_from(until.duration_since(now())).unwrap_or_default();
            wait = wait.max(pause);
        }
        let next = Some(monotonic_now() + wait);
        Self::Failed { tries, next }
    }

    /// Time of the next attempt; `None` if there is none.
    pub fn due(self) -> Option<Instant> {
        match self {
            Self::Renewing => Some(monotonic_now()),
            Self::Failed { next, .. } => next,
            Self::Usable | Self::NeedsPerson => None,
        }
    }
}

/// The current session.
#[derive(Debug, Clone)]
pub(super) struct Present {
    /// Incremented for another account or tenant.
    pub epoch: Epoch,
    account: Option<Account>,
    pub renewal: Renewal,
    /// Whether the user is signing in: nothing else changes what is shown of it.
    pub is_signing_in: bool,
}

/// Handle of the session.
pub(super) struct SessionHandle {
    auth: Session,
    sink: EventSink,
    timing: Timing,
    present: watch::Sender<Present>,
    accepted: Notify,
}

impl SessionHandle {
    pub fn new(auth: Session, sink: EventSink, timing: Timing) -> Self {
        let present = Present {
            epoch: Epoch(0),
            account: None,
            renewal: Renewal::Usable,
            is_signing_in: false,
        };
        Self {
            auth,
            sink,
            timing,
            present: watch::Sender::new(present),
            accepted: Notify::new(),
        }
    }

    /// Receiver of every change.
    pub fn subscribe(&self) -> watch::Receiver<Present> {
        self.present.subscribe()
    }

    pub fn epoch(&self) -> Epoch {
        self.present.borrow().epoch
    }

    pub fn account(&self) -> Option<Account> {
        self.present.borrow().account.clone()
    }

    pub fn is_signing_in(&self) -> bool {
        self.present.borrow().is_signing_in
    }

    /// Whether a failed renewal will be tried again.
    pub fn renewal_is_due(&self) -> bool {
        self.present.borrow().renewal.due().is_some()
    }

    /// The session as the guardrails see it.
    pub fn status(&self) -> SessionStatus {
        let Present {
            account, renewal, ..
        } = self.present.borrow().clone();
        let Some(account) = account else {
            return SessionStatus::SignedOut;
        };
        match (renewal, self.auth.signed_in()) {
            // Only the account whose facts are shown may act.
            (Renewal::Usable, Some(signed_in)) if signed_in.account.is_same(&account) => {
                let SignedIn {
                    account,
                    permissions,
                } = signed_in;
                SessionStatus::SignedIn {
                    account,
                    permissions,
                }
            }
            (Renewal::Usable | Renewal::NeedsPerson, _) => SessionStatus::NeedsSignIn { account },
            (Renewal::Renewing, _) => SessionStatus::Renewing { account },
            (Renewal::Failed { next, .. }, _) => {
                let retry = next.map_or(Retry::ByHand, |next| {
                    let wait = next.saturating_duration_since(monotonic_now());
                    Retry::At(now() + SignedDuration::try_from(wait).unwrap_or_default())
                });
                SessionStatus::NotRenewed { account, retry }
            }
        }
    }

    /// Starts an account's session. `true` if that begins a new epoch.
    pub fn start(&self, account: &Account, renewal: Renewal) -> bool {
        let mut is_new = false;
        self.present.send_modify(|present| {
            // Two accounts that cannot be identified may be two people.
            let before = present.account.replace(account.clone());
            is_new = !account.is_named() || before.is_none_or(|before| !before.is_same(account));
            present.epoch.0 += u64::from(is_new);
            present.renewal = renewal;
        });
        is_new
    }

    /// Clears the account, and begins a new epoch.
    pub fn end(&self) {
        self.present.send_modify(|present| {
            present.account = None;
            present.epoch.0 += 1;
            present.renewal = Renewal::Usable;
        });
    }

    pub fn set_renewal(&self, renewal: Renewal) {
        self.present
            .send_modify(|present| present.renewal = renewal);
    }

    /// Retries a failed renewal immediately, and reports it.
    pub async fn renew_now(&self) {
        let is_new = self.present.send_if_modified(|present| {
            let waits = matches!(
                present.renewal,
                Renewal::Failed { .. } | Renewal::NeedsPerson
            );
            if waits {
                present.renewal = Renewal::Renewing;
            }
            waits
        });
        if is_new {
            self.show().await;
        }
    }

    /// A read's result; a failure is noted, and explained as a request to `infinitive`.
    pub async fn explained<T>(
        &self,
        read: Result<T, ApiError>,
        infinitive: &str,
        permission: Option<&Permission>,
    ) -> Result<T, Explanation> {
        match read {
            Ok(read) => Ok(read),
            Err(error) => {
                self.note_auth_failure(&error).await;
                Err(error.explain_for(Verb::Read, infinitive, None, permission))
            }
        }
    }

    /// Notes that a call failed because the sign-in could not be renewed.
    pub async fn note_auth_failure(&self, error: &ApiError) {
        let ApiError::SignIn(error) = error else {
            return;
        };
        let changed = self.present.send_if_modified(|present| {
            let next = Renewal::failed(error, 0, self.timing);
            // A renewal in progress reports its result itself.
            let is_news = match present.renewal {
                Renewal::Usable => error.concerns_renewal(),
                Renewal::Failed { .. } => next == Renewal::NeedsPerson,
                Renewal::Renewing | Renewal::NeedsPerson => false,
            };
            if is_news {
                present.renewal = next;
            }
            is_news
        });
        if changed {
            self.show_not_renewed(error).await;
        }
    }

    /// Shows that the sign-in was not renewed, and why.
    pub async fn show_not_renewed(&self, error: &AuthError) {
        self.show().await;
        self.sink.emit(Event::RenewalFailed(error.explain())).await;
    }

    /// Shows the signed-in account, unless the user is signing in: the page with the code must stay.
    pub async fn show(&self) {
        if !self.is_signing_in() {
            self.show_as(self.status()).await;
        }
    }

    pub async fn show_as(&self, status: SessionStatus) {
        let epoch = self.epoch();
        self.sink.emit(Event::Session { status, epoch }).await;
    }

    pub fn set_signing_in(&self, signs_in: bool) {
        self.present
            .send_modify(|present| present.is_signing_in = signs_in);
    }

    /// Shows a question about an account, and waits until the user accepts it.
    pub async fn ask(&self, question: SessionStatus) {
        // Before showing it, so that no answer is missed.
        let accepted = self.accepted.notified();
        self.set_signing_in(true);
        self.show_as(question).await;
        accepted.await;
    }

    /// Accepts the account in question, for the user.
    pub fn accept(&self) {
        self.accepted.notify_waiters();
    }
}
