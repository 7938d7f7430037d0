//! Faults on demand.

use std::time::Duration;

use super::storage_faults::StorageFault;

/// A fault, the requests it applies to, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub on: Route,
    /// Number of requests; 0 means until cleared.
    pub times: u32,
    pub what: FaultKind,
}

/// A group of requests.
#[derive(Debug, Clone, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Route {
    /// Requests for a device code.
    Devicecode,
    /// Requests for tokens.
    Token,
    /// The list of machines.
    Machines,
    /// The list of machines with a filter.
    MachineSearch,
    /// Machines by internal address and time.
    FindByIp,
    /// The machines of a user.
    UserMachines,
    /// One machine.
    Machine,
    /// A list of machine actions, of all machines or of one.
    MachineActions,
    /// The list of the whole tenant's machine actions only.
    TenantActions,
    /// The list of machine actions requested by ids.
    ActionsById,
    /// One machine action.
    MachineAction,
    /// Users logged on to one machine.
    LogonUsers,
    /// The alerts of one machine, or their number.
    Alerts,
    /// Available actions of one machine.
    AvailableActions,
    /// Any response action on a machine.
    Submit,
    /// One response action, by route or type, for example `isolate`.
    #[strum(disabled)]
    SubmitOf(String),
    /// Cancellation of a machine action.
    Cancel,
    /// Investigations, one or a list.
    Investigations,
    /// The list of indicators.
    Indicators,
    /// The link to a package.
    PackageLink,
    /// The storage of packages, which is not part of the API.
    Package,
    /// Anything in the API half.
    #[strum(serialize = "api", serialize = "anyapi")]
    AnyApi,
    /// Anything except control calls.
    Any,
}

/// The effect of a fault. Requests are processed unless refused or stated otherwise.
#[derive(Debug, Clone, PartialEq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum FaultKind {
    /// Delays the response, in real time.
    #[strum(disabled)]
    Latency(Duration),
    /// An error in the service's envelope; the request is not processed.
    #[strum(disabled)]
    Status {
        code: u16,
        /// Raw `Retry-After`: seconds, a date, or nonsense.
        retry_after: Option<String>,
        /// `error.code`.
        code_text: Option<String>,
    },
    /// An HTML page with this status, as from a proxy. A change is processed if the status is 2xx.
    #[strum(disabled)]
    Html(u16),
    /// An empty body with this status. A change is processed if the status is 2xx.
    #[strum(disabled)]
    Empty(u16),
    /// The first half of the JSON, correctly framed, as some proxies send it.
    Truncated,
    /// A response that is not JSON.
    Garbage,
    /// A response of 10 MB.
    Huge,
    /// A response nested 100,000 levels deep.
    Deep,
    /// The connection is reset before processing.
    DropBefore,
    /// The connection is reset after processing.
    DropAfter,
    /// A response without `id`.
    NoId,
    /// A response whose object, or each list element, lacks these properties, separated by commas.
    #[strum(disabled)]
    Lacks(String),
    /// A 429 after processing.
    ThrottledAfter,
    /// A 201 with another requestor's pending action; nothing new is stored.
    AlreadyPending,
    /// A response with another record, whose action has succeeded.
    OtherRecord,
    /// A response with the id of another device's ended action.
    OtherId,
    /// A response with an unknown id.
    NoSuchId,
    /// A normal response, but nothing is stored.
    Forgotten,
    /// A response that reports success too early.
    Premature,
    /// An action keeps its id but has another device, kind and requestor, no tag, and has
    /// succeeded. Applies to each one of a list.
    OtherFacts,
    /// A list repeats its last element.
    RepeatRows,
    /// The action is stored on another machine, as for a merged record.
    CarriedOver,
    /// Only the response names another device.
    OtherDevice,
    /// A 400 `ActiveRequestAlreadyExists`, with another requestor's pending action.
    ActiveRequestExists,
    /// Unknown enumeration values and properties.
    UnknownEnums,
    /// Times that are out of range, empty, null or malformed.
    OddTimes,
    /// A list lacks the last third of its elements.
    LoseTail,
    /// A list ignores `$skip`.
    SkipIgnored,
    /// A list has at most this many elements, ignoring `$top`, and no next link.
    #[strum(disabled)]
    ShortPages(usize),
    /// A list has this kind of `@odata.nextLink`.
    #[strum(disabled)]
    NextLink(NextLinkMode),
    /// No response and no processing; the connection stays open.
    Stall,
    /// A 401, even with a valid token.
    Unauthorized,
    /// A 401 with a claims challenge.
    ClaimsChallenge,
    /// A 403 with this message.
    #[strum(disabled)]
    Forbidden {
        /// `error.message`.
        message: String,
    },
    /// The access token is not a JWT.
    OpaqueToken,
    /// The response has no refresh token.
    NoRefreshToken,
    /// `slow_down` (RFC 8628 section 3.5).
    SlowDown,
    /// The connection is closed after about this many bytes, headers included.
    #[strum(disabled)]
    CutAfter(usize),
    /// The package storage misbehaves.
    #[strum(disabled)]
    Storage(StorageFault),
    /// The link has another host.
    ForeignLink,
}

