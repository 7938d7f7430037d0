//! Sends one request and returns the response: the only file that knows the HTTP library.

mod fault;
mod progress;
pub(super) mod stream;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use url::Url;

use fault::{chain, fault};
use progress::{ListProgress, PendingPage};

use super::error::ApiError;
use super::proxy::{self, ProxyChoice};
use super::rate_limit::Quota;
use crate::auth::{Blank, HttpFault, HttpRequest, HttpResponse, SendRequest};
use crate::model::{Endpoints, LOOPBACK_NAME, loopback_addresses};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Shorter than the idle timeout of usual gateways, so that a request rarely hits a connection that
/// is being closed: for a submission that would be an unknown outcome.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Maximum length of a header; a longer one is ignored.
const MAX_HEADER: usize = 32 * 1024;
/// Limit above which the whole buffer is allocated at once: growing it would need twice the memory.
const LARGE: usize = 2 << 20;
/// Largest block that an allocator may cache per thread when it is freed.
const MAY_BE_KEPT: usize = 8 << 20;
/// Blocks from this size on are returned to the system when freed.
const ALWAYS_RELEASED: usize = 33 << 20;
/// Maximum number of challenges of one response.
const CHALLENGES: usize = 8;

/// Sent by some servers and proxies; not part of the JSON text (RFC 8259 section 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Limits of one response. Bytes are counted after decompression.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    bytes: usize,
    /// Time limit of the whole response; with a minimum throughput, until it begins.
    time: Duration,
    min_throughput: Option<MinThroughput>,
    /// Whether the bytes are counted as they arrive.
    reports_progress: bool,
}

/// Minimum speed of a body. A slow connection still gets its list, as progress counts.
#[derive(Debug, Clone, Copy)]
struct MinThroughput {
    /// Maximum time without a byte.
    idle: Duration,
    /// `bytes` is the minimum per window, unless the body ends earlier.
    window: Duration,
    bytes: usize,
}

impl MinThroughput {
    /// One kilobyte per second.
    const SLOW_LINE: Self = Self {
        idle: Duration::from_secs(30),
        window: Duration::from_mins(1),
        bytes: 60 * 1024,
    };
    /// For a whole response: longer than any list takes at that speed.
    const LONGEST: Duration = Duration::from_hours(12);

    /// Any speed, where only the whole time is limited.
    const fn any_within(time: Duration) -> Self {
        Self {
            idle: time,
            window: time,
            bytes: 0,
        }
    }
}

impl Limits {
    /// Buffer size for a large response.
    const fn room(self) -> usize {
        if self.bytes > MAY_BE_KEPT {
            ALWAYS_RELEASED
        } else {
            self.bytes
        }
    }

    pub(super) const ONE: Self = Self {
        bytes: 1 << 20,
        time: Duration::from_secs(30),
        min_throughput: None,
        reports_progress: false,
    };
    pub(super) const ACTION_LIST: Self = Self {
        bytes: 8 << 20,
        time: Duration::from_secs(30),
        min_throughput: Some(MinThroughput::SLOW_LINE),
        reports_progress: false,
    };
    /// Limits for the list of indicators, which may have thousands.
    pub(super) const INDICATOR_LIST: Self = Self {
        bytes: 16 << 20,
        ..Self::ACTION_LIST
    };
    pub(super) const MACHINE_LIST: Self = Self {
        bytes: 24 << 20,
        time: Duration::from_mins(2),
        min_throughput: Some(MinThroughput::SLOW_LINE),
        reports_progress: true,
    };
}

pub(super) enum Sending {
    Get(Limits),
    Post(Vec<u8>),
    Delete,
}

impl Sending {
    pub(super) const fn method(&self) -> reqwest::Method {
        match self {
            Self::Get(_) => reqwest::Method::GET,
            Self::Post(_) => reqwest::Method::POST,
            Self::Delete => reqwest::Method::DELETE,
        }
    }
}

/// How the body of a response ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Whole,
    /// Cut off by this client.
    TooLarge,
    /// Cut off by this client: below the minimum throughput.
    TooSlow,
    /// Cut off by the peer or a timeout, or not decompressible.
    BrokenOff,
}

/// A response of any status, with only the headers that are used.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub status: u16,
    pub date: Option<Box<str>>,
    pub retry_after: Option<Box<str>>,
    /// The request's rate limit, which bounds the pause.
    pub quota: Quota,
    /// The values of `WWW-Authenticate`, which may be repeated.
    pub challenges: Vec<Box<str>>,
    pub request_id: Option<Box<str>>,
    pub body: Vec<u8>,
    pub ending: Ending,
}

/// Handling of a body with a `Content-Encoding`, which servers may send unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bodies {
    Unpacked,
    /// Left as is: length, ranges and hash apply to these bytes.
    AsTheyCome,
}

/// The one HTTP client of a run.
#[derive(Clone)]
pub struct Http {
    client: Arc<Mutex<reqwest::Client>>,
    /// The API of a stand-in on a loopback address.
    stand_in: Option<Url>,
    progress: Arc<ListProgress>,
}

