//! Requests to the loopback port: the browser of this sign-in, and everything else.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::*;
use crate::explain::Explain as _;

/// A sign-in that waits for its browser.
struct Waiting {
    port: u16,
    entry: String,
    sign_in_page: Url,
    seen: tokio::sync::watch::Receiver<crate::model::BrowserSeen>,
    finishing: JoinHandle<Result<PendingSignIn, AuthError>>,
}

impl Waiting {
    async fn signs_in(self) {
        let ended = self.finishing.await.expect("no panic");
        ended.expect("signed in");
    }

    async fn start(host: &Host) -> Self {
        let session = host.in_memory();
        let flow = session.begin_in_browser().await.expect("a port");
        let entry = Url::parse(&flow.prompt().page).expect("an address");
        Self {
            port: entry.port().expect("a port"),
            entry: entry.path().to_owned(),
            sign_in_page: Url::parse(flow.sign_in_page()).expect("an address"),
            seen: flow.watch(),
            finishing: tokio::spawn(async move { session.finish_in_browser(flow).await }),
        }
    }

    fn asked_for(&self, wanted: &str) -> String {
        asked_for(&self.sign_in_page, wanted)
    }

    async fn connect(&self) -> TcpStream {
        let address = ("127.0.0.1", self.port);
        TcpStream::connect(address).await.expect("it listens")
    }

    async fn send(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("answered");
        answer
    }

    async fn get(&self, target: &str) -> String {
        let port = self.port;
        let request = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
        let answer = self.send(request.as_bytes()).await;
        String::from_utf8(answer).expect("text")
    }

    async fn post(&self, form: &str) -> String {
        let answer = self.send(posted(self.port, form).as_bytes()).await;
        String::from_utf8(answer).expect("text")
    }

    /// Sends the code as a form, like the sign-in host.
    async fn bring_the_code(&self) -> String {
        self.post(&format!("code=c1&state={}", self.asked_for("state")))
            .await
    }

    fn is_over(&self) -> bool {
        self.finishing.is_finished()
    }
}

async fn waiting() -> (Host, Waiting) {
    let host = Host::new([]);
    let waiting = Waiting::start(&host).await;
    (host, waiting)
}

