//! Sign-in with the system's browser: the authorization code grant (RFC 6749 section 4.1) with PKCE
//! (RFC 7636), returning to a loopback port (RFC 8252 section 7.3).

use std::collections::VecDeque;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use oauth2::{CsrfToken, PkceCodeChallenge, PkceCodeVerifier};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;
use url::Url;

use super::SignInHost;
use super::answer::{Fields, TokenReply, post};
use super::blank::Blank;
use super::callback::{CLOSING, Callback, ENTRY, Expected, FormPost, serve};
use super::challenge::WantedClaims;
use super::error::{AuthError, ErrorResponse};
use super::secret::Secret;
use super::token::monotonic_now;
use crate::model::{BrowserPrompt, BrowserSeen};

/// Time limit for the user in the browser.
const LIMIT: Duration = Duration::from_mins(5);
/// A port that is free on IPv4 may be taken on IPv6.
const PORTS_TRIED: u32 = 5;
/// Browsers open spare connections. Beyond this number, the oldest without a request is dropped…
const UNFINISHED: usize = 8;
/// …once it has had time to send one. Until then, this is the maximum.
const CONNECTIONS: usize = 64;
const GRACE: Duration = Duration::from_millis(100);

/// A started sign-in, with everything needed to verify its response.
pub struct BrowserFlow {
    prompt: BrowserPrompt,
    /// On IPv4, and IPv6 if available: `localhost` may mean either.
    listeners: Vec<TcpListener>,
    expected: Arc<Expected>,
    nonce: CsrfToken,
    verifier: PkceCodeVerifier,
    deadline: Instant,
    /// Claims that the token must have.
    claims: Option<WantedClaims>,
    pub(super) number: u64,
}

impl BrowserFlow {
    /// The page to open, and how long its response is awaited.
    #[must_use]
    pub fn prompt(&self) -> &BrowserPrompt {
        &self.prompt
    }

    /// A watch on browser activity.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<BrowserSeen> {
        self.expected.seen.subscribe()
    }

    /// Nonce expected in the id token.
    pub(super) fn nonce(&self) -> CsrfToken {
        self.nonce.clone()
    }

    /// The sign-in page behind the prompt's address.
    #[cfg(test)]
    pub(super) fn sign_in_page(&self) -> &str {
        self.expected.page.expose()
    }

    fn redirect_uri(&self) -> String {
        redirect_uri(self.expected.port)
    }
}

impl fmt::Debug for BrowserFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserFlow")
            .field("port", &self.expected.port)
            .finish_non_exhaustive()
    }
}

/// Registered as `http://localhost`: any port is allowed, but no path.
fn redirect_uri(port: u16) -> String {
    format!("http://localhost:{port}")
}

/// Binds a port and builds the page's URL.
pub(super) async fn begin(
    host: &SignInHost,
    claims: Option<WantedClaims>,
    known: Option<&str>,
    number: u64,
) -> Result<BrowserFlow, AuthError> {
    let (listeners, port) = take_port().await.ok_or(AuthError::NoPort)?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (state, nonce) = (CsrfToken::new_random_len(32), CsrfToken::new_random_len(32));
    let checks = Checks {
        redirect_uri: redirect_uri(port),
        challenge: &challenge,
        state: &state,
        nonce: &nonce,
    };
    let page = page_to_sign_in(host, &checks, known, claims.as_ref());
    let entry = CsrfToken::new_random_len(32);
    // EXPOSE: for the address that the browser is given.
    let entry = format!("{ENTRY}{}", entry.secret());
    let form_post = if host.endpoints.loopback {
        FormPost::AskMetadata(Arc::clone(&host.http), metadata(&host.endpoints.authorize))
    } else {
        FormPost::Honoured
    };
    Ok(BrowserFlow {
        prompt: BrowserPrompt {
            page: format!("http://127.0.0.1:{port}{entry}").into(),
            expires_in: LIMIT,
            received: (host.clock)(),
            seen: BrowserSeen::default(),
        },
        listeners,
        expected: Arc::new(Expected {
            port,
            state,
            entry: Secret::new(entry),
            was_entered: AtomicBool::new(false),
            page: Secret::new(page.into()),
            form_post,
            seen: watch::Sender::new(BrowserSeen::default()),
            closing: Semaphore::new(CLOSING),
        }),
        nonce,
        verifier,
        deadline: monotonic_now() + LIMIT,
        claims,
        number,
    })
}

/// Values that the response is checked against.
struct Checks<'a> {
    redirect_uri: String,
    challenge: &'a PkceCodeChallenge,
    state: &'a CsrfToken,
    nonce: &'a CsrfToken,
}

fn page_to_sign_in(
    host: &SignInHost,
    checks: &Checks<'_>,
    known: Option<&str>,
    claims: Option<&WantedClaims>,
) -> Url {
    let mut page = host.endpoints.authorize.clone();
    let mut query = page.query_pairs_mut();
    query.extend_pairs([
        ("client_id", &*host.endpoints.client_id),
        ("response_type", "code"),
        ("redirect_uri", &*checks.redirect_uri),
        // Keeps the code out of the browser's history and address bar.
        ("response_mode", "form_post"),
        ("scope", host.scope.as_str()),
        // EXPOSE: for the page's URL; they only identify our own response.
        ("state", checks.state.secret()),
        ("nonce", checks.nonce.secret()),
        ("code_challenge", checks.challenge.as_str()),
        ("code_challenge_method", checks.challenge.method().as_str()),
        match known {
            Some(name) => ("login_hint", name),
            None => ("prompt", "select_account"),
        },
    ]);
    query.extend_pairs(claims.map(|claims| ("claims", claims.as_json())));
    drop(query);
    page
}

