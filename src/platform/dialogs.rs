//! Native file and folder dialogs. They block until closed.

use std::path::PathBuf;

use rfd::FileDialog;

/// Whether they must run on the UI thread.
pub(crate) const BY_WINDOW: bool = cfg!(target_os = "macos");

/// Chooses a file; `None` if cancelled, or if no dialog can be shown.
pub(crate) fn file(title: &str) -> Option<PathBuf> {
    FileDialog::new().set_title(title).pick_file()
}

/// Chooses a folder; see [`file`].
pub(crate) fn folder(title: &str) -> Option<PathBuf> {
    FileDialog::new().set_title(title).pick_folder()
}
