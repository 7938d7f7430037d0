//! What is wrong with this installation, and how to mend it.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use url::Url;

use crate::auth::probe_keyring;
use crate::cli::Arguments;
use crate::explain::Explain as _;
use crate::journal::Journal;
use crate::model::{Endpoints, KeyringState};
use crate::places::{STAND_IN_CLIENT, STAND_IN_TENANT};
use crate::{say, settings};

/// One line of the report.
struct Line {
    what: &'static str,
    /// What was found; nothing secret, safe to paste.
    found: String,
    /// What to do, when something is wrong.
    remedy: Option<String>,
}

impl Line {
    fn good(what: &'static str, found: impl Into<String>) -> Self {
        Self {
            what,
            found: found.into(),
            remedy: None,
        }
    }

    fn bad(what: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            what,
            found: found.into(),
            remedy: Some(remedy.into()),
        }
    }
}

/// Prints the report; fails when something has to be mended.
#[must_use]
pub fn run(folder: &Path, arguments: &Arguments) -> ExitCode {
    say!(
        "cordon {} on {}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS
    );
    let (settings, endpoints) = settings_line(folder, arguments);
    let mut lines = vec![settings, folder_line(folder)];
    lines.extend(journal_lines(folder));
    lines.push(keyring_line());
    lines.push(display_line());
    lines.push(proxy_line());
    lines.extend(endpoints.iter().flat_map(|e| {
        [
            reach_line("sign-in host", &e.token),
            reach_line("API host", &e.api),
        ]
    }));
    for Line {
        what,
        found,
        remedy,
    } in &lines
    {
        say!(
            "{}  {what}: {found}",
            if remedy.is_none() { "ok   " } else { "MEND " }
        );
        if let Some(remedy) = remedy {
            say!("       {remedy}");
        }
    }
    if lines.iter().all(|line| line.remedy.is_none()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn settings_line(folder: &Path, arguments: &Arguments) -> (Line, Option<Endpoints>) {
    let what = "settings";
    if let Some(address) = &arguments.stand_in {
        return match Endpoints::stand_in(address, STAND_IN_TENANT, STAND_IN_CLIENT) {
            Ok(endpoints) => (
                Line::good(what, format!("stand-in {}", endpoints.name)),
                Some(endpoints),
            ),
            Err(error) => (Line::bad(what, address.as_str(), error.to_string()), None),
        };
    }
    let read = settings::read_profile(folder, &arguments.profile);
    match read
        .map_err(|e| e.explain())
        .map(|p| (Endpoints::cloud(p.cloud, &p.tenant, &p.client_id), p))
    {
        Ok((Ok(endpoints), profile)) => (
            Line::good(
                what,
                format!("profile {} in {}", arguments.profile, profile.cloud.name()),
            ),
            Some(endpoints),
        ),
        Ok((Err(error), _)) => (
            Line::bad(what, error.to_string(), "Correct the tenant's GUID"),
            None,
        ),
        Err(e) => (
            Line::bad(
                what,
                format!("{}. {}", e.headline, e.details.join("; ")),
                e.next.words(),
            ),
            None,
        ),
    }
}

fn folder_line(folder: &Path) -> Line {
    let what = "data folder";
    let probe = folder.join(".probe");
    let tried = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&probe, b"probe"))
        .and_then(|()| std::fs::remove_file(&probe));
    match tried {
        Ok(()) => Line::good(what, folder.display().to_string()),
        Err(error) => Line::bad(
            what,
            format!("{}: {error}", folder.display()),
            "Make room and allow writing there, or use --data-dir",
        ),
    }
}

fn journal_lines(folder: &Path) -> Vec<Line> {
    let files = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|e| Some(e.ok()?.path()));
    let journals = files.filter(|path| path.extension().is_some_and(|e| e == "sqlite"));
    journals
        .map(|path| {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            match Journal::open_read_only(&path).and_then(|j| j.verify()) {
                Ok(verified) => Line::good(
                    "journal",
                    format!("{name}, {} records, chain whole", verified.records),
                ),
                Err(error) => {
                    let explanation = error.explain();
                    Line::bad(
                        "journal",
                        format!("{name}: {error}"),
                        explanation.next.words(),
                    )
                }
            }
        })
        .collect()
}

fn keyring_line() -> Line {
    let what = "keyring";
    match probe_keyring() {
        KeyringState::NotSaved { reason, remedy } => Line::bad(what, &*reason, &*remedy),
        KeyringState::Saved | KeyringState::Checking | KeyringState::MemoryOnly => {
            Line::good(what, "a probe was written and removed")
        }
    }
}

fn display_line() -> Line {
    let what = "display";
    if cfg!(any(windows, target_os = "macos")) {
        return Line::good(what, "this system's own");
    }
    let named = ["WAYLAND_DISPLAY", "DISPLAY"]
        .into_iter()
        .find(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()));
    match named {
        Some(name) => Line::good(what, format!("{name} is set")),
        None => Line::bad(
            what,
            "neither WAYLAND_DISPLAY nor DISPLAY is set",
            "Start cordon from a desktop session",
        ),
    }
}

fn proxy_line() -> Line {
    let set: Vec<_> = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .filter(|name| std::env::var_os(name).is_some())
        .collect();
    let found = if set.is_empty() {
        "none in the environment".to_owned()
    } else {
        format!("{} set", set.join(", "))
    };
    Line::good(
        "proxy",
        format!("{found}; a system proxy is used where one is set; certificates are the system's"),
    )
}

/// Whether something answers at the host; not what.
fn reach_line(what: &'static str, url: &Url) -> Line {
    let host = url
        .host_str()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
        .to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let tried = (host.as_str(), port)
        .to_socket_addrs()
        .and_then(|addresses| {
            let mut last = Err(std::io::ErrorKind::NotFound.into());
            for address in addresses {
                last = TcpStream::connect_timeout(&address, Duration::from_secs(5));
                if last.is_ok() {
                    break;
                }
            }
            last
        });
    match tried {
        Ok(_) => Line::good(what, format!("{host}:{port} answers")),
        Err(error) => Line::bad(
            what,
            format!("{host}:{port}: {error}"),
            "Check the network, name resolution and firewall; behind a proxy this direct try may fail although cordon works",
        ),
    }
}
