//! URLs: paths, filters, and checks of next links.

use std::net::IpAddr;

use jiff::Timestamp;
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::action::{Order, Task};
use crate::model::{Endpoints, MachineActionId, MachineActionType, MachineId};

/// Maximum page size that the service supports.
pub(super) const MACHINES_TOP: usize = 10_000;
/// Page size for connections on which a full page does not arrive.
pub(super) const FEW_MACHINES_TOP: usize = 1_000;
/// Keeps a response well below its size limit; longer histories are rare.
pub(super) const ACTIONS_TOP: usize = 1_000;
/// Maximum number of machines for a query by name; a longer prefix finds fewer.
pub(super) const FOUND_TOP: usize = 500;
/// Alerts of one machine; if there are more, the result is marked as incomplete.
pub(super) const ALERTS_TOP: usize = 1_000;
/// Filter for unresolved alerts.
const OPEN: &str = "status ne 'Resolved'";
/// Maximum number of pages that are read.
pub(super) const MAX_PAGES: usize = 1_000;
/// Maximum number of empty pages whose link is followed.
pub(super) const MAX_EMPTY_PAGES: usize = 5;
/// Memory limit of a multi-page list: tens of thousands of actions.
pub(super) const MAX_LIST_BYTES: usize = 16 << 20;
/// Limit of body bytes of a multi-page list, including discarded elements.
pub(super) const MAX_LIST_TRAFFIC: usize = 96 << 20;
/// Maximum number of ids in one filter, limited by the URL's length.
const IDS_PER_CALL: usize = 50;

/// Filter of a list of actions; always newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionFilter {
    /// These ids, requested 50 at a time.
    Ids(Vec<MachineActionId>),
    OfMachine {
        machine: MachineId,
        since: Option<Timestamp>,
        kind: Option<MachineActionType>,
    },
    /// Actions of all machines.
    Recent { since: Timestamp },
    /// Actions of these types, of all machines.
    OfKinds {
        kinds: Vec<MachineActionType>,
        since: Timestamp,
    },
    /// No filter: for services that refuse the others.
    All,
}

impl ActionFilter {
    /// Memory limit of the list; the list of one machine is stored in several places.
    pub(super) const fn max_bytes(&self) -> usize {
        match self {
            Self::OfMachine { .. } => MAX_LIST_BYTES / 4,
            Self::Ids(_) | Self::Recent { .. } | Self::OfKinds { .. } | Self::All => MAX_LIST_BYTES,
        }
    }

    /// The `$filter` of each request.
    pub(super) fn texts(&self) -> Vec<String> {
        match self {
            Self::Ids(ids) => ids
                .chunks(IDS_PER_CALL)
                .map(|ids| {
                    let ids: Vec<String> = ids.iter().map(|id| quoted(id.as_str())).collect();
                    format!("id in ({})", ids.join(","))
                })
                .collect(),
            Self::OfMachine {
                machine,
                since,
                kind,
            } => {
                let machine = format!("machineId eq {}", quoted(machine.as_str()));
                let kind = kind
                    .as_ref()
                    .map(|kind| format!("type eq {}", quoted(kind.as_wire())));
                let since = since.map(created_since);
                let conditions: Vec<String> =
                    [machine].into_iter().chain(kind).chain(since).collect();
                vec![conditions.join(" and ")]
            }
            Self::Recent { since } => vec![created_since(*since)],
            Self::OfKinds { kinds, since } => {
                let kinds: Vec<String> = kinds
                    .iter()
                    .map(|kind| format!("type eq {}", quoted(kind.as_wire())))
                    .collect();
                let kinds = kinds.join(" or ");
                vec![format!("({kinds}) and {}", created_since(*since))]
            }
            Self::All => vec![String::new()],
        }
    }
}

/// A string literal: quotes inside are doubled (`OData` 4.01 part 2, section 5.1.1.6.1).
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Whole seconds, rounded down: the service stores seven digits, and nothing may be missed.
fn created_since(since: Timestamp) -> String {
    let whole = Timestamp::from_second(since.as_second()).unwrap_or(since);
    let whole = if whole > since {
        super::rate_limit::later(whole, -1)
    } else {
        whole
    };
    format!("creationDateTimeUtc ge {whole}")
}

