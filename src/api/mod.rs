//! The Defender API: the only module that knows HTTP and JSON.
//!
//! Reads are repeated where that helps; a submission is one request, ever (rule 4). Each further
//! attempt needs another [`Permit`], and a journal record.

mod answer;
#[doc(hidden)]
#[cfg(feature = "fuzz")]
pub mod arbitrary;
mod ask;
mod by_id;
mod certificates;
mod error;
mod explain;
mod file;
mod indicator;
mod investigation;
mod list;
mod odata;
mod on_machine;
mod package;
mod panel;
pub mod proxy;
mod rate_limit;
mod reader;
mod retry;
mod submit;
mod transport;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use url::Url;

pub use ask::Found;
pub use certificates::unusable_certificates;
pub use error::{ApiError, Refusal, Unreadable, Verb};
pub use list::{Cursor, More, Page};
pub use odata::ActionFilter;
pub use package::{Incoming, PackageError, PackageLink, Received, Remedy};
pub use rate_limit::{Lane, Permit, Quota};
pub use retry::delay;
pub use transport::Http;

use crate::auth::{AccessToken, AuthError, Clock, RefusedToken, Session, WantedClaims};
use crate::model::{Budget, Endpoints, fraction};
use rate_limit::Limiters;
use reader::Reader;
use transport::{Answer, Limits, Sending};
use wire::Noun;

/// Calls to the service in one person's name. Clones share limits and sign-in.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    endpoints: Endpoints,
    http: Http,
    session: Session,
    clock: Clock,
    limiters: Mutex<Limiters>,
    reader: Reader,
    /// The token that the service last answered with 401.
    refused: Mutex<Option<RefusedToken>>,
    /// Seconds by which the service's clock was ahead of this computer's, by its last answer;
    /// [`NEVER_ANSWERED`] before.
    ahead_secs: AtomicI64,
}

/// In the place of a difference between two clocks that is not known.
const NEVER_ANSWERED: i64 = i64::MIN;
/// Answers up to this length are read where they come.
const SHORT: usize = 64 << 10;
/// Longest sleep before the clock is looked at again, as it may be set meanwhile.
const MAX_SLEEP: Duration = Duration::from_secs(1);

