use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::*;

/// A server that sends each response to one connection, and returns the requests.
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
    let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

async fn get(http: &Http, url: &Url, token: &str, limits: Limits) -> Result<Answer, HttpFault> {
    let sending = Sending::Get(limits);
    http.send(url, token, sending, Quota::Common).await
}

async fn ask(answer: Vec<u8>) -> (Result<Answer, HttpFault>, String) {
    let (endpoints, thread) = serve(vec![answer]);
    let http = Http::new(&endpoints).expect("a client");
    let limits = Limits {
        bytes: 100,
        time: Duration::from_secs(5),
        ..Limits::ONE
    };
    let result = get(&http, &endpoints.api, "a-token", limits).await;
    (result, thread.join().expect("a request").concat())
}

#[tokio::test]
async fn request_has_token_and_user_agent_and_offers_only_gzip() {
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
async fn zlib_deflate_is_decoded_and_raw_deflate_is_broken_off() {
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
async fn byte_order_mark_is_stripped() {
    let (result, _) = ask(answer("200 OK", b"\xef\xbb\xbf{\"value\":[]}")).await;
    assert_eq!(result.expect("an answer").body, b"{\"value\":[]}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (result, _) = ask(answer(
        "307 Temporary Redirect\r\nLocation: /elsewhere",
        b"",
    ))
    .await;
    assert_eq!(result.expect("an answer").status, 307);
}

#[tokio::test]
async fn body_is_cut_off_if_too_large_or_broken() {
    let (result, _) = ask(answer("200 OK", &[b'x'; 101])).await;
    assert_eq!(result.expect("an answer").ending, Ending::TooLarge);
    let (result, _) = ask(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf".to_vec()).await;
    assert_eq!(result.expect("an answer").ending, Ending::BrokenOff);
}

#[tokio::test]
async fn lost_connection_is_distinct_from_unreachable_host() {
    let (result, _) = ask(Vec::new()).await;
    assert_eq!(result.err(), Some(HttpFault::Interrupted));

    let closed = TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .expect("a port");
    let endpoints = Endpoints::stand_in(&format!("http://{closed}"), "t", "c").expect("loopback");
    let http = Http::new(&endpoints).expect("a client");
    assert_eq!(
        get(&http, &endpoints.api, "t", Limits::ONE).await.err(),
        Some(HttpFault::NotReached)
    );
}

#[tokio::test]
async fn untrusted_certificate_is_distinct_from_unreachable_host() {
    let pem = include_bytes!("../../../tests/fixtures/untrusted.pem");
    let chain = vec![CertificateDer::from_pem_slice(pem).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(pem).expect("a key");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let endpoints = Endpoints::stand_in(&format!("http://{address}"), "t", "c").expect("loopback");
    let http = Http::new(&endpoints).expect("a client");
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(chain, key).expect("a matching key");
    let serving = move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut server = rustls::ServerConnection::new(config.into()).expect("a server");
        // The client rejects the certificate with an alert.
        server.complete_io(&mut stream).expect_err("no handshake");
    };
    let thread = std::thread::Builder::new().spawn(serving);
    let url = Url::parse(&format!("https://{address}/api")).expect("an address");
    let asked = get(&http, &url, "t", Limits::ONE).await;
    assert_eq!(asked.err(), Some(HttpFault::Certificate));
    thread.expect("a thread").join().expect("it ends");
}

#[tokio::test]
async fn silence_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let endpoints = Endpoints::stand_in(&address, "t", "c").expect("loopback");
    let http = Http::new(&endpoints).expect("a client");
    let limits = Limits {
        bytes: 100,
        time: Duration::from_millis(50),
        ..Limits::ONE
    };
    assert_eq!(
        get(&http, &endpoints.api, "t", limits).await.err(),
        Some(HttpFault::TimedOut)
    );
}

#[tokio::test]
async fn echoed_token_is_blanked_in_body_and_headers() {
    for (status, body) in [
        ("403 Forbidden", "no a-long-token"),
        ("200 OK", "a-long-token"),
    ] {
        let head = format!(
            "{status}\r\nrequest-id: for a-long-token\r\nWWW-Authenticate: Bearer a-long-token"
        );
        let (endpoints, thread) = serve(vec![answer(&head, body.as_bytes())]);
        let http = Http::new(&endpoints).expect("a client");
        let got = get(&http, &endpoints.api, "a-long-token", Limits::ONE).await;
        let got = got.expect("an answer");
        let all = format!("{got:?} {}", String::from_utf8_lossy(&got.body));
        assert!(
            !all.contains("long-token") && all.contains("[removed]"),
            "{all}"
        );
        thread.join().expect("a request");
    }
}

/// A server that sends `piece` repeatedly, with a pause before each.
async fn trickle(piece: &'static [u8], pause: Duration, pieces: usize) -> Ending {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let length = piece.len() * pieces;
    let serving = move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut asked = [0; 4_096];
        assert_ne!(stream.read(&mut asked).expect("a request"), 0);
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
        )
        .ok();
        for _ in 0..pieces {
            std::thread::sleep(pause);
            if stream.write_all(piece).is_err() {
                break;
            }
        }
    };
    let thread = std::thread::Builder::new().spawn(serving);
    let endpoints = Endpoints::stand_in(&address, "t", "c").expect("loopback");
    let http = Http::new(&endpoints).expect("a client");
    let limits = Limits {
        bytes: 1 << 20,
        // Long enough that a busy machine, which wakes a thread a second late, keeps to them.
        time: Duration::from_millis(1_500),
        min_throughput: Some(MinThroughput {
            idle: Duration::from_millis(2_500),
            window: Duration::from_secs(2),
            bytes: 1_000,
        }),
        reports_progress: true,
    };
    let got = get(&http, &endpoints.api, "t", limits).await;
    thread.expect("a thread").join().expect("it ends");
    let got = got.expect("an answer");
    assert_eq!(progress(&http), (got.body.len(), 0));
    got.ending
}

