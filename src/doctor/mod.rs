//! Diagnosis of this installation: problems and their remedies.

mod desktop_proxy;
mod line;
mod network;
mod proxy;

use std::path::Path;
use std::process::ExitCode;

use crate::api::unusable_certificates;
use crate::auth::probe_keyring;
use crate::cli::Arguments;
use crate::display::{self, Trouble};
use crate::explain::Explain as _;
use crate::files::{self, RefusedFile};
use crate::journal::{JournalError, NotChecked, Report, Witness};
use crate::journal_command::{GONE_REMEDY, inspect, orphaned};
use crate::model::{
    ClientId, Cloud, Endpoints, KeyringState, Region, Registration, Scopes, TenantName,
};
use crate::paths::{STAND_IN_CLIENT, STAND_IN_TENANT, stand_in_for};
use crate::platform;
use crate::say;
use crate::settings::{Settings, SettingsError};
use line::Line;

/// Prints the report; fails if something has to be fixed. The report is safe to paste: the home
/// folder is shortened, and it has no tenant, account or token.
#[must_use]
pub fn run(folder: &Path, arguments: &Arguments) -> ExitCode {
    say!(
        "cordon {} on {}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS
    );
    let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().display().to_string());
    let mut is_good = true;
    // Printed one by one, so that a check that hangs does not hide earlier results.
    let mut print = |lines: Vec<Line>| {
        for line in lines {
            is_good &= !line.is_bad();
            line.print(home.as_deref());
        }
    };
    let read = Settings::read(folder);
    let (settings, places) = settings_line(&read, folder, arguments);
    print(vec![settings]);
    // Unreadable settings are already reported above.
    print(read.map(rules_lines).unwrap_or_default());
    print(vec![folder_line(folder)]);
    print(journal_lines(folder));
    print(vec![keyring_line()]);
    print(vec![certificates_line()]);
    for endpoints in &places {
        if places.len() > 1 {
            say!("Hosts of {}:", endpoints.name);
        }
        print(proxy::lines(endpoints));
        print(network::reach_lines(endpoints));
    }
    // Last, as it may end the program.
    print(vec![display_line(home.clone())]);
    if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The settings, and the endpoints to check. Without a usable profile these are those of all
/// readable profiles, or else the commercial cloud: connectivity matters before the first sign-in.
fn settings_line(
    settings: &Result<Settings, SettingsError>,
    folder: &Path,
    arguments: &Arguments,
) -> (Line, Vec<Endpoints>) {
    let what = "settings";
    if let (Some(address), None) = (&arguments.stand_in, &arguments.profile) {
        return match Endpoints::stand_in(address, STAND_IN_TENANT, STAND_IN_CLIENT) {
            Ok(endpoints) => (
                Line::good(what, format!("stand-in {}", endpoints.name)),
                vec![endpoints],
            ),
            Err(error) => (
                Line::bad(what, address.as_str(), error.to_string()),
                Vec::new(),
            ),
        };
    }
    let places = settings.as_ref().map(hosts_of).unwrap_or_default();
    let wrong = |error: &SettingsError| {
        let explanation = error.explain();
        let (headline, place) = (explanation.headline, error.place());
        let found = format!("{headline}: {place} in {}", folder.display());
        Line::bad(what, found, explanation.next.words())
    };
    let chosen = match settings {
        Ok(all) => all.choose(folder, arguments.profile.as_deref()),
        Err(error) => return with_usual_hosts(wrong(error), places, arguments),
    };
    let trouble = match chosen {
        Ok(Some(profile)) => return profile_line(&profile.registration, arguments),
        Ok(None) => Line::bad(
            what,
            format!("no profile to start with in {}", folder.display()),
            "Start cordon and choose one, or fill in the form",
        ),
        Err(error) => wrong(&error),
    };
    with_usual_hosts(trouble, places, arguments)
}

/// Appends the endpoints that are checked without a usable profile.
fn with_usual_hosts(
    mut trouble: Line,
    places: Vec<Endpoints>,
    arguments: &Arguments,
) -> (Line, Vec<Endpoints>) {
    if arguments.stand_in.is_some() {
        return (trouble, Vec::new());
    }
    let places = if places.is_empty() {
        usual_hosts().into_iter().collect()
    } else {
        places
    };
    let clouds: Vec<&str> = places.iter().map(|endpoints| &*endpoints.name).collect();
    trouble.found = format!("{}. Checked below: {}", trouble.found, clouds.join(", "));
    (trouble, places)
}

