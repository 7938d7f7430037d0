//! Sign-in with a code, renewal and refusals.

use std::time::Duration;

use url::Url;

use super::*;
use crate::explain::Explain as _;
use crate::model::{KeyringState, Permission};

#[tokio::test(start_paused = true)]
async fn sign_in_succeeds_after_pending_polls() {
    let (host, session, result) = sign_in([no(PENDING), tokens(1)]).await;
    let signed_in = result.expect("signed in");
    assert_eq!(signed_in.account.label(), "ada@contoso.example");
    assert_eq!(&*signed_in.account.object_id, "o1");
    assert_eq!(
        signed_in.permissions.holds(&[Permission::MachineIsolate]),
        Some(true)
    );
    assert_eq!(
        signed_in.permissions.holds(&[Permission::MachineScan]),
        Some(false)
    );
    assert_eq!(
        host.seconds(),
        [0, 5, 11],
        "an initial wait, and a tenth more"
    );
    assert!(
        host.bodies()[0]
            .contains("scope=https%3A%2F%2Fapi.securitycenter.microsoft.com%2F.default+openid")
    );
    assert_eq!(session.keyring(), KeyringState::MemoryOnly);

    let token = session.token().await.expect("it is fresh");
    assert!(
        token
            .for_host(&api())
            .is_some_and(|text| text.starts_with("e30."))
    );
    assert_eq!(
        token.for_host(&Url::parse("http://127.0.0.1:8081/api").unwrap()),
        None
    );
    assert_eq!(host.bodies().len(), 3, "no renewal was needed");
}