/// Received bytes and pending requests.
fn progress(http: &Http) -> (usize, usize) {
    let progress = http.progress();
    let bytes = usize::try_from(progress.bytes()).expect("few");
    (bytes, progress.pending())
}

#[tokio::test]
async fn only_successful_machine_list_responses_count_as_progress() {
    for (limits, head, bytes) in [
        (Limits::MACHINE_LIST, "200 OK", 2),
        (Limits::MACHINE_LIST, "503 Busy", 0),
        (Limits::ACTION_LIST, "200 OK", 0),
        (Limits::ONE, "429 Slow down", 0),
    ] {
        let (endpoints, thread) = serve(vec![answer(head, b"{}")]);
        let http = Http::new(&endpoints).expect("a client");
        let got = get(&http, &endpoints.api, "t", limits).await;
        assert!(got.is_ok(), "{head}");
        assert_eq!(progress(&http), (bytes, 0), "{limits:?} {head}");
        thread.join().expect("a request");
    }
}

#[tokio::test]
async fn machine_list_is_pending_until_it_is_abandoned() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let endpoints = Endpoints::stand_in(&address, "t", "c").expect("loopback");
    let http = Http::new(&endpoints).expect("a client");
    let url = endpoints.api.clone();
    let asked = get(&http, &url, "t", Limits::MACHINE_LIST);
    let abandoned = tokio::time::timeout(Duration::from_millis(50), asked);
    let (abandoned, during) = tokio::join!(abandoned, async { progress(&http) });
    assert!(abandoned.is_err());
    assert_eq!((during, progress(&http)), ((0, 1), (0, 0)));
}

#[tokio::test]
async fn slow_body_with_progress_does_not_time_out() {
    let pause = Duration::from_millis(250);
    // Twice the time limit for the start of a response.
    assert_eq!(trickle(&[b'x'; 500], pause, 12).await, Ending::Whole);
    assert_eq!(trickle(b"x", pause, 12).await, Ending::TooSlow);
    let silence = Duration::from_secs(4);
    assert_eq!(trickle(&[b'x'; 9_000], silence, 2).await, Ending::TooSlow);
}

#[tokio::test]
async fn live_client_never_uses_plain_http() {
    let live = Endpoints::live(&crate::model::Registration::sample()).expect("addresses");
    let http = Http::new(&live).expect("a client");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("set");
    let address = listener.local_addr().expect("an address");
    let clear = Url::parse(&format!("http://{address}/api")).expect("an address");
    let limits = Limits {
        time: Duration::from_millis(500),
        ..Limits::ONE
    };
    let asked = get(&http, &clear, "t", limits).await;
    assert_eq!(asked.err(), Some(HttpFault::NotReached));
    let came = listener.accept().map_err(|error| error.kind());
    assert_eq!(came.err(), Some(std::io::ErrorKind::WouldBlock));
}
