//! The package of evidence that a device has collected: the link to it, and fetching it without a
//! token.

use std::fmt;

use serde::Deserialize;
use url::Url;

use super::answer::{host, no_answer};
use super::error::Unreadable;
use super::rate_limit::Permit;
use super::transport::Limits;
use super::transport::stream::Stream;
use super::{ApiError, Client, Sending, odata, wire};
use crate::explain::{Effect, Explain, Explanation, NextStep};
use crate::model::{MachineActionId, Permission, RefusalCode};

/// No package is as large as this; whatever sends more would only fill the disk.
const MAX_BYTES: u64 = 64 << 30;

/// Where a package can be fetched for a short while. Whoever has it may fetch the package, so it is
/// neither shown nor logged.
#[derive(Clone)]
pub struct PackageLink(Url);

impl fmt::Debug for PackageLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PackageLink(…)")
    }
}

/// Why a package was not fetched, or not to its end.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PackageError {
    /// Asking for the link did not work.
    #[error(transparent)]
    Link(#[from] ApiError),
    #[error("the package is not ready")]
    NotReady,
    /// The service keeps no package under this action.
    #[error("the action has no package")]
    NoPackage,
    /// The service answered with something that is no address.
    #[error("the service named no address for the package")]
    NoAddress,
    /// Nothing was asked of that host.
    #[error("the package is said to be on {host}")]
    ForeignHost { host: Box<str> },
    /// The storage does not let it be fetched: most likely the link is too old.
    #[error("{host} refused the link ({status})")]
    LinkRefused { host: Box<str>, status: u16 },
    #[error("{host} answered {status}")]
    Storage { host: Box<str>, status: u16 },
    /// The line to the storage broke, or never came up.
    #[error(transparent)]
    Line(ApiError),
    #[error("{host} sent a web page")]
    WebPage { host: Box<str> },
    /// What is served now is not that of which a part has come.
    #[error("the package has changed on the way")]
    Changed,
    #[error("the package has {bytes} bytes")]
    TooLarge { bytes: u64 },
}

/// How to go on after a [`PackageError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    None,
    /// Ask for another link, then go on where it ended.
    AnotherLink,
    /// Go on where it ended.
    Resume,
    StartOver,
}

/// What has come of a package so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    pub bytes: u64,
    /// Bytes of the whole package, where that is known.
    pub total: Option<u64>,
    version: Option<Box<str>>,
}

/// A package, or the rest of one, as it comes.
#[derive(Debug)]
pub struct Incoming {
    stream: Stream,
    url: Url,
}

impl Client {
    /// The link to the package that this action has collected; one request. The permit is one of
    /// [`Quota::PackageLinks`](super::Quota).
    ///
    /// # Errors
    /// [`PackageError::NotReady`] while there is none yet.
    pub async fn package_link(
        &self,
        action: &MachineActionId,
        permit: Permit,
    ) -> Result<PackageLink, PackageError> {
        let segments = ["machineactions", action.as_str(), "getPackageUri"];
        let url = odata::path(&self.0.endpoints.api, &segments);
        let answer = self.send(&url, permit, Sending::Get(Limits::ONE)).await?;
        match self.understand(&url, &answer, link_text) {
            Ok(text) => self.checked_link(&text),
            Err(ApiError::Refused(refusal)) if refusal.is_not_found() => {
                Err(PackageError::NotReady)
            }
            Err(ApiError::Refused(refusal)) if refusal.has_code(RefusalCode::InvalidInput) => {
                Err(PackageError::NoPackage)
            }
            Err(ApiError::NotUnderstood {
                why: Unreadable::WrongShape,
                ..
            }) => Err(PackageError::NoAddress),
            Err(error) => Err(error.into()),
        }
    }

    /// The address in the text, which has quotation marks around it, if a package may be there.
    fn checked_link(&self, text: &str) -> Result<PackageLink, PackageError> {
        let text = text.trim().trim_matches('"').trim();
        let mut url = Url::parse(text).map_err(|_not_an_address| PackageError::NoAddress)?;
        url.set_fragment(None);
        if self.0.endpoints.may_hold_packages(&url) {
            Ok(PackageLink(url))
        } else {
            let host = host(&url);
            Err(PackageError::ForeignHost { host })
        }
    }

