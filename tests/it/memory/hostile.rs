//! A service whose lists are endless, to fill the memory.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Its responses.
#[derive(Clone, Copy, Default)]
pub struct Hostile {
    /// Devices in each page, or fewer if fewer are requested, unless this exceeds the largest page.
    pub rows: usize,
    /// Letters in the group of each device.
    pub group: usize,
    /// Tags of each device, of one letter.
    pub tags: usize,
    /// Whether each reading has new devices.
    pub is_new: bool,
    /// Letters in the comment of each action; without any there are no actions.
    pub comment: usize,
    /// Letters in each text of a device's parts, which have as many rows as fit.
    pub part: usize,
}

/// Bytes of a response about one device.
const PART: usize = 7 << 20;
/// The largest page that is requested.
const MOST: usize = 10_000;

impl Hostile {
    /// Starts the server and returns its address.
    pub fn serve(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let readings = Arc::new(AtomicUsize::new(0));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let readings = Arc::clone(&readings);
                std::thread::spawn(move || self.answer_all(stream, &readings));
            }
        });
        address
    }

    fn answer_all(self, mut stream: TcpStream, readings: &AtomicUsize) {
        let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
        while let Some(first) = request(&mut reader) {
            let answer = self.answer(&first, readings);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                answer.len()
            );
            if stream.write_all(head.as_bytes()).is_err()
                || stream.write_all(answer.as_bytes()).is_err()
            {
                return;
            }
        }
    }

    fn answer(self, first: &str, readings: &AtomicUsize) -> String {
        if first.contains("devicecode") {
            return r#"{"user_code":"ABCDEFGH","device_code":"a-device-code","verification_uri":"http://127.0.0.1/","interval":1}"#.to_owned();
        }
        if first.contains("/token") {
            return r#"{"access_token":"a-token","refresh_token":"a-refresh-token","expires_in":3600}"#.to_owned();
        }
        let skip = number_of(first, "skip=").unwrap_or_default();
        let top = number_of(first, "top=").unwrap_or(MOST);
        let rows = if self.rows <= MOST {
            self.rows.min(top)
        } else {
            self.rows
        };
        let is_list = first.contains("/machines?");
        // The short first page belongs to the same reading.
        if is_list && skip == 0 && top == MOST && self.is_new {
            readings.fetch_add(1, Ordering::Relaxed);
        }
        let reading = readings.load(Ordering::Relaxed);
        if is_list {
            let rows = (skip..skip + rows).map(|n| self.device(&format!("{reading:08x}{n:032x}")));
            return list(rows);
        }
        if first.contains("/machineactions?") && self.comment > 0 {
            // Different actions in each of the two lists.
            let kind = usize::from(first.contains("type%20eq"));
            let comment = "x".repeat(self.comment);
            return list((skip..skip + 1_000).map(|n| {
                format!(r#"{{"id":"{kind}{reading:07x}{n:024x}","machineId":"{reading:08x}{n:032x}","type":"Isolate","requestorComment":"{comment}"}}"#)
            }));
        }
        if self.part > 0 && first.contains("/machines/") {
            return self.part(first);
        }
        list(std::iter::empty())
    }

    fn device(self, id: &str) -> String {
        let mut device = format!(r#"{{"id":"{id}""#);
        if self.group > 0 {
            write!(device, r#","rbacGroupName":"{}""#, "x".repeat(self.group)).expect("memory");
        }
        if self.tags > 0 {
            let tags = vec![r#""a""#; self.tags].join(",");
            write!(device, r#","machineTags":[{tags}]"#).expect("memory");
        }
        device.push('}');
        device
    }

    /// Users, alerts, offered actions; otherwise the device itself.
    fn part(self, first: &str) -> String {
        let text = "x".repeat(self.part);
        let row = |n: usize| {
            format!(
                r#"{{"id":"{n}","accountName":"{text}","title":"{text}","action":"{text}","isAvailable":true}}"#
            )
        };
        let path = first.split([' ', '?']).nth(1).unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default();
        match last {
            "logonusers" | "alerts" => list((0..PART / (3 * self.part)).map(row)),
            "availableMachineActions" => list((0..1_000_000 / (3 * self.part)).map(row)),
            id => Self {
                tags: 100_000,
                ..self
            }
            .device(id),
        }
    }
}

fn list(rows: impl Iterator<Item = String>) -> String {
    let rows: Vec<String> = rows.collect();
    format!(r#"{{"value":[{}]}}"#, rows.join(","))
}

/// The first line of the next request, which is read to its end.
fn request(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let (mut first, mut length) = (String::new(), 0);
    if reader.read_line(&mut first).unwrap_or(0) == 0 {
        return None;
    }
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        let lower_case = line.to_ascii_lowercase();
        if let Some(value) = lower_case.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(first)
}

/// The number after `name` in a request.
fn number_of(request: &str, name: &str) -> Option<usize> {
    let value = request.split(name).nth(1)?;
    value.split(['&', ' ']).next()?.parse().ok()
}
