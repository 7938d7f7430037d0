//! The program without a window, and its independence from the environment.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::console::{Console, PROGRAM, start_command};
use crate::session::Session;
use crate::tenant::Tenant;

#[test]
fn missing_display_is_reported_in_one_sentence() {
    let displays: [&[(&str, &str)]; 3] = [
        &[],
        &[("DISPLAY", ":4711")],
        &[("WAYLAND_DISPLAY", "wayland-4711")],
    ];
    for display in displays {
        for arguments in [
            &["--demo"] as &[&str],
            &["--stand-in", "http://127.0.0.1:9"],
        ] {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            let output = bare(&folder)
                .args(arguments)
                .envs(display.iter().copied())
                .output()
                .expect("the program can be started");
            let said = text(&output.stderr);
            let reported: Vec<_> = said.lines().filter(|line| !is_warning(line)).collect();
            let [sentence] = reported.as_slice() else {
                panic!("{arguments:?} with {display:?} says one sentence: {said}")
            };
            assert!(
                ["no display", "self-test", "doctor"]
                    .iter()
                    .all(|part| sentence.contains(part)),
                "{sentence}"
            );
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(text(&output.stdout).is_empty(), "{output:?}");
            assert_no_crash(folder.path(), &said);
        }
    }
    // A first start has no settings either; that remains the smaller problem.
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let output = bare(&folder).output().expect("the program can be started");
    let said = text(&output.stderr);
    assert!(
        said.contains("self-test") && said.contains("doctor"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_no_crash(folder.path(), &said);
}

#[test]
fn doctor_works_without_a_display_and_names_missing_parts() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let output = bare(&folder)
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .arg("doctor")
        .output()
        .expect("the program can be started");
    let said = text(&output.stdout);
    for part in ["display", "keyring", "settings"] {
        let line = said
            .lines()
            .find(|line| line.starts_with("FIX") && line.contains(part));
        assert!(
            line.is_some(),
            "the doctor says what is wrong with the {part}: {said}"
        );
    }
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_no_crash(folder.path(), &text(&output.stderr));
}

#[test]
fn self_test_passes_and_fails_at_an_injected_fault() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let output = bare(&folder)
        .arg("self-test")
        .output()
        .expect("the program can be started");
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    for step in [
        "sign-in",
        "devices",
        "isolate",
        "release",
        "contain",
        "release-containment",
        "restrict",
        "unrestrict",
        "quarantine",
        "scan",
        "collect",
        "investigate",
        "tag",
        "untag",
        "block",
        "unblock",
    ] {
        assert!(
            said.contains(&format!("ok      {step}:")),
            "{step} is told: {said}"
        );
    }
    assert!(said.contains("14 requests for 14 orders"), "{said}");

    let mut command = bare(&folder);
    let output = command.args(["self-test", "--fail", "isolate"]).output();
    let output = output.expect("the program can be started");
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        said.contains("FAILED  isolate:"),
        "the step is named: {said}"
    );
    assert!(
        !said.contains("ok      release"),
        "nothing is tried after it: {said}"
    );
}

#[test]
fn stand_in_has_to_be_on_this_machine() {
    for address in [
        "http://10.0.0.1",
        "https://example.com",
        "http://127.0.0.1.example.com:80",
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let output = bare(&folder)
            .args(["--stand-in", address])
            .output()
            .expect("the program can be started");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{address}: {said}");
        assert!(said.contains(address), "{said}");
    }
}

#[test]
fn proxy_of_the_environment_is_not_used_for_the_stand_in() {
    let session = Session::start("proxy");
    let tenant = Tenant::start(&session);
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let nobody = format!("http://{}", nobody.expect("a free port can be found"));
    let mut command = start_command(&session, &tenant);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, &nobody).env(name.to_lowercase(), &nobody);
    }
    let console = Console::run(&session, command);
    console.sign_in(&tenant);
    let device = tenant.devices("ENG-LT-030").remove(0);
    console.choose(&device);
    console.order(
        "Isolate",
        &device,
        "Isolate",
        &[("Comment", "INC-4711 behind a proxy")],
    );
    console.wait_until_accepted(&device, "Isolate device");
    console.window.picture("behind-a-proxy");
    assert_eq!(tenant.changes().len(), 1);
}

#[test]
fn shipped_program_is_small_and_names_its_renderer() {
    const LARGEST: u64 = 25 * 1024 * 1024;
    let size = std::fs::metadata(&*PROGRAM)
        .expect("the program is there")
        .len();
    assert!(size <= LARGEST, "{size} bytes of program");

    let session = Session::start("shipped");
    let tenant = Tenant::start(&session);
    let mut command = start_command(&session, &tenant);
    command.env("CORDON_LOG", "cordon=info");
    let console = Console::run(&session, command);
    console.window.wait_for_text("Sign in with a code");
    let log = std::fs::read_to_string(session.pictures().join("cordon.err.log"))
        .expect("the console writes a log");
    assert!(
        log.lines()
            .any(|line| line.contains("drawn by OpenGL") && line.contains("Some(")),
        "{log}"
    );
}

/// The program in an environment without display and message bus.
fn bare(folder: &TempDir) -> Command {
    let mut command = Command::new(&*PROGRAM);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder.path())
        .env("XDG_RUNTIME_DIR", folder.path())
        .arg("--data-dir")
        .arg(folder.path());
    command
}

fn assert_no_crash(folder: &Path, said: &str) {
    assert!(!said.contains("panicked"), "{said}");
    assert!(
        !folder.join("crash.txt").exists(),
        "a report of a crash was left"
    );
}

/// Whether it is a log line, which is not meant for users.
fn is_warning(line: &str) -> bool {
    line.contains(" WARN ")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
