//! Windows: access is controlled by access lists, inherited from the parent folder. The data folder
//! gets its own list, as the parent of a `--data-dir` may grant access to everyone.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::windows::fs::OpenOptionsExt as _;
use std::os::windows::io::AsRawHandle as _;
use std::path::Path;

use windows_permissions::constants::{AceType, SeObjectType, SecurityInformation};
use windows_permissions::utilities::current_process_sid;
use windows_permissions::wrappers::{GetNamedSecurityInfo, SetNamedSecurityInfo};
use windows_permissions::{LocalBox, SecurityDescriptor};
use windows_registry::CURRENT_USER;

use super::{Access, Facts, Kind, Others, ProxySettings};

/// Opens a link itself, not its target (`CreateFileW`).
const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// Lets others open an open file, but not rename or remove it (`CreateFileW`).
const FILE_SHARE_READ_AND_WRITE: u32 = 0x1 | 0x2;

/// Rights that allow changes to a folder or its contents: adding files and folders, deleting them
/// or it, setting permissions, taking ownership; plus generic all and generic write.
const WRITING: u32 =
    0x2 | 0x4 | 0x40 | 0x0001_0000 | 0x0004_0000 | 0x0008_0000 | 0x1000_0000 | 0x4000_0000;

/// The system, administrators, and a file's creator and owner.
const EXPECTED: [&str; 4] = ["S-1-5-18", "S-1-5-32-544", "S-1-3-0", "S-1-3-4"];
const NAMES: [(&str, &str); 4] = [
    ("S-1-1-0", "Everyone"),
    ("S-1-5-11", "Authenticated Users"),
    ("S-1-5-32-545", "Users"),
    ("S-1-5-32-546", "Guests"),
];

/// Error on a disk without access lists.
const ERROR_INVALID_FUNCTION: i32 = 1;
const ERROR_NOT_SUPPORTED: i32 = 50;

/// Creates a folder, with missing parents, that only its owner, administrators and the system can
/// enter. New files in it inherit that.
pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)?;
    let own = current_process_sid()?;
    // In Microsoft's notation (SDDL): nothing inherited (P); all rights (FA), inherited by folders
    // and files (OICI), for the owner, the system (SY), which backs up, and administrators (BA).
    match set_access_list(
        folder,
        &format!("D:P(A;OICI;FA;;;{own})(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"),
    ) {
        // A disk without access lists, such as a memory stick; `cordon doctor` reports it.
        Err(error)
            if matches!(
                error.raw_os_error(),
                Some(ERROR_INVALID_FUNCTION | ERROR_NOT_SUPPORTED)
            ) =>
        {
            Ok(())
        }
        set => set,
    }
}

fn set_access_list(folder: &Path, list: &str) -> io::Result<()> {
    let descriptor: LocalBox<SecurityDescriptor> = list.parse()?;
    SetNamedSecurityInfo(
        folder,
        SeObjectType::SE_FILE_OBJECT,
        SecurityInformation::Dacl | SecurityInformation::ProtectedDacl,
        None,
        None,
        descriptor.dacl(),
        None,
    )
}

/// Access lists are inherited from the parent folder.
pub(crate) fn private_folder_permissions() -> Option<Permissions> {
    None
}

pub(crate) fn open(path: &Path, access: Access) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    match access {
        Access::ReadThroughLinks => {}
        Access::Read => {
            options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
        }
        Access::Write => {
            options
                .write(true)
                .create(true)
                .share_mode(FILE_SHARE_READ_AND_WRITE)
                .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
        }
    }
    options.open(path)
}

/// Accounts with access to a folder, except this user, administrators and the system.
pub(crate) fn others_in(folder: &Path) -> io::Result<Others> {
    let own = current_process_sid()?.to_string();
    let reported = SecurityInformation::Dacl | SecurityInformation::Owner;
    let descriptor = GetNamedSecurityInfo(folder, SeObjectType::SE_FILE_OBJECT, reported)?;
    let Some(list) = descriptor.dacl() else {
        // A missing list grants access to everyone.
        let everyone = vec!["Everyone"];
        return Ok(Others {
            let_in: everyone.clone(),
            may_write: everyone,
        });
    };
    let mut others = Others::default();
    let mut add = |id: &str, rights: u32| {
        if id != own && !EXPECTED.contains(&id) {
            let named = NAMES.iter().find(|(known, _)| *known == id);
            // Its id would reveal a domain, and reports are pasted.
            let name = named.map_or("another account", |(_, name)| name);
            others.let_in.push(name);
            others
                .may_write
                .extend((rights & WRITING != 0).then_some(name));
        }
    };
    let entries = (0..list.len()).filter_map(|index| list.get_ace(index));
    for entry in entries.filter(|entry| entry.ace_type() == AceType::ACCESS_ALLOWED_ACE_TYPE) {
        if let Some(sid) = entry.sid() {
            add(&sid.to_string(), entry.mask().bits());
        }
    }
    // The owner may replace this list.
    if let Some(owner) = descriptor.owner() {
        add(&owner.to_string(), WRITING);
    }
    for names in [&mut others.let_in, &mut others.may_write] {
        names.sort_unstable();
        names.dedup();
    }
    Ok(others)
}

