//! Which account used a target last, and the sign-in method of each: a small file beside the
//! journal. Ids only, nobody's name, and nothing secret; it outlives a sign-out.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::files::{self, Refusal};
use crate::model::{Account, SignInMethod, Unfamiliar};

pub(super) const FILE_NAME: &str = "accounts.json";
/// Hundreds of places fit into this.
const MAX_BYTES: u64 = 256 * 1024;

/// What is remembered about one target: a cloud, tenant and application.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct TargetAccounts {
    /// The account that used it last.
    last: Option<Box<str>>,
    /// By account.
    #[serde(rename = "doors")]
    methods: BTreeMap<Box<str>, StoredMethod>,
    /// Accounts whose saved sign-in is still to be removed: the keyring was locked, or did not answer.
    owed: BTreeSet<Box<str>>,
    /// What was known is lost: the file was there and was refused, as others may have changed it.
    #[serde(skip)]
    is_lost: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredMethod {
    Code,
    Browser,
}

impl TargetAccounts {
    /// Whether a different account used it last; never so of a target that was not used before.
    pub fn knows_another_than(&self, account: &Account) -> bool {
        self.last.as_ref().is_some_and(|last| *last != key(account))
    }

    /// Why a person has to confirm this account before it is used, if so. `before` is who is
    /// signed in, `method` how the account has signed in now.
    ///
    /// Where a profile names its tenant by a domain, the tenant of the account that was accepted
    /// last is the one that is meant.
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
        Some(match self.methods.get(self.last.as_ref()?)? {
            StoredMethod::Code => SignInMethod::Code,
            StoredMethod::Browser => SignInMethod::Browser,
        })
    }

    /// The object id of the account that used it last.
    pub fn last_object_id(&self) -> Option<Box<str>> {
        self.last.as_deref().map(object_id)
    }

    /// Records an account as the last one. The saved sign-in of the one before is to be removed.
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
        let stored = match method {
            SignInMethod::Code => StoredMethod::Code,
            SignInMethod::Browser => StoredMethod::Browser,
        };
        self.methods.insert(key(account), stored);
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

/// The file of all targets, of which a run knows its own. In a run without a file nothing is kept.
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
    /// It took the place of one that was refused: what was known of other places is lost.
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
    /// What is known of `place`, once it has been read.
    pub fn new(folder: Option<PathBuf>, place: &str) -> Self {
        Self {
            folder,
            place: place.into(),
            here: watch::Sender::default(),
        }
    }

    /// Reads the file. One that makes no sense counts as one that is not there: it only saves
    /// questions. One that is refused, as others may have changed it, makes each account a question.
    pub async fn read(&self) -> TargetAccounts {
        let (folder, place) = (self.folder.clone(), self.place.clone());
        let read = move || Some(read(&folder?).take(&place));
        let here = tokio::task::spawn_blocking(read).await;
        let here = here.ok().flatten().unwrap_or_default();
        // What was changed meanwhile counts.
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

    /// What is known of this place.
    pub fn here(&self) -> TargetAccounts {
        self.here.borrow().clone().unwrap_or_default()
    }

    /// The data folder of this run, if it has one.
    pub fn folder(&self) -> Option<PathBuf> {
        self.folder.clone()
    }

    /// Whether a saved sign-in may be taken up: only where it is known who signed in here last. So
    /// removing the file is enough to sign nobody in.
    pub fn may_restore(&self) -> bool {
        self.folder.is_none() || self.here().last.is_some()
    }

    /// Changes what is known of this place, on disk too; what others have written there of other
    /// places meanwhile stays. `false` when the file on disk says what it said before.
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
            let here = here.borrow().clone().unwrap_or_default();
            write(&folder, &place, here, files::replace)
        });
        let written = written.await.unwrap_or_else(|panic| Err(panic.into()));
        if let Err(error) = &written {
            tracing::warn!("who signed in is not remembered: {error}");
        }
        written.is_ok()
    }
}

