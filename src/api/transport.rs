//! Sends one request and hands back what came: the only file that knows the HTTP library.

pub(super) mod stream;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use url::Url;

use super::error::ApiError;
use super::proxy::{self, ProxyChoice};
use super::rate_limit::Quota;
use crate::auth::{Blank, HttpFault, HttpRequest, HttpResponse, SendRequest};
use crate::model::{Endpoints, LOOPBACK_NAME, loopback_addresses};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Shorter than the idle time of usual gateways, so that a request hardly ever meets a connection
/// that is just being closed: for a submission that would be an unknown outcome.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Maximum length of a header; a longer one is ignored.
const MAX_HEADER: usize = 32 * 1024;
/// An answer that is larger than this has all the room at once that it may take: to make it grow means to
/// have it twice.
const LARGE: usize = 2 << 20;
/// Largest block that an allocator may cache per thread when it is freed.
const MAY_BE_KEPT: usize = 8 << 20;
/// Blocks from this size on are returned to the system when freed.
const GIVEN_BACK: usize = 33 << 20;
/// Challenges of one answer that are looked at.
const CHALLENGES: usize = 8;

/// Some servers and proxies begin a text with it; it is no part of it (RFC 8259 section 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Limits of one answer. Bytes are counted after decompression.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    bytes: usize,
    /// Until the whole answer is there; until it begins, where a pace is set.
    time: Duration,
    min_throughput: Option<MinThroughput>,
}

/// How fast a body has to come. A slow line gets its list, however long that takes: progress counts.
#[derive(Debug, Clone, Copy)]
struct MinThroughput {
    /// Without a single byte.
    idle: Duration,
    /// Least bytes in each window, unless the body ends before.
    window: Duration,
    bytes: usize,
}

impl MinThroughput {
    /// A kilobyte a second.
    const SLOW_LINE: Self = Self {
        idle: Duration::from_secs(30),
        window: Duration::from_mins(1),
        bytes: 60 * 1024,
    };
    /// For a whole answer: more than any list takes at that pace.
    const LONGEST: Duration = Duration::from_hours(12);
}

impl Limits {
    /// Buffer size for a large answer.
    const fn room(self) -> usize {
        if self.bytes > MAY_BE_KEPT {
            GIVEN_BACK
        } else {
            self.bytes
        }
    }

    pub(super) const ONE: Self = Self {
        bytes: 1 << 20,
        time: Duration::from_secs(30),
        min_throughput: None,
    };
    pub(super) const ACTION_LIST: Self = Self {
        bytes: 8 << 20,
        time: Duration::from_secs(30),
        min_throughput: Some(MinThroughput::SLOW_LINE),
    };
    /// Limits for the list of indicators, which come by the thousand.
    pub(super) const INDICATOR_LIST: Self = Self {
        bytes: 16 << 20,
        ..Self::ACTION_LIST
    };
    pub(super) const MACHINE_LIST: Self = Self {
        bytes: 24 << 20,
        time: Duration::from_mins(2),
        min_throughput: Some(MinThroughput::SLOW_LINE),
    };
}

/// What is sent to an address.
pub(super) enum Sending {
    Get(Limits),
    /// One JSON body.
    Post(Vec<u8>),
    /// Removes what the address names.
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

/// How the body of an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Whole,
    /// Cut off by us.
    TooLarge,
    /// Cut off by us: less came in a minute than a slow line brings.
    TooSlow,
    /// Cut off by the peer, by time, or not decompressible.
    BrokenOff,
}

/// An answer of any status; of its headers only the used ones.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub status: u16,
    pub date: Option<Box<str>>,
    pub retry_after: Option<Box<str>>,
    /// What the request counted against: it bounds the pause.
    pub quota: Quota,
    /// The values of `WWW-Authenticate`, which may come several times.
    pub challenges: Vec<Box<str>>,
    pub request_id: Option<Box<str>>,
    pub body: Vec<u8>,
    pub ending: Ending,
}

/// What the library does with a body that is declared as compressed. Only the declaration counts, whatever was
/// asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bodies {
    Unpacked,
    /// Length, ranges and hash are of these bytes.
    AsTheyCome,
}

/// The one HTTP client of a run.
#[derive(Clone)]
pub struct Http {
    client: Arc<Mutex<reqwest::Client>>,
    /// The API of a stand-in on a loopback address.
    stand_in: Option<Url>,
    /// Bytes of all answers so far.
    received: Arc<AtomicU64>,
}

