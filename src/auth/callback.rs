//! HTTP server on the loopback port: redirects the browser to the sign-in page, and receives the
//! authorization response. Any other request gets a "nothing here" page.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use oauth2::CsrfToken;
use oauth2::http::Uri;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use url::{Url, form_urlencoded};
use zeroize::Zeroize as _;

use super::secret::Secret;
use super::{HttpRequest, SendRequest};
use crate::model::BrowserSeen;

const MAX_HEAD: usize = 16 * 1024;
const MAX_BODY: usize = 64 * 1024;
const MAX_HEADERS: usize = 64;
/// Time limit of a request's head, and of its body: the browser is on this computer.
const READ_LIMIT: Duration = Duration::from_secs(2);
/// Time limit for processing a request, including the response.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// Time limit for the peer to close its side, while its data is discarded.
const CLOSE_LIMIT: Duration = Duration::from_millis(500);
/// Maximum number of connections that linger like this; others are closed at once.
pub(super) const CLOSING: usize = 16;
const MAX_REST: usize = 1 << 20;
/// First byte of a TLS handshake record (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 22;
/// A fatal alert, `handshake_failure` (RFC 8446 section 6), so that the browser stops waiting.
const TLS_ALERT: [u8; 7] = [21, 3, 1, 0, 2, 2, 40];
/// Path prefix of the address given to the browser.
pub(super) const ENTRY: &str = "/sign-in/";

/// The expected callback, and what distinguishes it from a forged one.
pub(super) struct Expected {
    pub port: u16,
    pub state: CsrfToken,
    /// The path that redirects to the sign-in page, once.
    pub entry: Secret<String>,
    pub was_entered: AtomicBool,
    /// The sign-in page. Its URL carries this sign-in's secrets, so it is never part of a command
    /// line, which every program on this computer can read.
    pub page: Secret<String>,
    pub form_post: FormPost,
    pub seen: watch::Sender<BrowserSeen>,
    /// One permit per lingering connection, [`CLOSING`] in total.
    pub closing: Semaphore,
}

/// Whether the sign-in host sends its response as a form, as requested: then a response in a URL,
/// which histories and logs keep, is not its own.
pub(super) enum FormPost {
    Honoured,
    /// A stand-in may not support it; see its metadata (`OpenID` Connect Discovery 1.0 section 3).
    AskMetadata(SendRequest, Url),
}

impl FormPost {
    async fn is_honoured(&self) -> bool {
        #[derive(Deserialize)]
        struct Metadata {
            #[serde(default)]
            response_modes_supported: Vec<String>,
        }
        let Self::AskMetadata(http, url) = self else {
            return true;
        };
        let Ok(uri) = Uri::try_from(url.as_str()) else {
            return false;
        };
        let mut request = HttpRequest::default();
        *request.uri_mut() = uri;
        let Ok(answer) = http(request).await else {
            return false;
        };
        let metadata = serde_json::from_slice::<Metadata>(answer.body());
        metadata.is_ok_and(|known| {
            known
                .response_modes_supported
                .iter()
                .any(|m| m == "form_post")
        })
    }
}

/// Authorization response, as sent through the browser (RFC 6749 sections 4.1.2 and 4.1.2.1).
pub(super) enum Callback {
    /// Sufficient to get tokens, together with the PKCE verifier.
    Code(Secret<String>),
    Refused {
        error: Box<str>,
        description: Option<Box<str>>,
        /// Claims that the next sign-in has to request.
        claims: Option<Box<str>>,
    },
}

/// The page shown in the browser. It never echoes the request.
enum Page {
    Done,
    NotDone,
    /// Redirect to the sign-in page.
    Onwards,
    EnteredBefore,
    NotFound,
    WrongMethod,
    Refused,
}

impl Page {
    const fn status_and_text(&self) -> (&'static str, &'static str) {
        match self {
            Self::Done => ("200 OK", "You can close this window and go back to cordon."),
            Self::NotDone => (
                "200 OK",
                "The sign-in did not work. Go back to cordon: it says why.",
            ),
            Self::Onwards => ("303 See Other", "The sign-in page opens."),
            Self::EnteredBefore => (
                "410 Gone",
                "This address works once, and has been opened before. Go back to cordon and press Open the page again. \
                 If you have not opened it before, someone else on this computer may have: press Cancel there.",
            ),
            Self::NotFound => ("404 Not Found", "There is nothing here."),
            Self::WrongMethod => ("405 Method Not Allowed", "There is nothing here."),
            Self::Refused => (
                "400 Bad Request",
                "This is not the answer that cordon is waiting for.",
            ),
        }
    }
}