/// Writes what is known of a place. Where a sign-out finds no room, the file is removed, which needs
/// none and counts for as much.
///
/// # Errors
/// When the file on disk says what it said before.
fn write(
    folder: &Path,
    place: &str,
    here: TargetAccounts,
    replace: impl Fn(&Path, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let owes_last = here.owes_last();
    let mut file = read(folder);
    file.places.insert(place.into(), here);
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
    // Now there may be room for it, and the other places are remembered all the same.
    replace(&path, &json).or_else(|error| {
        tracing::warn!("nobody is remembered in {}: {error}", path.display());
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
            let is_about_others = |refusal: &Refusal| refusal.problem.is_about_others();
            File {
                is_lost: Refusal::within(&error).is_some_and(is_about_others),
                ..File::default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TenantId;

    fn account(object_id: &str) -> Account {
        Account {
            tenant_id: TenantId::parse("T1").expect("a literal id"),
            object_id: object_id.into(),
            user_name: Some("ada@contoso.example".into()),
            display_name: None,
        }
    }

    #[tokio::test]
    async fn the_last_account_and_method_are_known_in_the_next_run_without_a_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = |place: &str| Accounts::new(Some(folder.path().to_owned()), place);
        let accounts = open("here");
        let here = accounts.read().await;
        assert_eq!(
            (here.last_method(), here.knows_another_than(&account("a"))),
            (None, false)
        );
        accounts
            .change(|here| here.remember(&account("a"), SignInMethod::Browser))
            .await;
        open("elsewhere")
            .change(|here| here.remember(&account("b"), SignInMethod::Code))
            .await;

        let again = open("here").read().await;
        assert_eq!(again.last_method(), Some(SignInMethod::Browser));
        assert!(again.knows_another_than(&account("b")));
        assert!(!again.knows_another_than(&account("A")), "ids have no case");
        let text = std::fs::read_to_string(folder.path().join(FILE_NAME)).expect("written");
        assert!(!text.contains("ada"), "{text}");
    }

    #[test]
    fn who_is_asked_about_and_why() {
        let in_tenant = |object_id: &str, tenant: &str| Account {
            tenant_id: TenantId::parse(tenant).expect("a literal id"),
            ..account(object_id)
        };
        let mut here = TargetAccounts::default();
        let by_browser = Some(SignInMethod::Browser);
        assert_eq!(
            here.unfamiliar(&account("a"), None, by_browser),
            Some(Unfamiliar::New)
        );
        assert_eq!(
            here.unfamiliar(&account("a"), None, Some(SignInMethod::Code)),
            None
        );
        here.remember(&account("a"), SignInMethod::Browser);
        assert_eq!(here.unfamiliar(&account("A"), None, by_browser), None);
        for method in [by_browser, Some(SignInMethod::Code), None] {
            assert_eq!(
                here.unfamiliar(&account("b"), None, method),
                Some(Unfamiliar::OtherAccount)
            );
            assert_eq!(
                here.unfamiliar(&in_tenant("a", "T2"), None, method),
                Some(Unfamiliar::OtherTenant {
                    so_far: "t1".into()
                })
            );
        }
        // The account in use needs no question, and one without a name is never a known one.
        let nobody = account(Account::UNNAMED);
        assert_eq!(
            here.unfamiliar(&account("a"), Some(&account("a")), by_browser),
            None
        );
        assert_eq!(
            here.unfamiliar(&nobody, Some(&nobody), None),
            Some(Unfamiliar::OtherAccount)
        );
        here.use_last(&in_tenant("a", "T2"));
        assert_eq!(
            here.unfamiliar(&account("a"), None, None),
            Some(Unfamiliar::OtherTenant {
                so_far: "t2".into()
            })
        );
    }

    #[tokio::test]
    async fn a_sign_out_that_cannot_be_written_removes_what_would_sign_somebody_in() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE_NAME);
        let open = async || {
            let accounts = Accounts::new(Some(folder.path().to_owned()), "here");
            accounts.read().await;
            accounts
        };
        let here = open().await;
        assert!(!here.may_restore(), "nobody has signed in here");
        let remember = |here: &mut TargetAccounts| here.remember(&account("a"), SignInMethod::Code);
        assert!(here.change(remember).await);
        assert!(open().await.may_restore());
        // A folder in its place is neither replaced nor removed.
        std::fs::remove_file(&path).expect("there");
        std::fs::create_dir(&path).expect("made");
        assert!(!here.change(|here| here.owe_removal(&account("a"))).await);
        std::fs::remove_dir(&path).expect("there");
        assert!(here.change(|_| {}).await);
        assert!(open().await.here().owes_last());
        let without_file = Accounts::new(None, "here");
        assert!(without_file.may_restore(), "a run without a file");
    }

    #[test]
    fn on_a_full_disk_a_sign_out_removes_the_file_and_nothing_else_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let path = folder.join(FILE_NAME);
        let full = |_: &Path, _: &[u8]| Err(io::Error::from(io::ErrorKind::StorageFull));
        let full_beside_the_old = |path: &Path, json: &[u8]| {
            if path.exists() {
                full(path, json)
            } else {
                files::replace(path, json)
            }
        };
        let mut here = TargetAccounts::default();
        here.remember(&account("a"), SignInMethod::Code);
        for place in ["here", "elsewhere"] {
            assert!(write(folder, place, here.clone(), full).is_err());
            write(folder, place, here.clone(), files::replace).expect("written");
            assert!(write(folder, place, here.clone(), full_beside_the_old).is_err());
            assert!(path.exists(), "nobody has signed out");
        }
        here.owe_removal(&account("a"));
        write(folder, "here", here.clone(), full_beside_the_old).expect("in its room");
        let known = read(folder).places;
        assert!(known["here"].owes_last());
        assert!(known["elsewhere"].last.is_some(), "it is still known");
        write(folder, "here", here, full).expect("removed");
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_that_others_may_have_changed_makes_each_account_a_question() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE_NAME);
        let open = async |place: &str| {
            let accounts = Accounts::new(Some(folder.path().to_owned()), place);
            accounts.read().await;
            accounts
        };
        let ask = |accounts: &Accounts| {
            let by_code = Some(SignInMethod::Code);
            let of = |before: Option<&Account>| {
                accounts.here().unfamiliar(&account("a"), before, by_code)
            };
            (of(None), of(Some(&account("a"))))
        };
        let remember = |here: &mut TargetAccounts| here.remember(&account("a"), SignInMethod::Code);
        open("here").await.change(remember).await;
        let may = |mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, mode).expect("it is ours");
        };
        may(0o666);
        let refused = open("here").await;
        assert_eq!(ask(&refused), (Some(Unfamiliar::Unknown), None));
        assert!(!refused.may_restore());
        // Accepted: known from now on, and in the next run. Elsewhere nothing is known yet.
        assert!(refused.change(remember).await);
        assert_eq!(ask(&refused), (None, None));
        assert_eq!(ask(&open("here").await), (None, None));
        let elsewhere = open("elsewhere").await;
        assert_eq!(ask(&elsewhere), (Some(Unfamiliar::Unknown), None));
        std::fs::remove_file(&path).expect("there");
        assert_eq!(ask(&open("here").await), (None, None), "a first sign-in");
    }

    #[tokio::test]
    async fn a_damaged_file_is_as_good_as_none() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(FILE_NAME), "{\"places\": 3}").expect("written");
        let accounts = Accounts::new(Some(folder.path().to_owned()), "here");
        assert_eq!(accounts.read().await, TargetAccounts::default());
    }
}
