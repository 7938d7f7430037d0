//! State of the file section of a form.

use crate::message::HashedFile;
use crate::ui::choose::Chosen;

/// State of the file section, besides the draft.
#[derive(Debug, Default)]
pub struct FileSection {
    /// The hash that was last looked up from here.
    pub looked_up: Option<Box<str>>,
    /// The file of this computer that the hash in the form comes from, by its name.
    pub hashed: Option<(String, HashedFile)>,
    /// Why what was dropped was not taken, and the text that was in the field then.
    pub refused: Option<(String, &'static str)>,
    /// Cell for the file being chosen.
    pub chosen: Option<Chosen>,
    /// Whether the devices are listed on which it was seen.
    pub lists_devices: bool,
    /// The hash for which the form that blocks it everywhere is to take this one's place.
    pub blocks: Option<Box<str>>,
}
