//! The built-in tenant, run as a server by the program under test, and its control calls.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::console::PROGRAM;
use crate::session::{Running, Session};

/// The built-in tenant, served on a loopback port.
pub struct Tenant {
    /// Its address, without a slash at the end.
    pub url: String,
    address: String,
    _running: Running,
}

/// A device as the tenant knows it.
#[derive(Clone, Debug)]
pub struct Device {
    /// The machine id.
    pub id: String,
    /// Its label on screen: the name and the end of the id.
    pub label: String,
    /// The form within sentences, on buttons.
    pub quoted: String,
}

/// A request that would change a device.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// The last path segment: `isolate`, `unisolate`, …
    pub verb: String,
    /// The machine id in the path.
    pub machine: String,
}

impl Change {
    /// The isolation of this device.
    pub fn isolation_of(device: &Device) -> Self {
        Self {
            verb: "isolate".to_owned(),
            machine: device.id.clone(),
        }
    }
}

impl Tenant {
    /// Starts the tenant with 60 devices. Codes are polled every second, so that a sign-in is quick.
    pub fn start(session: &Session) -> Self {
        let mut command = session.command(&*PROGRAM);
        command.args(["simulate", "--port", "0", "--devices", "60"]);
        let (running, line) = session.spawn_and_read("simulate", command);
        let url = line
            .split_whitespace()
            .find(|word| word.starts_with("http://127.0.0.1:"))
            .unwrap_or_else(|| panic!("`cordon simulate` prints its address, not {line:?}"))
            .trim_end_matches('/')
            .to_owned();
        let address = url.trim_start_matches("http://").to_owned();
        let tenant = Self {
            url,
            address,
            _running: running,
        };
        tenant.control("interval", &json!({ "secs": 1 }));
        tenant
    }

    /// Approves a code as a user does: on the verification page, first the code, then the account.
    pub fn approve_on_the_page(&self, user_code: &str) {
        let form = "application/x-www-form-urlencoded";
        let asked = self.send(
            "POST",
            "/devicelogin",
            form,
            &format!("user_code={user_code}"),
        );
        assert!(
            asked.contains("Are you trying to sign in to <b>cordon</b>?"),
            "the page names who asks: {asked}"
        );
        let answer = format!("user_code={user_code}&action=approve");
        let done = self.send("POST", "/devicelogin", form, &answer);
        assert!(done.contains("You have signed in"), "the page says: {done}");
    }

    /// Waits for a code and approves the newest one.
    pub fn approve_newest(&self) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !self.try_send("/control/approve", "{}") {
            assert!(Instant::now() < deadline, "no code was requested");
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// The devices of this name, in the tenant's order.
    pub fn devices(&self, name: &str) -> Vec<Device> {
        let all = self.read("/control/machines");
        let same = |row: &&Value| word(row, "name").eq_ignore_ascii_case(name);
        let found = all.as_array().into_iter().flatten().filter(same);
        found
            .map(|row| {
                let id = word(row, "id").to_owned();
                let tail = &id[id.len() - 4..];
                let label = format!("{name} (…{tail})");
                let quoted = format!("“{name}” (…{tail})");
                Device { id, label, quoted }
            })
            .collect()
    }

    /// From now on, actions for this device are picked up and never end by themselves.
    pub fn never_finish(&self, device: &Device) {
        self.control("never_finish", &json!({ "machine_id": device.id }));
    }

    /// Moves the tenant's clock, and with it each pending action.
    pub fn advance(&self, seconds: u64) {
        self.control("clock", &json!({ "advance_secs": seconds }));
    }

    /// Injects a fault into the next `times` requests.
    pub fn inject(&self, on: &str, what: &str, times: u32) {
        self.control("fault", &json!({ "on": on, "what": what, "times": times }));
    }

    /// Makes the newest action of this type succeed, now.
    pub fn succeed(&self, kind: &str) {
        let id = word(&self.newest(kind), "id").to_owned();
        self.control("status", &json!({ "action_id": id, "status": "Succeeded" }));
        assert_eq!(self.status_of(kind), "Succeeded");
    }

    /// The newest action of this type, as the service reports it.
    pub fn newest(&self, kind: &str) -> Value {
        let actions = self.read("/control/actions");
        let all = actions.as_array().into_iter().flatten();
        let same = all.filter(|action| word(action, "type") == kind);
        same.max_by_key(|action| word(action, "creationDateTimeUtc").to_owned())
            .cloned()
            .unwrap_or_else(|| panic!("the tenant has no action {kind}: {actions}"))
    }

    /// The service's status of the newest action of this type.
    pub fn status_of(&self, kind: &str) -> String {
        word(&self.newest(kind), "status").to_owned()
    }

    /// Requests that would have changed something, oldest first.
    pub fn changes(&self) -> Vec<Change> {
        let requests = self.read("/control/requests");
        let all = requests.as_array().into_iter().flatten();
        all.filter(|request| word(request, "kind") == "change")
            .map(|request| {
                let parts: Vec<_> = word(request, "path").rsplit('/').collect();
                let part = |place: usize| (*parts.get(place).unwrap_or(&"")).to_owned();
                Change {
                    verb: part(0),
                    machine: part(1),
                }
            })
            .collect()
    }

    /// The body of the newest request that would have changed something.
    pub fn newest_change_body(&self) -> Value {
        let requests = self.read("/control/requests");
        let mut all = requests.as_array().into_iter().flatten();
        all.rfind(|request| word(request, "kind") == "change")
            .map_or(Value::Null, |request| request["body"].clone())
    }

    /// Every token and code that was issued, and the links to packages.
    pub fn secrets(&self) -> Vec<String> {
        let secrets = self.read("/control/secrets");
        let all = secrets.as_array().into_iter().flatten();
        all.filter_map(|secret| Some(secret.as_str()?.to_owned()))
            .collect()
    }

    /// Number of requests with this method and this text in their path.
    pub fn requests(&self, method: &str, path: &str) -> usize {
        let requests = self.read("/control/requests");
        let all = requests.as_array().into_iter().flatten();
        all.filter(|r| word(r, "method") == method && word(r, "path").contains(path))
            .count()
    }

    fn control(&self, call: &str, body: &Value) {
        let path = format!("/control/{call}");
        self.send("POST", &path, "application/json", &body.to_string());
    }

    fn read(&self, path: &str) -> Value {
        let body = self.send("GET", path, "application/json", "");
        serde_json::from_str(&body)
            .unwrap_or_else(|error| panic!("{path} answers with JSON ({error}), not {body:?}"))
    }

    fn try_send(&self, path: &str, body: &str) -> bool {
        self.exchange("POST", path, "application/json", body)
            .0
            .starts_with('2')
    }

    fn send(&self, method: &str, path: &str, kind: &str, body: &str) -> String {
        let (status, answer) = self.exchange(method, path, kind, body);
        assert!(
            status.starts_with('2'),
            "{method} {path}: {status} {answer}"
        );
        answer
    }

    /// A plain HTTP/1.0 request, so that the response is unchunked and ends with the connection.
    fn exchange(&self, method: &str, path: &str, kind: &str, body: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).expect("the tenant accepts connections");
        stream
            .set_read_timeout(Some(Duration::from_mins(1)))
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
        (status.to_owned(), body.to_owned())
    }
}

/// A field of a row that holds text.
pub fn word<'v>(row: &'v Value, field: &str) -> &'v str {
    row.get(field).and_then(Value::as_str).unwrap_or_default()
}
