//! The rules as data. A new module or crate gets a row here.

/// Modules that each module may import. A longer path on the right allows that part only.
pub const IMPORTS: [(&str, &[&str]); 17] = [
    ("model", &[]),
    ("platform", &[]),
    ("files", &["platform"]),
    ("explain", &["model"]),
    ("action", &["model", "explain"]),
    ("guard", &["model", "action", "explain"]),
    ("journal", &["model", "action", "explain", "files"]),
    // The system's keyring.
    (
        "auth",
        &["model", "explain", "files", "platform::credentials"],
    ),
    // The system's proxy settings.
    (
        "api",
        &["model", "action", "auth", "explain", "platform", "files"],
    ),
    (
        "settings",
        &["model", "action", "guard", "explain", "files"],
    ),
    (
        "message",
        &["model", "action", "guard", "journal", "settings", "explain"],
    ),
    (
        "worker",
        &[
            "model", "explain", "action", "guard", "journal", "auth", "api", "settings", "message",
            "files",
        ],
    ),
    (
        "state",
        &[
            "message", "model", "action", "guard", "journal", "settings", "explain",
        ],
    ),
    // Journal entries are searched like devices.
    ("search", &["state", "action", "journal", "model"]),
    (
        "ui",
        &[
            "search", "state", "message", "settings", "action", "guard", "journal", "model",
            "explain",
        ],
    ),
    (
        "app",
        &[
            "ui",
            "state",
            "message",
            "settings",
            "action",
            "guard",
            // `notify` reports entries that no frame has shown yet.
            "journal",
            "model",
            "explain",
            // The application id of notifications.
            "platform",
            "worker::WorkerHandle",
        ],
    ),
    ("simulator", &["model::cloud"]),
];

/// These start the program and may import every module; only `main` may import `app`.
pub const STARTERS: [&str; 13] = [
    "lib",
    "main",
    "cli",
    "display",
    "doctor",
    "drill",
    "journal_command",
    "self_test",
    "paths",
    "crash",
    "terminal",
    // Macros of `terminal`, exported at the crate root.
    "say",
    "say_error",
];

/// Modules that may name each outside crate.
pub const CRATES: [(&str, &[&str]); 37] = [
    ("egui", &["ui", "app", "main"]),
    ("eframe", &["ui", "app", "main", "display"]),
    ("egui_extras", &["ui"]),
    ("reqwest", &["api::transport"]),
    ("rustls", &["api::transport"]),
    ("oauth2", &["auth"]),
    ("keyring", &["platform::credentials"]),
    ("keyring_core", &["auth", "platform::credentials"]),
    (
        "zbus_secret_service_keyring_store",
        &["platform::credentials"],
    ),
    ("apple_native_keyring_store", &["platform::credentials"]),
    ("windows_native_keyring_store", &["platform::credentials"]),
    ("rusqlite", &["journal"]),
    ("notify_rust", &["app::notify", "platform"]),
    ("nucleo_matcher", &["search::fuzzy"]),
    ("hyper", &["simulator"]),
    ("http_body_util", &["simulator"]),
    ("flate2", &["simulator", "ui::theme::fonts"]),
    (
        "tokio",
        &["worker", "auth", "api", "simulator", "main", "doctor"],
    ),
    // Files on this computer.
    ("ring", &["worker::file_hash"]),
    // A package is hashed while it is downloaded.
    ("sha2", &["journal", "simulator::tokens", "worker::package"]),
    ("ipnet", &["guard::policy"]),
    ("percent_encoding", &["simulator::call"]),
    ("toml_edit", &["settings"]),
    ("rustix", &["platform"]),
    ("tempfile", &["files"]),
    ("directories", &["paths", "doctor"]),
    ("gethostname", &["worker::host"]),
    ("if_addrs", &["worker::host"]),
    ("hyper_util", &["api::proxy", "simulator"]),
    ("windows_registry", &["platform"]),
    ("windows_permissions", &["platform"]),
    // A message box for a program without a terminal.
    ("rfd", &["platform"]),
    ("zeroizing_alloc", &["main"]),
    ("rustls_native_certs", &["doctor"]),
    // Names are compared in one way only.
    ("caseless", &["model::normal"]),
    ("unicode_normalization", &["model::normal"]),
    ("unicode_security", &["model::normal"]),
];

