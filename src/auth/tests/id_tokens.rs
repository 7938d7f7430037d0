//! Each claim of an id token, missing, foreign or mistyped, at sign-in and at renewal.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::auth::id_token::FirstNonce;

const TENANT: &str = "5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10";
const OTHER: &str = "33333333-9d1e-4c0f-8a55-3d2b6f7e9a10";

/// A response whose id token has these claims replaced; null removes one.
fn answer(changed: &[(&str, Value)]) -> ScriptedReply {
    let mut claims = json!({
        "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "aud": "c1",
        "iat": 0, "exp": 7_200, "tid": TENANT, "oid": "o1", "name": "Ada",
    });
    for (name, value) in changed {
        claims[name] = value.clone();
        if value.is_null()
            && let Some(claims) = claims.as_object_mut()
        {
            claims.remove(*name);
        }
    }
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    let more = if changed.iter().any(|(name, _)| *name == FOUR_PARTS) {
        ".more"
    } else {
        ""
    };
    with_id_token(&format!("e30.{claims}.x{more}"))
}

/// Marks a token of four parts instead of a changed claim.
const FOUR_PARTS: &str = "four parts";

fn with_id_token(token: &str) -> ScriptedReply {
    let answer = json!({
        "access_token": "opaque", "refresh_token": "canary-refresh", "expires_in": 3_600, "id_token": token,
    });
    ok(answer.to_string())
}

async fn signed_in_with(tenant: &str, answer: ScriptedReply) -> (Host, Session, Option<AuthError>) {
    let host = Host::new([ok(DEVICE), answer]);
    let session = registered(&host, tenant);
    let error = sign_in_on(&session).await.err();
    (host, session, error)
}

type Case = (&'static str, Vec<(&'static str, Value)>, bool);

/// Defects of a claim, each with the result of a sign-in and of a renewal.
fn cases() -> Vec<Case> {
    let one = |name: &'static str, value: Value| vec![(name, value)];
    let issuer = |of: &str| json!(format!("https://login.microsoftonline.com/{of}/v2.0"));
    vec![
        ("all is right", Vec::new(), true),
        ("no audience", one("aud", Value::Null), false),
        ("another audience", one("aud", json!("c2")), false),
        ("another alone in a list", one("aud", json!(["c2"])), false),
        ("we alone in a list", one("aud", json!(["C1"])), true),
        ("an empty audience", one("aud", json!([])), false),
        ("an audience of another kind", one("aud", json!(7)), false),
        (
            "several without a party",
            one("aud", json!(["x", "c1"])),
            false,
        ),
        (
            "several, and we are the party",
            vec![("aud", json!(["x", "C1"])), ("azp", json!("c1"))],
            true,
        ),
        (
            "several, and another is the party",
            vec![("aud", json!(["x", "c1"])), ("azp", json!("x"))],
            false,
        ),
        ("another is the party", one("azp", json!("x")), false),
        ("no issuer", one("iss", Value::Null), false),
        (
            "another issuer",
            one("iss", json!("https://evil.example/v2.0")),
            false,
        ),
        (
            "the issuer of another tenant",
            one("iss", issuer(OTHER)),
            false,
        ),
        (
            "another tenant at the stand-in's own issuer",
            one("iss", json!(format!("http://127.0.0.1:8080/{OTHER}/v2.0"))),
            false,
        ),
        (
            "the stand-in's own issuer",
            one("iss", json!(format!("http://127.0.0.1:8080/{TENANT}/v2.0"))),
            true,
        ),
        (
            "another port",
            one("iss", json!("http://127.0.0.1:8081")),
            false,
        ),
        ("no end", one("exp", Value::Null), false),
        (
            "times with fractions of a second",
            vec![("iat", json!(0.5)), ("exp", json!(7_200.25))],
            true,
        ),
        ("an end beyond all time", one("exp", json!(1e300)), false),
        ("an end of another kind", one("exp", json!("7200")), false),
        ("an end before its beginning", one("exp", json!(0)), false),
        (
            "a week old",
            vec![("iat", json!(-604_800)), ("exp", json!(-601_200))],
            false,
        ),
        ("no beginning", one("iat", Value::Null), false),
        (
            "of next week",
            vec![("iat", json!(604_800)), ("exp", json!(608_400))],
            false,
        ),
        ("valid from now on", one("nbf", json!(0.5)), true),
        ("valid from next week on", one("nbf", json!(604_800)), false),
        (
            "a validity of another kind",
            one("nbf", json!("never")),
            false,
        ),
        ("no tenant", one("tid", Value::Null), false),
        (
            "another tenant, whose issuer it has",
            vec![("tid", json!(OTHER)), ("iss", issuer(OTHER))],
            false,
        ),
        ("no object id", one("oid", Value::Null), false),
        (
            "an object id of another kind",
            one("oid", json!(["o1"])),
            false,
        ),
        ("no name", one("name", Value::Null), true),
        ("four parts", one(FOUR_PARTS, Value::Null), false),
    ]
}

