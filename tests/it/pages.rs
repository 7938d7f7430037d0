//! The manual and the completions in the packages, compared with the command line.
//!
//! They are kept in `assets/packaging/linux`, so that a package can be made without building anything but
//! the program. `CORDON_PAGES=write cargo test --test it pages` rewrites them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use cordon::cli::Arguments;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/packaging/linux");

/// Sections that clap cannot generate; the README has them too.
const MORE: &str = r#".SH "EXIT STATUS"
0 fine, 1 failed, 2 usage.
.SH ENVIRONMENT
.TP
.B HTTPS_PROXY\fR, \fBALL_PROXY\fR, \fBNO_PROXY
Which proxy is taken, and for which hosts none.
.TP
.B SSL_CERT_FILE
The certificates that are trusted, instead of the system's.
.TP
.B LIBGL_ALWAYS_SOFTWARE=1
Draws in software, where there is no OpenGL 2.0.
.SH FILES
.TP
.I ~/.local/share/cordon
Journal, settings and the arrangement of the window, unless \fB\-\-data\-dir\fR names another folder.
"#;

#[test]
fn manual_and_completions_match_the_command_line() {
    let made = make();
    assert!(made.len() > 8, "{:?}", made.keys());
    let folder = Path::new(FOLDER);
    if std::env::var("CORDON_PAGES").is_ok_and(|what| what == "write") {
        for (name, text) in &made {
            fs::write(folder.join(name), text).expect("it can be written");
        }
    }
    let kept: BTreeMap<_, _> = ["man", "completions"]
        .iter()
        .flat_map(|part| files(folder, part))
        .collect();
    let differs: Vec<_> = made
        .iter()
        .filter(|(name, text)| kept.get(*name) != Some(*text))
        .map(|(name, _)| name)
        .collect();
    let stale: Vec<_> = kept
        .keys()
        .filter(|name| !made.contains_key(*name))
        .collect();
    assert!(
        differs.is_empty() && stale.is_empty(),
        "not as the command line is: {differs:?}; of no command: {stale:?}\n\
         CORDON_PAGES=write cargo test --test it pages"
    );
}

/// Each page by its path in the folder.
fn make() -> BTreeMap<PathBuf, String> {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    for part in ["man", "completions"] {
        fs::create_dir(scratch.path().join(part)).expect("a folder");
    }
    let pages = scratch.path().join("man");
    clap_mangen::generate_to(command(), &pages).expect("the manual");
    let completions = scratch.path().join("completions");
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        clap_complete::generate_to(shell, &mut command(), "cordon", &completions)
            .expect("completions");
    }
    let mut made: BTreeMap<_, _> = ["man", "completions"]
        .iter()
        .flat_map(|part| files(scratch.path(), part))
        .collect();
    let first = made.get_mut(Path::new("man/cordon.1"));
    first.expect("the page of the program").push_str(MORE);
    made
}

/// Without the subcommand `help`, which would get pages of its own.
fn command() -> Command {
    Arguments::command().disable_help_subcommand(true)
}

fn files(folder: &Path, part: &str) -> Vec<(PathBuf, String)> {
    fs::read_dir(folder.join(part))
        .into_iter()
        .flatten()
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = Path::new(part).join(path.file_name().expect("a name"));
            // Git checks files out with other line endings on Windows.
            let text = fs::read_to_string(&path)
                .expect("a text")
                .replace("\r\n", "\n");
            (name, text)
        })
        .collect()
}