/// Serves one connection. `None`: not the expected callback, and answered accordingly. `is_whole`
/// is set once the request is complete: from then on it must not be dropped.
pub(super) async fn serve(
    mut stream: TcpStream,
    expected: &Expected,
    is_whole: &AtomicBool,
) -> Option<Callback> {
    let read = read(&mut stream).await;
    is_whole.store(true, Ordering::Release);
    let serving = async {
        let (page, callback) = match read {
            Read::Request(mut request) => {
                let judged = request.judge(expected);
                let is_misplaced = judged.1.is_some()
                    && request.method == "GET"
                    && expected.form_post.is_honoured().await;
                request.wipe();
                if is_misplaced {
                    (Page::Refused, None)
                } else {
                    judged
                }
            }
            Read::Tls => {
                expected.seen.send_modify(|seen| seen.over_https = true);
                stream.write_all(&TLS_ALERT).await.ok();
                close(&mut stream, expected).await;
                return None;
            }
            Read::Nothing => (Page::Refused, None),
        };
        answer(&mut stream, &page, expected).await;
        callback
    };
    tokio::time::timeout(ANSWER_LIMIT, serving).await.ok()?
}

async fn answer(stream: &mut TcpStream, page: &Page, expected: &Expected) {
    let (status, text) = page.status_and_text();
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>cordon</title><p>{text}</p></html>"
    );
    let onwards = match page {
        // EXPOSE: for the browser, which has shown that it was sent here.
        Page::Onwards => format!("Location: {}\r\n", expected.page.expose()),
        Page::Done
        | Page::NotDone
        | Page::EnteredBefore
        | Page::NotFound
        | Page::WrongMethod
        | Page::Refused => String::new(),
    };
    let mut answer = format!(
        "HTTP/1.1 {status}\r\n{onwards}Content-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    // A browser that has gone needs no response.
    stream.write_all(answer.as_bytes()).await.ok();
    answer.zeroize();
    close(stream, expected).await;
}

/// Closes a connection without losing the response: closing a socket with unread bytes resets it,
/// and the peer may lose data. So the rest is read and discarded for a moment.
async fn close(stream: &mut TcpStream, expected: &Expected) {
    stream.shutdown().await.ok();
    let Ok(_permit) = expected.closing.try_acquire() else {
        return;
    };
    let mut rest = [0; 4_096];
    let reading = async {
        for _ in 0..MAX_REST / rest.len() {
            if matches!(stream.read(&mut rest).await, Ok(0) | Err(_)) {
                return;
            }
        }
    };
    tokio::time::timeout(CLOSE_LIMIT, reading).await.ok();
    rest.zeroize();
}

/// The parts of a request that are used.
#[derive(Debug, Default)]
struct Request {
    method: String,
    target: String,
    host: String,
    is_form: bool,
    body: Vec<u8>,
}

/// A request read from a connection.
enum Read {
    Request(Request),
    /// The start of a TLS connection.
    Tls,
    /// Not HTTP, too large, or too late.
    Nothing,
}

async fn read(stream: &mut TcpStream) -> Read {
    let mut bytes = Vec::with_capacity(4_096);
    let head = tokio::time::timeout(READ_LIMIT, read_head(stream, &mut bytes)).await;
    let read = match head {
        Ok(Some((mut request, head, length))) => {
            let whole = read_to(stream, &mut bytes, head + length);
            match tokio::time::timeout(READ_LIMIT, whole).await {
                Ok(Some(())) => {
                    request.body = bytes[head..head + length].to_vec();
                    Read::Request(request)
                }
                Ok(None) | Err(_) => Read::Nothing,
            }
        }
        Ok(None) if bytes.first() == Some(&TLS_HANDSHAKE) => Read::Tls,
        Ok(None) | Err(_) => Read::Nothing,
    };
    bytes.zeroize();
    read
}

