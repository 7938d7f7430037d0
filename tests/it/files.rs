//! Foreign files in the data folder or in its place: never followed, waited for or written through, and
//! each named with its remedy.

#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Output};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use cordon::files::{self, Problem, RefusedFile};
use cordon::guard::Policy;
use cordon::journal::Journal;
use cordon::settings::{FILE_NAME, Settings};
use tempfile::TempDir;

use crate::common::names_in;
use crate::crash::panic_over;

/// Files of a run in its data folder, except the journal.
const NAMES: [&str; 6] = [
    FILE_NAME,
    "window.json",
    "accounts.json",
    "devices-a_b.json",
    "crash.txt",
    "journal-demo.lock",
];
const SPARSE: u64 = 1 << 30;
const MAX_BYTES: u64 = 64 * 1024;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    set_mode(folder.path(), 0o700);
    folder
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
}

/// A file elsewhere that must not be written to.
fn victim() -> (TempDir, PathBuf) {
    let elsewhere = folder();
    let victim = elsewhere.path().join("victim");
    fs::write(&victim, "precious").expect("written");
    (elsewhere, victim)
}

fn mode(path: &Path) -> u32 {
    let metadata = fs::symlink_metadata(path).expect("it is there");
    metadata.permissions().mode() & 0o777
}

fn problem<T: std::fmt::Debug>(result: std::io::Result<T>) -> Problem {
    let error = result.expect_err("refused");
    RefusedFile::within(&error).expect("a refusal").problem
}

/// The result of `work`, which must not block.
fn soon<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (give, take) = sync_channel(1);
    std::thread::Builder::new()
        .spawn(move || give.send(work()))
        .expect("a thread");
    take.recv_timeout(Duration::from_secs(20)).expect(what)
}

fn cordon(folder: &Path, arguments: &[&str]) -> Output {
    let mut program = Program::new(env!("CARGO_BIN_EXE_cordon"));
    program.arg("--data-dir").arg(folder).args(arguments);
    // Unreachable: the network is not under test here.
    program.env("HTTPS_PROXY", "http://127.0.0.1:9");
    program.output().expect("the program starts")
}

fn doctor(folder: &Path) -> String {
    String::from_utf8(cordon(folder, &["doctor"]).stdout).expect("text")
}

/// Names of things that are no regular file of reasonable size.
const AWKWARD: [&str; 3] = [
    "a pipe that nobody writes into",
    "an endless device",
    "a file of 1 GB",
];

/// Puts one of them at `path`.
fn put(what: &str, path: &Path) {
    fs::remove_file(path).ok();
    if what.contains("pipe") {
        let made = Program::new("mkfifo").arg(path).status();
        assert!(made.expect("it runs").success());
    } else if what.contains("device") {
        symlink("/dev/zero", path).expect("a link");
    } else {
        let file = fs::File::create(path).expect("made");
        file.set_len(SPARSE).expect("a hole");
    }
}

#[test]
fn link_in_place_of_the_data_folder_is_refused_with_and_without_a_slash() {
    let (place, target) = (folder(), folder());
    let link = place.path().join("data");
    symlink(target.path(), &link).expect("a link");
    for path in [link.clone(), link.join("")] {
        assert_eq!(problem(files::make_folder(&path)), Problem::FolderIsLink);
        let file = path.join("window.json");
        assert_eq!(problem(files::replace(&file, b"x")), Problem::FolderIsLink);
        assert_eq!(problem(files::open_or_create(&file)), Problem::FolderIsLink);
        let said = doctor(&path);
        assert!(
            said.contains("FIX    data folder: ") && said.contains("it is a link"),
            "{said}"
        );
        assert!(said.contains("with --data-dir"), "{said}");
    }
    assert_eq!(
        names_in(target.path()),
        [""; 0],
        "nothing was written there"
    );
    // A link above it may be part of how a home is set up, and is no danger.
    let below = link.join("cordon");
    files::replace(&below.join("window.json"), b"x").expect("written");
    assert_eq!(mode(&below), 0o700);
}

