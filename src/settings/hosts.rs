//! Computers whose shared file may be read. On Windows, opening a file on another computer signs in
//! there with the user's account, so a path, which others may have written, is not enough.

use std::path::Path;

use super::error::SettingsError;
use crate::files;

/// File name in the data folder: one host per line.
pub(super) const FILE_NAME: &str = "trusted-hosts.txt";
const MAX_BYTES: u64 = 64 * 1024;

/// The computer in a path: `\\host\share\…`, with either kind of slash and also in its long forms
/// (`\\?\UNC\host\…`). Anything not plainly on this computer counts as another one. Judged by the
/// text alone, the same on each system.
#[must_use]
pub fn network_host(path: &str) -> Option<Box<str>> {
    let path = path.trim().replace('\\', "/");
    let rest = path.strip_prefix("//")?;
    let mut parts = rest.split('/').filter(|part| !part.is_empty());
    let host = match parts.next()? {
        // A device path: network, local drive, or something else.
        "?" | "." => match parts.next()? {
            unc if unc.eq_ignore_ascii_case("unc") => parts.next()?,
            drive if is_drive(drive) => return None,
            other => other,
        },
        host => host,
    };
    Some(host.to_lowercase().into())
}

fn is_drive(part: &str) -> bool {
    matches!(part.as_bytes(), [letter, b':'] if letter.is_ascii_alphabetic())
}

/// Whether the user has confirmed reading files on this computer.
pub(super) fn is_trusted(folder: &Path, host: &str) -> bool {
    trusted(folder).iter().any(|known| known == host)
}

fn trusted(folder: &Path) -> Vec<String> {
    let content = files::read(&folder.join(FILE_NAME), MAX_BYTES);
    let text = content.ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().map(|line| line.trim().to_owned()).collect()
}

/// Remembers that the user has confirmed this computer.
///
/// # Errors
/// When it cannot be stored.
pub fn trust_host(folder: &Path, host: &str) -> Result<(), SettingsError> {
    let mut hosts = trusted(folder);
    hosts.retain(|known| !known.is_empty() && known != host);
    hosts.push(host.to_owned());
    let file = folder.join(FILE_NAME);
    files::replace(&file, format!("{}\n", hosts.join("\n")).as_bytes())
        .map_err(|source| SettingsError::NotSaved { file, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn the_host_of_a_path_is_found_in_each_notation() {
        for (path, host) in [
            (r"\\FS01\rules\team.toml", Some("fs01")),
            ("//fs01/rules/team.toml", Some("fs01")),
            (r"/\fs01\rules", Some("fs01")),
            (r" \\fs01.contoso.com\rules", Some("fs01.contoso.com")),
            (r"\\10.0.0.9\c$\team.toml", Some("10.0.0.9")),
            (r"\\fs01@SSL@443\DavWWWRoot\team.toml", Some("fs01@ssl@443")),
            (r"\\?\UNC\fs01\rules", Some("fs01")),
            (r"\\.\unc\fs01\rules", Some("fs01")),
            ("//?/UNC/fs01/rules", Some("fs01")),
            (r"\\?\GLOBALROOT\Device\Mup\fs01\x", Some("globalroot")),
            (r"\\.\pipe\rules", Some("pipe")),
            (r"\\?\C:\rules\team.toml", None),
            (r"C:\rules\team.toml", None),
            ("/etc/cordon/team.toml", None),
            ("team.toml", None),
            (r"..\team.toml", None),
            ("", None),
            (r"\\", None),
        ] {
            assert_eq!(network_host(path).as_deref(), host, "{path}");
        }
    }

    #[test]
    fn a_file_on_another_computer_is_read_only_after_confirmation() {
        let folder = tempfile::tempdir().expect("a folder");
        // A local path, written like one to another computer, which Linux can read.
        let shared = folder.path().join("team.toml");
        std::fs::write(&shared, "[policy]\nprotected_names = [\"DC01\"]\n").expect("written");
        let path = if cfg!(unix) {
            format!("/{}", shared.display())
        } else {
            // A share that does not exist.
            r"\\127.0.0.1\nothing\team.toml".to_owned()
        };
        let host = network_host(&path).expect("a host");
        let own = format!("[policy]\nprotected_tags = [\"tier0\"]\nshared_file = '{path}'\n");
        std::fs::write(folder.path().join(crate::settings::FILE_NAME), own).expect("written");
        let rules = || Settings::read(folder.path()).expect("TOML").rules;

        let before = rules();
        assert_eq!(before.asks_host, Some(host.clone()));
        assert!(before.shared.is_none() && before.policy.protected_names.is_empty());
        let why = before.policy.unread.expect("a reason");
        assert!(why.contains(&*host), "{why}");
        assert_eq!(
            before.policy.protected_tags.len(),
            1,
            "own rules still apply"
        );

        trust_host(folder.path(), "another").expect("written");
        assert_eq!(rules().asks_host, Some(host.clone()));
        trust_host(folder.path(), &host).expect("written");
        let after = rules();
        assert_eq!(after.asks_host, None);
        if cfg!(unix) {
            assert_eq!(after.policy.unread, None);
            assert_eq!(after.policy.protected_names.len(), 1);
        }
    }
}
