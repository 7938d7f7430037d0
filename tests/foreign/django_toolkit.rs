//! `PyPI` `django-oauth-toolkit`: an unknown code is a 404, and the browser returns by query.

use cordon::auth::{AuthError, Session};

use crate::harness::{Server, passed, python, renew, script, through_the_browser, user_code};

const NAME: &str = "PyPI `django-oauth-toolkit` 3.4.1";
const URLS: [&str; 3] = ["/o/device-authorization/", "/o/token/", "/o/authorize/"];

fn start(client_id: &str) -> (Server, Session) {
    let server = Server::start(&python(), &script("django_toolkit.py"));
    let session = server.session(URLS, client_id);
    (server, session)
}

fn decide(server: &Server, what: &str, code: &str) {
    let kind = "application/x-www-form-urlencoded";
    server.control(what, kind, &format!("user_code={code}"));
}

#[tokio::test]
async fn code_is_approved_declined_or_unknown() {
    let (server, session) = start("cordon");
    let flow = session.begin().await.expect("a code");
    let code = user_code(&flow);
    let (arrived, ()) = tokio::join!(session.finish(flow), async {
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        decide(&server, "approve", &code);
    });
    // There is no id token that names the account.
    session
        .complete_sign_in(arrived.expect("approved"))
        .expect("signed in");
    passed(NAME, "device code, pending at first, without an id token");

    let flow = session.begin().await.expect("a code");
    decide(&server, "decline", &user_code(&flow));
    assert_eq!(session.finish(flow).await.err(), Some(AuthError::Declined));
    passed(NAME, "device code declined");

    let flow = session.begin().await.expect("a code");
    decide(&server, "forget", &user_code(&flow));
    let lost = session
        .finish(flow)
        .await
        .expect_err("there is no such code");
    assert!(
        matches!(&lost, AuthError::Config { refusal } if refusal.status == 404),
        "{lost:?}"
    );
    passed(NAME, "unknown device code (404) ends the waiting");
}

#[tokio::test]
async fn browser_returns_by_query_and_renewals_rotate() {
    let (server, session) = start("cordon-browser");
    let pending = through_the_browser(&session, "approve")
        .await
        .expect("approved");
    session.complete_sign_in(pending).expect("signed in");
    passed(
        NAME,
        "authorization code with PKCE, `query` where `form_post` is not known",
    );
    for _ in 0..3 {
        renew(&session)
            .await
            .expect("a token that comes twice would end the sign-in");
    }
    passed(NAME, "rotation with reuse protection, renewed three times");
    server.control("revoke", "application/x-www-form-urlencoded", "");
    let renewed = renew(&session).await;
    assert!(
        matches!(renewed, Err(AuthError::Interact { .. })),
        "{renewed:?}"
    );
    passed(NAME, "revoked: sign in again");
    let refused = through_the_browser(&session, "decline").await;
    assert_eq!(refused.err(), Some(AuthError::Declined));
    passed(NAME, "declined in the browser");
}
