//! Reasons for refusing a file or folder, with remedies.

use std::io;
use std::path::{Path, PathBuf};

use crate::platform::{Facts, Kind, Others};

/// A refused file or folder. Contained in an [`io::Error`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it {}. {}", .problem, .problem.remedy(.path))]
pub struct RefusedFile {
    pub path: PathBuf,
    pub problem: Problem,
}

/// Defect of a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("is a link")]
    FolderIsLink,
    #[error("is not a folder")]
    NotAFolder,
    #[error("is a link")]
    FileIsLink,
    #[error("is not a regular file")]
    NotAFile,
    #[error("belongs to another user (id {owner}, and you are {own})")]
    ForeignOwner { owner: u32, own: u32 },
    #[error("can be written to by others (mode {mode:03o})")]
    WritableByOthers { mode: u32 },
    /// According to an access list.
    #[error("can be written to by others ({who})")]
    ListLetsOthersWrite { who: &'static str },
    #[error("has another name as well (a hard link)")]
    SecondName,
    #[error("has more than {max_bytes} bytes")]
    TooLarge { max_bytes: u64 },
}

impl Problem {
    /// Whether the only problem is trust: others may have changed it.
    #[must_use]
    pub const fn is_about_others(self) -> bool {
        match self {
            Self::ForeignOwner { .. }
            | Self::WritableByOthers { .. }
            | Self::ListLetsOthersWrite { .. }
            | Self::SecondName => true,
            Self::FolderIsLink
            | Self::NotAFolder
            | Self::FileIsLink
            | Self::NotAFile
            | Self::TooLarge { .. } => false,
        }
    }

    /// The remedy shown to the user.
    #[must_use]
    pub fn remedy(self, path: &Path) -> String {
        match self {
            Self::FolderIsLink => {
                "Name the folder itself with --data-dir, or make a folder in place of the link"
                    .into()
            }
            Self::NotAFolder => "Move it away, or name another folder with --data-dir".into(),
            Self::FileIsLink => "Put the file itself there in place of the link".into(),
            Self::NotAFile => "Move it away".into(),
            Self::ForeignOwner { .. } => {
                "Start cordon as that user, or name a folder of your own with --data-dir".into()
            }
            Self::WritableByOthers { .. } => format!(
                "Check what others have put there, then remove their access: chmod go-w '{}'",
                path.display()
            ),
            Self::ListLetsOthersWrite { .. } => {
                format!(
                    "Check what others have put there. {}. On a disk without access lists, such as a memory stick, nothing is yours alone: use --data-dir with another folder",
                    take_others_out(path)
                )
            }
            Self::SecondName => format!(
                "Writing to the other name changes this file too. Make it a file of its own: cp -p '{0}' '{0}.copy' && mv '{0}.copy' '{0}'",
                path.display()
            ),
            Self::TooLarge { .. } => "Not a cordon file: move it away".into(),
        }
    }
}

impl RefusedFile {
    pub(super) fn error(path: &Path, problem: Problem) -> io::Error {
        let path = path.to_owned();
        Self { path, problem }.into()
    }

    /// The refusal inside an error, if there is one.
    #[must_use]
    pub fn within(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

impl From<RefusedFile> for io::Error {
    fn from(refusal: RefusedFile) -> Self {
        let kind = match refusal.problem {
            Problem::ForeignOwner { .. }
            | Problem::WritableByOthers { .. }
            | Problem::ListLetsOthersWrite { .. }
            | Problem::SecondName => io::ErrorKind::PermissionDenied,
            Problem::NotAFolder => io::ErrorKind::NotADirectory,
            Problem::TooLarge { .. } => io::ErrorKind::FileTooLarge,
            Problem::FolderIsLink | Problem::FileIsLink | Problem::NotAFile => {
                io::ErrorKind::InvalidInput
            }
        };
        Self::new(kind, refusal)
    }
}

/// Checks a private folder for a user.
pub(super) fn judge_folder(facts: &Facts, own: Option<u32>) -> Result<(), Problem> {
    match facts.kind {
        Kind::Folder => {}
        Kind::Link => return Err(Problem::FolderIsLink),
        Kind::File | Kind::Special => return Err(Problem::NotAFolder),
    }
    if let (Some(owner), Some(own)) = (facts.owner, own)
        && owner != own
    {
        return Err(Problem::ForeignOwner { owner, own });
    }
    writable_by_others(facts)
}

/// Checks a private folder's access list.
pub(super) fn judge_others(others: &Others) -> Result<(), Problem> {
    match others.may_write.first() {
        Some(who) => Err(Problem::ListLetsOthersWrite { who }),
        None => Ok(()),
    }
}

/// How to remove others, inherited entries included, from a folder's access list.
#[must_use]
pub fn take_others_out(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "Remove their access in its properties, Security, or: icacls \"{folder}\" /inheritance:r /grant:r \"%USERNAME%:(OI)(CI)F\""
    )
}

/// Checks a private file for a user. One owned by the administrator is accepted: they can do
/// anything anyway, and may provide settings.
pub(super) fn judge_file(facts: &Facts, own: Option<u32>) -> Result<(), Problem> {
    match facts.kind {
        Kind::File => {}
        Kind::Link => return Err(Problem::FileIsLink),
        Kind::Folder | Kind::Special => return Err(Problem::NotAFile),
    }
    if let (Some(owner), Some(own)) = (facts.owner, own)
        && owner != own
        && owner != 0
    {
        return Err(Problem::ForeignOwner { owner, own });
    }
    writable_by_others(facts)?;
    match facts.links {
        Some(2..) => Err(Problem::SecondName),
        Some(_) | None => Ok(()),
    }
}

fn writable_by_others(facts: &Facts) -> Result<(), Problem> {
    match facts.mode {
        Some(mode) if mode & 0o022 != 0 => Err(Problem::WritableByOthers { mode }),
        Some(_) | None => Ok(()),
    }
}
