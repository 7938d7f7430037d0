//! Windows: who may open what is told by access lists, which a folder hands down to what is made in
//! it. The folder of a person's application data lets in that person and administrators only.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::Path;

use super::{Access, Facts, Kind};

/// Opens a link itself, not what it leads to (`CreateFileW`).
const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// Makes a folder, and those above it that are missing.
pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}

/// Access lists are handed down by the folder above it.
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
                .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
        }
    }
    options.open(path)
}

/// Access lists are handed down by the folder.
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
    }
}

pub(crate) fn own_user() -> Option<u32> {
    None
}

/// A rename is on disk when it returns.
pub(crate) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Which file it is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity(());

/// Not told: a file that is open here as a database cannot be exchanged on Windows, because it is
/// opened without sharing its deletion.
pub(crate) fn identity_of(_metadata: &Metadata) -> Option<Identity> {
    None
}

/// Windows writes no dumps of its own accord but for what an administrator has set up.
pub(crate) fn keep_memory_private() -> io::Result<()> {
    Ok(())
}