impl Client {
    /// A client that has made no calls yet.
    #[must_use]
    pub fn new(endpoints: &Endpoints, http: Http, session: Session, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            endpoints: endpoints.clone(),
            http,
            session,
            clock,
            limiters: Mutex::new(Limiters::new()),
            reader: Reader::start(),
            refused: Mutex::new(None),
            ahead_secs: AtomicI64::new(NEVER_ANSWERED),
        }))
    }

    /// Permission to send one request, or the time at which to ask again.
    ///
    /// # Errors
    /// The time, when there is no room now.
    pub fn poll_permit(&self, lane: Lane) -> Result<Permit, Timestamp> {
        self.poll_permit_of(Quota::Common, lane)
    }

    /// [`Self::poll_permit`] for a request with a rate limit of its own.
    ///
    /// # Errors
    /// The time, when there is no room now.
    pub fn poll_permit_of(&self, quota: Quota, lane: Lane) -> Result<Permit, Timestamp> {
        self.0.limiters.lock().poll(quota, lane, self.now())
    }

    /// Whether a request of this kind would have to wait for its turn now.
    #[must_use]
    pub fn has_to_wait(&self, lane: Lane) -> bool {
        self.0.limiters.lock().common.has_to_wait(lane, self.now())
    }

    /// Until when a pause that the service asked for holds a request of this kind, if one does.
    #[must_use]
    pub fn gate_until(&self, lane: Lane) -> Option<Timestamp> {
        self.0.limiters.lock().common.gate_until(lane, self.now())
    }

    /// Waits for leave for one request.
    pub async fn permit(&self, lane: Lane) -> Permit {
        loop {
            match self.poll_permit(lane) {
                Ok(permit) => return permit,
                Err(until) => {
                    let wait =
                        Duration::try_from(until.duration_since(self.now())).unwrap_or_default();
                    tokio::time::sleep(wait.clamp(Duration::from_millis(10), MAX_SLEEP)).await;
                }
            }
        }
    }

    /// Gets another token in place of the one that was last refused with 401.
    ///
    /// # Errors
    /// When the sign-in cannot be renewed without a person.
    pub async fn renew(&self) -> Result<(), ApiError> {
        let refused = self.0.refused.lock().clone();
        let renewed = match refused {
            Some(refused) => self.0.session.token_instead_of(refused).await,
            None => self.0.session.token().await,
        };
        renewed.map(drop).map_err(ApiError::SignIn)
    }

    /// Forgets what it holds of a sign-in that is over, connections and their buffers included.
    pub fn forget_sign_in(&self) {
        *self.0.refused.lock() = None;
        self.0.http.close_connections();
    }

    /// How many calls are left.
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.0.limiters.lock().budget(self.now())
    }

    /// How far the service's clock is ahead of this computer's; `None` before its first answer.
    #[must_use]
    pub fn service_ahead(&self) -> Option<SignedDuration> {
        let secs = self.0.ahead_secs.load(Ordering::Acquire);
        (secs != NEVER_ANSWERED).then(|| SignedDuration::from_secs(secs))
    }

    fn now(&self) -> Timestamp {
        (self.0.clock)()
    }

    async fn one<T: Noun>(&self, segments: &[&str], lane: Lane) -> Result<T, ApiError> {
        let url = odata::path(&self.0.endpoints.api, segments);
        self.read_at(&[&url], lane, Limits::ONE, wire::one)
            .await
            .map(|(noun, _answer, _used)| noun)
    }

    /// Reads until it works or there is no point any more. After a 401 one other token is tried.
    /// Where an answer does not come whole, the next place is asked for a smaller one.
    async fn read_at<T: Send + 'static>(
        &self,
        urls: &[&Url],
        lane: Lane,
        limits: Limits,
        decode: fn(&[u8]) -> Result<T, Unreadable>,
    ) -> Result<(T, Answer, usize), ApiError> {
        let mut attempt = 1;
        let mut renewed = false;
        let mut used = 0;
        loop {
            let url = urls[used];
            let permit = self.permit(lane).await;
            let result = match self.send(url, permit, Sending::Get(limits)).await {
                Ok(answer) => (self.understand_aside(url, answer, decode).await)
                    .map(|(read, answer)| (read, answer, used)),
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
            if error.is_about_the_size() && used + 1 < urls.len() {
                used += 1;
                attempt += 1;
                continue;
            }
            let Some(delay) = retry::delay(&error, Verb::Read, attempt, fraction()) else {
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

    /// One request. Keeps the limiter and the token's state up to date.
    async fn send_with(
        &self,
        token: Result<AccessToken, AuthError>,
        url: &Url,
        permit: Permit,
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
        let quota = permit.quota();
        let result = self.0.http.send(url, bearer, sending, quota).await;
        let ms = self.now().duration_since(start).as_millis();
        let answer = match result {
            Ok(answer) => answer,
            Err(fault) => {
                tracing::debug!(%method, path = url.path(), ?fault, ms, "no answer");
                return Err(answer::no_answer(&fault, url));
            }
        };
        tracing::debug!(
            %method,
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
                self.0
                    .limiters
                    .lock()
                    .close_gate(&permit, retry_at, self.now());
            }
            Err(ApiError::Unauthorized(_)) => {
                let claims =
                    WantedClaims::asked_for_by(answer.challenges.iter().map(AsRef::as_ref));
                *self.0.refused.lock() = Some(RefusedToken { token, claims });
            }
            Ok(_) => token.note_accepted(),
            Err(_) => {}
        }
        Ok(answer)
    }

    /// [`Self::understand`], with long answers parsed on a thread of their own.
    async fn understand_aside<T: Send + 'static>(
        &self,
        url: &Url,
        mut answer: Answer,
        decode: fn(&[u8]) -> Result<T, Unreadable>,
    ) -> Result<(T, Answer), ApiError> {
        if answer.body(url, self.now())?.len() <= SHORT {
            return Ok((self.understand(url, &answer, decode)?, answer));
        }
        let body = std::mem::take(&mut answer.body);
        match self.0.reader.run(move || decode(&body)).await {
            Some(Ok(read)) => Ok((read, answer)),
            Some(Err(why)) => Err(answer.not_understood(url, why)),
            None => Err(ApiError::Interrupted {
                host: answer::host(url),
            }),
        }
    }

    /// Does what makes as much of the service's records as a long answer does, in the same place.
    pub async fn read_aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        self.0.reader.run(work).await
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
