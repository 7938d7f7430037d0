//! Network reports of `cordon doctor`, which connects as the console does.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command as Program;
use std::sync::{Arc, Mutex};

use cordon::settings::FILE_NAME;

use crate::common::place;

/// Asserts that the report contains these words.
#[track_caller]
fn says(report: &str, words: &str) {
    assert!(report.contains(words), "{words:?} in\n{report}");
}

fn doctor(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut program = Program::new(env!("CARGO_BIN_EXE_cordon"));
    program
        .args(["doctor", "--data-dir"])
        .arg(folder)
        .args(arguments);
    for name in [
        "https_proxy",
        "HTTPS_PROXY",
        "http_proxy",
        "HTTP_PROXY",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
    ] {
        program.env_remove(name);
    }
    if !environment
        .iter()
        .any(|(name, _)| name.to_lowercase().ends_with("_proxy"))
    {
        // Unreachable: the network is not under test here.
        program.env("HTTPS_PROXY", "http://127.0.0.1:9");
    }
    program.envs(environment.iter().copied());
    let output = program.output().expect("the program starts");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn both_hosts_are_contacted_and_the_clock_is_compared() {
    let (simulator, folder) = place();
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
        says(&said, line);
    }
    simulator
        .control()
        .advance(std::time::Duration::from_mins(130));
    let said = doctor(folder.path(), &["--stand-in", &address], &[]);
    says(&said, "FIX    clock: 1");
    says(&said, " minutes away");
}

#[test]
fn a_settings_error_names_its_line_and_quotes_no_value() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(FILE_NAME);
    for (text, words) in [
        (
            "[profile.acme]\ntenant = \"secret.example\" x",
            "TOML parse error at line 2, column",
        ),
        (
            "[profile.acme]\ncloud = \"GCC\"\ntenant = \"secret\"",
            "line 3: tenant: ",
        ),
        ("default_profile = \"acme\"", "is not there"),
    ] {
        std::fs::write(&file, text).expect("written");
        let said = doctor(folder.path(), &[], &[]);
        says(&said, words);
        assert!(!said.contains("secret") && !said.contains("acme"), "{said}");
    }
}

/// A proxy that only asks for a password: it shows which host was requested, and forwards nothing.
#[test]
fn the_system_proxy_is_used_and_named_without_its_password() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let received = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut line = String::new();
            let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
            reader.read_line(&mut line).expect("a request");
            received.lock().expect("whole").push(line.trim().to_owned());
            stream
                .write_all(
                    b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
                )
                .ok();
        }
    });
    let (folder, _closed) = with_profile();
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
        "FIX    sign-in host: login.microsoftonline.us: the proxy requires its own sign-in"
            .to_owned(),
        "cordon uses the proxy of this system's settings and has no password for it".to_owned(),
    ] {
        says(&said, &line);
    }
    assert!(
        !said.contains("hunter2") && !said.contains("contoso"),
        "{said}"
    );
}

/// A profile with hosts to contact, and a proxy that refuses connections.
fn with_profile() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = "[profile.contoso]\ncloud = \"GCC High\"\ntenant = \"contoso.onmicrosoft.us\"\n\
        client_id = \"0b6d5c1e-2f7a-4b63-9c48-71e0a3d5f982\"\n";
    std::fs::write(folder.path().join(FILE_NAME), settings).expect("written");
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed = closed.local_addr().expect("an address");
    (folder, closed.to_string())
}

/// Environment variables on Windows are case-insensitive.
fn as_printed(variable: &str) -> String {
    if cfg!(windows) {
        variable.to_uppercase()
    } else {
        variable.to_owned()
    }
}