impl Http {
    /// A client that follows no redirects, takes no plain `http` but on loopback, and uses the
    /// system's proxy but on loopback.
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
            received: Arc::default(),
        })
    }

    /// Goes on with new connections. The buffers of those before hold what went over them for as
    /// long as they are kept for the next request.
    pub(super) fn close_connections(&self) {
        // It could be set up once; if it cannot be any more, the old ones end by themselves.
        if let Ok(client) = Self::client(self.stand_in.as_ref(), Bodies::Unpacked) {
            *self.lock() = client;
        }
    }

    fn lock(&self) -> MutexGuard<'_, reqwest::Client> {
        self.client.lock()
    }

    fn client(stand_in: Option<&Url>, bodies: Bodies) -> Result<reqwest::Client, ApiError> {
        // Offered is gzip only: a server may send "deflate" with or without its zlib wrapping, and
        // the decoder reads it with wrapping only. An answer that cannot be unpacked would turn a
        // good submission into an unknown outcome. Wrapped deflate is read if it comes anyway.
        let offered = [(
            reqwest::header::ACCEPT_ENCODING,
            reqwest::header::HeaderValue::from_static("gzip"),
        )];
        if let Some(why) = super::unusable_certificates() {
            return Err(ApiError::NoClient { why: why.into() });
        }
        // Process-wide; an earlier call has chosen the same provider.
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
            // Rule 4: what is repeated is decided in `retry`, not in the library.
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

    /// How many bytes of answers have come so far.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
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

    /// Sends one request with a bearer token, which counts against this quota.
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
        // A token that is no header value was never issued; nothing is sent.
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

    /// One request, one answer. The body is counted while it streams, so that a small packed
    /// answer cannot fill the memory.
    async fn exchange(
        &self,
        mut request: reqwest::Request,
        limits: Limits,
    ) -> Result<(HttpResponse, Ending), HttpFault> {
        let min_throughput = limits.min_throughput;
        let whole = min_throughput.map_or(limits.time, |_| MinThroughput::LONGEST);
        *request.timeout_mut() = Some(whole);
        let client = self.lock().clone();
        let begun = tokio::time::timeout(limits.time, client.execute(request)).await;
        let mut incoming = begun
            .map_err(|_elapsed| HttpFault::TimedOut)?
            .map_err(|error| self.fault(&error))?;
        // What is no good answer is small, or is not read to its end.
        let bytes = if incoming.status().is_success() {
            limits.bytes
        } else {
            limits.bytes.min(Limits::ONE.bytes)
        };
        let idle = min_throughput.map_or(whole, |min_throughput| min_throughput.idle);
        let window = tokio::time::sleep(
            min_throughput.map_or(whole, |min_throughput| min_throughput.window),
        );
        tokio::pin!(window);
        let mut body = Vec::new();
        let mut at_window = 0;
        let ending = loop {
            let chunk = tokio::select! {
                biased;
                () = &mut window, if min_throughput.is_some() => {
                    let Some(min_throughput) = min_throughput.filter(|min_throughput| body.len() - at_window >= min_throughput.bytes) else {
                        break Ending::TooSlow;
                    };
                    at_window = body.len();
                    let next = window.deadline() + min_throughput.window;
                    window.as_mut().reset(next);
                    continue;
                }
                chunk = tokio::time::timeout(idle, incoming.chunk()) => chunk,
            };
            match chunk {
                Ok(Ok(Some(chunk))) if body.len() + chunk.len() > bytes => {
                    break Ending::TooLarge;
                }
                Ok(Ok(Some(chunk))) => {
                    let come = u64::try_from(chunk.len()).unwrap_or_default();
                    self.received.fetch_add(come, Ordering::Relaxed);
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
        if body.starts_with(BYTE_ORDER_MARK) {
            body.drain(..BYTE_ORDER_MARK.len());
        }
        let mut response = HttpResponse::new(body);
        *response.status_mut() = incoming.status();
        *response.headers_mut() = std::mem::take(incoming.headers_mut());
        Ok((response, ending))
    }
}

/// A proxy that the library would not find by itself, or would misread.
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

/// The body of an answer. Servers and proxies echo requests, token included: what is not what was
/// asked for is shown, and rid of it.
fn without_echo(response: HttpResponse, token: &str, blank: &Blank) -> Vec<u8> {
    let is_good = response.status().is_success();
    let body = response.into_body();
    // A good answer is large, and only a whole token in it is an echo.
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

/// Why no answer came. Only a connection that never came up is "not reached": of all else it
/// cannot be said that nothing arrived at the other end.
fn fault(error: &reqwest::Error) -> HttpFault {
    if error.is_builder() {
        // Refused before anything was tried, such as plain `http`.
        HttpFault::NotReached
    } else if error.is_connect() {
        // Their types are not ours to name, and one is wrapped in several others.
        let why = chain(error);
        if why.contains("invalid peer certificate") {
            HttpFault::Certificate
        } else if why.contains("proxy authorization required") {
            HttpFault::ProxyRefuses
        } else {
            HttpFault::NotReached
        }
    } else if error.is_timeout() {
        HttpFault::TimedOut
    } else {
        HttpFault::Interrupted
    }
}

fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests;
