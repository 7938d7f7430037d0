//! The browser of a user: opens a page, submits its form, and follows redirects.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use url::Url;
use url::form_urlencoded::Serializer;

/// One request to a loopback address; returns the whole response.
pub fn ask(method: &str, url: &Url, form: &str) -> String {
    let host = url.host_str().expect("a host");
    let port = url.port_or_known_default().expect("a port");
    let mut stream = TcpStream::connect((host, port)).expect("the port accepts connections");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("set");
    let query = url.query().map(|q| format!("?{q}")).unwrap_or_default();
    let head = format!(
        "{method} {}{query} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        url.path(),
        form.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// Follows the console's one-time browser address to the sign-in page.
pub fn follow(entry: &str) -> String {
    let answer = ask("GET", &Url::parse(entry).expect("an address"), "");
    let (_, rest) = answer.split_once("\r\nLocation: ").expect("it leads on");
    let (page, _) = rest.split_once("\r\n").expect("a whole header");
    page.to_owned()
}

/// Follows the console's address to the sign-in page, presses `button` (`approve` or `cancel`), submits the
/// page's form to the console, and returns the console's response.
pub fn press(button: &str, entry: &str) -> String {
    let mut page = Url::parse(&follow(entry)).expect("an address");
    page.query_pairs_mut().append_pair("action", button);
    let html = ask("GET", &page, "");
    let target = attribute(&html, "action").expect("a form");
    let fields = html.split("<input type=\"hidden\"").skip(1).map(|input| {
        let name = attribute(input, "name").expect("a name");
        (name, attribute(input, "value").expect("a value"))
    });
    let form = Serializer::new(String::new()).extend_pairs(fields).finish();
    ask("POST", &Url::parse(&target).expect("an address"), &form)
}

/// The first attribute of this name, unescaped.
fn attribute(html: &str, name: &str) -> Option<String> {
    let (_, rest) = html.split_once(&format!("{name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    let plain = value.replace("&quot;", "\"").replace("&#39;", "'");
    Some(
        plain
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}
