//! Storages that send less than declared, something else, or the same again.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use cordon::message::DownloadNews;

use super::{LINK, collected};

/// Declared size of the package: 5 GB.
const DECLARED: u64 = 5 << 30;

/// Responds to a request for the package from this byte on.
type Answer = fn(TcpStream, Option<u64>) -> std::io::Result<()>;

/// A storage that sends a few small pieces of the declared size and then closes the connection. Returns the
/// heads of its requests.
fn miserly_storage(send: Answer) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let heads = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&heads);
    // It ends with the tests.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            let reader = BufReader::new(&stream);
            let lines = reader.lines().map_while(Result::ok);
            let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
            let range = head.iter().find_map(|line| {
                let (name, value) = line.split_once(": bytes=")?;
                let from = value.strip_suffix('-')?.parse().ok()?;
                name.eq_ignore_ascii_case("range").then_some(from)
            });
            noted.lock().expect("whole").push(head.join("\n"));
            // The console may have closed the connection.
            send(stream, range).ok();
        }
    });
    (address, heads)
}

fn send_a_little(mut stream: TcpStream, range: Option<u64>) -> std::io::Result<()> {
    let status = match range {
        None => "200 OK\r\n".to_owned(),
        Some(from) => format!(
            "206 Partial Content\r\nContent-Range: bytes {from}-{}/{DECLARED}\r\n",
            DECLARED - 1
        ),
    };
    let rest = DECLARED - range.unwrap_or(0);
    let head = format!(
        "HTTP/1.1 {status}Content-Type: application/zip\r\nETag: \"1\"\r\nContent-Length: {rest}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    for _ in 0..4 {
        stream.write_all(&[7; 1_000])?;
        stream.flush()?;
    }
    Ok(())
}

/// Ends the body properly, long before the declared end.
fn end_early(mut stream: TcpStream, range: Option<u64>) -> std::io::Result<()> {
    let Some(from) = range else {
        return send_a_little(stream, range);
    };
    let last = DECLARED - 1;
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{last}/{DECLARED}\r\nETag: \"1\"\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nrest\r\n0\r\n\r\n"
    );
    stream.write_all(head.as_bytes())
}

/// Has another package by the time of the range request.
fn send_another(mut stream: TcpStream, range: Option<u64>) -> std::io::Result<()> {
    if range.is_none() {
        return send_a_little(stream, range);
    }
    stream.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/zip\r\nETag: \"2\"\r\nContent-Length: 7\r\n\r\nanother",
    )
}

/// Has the same package, and sends it from its beginning only.
fn begin_again(stream: TcpStream, _range: Option<u64>) -> std::io::Result<()> {
    send_a_little(stream, None)
}

#[test]
fn reason_of_a_broken_download_is_named_and_not_called_a_lost_connection() {
    let cases: [(Answer, &str, &str); 3] = [
        (
            end_early,
            "the server sent less than it said",
            "The storage of the package sent less than it said, several times",
        ),
        (
            send_another,
            "the package changed during the download",
            "The package changed during the download, several times",
        ),
        (
            begin_again,
            "127.0.0.1 does not resume where the download ended",
            "The download broke off several times, and the storage cannot resume it",
        ),
    ];
    for (send, meanwhile, in_the_end) in cases {
        let mut it = collected();
        let (storage, _) = miserly_storage(send);
        it.engine.control.keep_packages_at(&storage);
        it.begin(it.evidence.path().to_owned().as_path());
        it.until(
            meanwhile,
            |n| matches!(n, DownloadNews::Resumes { why, .. } if **why == *meanwhile),
        );
        let end = it.until("the end", DownloadNews::is_end);
        let DownloadNews::Failed(why) = end else {
            panic!("{end:?}")
        };
        assert_eq!(why.headline, in_the_end);
        assert!(it.files().is_empty(), "{:?}", it.files());
    }
}

/// Resumed where it broke, never restarted, and given up after several attempts without progress.
#[test]
fn five_gigabytes_that_hardly_arrive_are_given_up_and_leave_nothing() {
    let mut it = collected();
    let (storage, heads) = miserly_storage(send_a_little);
    it.engine.control.keep_packages_at(&storage);
    it.begin(it.evidence.path().to_owned().as_path());
    let is_broken = |n: &DownloadNews| matches!(n, DownloadNews::Resumes { received, .. } if *received >= 4_000);
    it.until("the first break", is_broken);
    // No more is on disk than has arrived.
    let names = it.files();
    let on_disk = std::fs::metadata(it.evidence.path().join(&names[0])).expect("there");
    assert!(names.len() == 1 && on_disk.len() < 1_000_000, "{names:?}");
    let end = it.until("the end", DownloadNews::is_end);
    let DownloadNews::Failed(why) = end else {
        panic!("{end:?}")
    };
    assert_eq!(
        why.headline,
        "The connection to the storage of the package was lost several times"
    );
    assert!(it.files().is_empty(), "{:?}", it.files());
    let heads = heads.lock().expect("whole").clone();
    assert!((2..=7).contains(&heads.len()), "{heads:?}");
    assert_eq!(it.answers(LINK).len(), 1);
    for (n, head) in heads.iter().enumerate() {
        let said = head.to_lowercase();
        assert!(!said.contains("authorization") && !said.contains("bearer"));
        let from = format!("range: bytes={}-", n * 4_000);
        assert_eq!(said.contains(&from), n > 0, "{n}: {head}");
        // The rest of that version, or all of another.
        assert_eq!(said.contains("if-range: \"1\""), n > 0, "{n}: {head}");
    }
}