fn rules_lines(settings: Settings) -> Vec<Line> {
    let rules = settings.rules;
    let rule = "Correct it. Until then each disruptive action requires typing the device's name, one device at a time";
    let plan = "Correct the plan in the file. Until then it is not offered, and the others are";
    let rest = "Correct it. Until then it is ignored";
    let lines = [
        (
            "rules",
            rules.policy.unread.as_deref().map(str::to_owned),
            rule,
        ),
        ("plans", rules.plan_trouble.map(String::from), plan),
        (
            "comment templates",
            rules.template_trouble.map(String::from),
            rest,
        ),
        ("desktop", rules.desktop_trouble.map(String::from), rest),
    ];
    (lines.into_iter())
        .filter_map(|(what, why, remedy)| Some(Line::bad(what, why?, remedy)))
        .collect()
}

fn profile_line(registration: &Registration, arguments: &Arguments) -> (Line, Vec<Endpoints>) {
    let what = "settings";
    let endpoints = match &arguments.stand_in {
        Some(address) => stand_in_for(address, registration),
        None => Endpoints::live(registration).map_err(|error| error.to_string()),
    };
    match endpoints {
        Ok(endpoints) => {
            let found = format!("a profile in {}", registration.cloud.name());
            (Line::good(what, found), vec![endpoints])
        }
        Err(error) => (Line::bad(what, error, "Correct the profile"), Vec::new()),
    }
}

/// The distinct endpoints of all readable profiles.
fn hosts_of(settings: &Settings) -> Vec<Endpoints> {
    let profiles = settings.profiles.iter();
    let readable = profiles.filter_map(|(_, profile)| profile.as_ref().ok());
    let mut places: Vec<Endpoints> = Vec::new();
    for endpoints in readable.filter_map(|profile| Endpoints::live(&profile.registration).ok()) {
        let is_new = places
            .iter()
            .all(|known| (&known.name, &known.api) != (&endpoints.name, &endpoints.api));
        if is_new {
            places.push(endpoints);
        }
    }
    places
}

/// The commercial cloud's endpoints. They also answer for a made-up tenant.
fn usual_hosts() -> Option<Endpoints> {
    let registration = Registration {
        cloud: Cloud::Commercial,
        region: Region::Any,
        tenant: TenantName::parse(STAND_IN_TENANT).ok()?,
        client_id: ClientId::parse(STAND_IN_CLIENT).ok()?,
        scopes: Scopes::Granted,
        other_resource: false,
    };
    Endpoints::live(&registration).ok()
}

/// Tests the folder the way the console uses it.
fn folder_line(folder: &Path) -> Line {
    let what = "data folder";
    let shown = folder.display();
    if let Err(error) = files::probe(folder) {
        return match RefusedFile::within(&error) {
            Some(RefusedFile { path, problem }) => {
                Line::bad(what, format!("{shown}: it {problem}"), problem.remedy(path))
            }
            None => Line::bad(
                what,
                format!("{shown}: {error}"),
                "Make room and allow writing there, or use --data-dir",
            ),
        };
    }
    match files::mode(folder) {
        Ok(Some(mode)) if mode & 0o077 != 0 => Line::note(
            what,
            format!("{shown}, yours, but others can look into it (mode {mode:03o})"),
            format!("Make it private: chmod 700 '{shown}'"),
        ),
        Ok(Some(mode)) => Line::good(what, format!("{shown}, yours alone (mode {mode:03o})")),
        Ok(None) | Err(_) => access_line(folder),
    }
}

/// Access check on systems with access lists.
fn access_line(folder: &Path) -> Line {
    let what = "data folder";
    let shown = folder.display();
    // A folder that others can write to was already refused.
    match platform::others_in(folder) {
        Ok(others) if others.let_in.is_empty() => Line::good(what, format!("{shown}, yours alone")),
        Ok(others) => Line::note(
            what,
            format!(
                "{shown}, and its access list lets others in: {}",
                others.let_in.join(", ")
            ),
            files::take_others_out(folder),
        ),
        Err(error) => Line::note(
            what,
            format!(
                "{shown}; not checked: whether others can write to it, as its access list cannot be read ({error})"
            ),
            "Check its properties, Security, or use --data-dir with another folder",
        ),
    }
}

fn journal_lines(folder: &Path) -> Vec<Line> {
    // A refused folder has its own line.
    let files = files::list(folder).unwrap_or_default();
    let journals = files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "sqlite"));
    let there = journals.map(|path| {
        let name = without_tenant(&path);
        match inspect(&path) {
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
    });
    let gone = orphaned(folder).into_iter().map(|lock| {
        let name = without_tenant(&lock);
        let found = format!("{name} is gone: its lock file says that there were records in it");
        Line::bad("journal", found, GONE_REMEDY)
    });
    there.chain(gone).collect()
}