/// Each of these is named in at most one file, which belongs to `ui`.
pub const ONE_FILE_OF_UI: [&str; 2] = ["webbrowser", "qrcode"];

/// Client methods that change something; only one file may call them.
pub const CHANGING: [&str; 1] = ["submit"];
/// Rule 2: one attempt of an order. The code around this file that waits, judges and retries cannot send.
pub const SUBMISSION_PATH: &str = "worker::order::send";

/// Reads of the clock.
pub const CLOCK_READS: [&str; 5] = [
    "Timestamp::now(",
    "Zoned::now(",
    "Instant::now(",
    "SystemTime::now(",
    ".elapsed(",
];
/// Modules that may read the clock. `auth::token` reads the monotonic clock only: lifetimes count from
/// receipt.
pub const CLOCK_READERS: [&str; 9] = [
    "worker",
    "app",
    "self_test",
    "auth::token",
    "simulator::clock",
    "doctor",
    "drill",
    "journal_command",
    "main",
];

/// Disk access, outside of tests. All of it goes through `files`, which follows no link and waits for no
/// pipe.
pub const DISK: [&str; 20] = [
    "std::fs",
    "fs::",
    "File::open(",
    "File::create(",
    "File::create_new(",
    "File::options(",
    "OpenOptions",
    "DirBuilder",
    ".exists(",
    ".try_exists(",
    ".is_file(",
    ".is_dir(",
    ".is_symlink(",
    ".symlink_metadata(",
    ".canonicalize(",
    ".read_link(",
    ".read_dir(",
    "remove_file(",
    "remove_dir_all(",
    "create_dir_all(",
];
/// Modules that may access the disk directly.
pub const DISK_USERS: [&str; 4] = [
    "files",
    "platform",
    // System fonts may be anywhere, are not secret, and are only read.
    "ui::theme::fonts",
    // SQLite opens its files itself; the rest moves to `files` step by step.
    "journal",
];

/// Deliberate panics.
pub const PANICS: [&str; 6] = [
    ".unwrap()",
    ".expect(\"",
    "panic!(",
    "todo!(",
    "unimplemented!(",
    "unreachable!(",
];

/// Entries at the top level of the repository, besides hidden files.
pub const TOP_LEVEL: [&str; 7] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "src",
    "assets",
    "tests",
    "target",
];

/// Files that may import each other, with the reason.
pub const CIRCLES: [(&[&str], &str); 4] = [
    (
        &["src/action/catalogue.rs", "src/action/spec.rs"],
        "a table and its columns: one of them names the action that undoes a row",
    ),
    (
        &["src/auth/store.rs", "src/auth/store/notes.rs"],
        "two halves of one type: what the keyring keeps beside a sign-in",
    ),
    (
        &[
            "src/journal/sheet.rs",
            "src/journal/sheet/next_step.rs",
            "src/journal/sheet/others.rs",
        ],
        "a sheet and two of its parts, written by its sections and in its blocks",
    ),
    (
        &["src/ui/widgets/icon.rs", "src/ui/widgets/icon/painter.rs"],
        "the names of the icons, and how each is drawn",
    ),
];

/// Length limit in lines.
pub const MAX_FILE_LINES: usize = 500;

/// Tests that may let a thread sleep: in a polling loop, to strike at a random instant, or to play a clock
/// or a slow server.
pub const SLEEPERS: [&str; 12] = [
    "src/api/transport/tests.rs",
    "tests/it/common.rs",
    "tests/it/common/barriers.rs",
    "tests/it/common/console.rs",
    "tests/it/kill.rs",
    "tests/it/memory.rs",
    "tests/it/profiles.rs",
    "tests/it/secrets.rs",
    "tests/desktop/a11y.rs",
    "tests/desktop/look.rs",
    "tests/desktop/session.rs",
    "tests/desktop/tenant.rs",
];
