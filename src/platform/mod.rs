//! What differs from system to system in handling files and processes, behind one set of functions.
//! Nothing outside says `cfg`.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

pub use system::Identity;
pub(crate) use system::{
    facts_of, identity_of, keep_memory_private, make_private_folder, open, own_user,
    private_folder_permissions, sync_folder, tighten,
};

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Folder,
    File,
    /// A symbolic link, or on Windows also a junction.
    Link,
    /// A pipe, a socket or a device.
    Special,
}

/// What the system says about a file or folder, as far as it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub kind: Kind,
    /// In bytes.
    pub len: u64,
    /// The user id; `None` where access is not told by owner and mode.
    pub owner: Option<u32>,
    /// The nine permission bits.
    pub mode: Option<u32>,
}

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    /// Also follows links: for a file that others provide.
    ReadThroughLinks,
    /// Reads and writes; makes the file, readable by its owner only, where there is none.
    Write,
}
