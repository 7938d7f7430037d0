//! The investigation package collected from a device: its link, and the download, which sends no
//! token.

use std::fmt;

use serde::Deserialize;
use url::Url;

use super::answer::{host, no_answer};
use super::error::Unreadable;
use super::rate_limit::Permit;
use super::transport::Limits;
use super::transport::stream::{Head, Stream};
use super::{ApiError, Client, Sending, odata, wire};
use crate::explain::{Explain, Explanation, NextStep, outside};
use crate::model::{MachineActionId, Permission, RefusalCode};

/// Upper bound of a package's size, so that a faulty server cannot fill the disk.
const MAX_BYTES: u64 = 64 << 30;

/// A short-lived download link. It grants access to the package, so it is neither shown nor logged.
#[derive(Clone)]
pub struct PackageLink(Url);

impl fmt::Debug for PackageLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PackageLink(…)")
    }
}

/// Reason why a download failed or is incomplete.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PackageError {
    /// The request for the link failed.
    #[error(transparent)]
    Link(#[from] ApiError),
    #[error("the package is not ready")]
    NotReady,
    /// The service has no package for this action.
    #[error("the action has no package")]
    NoPackage,
    /// The link in the response is not a URL.
    #[error("the service named no address for the package")]
    NoAddress,
    /// Nothing was sent to that host.
    #[error("the package is said to be on {host}")]
    ForeignHost { host: Box<str> },
    /// The storage refuses the download: most likely the link has expired.
    #[error("{host} refused the link ({status})")]
    LinkRefused { host: Box<str>, status: u16 },
    #[error("{host} answered {status}")]
    Storage { host: Box<str>, status: u16 },
    /// The connection to the storage failed.
    #[error(transparent)]
    Line(ApiError),
    #[error("{host} sent a web page")]
    WebPage { host: Box<str> },
    /// Compressed: length, ranges and hash would apply to other bytes.
    #[error("{host} sent the package compressed ({coding}), although it was asked not to")]
    Packed { host: Box<str>, coding: Box<str> },
    /// The announced part has arrived, but it is not the end of the package.
    #[error("{host} sent only part of what was requested")]
    Part { host: Box<str> },
    /// The body ended properly, but before its announced length.
    #[error("{host} sent less than it had said")]
    Short { host: Box<str> },
    /// The package on the server has changed since the partial download.
    #[error("the package has changed on the way")]
    Changed,
    /// The server does not support ranges.
    #[error("{host} does not resume where the download ended")]
    NoResume { host: Box<str> },
    #[error("the package has {bytes} bytes")]
    TooLarge { bytes: u64 },
}

/// How to continue after a [`PackageError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    None,
    /// Get another link, then resume.
    AnotherLink,
    /// Resume with the same link.
    Resume,
    StartOver,
}

/// State of a partial download.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    pub bytes: u64,
    /// Size of the whole package in bytes, if known.
    pub total: Option<u64>,
    version: Option<Box<str>>,
}

impl Received {
    /// The strong validator (`ETag`), equal only for identical bytes (RFC 9110 section 13.1.5).
    fn strong_version(&self) -> Option<&str> {
        self.version.as_deref().filter(|v| v.starts_with('"'))
    }
}

/// A package, or the rest of one, being downloaded.
#[derive(Debug)]
pub struct Incoming {
    stream: Stream,
    url: Url,
    /// End of the announced part, exclusive.
    end: Option<u64>,
    /// The package was already complete.
    is_over: bool,
}

