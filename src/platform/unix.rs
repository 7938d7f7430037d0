//! Linux, macOS and their relatives.

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

/// Makes a folder that only its owner can enter, and those above it that are missing.
pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// With which permissions a folder is made that only its owner can enter, where there are any.
#[expect(
    clippy::unnecessary_wraps,
    reason = "not every system tells access by permissions"
)]
pub(crate) fn private_folder_permissions() -> Option<Permissions> {
    Some(Permissions::from_mode(0o700))
}

/// Opens without ever waiting for a pipe's other end or taking a terminal over.
pub(crate) fn open(path: &Path, access: Access) -> io::Result<File> {
    let flags = OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = match access {
        Access::Read => flags | OFlags::RDONLY | OFlags::NOFOLLOW,
        Access::ReadThroughLinks => flags | OFlags::RDONLY,
        Access::Write => flags | OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW,
    };
    Ok(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?.into())
}

/// According to the permission bits.
#[expect(
    clippy::unnecessary_wraps,
    reason = "an access list may not be readable"
)]
pub(crate) fn others_in(_folder: &Path) -> io::Result<Others> {
    Ok(Others::default())
}

/// Takes away what others may do with an open file.
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

/// The user as whom this process acts.
#[expect(
    clippy::unnecessary_wraps,
    reason = "not every system tells owners by number"
)]
pub(crate) fn own_user() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

/// Whether standard output was closed when the program started: the standard library opens the null device
/// in its place, for reading as well.
pub(crate) fn output_is_closed() -> bool {
    let Ok(output) = io::stdout().as_fd().try_clone_to_owned() else {
        return true;
    };
    let mut output = File::from(output);
    let device = |metadata: io::Result<Metadata>| metadata.ok().map(|m| m.rdev());
    let is_null = device(output.metadata()) == device(std::fs::metadata("/dev/null"));
    is_null && output.read(&mut [0]).is_ok()
}

/// A file can be replaced and removed while others have it open.
pub(crate) fn is_in_use(_error: &io::Error) -> bool {
    false
}

/// Puts a folder's entries on disk. Some file systems have nothing to do for that, and say so.
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

/// Which file it is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    device: u64,
    inode: u64,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "not every system tells files apart"
)]
pub(crate) fn identity_of(metadata: &Metadata) -> Option<Identity> {
    Some(Identity {
        device: metadata.dev(),
        inode: metadata.ino(),
    })
}

/// Keeps what this process holds in memory out of core dumps, and on Linux from other processes of
/// the same user.
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

/// The HTTP library reads them where there are any.
pub(crate) fn proxy_settings() -> Option<ProxySettings> {
    None
}

/// A program that was started without a terminal has nowhere to say anything; what it says is in the
/// log of the session.
pub(crate) fn message_box(_text: &str) {}

/// Notifications come under the name of the program by themselves.
pub(crate) fn sign_notification(_notification: &mut notify_rust::Notification) {}

#[cfg(test)]
mod tests {
    use super::*;

    /// A link put there between the check and the opening gains nothing.
    #[test]
    fn the_system_itself_opens_no_link() {
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
        let dumpable = rustix::process::dumpable_behavior().expect("told");
        assert_eq!(dumpable, rustix::process::DumpableBehavior::NotDumpable);
    }
}