    /// Begins to fetch a package, or its rest after what has come. Sends no token.
    ///
    /// # Errors
    /// See [`PackageError::remedy`] for how to go on.
    pub async fn open_package(
        &self,
        link: &PackageLink,
        received: &mut Received,
    ) -> Result<Incoming, PackageError> {
        let url = &link.0;
        let opened = self.0.http.open_stream(url, received.bytes).await;
        let stream = opened.map_err(|fault| PackageError::Line(no_answer(&fault, url)))?;
        // Neither path nor query: the one names the tenant, the other opens the package.
        let host = host(url);
        tracing::debug!(%host, status = stream.status, from = received.bytes, "package");
        match stream.status {
            200 if stream.is_page => return Err(PackageError::WebPage { host }),
            // All of it from the start, or nothing from there on: what has come is no part of that.
            200 | 416 if received.bytes > 0 => return Err(PackageError::Changed),
            200 => {
                received.total = stream.len;
                received.version.clone_from(&stream.version);
            }
            206 if received.bytes > 0 => check_rest(&stream, received)?,
            status @ (401 | 403 | 404 | 410) => {
                return Err(PackageError::LinkRefused { host, status });
            }
            status => return Err(PackageError::Storage { host, status }),
        }
        match received.total {
            Some(bytes) if bytes > MAX_BYTES => Err(PackageError::TooLarge { bytes }),
            Some(_) | None => Ok(Incoming {
                stream,
                url: url.clone(),
            }),
        }
    }
}

/// Whether it is the rest of what has come.
fn check_rest(stream: &Stream, received: &Received) -> Result<(), PackageError> {
    let range = stream.range.as_deref().and_then(range_of);
    let is_rest = range.is_some_and(|(from, total)| {
        from == received.bytes && (received.total.is_none() || total == received.total)
    });
    let is_same = match (&received.version, &stream.version) {
        (Some(before), Some(now)) => before == now,
        _ => true,
    };
    if is_rest && is_same {
        Ok(())
    } else {
        Err(PackageError::Changed)
    }
}

/// First byte and whole length of `bytes 100-199/200` (RFC 9110 section 14.4).
fn range_of(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (from, _last) = range.split_once('-')?;
    Some((from.trim().parse().ok()?, total.trim().parse().ok()))
}

impl Incoming {
    /// The next piece, counted as received; `None` once all of it has come.
    ///
    /// # Errors
    /// When the line broke, or the package ends before the length that was said.
    pub async fn next(&mut self, received: &mut Received) -> Result<Option<Vec<u8>>, PackageError> {
        let line = |fault| PackageError::Line(no_answer(&fault, &self.url));
        let piece = self.stream.next().await.map_err(line)?;
        let Some(piece) = piece else {
            return match received.total {
                Some(total) if total != received.bytes => {
                    Err(line(crate::auth::HttpFault::Interrupted))
                }
                Some(_) | None => Ok(None),
            };
        };
        received.bytes += u64::try_from(piece.len()).unwrap_or_default();
        match received.total.unwrap_or(MAX_BYTES) {
            most if received.bytes > most => Err(PackageError::Changed),
            _ => Ok(Some(piece)),
        }
    }
}

/// The text of the answer. A link is no noun of its own: `{"value":"\"https://…\""}`.
fn link_text(body: &[u8]) -> Result<Box<str>, Unreadable> {
    #[derive(Deserialize)]
    struct Body {
        value: Box<str>,
    }
    let body = wire::text_of(body)?;
    let read: Result<Body, _> = serde_json::from_str(&body);
    read.map(|read| read.value)
        .map_err(|error| wire::why(&error))
}

