//! The Defender API: the only module that knows HTTP and JSON.
//!
//! Reads are retried if that helps; a submission is one request, ever (rule 4). Each further
//! attempt needs another [`Permit`] and a journal record.

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

/// Client for one account. Clones share rate limits and sign-in.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    endpoints: Endpoints,
    http: Http,
    session: Session,
    clock: Clock,
    limiters: Mutex<Limiters>,
    reader: Reader,
    /// The token of the latest 401.
    refused: Mutex<Option<RefusedToken>>,
    /// Seconds by which the service's clock is ahead of this computer's, as of the latest response;
    /// [`NEVER_ANSWERED`] before that.
    ahead_secs: AtomicI64,
}

/// Placeholder for an unknown clock offset.
const NEVER_ANSWERED: i64 = i64::MIN;
/// Responses up to this length are parsed on the calling task.
const SHORT: usize = 64 << 10;
/// Maximum sleep before the clock is read again, as it may be set meanwhile.
const MAX_SLEEP: Duration = Duration::from_secs(1);

impl Client {
    /// A client that has sent no requests yet.
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
    /// The time, if the budget is used up.
    pub fn poll_permit(&self, lane: Lane) -> Result<Permit, Timestamp> {
        self.poll_permit_of(Quota::Common, lane)
    }

    /// [`Self::poll_permit`] for a request with its own rate limit.
    ///
    /// # Errors
    /// The time, if the budget is used up.
    pub fn poll_permit_of(&self, quota: Quota, lane: Lane) -> Result<Permit, Timestamp> {
        self.0.limiters.lock().poll(quota, lane, self.now())
    }

    /// Whether a request of this lane would have to wait now.
    #[must_use]
    pub fn has_to_wait(&self, lane: Lane) -> bool {
        self.0.limiters.lock().common.has_to_wait(lane, self.now())
    }

    /// End of a pause requested by the service that applies to this lane, if there is one.
    #[must_use]
    pub fn gate_until(&self, lane: Lane) -> Option<Timestamp> {
        self.0.limiters.lock().common.gate_until(lane, self.now())
    }

    /// Waits for permission to send one request.
    pub async fn permit(&self, lane: Lane) -> Permit {
        loop {
            match self.poll_permit(lane) {
                Ok(permit) => return permit,
                Err(until) => self.sleep_towards(until).await,
            }
        }
    }

    /// Waits for the end of pauses that the service requested for this lane.
    async fn gate(&self, lane: Lane) {
        while let Some(until) = self.gate_until(lane) {
            self.sleep_towards(until).await;
        }
    }

    async fn sleep_towards(&self, until: Timestamp) {
        let wait = Duration::try_from(until.duration_since(self.now())).unwrap_or_default();
        tokio::time::sleep(wait.clamp(Duration::from_millis(10), MAX_SLEEP)).await;
    }

    /// Replaces the token that was last refused with 401.
    ///
    /// # Errors
    /// When the user has to sign in again.
    pub async fn renew(&self) -> Result<(), ApiError> {
        let refused = self.0.refused.lock().clone();
        let renewed = match refused {
            Some(refused) => self.0.session.token_instead_of(refused).await,
            None => self.0.session.token().await,
        };
        renewed.map(drop).map_err(ApiError::SignIn)
    }

    /// Drops all data of an ended sign-in, including connections and their buffers.
    pub fn forget_sign_in(&self) {
        *self.0.refused.lock() = None;
        self.0.http.close_connections();
    }

    /// The remaining request budget.
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.0.limiters.lock().budget(self.now())
    }

    /// Lead of the service's clock over this computer's; `None` before its first response.
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

    /// Reads with retries. After a 401 the token is renewed once. If a response does not arrive
    /// whole, the next URL, for a smaller one, is used.
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
            if matches!(error, ApiError::Throttled { .. }) {
                // The delay starts after the pause, so that requests held up by this 429 go first.
                self.gate(lane).await;
            }
            tokio::time::sleep(delay).await;
        }
    }

    async fn send(&self, url: &Url, permit: Permit, sending: Sending) -> Result<Answer, ApiError> {
        let token = self.0.session.token().await;
        self.send_with(token, url, permit, sending).await
    }

    /// Sends one request; updates the rate limiter and the token's state.
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

    /// [`Self::understand`], with long responses parsed on a separate thread.
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

    /// Runs work that allocates as many records as a long response, on the same thread.
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
