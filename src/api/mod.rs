//! The Defender API: the only module that knows HTTP and JSON.
//!
//! Reads are repeated where that helps; a submission is one request, ever (rule 4). Whoever wants
//! to send another attempt needs another [`Permit`], and a journal record.

mod answer;
#[doc(hidden)]
pub mod arbitrary;
mod ask;
mod error;
mod explain;
mod file;
mod loose;
mod odata;
mod panel;
mod rate_limit;
mod retry;
mod transport;
mod wire;

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

pub use ask::Found;
pub use error::{ApiError, Refusal, Unreadable, Verb};
pub use odata::ActionFilter;
pub use rate_limit::{Lane, Permit};
pub use retry::delay;
pub use transport::Http;

use crate::action::Order;
use crate::auth::{AccessToken, AuthError, Clock, RefusedToken, Session, WantedClaims};
use crate::model::{
    Account, Budget, Endpoints, Machine, MachineAction, MachineActionId, MachineId,
};
use odata::Stop;
use rate_limit::RateLimiter;
use transport::{Answer, Limits};
use wire::{Listing, Noun};

/// Calls to the service in one person's name. Clones share limits and sign-in.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    endpoints: Endpoints,
    http: Http,
    session: Session,
    clock: Clock,
    limiter: Mutex<RateLimiter>,
    /// The token that the service last answered with 401.
    refused: Mutex<Option<RefusedToken>>,
    /// How many seconds the service's clock was ahead of this computer's, by its last answer.
    ahead_secs: AtomicI64,
}

/// One page of a list.
#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Elements that could not be read.
    pub unreadable: usize,
    pub more: More,
    /// The service's own time.
    pub date: Option<Timestamp>,
}

/// Whether there is another page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum More {
    No,
    Next(Cursor),
    /// There may be, but it cannot be had; says why.
    Stopped(String),
}

/// A place in the list of machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    url: Url,
    /// Elements before it.
    received: usize,
}

/// A list of all pages.
#[derive(Debug)]
pub struct Complete<T> {
    /// Each once, in the service's order.
    pub items: Vec<T>,
    /// Elements that could not be read: what is looked for may be among them.
    pub unreadable: usize,
    /// Whether every page was had.
    pub complete: bool,
    /// The service's own time, at the first page.
    pub date: Option<Timestamp>,
}

/// The service's record of what was submitted; not necessarily of this order (the tag tells).
#[derive(Debug, Clone)]
pub struct Submitted {
    pub action: MachineAction,
    /// The service's own time.
    pub date: Option<Timestamp>,
}

/// Longest sleep before the clock is looked at again, as it may be set meanwhile.
const LONGEST_NAP: Duration = Duration::from_secs(1);

