//! Complete sign-ins against a scripted host, with a paused clock.

mod callback;
mod id_tokens;
mod identity;
mod persistence;
mod refused;
mod signing_in;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use keyring_core::{CredentialStore, mock};
use oauth2::http::header::DATE;
use oauth2::http::{HeaderValue, StatusCode};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::Url;

use super::*;
use crate::model::{Endpoints, KeyringState, Mode};

const DEVICE: &str = r#"{"user_code":"B7XQK4M2R","device_code":"canary-dc","expires_in":"900",
    "verification_uri":"https://microsoft.com/devicelogin","verification_url":"https://x","interval":5}"#;
const PENDING: &str = r#"{"error":"authorization_pending","error_codes":[70016]}"#;

#[derive(Clone)]
enum ScriptedReply {
    Json(u16, String),
    Fault(HttpFault),
    /// Responds with this `Date` header.
    Dated(&'static str, Box<ScriptedReply>),
    /// Responds after this many seconds.
    Late(u64, Box<ScriptedReply>),
}

fn ok(body: impl Into<String>) -> ScriptedReply {
    ScriptedReply::Json(200, body.into())
}

fn no(body: &str) -> ScriptedReply {
    ScriptedReply::Json(400, body.into())
}

fn tokens(n: u32) -> ScriptedReply {
    let claims = |json: &str| format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(json));
    let id =
        claims(r#"{"aud":"c1","tid":"t1","oid":"O1","preferred_username":"ada@contoso.example"}"#);
    let access = claims(&format!(
        r#"{{"scp":"Machine.Isolate Machine.Read","n":{n}}}"#
    ));
    ok(format!(
        r#"{{"token_type":"bearer","access_token":"{access}","expires_in":"3600","id_token":"{id}",
        "refresh_token":"canary-rt{n}","scope":"openid"}}"#
    ))
}

/// The host: its scripted replies, and the received requests (with the time since its start).
#[derive(Clone)]
struct Host {
    script: Arc<Mutex<VecDeque<ScriptedReply>>>,
    reply: Arc<Mutex<Vec<(Duration, String)>>>,
    started: Instant,
}

impl Host {
    fn new(script: impl IntoIterator<Item = ScriptedReply>) -> Self {
        Self {
            script: Arc::new(Mutex::new(script.into_iter().collect())),
            reply: Arc::default(),
            started: token::monotonic_now(),
        }
    }

    fn then(&self, say: ScriptedReply) {
        self.script.lock().unwrap().push_back(say);
    }

    fn seconds(&self) -> Vec<u64> {
        self.reply
            .lock()
            .unwrap()
            .iter()
            .map(|(at, _)| at.as_secs())
            .collect()
    }

    fn bodies(&self) -> Vec<String> {
        self.reply
            .lock()
            .unwrap()
            .iter()
            .map(|(_, body)| body.clone())
            .collect()
    }

    fn http(&self) -> SendRequest {
        let host = self.clone();
        Arc::new(move |request| {
            let host = host.clone();
            Box::pin(async move {
                let body = String::from_utf8(request.into_body()).unwrap();
                host.reply
                    .lock()
                    .unwrap()
                    .push((host.started.elapsed(), body));
                let next = host.script.lock().unwrap().pop_front();
                let mut next = next.unwrap_or_else(|| no(PENDING));
                if let ScriptedReply::Late(secs, inner) = next {
                    tokio::time::sleep(Duration::from_secs(secs)).await;
                    next = *inner;
                }
                let mut date = None;
                if let ScriptedReply::Dated(at, inner) = next {
                    date = Some(HeaderValue::from_static(at));
                    next = *inner;
                }
                match next {
                    ScriptedReply::Json(status, body) => {
                        let mut response = HttpResponse::new(body.into_bytes());
                        *response.status_mut() = StatusCode::from_u16(status).unwrap();
                        response.headers_mut().extend(date.map(|at| (DATE, at)));
                        Ok(response)
                    }
                    ScriptedReply::Fault(fault) => Err(fault),
                    ScriptedReply::Late(..) | ScriptedReply::Dated(..) => {
                        unreachable!("one of each at most")
                    }
                }
            })
        })
    }

    fn session(&self, store: TokenStore) -> Session {
        self.session_at(&endpoints("t1"), store)
    }

    fn in_memory(&self) -> Session {
        self.session(TokenStore::memory())
    }