#[test]
fn a_socks_proxy_is_reported_as_unsupported() {
    let (folder, closed) = with_profile();
    for variable in ["ALL_PROXY", "all_proxy", "HTTPS_PROXY"] {
        for scheme in ["socks5h", "socks5", "socks4"] {
            let proxy = format!("{scheme}://ada:hunter2@{closed}");
            let said = doctor(folder.path(), &[], &[(variable, &proxy)]);
            let named = as_printed(variable);
            let line = format!(
                "FIX    proxy: {named} names a SOCKS proxy ({scheme}://{closed}), which cordon cannot use"
            );
            says(&said, &line);
            says(&said, "Set HTTPS_PROXY=http://HOST:PORT");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}

#[test]
fn each_proxy_variable_is_listed_with_whether_it_applies() {
    let (folder, closed) = with_profile();
    let proxy = format!("http://{closed}");
    let (all, plain) = ("http://127.0.0.1:9", "http://127.0.0.1:8");
    let said = doctor(
        folder.path(),
        &[],
        &[
            ("HTTPS_PROXY", &proxy),
            ("ALL_PROXY", all),
            ("HTTP_PROXY", plain),
            ("NO_PROXY", "a.example,login.microsoftonline.us"),
        ],
    );
    for line in [
        format!("HTTPS_PROXY is {proxy}; ALL_PROXY is {all} and not used"),
        format!("HTTP_PROXY is {plain} and not used: the service is contacted over https only"),
        "NO_PROXY leaves out 2".to_owned(),
        format!(
            "note   proxy: none for login.microsoftonline.us, {proxy} for api-gov.securitycenter.microsoft.us"
        ),
    ] {
        says(&said, &line);
    }
    // Only for hosts that cordon never contacts.
    let closed_hosts = ("NO_PROXY", "*");
    let said = doctor(folder.path(), &[], &[("http_proxy", plain), closed_hosts]);
    says(&said, "ok     proxy: none set");
    says(
        &said,
        &format!(
            "{} is http://127.0.0.1:8 and not used",
            as_printed("http_proxy")
        ),
    );
    let said = doctor(folder.path(), &[], &[("HTTPS_PROXY", "::"), closed_hosts]);
    says(&said, "HTTPS_PROXY is not an address and is not used");
}

/// On the first start, the question is whether the service can be reached.
#[test]
fn without_a_profile_the_hosts_are_still_contacted() {
    let (folder, closed) = with_profile();
    let proxy = format!("http://{closed}");
    let run = || doctor(folder.path(), &[], &[("HTTPS_PROXY", &proxy)]);
    let file = folder.path().join(FILE_NAME);
    let one = std::fs::read_to_string(&file).expect("there");
    let two = format!(
        "{one}{}",
        one.replace("contoso", "other").replace("GCC High", "GCC")
    );
    let three = format!("{two}{}", one.replace("contoso", "third"));
    for (settings, clouds) in [
        ("", "Commercial"),
        (&three, "GCC High, GCC"),
        ("x", "Commercial"),
    ] {
        std::fs::write(&file, settings).expect("written");
        let said = run();
        says(&said, "FIX    settings: ");
        says(&said, &format!(". Checked below: {clouds}\n"));
        let count = clouds.split(", ").count();
        let tried = |line: &str| said.matches(line).count() == count;
        assert!(tried(&format!("ok     proxy: {proxy}\n")), "{said}");
        assert!(
            tried("FIX    sign-in host: login.microsoftonline."),
            "{said}"
        );
        assert!(tried("FIX    API host: api"), "{said}");
    }
}

/// Plays the program that prints the desktop's settings by a script in this folder.
#[cfg(all(unix, not(target_os = "macos")))]
fn play_settings(folder: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;

    let program = folder.join("gsettings");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&program, executable).expect("set");
}

#[cfg(all(unix, not(target_os = "macos")))]
#[test]
fn a_desktop_proxy_script_is_reported() {
    let (folder, _closed) = with_profile();
    let programs = tempfile::tempdir().expect("a folder");
    let path = programs.path().display().to_string();
    let report = || doctor(folder.path(), &[], &[("PATH", &path), ("NO_PROXY", "*")]);
    let run = |mode: &str| {
        play_settings(programs.path(), &format!("echo \"'{mode}'\""));
        report()
    };
    let script = "note   desktop's proxy: a proxy script (PAC) is set; cordon does not run it";
    assert!(run("auto").contains(script));
    assert!(run("manual").contains("note   desktop's proxy: set by hand"));
    assert!(!run("none").contains("desktop's proxy"));
    std::fs::remove_file(programs.path().join("gsettings")).expect("removed");
    let said = report();
    says(&said, "cordon cannot see whether the desktop has one");
}

#[cfg(all(unix, not(target_os = "macos")))]
#[test]
fn no_display_and_a_silent_display_are_distinguished() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = doctor(folder.path(), &[], &[]);
    says(&said, "FIX    display: there is no display");
    says(&said, "neither WAYLAND_DISPLAY nor DISPLAY is set");
    let said = doctor(folder.path(), &[], &[("DISPLAY", ":4711")]);
    says(&said, "DISPLAY is set, and nothing answers there");
}