impl Client {
    /// A client that has made no calls yet.
    #[must_use]
    pub fn new(endpoints: &Endpoints, http: Http, session: Session, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            endpoints: endpoints.clone(),
            http,
            session,
            clock,
            limiter: Mutex::new(RateLimiter::new(rate_limit::WINDOWS)),
            refused: Mutex::new(None),
            ahead_secs: AtomicI64::new(0),
        }))
    }

    /// Where the list of machines begins.
    #[must_use]
    pub fn first_machines(&self) -> Cursor {
        Cursor {
            url: odata::machines(&self.0.endpoints.api, 0),
            received: 0,
        }
    }

    /// Up to 10,000 machines from `cursor` on.
    ///
    /// # Errors
    /// When the page could not be read, after repeats.
    pub async fn machines_page(&self, cursor: &Cursor) -> Result<Page<Machine>, ApiError> {
        let read = self
            .list::<Machine>(&cursor.url, Lane::Refresh, Limits::MACHINE_LIST)
            .await;
        let (listing, stop, date) = match read {
            // The documentation has a 404 for "no recent machines".
            Err(ApiError::Refused(refusal)) if refusal.is_not_found() => {
                return Ok(Page {
                    items: Vec::new(),
                    unreadable: 0,
                    more: More::No,
                    date: None,
                });
            }
            other => other?,
        };
        let received = cursor.received.saturating_add(listing.received());
        let more = match stop.or(broken_off(&listing)) {
            Some(stop) => More::Stopped(stop.to_string()),
            None => self
                .next(&cursor.url, &listing, odata::MACHINES_TOP, || {
                    odata::machines(&self.0.endpoints.api, received)
                })
                .map_or(More::No, |url| More::Next(Cursor { url, received })),
        };
        Ok(Page {
            items: listing.items,
            unreadable: listing.unreadable,
            more,
            date,
        })
    }

    /// The page after `present`. With `$top` the service sends no link, so pages are counted. A
    /// link is followed when our token may go there; one that is foreign or malformed is not, and
    /// the pages are counted instead.
    fn next<T>(
        &self,
        present: &Url,
        page: &Listing<T>,
        full: usize,
        counted: impl FnOnce() -> Url,
    ) -> Option<Url> {
        if page.received() == 0 {
            return None;
        }
        match &page.next_link {
            None if page.received() < full => None,
            None => Some(counted()),
            Some(link) => {
                let linked = odata::next_page(&self.0.endpoints, present, link);
                Some(linked.unwrap_or_else(|stop| {
                    tracing::debug!(%stop, "a link to the next page was not followed");
                    counted()
                }))
            }
        }
    }

    /// One machine.
    ///
    /// # Errors
    /// A refusal for one that is not known or not visible; see [`Refusal::is_not_found`].
    pub async fn machine(&self, id: &MachineId, lane: Lane) -> Result<Machine, ApiError> {
        self.one(&["machines", id.as_str()], lane).await
    }

    /// One action. For up to two minutes after its submission the service may not know it.
    ///
    /// # Errors
    /// A refusal for one that is not known or not visible; see [`Refusal::is_not_found`].
    pub async fn machine_action(
        &self,
        id: &MachineActionId,
        lane: Lane,
    ) -> Result<MachineAction, ApiError> {
        self.one(&["machineactions", id.as_str()], lane).await
    }

    /// All actions that match, newest first, of all pages.
    ///
    /// # Errors
    /// When a page could not be read, after repeats. Nothing is returned then: half a history
    /// would look like a whole one.
    pub async fn machine_actions(
        &self,
        filter: &ActionFilter,
        lane: Lane,
    ) -> Result<Complete<MachineAction>, ApiError> {
        let mut all = Complete {
            items: Vec::new(),
            unreadable: 0,
            complete: true,
            date: None,
        };
        let mut seen = HashSet::new();
        for text in filter.texts() {
            let (mut received, mut pages) = (0, 0);
            let mut url = Some(odata::machine_actions(&self.0.endpoints.api, &text, 0));
            while let Some(present) = url {
                let (page, stop, date) = self
                    .list::<MachineAction>(&present, lane, Limits::ACTION_LIST)
                    .await?;
                pages += 1;
                received += page.received();
                url = self.next(&present, &page, odata::ACTIONS_TOP, || {
                    odata::machine_actions(&self.0.endpoints.api, &text, received)
                });
                let stop = stop.or(broken_off(&page));
                all.date = all.date.or(date);
                all.unreadable += page.unreadable;
                // An action made meanwhile shifts the pages, so that one may come twice.
                let (before, is_blank) = (all.items.len(), page.items.is_empty());
                all.items.extend(
                    page.items
                        .into_iter()
                        .filter(|action| seen.insert(action.id.clone())),
                );
                let repeats = url.is_some() && !is_blank && all.items.len() == before;
                let stop = stop
                    .or(repeats.then_some(Stop::Looping))
                    .or((url.is_some() && pages >= odata::MAX_PAGES).then_some(Stop::TooMany));
                if let Some(stop) = stop {
                    tracing::debug!(%stop, "paging stopped");
                    all.complete = false;
                    url = None;
                }
            }
        }
        Ok(all)
    }

    /// Leave for one request, or the time at which to ask again.
    ///
    /// # Errors
    /// The time, when there is no room now.
    pub fn poll_permit(&self, lane: Lane) -> Result<Permit, Timestamp> {
        lock(&self.0.limiter).poll(lane, self.now())
    }

    /// Waits for leave for one request.
    pub async fn permit(&self, lane: Lane) -> Permit {
        loop {
            match self.poll_permit(lane) {
                Ok(permit) => return permit,
                Err(until) => {
                    let wait =
                        Duration::try_from(until.duration_since(self.now())).unwrap_or_default();
                    tokio::time::sleep(wait.clamp(Duration::from_millis(10), LONGEST_NAP)).await;
                }
            }
        }
    }

    /// Sends exactly one POST, whatever happens (rules 2 and 4): only `worker/submit.rs` calls this.
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
        let action = self.understand(&url, &answer, wire::one)?;
        Ok(Submitted {
            action,
            date: answer.date(),
        })
    }

    /// Gets another token in place of the one that was last refused with 401.
    ///
    /// # Errors
    /// When the sign-in cannot be renewed without a person.
    pub async fn renew(&self) -> Result<(), ApiError> {
        let refused = lock(&self.0.refused).clone();
        let renewed = match refused {
            Some(refused) => self.0.session.token_instead_of(refused).await,
            None => self.0.session.token().await,
        };
        renewed.map(drop).map_err(ApiError::SignIn)
    }

    /// How many calls are left.
    #[must_use]
    pub fn budget(&self) -> Budget {
        lock(&self.0.limiter).budget(self.now())
    }

    fn now(&self) -> Timestamp {
        (self.0.clock)()
    }

    async fn one<T: Noun>(&self, segments: &[&str], lane: Lane) -> Result<T, ApiError> {
        let url = odata::path(&self.0.endpoints.api, segments);
        self.read(&url, lane, Limits::ONE, wire::one)
            .await
            .map(|(noun, _answer)| noun)
    }

    /// One page, why there must be no more after it, and the service's time.
    async fn list<T: Noun>(
        &self,
        url: &Url,
        lane: Lane,
        limits: Limits,
    ) -> Result<(Listing<T>, Option<Stop>, Option<Timestamp>), ApiError> {
        let (listing, answer) = self.read(url, lane, limits, wire::list).await?;
        let stop = (answer.status == 206).then_some(Stop::Partial);
        Ok((listing, stop, answer.date()))
    }

    /// Reads until it works or there is no point any more. After a 401 one other token is tried.
    async fn read<T>(
        &self,
        url: &Url,
        lane: Lane,
        limits: Limits,
        decode: fn(&[u8]) -> Result<T, Unreadable>,
    ) -> Result<(T, Answer), ApiError> {
        let mut attempt = 1;
        let mut renewed = false;
        loop {
            let permit = self.permit(lane).await;
            let result = match self.send(url, permit, Sending::Get(limits)).await {
                Ok(answer) => self
                    .understand(url, &answer, decode)
                    .map(|read| (read, answer)),
                Err(error) => Err(error),
            };
            let error = match result {
                Ok(read) => return Ok(read),
                Err(ApiError::Unauthorized(_)) if !renewed => {
                    renewed = true;
                    self.renew().await?;
                    continue;
                }
                Err(error) => error,
            };
            let Some(delay) = retry::delay(&error, Verb::Read, attempt, random()) else {
                return Err(error);
            };
            attempt += 1;
            tokio::time::sleep(delay).await;
        }
    }

    async fn send(&self, url: &Url, permit: Permit, sending: Sending) -> Result<Answer, ApiError> {
        let token = self.0.session.token().await;
        self.send_with(token, url, permit, sending).await
    }

    /// One request. Keeps the limiter and the token's standing up to date.
    async fn send_with(
        &self,
        token: Result<AccessToken, AuthError>,
        url: &Url,
        _permit: Permit,
        sending: Sending,
    ) -> Result<Answer, ApiError> {
        let token = token.map_err(ApiError::SignIn)?;
        let Some(bearer) = token.for_host(url) else {
            return Err(ApiError::ForeignHost {
                host: answer::host(url),
            });
        };
        let start = self.now();
        let method = sending.method();
        let result = match sending {
            Sending::Get(limits) => self.0.http.get(url, bearer, limits).await,
            Sending::Post(body) => self.0.http.post(url, bearer, body).await,
        };
        let ms = self.now().duration_since(start).as_millis();
        let answer = match result {
            Ok(answer) => answer,
            Err(fault) => {
                tracing::debug!(method, path = url.path(), ?fault, ms, "no answer");
                return Err(answer::no_answer(&fault, url));
            }
        };
        tracing::debug!(
            method,
            path = url.path(),
            status = answer.status,
            ms,
            "answer"
        );
        if let Some(date) = answer.date() {
            let ahead = date.duration_since(self.now()).as_secs();
            self.0.ahead_secs.store(ahead, Ordering::Release);
        }
        match answer.body(url, self.now()) {
            Err(ApiError::Throttled { retry_at }) => {
                lock(&self.0.limiter).close_gate(retry_at, self.now());
            }
            Err(ApiError::Unauthorized(_)) => {
                let claims =
                    WantedClaims::asked_for_by(answer.challenges.iter().map(AsRef::as_ref));
                *lock(&self.0.refused) = Some(RefusedToken { token, claims });
            }
            Ok(_) | Err(_) => {}
        }
        Ok(answer)
    }

    fn understand<T>(
        &self,
        url: &Url,
        answer: &Answer,
        decode: fn(&[u8]) -> Result<T, Unreadable>,
    ) -> Result<T, ApiError> {
        let body = answer.body(url, self.now())?;
        decode(body).map_err(|why| answer.not_understood(url, why))
    }
}

/// An empty page that names another one is no end of a list.
fn broken_off<T>(page: &Listing<T>) -> Option<Stop> {
    (page.received() == 0 && page.next_link.is_some()).then_some(Stop::Partial)
}

enum Sending {
    Get(Limits),
    Post(Vec<u8>),
}

impl Sending {
    const fn method(&self) -> &'static str {
        match self {
            Self::Get(_) => "GET",
            Self::Post(_) => "POST",
        }
    }
}

/// In `0.0..1.0`. Without random bytes the middle has to do: it only spreads repeats.
fn random() -> f64 {
    getrandom::u32().map_or(0.5, |bits| f64::from(bits) / (f64::from(u32::MAX) + 1.0))
}

/// What the locks guard is whole after every statement, so a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
