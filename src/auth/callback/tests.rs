//! Callbacks of the sign-in host and forged ones.

use super::*;

fn expected() -> Expected {
    Expected {
        port: 51_234,
        state: CsrfToken::new("right".into()),
        entry: Secret::new("/sign-in/once".into()),
        was_entered: AtomicBool::new(false),
        page: Secret::new("https://login.example/?state=right".into()),
        form_post: FormPost::Honoured,
        seen: watch::Sender::new(BrowserSeen::default()),
        closing: Semaphore::new(CLOSING),
    }
}

fn judged(head: &str, body: &str) -> String {
    let bytes = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let Parsed::Whole(mut request, start, length) = parse(bytes.as_bytes()) else {
        return "no request".to_owned();
    };
    request.body = bytes.as_bytes()[start..start + length].to_vec();
    let (page, callback) = request.judge(&expected());
    let status = &page.status_and_text().0[..3];
    match callback {
        None => status.to_owned(),
        Some(Callback::Code(code)) => format!("{status} code {}", code.expose()),
        Some(Callback::Refused { error, .. }) => format!("{status} error {error}"),
    }
}

#[test]
fn only_own_callback_is_accepted() {
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
        ("GET /sign-in/once HTTP/1.1\r\nHost: 127.0.0.1:51234", "303"),
        (
            "HEAD /sign-in/once HTTP/1.1\r\nHost: 127.0.0.1:51234",
            "405",
        ),
        (
            "GET /sign-in/other HTTP/1.1\r\nHost: 127.0.0.1:51234",
            "404",
        ),
        (
            "GET /sign-in/once HTTP/1.1\r\nHost: evil.example:51234",
            "400",
        ),
        ("nonsense", "no request"),
    ] {
        assert_eq!(judged(head, ""), expected, "{head}");
    }
}