/// `{api}/{segments}`.
pub(super) fn path(api: &Url, segments: &[&str]) -> Url {
    let mut url = api.clone();
    // Fails only for URLs without a host, which the cloud table does not have.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

pub(super) fn submission(api: &Url, order: &Order) -> Url {
    match &order.task {
        Task::Act { kind, .. } if kind.is_tenant_wide() => {
            let indicator = order.task.indicator();
            let id = indicator.as_ref().map(MachineActionId::as_str);
            let segments = std::iter::once(kind.spec().endpoint).chain(id);
            path(api, &segments.collect::<Vec<_>>())
        }
        Task::Act { kind, .. } => path(
            api,
            &["machines", order.machine.id.as_str(), kind.spec().endpoint],
        ),
        Task::Cancel { action, .. } => path(api, &["machineactions", action.as_str(), "cancel"]),
    }
}

pub(super) fn machines(api: &Url, top: usize, skip: usize) -> Url {
    with_query(
        path(api, &["machines"]),
        &[("$top", &top.to_string()), ("$skip", &skip.to_string())],
    )
}

/// The machines that match a filter, at most [`FOUND_TOP`].
pub(super) fn machines_where(api: &Url, filter: &str) -> Url {
    let query = [("$filter", filter), ("$top", &FOUND_TOP.to_string())];
    with_query(path(api, &["machines"]), &query)
}

/// The machines that had an internal address within 15 minutes of `at`. The service expects the
/// address quoted and the time unquoted, both in the path.
pub(super) fn machines_by_ip(api: &Url, ip: IpAddr, at: Timestamp) -> Url {
    let at = at.strftime("%Y-%m-%dT%H:%M:%SZ");
    path(
        api,
        &["machines", &format!("findbyip(ip='{ip}',timestamp={at})")],
    )
}

pub(super) fn machine_actions(api: &Url, filter: &str, skip: usize) -> Url {
    let (top, skip) = (ACTIONS_TOP.to_string(), skip.to_string());
    let query = [
        ("$filter", filter),
        ("$orderby", "creationDateTimeUtc desc"),
        ("$top", &top),
        ("$skip", &skip),
    ];
    // Without a filter, other options that might be refused are left out too.
    let query = if filter.is_empty() {
        &query[2..]
    } else {
        &query
    };
    with_query(path(api, &["machineactions"]), query)
}

/// The indicators of these values, with any action.
pub(super) fn indicators<'a>(api: &Url, values: impl Iterator<Item = &'a str>) -> Url {
    let each = values.map(|value| format!("indicatorValue eq {}", quoted(value)));
    let filter = each.collect::<Vec<_>>().join(" or ");
    with_query(path(api, &["indicators"]), &[("$filter", &*filter)])
}

/// The same list from this element on.
pub(super) fn from_element(list: &Url, skip: usize) -> Url {
    let mut url = list.clone();
    let before = url
        .query()
        .map_or_else(String::new, |query| format!("{query}&"));
    url.set_query(Some(&format!("{before}$skip={skip}")));
    url
}

pub(super) fn investigations(api: &Url, machine: &MachineId) -> Url {
    let filter = format!("machineId eq {}", quoted(machine.as_str()));
    let query = [("$filter", &*filter), ("$top", &ACTIONS_TOP.to_string())];
    with_query(path(api, &["investigations"]), &query)
}

/// The alerts of one machine, as URLs in the order in which they are tried: unresolved with
/// evidence; without evidence, as that is documented for the tenant's alerts only; and unfiltered,
/// as the filter is documented for the count only.
pub(super) fn alerts(api: &Url, machine: &MachineId) -> [Url; 3] {
    let top = ALERTS_TOP.to_string();
    let query = [("$expand", "evidence"), ("$filter", OPEN), ("$top", &*top)];
    let alerts = path(api, &["machines", machine.as_str(), "alerts"]);
    [0, 1, 2].map(|left_out| with_query(alerts.clone(), &query[left_out..]))
}

/// Encodes a space as `%20`, which unlike `+` is unambiguous.
fn with_query(mut url: Url, pairs: &[(&str, &str)]) -> Url {
    let query: Vec<String> = pairs
        .iter()
        .map(|(name, value)| {
            let value: String = byte_serialize(value.as_bytes()).collect();
            format!("{name}={}", value.replace('+', "%20"))
        })
        .collect();
    url.set_query(Some(&query.join("&")));
    url
}