impl Http {
    /// A client that follows no redirects. Plain `http` is for loopback only, the system's proxy
    /// for all other hosts.
    ///
    /// # Errors
    /// [`ApiError::NoClient`] when the system's certificate store or TLS cannot be set up.
    pub fn new(endpoints: &Endpoints) -> Result<Self, ApiError> {
        let stand_in = endpoints.loopback.then(|| endpoints.api.clone());
        Ok(Self {
            client: Arc::new(Mutex::new(Self::client(
                stand_in.as_ref(),
                Bodies::Unpacked,
            )?)),
            stand_in,
            progress: Arc::default(),
        })
    }

    /// Replaces all connections. The buffers of pooled ones keep their last traffic.
    pub(super) fn close_connections(&self) {
        // The first setup succeeded; if this one fails, the old connections close by themselves.
        if let Ok(client) = Self::client(self.stand_in.as_ref(), Bodies::Unpacked) {
            *self.lock() = client;
        }
    }

    fn lock(&self) -> MutexGuard<'_, reqwest::Client> {
        self.client.lock()
    }

    fn client(stand_in: Option<&Url>, bodies: Bodies) -> Result<reqwest::Client, ApiError> {
        // Only gzip is offered: a server may send "deflate" with or without its zlib header, and
        // the decoder needs the header. A body that cannot be decompressed would turn a successful
        // submission into an unknown outcome. Deflate with the header is accepted if it is sent
        // anyway.
        let offered = [(
            reqwest::header::ACCEPT_ENCODING,
            reqwest::header::HeaderValue::from_static("gzip"),
        )];
        if let Some(why) = super::unusable_certificates() {
            return Err(ApiError::NoClient { why: why.into() });
        }
        // Process-wide; an earlier call has set the same provider.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that builds it"
        )]
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("cordon/", env!("CARGO_PKG_VERSION")))
            .default_headers(offered.into_iter().collect())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(Limits::ONE.time)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            // Rule 4: retries are decided in `retry`, not in the library.
            .retry(reqwest::retry::never())
            .https_only(stand_in.is_none());
        if let Some(api) = stand_in {
            let here = loopback_addresses(api);
            builder = builder.no_proxy().resolve_to_addrs(LOOPBACK_NAME, &here);
        } else if let Some(own) = own_proxy() {
            builder = builder.proxy(own);
        }
        if bodies == Bodies::AsTheyCome {
            builder = builder.no_gzip().no_deflate();
        }
        builder.build().map_err(|error| ApiError::NoClient {
            why: chain(&error).into(),
        })
    }

    /// Progress of the machine lists.
    pub(super) fn progress(&self) -> &ListProgress {
        &self.progress
    }

    /// The client as a closure, for the requests of the sign-in.
    #[must_use]
    pub fn lend(&self) -> SendRequest {
        let http = self.clone();
        std::sync::Arc::new(move |request: HttpRequest| {
            let http = http.clone();
            Box::pin(async move {
                let request = reqwest::Request::try_from(request)
                    .map_err(|_not_a_url| HttpFault::NotReached)?;
                let (response, ending) = http.exchange(request, Limits::ONE).await?;
                match ending {
                    Ending::Whole => Ok(response),
                    Ending::TooLarge => Err(HttpFault::TooLarge),
                    Ending::TooSlow => Err(HttpFault::TimedOut),
                    Ending::BrokenOff => Err(HttpFault::Interrupted),
                }
            })
        })
    }

    /// Sends one request with a bearer token, counted against this quota.
    pub(super) async fn send(
        &self,
        url: &Url,
        token: &str,
        sending: Sending,
        quota: Quota,
    ) -> Result<Answer, HttpFault> {
        let mut request = reqwest::Request::new(sending.method(), url.clone());
        let json = reqwest::header::HeaderValue::from_static("application/json");
        let mut limits = Limits::ONE;
        match sending {
            Sending::Get(own) => limits = own,
            Sending::Post(body) => {
                let headers = request.headers_mut();
                headers.insert(reqwest::header::CONTENT_TYPE, json.clone());
                *request.body_mut() = Some(body.into());
            }
            Sending::Delete => {}
        }
        // A token that is not a valid header value was never issued; nothing is sent.
        let mut bearer = reqwest::header::HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_not_a_header| HttpFault::NotReached)?;
        bearer.set_sensitive(true);
        let headers = request.headers_mut();
        headers.insert(reqwest::header::AUTHORIZATION, bearer);
        headers.insert(reqwest::header::ACCEPT, json);

        let (response, ending) = self.exchange(request, limits).await?;
        let blank = Blank::new([token]);
        let readable = |value: &reqwest::header::HeaderValue| {
            let text = value.to_str().ok()?;
            (text.len() <= MAX_HEADER).then(|| Box::from(&*blank.apply(text)))
        };
        let header = |name: &str| response.headers().get(name).and_then(readable);
        Ok(Answer {
            status: response.status().as_u16(),
            date: header("date"),
            retry_after: header("retry-after"),
            quota,
            challenges: (response.headers().get_all("www-authenticate").iter())
                .filter_map(readable)
                .take(CHALLENGES)
                .collect(),
            request_id: header("mise-correlation-id").or_else(|| header("request-id")),
            ending,
            body: without_echo(response, token, &blank),
        })
    }

    fn fault(&self, error: &reqwest::Error) -> HttpFault {
        let fault = fault(error);
        let is_direct = fault == HttpFault::NotReached && self.stand_in.is_none();
        if is_direct && proxy::skips_script() {
            return HttpFault::ScriptNotRun;
        }
        fault
    }

    /// One request, one response.
    async fn exchange(
        &self,
        mut request: reqwest::Request,
        limits: Limits,
    ) -> Result<(HttpResponse, Ending), HttpFault> {
        let whole = (limits.min_throughput).map_or(limits.time, |_| MinThroughput::LONGEST);
        *request.timeout_mut() = Some(whole);
        let pending = limits.reports_progress.then(|| self.progress.begin());
        let client = self.lock().clone();
        let begun = tokio::time::timeout(limits.time, client.execute(request)).await;
        let mut incoming = begun
            .map_err(|_elapsed| HttpFault::TimedOut)?
            .map_err(|error| self.fault(&error))?;
        let (body, ending) = read_body(&mut incoming, limits, pending.as_ref()).await;
        Ok((with_body(incoming, body), ending))
    }
}

