//! Platform differences in files, processes and settings, behind one set of functions. No `cfg` is
//! used elsewhere.

pub(crate) mod credentials;
pub(crate) mod dialogs;
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
    facts_of, identity_of, is_in_use, keep_memory_private, make_private_folder, message_box, open,
    others_in, output_is_closed, own_user, private_folder_permissions, proxy_settings,
    sign_notification, sync_folder, tighten,
};

/// Whether the system verifies certificates with its own store only, ignoring environment
/// variables.
pub(crate) const SYSTEM_JUDGES: bool = cfg!(any(windows, target_os = "macos"));

/// The type of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Folder,
    File,
    /// A symbolic link, or a junction on Windows.
    Link,
    /// A pipe, a socket or a device.
    Special,
}

/// Metadata of a file or folder, as far as it is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub kind: Kind,
    /// Size in bytes.
    pub len: u64,
    /// The owner's user id; `None` where access does not depend on owner and mode.
    pub owner: Option<u32>,
    /// The nine permission bits.
    pub mode: Option<u32>,
    /// Number of hard links; `None` if unknown.
    pub links: Option<u64>,
}

/// Access to a folder by others than this user, administrators and the system, according to its
/// access list. Well-known names only: an id would reveal a domain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Others {
    /// Accounts with any access.
    pub let_in: Vec<&'static str>,
    /// Accounts that may change the contents, or may grant themselves that right.
    pub may_write: Vec<&'static str>,
}

/// Access mode of an opened file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    /// Follows links: for a file that others provide.
    ReadThroughLinks,
    /// Reads and writes; creates the file if missing, readable by its owner only. Where the system
    /// supports it, the file cannot be renamed while it is open.
    Write,
}

/// The user's or administrator's proxy settings, in the system's own notation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProxySettings {
    /// One address, or several as `http=a:80;https=b:8443`; `None` if disabled.
    pub server: Option<String>,
    /// Hosts reached without the proxy, separated by semicolons.
    pub except: Option<String>,
    /// Address of the script that decides for each URL (PAC).
    pub script: Option<String>,
}
