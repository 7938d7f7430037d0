//! Sends one request and hands back what came: the only file that knows the HTTP library.

use std::error::Error;
use std::time::Duration;

use url::Url;

use super::error::ApiError;
use crate::auth::{HttpFault, HttpRequest, HttpResponse, SendRequest};
use crate::model::{Endpoints, LOOPBACK_NAME, loopback_addresses};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Shorter than the idle time of usual gateways, so that a request hardly ever meets a connection
/// that is just being closed: for a submission that would be an unknown outcome.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// What one answer may cost at most. Bytes are counted after decompression.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    bytes: usize,
    time: Duration,
}

impl Limits {
    pub(super) const ONE: Self = Self {
        bytes: 1 << 20,
        time: Duration::from_secs(30),
    };
    pub(super) const ACTION_LIST: Self = Self {
        bytes: 16 << 20,
        time: Duration::from_secs(30),
    };
    pub(super) const MACHINE_LIST: Self = Self {
        bytes: 64 << 20,
        time: Duration::from_mins(2),
    };
}

/// How the body of an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Whole,
    /// Cut off by us.
    TooLarge,
    /// Cut off by somebody else, by time, or not decompressible.
    BrokenOff,
}

/// An answer, whatever its status; of its headers only those that are used.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub status: u16,
    pub date: Option<Box<str>>,
    pub retry_after: Option<Box<str>>,
    /// The values of `WWW-Authenticate`, which may come several times.
    pub challenges: Vec<Box<str>>,
    pub request_id: Option<Box<str>>,
    pub body: Vec<u8>,
    pub ending: Ending,
}

/// The one HTTP client of a run.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
}

