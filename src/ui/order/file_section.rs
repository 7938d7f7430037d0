//! State of the file section of a form.

use crate::message::HashedFile;
use crate::ui::choose::Chosen;

/// State of the file section, besides the draft.
#[derive(Debug, Default)]
pub struct FileSection {
    /// The hash last looked up from here.
    pub looked_up: Option<Box<str>>,
    /// Name and result of the hashed file of this computer, if the hash in the form comes from one.
    pub hashed: Option<(String, HashedFile)>,
    /// The text in the field when a dropped file was refused, and why it was.
    pub refused: Option<(String, &'static str)>,
    /// Cell for the file being chosen.
    pub chosen: Option<Chosen>,
    /// Whether the devices on which it was seen are listed.
    pub lists_devices: bool,
    /// The hash for which the form that blocks it everywhere is to replace this one.
    pub blocks: Option<Box<str>>,
}
