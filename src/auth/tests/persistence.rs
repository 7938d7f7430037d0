//! Keyrings that work, are missing or hang.

use std::time::Duration;

use keyring_core::api::CredentialStoreApi as _;
use zeroize::Zeroizing;

use super::*;

async fn with_keyring(
    make: impl Fn() -> keyring_core::Result<Arc<CredentialStore>> + Send + 'static,
) -> (Host, Session) {
    with_store(TokenStore::with_store(make).expect("a thread")).await
}

fn saved(store: &mock::Store) -> Option<String> {
    let entry = store
        .build(
            "io.github.cordon",
            "v1:stand-in:127.0.0.1:8080:c1:t1:o1",
            None,
        )
        .unwrap();
    entry.get_password().ok()
}

#[tokio::test]
async fn saved_sign_in_is_restored_rotated_and_removed() {
    let store = mock::Store::new().unwrap();
    let (_, session) = with_store(store_in(&store)).await;
    until_keyring(&session, &KeyringState::Saved).await;
    assert!(
        saved(&store).is_some_and(|json| json.contains("canary-rt1") && !json.contains("e30."))
    );

    let host = Host::new([tokens(2)]);
    let session = host.session(store_in(&store));
    let restored = restore(&session)
        .await
        .expect("renewed")
        .expect("a saved sign-in");
    assert_eq!(restored.account.label(), "ada@contoso.example");
    assert!(saved(&store).is_some_and(|json| json.contains("canary-rt2")));
    assert_eq!(session.keyring(), KeyringState::Saved);

    // Another console renews; its token is newer than ours.
    let other = Host::new([tokens(3)]);
    let theirs = other.session(store_in(&store));
    restore(&theirs).await.expect("renewed");
    let old = session.token().await.expect("fresh");
    host.then(tokens(4));
    replaced(&session, &old)
        .await
        .expect("with the other window's token");
    // The old one is not even tried: a strict host would end the sign-in.
    assert!(host.bodies()[1].contains("canary-rt3"));

    session.sign_out().await.expect("removed");
    assert_eq!((saved(&store), session.signed_in()), (None, None));
    assert_eq!(restore(&session).await, Ok(None));
}

#[tokio::test]
async fn sign_in_works_without_keyring() {
    let absent = || Err(keyring_core::Error::PlatformFailure("no bus".into()));
    let (_, session) = with_keyring(absent).await;
    session
        .watch_keyring()
        .wait_for(|s| matches!(s, KeyringState::NotSaved { .. }))
        .await
        .expect("reported");
    session.token().await.expect("still signed in");
    assert!(matches!(
        session.try_keyring_again().await,
        KeyringState::NotSaved { .. }
    ));
    session.sign_out().await.expect("nothing saved");
    assert_eq!(session.signed_in(), None);
}

#[tokio::test(start_paused = true)]
async fn unresponsive_keyring_blocks_nothing_else() {
    let (host, session) = with_keyring(|| {
        std::thread::park();
        Err(keyring_core::Error::NoEntry)
    })
    .await;
    let started = token::monotonic_now();
    let old = session.token().await.expect("still signed in");
    host.then(tokens(2));
    replaced(&session, &old).await.expect("renewed");
    assert_eq!(started.elapsed(), store::LIMIT);
    assert!(matches!(session.keyring(), KeyringState::NotSaved { .. }));
    assert!(matches!(
        session.sign_out().await,
        Err(AuthError::KeyringKept { .. })
    ));
    assert_eq!(session.signed_in(), None);
}

#[tokio::test(start_paused = true)]
async fn unresponsive_keyring_times_out_and_its_late_result_counts() {
    let (open, gate) = std::sync::mpsc::sync_channel::<()>(1);
    let mock: Arc<CredentialStore> = mock::Store::new().expect("a mock");
    let gate = Mutex::new(gate);
    let store = TokenStore::with_store(move || {
        gate.lock().expect("one thread").recv().ok();
        Ok(mock.clone())
    })
    .expect("a thread");
    let item: Arc<str> = "v1:test".into();
    let value = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
    let started = token::monotonic_now();
    store
        .saved(store.post_save(&item, value("one"), None))
        .await;
    assert_eq!(started.elapsed(), store::LIMIT);
    assert!(matches!(store.state(), KeyringState::NotSaved { .. }));
    // From here on the keyring's thread runs in real time.
    tokio::time::resume();
    // Never more than the queue holds, and without waiting for room in it.
    let last = (0..10).fold(None, |_, n| {
        Some(store.post_save(&item, value(&n.to_string()), None))
    });
    open.send(()).expect("the thread waits");
    store
        .watch()
        .wait_for(|state| *state == KeyringState::Saved)
        .await
        .expect("a late write");
    store
        .completed(last.expect("ten"))
        .await
        .expect("a late write");
    assert_eq!(store.state(), KeyringState::Saved);
    assert_eq!(
        store.read(&item).await,
        Ok(Some(value("9"))),
        "the newest wins"
    );
}