#[test]
fn no_file_is_read_or_written_through_a_link() {
    let (place, (elsewhere, victim)) = (folder(), victim());
    for name in NAMES {
        let link = place.path().join(name);
        symlink(&victim, &link).expect("a link");
        assert_eq!(problem(files::read(&link, MAX_BYTES)), Problem::FileIsLink);
        assert_eq!(problem(files::open_or_create(&link)), Problem::FileIsLink);
        files::replace(&link, b"ours").expect("the link is replaced, not followed");
        assert_eq!(fs::read_to_string(&victim).expect("there"), "precious");
        assert_eq!(fs::read_to_string(&link).expect("there"), "ours");
        assert_eq!(mode(&link), 0o600, "{name}");
        files::remove(&link).expect("removed");
        // A dangling link would create a file there.
        let nowhere = elsewhere.path().join("nowhere");
        symlink(&nowhere, &link).expect("a link");
        assert_eq!(problem(files::open_or_create(&link)), Problem::FileIsLink);
        assert!(!nowhere.exists());
        files::remove(&link).expect("removed");
        assert!(victim.exists());
    }
}

#[test]
fn a_crash_report_is_for_its_owner_and_goes_through_no_link() {
    let (place, (_elsewhere, victim)) = (folder(), victim());
    let report = place.path().join("crash.txt");
    symlink(&victim, &report).expect("a link");
    panic_over(place.path(), "on purpose");
    assert_eq!(fs::read_to_string(&victim).expect("there"), "precious");
    assert_eq!(mode(&report), 0o600);
}

#[test]
fn only_a_regular_file_of_reasonable_size_is_read() {
    let place = folder();
    for name in NAMES {
        let file = place.path().join(name);
        for what in AWKWARD {
            put(what, &file);
            let read = file.clone();
            let refused = soon(what, move || files::read(&read, MAX_BYTES));
            assert!(refused.is_err(), "{name}: {what}");
        }
        files::remove(&file).expect("removed");
    }
}

#[test]
fn settings_and_shared_file_neither_hang_nor_exhaust_memory() {
    let place = folder();
    let file = place.path().join(FILE_NAME);
    let read = |what: &str| {
        let path = place.path().to_owned();
        soon(what, move || Settings::read(&path))
    };
    for what in AWKWARD {
        put(what, &file);
        let error = read(what).expect_err(what).to_string();
        assert!(error.contains(FILE_NAME), "{error}");
    }
    let shared = place.path().join("team.toml");
    fs::remove_file(&file).expect("removed");
    fs::write(&file, "[policy]\nshared_file = \"team.toml\"\n").expect("written");
    for what in AWKWARD {
        put(what, &shared);
        let policy = Settings::policy_of(&read(what));
        let why = policy.unread.expect(what);
        assert!(why.contains("team.toml"), "{why}");
    }
    // A shared file may be a link, belong to anyone and be writable by others.
    fs::remove_file(&shared).expect("removed");
    let theirs = place.path().join("theirs.toml");
    fs::write(&theirs, "[policy]\nprotected_names = [\"DC01\"]\n").expect("written");
    set_mode(&theirs, 0o666);
    symlink(&theirs, &shared).expect("a link");
    let policy = Settings::policy_of(&read("a link to a good file"));
    assert_ne!(policy, Policy::default());
    assert!(policy.unread.is_none(), "{:?}", policy.unread);
}

#[test]
fn a_folder_that_others_can_write_to_is_refused_and_left_as_it_is() {
    for open in [0o777, 0o775, 0o722, 0o1777] {
        let place = folder();
        set_mode(place.path(), open);
        let open = open & 0o777;
        let refused = Problem::WritableByOthers { mode: open };
        let file = place.path().join("window.json");
        assert_eq!(problem(files::make_folder(place.path())), refused);
        assert_eq!(problem(files::replace(&file, b"x")), refused);
        assert_eq!(problem(files::read(&file, MAX_BYTES)), refused);
        assert_eq!(problem(files::open_or_create(&file)), refused);
        let said = doctor(place.path());
        assert!(said.contains("can be written to by others"), "{said}");
        assert!(said.contains("chmod go-w"), "{said}");
        assert_eq!(mode(place.path()), open, "it is not ours to change");
        assert_eq!(names_in(place.path()), [""; 0]);
    }
}