#[tokio::test(start_paused = true)]
async fn connection_problems_neither_end_nor_accelerate_polling() {
    let (host, _, result) = sign_in([
        no(r#"{"error":"slow_down"}"#),
        ScriptedReply::Fault(HttpFault::Interrupted),
        ScriptedReply::Json(503, "<html>busy</html>".into()),
        ScriptedReply::Json(200, "<html>portal</html>".into()),
        tokens(1),
    ])
    .await;
    result.expect("signed in");
    // 5.5, then 11, 11, 22 and 44 seconds.
    assert_eq!(host.seconds(), [0, 5, 16, 27, 49, 93]);
}

#[tokio::test(start_paused = true)]
async fn device_code_outcomes_map_to_errors() {
    let lost = ScriptedReply::Fault(HttpFault::Interrupted);
    for (script, expected) in [
        (
            vec![no(r#"{"error":"authorization_declined"}"#)],
            AuthError::Declined,
        ),
        (
            vec![no(r#"{"error":"access_denied"}"#)],
            AuthError::Declined,
        ),
        (vec![no(r#"{"error":"expired_token"}"#)], AuthError::Expired),
        (vec![], AuthError::Expired),
        (
            vec![
                lost.clone(),
                no(r#"{"error":"invalid_grant","error_codes":[54005]}"#),
            ],
            AuthError::AnswerLost,
        ),
        (
            vec![lost.clone(), no(r#"{"error":"bad_verification_code"}"#)],
            AuthError::AnswerLost,
        ),
        (
            vec![ScriptedReply::Fault(HttpFault::Certificate)],
            AuthError::Unreachable(HttpFault::Certificate),
        ),
    ] {
        let (host, session, result) = sign_in(script).await;
        assert_eq!(result.unwrap_err(), expected);
        assert!(host.seconds().last().is_some_and(|&at| at <= 900));
        assert_eq!(session.signed_in(), None);
    }
    // Not lost: refused, or another reply in between.
    let used = no(r#"{"error":"invalid_grant"}"#);
    let (_, _, result) = sign_in([lost.clone(), no(PENDING), used]).await;
    assert!(matches!(result, Err(AuthError::Interact { .. })));
    // Nor declined by the user.
    for error in ["invalid_grant", "access_denied"] {
        let policy = no(&format!(r#"{{"error":"{error}","error_codes":[53003]}}"#));
        let (_, _, result) = sign_in([lost.clone(), policy]).await;
        assert!(result.unwrap_err().explain().headline.contains("policy"));
    }
}

#[tokio::test(start_paused = true)]
async fn cancelling_is_immediate_and_newer_code_wins() {
    let host = Host::new([
        ok(DEVICE),
        ok(DEVICE),
        ScriptedReply::Late(20, Box::new(tokens(1))),
    ]);
    let session = host.in_memory();
    let first = session.begin().await.expect("a code");
    let second = session.begin().await.expect("a second code");
    // In the middle of the request.
    let cut = tokio::time::timeout(Duration::from_secs(7), session.finish(second)).await;
    assert!(cut.is_err() && host.started.elapsed().as_secs() == 7);
    assert_eq!(session.signed_in(), None);
    host.then(tokens(1));
    assert_eq!(
        session.finish(first).await.err(),
        Some(AuthError::Superseded)
    );
    assert_eq!(session.signed_in(), None);
    assert!(matches!(session.token().await, Err(AuthError::NotSignedIn)));
}

#[tokio::test(start_paused = true)]
async fn concurrent_callers_share_one_renewal() {
    let (host, session) = signed_in().await;
    tokio::time::advance(Duration::from_secs(3600 - 299)).await;
    host.then(ScriptedReply::Late(2, Box::new(tokens(2))));
    let all: Vec<_> = (0..50)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move { session.token().await })
        })
        .collect();
    for one in all {
        assert!(one.await.expect("no panic").is_ok());
    }
    assert_eq!(host.bodies().len(), 3);
    assert!(host.bodies()[2].contains("refresh_token=canary-rt1"));
    // The rotated token is used next.
    host.then(tokens(3));
    tokio::time::advance(Duration::from_hours(1)).await;
    session.token().await.expect("renewed");
    assert!(host.bodies()[3].contains("refresh_token=canary-rt2"));
}

#[tokio::test(start_paused = true)]
async fn refused_token_is_replaced_once() {
    let (host, session) = signed_in().await;
    let old = session.token().await.expect("fresh");
    host.then(tokens(2));
    let new = replaced(&session, &old).await.expect("renewed");
    let again = replaced(&session, &old)
        .await
        .expect("the same replacement");
    assert_eq!(new.for_host(&api()), again.for_host(&api()));
    assert_eq!(host.bodies().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn api_that_refuses_every_token_causes_one_renewal_per_minute() {
    let (host, session) = signed_in().await;
    let before = host.bodies().len();
    for minute in 1..4 {
        for n in 0..50 {
            host.then(tokens(n));
            let token = session.token().await.expect("a token");
            replaced(&session, &token)
                .await
                .expect("a new or the old one");
        }
        assert_eq!(host.bodies().len() - before, minute);
        host.script.lock().unwrap().clear();
        tokio::time::advance(Duration::from_secs(61)).await;
    }
    // An accepted token may expire at any moment, and so may the next; but not on every call.
    for n in 0..50 {
        host.then(tokens(n));
        let token = session.token().await.expect("a token");
        token.note_accepted();
        replaced(&session, &token)
            .await
            .expect("a new or the old one");
    }
    assert_eq!(host.bodies().len() - before, 3 + 10);
    // New claims in a challenge are another reason to renew.
    let challenged = RefusedToken {
        token: session.token().await.expect("a token"),
        claims: WantedClaims::from_json(r#"{"access_token":{"nbf":{"essential":true}}}"#),
    };
    for _ in 0..2 {
        host.then(tokens(60));
        let again = session.token().await.expect("a token");
        let claims = challenged.claims.clone();
        let token = again;
        let another = session
            .token_instead_of(RefusedToken { token, claims })
            .await;
        another.expect("a new or the old one");
    }
    assert_eq!(host.bodies().len() - before, 3 + 10 + 1);
}

#[tokio::test(start_paused = true)]
async fn cancelled_caller_does_not_lose_the_rotated_token() {
    let (host, session) = signed_in().await;
    tokio::time::advance(Duration::from_hours(1)).await;
    host.then(ScriptedReply::Late(5, Box::new(tokens(2))));
    tokio::time::timeout(Duration::from_secs(1), session.token())
        .await
        .expect_err("cancelled");
    session.token().await.expect("renewed in the background");
    assert_eq!(host.bodies().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn renewal_failures_are_shared_and_remembered_for_a_minute() {
    let (host, session) = signed_in().await;
    tokio::time::advance(Duration::from_hours(1)).await;
    host.then(no(
        r#"{"error":"interaction_required","error_codes":[50076]}"#,
    ));
    for _ in 0..3 {
        assert!(matches!(
            session.token().await,
            Err(AuthError::Interact { .. })
        ));
    }
    assert_eq!(host.bodies().len(), 3, "one request");
    tokio::time::advance(Duration::from_secs(61)).await;
    host.then(tokens(2));
    session.token().await.expect("the token was kept");
}

#[tokio::test(start_paused = true)]
async fn old_token_is_used_while_host_is_unreachable() {
    let (host, session) = signed_in().await;
    tokio::time::advance(Duration::from_secs(3600 - 200)).await;
    let down = || (0..3).for_each(|_| host.then(ScriptedReply::Fault(HttpFault::NotReached)));
    down();
    session.token().await.expect("still alive");
    assert_eq!(host.bodies().len(), 5, "three tries");
    tokio::time::advance(Duration::from_secs(200)).await;
    down();
    assert!(matches!(
        session.token().await,
        Err(AuthError::Unreachable(HttpFault::NotReached))
    ));
    host.then(tokens(2));
    session
        .token()
        .await
        .expect("renewed at once, without a remembered failure");
}

#[tokio::test(start_paused = true)]
async fn conclusive_refusal_drops_tokens_and_keeps_the_account() {
    for (body, dropped) in [
        (r#"{"error":"invalid_grant","error_codes":[50173]}"#, true),
        (r#"{"error":"invalid_grant","suberror":"bad_token"}"#, true),
        (r#"{"error":"invalid_grant","error_codes":[53003]}"#, false),
        (
            r#"{"error":"invalid_client","error_codes":[7000218]}"#,
            false,
        ),
    ] {
        let (host, session) = signed_in().await;
        tokio::time::advance(Duration::from_hours(1)).await;
        host.then(no(body));
        session.token().await.expect_err("refused");
        host.then(tokens(2));
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!(session.token().await.is_err(), dropped, "{body}");
        assert!(session.signed_in().is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn sign_in_with_opaque_token_works() {
    let (_, session, result) =
        sign_in([ok(r#"{"access_token":"opaque","token_type":"Bearer"}"#)]).await;
    let signed_in = result.expect("signed in");
    assert_eq!(signed_in.account.tenant_id.as_str(), "t1");
    assert_eq!(
        signed_in.permissions.holds(&[Permission::MachineRead]),
        None
    );
    assert_eq!(
        session.token().await.unwrap().for_host(&api()),
        Some("opaque")
    );
}

#[tokio::test(start_paused = true)]
async fn token_that_is_no_header_value_is_unusable() {
    for token in ["a\r\nX-Evil: 1", "a\0", "tok\u{e9}n", "\u{7f}"] {
        let answer =
            serde_json::json!({ "access_token": token, "refresh_token": "canary-refresh" });
        let (_, session, result) = sign_in([ok(answer.to_string())]).await;
        assert_eq!(result.err(), Some(AuthError::Unusable), "{token:?}");
        assert_eq!(session.signed_in(), None);
    }
}

/// Three attempts of half a minute each are too long for an interactive caller.
#[tokio::test(start_paused = true)]
async fn renewal_times_out_for_callers_and_its_late_result_counts() {
    let (host, session) = signed_in().await;
    tokio::time::advance(Duration::from_secs(3600 - 200)).await;
    let alive = session.0.cache().access.clone().expect("a valid token");
    host.then(ScriptedReply::Late(28, Box::new(tokens(2))));
    let began = token::monotonic_now();
    let resort = session.token().await.expect("the old token");
    assert!(resort.is_same(&alive));
    assert_eq!(began.elapsed().as_secs(), 15);
    tokio::time::advance(Duration::from_secs(200)).await;
    let renewed = session.token().await.expect("the late result");
    assert!(!renewed.is_same(&alive));
    tokio::time::advance(Duration::from_hours(1)).await;
    host.then(ScriptedReply::Late(28, Box::new(tokens(3))));
    let began = token::monotonic_now();
    let refused = session.token().await.expect_err("nothing is left");
    assert_eq!(refused, AuthError::Unreachable(HttpFault::TimedOut));
    assert_eq!(began.elapsed().as_secs(), 15);
    session.token().await.expect("the late result");
    assert_eq!(host.bodies().len(), 4, "one request each time");
}

#[tokio::test(start_paused = true)]
async fn secrets_do_not_print() {
    let host = Host::new([ok(DEVICE), tokens(1)]);
    let session = host.in_memory();
    let flow = session.begin().await.expect("a code");
    assert_eq!(&*flow.prompt().user_code, "B7XQK4M2R");
    assert!(flow.prompt().may_open);
    let printed = format!("{flow:?}");
    let pending_sign_in = session.finish(flow).await.expect("signed in");
    session
        .complete_sign_in(pending_sign_in)
        .expect("not superseded");
    let token = session.token().await.expect("fresh");
    let printed = format!("{printed} {session:?} {token:?}");
    for secret in ["canary", "B7XQ", "e30."] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[tokio::test]
async fn tokens_for_another_request_are_rejected() {
    let foreign = format!(
        r#"{{"access_token":"a","id_token":"e30.{}.x"}}"#,
        URL_SAFE_NO_PAD.encode(r#"{"aud":"c1","tid":"t1","oid":"o1","nonce":"another"}"#)
    );
    let host = Host::new([ok(foreign)]);
    let session = host.in_memory();
    let flow = session.begin_in_browser().await.expect("a port");
    let browser = come_back(&flow);
    let (ended, _stream) = tokio::join!(session.finish_in_browser(flow), browser);
    assert_eq!(ended.err(), Some(AuthError::ForeignAnswer));
    assert_eq!(session.signed_in(), None);
    let body = &host.bodies()[0];
    assert!(body.contains("grant_type=authorization_code&") && body.contains("&code_verifier="));
}

#[tokio::test(start_paused = true)]
async fn blank_device_code_is_rejected() {
    for blank in ["", "   ", "\\u00a0\\t"] {
        for name in ["user_code", "device_code"] {
            let mut answer: serde_json::Value = serde_json::from_str(DEVICE).expect("an object");
            answer[name] = serde_json::from_str(&format!("\"{blank}\"")).expect("a text");
            let host = Host::new([ok(answer.to_string())]);
            let error = host.in_memory().begin().await.err();
            assert_eq!(error, Some(AuthError::Unusable), "{name}: {blank:?}");
        }
    }
}

/// Ten minutes must be left before a batch of orders; for one request five are enough.
#[tokio::test(start_paused = true)]
async fn token_that_may_not_last_for_a_batch_is_renewed_ahead() {
    let (host, session) = signed_in().await;
    tokio::time::advance(Duration::from_secs(3600 - 601)).await;
    session.renew_ahead().await;
    assert_eq!(host.bodies().len(), 2, "it lasts");
    tokio::time::advance(Duration::from_secs(2)).await;
    session.token().await.expect("enough for one");
    assert_eq!(host.bodies().len(), 2);
    // A batch starts with the current token if a new one takes too long.
    host.then(ScriptedReply::Late(20, Box::new(tokens(2))));
    let before = host.started.elapsed();
    session.renew_ahead().await;
    let waited = host.started.elapsed().saturating_sub(before);
    assert_eq!(waited.as_secs(), 3);
    assert_eq!(host.bodies().len(), 3);
    let old = session.token().await.expect("the old token");
    tokio::time::sleep(Duration::from_secs(20)).await;
    let new = session.token().await.expect("the late result");
    assert_ne!(old.for_host(&api()), new.for_host(&api()));
    session.renew_ahead().await;
    assert_eq!(host.bodies().len(), 3, "a new token");
}

/// Entra requests renewal of long-lived tokens long before they expire.
#[tokio::test(start_paused = true)]
async fn early_renewal_advised_by_the_host_runs_in_background() {
    let advised = |n| {
        let ScriptedReply::Json(status, body) = tokens(n) else {
            unreachable!("tokens are JSON")
        };
        let body = body.replacen('{', r#"{"refresh_in":"1200","#, 1);
        ScriptedReply::Json(status, body)
    };
    let (host, session) = signed_in().await;
    tokio::time::advance(Duration::from_hours(1)).await;
    host.then(advised(2));
    let old = session.token().await.expect("renewed");
    tokio::time::advance(Duration::from_secs(1_199)).await;
    session.token().await.expect("good");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(host.bodies().len(), 3, "not yet");
    // A failed early renewal keeps the good token, and is not retried on every call.
    host.then(no(
        r#"{"error":"interaction_required","error_codes":[50076]}"#,
    ));
    for _ in 0..3 {
        let same = session.token().await.expect("good");
        assert_eq!(same.for_host(&api()), old.for_host(&api()));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(host.bodies().len(), 4);
    tokio::time::advance(Duration::from_secs(61)).await;
    host.then(ScriptedReply::Late(2, Box::new(advised(3))));
    let before = host.started.elapsed();
    let same = session.token().await.expect("good");
    assert_eq!(same.for_host(&api()), old.for_host(&api()));
    assert_eq!(host.started.elapsed(), before, "nobody waits");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let new = session.token().await.expect("renewed");
    assert_ne!(new.for_host(&api()), old.for_host(&api()));
    assert_eq!(host.bodies().len(), 5);
}