/// Tokens for the request of `waiting`.
fn tokens_for(waiting: &Waiting) -> ScriptedReply {
    let nonce = waiting.asked_for("nonce");
    let id = format!(r#"{{"aud":"c1","tid":"t1","oid":"o1","nonce":"{nonce}"}}"#);
    let id = URL_SAFE_NO_PAD.encode(id);
    ok(format!(r#"{{"access_token":"a","id_token":"e30.{id}.x"}}"#))
}

#[tokio::test]
async fn browser_url_reveals_nothing_and_works_once() {
    let (host, waiting) = waiting().await;
    for secret in ["state", "nonce", "code_challenge"] {
        let secret = waiting.asked_for(secret);
        assert!(!waiting.entry.contains(&secret), "{}", waiting.entry);
    }
    // The code must not be in a URL, which browsers store.
    assert_eq!(waiting.asked_for("response_mode"), "form_post");
    let unknown = waiting.get("/sign-in/guessed").await;
    assert!(unknown.starts_with("HTTP/1.1 404 "), "{unknown}");
    let first = waiting.get(&waiting.entry).await;
    let location = format!("\r\nLocation: {}\r\n", waiting.sign_in_page);
    assert!(
        first.starts_with("HTTP/1.1 303 ")
            && first.contains(&location)
            && first.contains("\r\nCache-Control: no-store\r\n"),
        "{first}"
    );
    let again = waiting.get(&waiting.entry).await;
    assert!(
        again.starts_with("HTTP/1.1 410 ")
            && again.contains("has been opened before")
            && !again.contains(&waiting.asked_for("state")),
        "{again}"
    );
    host.then(tokens_for(&waiting));
    assert!(
        waiting
            .bring_the_code()
            .await
            .contains("You can close this window")
    );
    waiting.signs_in().await;
}

#[tokio::test]
async fn forged_code_is_refused_and_does_not_end_the_wait() {
    let (host, waiting) = waiting().await;
    for form in [
        "code=stolen&state=guessed",
        "code=stolen",
        "error=access_denied",
    ] {
        let answer = waiting.post(form).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    assert!(!waiting.is_over());
    assert_eq!(host.bodies(), [""; 0], "nothing was redeemed");
    host.then(tokens_for(&waiting));
    waiting.bring_the_code().await;
    waiting.signs_in().await;
}

/// Entra also uses `access_denied` for its own refusals.
#[tokio::test]
async fn error_callback_distinguishes_user_from_policy() {
    for (error, number, headline, next) in [
        (
            "access_denied",
            65_004,
            "The sign-in was declined",
            "Sign in again",
        ),
        (
            "access_denied",
            53_003,
            "A policy of your organisation blocks",
            "administrator",
        ),
        (
            "access_denied",
            90_094,
            "has not yet approved",
            "administrator",
        ),
        (
            "access_denied",
            50_105,
            "You are not assigned",
            "administrator",
        ),
        (
            "access_denied",
            999_999,
            "does not allow this sign-in",
            "administrator",
        ),
        (
            "server_error",
            90_033,
            "cannot take this sign-in at the moment",
            "Try again",
        ),
        (
            "temporarily_unavailable",
            90_055,
            "at the moment",
            "Try again",
        ),
        (
            "unauthorized_client",
            999_999,
            "does not accept this application",
            "registration",
        ),
    ] {
        let waiting = Waiting::start(&Host::new([])).await;
        let state = waiting.asked_for("state");
        let form = format!("error={error}&error_description=AADSTS{number}%3A+no&state={state}");
        waiting.post(&form).await;
        let ended = waiting.finishing.await.expect("no panic");
        let said = ended.expect_err("refused").explain();
        assert!(said.headline.contains(headline), "{number}: {said:?}");
        assert!(said.next.words().contains(next), "{number}: {said:?}");
    }
}

#[tokio::test]
async fn code_in_url_is_accepted_only_without_form_post_support() {
    for (metadata, is_taken) in [
        (
            r#"{"response_modes_supported":["query","form_post"]}"#,
            false,
        ),
        (r#"{"response_modes_supported":["query"]}"#, true),
        (r#"{"issuer":"x"}"#, true),
        ("<html>not found</html>", true),
    ] {
        let host = Host::new([ok(metadata)]);
        let waiting = Waiting::start(&host).await;
        host.then(tokens_for(&waiting));
        let target = format!("/?code=c1&state={}", waiting.asked_for("state"));
        let answer = waiting.get(&target).await;
        assert_eq!(answer.starts_with("HTTP/1.1 200 "), is_taken, "{metadata}");
        if !is_taken {
            assert!(!waiting.is_over(), "{metadata}");
            waiting.bring_the_code().await;
        }
        waiting.signs_in().await;
    }
}

#[tokio::test]
async fn received_code_is_reported_before_tokens_arrive() {
    let (_host, mut waiting) = waiting().await;
    assert!(!waiting.seen.borrow_and_update().code);
    let page = waiting.bring_the_code().await;
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    let reported = waiting.seen.wait_for(|seen| seen.code);
    let reported = tokio::time::timeout(Duration::from_secs(5), reported).await;
    assert!(reported.is_ok_and(|reported| reported.is_ok()));
}

#[tokio::test]
async fn https_at_the_callback_is_reported_at_once() {
    let (_, mut waiting) = waiting().await;
    let hello = [&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3][..], &[7; 506]].concat();
    for bytes in [&hello[..1], &hello] {
        let alert = tokio::time::timeout(Duration::from_secs(1), waiting.send(bytes)).await;
        assert_eq!(
            alert.expect("at once")[..2],
            [21, 3],
            "{} bytes",
            bytes.len()
        );
        assert!(waiting.seen.borrow_and_update().over_https);
    }
    assert!(!waiting.is_over());
}

/// Closing a socket with unread bytes resets it and loses the response.
#[tokio::test]
async fn response_arrives_although_the_request_is_longer_than_read() {
    let (_host, waiting) = waiting().await;
    for begin in [
        "no HTTP at all\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        let (mut from, mut to) = waiting.connect().await.into_split();
        let sending = tokio::spawn(async move {
            let mut bytes = begin.as_bytes().to_vec();
            bytes.resize(300_000, b'x');
            to.write_all(&bytes).await?;
            to.shutdown().await
        });
        let sent = sending.await.expect("no panic");
        sent.expect("all is read");
        let mut answer = Vec::new();
        from.read_to_end(&mut answer).await.expect("no reset");
        let answer = String::from_utf8(answer).expect("text");
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
}

/// Limits of a request's time and size.
#[tokio::test]
async fn slow_or_oversized_request_is_refused() {
    let (_host, waiting) = waiting().await;
    let post =
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    for (what, bytes) in [
        (
            "a head",
            format!("{post}X: {}\r\n\r\n", "x".repeat(16 * 1024)),
        ),
        (
            "no end of a head",
            format!("{post}X: {}", "x".repeat(16 * 1024)),
        ),
        ("a body", format!("{post}Content-Length: 65537\r\n\r\n")),
    ] {
        let answer = waiting.send(bytes.as_bytes()).await;
        assert!(answer.starts_with(b"HTTP/1.1 400 "), "{what}");
    }
    for (what, bytes) in [
        ("no head", ""),
        ("half a head", "GET / HT"),
        (
            "half a body",
            "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf",
        ),
    ] {
        let began = token::monotonic_now();
        waiting.send(bytes.as_bytes()).await;
        let took = began.elapsed().as_millis();
        assert!((1_900..3_000).contains(&took), "{what}: {took} ms");
    }
    assert!(!waiting.is_over());
}

#[tokio::test]
async fn slow_connections_do_not_delay_the_real_one() {
    let (host, waiting) = waiting().await;
    host.then(tokens_for(&waiting));
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = waiting.connect().await;
        stream.write_all(b"POST / HT").await.expect("sent");
        slow.push(stream);
    }
    let began = token::monotonic_now();
    let answer = waiting.bring_the_code().await;
    let took = began.elapsed();
    assert!(answer.contains("You can close this window"), "{answer}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    waiting.signs_in().await;
    drop(slow);
}
