//! What can go wrong, on demand.

use std::time::Duration;

use super::storage_faults::StorageFault;

/// A fault, the requests it applies to, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Requests it applies to.
    pub on: Route,
    /// How many of them; 0 means until cleared.
    pub times: u32,
    /// What happens to them.
    pub what: FaultKind,
}

/// A group of requests.
#[derive(Debug, Clone, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Route {
    /// Asking for a device code.
    Devicecode,
    /// Asking for tokens.
    Token,
    /// The list of machines.
    Machines,
    /// The list of machines with a filter.
    MachineSearch,
    /// Machines by their internal address at a time.
    FindByIp,
    /// The machines of a user.
    UserMachines,
    /// One machine.
    Machine,
    /// A list of machine actions, of all machines or of one.
    MachineActions,
    /// The list of the whole tenant's machine actions alone.
    TenantActions,
    /// The list of machine actions that are asked for by their ids.
    ActionsById,
    /// One machine action.
    MachineAction,
    /// Who is logged on to one machine.
    LogonUsers,
    /// The alerts of one machine, or their number.
    Alerts,
    /// Which actions are offered for one machine.
    AvailableActions,
    /// Any response action on a machine.
    Submit,
    /// One response action, by route or type, for example `isolate`.
    #[strum(disabled)]
    SubmitOf(String),
    /// Cancelling a machine action.
    Cancel,
    /// Reading investigations, one or a list.
    Investigations,
    /// The list of indicators.
    Indicators,
    /// The link to a package.
    PackageLink,
    /// The storage of packages, which is no part of the API.
    Package,
    /// Anything in the API half.
    #[strum(serialize = "api", serialize = "anyapi")]
    AnyApi,
    /// Anything but the control calls.
    Any,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum FaultKind {
    /// The answer takes longer, in real time.
    #[strum(disabled)]
    Latency(Duration),
    /// An error in the service's envelope; nothing is done.
    #[strum(disabled)]
    Status {
        /// Status code.
        code: u16,
        /// `Retry-After`, as it stands: seconds, a date, or nonsense.
        retry_after: Option<String>,
        /// `error.code`.
        code_text: Option<String>,
    },
    /// A page of HTML with this status, as from a proxy. A change is carried out if the status is 2xx.
    #[strum(disabled)]
    Html(u16),
    /// No body with this status. A change is carried out if the status is 2xx.
    #[strum(disabled)]
    Empty(u16),
    /// The work is done and half of the answer's JSON arrives, correctly framed, as some proxies do it.
    Truncated,
    /// The work is done and the answer is not JSON.
    Garbage,
    /// The work is done and the answer is 10 MB long.
    Huge,
    /// The work is done and the answer is nested 100,000 deep.
    Deep,
    /// The connection is reset before anything is done.
    DropBefore,
    /// The work is done, then the connection is reset.
    DropAfter,
    /// The work is done and the answer has no `id`.
    NoId,
    /// The work is done and the answer, or each element of the list, lacks these properties, separated by commas.
    #[strum(disabled)]
    Lacks(String),
    /// The work is done, but the answer is 429.
    ThrottledAfter,
    /// The answer is 201 with an action somebody else had already asked for; nothing new is stored.
    AlreadyPending,
    /// The answer is about another record than the one that was asked for, and its action has succeeded.
    OtherRecord,
    /// The work is done and the answer has the id of another device's action that has ended.
    OtherId,
    /// The work is done and the answer has an id that nobody knows.
    NoSuchId,
    /// The answer is as if the work were done, and nothing is stored.
    Forgotten,
    /// The work is done and the answer says that it has succeeded already, which it has not.
    Premature,
    /// An action keeps its id and is another one otherwise: of another device, kind and requestor,
    /// without a tag, and it has succeeded. So is each one of a list.
    OtherFacts,
    /// A list has its last element twice.
    RepeatRows,
    /// The action is stored on another machine than the one that was named, as for a merged record.
    CarriedOver,
    /// The answer alone names another device.
    OtherDevice,
    /// 400 `ActiveRequestAlreadyExists`, for an action somebody else had already asked for.
    ActiveRequestExists,
    /// Enumerations have values nobody has heard of, and there are properties nobody knows.
    UnknownEnums,
    /// Times are out of range, empty, null or no times at all.
    OddTimes,
    /// A list misses the last third of its elements.
    LoseTail,
    /// A list begins with its first element, whatever `$skip` says.
    SkipIgnored,
    /// A list has at most this many elements, whatever `$top` says, and no link to the others.
    #[strum(disabled)]
    ShortPages(usize),
    /// A list has this kind of `@odata.nextLink`.
    #[strum(disabled)]
    NextLink(NextLinkMode),
    /// There is never an answer; the connection stays open.
    Stall,
    /// 401, whatever the token.
    Unauthorized,
    /// 401 that asks for claims in the next token.
    ClaimsChallenge,
    /// 403 with this text.
    #[strum(disabled)]
    Forbidden {
        /// `error.message`.
        message: String,
    },
    /// The access token is not a JWT.
    OpaqueToken,
    /// There is no refresh token in the answer.
    NoRefreshToken,
    /// `slow_down` (RFC 8628 section 3.5).
    SlowDown,
    /// The connection ends after about this many bytes, headers included.
    #[strum(disabled)]
    CutAfter(usize),
    /// The storage of packages answers in another way than it was asked.
    #[strum(disabled)]
    Storage(StorageFault),
    /// The link leads to another host.
    ForeignLink,
}

/// How `@odata.nextLink` misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum NextLinkMode {
    /// It is there whenever there is more, even with `$top`.
    Normal,
    /// It leads back to the same page.
    Looping,
    /// It has lost its parameter names.
    Malformed,
    /// It names another host.
    Foreign,
    /// The first page is empty and leads to the list.
    Empty,
    /// Every page is empty and leads to another.
    Endless,
}

/// What one request is, for matching faults.
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

/// The faults that are armed, in the order they were armed.
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

    /// All delays that apply to this request, and the first other fault that does.
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
    /// Reads the text forms of the control calls.
    ///
    /// Routes: `devicecode`, `token`, `machines`, `machine_search`, `find_by_ip`, `user_machines`, `machine`,
    /// `machine_actions`, `tenant_actions`, `actions_by_id`, `machine_action`, `logon_users`, `alerts`, `available_actions`, `submit`, `submit:isolate`, `cancel`, `investigations`, `indicators`, `package_link`, `package`, `api`, `any`. Faults: `latency:MILLISECONDS`, `status:CODE`, `status:CODE:RETRY_AFTER`,
    /// `status:CODE:RETRY_AFTER:CODE_TEXT` (parts may be empty), `html:CODE`, `empty:CODE`, `truncated`, `garbage`, `huge`,
    /// `deep`, `drop_before`, `drop_after`, `no_id`, `lacks:PROPERTY`, `already_pending`, `active_request_exists`, `carried_over`, `other_record`, `other_id`, `other_device`, `no_such_id`, `forgotten`, `premature`, `other_facts`, `repeat_rows`, `unknown_enums`,
    /// `odd_times`, `lose_tail`, `skip_ignored`, `short_pages:ELEMENTS`, `next_link:normal|looping|malformed|foreign|empty|endless`, `stall`, `unauthorized`, `claims_challenge`, `forbidden`,
    /// `forbidden:TEXT`, `opaque_token`, `no_refresh_token`, `slow_down`, `cut_after:BYTES`, `foreign_link`, and of the storage
    /// `no_range`, `other_package`, `packed`, `no_total`, `no_length:BYTES`, `short_part`, `part_beyond_the_end`. Dashes and capitals don't matter.
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
