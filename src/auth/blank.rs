//! Blanks a request's secrets in its response, as servers and proxies echo requests.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

/// Number of consecutive characters of a secret that count as an echo. A shorter secret is easier
/// to guess than to echo, and blanking it would spoil every text.
const PIECE: usize = 8;
const BLANK: &str = "[removed]";

/// Secrets to blank in a response, in every form of an echo: plain, form-encoded or base64, whole
/// or in part, in any letter case.
#[derive(Default)]
pub(crate) struct Blank(Zeroizing<Vec<[u8; PIECE]>>);

impl Blank {
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all = Zeroizing::new(Vec::new());
        for secret in secrets {
            let forms = [
                Zeroizing::new(secret.to_owned()),
                Zeroizing::new(byte_serialize(secret.as_bytes()).collect()),
                Zeroizing::new(STANDARD_NO_PAD.encode(secret)),
                Zeroizing::new(URL_SAFE_NO_PAD.encode(secret)),
            ];
            for form in forms {
                let form = Zeroizing::new(form.to_ascii_lowercase());
                all.extend(form.as_bytes().windows(PIECE).filter_map(piece));
            }
        }
        all.sort_unstable();
        all.dedup();
        Self(all)
    }

    /// The text without the secrets.
    pub(crate) fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let lower_case = Zeroizing::new(text.to_ascii_lowercase());
        let mut end_of_echo = 0;
        let is_echo: Vec<bool> = (0..text.len())
            .map(|at| {
                let window = lower_case.as_bytes().get(at..at + PIECE);
                let window = window.and_then(piece);
                if window.is_some_and(|piece| self.0.binary_search(&piece).is_ok()) {
                    end_of_echo = at + PIECE;
                }
                at < end_of_echo
            })
            .collect();
        if !is_echo.contains(&true) {
            return Cow::Borrowed(text);
        }
        let mut blanked = String::with_capacity(text.len());
        let mut was_blanked = false;
        for (at, letter) in text.char_indices() {
            match (was_blanked, is_echo[at]) {
                (_, false) => blanked.push(letter),
                (false, true) => blanked.push_str(BLANK),
                (true, true) => {}
            }
            was_blanked = is_echo[at];
        }
        Cow::Owned(blanked)
    }
}

fn piece(bytes: &[u8]) -> Option<[u8; PIECE]> {
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echoes_are_blanked_in_every_form_and_nothing_else() {
        let secret = "0.AXkAq7+canary/refresh==token";
        let blank = Blank::new([secret, "short"]);
        let escaped: String = byte_serialize(secret.as_bytes()).collect();
        for echo in [
            secret.to_owned(),
            escaped.to_lowercase(),
            escaped,
            secret.to_uppercase(),
            URL_SAFE_NO_PAD.encode(secret),
            STANDARD_NO_PAD.encode(secret),
            secret[..12].to_owned(),
            secret[9..].to_owned(),
        ] {
            let text =
                format!("AADSTS9002313: refresh_token={echo} ü is invalid. Trace ID: 8d39c870");
            assert_eq!(
                blank.apply(&text),
                "AADSTS9002313: refresh_token=[removed] ü is invalid. Trace ID: 8d39c870",
                "{echo}"
            );
        }
        for plain in ["", "short", "The refresh token is canar", "üüüüüüüüüü"] {
            assert_eq!(blank.apply(plain), plain);
        }
        assert_eq!(
            Blank::default().apply("canary-of-nobody"),
            "canary-of-nobody"
        );
        let umlauts = Blank::new(["schlüsselwörter"]);
        assert_eq!(umlauts.apply("x schlüsselwörter y"), "x [removed] y");
    }
}
