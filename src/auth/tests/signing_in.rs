//! With a code, renewed, and refused.

use std::time::Duration;

use url::Url;

use super::*;
use crate::explain::Explain as _;
use crate::model::{KeyringState, Permission};

#[tokio::test(start_paused = true)]
async fn pending_then_success() {
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
        "a first wait, and a tenth more than asked"
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
async fn trouble_on_the_way_does_not_end_the_wait_or_speed_it_up() {
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
async fn the_ends_of_a_code() {
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
    // Not lost: refused, or answered in between.
    let used = no(r#"{"error":"invalid_grant"}"#);
    let (_, _, result) = sign_in([lost.clone(), no(PENDING), used]).await;
    assert!(matches!(result, Err(AuthError::Interact { .. })));
    // Nor declined by a person.
    for error in ["invalid_grant", "access_denied"] {
        let policy = no(&format!(r#"{{"error":"{error}","error_codes":[53003]}}"#));
        let (_, _, result) = sign_in([lost.clone(), policy]).await;
        assert!(result.unwrap_err().explain().headline.contains("policy"));
    }
}

#[tokio::test(start_paused = true)]
async fn cancelling_acts_at_once_and_a_newer_code_wins() {
    let host = Host::new([
        ok(DEVICE),
        ok(DEVICE),
        ScriptedReply::Late(20, Box::new(tokens(1))),
    ]);
    let session = host.in_memory();
    let first = session.begin().await.expect("a code");
    let second = session.begin().await.expect("another");
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
async fn fifty_waiters_cause_one_renewal() {
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
    // And the rotated token comes next.
    host.then(tokens(3));
    tokio::time::advance(Duration::from_hours(1)).await;
    session.token().await.expect("renewed");
    assert!(host.bodies()[3].contains("refresh_token=canary-rt2"));
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_once() {
    let (host, session) = signed_in().await;
    let old = session.token().await.expect("fresh");
    host.then(tokens(2));
    let new = replaced(&session, &old).await.expect("renewed");
    let again = replaced(&session, &old)
        .await
        .expect("somebody already has");
    assert_eq!(new.for_host(&api()), again.for_host(&api()));
    assert_eq!(host.bodies().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_api_that_refuses_every_token_causes_one_renewal_a_minute() {
    let (host, session) = signed_in().await;
    let before = host.bodies().len();
    for minute in 1..4 {
        for n in 0..50 {
            host.then(tokens(n));
            let token = session.token().await.expect("there is one");
            replaced(&session, &token)
                .await
                .expect("another, or the same");
        }
        assert_eq!(host.bodies().len() - before, minute);
        host.script.lock().unwrap().clear();
        tokio::time::advance(Duration::from_secs(61)).await;
    }
    // One that has worked may end at any moment, and so may the next; but not at every call.
    for n in 0..50 {
        host.then(tokens(n));
        let token = session.token().await.expect("there is one");
        token.note_accepted();
        replaced(&session, &token)
            .await
            .expect("another, or the same");
    }
    assert_eq!(host.bodies().len() - before, 3 + 10);
    // What a challenge asks for anew is another cause.
    let challenged = RefusedToken {
        token: session.token().await.expect("there is one"),
        claims: WantedClaims::from_json(r#"{"access_token":{"nbf":{"essential":true}}}"#),
    };
    for _ in 0..2 {
        host.then(tokens(60));
        let again = session.token().await.expect("there is one");
        let claims = challenged.claims.clone();
        let token = again;
        let another = session
            .token_instead_of(RefusedToken { token, claims })
            .await;
        another.expect("another, or the same");
    }
    assert_eq!(host.bodies().len() - before, 3 + 10 + 1);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_caller_does_not_lose_the_rotated_token() {
    let (host, session) = signed_in().await;
    tokio::time::advance(Duration::from_hours(1)).await;
    host.then(ScriptedReply::Late(5, Box::new(tokens(2))));
    tokio::time::timeout(Duration::from_secs(1), session.token())
        .await
        .expect_err("cancelled");
    session.token().await.expect("the renewal went on");
    assert_eq!(host.bodies().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn failures_are_shared_and_remembered_for_a_minute() {
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
    assert_eq!(host.bodies().len(), 3, "asked once");
    tokio::time::advance(Duration::from_secs(61)).await;
    host.then(tokens(2));
    session.token().await.expect("the token was kept");
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_down_uses_up_the_old_token_first() {
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
        .expect("no minute of waiting for a line that is back");
}

#[tokio::test(start_paused = true)]
async fn a_conclusive_answer_drops_the_token_and_keeps_the_name() {
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
async fn a_sign_in_whose_tokens_tell_nothing_still_works() {
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
async fn what_no_header_can_carry_is_no_token() {
    for token in ["a\r\nX-Evil: 1", "a\0", "tok\u{e9}n", "\u{7f}"] {
        let answer =
            serde_json::json!({ "access_token": token, "refresh_token": "canary-refresh" });
        let (_, session, result) = sign_in([ok(answer.to_string())]).await;
        assert_eq!(result.err(), Some(AuthError::Unusable), "{token:?}");
        assert_eq!(session.signed_in(), None);
    }
}

/// Three tries of half a minute each are too long for somebody who waits to act.
#[tokio::test(start_paused = true)]
async fn a_host_that_hangs_keeps_nobody_waiting_for_long_and_its_late_answer_counts() {
    let (host, session) = signed_in().await;
    tokio::time::advance(Duration::from_secs(3600 - 200)).await;
    let alive = session.0.cache().access.clone().expect("not over yet");
    host.then(ScriptedReply::Late(28, Box::new(tokens(2))));
    let began = token::monotonic_now();
    let resort = session.token().await.expect("the old one, which lives");
    assert!(resort.is_same(&alive));
    assert_eq!(began.elapsed().as_secs(), 15);
    tokio::time::advance(Duration::from_secs(200)).await;
    let renewed = session.token().await.expect("the answer that came late");
    assert!(!renewed.is_same(&alive));
    tokio::time::advance(Duration::from_hours(1)).await;
    host.then(ScriptedReply::Late(28, Box::new(tokens(3))));
    let began = token::monotonic_now();
    let refused = session.token().await.expect_err("nothing is left");
    assert_eq!(refused, AuthError::Unreachable(HttpFault::TimedOut));
    assert_eq!(began.elapsed().as_secs(), 15);
    session.token().await.expect("the answer that came late");
    assert_eq!(host.bodies().len(), 4, "asked once each time");
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
        .expect("nothing else began");
    let token = session.token().await.expect("fresh");
    let printed = format!("{printed} {session:?} {token:?}");
    for secret in ["canary", "B7XQ", "e30."] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[tokio::test]
async fn tokens_that_were_made_for_another_request_are_not_taken() {
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
async fn a_code_that_nobody_could_type_is_no_code() {
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

/// Ten minutes are left when the first of several orders leaves; for one request five are enough.
#[tokio::test(start_paused = true)]
async fn a_token_that_may_not_last_for_several_orders_is_renewed_ahead() {
    let (host, session) = signed_in().await;
    tokio::time::advance(Duration::from_secs(3600 - 601)).await;
    session.renew_ahead().await;
    assert_eq!(host.bodies().len(), 2, "it lasts");
    tokio::time::advance(Duration::from_secs(2)).await;
    session.token().await.expect("enough for one");
    assert_eq!(host.bodies().len(), 2);
    // Orders begin with the token that there is where another does not come soon.
    host.then(ScriptedReply::Late(20, Box::new(tokens(2))));
    let before = host.started.elapsed();
    session.renew_ahead().await;
    let waited = host.started.elapsed().saturating_sub(before);
    assert_eq!(waited.as_secs(), 3);
    assert_eq!(host.bodies().len(), 3);
    let old = session.token().await.expect("the old one");
    tokio::time::sleep(Duration::from_secs(20)).await;
    let new = session.token().await.expect("the answer that came late");
    assert_ne!(old.for_host(&api()), new.for_host(&api()));
    session.renew_ahead().await;
    assert_eq!(host.bodies().len(), 3, "it has just come");
}

/// Entra names a time, long before the end, for tokens that live long.
#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_when_the_host_wants_it_and_nobody_waits_for_that() {
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
    // A refusal changes nothing for a token that is good, and is not asked for at every call.
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