impl Client {
    /// The link to the package collected by this action; one request. The permit must be for
    /// [`Quota::PackageLinks`](super::Quota).
    ///
    /// # Errors
    /// [`PackageError::NotReady`] until the package is available.
    pub async fn package_link(
        &self,
        action: &MachineActionId,
        permit: Permit,
    ) -> Result<PackageLink, PackageError> {
        let segments = ["machineactions", action.as_str(), "GetPackageUri"];
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

    /// Parses the quoted URL in the text, if a package may be served there.
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

    /// Starts or resumes a download. Sends no token.
    ///
    /// # Errors
    /// See [`PackageError::remedy`] for how to continue.
    pub async fn open_package(
        &self,
        link: &PackageLink,
        received: &mut Received,
    ) -> Result<Incoming, PackageError> {
        let url = &link.0;
        let version = received.strong_version();
        let opened = self.0.http.open_stream(url, received.bytes, version);
        let opened = opened.await;
        let stream = opened.map_err(|fault| PackageError::Line(no_answer(&fault, url)))?;
        let head = &stream.head;
        // Only the host is logged: the path names the tenant, the query grants access.
        let host = host(url);
        tracing::debug!(%host, status = head.status, from = received.bytes, "package");
        let end = match head.status {
            200 if head.is_page => return Err(PackageError::WebPage { host }),
            200 | 206 if head.coding.is_some() => {
                let coding = head.coding.clone().unwrap_or_default();
                return Err(PackageError::Packed { host, coding });
            }
            416 if received.bytes > 0 && is_whole(head, received) => {
                received.total = Some(received.bytes);
                received.total
            }
            200 if received.bytes > 0 && is_same_version(head, received) => {
                return Err(PackageError::NoResume { host });
            }
            // A whole other version, or nothing after this offset: the package has changed.
            200 | 416 if received.bytes > 0 => return Err(PackageError::Changed),
            200 => {
                received.total = head.len;
                received.version.clone_from(&head.version);
                head.len
            }
            206 if received.bytes > 0 => Some(check_rest(head, received)?),
            status @ (401 | 403 | 404 | 410) => {
                return Err(PackageError::LinkRefused { host, status });
            }
            status => return Err(PackageError::Storage { host, status }),
        };
        match received.total {
            Some(bytes) if bytes > MAX_BYTES => Err(PackageError::TooLarge { bytes }),
            Some(_) | None => Ok(Incoming {
                is_over: head.status == 416,
                stream,
                url: url.clone(),
                end,
            }),
        }
    }
}

/// Checks that the response continues the partial download, and returns its end, exclusive. Stores
/// the total size if it was unknown.
fn check_rest(head: &Head, received: &mut Received) -> Result<u64, PackageError> {
    let range = head.range.as_deref().and_then(range_of);
    let (from, end, total) = range.ok_or(PackageError::Changed)?;
    let is_same_total = match (received.total, total) {
        (Some(before), Some(now)) => before == now,
        _ => true,
    };
    let total = received.total.or(total);
    let is_within = total.is_none_or(|total| end <= total);
    let is_as_long = head.len.is_none_or(|len| len == end - from);
    let is_rest = from == received.bytes && is_same_total && is_within && is_as_long;
    if is_rest && is_same_version(head, received) {
        received.total = total;
        Ok(end)
    } else {
        Err(PackageError::Changed)
    }
}

/// Whether the range is empty because the download is complete: `bytes */200`.
fn is_whole(head: &Head, received: &Received) -> bool {
    let all = format!("bytes */{}", received.bytes);
    let is_all = received.total.is_none_or(|total| total == received.bytes);
    is_all && head.range.as_deref() == Some(&*all) && is_same_version(head, received)
}

fn is_same_version(head: &Head, received: &Received) -> bool {
    match (&received.version, &head.version) {
        (Some(before), Some(now)) => before == now,
        _ => true,
    }
}

/// First byte, end (exclusive) and total size of `bytes 100-199/200` (RFC 9110 section 14.4); the
/// size may be unknown, as in `bytes 100-199/*`.
fn range_of(text: &str) -> Option<(u64, u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (from, last) = range.split_once('-')?;
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let (from, end) = (number(from)?, number(last)?.checked_add(1)?);
    let total = match total.trim() {
        "*" => None,
        total => Some(number(total)?),
    };
    (from < end).then_some((from, end, total))
}

impl Incoming {
    /// The next chunk, counted as received; `None` at the end.
    ///
    /// # Errors
    /// When the connection broke, or the package ends before its announced length.
    pub async fn next(&mut self, received: &mut Received) -> Result<Option<Vec<u8>>, PackageError> {
        if self.is_over {
            return Ok(None);
        }
        let line = |fault| PackageError::Line(no_answer(&fault, &self.url));
        let piece = self.stream.next().await.map_err(line)?;
        let host = || host(&self.url);
        let Some(piece) = piece else {
            let is_before = |end: Option<u64>| end.is_some_and(|end| received.bytes < end);
            // A part without a total size need not be the last one.
            let is_part = self.end.is_some() && received.total.is_none();
            return if is_before(self.end) {
                Err(PackageError::Short { host: host() })
            } else if is_part || is_before(received.total) {
                Err(PackageError::Part { host: host() })
            } else {
                Ok(None)
            };
        };
        received.bytes += u64::try_from(piece.len()).unwrap_or_default();
        match self.end {
            Some(end) if received.bytes > end => Err(PackageError::Changed),
            _ if received.bytes > MAX_BYTES => Err(PackageError::TooLarge {
                bytes: received.bytes,
            }),
            _ => Ok(Some(piece)),
        }
    }
}

/// The text of the response. A link is not a full resource: `{"value":"\"https://…\""}`.
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
    /// How to continue, if possible.
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
            }
            | Self::Part { .. }
            | Self::Short { .. } => Remedy::Resume,
            Self::Changed | Self::NoResume { .. } => Remedy::StartOver,
            Self::Line(_)
            | Self::NotReady
            | Self::NoPackage
            | Self::NoAddress
            | Self::ForeignHost { .. }
            | Self::Storage { .. }
            | Self::WebPage { .. }
            | Self::Packed { .. }
            | Self::TooLarge { .. } => Remedy::None,
        }
    }

    /// The cause of an interruption that is retried automatically, as part of a sentence.
    #[must_use]
    pub fn interruption(&self) -> String {
        match self {
            Self::Changed => "the package changed during the download".to_owned(),
            Self::Short { .. } => "the server sent less than it said".to_owned(),
            Self::Line(ApiError::NotReached { .. }) => "the server was not reached".to_owned(),
            Self::Line(_) => "the connection was lost".to_owned(),
            Self::Link(_)
            | Self::NotReady
            | Self::NoPackage
            | Self::NoAddress
            | Self::ForeignHost { .. }
            | Self::LinkRefused { .. }
            | Self::Storage { .. }
            | Self::WebPage { .. }
            | Self::Packed { .. }
            | Self::Part { .. }
            | Self::NoResume { .. }
            | Self::TooLarge { .. } => self.to_string(),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "a list of cases reads best in one piece"
    )]
    fn headline(&self) -> (String, NextStep) {
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
                    "Defender says that the package is on {host}, which is not a Microsoft storage host, so it was not contacted"
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
                "A web page arrived instead of the package".into(),
                outside("Check whether a proxy is in between or requires a sign-in"),
            ),
            Self::Packed { coding, .. } => (
                format!(
                    "The storage sent the package compressed once more ({coding}), which it was asked not to do, so nothing was kept"
                ),
                in_the_portal,
            ),
            Self::Part { .. } => (
                "The storage sent only parts of the package, and never the end".into(),
                NextStep::TryAgain,
            ),
            Self::Short { .. } => (
                "The storage of the package sent less than it said, several times".into(),
                NextStep::TryAgain,
            ),
            Self::Changed => (
                "The package changed during the download, several times".into(),
                NextStep::TryAgain,
            ),
            Self::NoResume { .. } => (
                "The download broke off several times, and the storage cannot resume it".into(),
                NextStep::TryAgain,
            ),
            Self::TooLarge { bytes } => (
                format!("The file in the storage is too large for a package: {bytes} bytes"),
                NextStep::None,
            ),
        }
    }
}

impl Explain for PackageError {
    fn explain(&self) -> Explanation {
        let (headline, next) = self.headline();
        Explanation::harmless(headline, next).with(format!("Cause: {self}"))
    }
}

#[cfg(test)]
mod tests;
