//! Tokens with the structure and size of real ones, and the hash for PKCE.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::random::{Rng, TOKEN_LETTERS};

pub const TENANT_ID: &str = "5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10";
/// The client id registered in the tenant.
pub const CLIENT_ID: &str = "0b6d5c1e-2f7a-4b63-9c48-71e0a3d5f982";

/// An account of the tenant that can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) oid: String,
    pub(super) upn: String,
    pub(super) name: String,
}

impl Person {
    pub(super) fn new(oid: &str, upn: &str, name: &str) -> Self {
        Self {
            oid: oid.to_owned(),
            upn: upn.to_owned(),
            name: name.to_owned(),
        }
    }
}

impl Default for Person {
    fn default() -> Self {
        let oid = "c0a7f5e2-6b1d-4d8e-9a34-2f61b7c0d915";
        Self::new(oid, "jane@contoso.com", "Jane Doe")
    }
}

/// Typical size for work accounts.
const ACCESS_TOKEN_LENGTH: usize = 2_900;
const REFRESH_TOKEN_LENGTH: usize = 1_500;

/// A three-part token; its signature is never checked.
fn jwt(claims: &Value, rng: &mut Rng) -> String {
    let head = json!({ "typ": "JWT", "alg": "RS256", "kid": "simulated" });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.{}",
        part(&head),
        part(claims),
        rng.text(342, TOKEN_LETTERS)
    )
}

pub(super) fn access_token(
    resource: &str,
    scp: &str,
    now: Timestamp,
    expires_in: i64,
    person: &Person,
    rng: &mut Rng,
) -> String {
    let Person { oid, upn, name } = person;
    let issued = now.as_second();
    let mut claims = json!({
        "aud": resource, "iss": format!("https://sts.windows.net/{TENANT_ID}/"), "iat": issued, "nbf": issued,
        "exp": issued + expires_in, "appid": CLIENT_ID, "appidacr": "0", "name": name, "oid": oid, "scp": scp,
        "sub": rng.text(43, TOKEN_LETTERS), "tid": TENANT_ID, "unique_name": upn, "upn": upn,
        "uti": rng.text(22, TOKEN_LETTERS), "ver": "1.0"
    });
    // Three quarters of the missing length, since base64 adds a third.
    let missing =
        ACCESS_TOKEN_LENGTH.saturating_sub(450 + claims.to_string().len() * 4 / 3) * 3 / 4;
    claims["xms_ftd"] = Value::String(rng.text(missing, TOKEN_LETTERS));
    jwt(&claims, rng)
}

pub(super) fn id_token(
    now: Timestamp,
    nonce: Option<&str>,
    client: &str,
    person: &Person,
    rng: &mut Rng,
) -> String {
    let Person { oid, upn, name } = person;
    let issued = now.as_second();
    let mut claims = json!({
        "aud": client, "iss": format!("https://login.microsoftonline.com/{TENANT_ID}/v2.0"), "iat": issued, "nbf": issued,
        "exp": issued + 3_600, "name": name, "oid": oid, "preferred_username": upn, "sub": rng.text(43, TOKEN_LETTERS),
        "tid": TENANT_ID, "uti": rng.text(22, TOKEN_LETTERS), "rh": rng.text(40, TOKEN_LETTERS), "ver": "2.0"
    });
    if let Some(nonce) = nonce {
        claims["nonce"] = Value::String(nonce.to_owned());
    }
    jwt(&claims, rng)
}

pub(super) fn refresh_token(rng: &mut Rng) -> String {
    format!("1.{}", rng.text(REFRESH_TOKEN_LENGTH, TOKEN_LETTERS))
}

pub(super) fn opaque_token(rng: &mut Rng) -> String {
    rng.text(ACCESS_TOKEN_LENGTH, TOKEN_LETTERS)
}

/// `client_info`: the account and its home tenant.
pub(super) fn client_info(person: &Person) -> String {
    URL_SAFE_NO_PAD.encode(json!({ "uid": person.oid, "utid": TENANT_ID }).to_string())
}

/// `BASE64URL(SHA256(verifier))` (RFC 7636 section 4.2).
pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenge_matches_the_vector_of_rfc_7636() {
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn access_token_has_realistic_size_and_readable_claims() {
        let now: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
        let token = access_token(
            "https://api.securitycenter.microsoft.com",
            "Machine.Read",
            now,
            3_600,
            &Person::default(),
            &mut Rng::new(1),
        );
        assert!((2_700..3_100).contains(&token.len()), "{}", token.len());
        let claims = URL_SAFE_NO_PAD
            .decode(token.split('.').nth(1).unwrap())
            .unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["scp"], "Machine.Read");
    }
}