/// Metadata URL of a stand-in: beside its paths, like Entra, else at its root.
fn metadata(authorize: &Url) -> Url {
    let mut url = authorize.clone();
    let tenant = authorize.path().strip_suffix("/oauth2/v2.0/authorize");
    let place = tenant.map(|tenant| format!("{tenant}/v2.0"));
    let place = place.unwrap_or_default();
    url.set_path(&format!("{place}/.well-known/openid-configuration"));
    url
}

async fn take_port() -> Option<(Vec<TcpListener>, u16)> {
    for _ in 0..PORTS_TRIED {
        let Ok(v4) = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await else {
            continue;
        };
        let port = v4.local_addr().ok()?.port();
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
            Ok(v6) => return Some((vec![v4, v6], port)),
            // Taken by another program: a browser that tries IPv6 first would reach that one.
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
            // There is no IPv6 here.
            Err(_) => return Some((vec![v4], port)),
        }
    }
    None
}

/// Waits for the browser to return, and redeems its code. Dropping the future closes the port.
pub(super) async fn wait_for_person(
    host: &SignInHost,
    flow: BrowserFlow,
) -> Result<Box<Fields>, AuthError> {
    let came_back = tokio::time::timeout_at(flow.deadline, callback(&flow)).await;
    match came_back.map_err(|_elapsed| AuthError::NotBack)? {
        Callback::Code(code) => {
            flow.expected.seen.send_modify(|seen| seen.code = true);
            redeem(host, flow, code.expose()).await
        }
        Callback::Refused {
            error,
            description,
            claims,
        } => {
            // EXPOSE: to find them in displayed texts.
            let sent = [flow.expected.state.secret(), flow.nonce.secret()];
            let blank = Blank::new(sent.map(String::as_str));
            let (description, claims) = (description.as_deref(), claims.as_deref());
            let refusal = ErrorResponse::in_browser(&error, description, claims, &blank);
            Err(Box::new(refusal).into_sign_in_error())
        }
    }
}

/// The first request with our state. Other requests are answered and ignored.
async fn callback(flow: &BrowserFlow) -> Callback {
    let mut served = JoinSet::new();
    let mut unfinished = Unfinished::default();
    loop {
        let next_room = unfinished.make_room();
        tokio::select! {
            biased;
            Some(served) = served.join_next() => {
                if let Ok(Some(callback)) = served {
                    return callback;
                }
            }
            stream = accept(&flow.listeners), if next_room.is_none() => {
                let expected = Arc::clone(&flow.expected);
                let is_whole = Arc::new(AtomicBool::new(false));
                let seen = Arc::clone(&is_whole);
                let task = served.spawn(async move { serve(stream, &expected, &seen).await });
                unfinished.add(task, is_whole);
            }
            () = tokio::time::sleep_until(next_room.unwrap_or(flow.deadline)), if next_room.is_some() => {}
        }
    }
}

/// Connections that have not sent their request yet, oldest first.
#[derive(Default)]
struct Unfinished(VecDeque<(Instant, AbortHandle, Arc<AtomicBool>)>);

impl Unfinished {
    fn add(&mut self, task: AbortHandle, is_whole: Arc<AtomicBool>) {
        self.0.push_back((monotonic_now(), task, is_whole));
    }

    /// Drops the oldest if there are too many. Returns the end of the wait for room.
    fn make_room(&mut self) -> Option<Instant> {
        let is_over = |task: &AbortHandle, is_whole: &AtomicBool| {
            task.is_finished() || is_whole.load(Ordering::Acquire)
        };
        self.0
            .retain(|(_, task, is_whole)| !is_over(task, is_whole));
        while self.0.len() >= UNFINISHED
            && let Some((since, task, _)) = self.0.front()
            && monotonic_now().duration_since(*since) >= GRACE
        {
            task.abort();
            self.0.pop_front();
        }
        let (oldest, ..) = self.0.front()?;
        (self.0.len() >= CONNECTIONS).then(|| *oldest + GRACE)
    }
}

/// The next connection on any of the listeners.
async fn accept(listeners: &[TcpListener]) -> TcpStream {
    loop {
        let accepted: Result<(TcpStream, SocketAddr), _> = match listeners {
            [v4, v6, ..] => tokio::select! {
                accepted = v4.accept() => accepted,
                accepted = v6.accept() => accepted,
            },
            [one] => one.accept().await,
            [] => std::future::pending().await,
        };
        match accepted {
            Ok((stream, _)) => return stream,
            // Probably out of handles; the connection stays in the backlog.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Exchanges the single-use code for tokens (RFC 6749 section 4.1.3).
async fn redeem(
    host: &SignInHost,
    flow: BrowserFlow,
    code: &str,
) -> Result<Box<Fields>, AuthError> {
    let now = (host.clock)();
    let redirect_uri = flow.redirect_uri();
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("client_id", &*host.endpoints.client_id),
        ("code", code),
        ("redirect_uri", &redirect_uri),
        // EXPOSE: for the form of the token endpoint.
        ("code_verifier", flow.verifier.secret()),
        ("scope", host.scope.as_str()),
        ("client_info", "1"),
    ];
    form.extend(flow.claims.iter().map(|c| ("claims", c.as_json())));
    match post(&host.http, &host.endpoints.token, &form).await {
        TokenReply::Success(fields) => Ok(fields),
        TokenReply::ProtocolError(refusal) => Err(refusal.of_sign_in().into_error()),
        TokenReply::NoReply(nothing) if nothing.may_have_executed => Err(AuthError::AnswerLost),
        TokenReply::NoReply(nothing) => Err(nothing.into_error(now)),
    }
}
