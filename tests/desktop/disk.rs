//! A disk that fills up while the console runs, and a read-only one: real mounts in the program's own mount
//! namespace, so that no privileges are needed.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use crate::a11y::State;
use crate::console::{Console, data_folder, start_command, without_window};
use crate::session::Session;
use crate::tenant::{Change, Tenant};

const COMMENT: &str = "INC-4711 beacon seen";

/// Runs `command` after `mount`, in which `$0` is the data folder.
fn in_own_mounts(session: &Session, mount: &str, command: &Command) -> Command {
    fs::create_dir_all(data_folder(session)).expect("the data folder can be made");
    let mut own = session.command("unshare");
    own.args(["--user", "--map-current-user", "--keep-caps", "--mount"])
        .args(["sh", "-c", &format!("{mount} && exec \"$@\"")])
        .arg(data_folder(session))
        .arg(command.get_program())
        .args(command.get_args());
    own
}

/// A file that fills the console's own disk.
struct Filler(PathBuf);

impl Filler {
    fn fill(session: &Session, console: &Console<'_>) -> Self {
        // The disk is mounted for the console alone; the kernel shows it here.
        let root = PathBuf::from(format!("/proc/{}/root", console.process()));
        let folder = data_folder(session);
        let path = root
            .join(folder.strip_prefix("/").expect("absolute"))
            .join("filler");
        let mut file = fs::File::create(&path).expect("made");
        let piece = [0_u8; 512];
        while file.write_all(&piece).is_ok() {}
        Self(path)
    }

    fn make_room(self) {
        fs::remove_file(self.0).expect("removed");
    }
}

#[test]
fn full_disk_stops_the_next_order_and_loses_no_earlier_one() {
    let session = Session::start("disk-full");
    let tenant = Tenant::start(&session);
    let command = start_command(&session, &tenant);
    let mount = "mount -t tmpfs -o size=1m,mode=700 none \"$0\"";
    let console = Console::run(&session, in_own_mounts(&session, mount, &command));
    let window = &console.window;
    console.sign_in(&tenant);
    let first = tenant.devices("ENG-LT-030").remove(0);
    tenant.never_finish(&first);
    console.choose(&first);
    console.order("Isolate", &first, "Isolate", &[("Comment", COMMENT)]);
    console.wait_until_accepted(&first, "Isolate device");

    let filler = Filler::fill(&session, &console);
    console.order(
        "Restrict apps",
        &first,
        "Restrict apps on",
        &[("Comment", COMMENT)],
    );
    window.wait_for_text(
        "The disk is full and the journal cannot be written, so nothing can be sent",
    );
    window.picture("1-full");
    let isolation = Change::isolation_of(&first);
    assert_eq!(
        tenant.changes(),
        [isolation],
        "nothing leaves that is not on disk"
    );

    // The first order ends while there is no room to write that down.
    tenant.succeed("Isolate");
    window.wait_for_text("was not saved; cordon reads it again later");
    window.picture("2-not-saved");
    filler.make_room();
    console.wait_for_outcome(&first, "Isolate device", &["Isolated"]);
    console.order(
        "Restrict apps",
        &first,
        "Restrict apps on",
        &[("Comment", COMMENT)],
    );
    console.wait_until_accepted(&first, "Restrict app execution");
    window.picture("3-room-again");
    assert_eq!(tenant.changes().len(), 2);
}

#[test]
fn unwritable_data_folder_is_reported_and_its_journal_can_be_read() {
    let session = Session::start("read-only-disk");
    let tenant = Tenant::start(&session);
    let console = Console::signed_in(&session, &tenant);
    let device = tenant.devices("ENG-LT-030").remove(0);
    console.choose(&device);
    console.order("Isolate", &device, "Isolate", &[("Comment", COMMENT)]);
    console.wait_for_outcome(&device, "Isolate device", &["Isolated"]);
    console.close();

    let mount = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\"";
    let mut verify = session.command(&*crate::console::PROGRAM);
    verify
        .arg("--data-dir")
        .arg(data_folder(&session))
        .args(["journal", "verify"]);
    let said = in_own_mounts(&session, mount, &verify)
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(
        said.status.success() && text.contains("The chain is intact"),
        "{said:?}"
    );

    let command = start_command(&session, &tenant);
    let console = Console::run(&session, in_own_mounts(&session, mount, &command));
    let window = &console.window;
    console.sign_in(&tenant);
    console.choose(&device);
    let button = window.wait_for_node("a way to release", |node| node.name == "Release…");
    window.picture("says-so");
    assert!(
        !button.is(State::Enabled) && button.description.contains("cannot be written"),
        "it says why: {button:?}"
    );
    console.wait_for_outcome(&device, "Isolate device", &["Isolated"]);
    assert_eq!(tenant.changes().len(), 1);
}

