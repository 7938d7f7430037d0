//! Identity of a response's tokens, compared with the signed-in account.

use std::time::Duration;

use super::*;
use crate::explain::Explain as _;

fn jwt(claims: &str) -> String {
    format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims))
}

/// A renewal response with these claims in its parts; `None` omits the part.
fn renewal(id: Option<&str>, access: Option<&str>, home: Option<&str>) -> ScriptedReply {
    let mut answer = serde_json::json!({
        "token_type": "Bearer", "expires_in": 3600, "refresh_token": "canary-rt9",
        "access_token": access.map_or("opaque".to_owned(), jwt),
    });
    if let Some(id) = id {
        answer["id_token"] = jwt(id).into();
    }
    if let Some(home) = home {
        answer["client_info"] = URL_SAFE_NO_PAD.encode(home).into();
    }
    ok(answer.to_string())
}

/// Signed in as O1 of T1, then renewed with `answer`.
async fn renewed_with(answer: ScriptedReply) -> (Host, Session, Result<AccessToken, AuthError>) {
    let (host, session) = signed_in().await;
    tokio::time::advance(Duration::from_hours(1)).await;
    host.then(answer);
    let renewed = session.token().await;
    (host, session, renewed)
}

const ADA: &str = r#"{"aud":"c1","tid":"t1","oid":"o1"}"#;
const SAM: &str =
    r#"{"aud":"c1","tid":"t1","oid":"o2","preferred_username":"sam@contoso.example"}"#;