#[tokio::test]
async fn challenge_claims_are_sent_with_one_renewal_only() {
    let (host, session) = signed_in().await;
    let old = session.token().await.expect("fresh");
    let header = r#"Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ""#;
    let challenged = RefusedToken {
        token: old.clone(),
        claims: WantedClaims::asked_for_by([header]),
    };
    host.then(tokens(2));
    let new = session.token_instead_of(challenged).await.expect("renewed");
    new.note_accepted();
    host.then(tokens(3));
    replaced(&session, &new).await.expect("renewed");
    let bodies = host.bodies();
    let [.., with, without] = bodies.as_slice() else {
        panic!("two renewals")
    };
    assert!(
        with.contains("&claims=%7B%22access_token%22%3A%7B%7D%7D"),
        "{with}"
    );
    assert!(!without.contains("claims"), "{without}");
}

#[tokio::test(start_paused = true)]
async fn sign_out_aborts_pending_renewal() {
    for stuck in [
        ScriptedReply::Late(20, Box::new(tokens(2))),
        ScriptedReply::Json(503, "later".into()),
    ] {
        let (host, session) = signed_in().await;
        let old = session.token().await.expect("fresh");
        host.then(stuck);
        host.then(tokens(3));
        let renewing = replacing(&session, old);
        tokio::time::sleep(Duration::from_millis(200)).await;
        session.sign_out().await.expect("signed out");
        assert!(renewing.await.expect("ran").is_err());
        let asked = host.bodies().len();
        tokio::time::sleep(Duration::from_mins(2)).await;
        assert_eq!(
            host.bodies().len(),
            asked,
            "nothing is sent after a sign-out"
        );
        assert_eq!(session.signed_in(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn refused_token_is_dropped_and_its_claims_are_requested_later() {
    let (host, session) = signed_in().await;
    let old = session.token().await.expect("fresh");
    let claims = WantedClaims::from_json(r#"{"access_token":{"acrs":{"value":"c1"}}}"#);
    host.then(ScriptedReply::Json(429, "{}".into()));
    let challenged = RefusedToken { token: old, claims };
    assert!(session.token_instead_of(challenged).await.is_err());
    assert!(
        session.token().await.is_err(),
        "the pause lasts, and the old token stays unused"
    );
    tokio::time::sleep(Duration::from_mins(2)).await;
    host.then(tokens(2));
    session.token().await.expect("renewed after the pause");
    let last = host.bodies().pop().expect("asked");
    assert!(last.contains("claims=") && last.contains("c1"), "{last}");
}

/// A keyring written by a version without items per account, and a session on it.
fn with_an_old_item(
    object_id: &str,
    script: impl IntoIterator<Item = ScriptedReply>,
) -> (Arc<mock::Store>, Host, Session) {
    let mock = mock::Store::new().expect("a mock");
    let json = format!(
        r#"{{"v":1,"rt":"canary-rt0","tid":"t1","oid":"{object_id}","user_name":"ada@contoso.example"}}"#
    );
    old_item(&mock)
        .set_secret(json.as_bytes())
        .expect("a mock write");
    let host = Host::new(script);
    let session = host.session(store_in(&mock));
    (mock, host, session)
}

fn old_item(mock: &mock::Store) -> keyring_core::Entry {
    mock.build("io.github.cordon", "v1:stand-in:127.0.0.1:8080:c1:t1", None)
        .expect("a mock entry")
}

#[tokio::test]
async fn sign_in_in_old_item_is_migrated_once() {
    let (mock, host, session) = with_an_old_item("o1", [tokens(2)]);
    restore(&session)
        .await
        .expect("renewed")
        .expect("a saved sign-in");
    assert!(host.bodies()[0].contains("canary-rt0"));
    assert!(saved(&mock).is_some_and(|json| json.contains("canary-rt2")));
    assert!(
        old_item(&mock).get_secret().is_err(),
        "the old item is gone"
    );
}

#[tokio::test]
async fn found_sign_in_takes_effect_only_when_accepted() {
    let (mock, host, session) = with_an_old_item("o2", []);
    let found = session.find_saved(Some("o1")).await.expect("a keyring");
    assert_eq!(found.map(|account| account.object_id), Some("o2".into()));
    assert_eq!(session.signed_in(), None, "it is not accepted yet");
    assert!(session.token().await.is_err());
    assert!(host.bodies().is_empty());
    // Removing o1's saved sign-in keeps this one.
    session
        .remove_saved(&["o1".into()])
        .await
        .expect("nothing to remove");
    assert!(old_item(&mock).get_secret().is_ok());
    session.remove_saved(&["o2".into()]).await.expect("removed");
    assert!(old_item(&mock).get_secret().is_err());
}

#[tokio::test(start_paused = true)]
async fn token_without_lifetime_is_not_renewed_on_each_call() {
    let short = r#"{"access_token":"a","refresh_token":"r","expires_in":0}"#;
    let (host, session, result) = sign_in([ok(short)]).await;
    result.expect("signed in");
    for second in 0..90 {
        host.then(ok(short));
        session
            .token()
            .await
            .unwrap_or_else(|e| panic!("second {second}: {e}"));
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let renewals = host.bodies().len() - 2;
    assert!(
        (1..=3).contains(&renewals),
        "{renewals} in a minute and a half"
    );
}

/// A working keyring with a saved sign-in.
async fn saved_session() -> (Host, Session) {
    let store = mock::Store::new().expect("a mock");
    let (host, session) = with_store(store_in(&store)).await;
    until_keyring(&session, &KeyringState::Saved).await;
    (host, session)
}

#[tokio::test]
async fn keyring_is_empty_after_conclusive_refusal() {
    let (host, session) = saved_session().await;
    let old = session.token().await.expect("fresh");
    host.then(no(r#"{"error":"invalid_grant","error_codes":[50173]}"#));
    assert!(replaced(&session, &old).await.is_err());
    assert!(session.signed_in().is_some(), "the account stays known");
    until_keyring(&session, &KeyringState::Empty).await;
    // "Try again" does not leave the state at `Checking` either.
    assert_eq!(session.try_keyring_again().await, KeyringState::Empty);
}

#[tokio::test]
async fn keyring_without_sign_in_is_empty_after_read() {
    let make = || -> keyring_core::Result<Arc<CredentialStore>> { Ok(mock::Store::new()?) };
    let session = Host::new([]).session(TokenStore::with_store(make).expect("a thread"));
    assert_eq!(session.keyring(), KeyringState::Checking);
    assert_eq!(session.find_saved(Some("o1")).await, Ok(None));
    assert_eq!(session.keyring(), KeyringState::Empty);
    assert_eq!(session.try_keyring_again().await, KeyringState::Empty);
}

#[tokio::test]
async fn unsaved_state_survives_results_of_other_items() {
    let lasting = store_in(&mock::Store::new().expect("a mock"));
    let item: Arc<str> = "v1:test".into();
    lasting.saved(lasting.post_nothing(&item)).await;
    let before = lasting.state();
    assert!(matches!(before, KeyringState::NotSaved { .. }));
    // The result for another account's item does not change that of an unsaved sign-in.
    let full = mock::Store::new().expect("a mock");
    let entry = full
        .build("io.github.cordon", &item, None)
        .expect("an entry");
    let cred: &mock::Cred = entry.as_any().downcast_ref().expect("a mock credential");
    cred.set_error(keyring_core::Error::NoStorageAccess("locked".into()));
    let store = store_in(&full);
    let value = Zeroizing::new(b"one".to_vec());
    store.saved(store.post_save(&item, value, None)).await;
    assert!(matches!(store.state(), KeyringState::NotSaved { .. }));
    let other: Arc<str> = "v1:other".into();
    store
        .completed(store.post_removal(&other))
        .await
        .expect("removed");
    assert!(
        matches!(store.state(), KeyringState::NotSaved { .. }),
        "{:?}",
        store.state()
    );
}
