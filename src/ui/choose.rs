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