    fn session_at(&self, endpoints: &Endpoints, store: TokenStore) -> Session {
        let started = self.started;
        let clock: Clock = Arc::new(move || Timestamp::UNIX_EPOCH + started.elapsed());
        Session::new(endpoints, Mode::StandIn, self.http(), store, clock)
    }
}

fn endpoints(tenant: &str) -> Endpoints {
    Endpoints::stand_in("http://127.0.0.1:8080", tenant, "c1").unwrap()
}

/// Signs in with a code.
async fn sign_in_on(session: &Session) -> Result<SignedIn, AuthError> {
    let flow = session.begin().await.expect("a code");
    let pending_sign_in = session.finish(flow).await?;
    session.complete_sign_in(pending_sign_in)
}

/// Replaces a token that the API refused without a challenge.
async fn replaced(session: &Session, token: &AccessToken) -> Result<AccessToken, AuthError> {
    let (token, claims) = (token.clone(), None);
    session
        .token_instead_of(RefusedToken { token, claims })
        .await
}

/// [`replaced`] in its own task.
fn replacing(session: &Session, token: AccessToken) -> JoinHandle<Result<AccessToken, AuthError>> {
    let session = session.clone();
    tokio::spawn(async move { replaced(&session, &token).await })
}

async fn until_keyring(session: &Session, wanted: &KeyringState) {
    let mut keyring = session.watch_keyring();
    let reached = keyring.wait_for(|state| state == wanted).await;
    reached.expect("it is in that state");
}

/// A store on this keyring.
fn store_in(keyring: &Arc<mock::Store>) -> TokenStore {
    let keyring: Arc<CredentialStore> = keyring.clone();
    TokenStore::with_store(move || Ok(keyring.clone())).expect("a thread")
}

/// Signs in with one-second polls; the keyring's thread needs real time.
async fn with_store(store: TokenStore) -> (Host, Session) {
    let host = Host::new([ok(DEVICE.replace(":5", ":1")), tokens(1)]);
    let session = host.session(store);
    sign_in_on(&session).await.expect("signed in");
    (host, session)
}

async fn sign_in(
    script: impl IntoIterator<Item = ScriptedReply>,
) -> (Host, Session, Result<SignedIn, AuthError>) {
    let host = Host::new(std::iter::once(ok(DEVICE)).chain(script));
    let session = host.in_memory();
    let result = sign_in_on(&session).await;
    (host, session, result)
}

async fn signed_in() -> (Host, Session) {
    let (host, session, result) = sign_in([tokens(1)]).await;
    result.expect("signed in");
    (host, session)
}

/// A session of a profile's registration, whose tokens must match it.
fn registered(host: &Host, tenant: &str) -> Session {
    let endpoints = Endpoints {
        is_registered: true,
        ..endpoints(tenant)
    };
    host.session_at(&endpoints, TokenStore::memory())
}

fn api() -> Url {
    Url::parse("http://127.0.0.1:8080/api/machines").unwrap()
}

/// Finds, accepts and renews the saved sign-in, as the console does at startup.
async fn restore(session: &Session) -> Result<Option<SignedIn>, AuthError> {
    if session.find_saved(Some("o1")).await?.is_none() {
        return Ok(None);
    }
    session.accept_saved().expect("found");
    session.renew_again().await?;
    Ok(session.signed_in())
}

/// A parameter of the sign-in page's URL.
fn asked_for(page: &Url, wanted: &str) -> String {
    let found = page.query_pairs().find(|(name, _)| name == wanted);
    found.expect("asked for").1.into_owned()
}

/// A browser's form post to this port.
fn posted(port: u16, form: &str) -> String {
    let length = form.len();
    format!(
        "POST / HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
    )
}

/// A browser that returns with a code; the connection lives as long as the returned stream.
fn come_back(flow: &BrowserFlow) -> impl Future<Output = tokio::net::TcpStream> + use<> {
    use tokio::io::AsyncWriteExt as _;
    let page = Url::parse(flow.sign_in_page()).expect("an address");
    let back = Url::parse(&asked_for(&page, "redirect_uri")).expect("an address");
    let port = back.port().expect("a port");
    let request = posted(port, &format!("code=c&state={}", asked_for(&page, "state")));
    async move {
        let address = ("127.0.0.1", port);
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("open");
        stream.write_all(request.as_bytes()).await.expect("sent");
        stream
    }
}
