//! Sign-in with a code typed into a browser: the device authorization grant (RFC 8628).

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use oauth2::{ClientId, DeviceCode};
use tokio::sync::watch;
use tokio::time::Instant;
use url::Url;

use super::answer::{Fields, TokenReply, post};
use super::challenge::WantedClaims;
use super::error::AuthError;
use super::secret::Secret;
use super::token::monotonic_now;
use super::{Clock, SignInHost};
use crate::model::{SignInPrompt, clean, is_loopback, is_within};

/// RFC 8628 section 3.4.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// RFC 8628 section 3.2.
const DEFAULT_INTERVAL: u64 = 5;
/// RFC 8628 section 3.5.
const SLOW_DOWN: Duration = Duration::from_secs(5);
const MAX_WAIT: Duration = Duration::from_mins(1);
/// Entra's value, for servers that omit it.
const DEFAULT_LIFE: u64 = 900;
const MAX_LIFE: u64 = 24 * 3600;
/// Hosts and paths of pages on which codes are entered.
const CODE_PAGES: [&str; 6] = [
    "microsoft.com",
    "microsoftonline.com",
    "microsoftonline.us",
    "microsoftonline.cn",
    "chinacloudapi.cn",
    "usgovcloudapi.net",
];

/// An issued code, and what is needed to wait for the user.
pub struct DeviceFlow {
    prompt: SignInPrompt,
    /// A bearer secret: sufficient to get the tokens.
    device_code: Secret<String>,
    interval: Option<u64>,
    /// The code's expiry, by a clock that stops in sleep and by one that can be set.
    deadline: Instant,
    wall_deadline: Timestamp,
    /// Claims that the token must have.
    claims: Option<WantedClaims>,
    /// Whether the host is currently not responding.
    trouble: watch::Sender<bool>,
    pub(super) number: u64,
}

impl DeviceFlow {
    /// A watch on whether the host stops responding to polls.
    #[must_use]
    pub fn watch_trouble(&self) -> watch::Receiver<bool> {
        self.trouble.subscribe()
    }

    /// The code and where to type it.
    #[must_use]
    pub fn prompt(&self) -> &SignInPrompt {
        &self.prompt
    }

    fn left(&self, clock: &Clock) -> Duration {
        let wall =
            Duration::try_from(self.wall_deadline.duration_since(clock())).unwrap_or_default();
        self.deadline
            .saturating_duration_since(monotonic_now())
            .min(wall)
    }
}

impl fmt::Debug for DeviceFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceFlow")
            .field("prompt", &self.prompt)
            .finish_non_exhaustive()
    }
}

/// Requests a code (RFC 8628 section 3.1). Only on a user's action, as it expires.
pub(super) async fn ask(
    host: &SignInHost,
    claims: Option<WantedClaims>,
    number: u64,
) -> Result<DeviceFlow, AuthError> {
    let mut form = vec![
        ("client_id", &*host.endpoints.client_id),
        ("scope", host.scope.as_str()),
    ];
    form.extend(claims.iter().map(|claims| ("claims", claims.as_json())));
    let mut fields = match post(&host.http, &host.endpoints.device_authorization, &form).await {
        TokenReply::Success(fields) => fields,
        TokenReply::ProtocolError(refusal) => return Err(refusal.of_sign_in().into_error()),
        TokenReply::NoReply(nothing) => return Err(nothing.into_error((host.clock)())),
    };
    // A blank code cannot be typed.
    let says_something = |code: &String| !code.trim().is_empty();
    let taken = (
        fields.device_code.take().filter(says_something),
        fields.user_code.take().filter(says_something),
        page(&mut fields),
    );
    let (Some(device_code), Some(user_code), Some(page)) = taken else {
        return Err(AuthError::Unusable);
    };
    let device_code = DeviceCode::new(device_code);
    let life = Duration::from_secs(fields.expires_in.unwrap_or(DEFAULT_LIFE).clamp(1, MAX_LIFE));
    let received = (host.clock)();
    Ok(DeviceFlow {
        prompt: SignInPrompt {
            user_code: clean(&user_code, 64).into(),
            may_open: may_open(&page, host.endpoints.loopback),
            verification_uri: clean(&page, 300).into(),
            expires_in: life,
            received,
            is_silent: false,
        },
        // EXPOSE: from one wrapper into another, which also wipes.
        device_code: Secret::new(device_code.into_secret()),
        interval: fields.interval,
        deadline: monotonic_now() + life,
        wall_deadline: received.checked_add(life).unwrap_or(Timestamp::MAX),
        claims,
        trouble: watch::Sender::new(false),
        number,
    })
}

