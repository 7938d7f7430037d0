//! Last account of each target, with its sign-in method: a small file beside the journal. It contains ids only,
//! no names and no secrets, and outlives a sign-out.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::files::{self, RefusedFile};
use crate::model::{Account, SignInMethod, Unfamiliar};

pub(super) const FILE_NAME: &str = "accounts.json";
/// Hundreds of targets fit.
const MAX_BYTES: u64 = 256 * 1024;

/// Remembered accounts of one target: a cloud, tenant and application.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct TargetAccounts {
    /// The account that used it last.
    last: Option<Box<str>>,
    /// Sign-in methods by account.
    #[serde(rename = "doors")]
    methods: BTreeMap<Box<str>, SignInMethod>,
    /// Accounts whose saved sign-in is still to be removed: the keyring was locked, or did not answer.
    owed: BTreeSet<Box<str>>,
    /// The file was refused, as others may have changed it, so the accounts are lost.
    #[serde(skip)]
    is_lost: bool,
}

impl TargetAccounts {
    /// Whether a different account used it last; `false` for a target without a known account.
    pub fn knows_another_than(&self, account: &Account) -> bool {
        self.last.as_ref().is_some_and(|last| *last != key(account))
    }

    /// Why the user has to confirm this account before it is used, if so. `before` is the account signed in so
    /// far, `method` how the new one signed in.
    ///
    /// If a profile names its tenant by a domain, the tenant of the last accepted account is the expected one.
    pub fn unfamiliar(
        &self,
        account: &Account,
        before: Option<&Account>,
        method: Option<SignInMethod>,
    ) -> Option<Unfamiliar> {
        let tenant = account.tenant_id.as_str();
        let so_far = self.last.as_deref().map(tenant_id);
        if let Some(so_far) = so_far.filter(|so_far| !so_far.eq_ignore_ascii_case(tenant)) {
            let so_far = so_far.into();
            return Some(Unfamiliar::OtherTenant { so_far });
        }
        let is_another = match before {
            // Two accounts that cannot be identified may be two people.
            Some(before) => !before.is_same(account) || !account.is_named(),
            None => self.knows_another_than(account),
        };
        if is_another {
            return Some(Unfamiliar::OtherAccount);
        }
        let is_new = before.is_none() && !self.methods.contains_key(&key(account));
        if is_new && self.is_lost {
            return Some(Unfamiliar::Unknown);
        }
        (is_new && method == Some(SignInMethod::Browser)).then_some(Unfamiliar::New)
    }

    /// The sign-in method of the account that used it last.
    pub fn last_method(&self) -> Option<SignInMethod> {
        self.methods.get(self.last.as_ref()?).copied()
    }

    /// The object id of the account that used it last.
    pub fn last_object_id(&self) -> Option<Box<str>> {
        self.last.as_deref().map(object_id)
    }

    /// Records an account as the last one. The previous one's saved sign-in is marked for removal.
    pub fn use_last(&mut self, account: &Account) {
        self.is_lost = false;
        let before = self.last.replace(key(account));
        self.owed
            .extend(before.filter(|before| *before != key(account)));
        self.owed.remove(&key(account));
    }

    /// Marks the saved sign-in of this account for removal.
    pub fn owe_removal(&mut self, account: &Account) {
        self.owed.insert(key(account));
    }

    /// Object ids of the accounts whose saved sign-in is still to be removed.
    pub fn owed(&self) -> Vec<Box<str>> {
        self.owed.iter().map(|key| object_id(key)).collect()
    }

    /// Whether the account that used it last has signed out, and its saved sign-in is still there.
    pub fn owes_last(&self) -> bool {
        (self.last.as_ref()).is_some_and(|last| self.owed.contains(last))
    }

    /// Unmarks accounts whose saved sign-in was removed.
    pub fn removed(&mut self, object_ids: &[Box<str>]) {
        self.owed
            .retain(|key| !object_ids.contains(&object_id(key)));
    }

    /// Remembers a completed sign-in.
    pub fn remember(&mut self, account: &Account, method: SignInMethod) {
        self.methods.insert(key(account), method);
        self.use_last(account);
    }
}

fn key(account: &Account) -> Box<str> {
    format!("{}/{}", account.tenant_id, account.object_id)
        .to_lowercase()
        .into()
}

fn tenant_id(key: &str) -> &str {
    key.split('/').next().unwrap_or(key)
}

fn object_id(key: &str) -> Box<str> {
    key.rsplit('/').next().unwrap_or(key).into()
}

/// The accounts of this run's target, and the file of all targets. A run without a folder saves nothing.
pub(super) struct Accounts {
    folder: Option<PathBuf>,
    place: Box<str>,
    /// `None` until the file has been read.
    here: watch::Sender<Option<TargetAccounts>>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct File {
    places: BTreeMap<Box<str>, TargetAccounts>,
    /// Set after overwriting a refused file: the accounts of other targets are lost.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_lost: bool,
}

impl File {
    fn take(&mut self, place: &str) -> TargetAccounts {
        let is_lost = self.is_lost;
        let known = self.places.remove(place);
        known.unwrap_or_else(|| TargetAccounts {
            is_lost,
            ..TargetAccounts::default()
        })
    }
}

impl Accounts {
    /// The accounts of `place`, once they have been read.
    pub fn new(folder: Option<PathBuf>, place: &str) -> Self {
        Self {
            folder,
            place: place.into(),
            here: watch::Sender::default(),
        }
    }