/// The head of a request, its length, and that of the body.
async fn read_head(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<(Request, usize, usize)> {
    loop {
        match parse(bytes) {
            Parsed::Whole(_, head, length) if head > MAX_HEAD || length > MAX_BODY => return None,
            Parsed::Whole(request, head, length) => return Some((request, head, length)),
            Parsed::Nonsense => return None,
            Parsed::Begun if bytes.len() >= MAX_HEAD => return None,
            Parsed::Begun => {}
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
}

async fn read_to(stream: &mut TcpStream, bytes: &mut Vec<u8>, length: usize) -> Option<()> {
    while bytes.len() < length {
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(())
}

enum Parsed {
    /// Incomplete.
    Begun,
    Nonsense,
    /// The head, its length and that of the body.
    Whole(Request, usize, usize),
}

fn parse(bytes: &[u8]) -> Parsed {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let head = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => return Parsed::Begun,
        Err(_) => return Parsed::Nonsense,
    };
    let header = |name: &str| {
        let mut found = parsed.headers.iter();
        let found = found.find(|h| h.name.eq_ignore_ascii_case(name));
        let text = found.and_then(|h| std::str::from_utf8(h.value).ok());
        text.unwrap_or_default().trim()
    };
    let length = match header("content-length") {
        "" => Ok(0),
        text => text.parse(),
    };
    let Ok(length) = length else {
        return Parsed::Nonsense;
    };
    let kind = header("content-type").to_ascii_lowercase();
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: parsed.path.unwrap_or_default().to_owned(),
        host: header("host").to_ascii_lowercase(),
        is_form: kind.starts_with("application/x-www-form-urlencoded"),
        body: Vec::new(),
    };
    Parsed::Whole(request, head, length)
}

impl Request {
    /// Checks the parameters of the form, or of the URL if the host ignored the requested mode.
    fn judge(&self, expected: &Expected) -> (Page, Option<Callback>) {
        let refused = (Page::Refused, None);
        let port = expected.port;
        if self.host != format!("localhost:{port}") && self.host != format!("127.0.0.1:{port}") {
            return refused;
        }
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        if path.starts_with(ENTRY) {
            return (self.enter(path, expected), None);
        }
        if path != "/" {
            return (Page::NotFound, None);
        }
        let encoded = match self.method.as_str() {
            "POST" if self.is_form => &self.body,
            "POST" => return refused,
            "GET" => query.as_bytes(),
            _ => return (Page::WrongMethod, None),
        };
        let mut given = Given::default();
        for (name, value) in form_urlencoded::parse(encoded) {
            let place = match &*name {
                "state" => &mut given.state,
                "code" => &mut given.code,
                "error" => &mut given.error,
                "error_description" => &mut given.description,
                "claims" => &mut given.claims,
                _ => continue,
            };
            // Duplicate parameters are never valid.
            if place.replace(value.into_owned()).is_some() {
                return refused;
            }
        }
        // EXPOSE: to compare it with the received value.
        if !given
            .state
            .is_some_and(|state| is_same(&state, expected.state.secret()))
        {
            return refused;
        }
        match (given.error, given.code) {
            (Some(error), _) => {
                let refused = Callback::Refused {
                    error: error.into(),
                    description: given.description.map(Into::into),
                    claims: given.claims.map(Into::into),
                };
                (Page::NotDone, Some(refused))
            }
            (None, Some(code)) => (Page::Done, Some(Callback::Code(Secret::new(code)))),
            (None, None) => refused,
        }
    }

    /// Redirects the first browser that knows the path to the sign-in page.
    fn enter(&self, path: &str, expected: &Expected) -> Page {
        // EXPOSE: to compare it with the requested path.
        if !is_same(path, expected.entry.expose()) {
            Page::NotFound
        } else if self.method != "GET" {
            Page::WrongMethod
        } else if expected.was_entered.swap(true, Ordering::AcqRel) {
            Page::EnteredBefore
        } else {
            Page::Onwards
        }
    }

    fn wipe(&mut self) {
        self.target.zeroize();
        self.body.zeroize();
    }
}

#[derive(Default)]
struct Given {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    description: Option<String>,
    claims: Option<String>,
}

/// Constant-time comparison.
fn is_same(a: &str, b: &str) -> bool {
    let differences = a
        .bytes()
        .zip(b.bytes())
        .fold(0, |found, (a, b)| found | (a ^ b));
    a.len() == b.len() && differences == 0
}

#[cfg(test)]
mod tests;