fn page(fields: &mut Fields) -> Option<String> {
    fields
        .verification_uri
        .take()
        .or_else(|| fields.verification_url.take())
}

/// Whether a button may open the page: a known host, nothing hidden in the URL.
fn may_open(page: &str, loopback_run: bool) -> bool {
    let Ok(url) = Url::parse(page) else {
        return false;
    };
    // The QR code holds the raw text, which other URL parsers may read differently.
    let plain = clean(page, 300) == page && !page.contains('\\');
    if !url.username().is_empty() || url.password().is_some() || !plain {
        return false;
    }
    match url.scheme() {
        "https" => is_within(&url, &CODE_PAGES),
        "http" => loopback_run && is_loopback(&url),
        _ => false,
    }
}

/// Polls until there is a token, a refusal or the code's expiry. Dropping the future cancels.
pub(super) async fn wait_for_person(
    host: &SignInHost,
    flow: &DeviceFlow,
) -> Result<Box<Fields>, AuthError> {
    let client_id = ClientId::new(host.endpoints.client_id.to_string());
    let mut poller = Poller::new(flow.interval);
    // RFC 8628 section 3.5: an interval passes before the first poll, too.
    let mut wait = poller.interval.min(flow.left(&host.clock));
    let mut answer_lost = false;
    loop {
        // A tenth more: the monotonic clocks of some virtual machines run fast.
        tokio::time::sleep((wait + wait / 10).min(flow.left(&host.clock))).await;
        let mut form = vec![
            ("grant_type", GRANT),
            ("client_id", client_id.as_str()),
            // EXPOSE: for the form of the token endpoint.
            ("device_code", flow.device_code.expose().as_str()),
            ("client_info", "1"),
        ];
        form.extend(flow.claims.iter().map(|c| ("claims", c.as_json())));
        let reply = post(&host.http, &host.endpoints.token, &form).await;
        let seen = Seen::of(&reply);
        let is_silent = matches!(seen, Seen::Transient { .. });
        flow.trouble
            .send_if_modified(|before| std::mem::replace(before, is_silent) != is_silent);
        let step = poller.step(&seen, flow.left(&host.clock));
        match (step, reply) {
            (Step::Done, TokenReply::Success(fields)) => return Ok(fields),
            (Step::Wait(next), reply) => {
                wait = next;
                answer_lost = match reply {
                    // The host still waits for the user, so no earlier response was lost.
                    TokenReply::ProtocolError(_) => false,
                    TokenReply::Success(_) => true,
                    // Once lost, no later reply recovers it.
                    TokenReply::NoReply(nothing) => answer_lost || nothing.may_hide_tokens(),
                };
            }
            (Step::Expired, _) => return Err(AuthError::Expired),
            (Step::Failed | Step::Done, TokenReply::ProtocolError(refusal)) => {
                // A code works once: a lost previous response was the success.
                let was_used = answer_lost && refusal.may_be_used_code();
                return Err(if was_used {
                    AuthError::AnswerLost
                } else {
                    refusal.into_sign_in_error()
                });
            }
            (Step::Failed | Step::Done, TokenReply::NoReply(nothing)) => return Err(nothing.why),
            (Step::Failed, TokenReply::Success(_)) => {
                return Err(AuthError::Unusable);
            }
        }
    }
}

enum Seen<'a> {
    Success,
    Error(&'a str),
    Transient { retry_after: Option<Duration> },
}

