//! A foreign server in its own process, and our sign-in core on it.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use cordon::api::Http;
use cordon::auth::{AuthError, DeviceFlow, PendingSignIn, RefusedToken, Session, TokenStore};
use cordon::model::{Endpoints, Mode, Scopes};
use url::Url;

/// Where `tests/run` installs packages.
pub fn installed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/foreign")
}

/// A file beside this one.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/foreign")
        .join(name)
}

pub fn python() -> PathBuf {
    installed().join("python/bin/python")
}

/// A server that ends with the test.
pub struct Server {
    child: Child,
    pub address: Url,
}

impl Server {
    /// Starts a program and waits until it prints its address.
    pub fn start(program: &Path, argument: &Path) -> Self {
        Self::start_with(program, &[argument])
    }

    pub fn start_with(program: &Path, arguments: &[&Path]) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            // Keeps Python from leaving a folder beside its scripts.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(installed())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                let program = program.display();
                panic!("{program} cannot be started ({error}); tests/run installs it")
            });
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let address = loop {
            let line = lines
                .next()
                .expect("it says where it listens")
                .expect("text");
            if let Some(address) = line.strip_prefix("listening on ") {
                break Url::parse(address).expect("an address");
            }
        };
        Self { child, address }
    }

    /// Plays the user or the administrator.
    pub fn control(&self, what: &str, kind: &str, body: &str) {
        let address = self.address.socket_addrs(|| None).expect("an address")[0];
        let mut stream = TcpStream::connect(address).expect("it listens");
        write!(
            stream,
            "POST /control/{what} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        assert!(answer.contains(" 200 "), "{what}: {answer}");
    }

    /// Our sign-in core on this server.
    pub fn session(&self, urls: [&str; 3], client_id: &str) -> Session {
        session_at(&self.address, urls, client_id)
    }
}

/// Our sign-in core with a server's three addresses instead of a cloud's.
pub fn session_at(base: &Url, [device, token, authorize]: [&str; 3], client_id: &str) -> Session {
    let at = |path: &str| base.join(path).expect("a path");
    let endpoints = Endpoints {
        name: "foreign".into(),
        cloud: None,
        tenant: "t1".into(),
        device_authorization: at(device),
        token: at(token),
        authorize: at(authorize),
        sign_out: at("/logout"),
        api: at("/api"),
        resource: "https://api.securitycenter.microsoft.com".into(),
        scopes: Scopes::Granted,
        client_id: client_id.into(),
        is_registered: true,
        loopback: true,
    };
    let http = Http::new(&endpoints).expect("a client").lend();
    let clock = Arc::new(jiff::Timestamp::now);
    Session::new(&endpoints, Mode::StandIn, http, TokenStore::memory(), clock)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The pending user code.
pub fn user_code(flow: &DeviceFlow) -> String {
    flow.prompt().user_code.to_string()
}

/// Lets the API refuse the present token, so that it is replaced.
pub async fn renew(session: &Session) -> Result<(), AuthError> {
    let token = session.token().await.expect("fresh");
    // A token that never worked would not be replaced again within a minute.
    token.note_accepted();
    let refused = RefusedToken {
        token,
        claims: None,
    };
    session.token_instead_of(refused).await.map(drop)
}

/// Signs in with the browser, where the user presses `button`.
pub async fn through_the_browser(
    session: &Session,
    button: &str,
) -> Result<PendingSignIn, AuthError> {
    let flow = session.begin_in_browser().await.expect("a port");
    let page = flow.prompt().page.to_string();
    let mut browser = Command::new(python());
    browser.arg(script("browser.py")).arg(page).arg(button);
    let browser = tokio::task::spawn_blocking(move || browser.output());
    let arrived = session.finish_in_browser(flow).await;
    let output = browser.await.expect("it ran").expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        said.starts_with("200 "),
        "the last page is the console's own: {said}"
    );
    arrived
}

static ROWS: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

/// Adds a passed row to the table, and rewrites it.
pub fn passed(with: &str, what: &str) {
    let mut rows = ROWS.lock().expect("whole");
    rows.push((with.to_owned(), what.to_owned()));
    rows.sort();
    let mut table = String::from("| Against | Passed |\n|---|---|\n");
    for (with, what) in rows.iter() {
        writeln!(table, "| {with} | {what} |").expect("written to memory");
    }
    std::fs::write(installed().join("table.md"), table).expect("the table can be written");
}