    /// Reads the file. A malformed file counts as a missing one, as the file only saves questions. After a
    /// refused one, which others may have changed, every account has to be confirmed.
    pub async fn read(&self) -> TargetAccounts {
        let (folder, place) = (self.folder.clone(), self.place.clone());
        let read = move || Some(read(&folder?).take(&place));
        let here = tokio::task::spawn_blocking(read).await;
        let here = here.ok().flatten().unwrap_or_default();
        // A change made meanwhile takes precedence.
        self.here.send_if_modified(|known| {
            let is_first = known.is_none();
            known.get_or_insert(here);
            is_first
        });
        self.here()
    }

    /// Waits until the file has been read: before that no account is known to be new or familiar.
    pub async fn until_read(&self) {
        self.here.subscribe().wait_for(Option::is_some).await.ok();
    }

    /// The accounts of this target.
    pub fn here(&self) -> TargetAccounts {
        self.here.borrow().clone().unwrap_or_default()
    }

    /// The data folder of this run, if it has one.
    pub fn folder(&self) -> Option<PathBuf> {
        self.folder.clone()
    }

    /// Whether a saved sign-in may be restored: only if the last account is known, so that removing the file
    /// suffices to prevent it.
    pub fn may_restore(&self) -> bool {
        self.folder.is_none() || self.here().last.is_some()
    }

    /// Removes this target's accounts, unless a saved sign-in is still to be removed. Returns whether nothing
    /// of them is left on disk.
    pub async fn forget(&self) -> bool {
        let forget = |here: &mut TargetAccounts| {
            if here.owed.is_empty() {
                *here = TargetAccounts::default();
            }
        };
        self.change(forget).await && self.here() == TargetAccounts::default()
    }

    /// Changes this target's accounts, on disk too, without touching those of other targets. `false` if the
    /// file could not be written.
    pub async fn change(&self, change: impl FnOnce(&mut TargetAccounts)) -> bool {
        if self.here.borrow().is_none() {
            self.read().await;
        }
        self.here
            .send_modify(|here| change(here.get_or_insert_default()));
        let Some(folder) = self.folder.clone() else {
            return true;
        };
        let (place, here) = (self.place.clone(), self.here.subscribe());
        let written = tokio::task::spawn_blocking(move || {
            write_newest(&here, |here| write(&folder, &place, here, files::replace))
        });
        let written = written.await.unwrap_or_else(|panic| Err(panic.into()));
        if let Err(error) = &written {
            tracing::warn!("who signed in is not remembered: {error}");
        }
        written.is_ok()
    }
}

/// Writes a target's accounts, and again if they changed meanwhile: the later of two writers leaves the newest
/// version on disk.
fn write_newest(
    here: &watch::Receiver<Option<TargetAccounts>>,
    write: impl Fn(TargetAccounts) -> io::Result<()>,
) -> io::Result<()> {
    loop {
        let known = here.borrow().clone();
        write(known.clone().unwrap_or_default())?;
        if *here.borrow() == known {
            return Ok(());
        }
    }
}

/// Writes a target's accounts. If the disk is too full to note a sign-out, the file is removed, which prevents
/// a restore too.
///
/// # Errors
/// The file on disk is unchanged.
fn write(
    folder: &Path,
    place: &str,
    here: TargetAccounts,
    replace: impl Fn(&Path, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let owes_last = here.owes_last();
    let mut file = read(folder);
    if here == TargetAccounts::default() {
        file.places.remove(place);
    } else {
        file.places.insert(place.into(), here);
    }
    // Writing plain strings to memory cannot fail.
    let json = serde_json::to_vec_pretty(&file).unwrap_or_default();
    let path = folder.join(FILE_NAME);
    let Err(error) = replace(&path, &json) else {
        return Ok(());
    };
    if !owes_last {
        return Err(error);
    }
    files::remove(&path)?;
    // The removal has freed space, so other targets may still be remembered.
    replace(&path, &json).or_else(|error| {
        tracing::warn!(
            "no account could be remembered in {}: {error}",
            path.display()
        );
        Ok(())
    })
}

fn read(folder: &Path) -> File {
    let path = folder.join(FILE_NAME);
    match files::read(&path, MAX_BYTES) {
        Ok(json) => json
            .and_then(|json| serde_json::from_slice(&json).ok())
            .unwrap_or_default(),
        Err(error) => {
            tracing::warn!("who signed in before is not known: {error}");
            let is_about_others = |refusal: &RefusedFile| refusal.problem.is_about_others();
            File {
                is_lost: RefusedFile::within(&error).is_some_and(is_about_others),
                ..File::default()
            }
        }
    }
}

#[cfg(test)]
mod tests;
