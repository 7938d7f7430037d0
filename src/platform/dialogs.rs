//! The dialogs of the system in which a person chooses a path. They return once the person has chosen.

use std::path::PathBuf;

use rfd::FileDialog;

/// Whether they may be opened by the thread of the window alone.
pub(crate) const BY_WINDOW: bool = cfg!(target_os = "macos");

/// A file; `None` where none was chosen, or no dialog could be shown.
pub(crate) fn file(title: &str) -> Option<PathBuf> {
    FileDialog::new().set_title(title).pick_file()
}

/// A folder, as above.
pub(crate) fn folder(title: &str) -> Option<PathBuf> {
    FileDialog::new().set_title(title).pick_folder()
}
