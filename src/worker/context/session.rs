//! Who is signed in, as the worker's tasks share it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use super::super::accounts::Accounts;
use super::super::cache;
use super::super::pace::Pace;
use super::{Context, lock, monotonic_now, now};
use crate::api::ApiError;
use crate::auth::{AuthError, SignedIn};
use crate::explain::Explain as _;
use crate::journal::Author;
use crate::message::Event;
use crate::model::{Account, Epoch, Retry, SessionStatus};

/// Whether the sign-in of the present account can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::worker) enum Renewal {
    Usable,
    /// Tried at once: at the start, or because a person asked for it.
    Renewing,
    /// Could not be renewed for now. Without a time for the next try only a person's wish helps.
    Failed {
        tries: u32,
        next: Option<Instant>,
    },
    /// Only signing in anew helps.
    NeedsPerson,
}

impl Renewal {
    /// What a failure makes of it, after `tries` that failed.
    pub fn failed(error: &AuthError, tries: u32, pace: Pace) -> Self {
        if error.needs_person() {
            return Self::NeedsPerson;
        }
        if !error.may_pass() {
            return Self::Failed { tries, next: None };
        }
        let mut wait = pace.between_renewals(tries);
        if let AuthError::Busy { until } = error {
            let pause = Duration::try_from(until.duration_since(now())).unwrap_or_default();
            wait = wait.max(pause);
        }
        let next = Some(monotonic_now() + wait);
        Self::Failed { tries, next }
    }

    /// When to try next; `None` where nothing is to be tried.
    pub fn due(self) -> Option<Instant> {
        match self {
            Self::Renewing => Some(monotonic_now()),
            Self::Failed { next, .. } => next,
            Self::Usable | Self::NeedsPerson => None,
        }
    }
}

impl Context {
    pub fn epoch(&self) -> Epoch {
        Epoch(self.epoch.load(Ordering::Acquire))
    }

    pub fn account(&self) -> Option<Account> {
        lock(&self.account).clone()
    }

    /// The session as the guardrails see it.
    pub fn session_status(&self) -> SessionStatus {
        let Some(account) = self.account() else {
            return SessionStatus::SignedOut;
        };
        let present = *self.renewal.borrow();
        match (present, self.session.signed_in()) {
            // The account whose facts are shown, and no other, may act.
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

    /// Notices that a call failed because the sign-in could not be renewed.
    pub async fn mind_sign_in(&self, error: &ApiError) {
        let ApiError::SignIn(error) = error else {
            return;
        };
        let changed = self.renewal.send_if_modified(|present| {
            let next = Renewal::failed(error, 0, self.pace);
            // What is being tried already is told by whoever tries it.
            let is_news = match *present {
                Renewal::Usable => error.concerns_renewal(),
                Renewal::Failed { .. } => next == Renewal::NeedsPerson,
                Renewal::Renewing | Renewal::NeedsPerson => false,
            };
            if is_news {
                *present = next;
            }
            is_news
        });
        if changed {
            self.say_not_renewed(error).await;
        }
    }

    /// Tells the window that the sign-in was not renewed, and why.
    pub async fn say_not_renewed(&self, error: &AuthError) {
        self.emit_session().await;
        self.emit(Event::RenewalFailed(error.explain())).await;
    }

    /// Tells the window who is signed in, unless somebody is in the middle of signing in: the page
    /// with the code must not go away under them.
    pub async fn emit_session(&self) {
        if !self.person_signs_in() {
            self.show_session(self.session_status()).await;
        }
    }

    pub async fn show_session(&self, status: SessionStatus) {
        let epoch = self.epoch();
        self.emit(Event::Session { status, epoch }).await;
    }

    pub fn person_signs_in(&self) -> bool {
        self.person_signs_in.load(Ordering::Acquire)
    }

    pub fn set_person_signs_in(&self, signs_in: bool) {
        self.person_signs_in.store(signs_in, Ordering::Release);
        // A renewal that held back looks again.
        self.renewal.send_modify(|_| {});
    }

    /// Takes a sign-in over. Another account or tenant than before begins a new epoch.
    pub fn enter(&self, account: &Account, renewal: Renewal) {
        let mut present = lock(&self.account);
        // Two that do not say who they are may be two people.
        let same = account.is_named() && present.as_ref().is_some_and(|p| p.is_same(account));
        if !same {
            self.new_epoch();
        }
        *present = Some(account.clone());
        drop(present);
        self.renewal.send_replace(renewal);
    }

    /// Reads who was here before, and by which door.
    pub async fn read_accounts(&self, folder: Option<PathBuf>) {
        let place = self.session.target().to_owned();
        let read = tokio::task::spawn_blocking(move || Accounts::read(folder, &place)).await;
        let accounts = read.unwrap_or_default();
        self.emit(Event::SignInMethod(accounts.here.door())).await;
        *lock(&self.accounts) = accounts;
    }

    /// Changes what is remembered of the accounts of this place, on disk too.
    pub async fn change_accounts(self: &Arc<Self>, change: impl FnOnce(&mut Accounts)) {
        change(&mut lock(&self.accounts));
        let context = Arc::clone(self);
        let written = tokio::task::spawn_blocking(move || {
            let accounts = lock(&context.accounts).clone();
            accounts.write();
        });
        written.await.ok();
    }

    /// Where the list of devices of the present account is kept: the folder and the file.
    pub fn kept_list(&self) -> Option<(PathBuf, PathBuf)> {
        self.kept_list_of(&self.account()?)
    }

    /// As [`Self::kept_list`], of this account.
    pub fn kept_list_of(&self, account: &Account) -> Option<(PathBuf, PathBuf)> {
        let folder = lock(&self.accounts).folder()?;
        let account = format!("{}-{}", account.tenant_id, account.object_id);
        let file = cache::file_of(&folder, self.session.target(), &account);
        Some((folder, file))
    }

    /// Forgets the account and what it saw.
    pub fn leave(&self) {
        *lock(&self.account) = None;
        self.renewal.send_replace(Renewal::Usable);
        self.new_epoch();
    }

    fn new_epoch(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        lock(&self.known).clear();
        lock(&self.followed).clear();
    }

    pub fn author(&self, account: &Account) -> Author {
        Author {
            mode: self.mode.word().into(),
            tenant: account.tenant_id.as_str().into(),
            object_id: account.object_id.clone(),
            account: format!("{} at {}", account.label(), self.place).into(),
        }
    }
}
