//! What `cordon doctor` tells of a network, asked in the way in which the console asks.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command as Program;
use std::sync::{Arc, Mutex};

use cordon::settings::FILE_NAME;

use crate::common::tenant;

fn doctor(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut program = Program::new(env!("CARGO_BIN_EXE_cordon"));
    program
        .args(["doctor", "--data-dir"])
        .arg(folder)
        .args(arguments);
    for name in [
        "https_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
    ] {
        program.env_remove(name);
    }
    program.envs(environment.iter().copied());
    let output = program.output().expect("the program starts");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn both_hosts_are_asked_and_the_clock_is_compared() {
    let simulator = tenant();
    let folder = tempfile::tempdir().expect("a folder");
    let address = simulator.address();
    let said = doctor(folder.path(), &["--stand-in", &address], &[]);
    for line in [
        "ok     settings: stand-in http://127.0.0.1:",
        "ok     proxy: none, on this computer",
        "ok     sign-in host: 127.0.0.1 answers (HTTP 200)",
        "ok     API host: 127.0.0.1 answers (HTTP 401)",
        "ok     clock: within five minutes of the host's",
        "  certificates: ",
    ] {
        assert!(said.contains(line), "{line:?} in\n{said}");
    }
    simulator
        .control()
        .advance(std::time::Duration::from_mins(130));
    let said = doctor(folder.path(), &["--stand-in", &address], &[]);
    assert!(
        said.contains("MEND   clock: 1") && said.contains(" minutes away"),
        "{said}"
    );
}

#[test]
fn a_mistake_in_the_settings_is_placed_without_what_stands_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(FILE_NAME);
    for (text, words) in [
        (
            "[profile.acme]\ntenant = \"secret.example\" x",
            "no TOML from byte",
        ),
        (
            "[profile.acme]\ncloud = \"GCC\"\ntenant = \"secret\"",
            "line 3: tenant: ",
        ),
        ("default_profile = \"acme\"", "is not there"),
    ] {
        std::fs::write(&file, text).expect("written");
        let said = doctor(folder.path(), &[], &[]);
        assert!(said.contains(words), "{words:?} in\n{said}");
        assert!(!said.contains("secret") && !said.contains("acme"), "{said}");
    }
}

/// A proxy that wants a password, which is the least that can be seen of one: whom it was asked
/// for, and nothing behind it.
#[test]
fn the_proxy_of_the_system_is_used_named_without_its_password_and_its_refusal_told() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut line = String::new();
            let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
            reader.read_line(&mut line).expect("a request");
            heard.lock().expect("whole").push(line.trim().to_owned());
            stream
                .write_all(
                    b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
                )
                .ok();
        }
    });
    let folder = tempfile::tempdir().expect("a folder");
    let settings = "[profile.contoso]\ncloud = \"GCC High\"\ntenant = \"contoso.onmicrosoft.us\"\n\
        client_id = \"0b6d5c1e-2f7a-4b63-9c48-71e0a3d5f982\"\n";
    std::fs::write(folder.path().join(FILE_NAME), settings).expect("written");
    let proxy = format!("http://ada:hunter2@127.0.0.1:{port}");
    let said = doctor(folder.path(), &[], &[("HTTPS_PROXY", &proxy)]);
    assert_eq!(
        *asked.lock().expect("whole"),
        [
            "CONNECT login.microsoftonline.us:443 HTTP/1.1",
            "CONNECT api-gov.securitycenter.microsoft.us:443 HTTP/1.1"
        ]
    );
    for line in [
        format!("ok     proxy: http://127.0.0.1:{port}\n"),
        "MEND   sign-in host: login.microsoftonline.us: the proxy asks for a sign-in of its own"
            .to_owned(),
        "cordon uses the proxy of this system's settings and has no password for it".to_owned(),
    ] {
        assert!(said.contains(&line), "{line:?} in\n{said}");
    }
    assert!(
        !said.contains("hunter2") && !said.contains("contoso"),
        "{said}"
    );
}