/// The program in its own mount namespace, after `mount` has run there with `argument` as `$0`.
#[cfg(target_os = "linux")]
fn in_own_mounts(mount: &str, argument: &Path) -> Program {
    let mut program = Program::new("unshare");
    program
        .args(["--user", "--map-current-user", "--keep-caps", "--mount"])
        .args(["sh", "-c", &format!("{mount} && exec \"$@\"")])
        .arg(argument)
        .arg(env!("CARGO_BIN_EXE_cordon"));
    program
}

/// A disk that refuses writes: a write-protected medium, or one that the system has remounted read-only.
#[cfg(target_os = "linux")]
#[test]
fn data_folder_on_a_read_only_disk_is_named_and_its_journal_is_still_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = folder.path().join("journal-live-contoso.sqlite");
    drop(cordon::journal::Journal::open(&journal).expect("made"));
    let run = |arguments: &[&str]| {
        let mount = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\"";
        let mut program = in_own_mounts(mount, folder.path());
        program.args(arguments).arg("--data-dir").arg(folder.path());
        let output = program.output().expect("unshare runs");
        let said = [&output.stdout[..], &output.stderr].concat();
        let said = String::from_utf8(said).expect("text");
        (output.status.success(), said)
    };
    let (is_good, said) = run(&["doctor"]);
    assert!(!is_good, "{said}");
    says(&said, "FIX    data folder: ");
    says(&said, "Read-only file system");
    says(&said, "allow writing there, or use --data-dir");
    assert!(!said.contains("FIX    journal: "), "{said}");
    let (is_good, said) = run(&["journal", "verify"]);
    assert!(is_good && said.contains("The chain is intact"), "{said}");
    let (is_good, said) = run(&["journal", "export", "--format", "json"]);
    assert!(is_good && said.starts_with("{\"entries\":[]"), "{said}");
}

/// In its own mount namespace `localhost` is an address from the range for documentation.
#[cfg(target_os = "linux")]
#[test]
fn localhost_is_not_looked_up_by_a_resolver() {
    let (simulator, folder) = place();
    let hosts = folder.path().join("hosts");
    std::fs::write(&hosts, "192.0.2.1 localhost\n").expect("written");
    let address = simulator.address().replace("127.0.0.1", "localhost");
    let output = in_own_mounts("mount --bind \"$0\" /etc/hosts", &hosts)
        .args(["doctor", "--stand-in", &address, "--data-dir"])
        .arg(folder.path())
        .output()
        .expect("unshare runs");
    let said = String::from_utf8_lossy(&output.stdout);
    says(&said, "ok     API host: localhost answers");
}

