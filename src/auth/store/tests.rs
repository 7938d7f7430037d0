use keyring_core::{Error, mock};

use super::*;

fn item() -> Arc<str> {
    "v1:test".into()
}

fn mock_store() -> (TokenStore, Arc<mock::Store>) {
    let mock = mock::Store::new().expect("a mock");
    let theirs: Arc<CredentialStore> = mock.clone();
    (
        TokenStore::with_store(move || Ok(theirs.clone())).expect("a thread"),
        mock,
    )
}

fn fail_next(mock: &mock::Store, error: Error) {
    use keyring_core::api::CredentialStoreApi as _;
    let entry = mock
        .build("io.github.cordon", "v1:test", None)
        .expect("a mock entry");
    entry
        .as_any()
        .downcast_ref::<mock::Cred>()
        .expect("a mock credential")
        .set_error(error);
}

fn value(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.as_bytes().to_vec())
}

#[tokio::test]
async fn only_a_write_proves_the_keyring() {
    let (store, mock) = mock_store();
    assert_eq!(store.state(), KeyringState::Checking);
    assert_eq!(store.read(&item()).await, Ok(None));
    assert_eq!(store.state(), KeyringState::Checking, "a read is no proof");
    store
        .saved(store.post_save(&item(), value("one"), None))
        .await;
    assert_eq!(store.state(), KeyringState::Saved);
    assert_eq!(store.read(&item()).await, Ok(Some(value("one"))));

    fail_next(&mock, Error::NoStorageAccess("prompt dismissed".into()));
    store
        .saved(store.post_save(&item(), value("two"), None))
        .await;
    assert!(
        matches!(store.state(), KeyringState::NotSaved { reason, .. } if reason.contains("locked"))
    );
    store.reopen().await.expect("a store");
    assert_eq!(store.state(), KeyringState::Checking);
    assert_eq!(store.completed(store.post_removal(&item())).await, Ok(()));
    assert_eq!(store.read(&item()).await, Ok(None));
}

#[tokio::test]
async fn damaged_value_is_absent_and_never_printed() {
    let (store, mock) = mock_store();
    fail_next(&mock, Error::BadEncoding(b"canary".to_vec()));
    assert_eq!(store.read(&item()).await, Ok(None));
    let trouble = KeyringTrouble::from_error(&Error::BadDataFormat(b"canary".to_vec(), "x".into()));
    assert!(!format!("{trouble:?} {store:?}").contains("canary"));
}

#[tokio::test]
async fn missing_keyring_is_reported_and_can_be_reopened() {
    let tries = std::sync::atomic::AtomicU32::new(0);
    let mock: Arc<CredentialStore> = mock::Store::new().expect("a mock");
    let store = TokenStore::with_store(move || {
        match tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => Err(Error::PlatformFailure("zbus error: no bus".into())),
            _ => Ok(mock.clone()),
        }
    })
    .expect("a thread");
    assert_eq!(
        store.read(&item()).await.map_err(|t| t.kind),
        Err(TroubleKind::Absent)
    );
    assert!(matches!(store.state(), KeyringState::NotSaved { .. }));
    store.reopen().await.expect("a store");
    store
        .saved(store.post_save(&item(), value("one"), None))
        .await;
    assert_eq!(store.state(), KeyringState::Saved);
}

#[tokio::test]
async fn newest_request_per_item_wins_and_old_item_is_removed_after_save() {
    let (store, _mock) = mock_store();
    let [old, first, second]: [Arc<str>; 3] =
        ["v1:old".into(), "v1:first".into(), "v1:second".into()];
    store.saved(store.post_save(&old, value("a"), None)).await;
    store.post_save(&second, value("c"), None);
    store.post_save(&first, value("b"), Some(&old));
    assert_eq!(store.completed(store.post_removal(&second)).await, Ok(()));
    assert_eq!(store.read(&first).await, Ok(Some(value("b"))));
    assert_eq!(
        store.read(&second).await,
        Ok(None),
        "the newest request wins"
    );
    assert_eq!(store.read(&old).await, Ok(None));
    assert_eq!(store.state(), KeyringState::Saved, "of the remaining item");
}

/// Each request is awaited, so the result does not depend on the thread's timing.
#[tokio::test]
async fn removing_another_accounts_item_keeps_the_saved_state() {
    let (store, mock) = mock_store();
    let (other, saved): (Arc<str>, Arc<str>) = ("v1:other".into(), item());
    store.saved(store.post_save(&saved, value("b"), None)).await;
    assert_eq!(store.completed(store.post_removal(&other)).await, Ok(()));
    assert_eq!(store.state(), KeyringState::Saved);

    store.note_found(&other);
    fail_next(&mock, Error::NoStorageAccess("prompt dismissed".into()));
    let removed = store.completed(store.post_removal(&saved)).await;
    assert!(removed.is_err(), "the caller sees it");
    assert_eq!(store.state(), KeyringState::Saved);

    assert_eq!(store.completed(store.post_removal(&other)).await, Ok(()));
    assert_eq!(store.state(), KeyringState::Empty, "nothing is saved");
}

#[tokio::test]
async fn duplicate_values_are_removed_and_reported() {
    let (store, mock) = mock_store();
    fail_next(&mock, Error::Ambiguous(Vec::new()));
    let read = store.read(&item()).await;
    assert_eq!(read.map_err(|t| t.kind), Err(TroubleKind::Duplicate));
    assert_eq!(
        store.state(),
        KeyringState::Checking,
        "the keyring itself is fine"
    );
    store
        .saved(store.post_save(&item(), value("one"), None))
        .await;
    assert_eq!(store.state(), KeyringState::Saved);
}