/// Removes the tenant id at the end of a journal's name; the report may be pasted.
fn without_tenant(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let kinds = ["journal-demo", "journal-stand-in", "journal-live"];
    let kind = kinds.into_iter().find(|kind| name.starts_with(kind));
    format!("{}…", kind.unwrap_or("another"))
}

fn journal_line(name: &str, report: &Report) -> Line {
    let what = "journal";
    if let Some(RefusedFile { path, problem }) = report.refused.first() {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let remedy = problem.remedy(path).replace(&*file, name);
        return Line::bad(what, format!("{name}: a file of it {problem}"), remedy);
    }
    let Some(defect) = report.defects.first() else {
        let records = report.verified.records;
        let found = format!("{name}, {records} records, chain");
        if let Some(caution) = report.caution {
            return Line::note(what, format!("{found} intact; {caution}"), caution.remedy());
        }
        return match report.not_checked.last() {
            None => Line::good(what, format!("{found} and end intact")),
            Some(NotChecked {
                witness: Witness::Keyring,
                why,
            }) => Line::note(
                what,
                format!("{found} intact; not compared with the keyring: {why}"),
                "An older copy of the whole data folder would not be noticed. Unlock the keyring, start cordon once, \
                 and run this again",
            ),
            // Its path contains the tenant id.
            Some(NotChecked { witness, .. }) => Line::note(
                what,
                format!("{found} intact; not compared with {witness}"),
                "Whether its last records are still there is not known: cordon journal verify says why",
            ),
        };
    };
    let explanation = JournalError::Damaged(defect.clone()).explain();
    let found = format!("{name}: {defect}");
    Line::bad(what, found, explanation.next.words())
}

fn keyring_line() -> Line {
    let what = "keyring";
    match probe_keyring() {
        KeyringState::NotSaved { reason, remedy } => Line::bad(what, &*reason, &*remedy),
        KeyringState::Saved
        | KeyringState::Checking
        | KeyringState::Empty
        | KeyringState::MemoryOnly => Line::good(what, "a probe was written and removed"),
    }
}

/// Creates a hidden window and its renderer. macOS allows this on the main thread only, so a hang
/// ends the report.
fn display_line(home: Option<String>) -> Line {
    let what = "display";
    let line = move |trouble: &Trouble| Line::bad(what, trouble.found(), trouble.remedy());
    let give_up = move || {
        line(&Trouble::Silent).print(home.as_deref());
        std::process::exit(1);
    };
    match display::probe(give_up) {
        Ok(found) => Line::good(what, found),
        Err(trouble) => line(&trouble),
    }
}

/// The certificate verifier and its roots. Windows and macOS use only their own store; elsewhere
/// two environment variables may override it.
fn certificates_line() -> Line {
    let what = "certificates";
    let named: Vec<_> = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .into_iter()
        .filter(|name| std::env::var_os(name).is_some())
        .collect();
    let named = named.join(" and ");
    let is_system = platform::SYSTEM_JUDGES;
    if is_system && !named.is_empty() {
        // The count below would be read from the variables' paths.
        return Line::good(
            what,
            format!("verified by the system with its own store, regardless of {named}"),
        );
    }
    if let Some(why) = unusable_certificates() {
        let remedy = "Set SSL_CERT_FILE to a certificate file, or unset it";
        return Line::bad(what, why, remedy);
    }
    let store = rustls_native_certs::load_native_certs();
    let count = store.certs.len();
    if count == 0 {
        let why = store.errors.first().map(ToString::to_string);
        let remedy = if is_system {
            "Have the system's certificate store repaired: cordon trusts the same roots"
        } else {
            "Install the system's root certificates (ca-certificates on many Linux systems)"
        };
        let found = format!("no root certificate was found. {}", why.unwrap_or_default());
        return Line::bad(what, found, remedy);
    }
    Line::good(
        what,
        match (is_system, named.is_empty()) {
            (true, _) => format!("verified by the system, which has {count} root certificates"),
            (false, true) => format!("{count} root certificates, from the system's store"),
            (false, false) => {
                format!("{count} root certificates, from the place set by {named}")
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Checkpoint;

    #[test]
    fn missing_journal_is_reported_without_its_tenant() {
        let folder = tempfile::tempdir().expect("a folder");
        let last_hash = "a".repeat(64);
        let mark = Checkpoint {
            records: 3,
            last_hash,
        };
        let lock = folder.path().join("journal-live-contoso.com.lock");
        std::fs::write(lock, mark.to_text()).expect("written");
        let lines = journal_lines(folder.path());
        let [line] = &lines[..] else {
            panic!("{} lines", lines.len());
        };
        assert!(line.is_bad());
        assert_eq!(
            line.found,
            "journal-live… is gone: its lock file says that there were records in it"
        );
    }
}