/// A minimal Linux has no certificates until they are installed.
#[cfg(target_os = "linux")]
#[test]
fn missing_certificates_are_named() {
    let output = Program::new(env!("CARGO_BIN_EXE_cordon"))
        .arg("self-test")
        .env("SSL_CERT_FILE", "/dev/null")
        .env_remove("SSL_CERT_DIR")
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let wanted = "Secure connections cannot be set up on this computer: ";
    assert!(
        said.contains(wanted) && said.contains("certificate file"),
        "{output:?}"
    );
    assert_eq!(output.status.code(), Some(1));
}

/// Rules that are not in force protect nothing.
#[test]
fn rules_not_in_force_are_named_with_file_and_line() {
    let (folder, _closed) = with_profile();
    let file = folder.path().join(FILE_NAME);
    let profile = std::fs::read_to_string(&file).expect("read");
    for (rules, why) in [
        (
            "[policy]\nprotected_names = 5\n",
            "line 6: policy.protected_names",
        ),
        (
            "[policy]\nprotectd_names = []\n",
            "line 6: policy.protectd_names",
        ),
        (
            "[policies]\nprotected_names = []\n",
            "cordon knows no “policies”",
        ),
        ("[policy]\nshared_file = \"nowhere.toml\"\n", "nowhere.toml"),
    ] {
        std::fs::write(&file, format!("{profile}{rules}")).expect("written");
        let said = doctor(folder.path(), &[], &[]);
        let line = said.lines().find(|line| line.starts_with("FIX    rules: "));
        assert!(line.is_some_and(|line| line.contains(why)), "{rules}{said}");
    }
    std::fs::write(&file, profile).expect("written");
    assert!(!doctor(folder.path(), &[], &[]).contains("rules: "));
}

/// The program that prints the desktop's settings may hang or print forever.
#[cfg(all(unix, not(target_os = "macos")))]
#[test]
fn hanging_or_endless_settings_program_does_not_block() {
    let (folder, _closed) = with_profile();
    let programs = tempfile::tempdir().expect("a folder");
    let path = format!("{}:/usr/bin:/bin", programs.path().display());
    for script in ["exec sleep 600", "exec yes x"] {
        play_settings(programs.path(), script);
        let said = doctor(folder.path(), &[], &[("PATH", &path), ("NO_PROXY", "*")]);
        says(&said, "cordon cannot see whether the desktop has one");
    }
    let said = doctor(folder.path(), &[], &[("SSL_CERT_FILE", "/dev/zero")]);
    says(
        &said,
        "FIX    certificates: the certificate file named by SSL_CERT_FILE cannot be read",
    );
}

#[test]
fn unreachable_host_behind_a_proxy_is_reported_with_the_proxy() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = doctor(folder.path(), &[], &[("HTTPS_PROXY", "http://127.0.0.1:9")]);
    let line = "FIX    API host: api.security.microsoft.com: not reached through the proxy http://127.0.0.1:9\n";
    says(&said, line);
    says(&said, "Check whether the proxy answers");
}

/// Reports are pasted and read line by line.
#[cfg(unix)]
#[test]
fn folder_name_cannot_add_a_line_to_the_report() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("a\nok     keyring: fine");
    let said = doctor(&folder, &[], &[]);
    assert!(!said.contains("\nok     keyring: fine"), "{said}");
    says(&said, r"a\u{a}ok     keyring: fine");
}

#[cfg(target_os = "linux")]
#[test]
fn missing_session_bus_is_reported_with_its_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let bus = ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus");
    let said = doctor(folder.path(), &[], &[bus]);
    says(&said, "There is no session bus (D-Bus)");
}

/// From another working directory, the same command would use another journal and other rules.
#[cfg(unix)]
#[test]
fn relative_home_is_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let output = Program::new(env!("CARGO_BIN_EXE_cordon"))
        .arg("doctor")
        .current_dir(place.path())
        .env_remove("XDG_DATA_HOME")
        .env("HOME", "here")
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8(output.stderr).expect("text");
    says(&said, "The home folder is not an absolute path");
    let left = place.path().read_dir().expect("a folder").count();
    assert_eq!(left, 0);
}
