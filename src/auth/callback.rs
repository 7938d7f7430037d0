//! The one request that a browser brings back to the loopback port, and strangers' others.

use std::time::Duration;

use oauth2::CsrfToken;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::form_urlencoded;
use zeroize::Zeroize as _;

use super::secret::Secret;

const MAX_HEAD: usize = 16 * 1024;
const MAX_BODY: usize = 64 * 1024;
const MAX_HEADERS: usize = 64;
/// For one connection from its first byte to its answer.
const READ_LIMIT: Duration = Duration::from_secs(10);

/// What tells our own answer from a stranger's.
pub(super) struct Expected {
    pub port: u16,
    pub state: CsrfToken,
}

/// What the sign-in host sent through the browser (RFC 6749 sections 4.1.2 and 4.1.2.1).
pub(super) enum Callback {
    /// Whoever has it and the verifier gets the tokens.
    Code(Secret<String>),
    Refused {
        error: Box<str>,
        description: Option<Box<str>>,
        /// What the next sign-in has to bring along.
        claims: Option<Box<str>>,
    },
}

/// What the browser shows. Nothing of the request comes back in it.
enum Page {
    Done,
    NotDone,
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
            Self::NotFound => ("404 Not Found", "There is nothing here."),
            Self::WrongMethod => ("405 Method Not Allowed", "There is nothing here."),
            Self::Refused => (
                "400 Bad Request",
                "This is not the answer that cordon waits for.",
            ),
        }
    }
}

/// Serves one connection. `None`: it was not what we wait for, and has been told so.
pub(super) async fn serve(mut stream: TcpStream, expected: Expected) -> Option<Callback> {
    let serving = async {
        let (page, callback) = match read(&mut stream).await {
            Some(mut request) => {
                let judged = request.judge(&expected);
                request.wipe();
                judged
            }
            None => (Page::Refused, None),
        };
        answer(&mut stream, &page).await;
        callback
    };
    tokio::time::timeout(READ_LIMIT, serving).await.ok()?
}

async fn answer(stream: &mut TcpStream, page: &Page) {
    let (status, text) = page.status_and_text();
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>cordon</title><p>{text}</p></html>"
    );
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    // A browser that has gone needs no answer.
    stream.write_all(answer.as_bytes()).await.ok();
    stream.shutdown().await.ok();
}

/// A request as far as it is looked at.
#[derive(Debug, Default)]
struct Request {
    method: String,
    target: String,
    host: String,
    is_form: bool,
    body: Vec<u8>,
}

/// `None` when it is no HTTP, or larger than any answer of a sign-in host.
async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::with_capacity(4_096);
    let (mut request, head, length) = loop {
        match parse(&bytes) {
            Parsed::Whole(request, head, length) => break (request, head, length),
            Parsed::Nonsense => return None,
            Parsed::Begun if bytes.len() >= MAX_HEAD => return None,
            Parsed::Begun => {}
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    if length > MAX_BODY {
        return None;
    }
    while bytes.len() < head + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    request.body = bytes[head..head + length].to_vec();
    bytes.zeroize();
    Some(request)
}

enum Parsed {
    /// There is more to come.
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
    /// The parameters of a form, or of the address where the host ignored how we asked.
    fn judge(&self, expected: &Expected) -> (Page, Option<Callback>) {
        let refused = (Page::Refused, None);
        let port = expected.port;
        if self.host != format!("localhost:{port}") && self.host != format!("127.0.0.1:{port}") {
            return refused;
        }
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
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
            // Twice the same name is nobody's answer.
            if place.replace(value.into_owned()).is_some() {
                return refused;
            }
        }
        // EXPOSE: to compare it with what came back.
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

/// Takes the same time wherever they differ.
fn is_same(a: &str, b: &str) -> bool {
    let differences = a
        .bytes()
        .zip(b.bytes())
        .fold(0, |found, (a, b)| found | (a ^ b));
    a.len() == b.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(head: &str, body: &str) -> String {
        let bytes = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let Parsed::Whole(mut request, start, length) = parse(bytes.as_bytes()) else {
            return "no request".to_owned();
        };
        request.body = bytes.as_bytes()[start..start + length].to_vec();
        let expected = Expected {
            port: 51_234,
            state: CsrfToken::new("right".into()),
        };
        let (page, callback) = request.judge(&expected);
        let status = &page.status_and_text().0[..3];
        match callback {
            None => status.to_owned(),
            Some(Callback::Code(code)) => format!("{status} code {}", code.expose()),
            Some(Callback::Refused { error, .. }) => format!("{status} error {error}"),
        }
    }

    #[test]
    fn our_own_answer_is_told_from_every_stranger() {
        let post = "POST / HTTP/1.1\r\nHost: localhost:51234\r\nContent-Type: application/x-www-form-urlencoded";
        for (body, expected) in [
            ("code=c1&state=right&session_state=x", "200 code c1"),
            ("code=c%2B1&state=right", "200 code c+1"),
            (
                "error=access_denied&error_description=no&state=right",
                "200 error access_denied",
            ),
            (
                "code=c1&error=server_error&state=right",
                "200 error server_error",
            ),
            ("code=c1&state=wrong", "400"),
            ("code=c1", "400"),
            ("state=right", "400"),
            ("code=c1&code=c2&state=right", "400"),
            ("code=c1&state=wrong&state=right", "400"),
            ("", "400"),
        ] {
            assert_eq!(judged(post, body), expected, "{body}");
        }
        for (head, expected) in [
            (
                "GET /?code=c1&state=right HTTP/1.1\r\nHost: 127.0.0.1:51234",
                "200 code c1",
            ),
            ("GET /favicon.ico HTTP/1.1\r\nHost: localhost:51234", "404"),
            (
                "GET //?code=c1&state=right HTTP/1.1\r\nHost: localhost:51234",
                "404",
            ),
            ("PUT / HTTP/1.1\r\nHost: localhost:51234", "405"),
            (
                "GET /?code=c1&state=right HTTP/1.1\r\nHost: evil.example:51234",
                "400",
            ),
            (
                "GET /?code=c1&state=right HTTP/1.1\r\nHost: localhost:1",
                "400",
            ),
            ("GET /?code=c1&state=right HTTP/1.1\r\nX: y", "400"),
            (
                "POST / HTTP/1.1\r\nHost: localhost:51234\r\nContent-Type: text/plain",
                "400",
            ),
            ("nonsense", "no request"),
        ] {
            assert_eq!(judged(head, ""), expected, "{head}");
        }
    }
}
