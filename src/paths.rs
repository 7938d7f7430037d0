//! Paths on disk and addresses of a run: decided once, at start (rule 11).

use std::path::{Path, PathBuf};

use directories::{ProjectDirs, UserDirs};

use crate::model::{Endpoints, Mode, Registration};

/// Tenant and client of a stand-in without a profile; fictitious, and known to the built-in tenant.
pub const STAND_IN_TENANT: &str = "5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10";
pub const STAND_IN_CLIENT: &str = "0b6d5c1e-2f7a-4b63-9c48-71e0a3d5f982";

/// The addresses of a stand-in, for the application of a profile.
///
/// # Errors
/// When it is not on a loopback address.
pub fn stand_in_for(address: &str, registration: &Registration) -> Result<Endpoints, String> {
    let tenant = registration.tenant.as_str();
    let endpoints = Endpoints::stand_in(address, tenant, registration.client_id.as_str())
        .map_err(|error| error.to_string())?;
    Ok(Endpoints {
        scopes: registration.scopes.clone(),
        is_registered: true,
        ..endpoints
    })
}

/// The data folder: the given one, or the system's folder for application data.
///
/// # Errors
/// A message, when there is no such folder, or it is relative to the working directory: the next
/// start would find neither journal nor rules.
pub fn data_folder(given: Option<&Path>) -> Result<PathBuf, String> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let dirs = ProjectDirs::from("io.github", "", "cordon");
    let folder = dirs
        .ok_or("There is no home folder")?
        .data_local_dir()
        .to_owned();
    if folder.is_absolute() {
        Ok(folder)
    } else {
        let folder = folder.display();
        Err(format!(
            "The home folder is not an absolute path: the data would be in {folder}, from wherever cordon is started"
        ))
    }
}

/// Folder shared by all consoles of one user, whatever their data folders: the system's folder for
/// session data, else for application data.
#[must_use]
pub fn shared_folder() -> PathBuf {
    ProjectDirs::from("io.github", "", "cordon").map_or_else(std::env::temp_dir, |dirs| {
        dirs.runtime_dir()
            .unwrap_or_else(|| dirs.data_local_dir())
            .to_owned()
    })
}

/// The system's download folder, else the user's home folder.
#[must_use]
pub fn download_folder() -> Option<PathBuf> {
    let dirs = UserDirs::new()?;
    Some(dirs.download_dir().unwrap_or(dirs.home_dir()).to_owned())
}

/// The journal's file: one for each mode and tenant, so that they are never mixed.
#[must_use]
pub fn journal_file(folder: &Path, mode: Mode, endpoints: &Endpoints) -> PathBuf {
    let name = match mode {
        Mode::Live => format!("journal-live-{}.sqlite", endpoints.tenant),
        Mode::Demo => "journal-demo.sqlite".to_owned(),
        Mode::StandIn => {
            let host = endpoints
                .api
                .host_str()
                .unwrap_or("host")
                .replace([':', '[', ']'], "_");
            let port = endpoints.api.port_or_known_default().unwrap_or(0);
            match &*endpoints.tenant {
                STAND_IN_TENANT => format!("journal-stand-in-{host}-{port}.sqlite"),
                tenant => format!("journal-stand-in-{host}-{port}-{tenant}.sqlite"),
            }
        }
    };
    folder.join(name)
}