/// Access lists are inherited from the folder.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
pub(crate) fn tighten(_file: &File) -> io::Result<()> {
    Ok(())
}

pub(crate) fn facts_of(metadata: &Metadata) -> Facts {
    let kind = metadata.file_type();
    Facts {
        kind: match () {
            () if kind.is_symlink() => Kind::Link,
            () if kind.is_dir() => Kind::Folder,
            () if kind.is_file() => Kind::File,
            () => Kind::Special,
        },
        len: metadata.len(),
        owner: None,
        mode: None,
        links: None,
    }
}

pub(crate) fn own_user() -> Option<u32> {
    None
}

/// Whether there is no standard output: writes to it are then dropped without an error.
pub(crate) fn output_is_closed() -> bool {
    io::stdout().as_raw_handle().is_null()
}

/// Whether a file could not be replaced or removed because another program has it open:
/// `ERROR_ACCESS_DENIED`, `ERROR_SHARING_VIOLATION`.
pub(crate) fn is_in_use(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(5 | 32))
}

/// A rename is on disk when it returns.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
pub(crate) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Identity of a file, independent of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity(());

/// Not available: a file that is open as a database or a lock cannot be replaced on Windows, as it
/// is opened without delete sharing.
pub(crate) fn identity_of(_metadata: &Metadata) -> Option<Identity> {
    None
}

/// Windows writes no dumps unless an administrator has configured them.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
pub(crate) fn keep_memory_private() -> io::Result<()> {
    Ok(())
}

/// Reads the settings written by Internet Options and the Settings app.
pub(crate) fn proxy_settings() -> Option<ProxySettings> {
    let key = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings";
    let key = CURRENT_USER.open(key).ok()?;
    let text = |name: &str| {
        let value = key.get_string(name).ok()?.trim().to_owned();
        (!value.is_empty()).then_some(value)
    };
    let is_on = key.get_u32("ProxyEnable").is_ok_and(|on| on != 0);
    Some(ProxySettings {
        server: text("ProxyServer").filter(|_| is_on),
        except: text("ProxyOverride"),
        script: text("AutoConfigURL"),
    })
}

/// Shows a message box until it is closed; does nothing if standard error is read. A program
/// started from a shortcut has no standard error.
pub(crate) fn message_box(text: &str) {
    if !io::stderr().as_raw_handle().is_null() {
        return;
    }
    rfd::MessageDialog::new()
        .set_level(rfd::MessageLevel::Error)
        .set_title("cordon")
        .set_description(text)
        .show();
}

/// Shows a notification under our own name if the installer has registered its id.
pub(crate) fn sign_notification(notification: &mut notify_rust::Notification) {
    let id = "io.github.cordon";
    let key = format!(r"Software\Classes\AppUserModelId\{id}");
    if CURRENT_USER.open(key).is_ok() {
        notification.app_id(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parent folder lets everyone write by inheritance.
    #[test]
    fn private_folder_grants_access_to_nobody_else() {
        let above = tempfile::tempdir().expect("a folder");
        set_access_list(above.path(), "D:P(A;OICI;FA;;;WD)").expect("set");
        let all = others_in(above.path()).expect("readable");
        assert_eq!(all.let_in, ["Everyone"], "access before");
        assert_eq!(all.may_write, ["Everyone"]);
        let folder = above.path().join("deep").join("data");
        make_private_folder(&folder).expect("created");
        let others = others_in(&folder).expect("readable");
        assert_eq!(others, Others::default());
        let file = folder.join("journal.sqlite");
        drop(open(&file, Access::Write).expect("created"));
        assert!(file.exists());
    }

    #[test]
    fn read_access_is_not_reported_as_write_access() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = current_process_sid().expect("readable");
        for (rights, writes) in [("0x1200a9", false), ("0x1201bf", true), ("FA", true)] {
            let list = format!("D:P(A;OICI;FA;;;{own})(A;OICI;{rights};;;WD)");
            set_access_list(folder.path(), &list).expect("set");
            let others = others_in(folder.path()).expect("readable");
            assert_eq!(others.let_in, ["Everyone"], "{rights}");
            assert_eq!(!others.may_write.is_empty(), writes, "{rights}");
        }
    }

    /// If the lock file could be renamed, the next console would create another one.
    #[test]
    fn file_open_for_writing_cannot_be_renamed() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = folder.path().join("journal.lock");
        let opened = open(&lock, Access::Write).expect("created");
        let renamed = std::fs::rename(&lock, folder.path().join("away"));
        assert!(renamed.is_err() && std::fs::remove_file(&lock).is_err());
        open(&lock, Access::Write).expect("a second console asks for it");
        drop(opened);
        std::fs::remove_file(&lock).expect("free");
    }
}