impl<'a> Seen<'a> {
    fn of(reply: &'a TokenReply) -> Self {
        match reply {
            TokenReply::Success(fields) if fields.access_token.is_some() => Self::Success,
            // A 2xx without a token comes from an intermediary.
            TokenReply::Success(_) => Self::Transient { retry_after: None },
            TokenReply::ProtocolError(refusal) => Self::Error(&refusal.error),
            TokenReply::NoReply(nothing) if !nothing.may_pass() => Self::Error(""),
            TokenReply::NoReply(nothing) => Self::Transient {
                retry_after: nothing.retry_after,
            },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Wait(Duration),
    Done,
    Expired,
    Failed,
}

/// The polling interval (RFC 8628 section 3.5), without a clock or a network.
struct Poller {
    /// Never shrinks within one flow.
    interval: Duration,
    faults: u32,
}

impl Poller {
    fn new(interval: Option<u64>) -> Self {
        let secs = interval
            .unwrap_or(DEFAULT_INTERVAL)
            .clamp(1, MAX_WAIT.as_secs());
        Self {
            interval: Duration::from_secs(secs),
            faults: 0,
        }
    }

    /// `left` is the time to the deadline; `Wait(left)` means one last poll.
    fn step(&mut self, seen: &Seen<'_>, left: Duration) -> Step {
        let wait = match *seen {
            Seen::Success => return Step::Done,
            Seen::Error("authorization_pending") => {
                self.faults = 0;
                self.interval
            }
            Seen::Error("slow_down") => {
                self.faults = 0;
                self.interval += SLOW_DOWN;
                self.interval
            }
            Seen::Error("expired_token" | "code_expired") => return Step::Expired,
            Seen::Error(_) => return Step::Failed,
            Seen::Transient { retry_after } => {
                let grown = self.interval * 2_u32.pow(self.faults.min(4));
                self.faults += 1;
                grown
                    .min(MAX_WAIT)
                    .max(self.interval)
                    .max(retry_after.unwrap_or_default())
            }
        };
        if left.is_zero() {
            Step::Expired
        } else {
            Step::Wait(wait.min(left))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: Duration = Duration::from_mins(15);

    fn secs(secs: u64) -> Step {
        Step::Wait(Duration::from_secs(secs))
    }

    #[test]
    fn polling_is_never_faster_than_the_host_allows() {
        let mut poller = Poller::new(None);
        assert_eq!(
            poller.step(&Seen::Error("authorization_pending"), FAR),
            secs(5)
        );
        assert_eq!(poller.step(&Seen::Error("slow_down"), FAR), secs(10));
        let lost = Seen::Transient { retry_after: None };
        assert_eq!(
            [0; 5].map(|_| poller.step(&lost, FAR)),
            [10, 20, 40, 60, 60].map(secs)
        );
        assert_eq!(
            poller.step(
                &Seen::Transient {
                    retry_after: Some(Duration::from_secs(90))
                },
                FAR
            ),
            secs(90)
        );
        assert_eq!(
            poller.step(&Seen::Error("authorization_pending"), FAR),
            secs(10)
        );
        assert_eq!(
            poller.step(
                &Seen::Error("authorization_pending"),
                Duration::from_secs(3)
            ),
            secs(3)
        );
        assert_eq!(
            poller.step(&Seen::Error("authorization_pending"), Duration::ZERO),
            Step::Expired
        );
        assert_eq!(poller.step(&Seen::Success, Duration::ZERO), Step::Done);
    }

    #[test]
    fn only_known_pages_may_be_opened() {
        for good in [
            "https://microsoft.com/devicelogin",
            "https://login.microsoft.com/device",
            "https://www.microsoft.com/link",
            "https://microsoft.com/deviceloginus",
        ] {
            assert!(may_open(good, false), "{good}");
        }
        for bad in [
            "http://microsoft.com/devicelogin",
            "https://microsoft.com@evil.example/",
            "https://evilmicrosoft.com",
            "https://microsoft.com.evil.example/",
            "https://u@microsoft.com/",
            "https://x/\u{202e}",
            "javascript:1",
            "http://127.0.0.1:8080/device",
            "https://127.0.0.1/device",
            "not an address",
        ] {
            assert!(!may_open(bad, false), "{bad}");
        }
        assert!(may_open("http://127.0.0.1:8080/device", true));
        assert!(may_open("http://localhost/device", true));
        assert!(!may_open("http://10.0.0.1/device", true));
    }
}
