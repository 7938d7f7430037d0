//! What a person chooses in a dialog of the system's.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choose {
    File,
    Folder,
}

/// Where the path arrives that is chosen; `None` in it where the dialog brought nothing.
pub type Chosen = Arc<OnceLock<Option<PathBuf>>>;

/// The path that was chosen, once the dialog has closed.
pub fn take(open: &mut Option<Chosen>) -> Option<PathBuf> {
    let answer = open.as_ref()?.get()?.clone();
    *open = None;
    answer
}