#[tokio::test(start_paused = true)]
async fn each_claim_is_checked_at_sign_in() {
    for (what, changed, is_taken) in cases() {
        let (_, session, error) = signed_in_with(TENANT, answer(&changed)).await;
        assert_eq!(error.is_none(), is_taken, "{what}: {error:?}");
        assert_eq!(session.signed_in().is_some(), is_taken, "{what}");
        let is_said = error.is_none_or(|error| error.is_about_identity());
        assert!(is_said, "{what}");
    }
    let (_, _, error) = signed_in_with(TENANT, with_id_token("not a token")).await;
    assert_eq!(error, Some(AuthError::ForeignAnswer));
    let issuer = json!(format!("https://login.microsoftonline.com/{OTHER}/v2.0"));
    let elsewhere = answer(&[("tid", json!(OTHER)), ("iss", issuer)]);
    let (_, _, error) = signed_in_with(TENANT, elsewhere).await;
    assert_eq!(error, Some(AuthError::OtherTenant));
}

#[tokio::test(start_paused = true)]
async fn each_claim_is_checked_at_renewal() {
    let only_here = [
        ("another account", vec![("oid", json!("o2"))], false),
        (
            "a nonce that the sign-in did not have",
            vec![("nonce", json!("x"))],
            false,
        ),
    ];
    for (what, changed, is_taken) in cases().into_iter().chain(only_here) {
        let (host, session, error) = signed_in_with(TENANT, answer(&[])).await;
        assert_eq!(error, None);
        tokio::time::advance(Duration::from_hours(1)).await;
        host.then(answer(&changed));
        let renewed = session.token().await;
        assert_eq!(renewed.is_ok(), is_taken, "{what}: {renewed:?}");
        // Nothing of a foreign response is kept, and there is no second request.
        let asked = host.bodies().len();
        tokio::time::advance(Duration::from_mins(5)).await;
        assert_eq!(session.token().await.is_ok(), is_taken, "{what}");
        assert_eq!(host.bodies().len(), asked, "{what}");
    }
}

/// `OpenID` Connect Core 1.0 section 12.2. The nonce of a saved sign-in is no longer known.
#[test]
fn renewal_nonce_must_match_the_sign_in() {
    let with = FirstNonce::from(Some("a".into()));
    for (first, nonce, may) in [
        (&with, Some("a"), true),
        (&with, Some("b"), false),
        (&with, None, true),
        (&FirstNonce::from(None), Some("a"), false),
        (&FirstNonce::from(None), None, true),
        (&FirstNonce::default(), Some("a"), true),
    ] {
        assert_eq!(first.may_come_back(nonce), may, "{nonce:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn domain_profile_accepts_any_tenant_with_matching_issuer() {
    let issuer = json!(format!("https://login.microsoftonline.com/{OTHER}/v2.0"));
    let consistent = [("tid", json!(OTHER)), ("iss", issuer)];
    let (_, session, error) = signed_in_with("contoso.example", answer(&consistent)).await;
    assert_eq!(error, None);
    let known = session.signed_in().expect("signed in").account;
    assert_eq!(known.tenant_id.as_str(), OTHER);
    let (_, _, error) = signed_in_with("contoso.example", answer(&consistent[..1])).await;
    assert_eq!(error, Some(AuthError::ForeignAnswer));
}

/// Defender does not support personal accounts, regardless of the profile's tenant.
#[tokio::test(start_paused = true)]
async fn personal_account_has_its_own_error() {
    const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
    for tenant in [TENANT, "contoso.example", PERSONAL] {
        let issuer = json!(format!("https://login.microsoftonline.com/{PERSONAL}/v2.0"));
        let personal = answer(&[("tid", json!(PERSONAL)), ("iss", issuer)]);
        let (_, session, error) = signed_in_with(tenant, personal).await;
        assert_eq!(error, Some(AuthError::PersonalAccount), "{tenant}");
        assert_eq!(session.signed_in(), None, "{tenant}");
    }
}

/// Second 1,000,000,000 of Unix time.
const DATE: &str = "Sun, 09 Sep 2001 01:46:40 GMT";

/// The host's time decides whether a token is current; this computer's clock may be wrong.
#[tokio::test(start_paused = true)]
async fn token_times_are_checked_against_response_date() {
    // The clock of these tests shows the beginning of 1970.
    let in_2001 = |issued: i64| {
        answer(&[
            ("iat", json!(1_000_000_000 + issued)),
            ("exp", json!(1_000_003_600 + issued)),
        ])
    };
    for (issued, is_taken) in [
        (0, true),
        (-3_800, true),
        (240, true),
        (-4_000, false),
        (400, false),
    ] {
        let dated = ScriptedReply::Dated(DATE, Box::new(in_2001(issued)));
        let (_, _, error) = signed_in_with(TENANT, dated).await;
        assert_eq!(error.is_none(), is_taken, "{issued}");
    }
    let (_, _, error) = signed_in_with(TENANT, in_2001(0)).await;
    assert_eq!(error, Some(AuthError::ForeignAnswer), "thirty years off");
}

/// A response with an opaque token and no usable lifetime.
#[tokio::test(start_paused = true)]
async fn token_without_lifetime_is_used_and_not_renewed_on_each_call() {
    for expires_in in [json!(0), json!("0"), json!(1), json!(-5)] {
        let mut claims = json!({ "access_token": "opaque", "refresh_token": "canary-refresh" });
        claims["expires_in"] = expires_in.clone();
        let (host, session, result) = sign_in([ok(claims.to_string())]).await;
        result.expect("signed in");
        let asked = host.bodies().len();
        for _ in 0..100 {
            session.token().await.expect("the new token");
        }
        assert_eq!(host.bodies().len(), asked, "{expires_in}");
    }
}