/// The package's link and every token are in none of these: the most verbose log, the console's files, its
/// exports, and the accessibility tree.
#[test]
fn package_without_disk_space_leaves_nothing_and_its_link_is_nowhere() {
    let session = Session::start("package-disk");
    let tenant = Tenant::start(&session);
    let (small, large) = (
        session.folder().join("small"),
        session.folder().join("large"),
    );
    for folder in [&small, &large] {
        fs::create_dir(folder).expect("a folder can be made");
    }
    let mount = format!(
        "mount -t tmpfs -o size=1m,mode=700 none {}",
        small.display()
    );
    let mut own = in_own_mounts(&session, &mount, &start_command(&session, &tenant));
    own.env("CORDON_LOG", "trace");
    let console = Console::run(&session, own);
    let window = &console.window;
    console.sign_in(&tenant);
    let device = tenant.devices("ENG-LT-030").remove(0);
    console.choose(&device);
    let title = "Collect investigation package";
    let comment = [("Comment", COMMENT)];
    console.order("Collect package", &device, "Collect package from", &comment);
    console.wait_until_accepted(&device, title);
    tenant.advance(3_600);
    console.wait_for_outcome(&device, title, &["Package collected"]);

    let mut seen = String::new();
    let mut look = || {
        for node in window.read() {
            seen.extend([&*node.name, &node.description, &node.text, "\n"]);
        }
    };
    let inside = PathBuf::from(format!("/proc/{}/root", console.process()));
    let inside = inside.join(small.strip_prefix("/").expect("absolute"));
    for (folder, said) in [
        (&small, "There is no room for the package in"),
        (&large, "Package saved: "),
    ] {
        window.press("Download package…");
        window.fill("Folder", &folder.display().to_string());
        window.press("Download");
        window.wait_for_text(said);
        look();
        window.picture(&folder.file_name().expect("a name").to_string_lossy());
        let left = fs::read_dir(&inside).expect("a folder").count();
        assert_eq!(left, 0, "nothing half-written");
    }
    let saved = fs::read_dir(&large).expect("a folder").count();
    assert_eq!((saved, tenant.requests("GET", "/safedownload/")), (1, 2));
    console.close();

    let secrets = tenant.secrets();
    assert!(secrets.len() > 3, "{}", secrets.len());
    let log = fs::read(session.pictures().join("cordon.err.log")).expect("a log");
    assert!(
        String::from_utf8_lossy(&log).contains("TRACE"),
        "the log is verbose"
    );
    let mut places = vec![("the log", log), ("the screen", seen.into_bytes())];
    for file in fs::read_dir(data_folder(&session)).expect("a folder") {
        let path = file.expect("an entry").path();
        places.push(("a file of the console", fs::read(path).expect("readable")));
    }
    for format in ["csv", "json", "markdown", "html"] {
        let export = without_window(&session, &["journal", "export", "--format", format]);
        assert!(export.stdout.len() > 200, "{export:?}");
        places.push(("an export", export.stdout));
    }
    for (place, bytes) in places {
        let text = String::from_utf8_lossy(&bytes);
        for secret in &secrets {
            let quoted = secret.replace('=', "%3d");
            let is_there = text.contains(secret) || text.contains(&quoted);
            assert!(!is_there, "a secret in {place}");
        }
        // The link's path contains the tenant.
        for part in ["/safedownload/", "?token=", "Bearer ey"] {
            assert!(!text.contains(part), "{part} in {place}");
        }
    }
}
