//! Ctrl+C. On Windows it needs a console, and tests/windows sends it.

#![cfg(unix)]

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

#[test]
fn ctrl_c_ends_the_built_in_tenant_without_a_failure() {
    let mut tenant = Command::new(env!("CARGO_BIN_EXE_cordon"))
        .arg("simulate")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut said = String::new();
    let out = tenant.stdout.take().expect("piped");
    BufReader::new(out).read_line(&mut said).expect("a line");
    assert!(said.starts_with("listening on http://127.0.0.1:"), "{said}");
    let id = tenant.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.expect("sent").success());
    let ended = tenant.wait().expect("it ends");
    assert_eq!(ended.code(), Some(0), "{ended}");
}
