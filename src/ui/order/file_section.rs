//! What a form about a file holds besides its draft.

use crate::message::HashedFile;
use crate::ui::choose::Chosen;

/// What a form about a file holds besides its draft.
#[derive(Debug, Default)]
pub struct FileSection {
    /// The hash that was last looked up from here.
    pub looked_up: Option<Box<str>>,
    /// The file of this computer that the hash in the form comes from, by its name.
    pub hashed: Option<(String, HashedFile)>,
    /// Why what was dropped was not taken, and the text that was in the field then.
    pub refused: Option<(String, &'static str)>,
    /// Where the file arrives that is being chosen.
    pub chosen: Option<Chosen>,
    /// Whether the devices are listed on which it was seen.
    pub lists_devices: bool,
    /// The hash for which the form that blocks it everywhere is to take this one's place.
    pub blocks: Option<Box<str>>,
}
