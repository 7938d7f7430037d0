//! Keyrings that work, lack and hang.

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
async fn a_saved_sign_in_is_taken_up_rotated_and_removed() {
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
        .expect("there was one");
    assert_eq!(restored.account.label(), "ada@contoso.example");
    assert!(saved(&store).is_some_and(|json| json.contains("canary-rt2")));
    assert_eq!(session.keyring(), KeyringState::Saved);

    // Another window renews; its token is newer than ours.
    let other = Host::new([tokens(3)]);
    let theirs = other.session(store_in(&store));
    restore(&theirs).await.expect("renewed");
    let old = session.token().await.expect("fresh");
    host.then(tokens(4));
    replaced(&session, &old)
        .await
        .expect("with the other window's token");
    // The old one is not even tried: a strict host would end the sign-in for that.
    assert!(host.bodies()[1].contains("canary-rt3"));

    session.sign_out().await.expect("removed");
    assert_eq!((saved(&store), session.signed_in()), (None, None));
    assert_eq!(restore(&session).await, Ok(None));
}

#[tokio::test]
async fn no_keyring_at_all_is_fine() {
    let absent = || Err(keyring_core::Error::PlatformFailure("no bus".into()));
    let (_, session) = with_keyring(absent).await;
    session
        .watch_keyring()
        .wait_for(|s| matches!(s, KeyringState::NotSaved { .. }))
        .await
        .expect("said so");
    session.token().await.expect("still signed in");
    assert!(matches!(
        session.try_keyring_again().await,
        KeyringState::NotSaved { .. }
    ));
    session.sign_out().await.expect("nothing of it was kept");
    assert_eq!(session.signed_in(), None);
}

#[tokio::test(start_paused = true)]
async fn a_hung_keyring_blocks_nothing_else() {
    let (host, session) = with_keyring(|| {
        std::thread::park();
        Err(keyring_core::Error::NoEntry)
    })
    .await;
    let started = token::monotonic_now();
    let old = session.token().await.expect("still signed in");
    host.then(tokens(2));
    replaced(&session, &old).await.expect("renewed");
    assert!(started.elapsed() < Duration::from_millis(3900));
    assert!(matches!(session.keyring(), KeyringState::NotSaved { .. }));
    assert!(matches!(
        session.sign_out().await,
        Err(AuthError::KeyringKept { .. })
    ));
    assert_eq!(session.signed_in(), None);
}

#[tokio::test(start_paused = true)]
async fn a_keyring_that_hangs_is_waited_for_three_seconds_and_still_counts_later() {
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
    assert!(started.elapsed() < Duration::from_millis(3900));
    assert!(matches!(store.state(), KeyringState::NotSaved { .. }));
    // From here on the keyring's thread works, in real time.
    tokio::time::resume();
    // Never more than the queue holds, and never a wait to get into it.
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
async fn the_claims_that_a_challenge_asks_for_go_into_the_renewal_and_into_no_other() {
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
async fn a_sign_out_ends_a_renewal_that_waits_or_hangs() {
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
        session.sign_out().await.expect("nothing was saved");
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
async fn a_refused_token_is_not_used_again_and_its_wishes_are_not_forgotten() {
    let (host, session) = signed_in().await;
    let old = session.token().await.expect("fresh");
    let claims = WantedClaims::from_json(r#"{"access_token":{"acrs":{"value":"c1"}}}"#);
    host.then(ScriptedReply::Json(429, "{}".into()));
    let challenged = RefusedToken { token: old, claims };
    assert!(session.token_instead_of(challenged).await.is_err());
    assert!(
        session.token().await.is_err(),
        "the pause lasts, and the old token is no way out"
    );
    tokio::time::sleep(Duration::from_mins(2)).await;
    host.then(tokens(2));
    session.token().await.expect("renewed after the pause");
    let last = host.bodies().pop().expect("asked");
    assert!(last.contains("claims=") && last.contains("c1"), "{last}");
}

/// A keyring as a version before items by account left it, and a session on it.
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
async fn a_sign_in_saved_before_there_were_items_by_account_is_moved_once() {
    let (mock, host, session) = with_an_old_item("o1", [tokens(2)]);
    restore(&session)
        .await
        .expect("renewed")
        .expect("there was one");
    assert!(host.bodies()[0].contains("canary-rt0"));
    assert!(saved(&mock).is_some_and(|json| json.contains("canary-rt2")));
    assert!(
        old_item(&mock).get_secret().is_err(),
        "it is not kept twice"
    );
}

#[tokio::test]
async fn what_was_found_is_looked_at_before_it_counts() {
    let (mock, host, session) = with_an_old_item("o2", []);
    let found = session.find_saved(Some("o1")).await.expect("a keyring");
    assert_eq!(found.map(|account| account.object_id), Some("o2".into()));
    assert_eq!(session.signed_in(), None, "a person has to accept it first");
    assert!(session.token().await.is_err());
    assert!(host.bodies().is_empty());
    // Removing what o1 had saved leaves it alone.
    session
        .remove_saved(&["o1".into()])
        .await
        .expect("nothing there");
    assert!(old_item(&mock).get_secret().is_ok());
    session.remove_saved(&["o2".into()]).await.expect("removed");
    assert!(old_item(&mock).get_secret().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_token_without_life_is_not_renewed_at_each_call() {
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

/// A working keyring in which a sign-in was saved.
async fn saved_session() -> (Host, Session) {
    let store = mock::Store::new().expect("a mock");
    let (host, session) = with_store(store_in(&store)).await;
    until_keyring(&session, &KeyringState::Saved).await;
    (host, session)
}

#[tokio::test]
async fn nothing_is_being_checked_once_the_sign_in_has_ended() {
    let (host, session) = saved_session().await;
    let old = session.token().await.expect("fresh");
    host.then(no(r#"{"error":"invalid_grant","error_codes":[50173]}"#));
    assert!(replaced(&session, &old).await.is_err());
    assert!(session.signed_in().is_some(), "whose it was is still known");
    until_keyring(&session, &KeyringState::Empty).await;
    // Neither does asking for it once more begin a check without an end.
    assert_eq!(session.try_keyring_again().await, KeyringState::Empty);
}

#[tokio::test]
async fn a_keyring_with_nothing_in_it_is_not_being_checked_any_more() {
    let make = || -> keyring_core::Result<Arc<CredentialStore>> { Ok(mock::Store::new()?) };
    let session = Host::new([]).session(TokenStore::with_store(make).expect("a thread"));
    assert_eq!(session.keyring(), KeyringState::Checking);
    assert_eq!(session.find_saved(Some("o1")).await, Ok(None));
    assert_eq!(session.keyring(), KeyringState::Empty);
    assert_eq!(session.try_keyring_again().await, KeyringState::Empty);
}

#[tokio::test]
async fn a_sign_in_that_brought_nothing_to_be_saved_stays_so_when_the_keyring_is_tried_again() {
    let lasting = store_in(&mock::Store::new().expect("a mock"));
    let item: Arc<str> = "v1:test".into();
    lasting.saved(lasting.post_nothing(&item)).await;
    let before = lasting.state();
    assert!(matches!(before, KeyringState::NotSaved { .. }));
    // What becomes of another account's item says nothing of a sign-in that could not be saved.
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
        .expect("gone");
    assert!(
        matches!(store.state(), KeyringState::NotSaved { .. }),
        "{:?}",
        store.state()
    );
}
