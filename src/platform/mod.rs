//! Platform differences in files, processes and settings, behind one set of functions.
//! Nothing outside says `cfg`.

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

/// Whether the system itself judges certificates, by its own store, whatever a variable names.
pub(crate) const SYSTEM_JUDGES: bool = cfg!(any(windows, target_os = "macos"));

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
    /// The user id; `None` where access does not follow from owner and mode.
    pub owner: Option<u32>,
    /// The nine permission bits.
    pub mode: Option<u32>,
    /// Under how many names it is found; `None` where the system does not say.
    pub links: Option<u64>,
}

/// Who else may do what with a folder, besides this person, administrators and the system, where a list
/// tells it. Well-known names only: an id would name a domain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Others {
    /// Those who may do anything there.
    pub let_in: Vec<&'static str>,
    /// Those among them who may change what is in it, or who may.
    pub may_write: Vec<&'static str>,
}

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    /// Also follows links: for a file that others provide.
    ReadThroughLinks,
    /// Reads and writes; makes the file, readable by its owner only, where there is none. Where the
    /// system knows that, it keeps its name until it is closed.
    Write,
}

/// What a person or an administrator has set about proxies, in the system's own notation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProxySettings {
    /// One address, or several as `http=a:80;https=b:8443`; `None` where it is switched off.
    pub server: Option<String>,
    /// Hosts that are reached without it, separated by semicolons.
    pub except: Option<String>,
    /// Where the script is that decides for each address (PAC).
    pub script: Option<String>,
}