#[tokio::test(start_paused = true)]
async fn renewal_with_another_accounts_tokens_is_rejected_with_its_name() {
    for (what, id, access) in [
        ("both are another's", Some(SAM), Some(SAM)),
        ("the id token is", Some(SAM), None),
        ("the access token is", None, Some(SAM)),
        ("they disagree", Some(ADA), Some(SAM)),
        (
            "another tenant",
            Some(r#"{"aud":"c1","tid":"t2","oid":"o1"}"#),
            None,
        ),
        (
            "another tenant, nobody named",
            None,
            Some(r#"{"tid":"t2"}"#),
        ),
        (
            "an id token that names nobody",
            Some(r#"{"aud":"c1"}"#),
            None,
        ),
        (
            "the access token names two",
            Some(ADA),
            Some(r#"{"tid":"t1","oid":"o1","oid":"o2"}"#),
        ),
        (
            "the access token names several at once",
            Some(ADA),
            Some(r#"{"tid":"t1","oid":["o1","o2"]}"#),
        ),
    ] {
        let (host, session, renewed) = renewed_with(renewal(id, access, None)).await;
        let error = renewed.expect_err(what);
        assert!(
            error.is_about_identity() && error.needs_person(),
            "{what}: {error:?}"
        );
        let known = session.signed_in().expect("the account stays known");
        assert_eq!(&*known.account.object_id, "o1", "{what}");
        // Neither the new tokens nor the old refresh token are used again.
        let asked = host.bodies().len();
        tokio::time::advance(Duration::from_mins(10)).await;
        session.token().await.expect_err(what);
        session.token_of(&known.account).await.expect_err(what);
        assert_eq!(host.bodies().len(), asked, "{what}");
    }
    let (_, _, renewed) = renewed_with(renewal(Some(SAM), Some(SAM), None)).await;
    let said = renewed.expect_err("another account").explain();
    assert_eq!(
        said.headline,
        "The sign-in host returned another account: sam@contoso.example. Its tokens were dropped"
    );
}

#[tokio::test(start_paused = true)]
async fn renewal_may_omit_identity() {
    for (what, id, access) in [
        ("no id token, an opaque access token", None, None),
        (
            "the same, in another case",
            Some(r#"{"aud":"c1","tid":"T1","oid":"O1"}"#),
            None,
        ),
        ("only the access token tells", None, Some(ADA)),
        ("only its tenant", None, Some(r#"{"tid":"t1"}"#)),
    ] {
        let (_, session, renewed) = renewed_with(renewal(id, access, None)).await;
        renewed.expect(what);
        let known = session.signed_in().expect("signed in");
        assert_eq!(known.account.label(), "ada@contoso.example", "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn home_account_distinguishes_two_guests() {
    let (host, session) = signed_in().await;
    for (home, same) in [
        (r#"{"uid":"h1","utid":"home"}"#, true),
        (r#"{"uid":"H1","utid":"home"}"#, true),
        (r#"{"uid":"h2","utid":"home"}"#, false),
    ] {
        tokio::time::advance(Duration::from_hours(1)).await;
        host.then(renewal(same.then_some(ADA), None, Some(home)));
        assert_eq!(session.token().await.is_ok(), same, "{home}");
    }
}

#[tokio::test(start_paused = true)]
async fn account_has_one_id_in_its_home_tenant() {
    for (home, same) in [
        (r#"{"uid":"o1","utid":"t1"}"#, true),
        (r#"{"uid":"O1","utid":"T1"}"#, true),
        (r#"{"uid":"o2","utid":"home"}"#, true),
        (r#"{"uid":"o2","utid":"t1"}"#, false),
    ] {
        let answer = renewal(Some(ADA), None, Some(home));
        let (_, session, renewed) = renewed_with(answer.clone()).await;
        assert_eq!(renewed.is_ok(), same, "{home}");
        assert!(session.signed_in().is_some(), "the account stays known");
        let (_, _, result) = sign_in([answer]).await;
        assert_eq!(result.is_ok(), same, "{home}");
    }
}

#[tokio::test(start_paused = true)]
async fn renewal_cannot_name_an_unnamed_sign_in() {
    let (host, session, result) =
        sign_in([ok(r#"{"access_token":"a","refresh_token":"r"}"#)]).await;
    result.expect("signed in");
    tokio::time::advance(Duration::from_hours(1)).await;
    host.then(renewal(None, None, None));
    session.token().await.expect("an unnamed account's token");
    tokio::time::advance(Duration::from_hours(1)).await;
    host.then(renewal(Some(SAM), None, None));
    let error = session.token().await.expect_err("somebody");
    assert_eq!(
        error,
        AuthError::AnotherAccount {
            came: Some("sam@contoso.example".into())
        }
    );
}

/// Another account may sign in before a renewal's response arrives.
#[tokio::test(start_paused = true)]
async fn late_renewal_of_earlier_sign_in_does_not_affect_current_one() {
    for late in [
        no(r#"{"error":"invalid_grant","error_codes":[50173]}"#),
        renewal(Some(SAM), Some(SAM), None),
        tokens(2),
    ] {
        let (host, session) = signed_in().await;
        let old = session.token().await.expect("fresh");
        host.then(ScriptedReply::Late(20, Box::new(late)));
        let renewing = replacing(&session, old);
        tokio::time::sleep(Duration::from_secs(1)).await;
        host.then(ok(DEVICE));
        host.then(tokens(7));
        sign_in_on(&session).await.expect("signed in");
        let present = session.token().await.expect("fresh");
        assert!(renewing.await.expect("ran").is_err(), "too late");
        tokio::time::sleep(Duration::from_secs(30)).await;
        let still = session.token().await.expect("the current token");
        assert!(still.is_same(&present));
        tokio::time::advance(Duration::from_hours(1)).await;
        host.then(tokens(8));
        session.token().await.expect("by its own refresh token");
        let last = host.bodies().pop().expect("asked");
        assert!(last.contains("refresh_token=canary-rt7"), "{last}");
    }
}

#[tokio::test(start_paused = true)]
async fn sign_in_with_inconsistent_tokens_is_rejected() {
    let (_, session, result) = sign_in([renewal(Some(ADA), Some(SAM), None)]).await;
    assert_eq!(result.err(), Some(AuthError::ForeignAnswer));
    assert_eq!(session.signed_in(), None);
}

#[tokio::test]
async fn saved_sign_in_of_another_account_is_removed_from_the_keyring() {
    let mock = mock::Store::new().expect("a mock");
    let (_, first) = with_store(store_in(&mock)).await;
    until_keyring(&first, &KeyringState::Saved).await;

    let host = Host::new([renewal(Some(SAM), Some(SAM), None)]);
    let second = host.session(store_in(&mock));
    let error = restore(&second).await.expect_err("another account");
    assert!(error.is_about_identity(), "{error:?}");
    assert_eq!(
        second.signed_in().map(|known| known.account.label()),
        Some("ada@contoso.example".to_owned())
    );
    // Queued behind the removal.
    assert_eq!(restore(&second).await, Ok(None), "nothing is left to try");
}