impl PackageError {
    /// How to go on, if that may help.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::LinkRefused { .. } | Self::Link(ApiError::Throttled { .. }) => {
                Remedy::AnotherLink
            }
            Self::Link(error) => match super::delay(error, super::Verb::Read, 1, 0.5) {
                Some(_) => Remedy::AnotherLink,
                None => Remedy::None,
            },
            Self::Line(error) if !matches!(error, ApiError::Certificate { .. }) => Remedy::Resume,
            Self::Storage {
                status: 408 | 429 | 500..,
                ..
            } => Remedy::Resume,
            Self::Changed => Remedy::StartOver,
            Self::Line(_)
            | Self::NotReady
            | Self::NoPackage
            | Self::NoAddress
            | Self::ForeignHost { .. }
            | Self::Storage { .. }
            | Self::WebPage { .. }
            | Self::TooLarge { .. } => Remedy::None,
        }
    }

    fn headline(&self) -> (String, NextStep) {
        let outside = |words: &str| NextStep::Outside(words.into());
        let in_the_portal =
            outside("Download it from the device's page in the Defender portal instead");
        match self {
            Self::Link(error) => {
                let permission = Permission::MachineCollectForensics;
                let infinitive = "get the link to this package";
                let link =
                    error.explain_for(super::Verb::Read, infinitive, None, Some(&permission));
                (link.headline, link.next)
            }
            Self::NotReady => (
                "Defender does not have this package ready yet, or no longer keeps it".into(),
                NextStep::TryAgain,
            ),
            Self::NoPackage => (
                "Defender knows no package of this action".into(),
                NextStep::None,
            ),
            Self::NoAddress => (
                "Defender named no usable address for the package".into(),
                in_the_portal,
            ),
            Self::ForeignHost { host } => (
                format!(
                    "Defender says that the package is on {host}, which is none of its hosts, so nothing was asked of it"
                ),
                in_the_portal,
            ),
            Self::LinkRefused { status, .. } => (
                format!("The storage refuses the package, also under a new link ({status})"),
                in_the_portal,
            ),
            Self::Storage { status, .. } => (
                format!("The storage of the package answered {status}"),
                in_the_portal,
            ),
            Self::Line(ApiError::Certificate { .. }) => (
                "The connection to the storage of the package is not trusted".into(),
                outside("Check this computer's clock, and whether a proxy replaces certificates"),
            ),
            Self::Line(ApiError::NotReached { .. }) => (
                "Could not reach the storage of the package".into(),
                outside("Ask your network team to let this computer reach it"),
            ),
            Self::Line(_) => (
                "The connection to the storage of the package was lost several times".into(),
                NextStep::TryAgain,
            ),
            Self::WebPage { .. } => (
                "A web page came in place of the package".into(),
                outside("Check whether a proxy stands in between, or asks for a sign-in"),
            ),
            Self::Changed => (
                "The package changed while it came, several times".into(),
                NextStep::TryAgain,
            ),
            Self::TooLarge { bytes } => (
                format!("What the storage offers is no package: it has {bytes} bytes"),
                NextStep::None,
            ),
        }
    }
}

impl Explain for PackageError {
    fn explain(&self) -> Explanation {
        let (headline, next) = self.headline();
        Explanation {
            headline,
            effect: Effect::NothingChanged,
            next,
            details: vec![format!("What happened: {self}")],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_own_answer_is_read_and_never_shown() {
        let samples: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/fixtures/download_uris.json"))
                .expect("JSON");
        let body = samples["GET /api/machineactions/{id}/GetPackageUri"].to_string();
        let text = link_text(body.as_bytes()).expect("a link");
        assert!(text.starts_with("\"https://userrequests-us."), "{text}");
        let url = Url::parse(text.trim_matches('"')).expect("an address");
        assert_eq!(format!("{:?}", PackageLink(url)), "PackageLink(…)");
        assert_eq!(link_text(b"{}"), Err(Unreadable::WrongShape));
        assert_eq!(link_text(b"{\"value\":7}"), Err(Unreadable::WrongShape));
        assert_eq!(link_text(b""), Err(Unreadable::Empty));
        assert_eq!(link_text(b"<html>"), Err(Unreadable::Html));
    }

    #[test]
    fn a_range_says_where_it_begins_and_how_long_the_whole_is() {
        assert_eq!(range_of("bytes 100-199/200"), Some((100, Some(200))));
        assert_eq!(range_of("bytes 100-199/*"), Some((100, None)));
        for bad in ["", "bytes */200", "items 1-2/3", "bytes 1", "bytes a-b/3"] {
            assert_eq!(range_of(bad), None, "{bad}");
        }
    }
}
