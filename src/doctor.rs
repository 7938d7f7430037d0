//! What is wrong with this installation, and how to mend it.

use std::path::Path;
use std::process::ExitCode;

use url::Url;

use crate::api::Http;
use crate::auth::{AuthError, HttpFault, HttpRequest, HttpResponse, SendRequest, probe_keyring};
use crate::cli::Arguments;
use crate::explain::Explain as _;
use crate::journal::{Journal, JournalError, Report};
use crate::model::{Endpoints, KeyringState};
use crate::places::{STAND_IN_CLIENT, STAND_IN_TENANT, stand_in_for};
use crate::say;
use crate::settings::Settings;

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

/// Prints the report; fails when something has to be mended. It is safe to paste: the home folder
/// is shortened, and no tenant, account or token is in it.
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
    lines.push(certificates_line());
    if let Some(endpoints) = &endpoints {
        lines.push(proxy_line(endpoints));
        lines.extend(reach_lines(endpoints));
    }
    let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().display().to_string());
    let shortened = |text: &str| match home.as_deref() {
        Some(home) if home.len() > 1 => text.replace(home, "~"),
        _no_home => text.to_owned(),
    };
    for Line {
        what,
        found,
        remedy,
    } in &lines
    {
        let word = if remedy.is_none() { "ok   " } else { "MEND " };
        say!("{word}  {what}: {}", shortened(found));
        if let Some(remedy) = remedy {
            say!("       {}", shortened(remedy));
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
    if let (Some(address), None) = (&arguments.stand_in, &arguments.profile) {
        return match Endpoints::stand_in(address, STAND_IN_TENANT, STAND_IN_CLIENT) {
            Ok(endpoints) => (
                Line::good(what, format!("stand-in {}", endpoints.name)),
                Some(endpoints),
            ),
            Err(error) => (Line::bad(what, address.as_str(), error.to_string()), None),
        };
    }
    let read = Settings::read(folder)
        .and_then(|settings| settings.choose(folder, arguments.profile.as_deref()));
    let profile = match read {
        Ok(Some(profile)) => profile,
        Ok(None) => {
            let found = format!("no profile to start with in {}", folder.display());
            return (
                Line::bad(
                    what,
                    found,
                    "Start cordon and choose one, or fill in the form",
                ),
                None,
            );
        }
        Err(error) => {
            let explanation = error.explain();
            let found = format!(
                "{}: {} in {}",
                explanation.headline,
                error.place(),
                folder.display()
            );
            return (Line::bad(what, found, explanation.next.words()), None);
        }
    };
    let registration = &profile.registration;
    let endpoints = match &arguments.stand_in {
        Some(address) => stand_in_for(address, registration),
        None => Endpoints::live(registration).map_err(|error| error.to_string()),
    };
    match endpoints {
        Ok(endpoints) => {
            let found = format!("a profile in {}", registration.cloud.name());
            (Line::good(what, found), Some(endpoints))
        }
        Err(error) => (Line::bad(what, error, "Correct the profile"), None),
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
            // A journal's name ends with its tenant, which is not for pasting.
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let kinds = ["journal-demo", "journal-stand-in", "journal-live"];
            let kind = kinds.into_iter().find(|kind| name.starts_with(kind));
            let name = format!("{}…", kind.unwrap_or("another"));
            match Journal::inspect(&path, &[]) {
                Ok(report) => journal_line(&name, &report),
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

fn journal_line(name: &str, report: &Report) -> Line {
    let what = "journal";
    let Some(finding) = report.findings.first() else {
        let checked = if report.not_checked.is_empty() {
            "chain and end whole"
        } else {
            "chain whole; whether its end is missing could not be checked"
        };
        let records = report.verified.records;
        return Line::good(what, format!("{name}, {records} records, {checked}"));
    };
    let explanation = JournalError::Damaged(finding.clone()).explain();
    let found = format!("{name}: {finding}");
    Line::bad(what, found, explanation.next.words())
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

/// Whether the roots that vouch for the hosts can be read. On Windows and macOS the system itself
/// judges certificates; what it trusts is what is counted here.
fn certificates_line() -> Line {
    let what = "certificates";
    let store = rustls_native_certs::load_native_certs();
    let count = store.certs.len();
    if count == 0 {
        let why = store.errors.first().map(ToString::to_string);
        return Line::bad(
            what,
            format!("no root certificate was found. {}", why.unwrap_or_default()),
            "Install the system's root certificates (ca-certificates on many Linux systems)",
        );
    }
    let named: Vec<_> = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .into_iter()
        .filter(|name| std::env::var_os(name).is_some())
        .collect();
    let from = if named.is_empty() {
        "the system's store".to_owned()
    } else {
        format!("the place set by {}", named.join(" and "))
    };
    Line::good(what, format!("{count} root certificates, from {from}"))
}

/// The proxy that the HTTP client takes for the API: of the environment, else of the system.
fn proxy_line(endpoints: &Endpoints) -> Line {
    let what = "proxy";
    if endpoints.loopback {
        return Line::good(what, "none, on this computer");
    }
    let matcher = hyper_util::client::proxy::matcher::Matcher::from_system();
    let proxy = endpoints
        .api
        .as_str()
        .parse()
        .ok()
        .and_then(|address| matcher.intercept(&address));
    match proxy {
        None => Line::good(what, "none set"),
        Some(proxy) => {
            // Without what may stand before the host: a name and a password.
            let uri = proxy.uri();
            let scheme = uri.scheme_str().unwrap_or_default();
            let host = uri.host().unwrap_or_default();
            let port = uri.port_u16().map(|port| format!(":{port}"));
            Line::good(
                what,
                format!("{scheme}://{host}{}", port.unwrap_or_default()),
            )
        }
    }
}

/// Asks both hosts something harmless, with the console's own HTTP client: by its proxy, with its
/// judgement of certificates.
fn reach_lines(endpoints: &Endpoints) -> Vec<Line> {
    let cannot = |what: &dyn std::fmt::Display| {
        vec![Line::bad(
            "network",
            what.to_string(),
            "Mend what the lines above say",
        )]
    };
    let http = match Http::new(endpoints) {
        Ok(http) => http.lend(),
        Err(error) => return cannot(&error),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return cannot(&error),
    };
    let mut discovery = endpoints.token.clone();
    discovery.set_path(&format!(
        "{}/v2.0/.well-known/openid-configuration",
        endpoints.tenant
    ));
    runtime.block_on(async {
        let sign_in = ask(&http, &discovery).await;
        let api = ask(&http, &endpoints.api).await;
        let clock = sign_in.as_ref().ok().or(api.as_ref().ok()).map(clock_line);
        [
            reach_line("sign-in host", &discovery, sign_in),
            reach_line("API host", &endpoints.api, api),
        ]
        .into_iter()
        .chain(clock)
        .collect()
    })
}

async fn ask(http: &SendRequest, url: &Url) -> Result<HttpResponse, HttpFault> {
    let mut request = HttpRequest::new(Vec::new());
    *request.uri_mut() = url
        .as_str()
        .parse()
        .map_err(|_not_a_uri| HttpFault::NotReached)?;
    http(request).await
}

fn reach_line(what: &'static str, url: &Url, answer: Result<HttpResponse, HttpFault>) -> Line {
    let host = url.host_str().unwrap_or_default();
    let failed = |error: AuthError, found: String| {
        let explanation = error.explain();
        Line::bad(what, found, explanation.next.words())
    };
    match answer {
        Err(fault) => {
            let mut line = failed(
                AuthError::Unreachable(fault.clone()),
                format!("{host}: {fault}"),
            );
            if fault == HttpFault::NotReached {
                line.remedy =
                    Some("Check the network, name resolution, the firewall and the proxy".into());
            }
            line
        }
        Ok(response) => {
            let status = response.status().as_u16();
            let is_page = response
                .headers()
                .get("content-type")
                .and_then(|kind| kind.to_str().ok())
                .is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
            match status {
                407 | 511 | 300..=399 => failed(
                    AuthError::NotUnderstood { status },
                    format!("{host}: HTTP {status}"),
                ),
                200..=299 if is_page => failed(
                    AuthError::NotUnderstood { status },
                    format!("{host}: a web page"),
                ),
                500..=599 => Line::bad(
                    what,
                    format!("{host}: HTTP {status}"),
                    "The service or something before it is not well: try again later",
                ),
                // Without a sign-in nothing better can come.
                _ => Line::good(what, format!("{host} answers (HTTP {status})")),
            }
        }
    }
}

/// Times shown beside a device come from the service, ages from this computer's clock.
#[expect(clippy::disallowed_methods, reason = "a report of this very moment")]
fn clock_line(response: &HttpResponse) -> Line {
    let what = "clock";
    let date = response
        .headers()
        .get("date")
        .and_then(|date| date.to_str().ok())
        .and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
    let Some(date) = date else {
        return Line::good(what, "not checked: the host sent no date");
    };
    let off = jiff::Timestamp::now().duration_since(date.timestamp());
    let minutes = off.as_mins().abs();
    if minutes < 5 {
        Line::good(what, "within five minutes of the host's")
    } else {
        Line::bad(
            what,
            format!("{minutes} minutes away from the host's"),
            "Set this computer's clock: certificates and ages depend on it",
        )
    }
}
