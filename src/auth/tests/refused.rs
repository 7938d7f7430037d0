//! Refusals: requested claims, explanations, and repetition.

use std::time::Duration;

use super::*;
use crate::explain::{Explain as _, NextStep};
use crate::model::{Scopes, SignInMethod};

/// Requests a code and waits with it, like a user who tries again.
async fn try_with_a_code(
    host: &Host,
    session: &Session,
    answer: ScriptedReply,
) -> Result<PendingSignIn, AuthError> {
    host.then(ok(DEVICE));
    host.then(answer);
    let flow = session.begin().await.expect("a code");
    session.finish(flow).await
}

#[tokio::test(start_paused = true)]
async fn claims_of_refused_poll_are_sent_with_next_attempt() {
    let wants = r#"{"error":"interaction_required","error_codes":[50076],"claims":"{\"access_token\":{\"acrs\":{\"value\":\"c1\"}}}"}"#;
    let host = Host::new([]);
    let session = host.in_memory();
    try_with_a_code(&host, &session, no(wants))
        .await
        .expect_err("refused");
    assert!(!host.bodies()[0].contains("claims="));
    let pending_sign_in = try_with_a_code(&host, &session, tokens(1))
        .await
        .expect("signed in");
    let bodies = host.bodies();
    assert!(
        bodies[2].contains("claims=") && bodies[2].contains("c1"),
        "{}",
        bodies[2]
    );
    assert!(bodies[3].contains("claims="), "{}", bodies[3]);
    session
        .complete_sign_in(pending_sign_in)
        .expect("not superseded");

    let flow = session.begin_in_browser().await.expect("a port");
    assert!(
        !flow.sign_in_page().contains("claims="),
        "the claims were satisfied"
    );
    drop(flow);
    try_with_a_code(&host, &session, no(wants))
        .await
        .expect_err("refused");
    let flow = session.begin_in_browser().await.expect("a port");
    assert!(flow.sign_in_page().contains("claims="), "either method");
}

