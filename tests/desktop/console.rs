//! The released program, started twice: as the built-in tenant's server and as the console that talks to it.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::a11y::{Node, Window};
use crate::session::{Running, Session};

/// The program under test, in the profile of this test run.
const PROGRAM: &str = env!("CARGO_BIN_EXE_cordon");

/// The built-in tenant, served on a loopback port.
pub struct Tenant {
    /// Where it listens, without a slash at the end.
    pub url: String,
    address: String,
    _running: Running,
}

/// One request that the tenant has seen.
#[derive(Debug)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path, perhaps with a query.
    pub path: String,
}

impl Tenant {
    /// Starts the tenant with 60 devices.
    pub fn start(session: &Session) -> Self {
        let mut command = session.command(PROGRAM);
        command.args([
            "simulate",
            "--port",
            &free_port().to_string(),
            "--devices",
            "60",
        ]);
        let (running, line) = session.spawn_and_read("simulate", command);
        let url = line
            .split_whitespace()
            .find(|word| word.starts_with("http://"))
            .unwrap_or_else(|| panic!("`cordon simulate` prints its address, not {line:?}"))
            .trim_end_matches('/')
            .to_owned();
        let address = url.trim_start_matches("http://").to_owned();
        Self {
            url,
            address,
            _running: running,
        }
    }

    /// Says yes to a device code, as the person does on the verification page.
    pub fn approve(&self, user_code: &str) {
        let form = format!("user_code={user_code}&action=approve");
        self.send(
            "POST",
            "/devicelogin",
            "application/x-www-form-urlencoded",
            &form,
        );
    }

    /// Moves the tenant's clock, and with it each action under way.
    pub fn advance(&self, seconds: u64) {
        let body = format!("{{\"advance_secs\":{seconds}}}");
        self.send("POST", "/control/clock", "application/json", &body);
    }

    /// The actions the tenant knows, in its own words.
    pub fn actions(&self) -> Vec<Value> {
        rows(self.read("/control/actions"))
    }

    /// Each request that the tenant has seen, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        rows(self.read("/control/requests"))
            .iter()
            .map(|row| Request {
                method: word(row, "method").to_owned(),
                path: word(row, "path").to_owned(),
            })
            .collect()
    }

    /// How many requests of this kind ended like this.
    pub fn posts(&self, path_end: &str) -> usize {
        self.requests()
            .iter()
            .filter(|request| {
                let path = request.path.split('?').next().unwrap_or_default();
                request.method == "POST" && path.to_lowercase().ends_with(&path_end.to_lowercase())
            })
            .count()
    }

    /// The service's status word of the newest action of this type.
    pub fn status_of(&self, kind: &str) -> String {
        let actions = self.actions();
        let newest = actions
            .iter()
            .filter(|action| word(action, "type") == kind)
            .max_by_key(|action| word(action, "creationDateTimeUtc").to_owned());
        let action =
            newest.unwrap_or_else(|| panic!("the tenant has no action {kind}: {actions:?}"));
        word(action, "status").to_owned()
    }

    fn read(&self, path: &str) -> Value {
        let body = self.send("GET", path, "application/json", "");
        serde_json::from_str(&body)
            .unwrap_or_else(|error| panic!("{path} answers with JSON ({error}), not {body:?}"))
    }

    /// One plain HTTP/1.0 request, so that the answer comes unchunked and ends with the connection.
    fn send(&self, method: &str, path: &str, kind: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("the tenant accepts connections");
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a time limit can be set");
        let (host, length) = (&self.address, body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .expect("the tenant reads the request");
        let mut answer = String::new();
        stream
            .read_to_string(&mut answer)
            .expect("the tenant answers in text");
        let (head, body) = answer
            .split_once("\r\n\r\n")
            .expect("the answer has a head and a body");
        let status = head.split(' ').nth(1).unwrap_or_default();
        // A page that sends the browser on is as good as one that says "done".
        assert!(status.starts_with(['2', '3']), "{method} {path}: {answer}");
        body.to_owned()
    }
}

/// The console under test: its window and its process.
pub struct Console<'s> {
    /// The window, seen from outside.
    pub window: Window<'s>,
    running: Running,
}

impl<'s> Console<'s> {
    /// Starts the console on this tenant with the session's one data folder, and waits for its window.
    pub fn start(session: &'s Session, tenant: &Tenant) -> Self {
        let mut command = session.command(PROGRAM);
        command
            .args(["--stand-in", &tenant.url])
            .arg("--data-dir")
            .arg(data_folder(session));
        let running = session.spawn("cordon", command);
        let window = Window::of(session, "cordon");
        Self { window, running }
    }

    /// Signs in with a device code and waits for the devices.
    pub fn sign_in_with_code(&self, tenant: &Tenant) {
        self.window.press("Sign in with a code");
        let code = self.device_code();
        self.window.picture("sign-in-code");
        tenant.approve(&code);
        self.wait_for_devices();
    }

    /// Waits until the list of devices is there.
    pub fn wait_for_devices(&self) {
        self.window
            .wait_for("the list of devices", Duration::from_mins(1), |nodes| {
                nodes
                    .iter()
                    .any(|node| node.name.starts_with("Search devices"))
                    && nodes.iter().any(|node| looks_like_device(&node.name))
            });
    }

    /// Ends the console as a power cut would.
    pub fn kill(self) {
        self.running.kill();
    }

    fn device_code(&self) -> String {
        let code_in = |node: &Node| {
            let near =
                node.name.contains("Device code") || node.description.contains("Device code");
            near.then(|| code_among(&[&node.name, &node.text, &node.description]))
                .flatten()
        };
        self.window
            .wait_for("the device code", Duration::from_secs(30), |nodes| {
                nodes.iter().any(|n| code_in(n).is_some())
            })
            .iter()
            .find_map(code_in)
            .expect("the code was there a moment ago")
    }
}

/// The folder that holds journal, settings and cache of the console under test.
pub fn data_folder(session: &Session) -> PathBuf {
    session.folder().join("cordon-data")
}

/// The demo fleet names its devices like `FIN-LT-042`.
pub fn looks_like_device(name: &str) -> bool {
    name.split_whitespace().any(|word| {
        let parts: Vec<&str> = word.split('-').collect();
        parts.len() >= 3
            && parts
                .last()
                .is_some_and(|last| last.len() >= 2 && last.bytes().all(|b| b.is_ascii_digit()))
            && parts[0].bytes().all(|byte| byte.is_ascii_uppercase())
    })
}

/// A device code has eight or nine capitals and digits, perhaps with a dash.
fn code_among(texts: &[&str]) -> Option<String> {
    texts
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-'))
        .find(|word| {
            (8..=10).contains(&word.len())
                && word
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
        })
        .map(str::to_owned)
}

/// The rows of an answer: the answer itself, or the one list inside it.
fn rows(answer: Value) -> Vec<Value> {
    let list = if let Value::Object(fields) = answer {
        fields
            .into_iter()
            .map(|(_, value)| value)
            .find(Value::is_array)
    } else {
        Some(answer)
    };
    let Some(Value::Array(rows)) = list else {
        panic!("the answer holds a list, not {list:?}")
    };
    rows
}

fn word<'v>(row: &'v Value, field: &str) -> &'v str {
    row.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port can be found")
        .port()
}
