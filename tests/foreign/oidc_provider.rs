//! npm `oidc-provider`: strict rotation, opaque access tokens, and no `interval` in responses.

use std::time::{Duration, Instant};

use cordon::auth::{AuthError, RefusedToken, Session};
use cordon::model::Permissions;

use crate::harness::{Server, installed, passed, renew, script, through_the_browser, user_code};

const NAME: &str = "npm `oidc-provider` 9.13.3";
const URLS: [&str; 3] = ["/device/auth", "/token", "/auth"];

fn start() -> (Server, Session) {
    let node = installed().join("node_modules/.bin/node");
    // Beside its packages, where node looks for them.
    let server = installed().join("oidc_provider.mjs");
    std::fs::copy(script("oidc_provider.mjs"), &server).expect("copied");
    let server = Server::start(&node, &server);
    let session = server.session(URLS, "cordon");
    (server, session)
}

fn decide(server: &Server, what: &str, code: &str) {
    let body = format!("{{\"user_code\":\"{code}\"}}");
    server.control(what, "application/json", &body);
}

async fn signed_in() -> (Server, Session) {
    let (server, session) = start();
    let flow = session.begin().await.expect("a code");
    decide(&server, "approve", &user_code(&flow));
    let pending = session.finish(flow).await.expect("approved");
    session
        .complete_sign_in(pending)
        .expect("nothing else began");
    (server, session)
}

#[tokio::test]
async fn code_without_an_interval_is_polled_every_five_seconds() {
    let (server, session) = start();
    let flow = session.begin().await.expect("a code");
    let code = user_code(&flow);
    let began = Instant::now();
    let (arrived, ()) = tokio::join!(session.finish(flow), async {
        // The first poll still finds it pending.
        tokio::time::sleep(Duration::from_secs(7)).await;
        decide(&server, "approve", &code);
    });
    let signed_in = session
        .complete_sign_in(arrived.expect("approved"))
        .expect("signed in");
    assert!(
        began.elapsed() >= Duration::from_secs(10),
        "two polls, five seconds each"
    );
    assert_eq!(signed_in.account.label(), "ada@contoso.example");
    passed(NAME, "device code, pending at first, `interval` missing");
    assert_eq!(signed_in.permissions, Permissions::Unknown);
    passed(
        NAME,
        "opaque access token: permissions unknown, nothing else lost",
    );
}

#[tokio::test]
async fn declined_and_expired_codes_are_distinguished() {
    let (server, session) = start();
    let flow = session.begin().await.expect("a code");
    decide(&server, "decline", &user_code(&flow));
    assert_eq!(session.finish(flow).await.err(), Some(AuthError::Declined));
    passed(NAME, "device code declined");
    server.control("life", "application/json", "{\"secs\":3}");
    let flow = session.begin().await.expect("a code");
    assert_eq!(session.finish(flow).await.err(), Some(AuthError::Expired));
    passed(NAME, "device code expired");
}

#[tokio::test]
async fn browser_sign_in_is_approved_and_declined() {
    let (server, session) = start();
    let pending = through_the_browser(&session, "approve")
        .await
        .expect("approved");
    let signed_in = session.complete_sign_in(pending).expect("signed in");
    assert_eq!(signed_in.account.label(), "ada@contoso.example");
    passed(NAME, "authorization code with PKCE, `form_post`, nonce");
    server.control("mood", "application/json", "{\"mood\":\"decline\"}");
    let refused = through_the_browser(&session, "decline").await;
    assert_eq!(refused.err(), Some(AuthError::Declined));
    passed(NAME, "declined in the browser");
}

#[tokio::test]
async fn each_renewal_uses_the_newest_token_and_fifty_wait_for_one() {
    let (_server, session) = signed_in().await;
    for _ in 0..3 {
        renew(&session)
            .await
            .expect("a token that comes twice would end the sign-in");
    }
    passed(NAME, "strict rotation, renewed three times");
    let token = session.token().await.expect("fresh");
    let waiters: Vec<_> = (0..50)
        .map(|_| {
            let (session, token) = (session.clone(), token.clone());
            tokio::spawn(async move {
                let claims = None;
                session
                    .token_instead_of(RefusedToken { token, claims })
                    .await
            })
        })
        .collect();
    for waiter in waiters {
        waiter.await.expect("ran").expect("renewed once for all");
    }
    renew(&session).await.expect("the family is alive");
    passed(NAME, "fifty waiters, one renewal");
}

#[tokio::test]
async fn revoked_sign_in_needs_a_new_one() {
    let (server, session) = signed_in().await;
    server.control("revoke", "application/json", "{}");
    let renewed = renew(&session).await;
    assert!(
        matches!(renewed, Err(AuthError::Interact { .. })),
        "{renewed:?}"
    );
    assert!(session.signed_in().is_some(), "the account stays known");
    passed(NAME, "revoked: sign in again");
}