#[test]
fn a_file_that_others_can_write_to_is_refused() {
    let place = folder();
    for name in NAMES {
        let file = place.path().join(name);
        fs::write(&file, "x").expect("written");
        set_mode(&file, 0o666);
        let refused = Problem::WritableByOthers { mode: 0o666 };
        assert_eq!(problem(files::read(&file, MAX_BYTES)), refused);
        assert_eq!(problem(files::open_or_create(&file)), refused);
        set_mode(&file, 0o644);
        assert!(files::read(&file, MAX_BYTES).is_ok());
        files::open_or_create(&file).expect("opened");
        assert_eq!(mode(&file), 0o600, "our own file is made private");
    }
}

#[test]
fn folder_named_by_the_user_is_not_changed_and_new_ones_are_private() {
    let place = folder();
    set_mode(place.path(), 0o755);
    let said = doctor(place.path());
    assert_eq!(mode(place.path()), 0o755, "{said}");
    assert!(said.contains("mode 755"), "{said}");
    let deep = place.path().join("a").join("b");
    files::replace(&deep.join("window.json"), b"x").expect("written");
    assert_eq!([mode(&place.path().join("a")), mode(&deep)], [0o700; 2]);
    assert_eq!(mode(&deep.join("window.json")), 0o600);
}

#[test]
fn folder_that_takes_no_file_is_named_and_left_empty() {
    // Not even the administrator can create a file there.
    let nowhere = Path::new("/proc/self");
    assert!(files::replace(&nowhere.join("window.json"), b"x").is_err());
    assert!(doctor(nowhere).contains("FIX    data folder: "));
}

/// As on a full disk: the file can be created, but not written.
#[test]
fn without_space_the_old_file_stays_and_no_partial_one_is_left() {
    let place = folder();
    fs::write(place.path().join(FILE_NAME), "# Ours.\n").expect("written");
    let output = Program::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_cordon"))
        .arg("--data-dir")
        .arg(place.path())
        .arg("doctor")
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .output()
        .expect("it runs");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.contains("FIX    data folder: "), "{said}");
    assert!(said.contains("Make room"), "{said}");
    assert_eq!(names_in(place.path()), [FILE_NAME]);
}

#[test]
fn an_export_whose_output_is_closed_fails() {
    let place = folder();
    journal_in(place.path());
    let output = Program::new("sh")
        .args(["-c", "exec \"$0\" journal export --data-dir \"$1\" >&-"])
        .arg(env!("CARGO_BIN_EXE_cordon"))
        .arg(place.path())
        .output()
        .expect("it runs");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("standard output is closed"), "{said}");
}

#[test]
fn a_planted_probe_file_is_not_written_through() {
    let (place, (_elsewhere, victim)) = (folder(), victim());
    symlink(&victim, place.path().join(".probe")).expect("a link");
    let said = doctor(place.path());
    assert!(said.contains("ok     data folder: "), "{said}");
    assert_eq!(fs::read_to_string(&victim).expect("there"), "precious");
    assert_eq!(names_in(place.path()), [".probe"]);
}

#[test]
fn self_test_leaves_no_folder_behind_and_uses_an_unpredictable_one() {
    let place = folder();
    let output = Program::new(env!("CARGO_BIN_EXE_cordon"))
        .args(["self-test", "--fail", "sign-in"])
        .env("TMPDIR", place.path())
        .env("HOME", place.path().join("home"))
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(names_in(place.path()), [""; 0]);
}