/// Reason why paging stopped early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stop {
    #[error("the address of the next page cannot be read")]
    Malformed,
    #[error("the next page is said to be on another host")]
    ForeignHost,
    #[error("the next page is one that was read before")]
    Looping,
    #[error("there are more pages than the console reads")]
    TooMany,
    #[error("the service sent only a part of the page")]
    Partial,
    #[error("the service sends more at a time than was asked for")]
    Overfull,
    #[error("there is more than the console keeps")]
    TooMuch,
}

/// The next page's URL, if our token may be sent there: same host, under our path, not read before.
/// The service may name another of its hosts; that is not followed, as a response must not decide
/// where tokens are sent.
pub(super) fn next_page(endpoints: &Endpoints, present: &Url, link: &str) -> Result<Url, Stop> {
    let mut next = present
        .join(link)
        .map_err(|_not_an_address| Stop::Malformed)?;
    next.set_fragment(None);
    if !endpoints.takes_token(&next) || !next.username().is_empty() || next.password().is_some() {
        return Err(Stop::ForeignHost);
    }
    let lower_case = |url: &Url| url.path().to_ascii_lowercase();
    if lower_case(&next) != lower_case(present) {
        return Err(Stop::Malformed);
    }
    // Seen in the field: links without parameter names.
    if next.query_pairs().any(|(name, _)| name.is_empty()) || next.query().is_none() {
        return Err(Stop::Malformed);
    }
    if next == *present {
        return Err(Stop::Looping);
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;
    use crate::model::{EntryId, MachineRef};

    fn endpoints() -> Endpoints {
        Endpoints::stand_in("http://127.0.0.1:8080", "t", "c").expect("loopback")
    }

    fn machine() -> MachineId {
        MachineId::parse("a1").expect("a literal id")
    }

    proptest::proptest! {
        #[test]
        fn ids_cannot_escape_their_path_segment(text in "[ -~ü]{0,12}|[a-z0-9_.~:@+=$-]{0,12}") {
            let api = Url::parse("https://api.example/api").expect("a literal address");
            if let Ok(id) = crate::model::MachineId::parse(&text) {
                let url = path(&api, &["machines", id.as_str(), "isolate"]);
                let segments: Vec<_> = url.path_segments().into_iter().flatten().collect();
                let encoded = segments.get(2).copied().unwrap_or_default();
                proptest::prop_assert_eq!(&segments, &["api", "machines", encoded, "isolate"]);
                proptest::prop_assert_eq!(encoded, id.as_str());
                proptest::prop_assert!(url.query().is_none() && url.fragment().is_none());
                let again = Url::parse(url.as_str()).expect("a URL");
                proptest::prop_assert_eq!(again, url);
            }
        }
    }

    #[test]
    fn filters_have_the_documented_form() {
        let since: Timestamp = "2025-01-01T00:00:00.9544144Z"
            .parse()
            .expect("a literal time");
        let of_machine = ActionFilter::OfMachine {
            machine: machine(),
            since: Some(since),
            kind: Some(MachineActionType::Isolate),
        };
        assert_eq!(
            of_machine.texts(),
            [
                "machineId eq 'a1' and type eq 'Isolate' and creationDateTimeUtc ge 2025-01-01T00:00:00Z"
            ]
        );
        assert_eq!(
            ActionFilter::Recent { since }.texts(),
            ["creationDateTimeUtc ge 2025-01-01T00:00:00Z"]
        );
        let kinds = vec![MachineActionType::Isolate, MachineActionType::Unisolate];
        assert_eq!(
            ActionFilter::OfKinds { kinds, since }.texts(),
            [
                "(type eq 'Isolate' or type eq 'Unisolate') and creationDateTimeUtc ge 2025-01-01T00:00:00Z"
            ]
        );
        let before_1970 = Timestamp::from_millisecond(-1_500).expect("a literal time");
        assert_eq!(
            created_since(before_1970),
            "creationDateTimeUtc ge 1969-12-31T23:59:58Z"
        );
    }

    #[test]
    fn action_type_is_quoted() {
        let kind = Some(MachineActionType::from_wire("x' or 'a' eq 'a"));
        let filter = ActionFilter::OfMachine {
            machine: machine(),
            since: None,
            kind,
        };
        assert_eq!(
            filter.texts(),
            ["machineId eq 'a1' and type eq 'x'' or ''a'' eq ''a'"]
        );
    }

    #[test]
    fn many_ids_are_split_into_several_filters() {
        let ids = (0..120)
            .map(|n| MachineActionId::parse(&format!("id-{n}")).expect("an id"))
            .collect();
        let texts = ActionFilter::Ids(ids).texts();
        assert_eq!(texts.len(), 3);
        assert!(texts[0].starts_with("id in ('id-0','id-1',"));
        assert!(texts[2].ends_with("'id-119')"));
        assert!(ActionFilter::Ids(Vec::new()).texts().is_empty());
    }

    #[test]
    fn urls_are_percent_encoded() {
        let api = endpoints().api;
        assert_eq!(
            machine_actions(&api, "machineId eq 'a+b&c'", 0).as_str(),
            "http://127.0.0.1:8080/api/machineactions?$filter=machineId%20eq%20%27a%2Bb%26c%27\
             &$orderby=creationDateTimeUtc%20desc&$top=1000&$skip=0"
        );
        assert_eq!(
            machines(&api, MACHINES_TOP, 10_000).as_str(),
            "http://127.0.0.1:8080/api/machines?$top=10000&$skip=10000"
        );
    }

    #[test]
    fn query_text_is_quoted_and_encoded() {
        let api = endpoints().api;
        let filter = format!("computerDnsName eq {}", quoted("o'hara&$top=1#x%2f"));
        assert_eq!(
            machines_where(&api, &filter).as_str(),
            "http://127.0.0.1:8080/api/machines?$filter=computerDnsName%20eq%20\
             %27o%27%27hara%26%24top%3D1%23x%252f%27&$top=500"
        );
        let at: Timestamp = "2025-01-01T10:00:00.9Z".parse().expect("a literal time");
        let ip = "10.1.2.3".parse().expect("a literal address");
        assert_eq!(
            machines_by_ip(&api, ip, at).path(),
            "/api/machines/findbyip(ip='10.1.2.3',timestamp=2025-01-01T10:00:00Z)"
        );
        for (name, segment) in [
            ("a/b?c#d%e f", "a%2Fb%3Fc%23d%25e%20f"),
            ("o'hara\\x", "o'hara%5Cx"),
        ] {
            let path = path(&api, &["users", name, "machines"]).path().to_owned();
            assert_eq!(path, format!("/api/users/{segment}/machines"));
        }
    }

    #[test]
    fn order_has_its_submission_url() {
        let mut order = Order {
            entry: EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag"),
            machine: MachineRef {
                id: machine(),
                dns_name: None,
            },
            comment: "alert 1234".into(),
            batch: None,
            plan: None,
            task: Task::Act {
                kind: ActionKind::Isolate,
                values: crate::action::Values::default(),
            },
        };
        let api = endpoints().api;
        assert_eq!(submission(&api, &order).path(), "/api/machines/a1/isolate");
        let action = MachineActionId::parse("b89eb834-4578-496c-8be0-03f004061435").expect("an id");
        order.task = Task::Cancel {
            action,
            action_type: MachineActionType::Isolate,
        };
        assert_eq!(
            submission(&api, &order).path(),
            "/api/machineactions/b89eb834-4578-496c-8be0-03f004061435/cancel"
        );
    }

    #[test]
    fn next_link_is_followed_only_on_same_host_and_path() {
        let endpoints = endpoints();
        let present = machines(&endpoints.api, MACHINES_TOP, 0);
        let next = |link: &str| next_page(&endpoints, &present, link);
        for good in [
            "http://127.0.0.1:8080/api/machines?$skip=10000",
            "?$skip=5",
            "/api/Machines?$skiptoken=x",
        ] {
            assert!(next(good).is_ok(), "{good}");
        }
        for foreign in [
            "https://evil.example/api/machines?$skip=1",
            "https://127.0.0.1:8080/api/machines?$skip=1",
            "http://127.0.0.1:8081/api/machines?$skip=1",
            "http://user@127.0.0.1:8080/api/machines?$skip=1",
            "//evil.example/api/machines?$skip=1",
            "javascript:alert(1)",
        ] {
            assert_eq!(next(foreign), Err(Stop::ForeignHost), "{foreign}");
        }
        for malformed in [
            "http://",
            "/api/files?$skip=1",
            "/api/../machines?$skip=1",
            "?=onboardingstatus eq 'x'&=10000&$skip=10000",
            "/api/machines",
        ] {
            assert_eq!(next(malformed), Err(Stop::Malformed), "{malformed}");
        }
        assert_eq!(next("?$top=10000&$skip=0"), Err(Stop::Looping));
        assert_eq!(next("?$top=10000&$skip=0#again"), Err(Stop::Looping));
    }
}
