//! Tokens with the shape and size of real ones, and the hash that PKCE needs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::random::{Rng, TOKEN_LETTERS};
use super::{CLIENT_ID, TENANT_ID};

/// Somebody of the tenant who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) oid: String,
    pub(super) upn: String,
    pub(super) name: String,
}

impl Default for Person {
    fn default() -> Self {
        Self {
            oid: "c0a7f5e2-6b1d-4d8e-9a34-2f61b7c0d915".to_owned(),
            upn: "jane@contoso.com".to_owned(),
            name: "Jane Doe".to_owned(),
        }
    }
}

/// Sizes seen with work accounts.
const ACCESS_TOKEN_LENGTH: usize = 2_900;
const REFRESH_TOKEN_LENGTH: usize = 1_500;

/// A three-part token; nobody checks its signature.
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

/// `client_info`: who, and where at home.
pub(super) fn client_info(person: &Person) -> String {
    URL_SAFE_NO_PAD.encode(json!({ "uid": person.oid, "utid": TENANT_ID }).to_string())
}

/// `BASE64URL(SHA256(verifier))` (RFC 7636 section 4.2).
pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()))
}

/// SHA-256 (FIPS 180-4), here so that this module needs no crate that the rest of the program keeps for the journal.
fn sha256(message: &[u8]) -> [u8; 32] {
    let mut state: [u32; 8] = [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ];
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend_from_slice(&(message.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks_exact(64) {
        let mut w = [0_u32; 64];
        for (word, bytes) in w.iter_mut().zip(block.chunks_exact(4)) {
            *word = bytes
                .iter()
                .fold(0, |word, byte| word << 8 | u32::from(*byte));
        }
        for t in 16..64 {
            let s0 = w[t - 15].rotate_right(7) ^ w[t - 15].rotate_right(18) ^ (w[t - 15] >> 3);
            let s1 = w[t - 2].rotate_right(17) ^ w[t - 2].rotate_right(19) ^ (w[t - 2] >> 10);
            w[t] = w[t - 16]
                .wrapping_add(s0)
                .wrapping_add(w[t - 7])
                .wrapping_add(s1);
        }
        let mut v = state;
        for (k, w) in ROUND_CONSTANTS.iter().zip(w) {
            let s1 = v[4].rotate_right(6) ^ v[4].rotate_right(11) ^ v[4].rotate_right(25);
            let choice = (v[4] & v[5]) ^ (!v[4] & v[6]);
            let t1 = v[7]
                .wrapping_add(s1)
                .wrapping_add(choice)
                .wrapping_add(*k)
                .wrapping_add(w);
            let s0 = v[0].rotate_right(2) ^ v[0].rotate_right(13) ^ v[0].rotate_right(22);
            let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
            v = [
                t1.wrapping_add(s0.wrapping_add(majority)),
                v[0],
                v[1],
                v[2],
                v[3].wrapping_add(t1),
                v[4],
                v[5],
                v[6],
            ];
        }
        for (sum, v) in state.iter_mut().zip(v) {
            *sum = sum.wrapping_add(v);
        }
    }
    let mut digest = [0; 32];
    for (bytes, word) in digest.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

#[rustfmt::skip]
const ROUND_CONSTANTS: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_matches_the_vector_of_rfc_7636() {
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn an_access_token_has_a_real_size_and_readable_claims() {
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
