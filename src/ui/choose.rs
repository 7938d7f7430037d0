//! The system's file and folder dialogs.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choose {
    File,
    Folder,
}

/// Cell for the chosen path; holds `None` if the dialog was cancelled.
pub type Chosen = Arc<OnceLock<Option<PathBuf>>>;

/// Takes the chosen path once the dialog has closed.
pub fn take(open: &mut Option<Chosen>) -> Option<PathBuf> {
    let answer = open.as_ref()?.get()?.clone();
    *open = None;
    answer
}
