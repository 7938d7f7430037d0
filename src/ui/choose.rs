//! File and folder dialogs of the system.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choose {
    File,
    Folder,
}

/// Cell for the chosen path; `None` in it where the dialog was cancelled.
pub type Chosen = Arc<OnceLock<Option<PathBuf>>>;

/// The path that was chosen, once the dialog has closed.
pub fn take(open: &mut Option<Chosen>) -> Option<PathBuf> {
    let answer = open.as_ref()?.get()?.clone();
    *open = None;
    answer
}