/// The body, counted while it streams, so that a small compressed one cannot fill the memory.
async fn read_body(
    incoming: &mut reqwest::Response,
    limits: Limits,
    pending: Option<&PendingPage<'_>>,
) -> (Vec<u8>, Ending) {
    let is_success = incoming.status().is_success();
    let pending = pending.filter(|_| is_success);
    // An error response is small, or is not read to its end.
    let max = if is_success {
        limits.bytes
    } else {
        limits.bytes.min(Limits::ONE.bytes)
    };
    let pace = (limits.min_throughput).unwrap_or(MinThroughput::any_within(limits.time));
    let mut window = tokio::time::interval(pace.window);
    window.reset();
    let (mut body, mut at_window) = (Vec::new(), 0);
    let ending = loop {
        let chunk = tokio::select! {
            biased;
            _ = window.tick() => {
                if body.len() - at_window < pace.bytes {
                    break Ending::TooSlow;
                }
                at_window = body.len();
                continue;
            }
            chunk = tokio::time::timeout(pace.idle, incoming.chunk()) => chunk,
        };
        match chunk {
            Ok(Ok(Some(chunk))) if body.len() + chunk.len() > max => break Ending::TooLarge,
            Ok(Ok(Some(chunk))) => {
                if let Some(pending) = pending {
                    pending.add_bytes(chunk.len());
                }
                if body.len() + chunk.len() > LARGE {
                    body.reserve_exact(limits.room() - body.len());
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Ok(None)) => break Ending::Whole,
            Ok(Err(_)) => break Ending::BrokenOff,
            Err(_elapsed) => break Ending::TooSlow,
        }
    };
    (body, ending)
}

/// The response with the body read so far.
fn with_body(mut incoming: reqwest::Response, mut body: Vec<u8>) -> HttpResponse {
    if body.starts_with(BYTE_ORDER_MARK) {
        body.drain(..BYTE_ORDER_MARK.len());
    }
    let mut response = HttpResponse::new(body);
    *response.status_mut() = incoming.status();
    *response.headers_mut() = std::mem::take(incoming.headers_mut());
    response
}

/// A proxy that the library would miss or misread.
fn own_proxy() -> Option<reqwest::Proxy> {
    match ProxyChoice::of_this_computer() {
        ProxyChoice::Library => None,
        ProxyChoice::All { address, except } => {
            let proxy = reqwest::Proxy::all(address).ok()?;
            Some(proxy.no_proxy(reqwest::NoProxy::from_string(&except)))
        }
        ProxyChoice::System(system) => {
            Some(reqwest::Proxy::custom(move |url| system.proxy_for(url)))
        }
    }
}

/// The body of a response. Servers and proxies echo requests, so the token is removed from error
/// bodies, which are shown.
fn without_echo(response: HttpResponse, token: &str, blank: &Blank) -> Vec<u8> {
    let is_good = response.status().is_success();
    let body = response.into_body();
    // A success body is large, and only a whole token counts as an echo.
    let has_echo = match std::str::from_utf8(&body) {
        Ok(text) if is_good => !token.is_empty() && text.contains(token),
        Ok(_) => true,
        Err(_) => !is_good,
    };
    if !has_echo {
        return body;
    }
    blank
        .apply(&String::from_utf8_lossy(&body))
        .into_owned()
        .into_bytes()
}

#[cfg(test)]
mod tests;
