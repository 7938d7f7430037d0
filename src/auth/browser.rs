//! Signing in with the system's browser: the authorization code grant (RFC 6749 section 4.1) with
//! PKCE (RFC 7636), handed back on a loopback port (RFC 8252 section 7.3).

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use jiff::Timestamp;
use oauth2::{CsrfToken, PkceCodeChallenge, PkceCodeVerifier, Scope};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::answer::{Fields, Heard, post};
use super::callback::{Callback, Expected, serve};
use super::challenge::WantedClaims;
use super::error::{AuthError, Refusal};
use super::token::{monotonic_now, nonce_of};
use super::{Clock, SendRequest};
use crate::model::{BrowserPrompt, Endpoints};

/// How long a person may take in the browser.
const LIMIT: Duration = Duration::from_mins(5);
/// A free port on IPv4 may be taken on IPv6.
const PORTS_TRIED: u32 = 5;
/// Browsers open spare connections; more than these at a time are not served.
const CONNECTIONS: usize = 16;

/// A page that was asked for, and what is needed to know its answer.
pub struct BrowserFlow {
    prompt: BrowserPrompt,
    /// On IPv4, and on IPv6 where there is any: `localhost` may mean either.
    listeners: Vec<TcpListener>,
    port: u16,
    state: CsrfToken,
    nonce: CsrfToken,
    verifier: PkceCodeVerifier,
    deadline: Instant,
    /// What the token has to bring along.
    claims: Option<WantedClaims>,
    pub(super) number: u64,
}

impl BrowserFlow {
    /// Which page to open, and for how long its answer is waited for.
    #[must_use]
    pub fn prompt(&self) -> &BrowserPrompt {
        &self.prompt
    }

    fn redirect_uri(&self) -> String {
        redirect_uri(self.port)
    }
}

impl fmt::Debug for BrowserFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserFlow")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// Registered as `http://localhost`: any port fits, but no path.
fn redirect_uri(port: u16) -> String {
    format!("http://localhost:{port}")
}

/// Takes a port and makes the address of the page.
pub(super) async fn begin(
    clock: &Clock,
    endpoints: &Endpoints,
    scope: &Scope,
    claims: Option<WantedClaims>,
    known: Option<&str>,
    number: u64,
) -> Result<BrowserFlow, AuthError> {
    let (listeners, port) = take_port().await.ok_or(AuthError::NoPort)?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (state, nonce) = (CsrfToken::new_random_len(32), CsrfToken::new_random_len(32));
    let mut page = endpoints.authorize.clone();
    page.query_pairs_mut().extend_pairs([
        ("client_id", &*endpoints.client_id),
        ("response_type", "code"),
        ("redirect_uri", &redirect_uri(port)),
        // Keeps the code out of the browser's history and address bar.
        ("response_mode", "form_post"),
        ("scope", scope.as_str()),
        // EXPOSE: for the address of the page; they only tell our own answer from others.
        ("state", state.secret()),
        ("nonce", nonce.secret()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", challenge.method().as_str()),
        match known {
            Some(name) => ("login_hint", name),
            None => ("prompt", "select_account"),
        },
    ]);
    if let Some(claims) = &claims {
        page.query_pairs_mut()
            .append_pair("claims", claims.as_json());
    }
    Ok(BrowserFlow {
        prompt: BrowserPrompt {
            page: page.as_str().into(),
            expires_in: LIMIT,
            received: clock(),
        },
        listeners,
        port,
        state,
        nonce,
        verifier,
        deadline: monotonic_now() + LIMIT,
        claims,
        number,
    })
}

async fn take_port() -> Option<(Vec<TcpListener>, u16)> {
    for _ in 0..PORTS_TRIED {
        let Ok(v4) = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await else {
            continue;
        };
        let port = v4.local_addr().ok()?.port();
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
            Ok(v6) => return Some((vec![v4, v6], port)),
            // Somebody else's: a browser that tries IPv6 first would talk to them.
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
            // There is no IPv6 here.
            Err(_) => return Some((vec![v4], port)),
        }
    }
    None
}

/// Waits for the browser to come back, and redeems its code. Dropping the future closes the port.
pub(super) async fn wait_for_person(
    http: &SendRequest,
    clock: &Clock,
    endpoints: &Endpoints,
    scope: &Scope,
    flow: BrowserFlow,
) -> Result<Box<Fields>, AuthError> {
    let came_back = tokio::time::timeout_at(flow.deadline, callback(&flow)).await;
    match came_back.map_err(|_elapsed| AuthError::NotBack)? {
        Callback::Code(code) => redeem(http, clock(), endpoints, scope, flow, code.expose()).await,
        Callback::Refused { error, .. } if &*error == "access_denied" => Err(AuthError::Declined),
        Callback::Refused {
            error,
            description,
            claims,
        } => {
            let refusal = Refusal::in_browser(&error, description.as_deref(), claims.as_deref());
            Err(Box::new(refusal).into_error())
        }
    }
}

/// The first request that carries our state. Strangers are answered and ignored.
async fn callback(flow: &BrowserFlow) -> Callback {
    let mut connections = JoinSet::new();
    loop {
        let room = connections.len() < CONNECTIONS;
        tokio::select! {
            stream = accept(&flow.listeners), if room => {
                let expected = Expected { port: flow.port, state: flow.state.clone() };
                connections.spawn(serve(stream, expected));
            }
            Some(served) = connections.join_next() => {
                if let Ok(Some(callback)) = served {
                    return callback;
                }
            }
        }
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
            // Out of handles, say: nothing of ours got lost.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Exchanges the code, which works once, for tokens (RFC 6749 section 4.1.3).
async fn redeem(
    http: &SendRequest,
    now: Timestamp,
    endpoints: &Endpoints,
    scope: &Scope,
    flow: BrowserFlow,
    code: &str,
) -> Result<Box<Fields>, AuthError> {
    let redirect_uri = flow.redirect_uri();
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("client_id", &*endpoints.client_id),
        ("code", code),
        ("redirect_uri", &redirect_uri),
        // EXPOSE: for the form of the token endpoint.
        ("code_verifier", flow.verifier.secret()),
        ("scope", scope.as_str()),
        ("client_info", "1"),
    ];
    form.extend(flow.claims.iter().map(|c| ("claims", c.as_json())));
    match post(http, &endpoints.token, &form).await {
        Heard::Fields(fields) => {
            // OpenID Connect Core 1.0 section 3.1.3.7: an id token of another sign-in is none.
            let is_foreign = nonce_of(&fields).is_some_and(|nonce| nonce != *flow.nonce.secret());
            if is_foreign {
                return Err(AuthError::ForeignAnswer);
            }
            Ok(fields)
        }
        Heard::Refused(refusal) => Err(refusal.into_error()),
        Heard::Nothing(nothing) if nothing.maybe_acted => Err(AuthError::AnswerLost),
        Heard::Nothing(nothing) => Err(nothing.into_error(now)),
    }
}
