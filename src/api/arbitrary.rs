//! The parsers of untrusted responses as functions of bytes, for the test with arbitrary input.
//! Each returns a number that grows with the amount parsed.

use jiff::Timestamp;
use url::Url;

use super::file::{Info, Stats};
use super::{odata, rate_limit, wire};
use crate::model::{Alert, Availability, Endpoints, LoggedOnUser, Machine, MachineAction};

/// The list of machines, and one machine.
#[must_use]
pub fn machines(body: &[u8]) -> usize {
    let listed = wire::list::<Machine>(body).map_or(0, |listing| listing.received());
    listed + usize::from(wire::one::<Machine>(body).is_ok())
}

/// The list of machine actions, and the response to a submission.
#[must_use]
pub fn machine_actions(body: &[u8]) -> usize {
    let listed = wire::list::<MachineAction>(body).map_or(0, |listing| listing.received());
    listed + usize::from(wire::one::<MachineAction>(body).is_ok())
}

#[must_use]
pub fn logged_on_users(body: &[u8]) -> usize {
    wire::list::<LoggedOnUser>(body).map_or(0, |listing| listing.received())
}

#[must_use]
pub fn alerts(body: &[u8]) -> usize {
    wire::list::<Alert>(body).map_or(0, |listing| listing.received())
}

/// Facts of a file, and its statistics in the organisation.
#[must_use]
pub fn file_facts(body: &[u8]) -> usize {
    usize::from(wire::one::<Info>(body).is_ok()) + usize::from(wire::one::<Stats>(body).is_ok())
}

#[must_use]
pub fn available_actions(body: &[u8]) -> usize {
    wire::list::<Availability>(body).map_or(0, |listing| listing.received())
}

#[must_use]
pub fn refusal(body: &[u8]) -> usize {
    wire::error_body(body).message.len()
}

/// `Retry-After` and the `Date` beside it: the pause in seconds.
#[must_use]
pub fn retry_after(text: &str) -> i64 {
    let date = crate::model::http_date(text);
    rate_limit::pause_secs(
        rate_limit::Quota::Common,
        Some(text),
        date,
        Timestamp::UNIX_EPOCH,
    )
}

/// `@odata.nextLink`: the next URL, if our token may be sent there.
#[must_use]
pub fn next_link(endpoints: &Endpoints, link: &str) -> Option<Url> {
    let present = odata::machines(&endpoints.api, odata::MACHINES_TOP, 0);
    odata::next_page(endpoints, &present, link).ok()
}