/// Kinds of `@odata.nextLink`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum NextLinkMode {
    /// Present whenever there are more elements, even with `$top`.
    Normal,
    /// To the same page.
    Looping,
    /// Without parameter names.
    Malformed,
    /// To another host.
    Foreign,
    /// The first page is empty and links to the list.
    Empty,
    /// Every page is empty and links to another.
    Endless,
}

/// Classification of a request, for matching faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Of(Route),
    Submit {
        route: &'static str,
        kind: &'static str,
    },
    OtherApi,
    Elsewhere,
}

impl Place {
    pub(super) fn is_api(&self) -> bool {
        !matches!(
            self,
            Self::Of(Route::Devicecode | Route::Token | Route::Package) | Self::Elsewhere
        )
    }
}

impl Route {
    fn covers(&self, place: &Place) -> bool {
        match (self, place) {
            (Self::Any, _)
            | (Self::Submit, Place::Submit { .. })
            | (Self::MachineActions, Place::Of(Self::TenantActions | Self::ActionsById)) => true,
            (Self::AnyApi, _) => place.is_api(),
            (Self::SubmitOf(name), Place::Submit { route, kind }) => {
                name.eq_ignore_ascii_case(route) || name.eq_ignore_ascii_case(kind)
            }
            (_, Place::Of(route)) => self == route,
            (_, Place::Submit { .. } | Place::OtherApi | Place::Elsewhere) => false,
        }
    }
}

/// The armed faults, in order of arming.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn arm(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn armed(&self) -> &[Fault] {
        &self.0
    }

    /// The total delay for this request, and the first other matching fault.
    pub(super) fn take_matching(&mut self, place: &Place) -> (Duration, Option<FaultKind>) {
        let mut delay = Duration::ZERO;
        let mut matched = None;
        self.0.retain_mut(|fault| {
            if !fault.on.covers(place) {
                return true;
            }
            if let FaultKind::Latency(by) = &fault.what {
                delay = delay.saturating_add(*by);
            } else if matched.is_none() {
                matched = Some(fault.what.clone());
            } else {
                return true;
            }
            if fault.times == 0 {
                return true;
            }
            fault.times -= 1;
            fault.times > 0
        });
        (delay, matched)
    }
}

impl Fault {
    /// Parses the text forms of control calls. Dashes, underscores, spaces and case are ignored.
    ///
    /// Routes are the names of [`Route`], with `api` for [`Route::AnyApi`] and `submit:isolate` for
    /// [`Route::SubmitOf`]. Faults are the names of [`FaultKind`] and [`StorageFault`], such as
    /// `drop_after`, some with values: `latency:MILLISECONDS`, `status:CODE:RETRY_AFTER:CODE_TEXT`
    /// (only the code is required), `html:CODE`, `empty:CODE`, `lacks:PROPERTY`,
    /// `short_pages:ELEMENTS`, `forbidden` or `forbidden:TEXT`, `cut_after:BYTES`,
    /// `no_length:BYTES`, and `next_link:` with a [`NextLinkMode`].
    #[must_use]
    pub fn parse(route: &str, what: &str, times: u32) -> Option<Self> {
        Some(Self {
            on: parse_route(route)?,
            times,
            what: parse_kind(what)?,
        })
    }
}

fn plain(text: &str) -> String {
    text.trim()
        .chars()
        .filter(|letter| !"-_ ".contains(*letter))
        .collect::<String>()
        .to_ascii_lowercase()
}

fn parse_route(text: &str) -> Option<Route> {
    if let Some((head, name)) = text.split_once(':') {
        let named = plain(head) == "submit" && !name.trim().is_empty();
        return named.then(|| Route::SubmitOf(name.trim().to_owned()));
    }
    plain(text).parse().ok()
}

fn parse_kind(text: &str) -> Option<FaultKind> {
    let (name, rest) = text
        .split_once(':')
        .map_or((text, None), |(name, rest)| (name, Some(rest.trim())));
    let code = |text: &str| {
        let code = text.trim().parse().ok();
        code.filter(|code| (200..600).contains(code))
    };
    Some(match plain(name).as_str() {
        "latency" => FaultKind::Latency(Duration::from_millis(rest?.parse().ok()?)),
        "status" => {
            let mut parts = rest?.splitn(3, ':').map(str::trim);
            let code = code(parts.next()?)?;
            let mut text = || Some(parts.next()?.to_owned()).filter(|part| !part.is_empty());
            FaultKind::Status {
                code,
                retry_after: text(),
                code_text: text(),
            }
        }
        "html" => FaultKind::Html(code(rest?)?),
        "empty" => FaultKind::Empty(code(rest?)?),
        "lacks" => FaultKind::Lacks(rest.filter(|name| !name.is_empty())?.to_owned()),
        "shortpages" => FaultKind::ShortPages(rest?.parse().ok()?),
        "nextlink" => FaultKind::NextLink(plain(rest?).parse().ok()?),
        "forbidden" => FaultKind::Forbidden {
            message: rest
                .filter(|text| !text.is_empty())
                .unwrap_or("User is not exposed to machine")
                .to_owned(),
        },
        "cutafter" => FaultKind::CutAfter(rest?.parse().ok()?),
        name => match name.parse() {
            Ok(kind) => kind,
            Err(strum::ParseError::VariantNotFound) => {
                FaultKind::Storage(StorageFault::parse(name, rest)?)
            }
        },
    })
}

#[cfg(test)]
mod tests;