impl Http {
    /// A client that follows no redirects, takes no plain `http` but on loopback, and uses the
    /// system's proxy but on loopback.
    ///
    /// # Errors
    /// [`ApiError::NoClient`] when the system's certificate store or TLS cannot be set up.
    pub fn new(endpoints: &Endpoints) -> Result<Self, ApiError> {
        // Offered is gzip only: a server may send "deflate" with or without its zlib wrapping, and
        // the decoder reads it with wrapping only. An answer that cannot be unpacked would turn a
        // good submission into an unknown outcome. Wrapped deflate is read if it comes anyway.
        let offered = [(
            reqwest::header::ACCEPT_ENCODING,
            reqwest::header::HeaderValue::from_static("gzip"),
        )];
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
            .https_only(!endpoints.loopback);
        if endpoints.loopback {
            let here = loopback_addresses(&endpoints.api);
            builder = builder.no_proxy().resolve_to_addrs(LOOPBACK_NAME, &here);
        }
        let client = builder.build().map_err(|error| ApiError::NoClient {
            why: chain(&error).into(),
        })?;
        Ok(Self { client })
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
                    Ending::BrokenOff => Err(HttpFault::Interrupted),
                }
            })
        })
    }

    /// Reads from `url` with a bearer token.
    pub(super) async fn get(
        &self,
        url: &Url,
        token: &str,
        limits: Limits,
    ) -> Result<Answer, HttpFault> {
        let request = reqwest::Request::new(reqwest::Method::GET, url.clone());
        self.call(request, token, limits).await
    }

    /// Sends one JSON body to `url` with a bearer token.
    pub(super) async fn post(
        &self,
        url: &Url,
        token: &str,
        body: Vec<u8>,
    ) -> Result<Answer, HttpFault> {
        let mut request = reqwest::Request::new(reqwest::Method::POST, url.clone());
        let json = reqwest::header::HeaderValue::from_static("application/json");
        request
            .headers_mut()
            .insert(reqwest::header::CONTENT_TYPE, json);
        *request.body_mut() = Some(body.into());
        self.call(request, token, Limits::ONE).await
    }

    async fn call(
        &self,
        mut request: reqwest::Request,
        token: &str,
        limits: Limits,
    ) -> Result<Answer, HttpFault> {
        // A token that is no header value was never issued; nothing is sent.
        let mut bearer = reqwest::header::HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_not_a_header| HttpFault::NotReached)?;
        bearer.set_sensitive(true);
        let json = reqwest::header::HeaderValue::from_static("application/json");
        let headers = request.headers_mut();
        headers.insert(reqwest::header::AUTHORIZATION, bearer);
        headers.insert(reqwest::header::ACCEPT, json);

        let (response, ending) = self.exchange(request, limits).await?;
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(Box::from)
        };
        Ok(Answer {
            status: response.status().as_u16(),
            date: header("date"),
            retry_after: header("retry-after"),
            challenges: (response.headers().get_all("www-authenticate").iter())
                .filter_map(|value| value.to_str().ok().map(Box::from))
                .collect(),
            request_id: header("mise-correlation-id").or_else(|| header("request-id")),
            ending,
            body: response.into_body(),
        })
    }

    /// One request, one answer. The body is counted while it streams, so that a small packed
    /// answer cannot fill the memory.
    async fn exchange(
        &self,
        mut request: reqwest::Request,
        limits: Limits,
    ) -> Result<(HttpResponse, Ending), HttpFault> {
        *request.timeout_mut() = Some(limits.time);
        let mut incoming = self
            .client
            .execute(request)
            .await
            .map_err(|error| fault(&error))?;
        let mut body = Vec::new();
        let ending = loop {
            match incoming.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > limits.bytes => {
                    break Ending::TooLarge;
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break Ending::Whole,
                Err(_) => break Ending::BrokenOff,
            }
        };
        let mut response = HttpResponse::new(body);
        *response.status_mut() = incoming.status();
        *response.headers_mut() = std::mem::take(incoming.headers_mut());
        Ok((response, ending))
    }
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
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// A server that gives each answer to one connection, and hands back what it was asked.
    fn serve(answers: Vec<Vec<u8>>) -> (Endpoints, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let serving = move || {
            answers
                .into_iter()
                .map(|answer| {
                    let (mut stream, _) = listener.accept().expect("a connection");
                    let mut asked = [0; 4_096];
                    let read = stream.read(&mut asked).expect("a request");
                    stream.write_all(&answer).ok();
                    String::from_utf8_lossy(&asked[..read]).into_owned()
                })
                .collect()
        };
        let thread = std::thread::Builder::new()
            .name("server".into())
            .spawn(serving)
            .expect("a thread");
        (
            Endpoints::stand_in(&address, "t", "c").expect("loopback"),
            thread,
        )
    }

    fn answer(head: &str, body: &[u8]) -> Vec<u8> {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
        [head.as_bytes(), body].concat()
    }

    async fn ask(answer: Vec<u8>) -> (Result<Answer, HttpFault>, String) {
        let (endpoints, thread) = serve(vec![answer]);
        let http = Http::new(&endpoints).expect("a client");
        let limits = Limits {
            bytes: 100,
            time: Duration::from_secs(5),
        };
        let result = http.get(&endpoints.api, "a-token", limits).await;
        (result, thread.join().expect("a request").concat())
    }

    #[tokio::test]
    async fn a_request_carries_token_and_name_and_offers_gzip_only() {
        let (result, asked) = ask(answer(
            "200 OK\r\nDate: Tue, 14 Nov 2023 22:13:50 GMT\r\nmise-correlation-id: m",
            b"{}",
        ))
        .await;
        let got = result.expect("an answer");
        assert_eq!(
            (got.status, got.body.as_slice(), got.ending),
            (200, b"{}".as_slice(), Ending::Whole)
        );
        assert_eq!(got.request_id.as_deref(), Some("m"));
        assert!(got.date.is_some());
        let asked = asked.to_ascii_lowercase();
        for line in [
            "get /api http/1.1\r\n",
            "\r\nauthorization: bearer a-token\r\n",
            "\r\nuser-agent: cordon/",
            "\r\naccept-encoding: gzip\r\n",
        ] {
            assert!(asked.contains(line), "{line:?} in {asked}");
        }
    }

    #[tokio::test]
    async fn wrapped_deflate_is_read_and_bare_deflate_is_not_taken_for_an_answer() {
        let wrapped = [0x78, 0x9c, 0xab, 0xae, 0x05, 0x00, 0x01, 0x75, 0x00, 0xf9];
        let (result, _) = ask(answer("200 OK\r\nContent-Encoding: deflate", &wrapped)).await;
        assert_eq!(result.expect("an answer").body, b"{}");
        let (result, _) = ask(answer(
            "200 OK\r\nContent-Encoding: deflate",
            &wrapped[2..6],
        ))
        .await;
        assert_eq!(result.expect("an answer").ending, Ending::BrokenOff);
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_not_followed() {
        let (result, _) = ask(answer(
            "307 Temporary Redirect\r\nLocation: /elsewhere",
            b"",
        ))
        .await;
        assert_eq!(result.expect("an answer").status, 307);
    }

    #[tokio::test]
    async fn a_body_is_cut_where_it_grows_too_large_or_breaks_off() {
        let (result, _) = ask(answer("200 OK", &[b'x'; 101])).await;
        assert_eq!(result.expect("an answer").ending, Ending::TooLarge);
        let (result, _) = ask(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf".to_vec()).await;
        assert_eq!(result.expect("an answer").ending, Ending::BrokenOff);
    }

    #[tokio::test]
    async fn a_line_cut_after_sending_is_not_a_line_that_never_was() {
        let (result, _) = ask(Vec::new()).await;
        assert_eq!(result.err(), Some(HttpFault::Interrupted));

        let closed = TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a port");
        let endpoints =
            Endpoints::stand_in(&format!("http://{closed}"), "t", "c").expect("loopback");
        let http = Http::new(&endpoints).expect("a client");
        assert_eq!(
            http.get(&endpoints.api, "t", Limits::ONE).await.err(),
            Some(HttpFault::NotReached)
        );
    }

    #[tokio::test]
    async fn silence_is_a_time_out() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let endpoints = Endpoints::stand_in(&address, "t", "c").expect("loopback");
        let http = Http::new(&endpoints).expect("a client");
        let limits = Limits {
            bytes: 100,
            time: Duration::from_millis(50),
        };
        assert_eq!(
            http.get(&endpoints.api, "t", limits).await.err(),
            Some(HttpFault::TimedOut)
        );
    }

    #[tokio::test]
    async fn a_live_client_sends_nothing_in_the_clear() {
        let live = Endpoints::live(&crate::model::Registration::sample()).expect("addresses");
        let http = Http::new(&live).expect("a client");
        let clear = Url::parse("http://127.0.0.1:9/api").expect("an address");
        assert_eq!(
            http.get(&clear, "t", Limits::ONE).await.err(),
            Some(HttpFault::NotReached)
        );
    }
}