#[tokio::test]
async fn claims_of_refused_redemption_are_sent_with_next_attempt() {
    let wants = r#"{"error":"interaction_required","error_codes":[50076],"claims":"{\"access_token\":{\"acrs\":{\"value\":\"c1\"}}}"}"#;
    let host = Host::new([no(wants)]);
    let session = host.in_memory();
    let flow = session.begin_in_browser().await.expect("a port");
    assert!(!flow.sign_in_page().contains("claims="));
    let browser = come_back(&flow);
    let (ended, _stream) = tokio::join!(session.finish_in_browser(flow), browser);
    let error = ended.expect_err("refused");
    assert!(matches!(error, AuthError::Interact { .. }), "{error:?}");
    let flow = session.begin_in_browser().await.expect("a port");
    let page = flow.sign_in_page();
    assert!(page.contains("claims=") && page.contains("c1"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn repeated_refusal_does_not_suggest_signing_in_again() {
    let again = no(r#"{"error":"invalid_grant","error_codes":[999999]}"#);
    let other = no(r#"{"error":"invalid_grant","error_codes":[888888]}"#);
    let host = Host::new([]);
    let session = host.in_memory();
    for (answer, repeated) in [
        (again.clone(), false),
        (again.clone(), true),
        (other.clone(), false),
        (again, false),
        (other.clone(), false),
        (other, true),
    ] {
        let error = try_with_a_code(&host, &session, answer)
            .await
            .expect_err("refused");
        let next = error.explain().next;
        assert_eq!(matches!(next, NextStep::Outside(_)), repeated, "{next:?}");
    }
}

/// Signed in, then refused at renewal for the same reason: signing in again is pointless.
#[tokio::test(start_paused = true)]
async fn sign_in_followed_by_same_refusal_is_not_suggested_again() {
    const REVOKED: &str = r#"{"error":"invalid_grant","error_codes":[50173]}"#;
    for (lasted, repeated) in [(1, true), (30, false)] {
        let host = Host::new([]);
        let session = host.in_memory();
        let mut next = NextStep::None;
        for n in 0..2 {
            let pending_sign_in = try_with_a_code(&host, &session, tokens(n))
                .await
                .expect("signed in");
            session
                .complete_sign_in(pending_sign_in)
                .expect("not superseded");
            let token = session.token().await.expect("fresh");
            tokio::time::advance(Duration::from_mins(lasted)).await;
            host.then(no(REVOKED));
            let error = replaced(&session, &token).await.expect_err("refused");
            next = error.explain().next;
        }
        assert_eq!(
            next != NextStep::SignIn,
            repeated,
            "after {lasted} min: {next:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn permanent_refusals_refer_to_the_administrator() {
    for (number, words) in [
        (530_084, "token protection"),
        (5_000_225, "blocked this tenant because it was not used"),
    ] {
        let body = format!(r#"{{"error":"interaction_required","error_codes":[{number}]}}"#);
        let (_, _, result) = sign_in([no(&body)]).await;
        let said = result.expect_err("refused").explain();
        assert!(said.headline.contains(words), "{said:?}");
        assert!(said.next.words().contains("dministrator"), "{said:?}");
    }
}

fn with_named_scopes() -> Endpoints {
    Endpoints {
        scopes: Scopes::Named(Box::new(["Machine.Read".into(), "Machine.Isolate".into()])),
        ..endpoints("t1")
    }
}

#[tokio::test(start_paused = true)]
async fn missing_consent_names_requested_permissions() {
    let refusal =
        r#"{"error":"invalid_grant","error_codes":[65001],"suberror":"consent_required"}"#;
    let host = Host::new([ok(DEVICE), no(refusal)]);
    let session = host.session_at(&with_named_scopes(), TokenStore::memory());
    let said = sign_in_on(&session).await.expect_err("refused").explain();
    assert!(
        said.headline.ends_with(": Machine.Read Machine.Isolate"),
        "{said:?}"
    );
}

/// Consent can be withdrawn while a user is signed in.
#[tokio::test(start_paused = true)]
async fn missing_consent_at_renewal_names_requested_permissions() {
    let refusal = r#"{"error":"invalid_grant","error_codes":[65001]}"#;
    let host = Host::new([ok(DEVICE), tokens(1), no(refusal)]);
    let session = host.session_at(&with_named_scopes(), TokenStore::memory());
    sign_in_on(&session).await.expect("signed in");
    let token = session.token().await.expect("fresh");
    let renewed = replaced(&session, &token).await;
    let said = renewed.expect_err("refused").explain();
    assert!(
        said.headline.ends_with(": Machine.Read Machine.Isolate"),
        "{said:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn loop_refusal_is_not_retried_until_the_user_asks() {
    let (host, session) = signed_in().await;
    tokio::time::advance(Duration::from_hours(1)).await;
    host.then(no(r#"{"error":"invalid_grant","error_codes":[50196]}"#));
    session.token().await.expect_err("refused");
    let asked = host.bodies().len();
    tokio::time::advance(Duration::from_hours(2)).await;
    session.token().await.expect_err("refused before");
    assert_eq!(host.bodies().len(), asked);
    host.then(tokens(2));
    session.renew_again().await.expect("renewed");
}

#[tokio::test(start_paused = true)]
async fn advised_sign_in_method_follows_error_number() {
    for (number, advised) in [
        (530_036, Some(SignInMethod::Browser)),
        (530_033, Some(SignInMethod::Browser)),
        (50_076, None),
    ] {
        let body = format!(r#"{{"error":"invalid_grant","error_codes":[{number}]}}"#);
        let (_, _, result) = sign_in([no(&body)]).await;
        assert_eq!(
            result.expect_err("refused").advised_way(),
            advised,
            "{number}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn lost_response_stays_lost_after_further_faults() {
    let used = no(r#"{"error":"invalid_grant","error_codes":[54005]}"#);
    for silence in [
        ScriptedReply::Json(503, "<html>".into()),
        ScriptedReply::Json(504, "<html>".into()),
        ScriptedReply::Fault(HttpFault::NotReached),
    ] {
        let (_, _, result) = sign_in([
            ScriptedReply::Fault(HttpFault::Interrupted),
            silence,
            used.clone(),
        ])
        .await;
        assert_eq!(result.err(), Some(AuthError::AnswerLost));
    }
    // An intermediary's response in its place.
    for status in [200, 302, 404, 429, 451, 500, 503, 504, 520] {
        let other = ScriptedReply::Json(status, "<html>".into());
        let (_, _, result) = sign_in([other, used.clone()]).await;
        assert_eq!(result.err(), Some(AuthError::AnswerLost), "{status}");
    }
    let unreached = ScriptedReply::Fault(HttpFault::NotReached);
    let (_, _, result) = sign_in([unreached, used]).await;
    assert!(
        matches!(result, Err(AuthError::Interact { .. })),
        "not lost: not sent"
    );
}

#[tokio::test(start_paused = true)]
async fn connection_problem_during_sign_in_is_shown_and_cleared() {
    let host = Host::new([
        ok(DEVICE),
        no(PENDING),
        ScriptedReply::Fault(HttpFault::NotReached),
        no(PENDING),
        tokens(1),
    ]);
    let session = host.in_memory();
    let flow = session.begin().await.expect("a code");
    let mut trouble = flow.watch_trouble();
    let reported = tokio::spawn(async move {
        let mut reported = Vec::new();
        while trouble.changed().await.is_ok() {
            reported.push(*trouble.borrow_and_update());
        }
        reported
    });
    session.finish(flow).await.expect("signed in");
    assert_eq!(reported.await.expect("ran"), [true, false]);
}
