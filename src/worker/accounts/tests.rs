//! Accounts that are remembered, and when they are forgotten.

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
async fn last_account_and_method_are_known_in_the_next_run_without_a_name() {
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

#[tokio::test]
async fn forgotten_target_keeps_only_sign_ins_to_remove() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = |place: &str| Accounts::new(Some(folder.path().to_owned()), place);
    let remember = |here: &mut TargetAccounts| here.remember(&account("a"), SignInMethod::Code);
    for place in ["here", "elsewhere"] {
        assert!(open(place).change(remember).await);
    }
    let here = open("here");
    here.change(|here| here.owe_removal(&account("a"))).await;
    assert!(!here.forget().await, "a sign-in is still to be removed");
    assert!(open("here").read().await.owes_last());
    here.change(|here| here.removed(&["a".into()])).await;
    assert!(here.forget().await);
    let known = read(folder.path()).places;
    let places: Vec<_> = known.keys().map(AsRef::as_ref).collect();
    assert_eq!(places, ["elsewhere"]);
}

#[test]
fn reason_for_confirmation_depends_on_tenant_account_and_method() {
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
    // The account in use needs no confirmation, and an unnamed one is never a known one.
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
async fn sign_out_that_cannot_be_written_fails_and_is_written_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(FILE_NAME);
    let open = async || {
        let accounts = Accounts::new(Some(folder.path().to_owned()), "here");
        accounts.read().await;
        accounts
    };
    let here = open().await;
    assert!(!here.may_restore(), "no known account");
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
fn full_disk_removes_the_file_only_on_sign_out() {
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
        assert!(path.exists(), "no sign-out");
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
async fn refused_file_makes_every_account_unfamiliar() {
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
        let of =
            |before: Option<&Account>| accounts.here().unfamiliar(&account("a"), before, by_code);
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
    // Once confirmed, it is known in the next run too. Other targets still know no account.
    assert!(refused.change(remember).await);
    assert_eq!(ask(&refused), (None, None));
    assert_eq!(ask(&open("here").await), (None, None));
    let elsewhere = open("elsewhere").await;
    assert_eq!(ask(&elsewhere), (Some(Unfamiliar::Unknown), None));
    std::fs::remove_file(&path).expect("there");
    assert_eq!(ask(&open("here").await), (None, None), "a first sign-in");
}

#[tokio::test]
async fn damaged_file_counts_as_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(FILE_NAME), "{\"places\": 3}").expect("written");
    let accounts = Accounts::new(Some(folder.path().to_owned()), "here");
    assert_eq!(accounts.read().await, TargetAccounts::default());
}

#[test]
fn later_of_two_writers_leaves_the_newest_on_disk() {
    let (known, here) = watch::channel(Some(TargetAccounts::default()));
    let on_disk = std::cell::RefCell::new(TargetAccounts::default());
    let put = |here| {
        *on_disk.borrow_mut() = here;
        Ok(())
    };
    let overtaken = std::cell::Cell::new(false);
    write_newest(&here, |older| {
        // Another writer notes and writes a sign-out before this one reaches the disk.
        if !overtaken.replace(true) {
            known.send_modify(|here| here.get_or_insert_default().owe_removal(&account("a")));
            write_newest(&here, put)?;
        }
        put(older)
    })
    .expect("written");
    assert_eq!(Some(&*on_disk.borrow()), here.borrow().as_ref());
    assert!(!on_disk.borrow().owed().is_empty(), "the sign-out counts");
}
