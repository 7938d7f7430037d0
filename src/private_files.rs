//! Files and folders that only their owner can read. On Windows the profile folder already is.

use std::fs::{self, File};
use std::io::{Result, Write as _};
use std::path::Path;

/// Makes a folder that only its owner can enter.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Makes a file readable by its owner only.
#[cfg_attr(
    not(unix),
    expect(clippy::unnecessary_wraps, reason = "the same on each system")
)]
pub(crate) fn keep_private(path: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// What a file of our own holds; `None` when it is not there, not readable, or larger than any of
/// ours.
pub(crate) fn read(file: &Path, most_bytes: u64) -> Option<Vec<u8>> {
    (fs::metadata(file).ok()?.len() <= most_bytes)
        .then(|| fs::read(file).ok())
        .flatten()
}

/// Writes a small file in whole or not at all, and makes its folder.
pub(crate) fn write(folder: &Path, file: &Path, bytes: &[u8]) -> Result<()> {
    make_folder(folder)?;
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let mut new = File::create(&beside)?;
    keep_private(beside.as_ref())?;
    new.write_all(bytes)?;
    new.sync_all()?;
    fs::rename(&beside, file)
}
