//! Claims challenges of a 401: the claims that the next access token must have (continuous access
//! evaluation, authentication contexts of conditional access).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

/// A longer header is not treated as a challenge.
const MAX_HEADER: usize = 32 * 1024;
/// Maximum length of a claims challenge's JSON.
const MAX_CLAIMS: usize = 8 * 1024;

/// A JSON object for the `claims` parameter of a token request.
#[derive(Clone, PartialEq, Eq)]
pub struct WantedClaims(Box<str>);

impl std::fmt::Debug for WantedClaims {
    // They may name a person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("WantedClaims").finish_non_exhaustive()
    }
}

impl WantedClaims {
    /// The claims requested by one of these `WWW-Authenticate` values (RFC 9110 section 11.6.1, RFC
    /// 6750 section 3). The parameter is base64, standard or URL-safe, padded or not.
    ///
    /// `None` for a 401 that a new token alone may fix.
    #[must_use]
    pub fn asked_for_by<'v>(values: impl IntoIterator<Item = &'v str>) -> Option<Self> {
        values
            .into_iter()
            .filter(|value| value.len() <= MAX_HEADER)
            .flat_map(bearer_challenges)
            .filter(|challenge| challenge.says("error", "insufficient_claims"))
            .find_map(|challenge| decode(challenge.get("claims")?))
    }

    /// The claims requested by a refusal of the sign-in host.
    pub(super) fn from_json(json: &str) -> Option<Self> {
        let object: Map<String, Value> = serde_json::from_str(json).ok()?;
        let text = Value::Object(object).to_string();
        (text.len() <= MAX_CLAIMS).then(|| Self(text.into()))
    }

    /// Merges two claims requests; for the same claim the newer one wins.
    pub(super) fn with(&self, newer: &Self) -> Self {
        let object = |claims: &Self| serde_json::from_str(&claims.0).unwrap_or_default();
        let (mut both, newer): (Map<String, Value>, Map<String, Value>) =
            (object(self), object(newer));
        for (name, value) in newer {
            match (both.get_mut(&name), value) {
                (Some(Value::Object(before)), Value::Object(more)) => before.extend(more),
                (_, value) => {
                    both.insert(name, value);
                }
            }
        }
        Self(Value::Object(both).to_string().into())
    }

    pub(super) fn as_json(&self) -> &str {
        &self.0
    }
}

fn decode(base64: &str) -> Option<WantedClaims> {
    let unpadded =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::RequireNone);
    let base64 = base64.trim_end_matches('=');
    let bytes = [alphabet::URL_SAFE, alphabet::STANDARD]
        .iter()
        .find_map(|letters| GeneralPurpose::new(letters, unpadded).decode(base64).ok())?;
    WantedClaims::from_json(std::str::from_utf8(&bytes).ok()?)
}

/// The raw parameters of one challenge.
#[derive(Debug, Default, PartialEq, Eq)]
struct Challenge(Vec<(String, String)>);

impl Challenge {
    fn get(&self, name: &str) -> Option<&str> {
        let named = self
            .0
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    fn says(&self, name: &str, value: &str) -> bool {
        self.get(name)
            .is_some_and(|own| own.eq_ignore_ascii_case(value))
    }
}

/// The `Bearer` challenges of one header value. Tolerates several schemes in one value, missing
/// commas and unclosed quotes.
fn bearer_challenges(header: &str) -> Vec<Challenge> {
    let mut challenges = Vec::new();
    let mut in_bearer = false;
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches(|c: char| c == ',' || c == '=' || c.is_ascii_whitespace());
        if rest.is_empty() {
            return challenges;
        }
        let (word, after) = split_word(rest);
        let Some(value) = after.trim_start_matches(' ').strip_prefix('=') else {
            in_bearer = word.eq_ignore_ascii_case("bearer");
            if in_bearer {
                challenges.push(Challenge::default());
            }
            rest = after;
            continue;
        };
        let (value, after) = split_value(value.trim_start_matches(' '));
        if let Some(challenge) = challenges.last_mut().filter(|_| in_bearer) {
            challenge.0.push((word.to_owned(), value));
        }
        rest = after;
    }
}

/// A scheme or a name, and the rest. Consumes at least one character, so that parsing ends.
fn split_word(text: &str) -> (&str, &str) {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let is_end = |c: char| matches!(c, ',' | '=' | '"') || c.is_ascii_whitespace();
    let end = text[first..]
        .find(is_end)
        .map_or(text.len(), |at| at + first);
    text.split_at(end)
}

/// A value, bare or quoted (RFC 9110 section 5.6.4), and the rest.
fn split_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text
            .find(|c: char| c == ',' || c.is_ascii_whitespace())
            .unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            letter => value.push(letter),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_requests_are_merged_and_newer_wins() {
        let claims = |json: &str| WantedClaims::from_json(json).expect("an object");
        let first = claims(r#"{"access_token":{"acrs":{"value":"c1"},"nbf":{"value":"1"}}}"#);
        let second = claims(r#"{"access_token":{"nbf":{"value":"2"},"xms":{}},"id_token":{}}"#);
        assert_eq!(
            first.with(&second),
            claims(
                r#"{"access_token":{"acrs":{"value":"c1"},"nbf":{"value":"2"},"xms":{}},"id_token":{}}"#
            )
        );
    }

    /// `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`
    const ACRS: &str =
        "eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlIjoiYzEifX19";

    fn asked(values: &[&str]) -> Option<String> {
        WantedClaims::asked_for_by(values.iter().copied()).map(|claims| claims.as_json().to_owned())
    }

    #[test]
    fn challenge_is_found_in_every_spelling() {
        let json = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
        let uri = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize";
        for header in [
            format!(
                r#"Bearer realm="", authorization_uri="{uri}", error="insufficient_claims", claims="{ACRS}""#
            ),
            format!("bearer claims={ACRS} , ERROR = insufficient_claims"),
            format!(
                r#"PoP nonce="x", error="y" Bearer error="insufficient_claims" claims="{ACRS}="#
            ),
            format!(r#"Negotiate,Bearer error="insufficient\_claims",claims="{ACRS}=="#),
        ] {
            assert_eq!(
                asked(&["Basic realm=\"a, b\"", &header]).as_deref(),
                Some(json),
                "{header}"
            );
        }
    }

    #[test]
    fn malformed_challenges_request_no_claims() {
        for header in [
            "",
            "Bearer",
            "Bearer realm=\"\", error=\"invalid_token\"",
            &format!("Bearer claims=\"{ACRS}\""),
            &format!("PoP error=\"insufficient_claims\", claims=\"{ACRS}\""),
            "Bearer error=\"insufficient_claims\", claims=\"WzFd\"",
            "Bearer error=\"insufficient_claims\", claims=\"%%%\"",
            "Bearer error=\"insufficient_claims\"",
            "====,,,,\"\"\"",
        ] {
            assert_eq!(asked(&[header]), None, "{header}");
        }
        let long = format!(
            "Bearer error=\"insufficient_claims\", claims=\"{}\"",
            "A".repeat(40_000)
        );
        assert_eq!(asked(&[&long]), None);
    }
}