#[test]
fn file_name_cannot_steer_the_terminal() {
    let place = folder();
    let name = "journal-\u{1b}]0;owned\u{7}\u{202e}.sqlite";
    fs::write(place.path().join(name), "none").expect("written");
    let missing = format!("{name}.gone");
    for arguments in [
        ["journal", "verify"].as_slice(),
        &["journal", "export"],
        &["journal", "verify", &missing],
        &["doctor"],
    ] {
        let Output { stdout, stderr, .. } = cordon(place.path(), arguments);
        let said = String::from_utf8([stdout, stderr].concat()).expect("text");
        assert!(!said.is_empty());
        let steers = |c: char| c == '\u{1b}' || c == '\u{7}' || c == '\u{202e}';
        assert!(!said.contains(steers), "{arguments:?}: {said:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_core_dump_could_not_hold_tokens() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    let mut program = Program::new(env!("CARGO_BIN_EXE_cordon"))
        .arg("simulate")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut ready = String::new();
    let stdout = program.stdout.take().expect("piped");
    BufReader::new(stdout)
        .read_line(&mut ready)
        .expect("a line");
    let limits = PathBuf::from(format!("/proc/{}/limits", program.id()));
    let limits = fs::read_to_string(limits).expect("readable");
    program.kill().expect("killed");
    program.wait().expect("ended");
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file"));
    let core: Vec<&str> = core.expect("a line").split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"], "{core:?}");
}

#[test]
fn a_pipe_in_place_of_a_journal_is_reported_without_blocking() {
    for ending in ["", "-wal", "-shm", "-journal"] {
        let folder = folder();
        let journal = folder.path().join("journal-live.sqlite");
        if !ending.is_empty() {
            fs::write(&journal, "").expect("written");
        }
        let name = format!("journal-live.sqlite{ending}");
        put(AWKWARD[0], &folder.path().join(name));
        let named = journal.to_str().expect("text");
        for words in [
            &["journal", "verify"][..],
            &["journal", "verify", named],
            &["journal", "export", "--format", "json", named],
        ] {
            let output = cordon(folder.path(), words);
            let said = String::from_utf8(output.stderr).expect("text");
            assert!(!output.status.success(), "{words:?}");
            let is_named = said.contains("is not a regular file");
            assert!(is_named, "{ending} {words:?}: {said}");
        }
        let said = doctor(folder.path());
        assert!(said.contains("is not a regular file"), "{ending}");
    }
}

/// A journal and its lock file, as a console leaves them.
fn journal_in(folder: &Path) -> PathBuf {
    let path = folder.join("journal-live-contoso.sqlite");
    drop(Journal::open(&path).expect("made"));
    path
}

/// A change that others may make to a journal's file, with its name in the report.
type Tamper = (fn(&Path), &'static str);

fn tampers() -> Vec<Tamper> {
    let mut tampers: Vec<Tamper> = vec![
        (
            |file| {
                let elsewhere = file.with_extension("moved");
                fs::rename(file, &elsewhere).expect("moved");
                symlink(elsewhere, file).expect("a link");
            },
            "is a link",
        ),
        (
            |file| set_mode(file, 0o666),
            "can be written to by others (mode 666)",
        ),
    ];
    // Only the administrator can give files away.
    if may_give_away() {
        tampers.push((
            |file| std::os::unix::fs::chown(file, Some(65_534), None).expect("given away"),
            "belongs to another user",
        ));
    }
    tampers
}

fn may_give_away() -> bool {
    let own = folder();
    std::os::unix::fs::chown(own.path(), Some(65_534), None).is_ok()
}

#[test]
fn readers_do_not_call_a_journal_good_that_the_console_refuses() {
    for (tamper, words) in tampers() {
        for ending in ["sqlite", "lock"] {
            let place = folder();
            let journal = journal_in(place.path());
            tamper(&journal.with_extension(ending));
            assert!(Journal::open(&journal).is_err(), "{ending} {words}");
            let named = journal.to_str().expect("text");
            for arguments in [&["journal", "verify"][..], &["journal", "verify", named]] {
                let output = cordon(place.path(), arguments);
                let said = String::from_utf8(output.stderr).expect("text");
                assert!(!output.status.success(), "{ending} {words}: {said}");
                assert!(said.contains(words), "{ending}: {said}");
            }
            let said = doctor(place.path());
            let line = said.lines().find(|line| line.contains("  journal: "));
            let line = line.expect("a line");
            assert!(line.starts_with("FIX ") && line.contains(words), "{line}");
            assert!(!said.contains("contoso"), "{said}");
            let left = names_in(place.path());
            assert!(!left.iter().any(|name| name.contains("moved-")), "{left:?}");
        }
    }
    let place = folder();
    journal_in(place.path());
    assert!(
        cordon(place.path(), &["journal", "verify"])
            .status
            .success()
    );
    assert!(!doctor(place.path()).contains("FIX    journal: "));
}
