//! Linux, macOS and other Unix systems.

use std::fs::{DirBuilder, File, Metadata, Permissions};
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _,
};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::{Access, Facts, Kind, Others, ProxySettings};

/// Creates a folder that only its owner can enter, and its missing parents.
pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Permissions of a private folder; `None` on systems without permission bits.
#[expect(
    clippy::unnecessary_wraps,
    reason = "not every system has permission bits"
)]
pub(crate) fn private_folder_permissions() -> Option<Permissions> {
    Some(Permissions::from_mode(0o700))
}

/// Opens a file without blocking on a pipe's other end or acquiring a controlling terminal.
pub(crate) fn open(path: &Path, access: Access) -> io::Result<File> {
    let flags = OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = match access {
        Access::Read => flags | OFlags::RDONLY | OFlags::NOFOLLOW,
        Access::ReadThroughLinks => flags | OFlags::RDONLY,
        Access::Write => flags | OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW,
    };
    Ok(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?.into())
}

/// Not used here: permission bits decide.
#[expect(
    clippy::unnecessary_wraps,
    reason = "an access list may not be readable"
)]
pub(crate) fn others_in(_folder: &Path) -> io::Result<Others> {
    Ok(Others::default())
}

/// Removes others' permissions on an open file.
pub(crate) fn tighten(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(0o600))
}

pub(crate) fn facts_of(metadata: &Metadata) -> Facts {
    let kind = metadata.file_type();
    let is_special =
        kind.is_fifo() || kind.is_socket() || kind.is_char_device() || kind.is_block_device();
    Facts {
        kind: match () {
            () if kind.is_symlink() => Kind::Link,
            () if kind.is_dir() => Kind::Folder,
            () if kind.is_file() && !is_special => Kind::File,
            () => Kind::Special,
        },
        len: metadata.len(),
        owner: Some(metadata.uid()),
        mode: Some(metadata.mode() & 0o777),
        links: Some(metadata.nlink()),
    }
}

/// The effective user id of this process.
#[expect(
    clippy::unnecessary_wraps,
    reason = "not every system has numeric owners"
)]
pub(crate) fn own_user() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

/// Whether standard output was closed at startup: the standard library opens the null device in its
/// place, for reading and writing.
pub(crate) fn output_is_closed() -> bool {
    let Ok(output) = io::stdout().as_fd().try_clone_to_owned() else {
        return true;
    };
    let mut output = File::from(output);
    let device = |metadata: io::Result<Metadata>| metadata.ok().map(|m| m.rdev());
    let is_null = device(output.metadata()) == device(std::fs::metadata("/dev/null"));
    is_null && output.read(&mut [0]).is_ok()
}

/// Open files can be replaced and removed.
pub(crate) fn is_in_use(_error: &io::Error) -> bool {
    false
}

/// Syncs a folder's entries to disk. Some file systems do not support this and return an error.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

/// Identity of a file, independent of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    device: u64,
    inode: u64,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "not every system identifies files"
)]
pub(crate) fn identity_of(metadata: &Metadata) -> Option<Identity> {
    Some(Identity {
        device: metadata.dev(),
        inode: metadata.ino(),
    })
}

/// Keeps this process's memory out of core dumps, and on Linux from other processes of the same
/// user.
pub(crate) fn keep_memory_private() -> io::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let limited = setrlimit(Resource::Core, none);
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(limited?)
}

/// The HTTP library reads them itself.
pub(crate) fn proxy_settings() -> Option<ProxySettings> {
    None
}

/// Does nothing: messages of a program started without a terminal go to the session's log.
pub(crate) fn message_box(_text: &str) {}

/// Notifications are shown under the program's name by default.
pub(crate) fn sign_notification(_notification: &mut notify_rust::Notification) {}

#[cfg(test)]
mod tests {
    use super::*;

    /// A link planted between check and open is not followed.
    #[test]
    fn opening_never_follows_a_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "theirs").expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("linked");
        for access in [Access::Read, Access::Write] {
            let refused = open(&link, access).expect_err("a link");
            assert_eq!(
                refused.raw_os_error(),
                Some(rustix::io::Errno::LOOP.raw_os_error())
            );
        }
        open(&link, Access::ReadThroughLinks).expect("followed");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn other_processes_cannot_read_the_memory() {
        keep_memory_private().expect("allowed");
        let dumpable = rustix::process::dumpable_behavior().expect("readable");
        assert_eq!(dumpable, rustix::process::DumpableBehavior::NotDumpable);
    }
}
