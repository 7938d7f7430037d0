//! A device query that the service can answer, read from the search text.

use std::net::{IpAddr, Ipv4Addr};

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{MachineId, Tickets, clean, each_once, is_guid, without_excluded};

/// A device query that the service can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// The device with this id.
    Id(MachineId),
    /// All records with this host name, in any domain if it names none.
    Name(Box<str>),
    /// Devices whose names have this prefix.
    NamePrefix(Box<str>),
    /// Devices with this internal address, now or at a time.
    Address { ip: IpAddr, at: Option<Timestamp> },
    /// Devices of this user: the account name without domain, as the API expects it.
    User(Box<str>),
    /// The device with this Entra device id.
    EntraId(Box<str>),
}

/// Period for which the service keeps addresses.
const ADDRESSES_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Field names for a user, before a colon.
const USER_FIELDS: [&str; 4] = ["user", "users", "account", "upn"];
/// Maximum number of words considered in a longer text.
const MAX_WORDS: usize = 64;
/// Longer than any host name (RFC 1035 section 2.3.4) or account name.
const MAX_CHARS: usize = 255;

impl Question {
    /// The possible queries of a text, the most likely first. Times without an offset are in
    /// `zone`; a bare time of day is the last one before `now`. In a line with more text, one of
    /// the `tickets` is no device name.
    #[must_use]
    pub fn find(text: &str, now: Timestamp, zone: &TimeZone, tickets: &Tickets) -> Vec<Self> {
        let text = refanged(&without_excluded(text));
        let text = text.trim();
        let ids = pasted_ids(text).filter_map(|id| MachineId::parse(id).ok());
        let ids = each_once(ids.map(Self::Id));
        if !ids.is_empty() {
            return ids;
        }
        if let Some((ip, time)) = address_and_time(text) {
            let at = moment(time, now, zone);
            return at
                .map(|at| Self::Address { ip, at: Some(at) })
                .into_iter()
                .collect();
        }
        if let Some((field, value)) = field_and_value(text) {
            return Self::of_field(field, value);
        }
        let bare = text.trim_matches('"');
        if bare.split_whitespace().nth(1).is_none() {
            let mut questions = Self::of_word(bare);
            if tickets.has_known_prefix(bare) {
                // It may be a device name, but is not queried automatically.
                questions.retain(|question| !question.is_specific());
            }
            return questions;
        }
        Self::among(text, tickets)
    }

    /// Whether only the service can answer the text, so that rows of the list would mislead: a
    /// user, or an address at a time.
    #[must_use]
    pub fn is_beyond_list(text: &str) -> bool {
        let text = refanged(text);
        let text = text.trim();
        let names_user = matches!(field_and_value(text), Some((field, _)) if is_user_field(field));
        names_user || pasted_ids(text).next().is_none() && address_and_time(text).is_some()
    }

    /// Whether the text is an address at a time that cannot be parsed.
    #[must_use]
    pub fn has_unreadable_time(text: &str) -> bool {
        let text = refanged(text);
        address_and_time(text.trim())
            .is_some_and(|(_, time)| moment(time, Timestamp::UNIX_EPOCH, &TimeZone::UTC).is_none())
    }

    /// Whether it matches so few devices that it may be sent without the user's consent.
    #[must_use]
    pub const fn is_specific(&self) -> bool {
        match self {
            Self::Id(_)
            | Self::Name(_)
            | Self::Address { .. }
            | Self::User(_)
            | Self::EntraId(_) => true,
            Self::NamePrefix(_) => false,
        }
    }

    /// Why the service cannot answer it, if known in advance.
    #[must_use]
    pub fn trouble(&self, now: Timestamp) -> Option<&'static str> {
        let Self::Address { at: Some(at), .. } = self else {
            return None;
        };
        let age = now.duration_since(*at);
        if age.is_negative() {
            Some("This time is in the future")
        } else if age > ADDRESSES_KEPT {
            Some("Defender knows which device had an address for the last 30 days only")
        } else {
            None
        }
    }

    /// Short label of the query, safe to show.
    #[must_use]
    pub fn label(&self, zone: &TimeZone) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::Name(name) => clean(name, 64).into_owned(),
            Self::NamePrefix(prefix) => format!("{}…", clean(prefix, 64)),
            Self::Address { ip, at: None } => ip.to_string(),
            Self::Address { ip, at: Some(at) } => {
                let at = at.to_zoned(zone.clone());
                format!("{ip} at {}", at.strftime("%Y-%m-%d %H:%M %:z"))
            }
            Self::User(name) => format!("user {}", clean(name, 64)),
            Self::EntraId(id) => format!("Entra device {id}"),
        }
    }

    fn of_field(field: &str, value: &str) -> Vec<Self> {
        let value = value.trim_matches('"').trim();
        if is_user_field(field) {
            return user(value).into_iter().collect();
        }
        match field.to_ascii_lowercase().as_str() {
            "id" => MachineId::parse(value).map(Self::Id).into_iter().collect(),
            "name" => names(value),
            "ip" => address(value)
                .map(|ip| Self::Address { ip, at: None })
                .into_iter()
                .collect(),
            "entra" if is_guid(value) => vec![Self::EntraId(value.into())],
            _ => Vec::new(),
        }
    }

    fn of_word(word: &str) -> Vec<Self> {
        let is_hex_or_hyphen = |c: char| c.is_ascii_hexdigit() || c == '-';
        if let Some(ip) = address(word) {
            vec![Self::Address { ip, at: None }]
        } else if is_guid(word) {
            vec![Self::EntraId(word.into())]
        } else if is_mac(word) || word.starts_with('-') {
            // The API has no query by MAC address; a word after a hyphen excludes.
            Vec::new()
        } else if word.len() >= 32 && word.chars().all(is_hex_or_hyphen) {
            MachineId::parse(word).map(Self::Id).into_iter().collect()
        } else if word.contains('@') {
            user(word).into_iter().collect()
        } else if let Some((_, name)) = word.split_once('\\') {
            match name.strip_suffix('$') {
                Some(computer) => names(computer),
                None => user(word).into_iter().collect(),
            }
        } else {
            names(word)
        }
    }

    /// Queries among the words of a line pasted from a ticket.
    fn among(text: &str, tickets: &Tickets) -> Vec<Self> {
        let around = |c: char| !(c.is_alphanumeric() || matches!(c, '\\' | ':' | '_' | '[' | ']'));
        let words = text.split_whitespace().take(MAX_WORDS);
        each_once(words.flat_map(|word| {
            let word = word.trim_matches(around);
            let value = word.split_once('=').map_or(word, |(_, value)| value);
            let mut questions = match field_and_value(value) {
                Some((field, value)) => Self::of_field(field, value),
                None => Self::of_word(value),
            };
            questions.retain(|question| match question {
                Self::NamePrefix(_) => false,
                Self::Name(name) => !tickets.has_known_prefix(name),
                // The service looks up internal addresses only.
                Self::Address {
                    ip: IpAddr::V4(ip), ..
                } => ip.is_private() || ip.is_link_local() || is_shared(*ip),
                Self::Id(_) | Self::Address { .. } | Self::User(_) | Self::EntraId(_) => true,
            });
            questions
        }))
    }
}

/// Whether an address is in the shared address space for carrier-grade NAT (RFC 6598), which VPN
/// clients and cloud hosts use internally like those of RFC 1918.
const fn is_shared(ip: Ipv4Addr) -> bool {
    matches!(ip.octets(), [100, 64..=127, ..])
}

/// The text with defanged addresses and names restored.
fn refanged(text: &str) -> String {
    text.replace("[.]", ".").replace("[:]", ":")
}

/// Device ids of the usual form (40 hexadecimal digits) anywhere in a text.
pub fn pasted_ids(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| word.len() == 40 && word.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Splits `10.20.4.17 at 2026-11-28 02:10` into address and time.
fn address_and_time(text: &str) -> Option<(IpAddr, &str)> {
    let (first, rest) = text.split_once(char::is_whitespace)?;
    let ip = address(first.strip_prefix("ip:").unwrap_or(first))?;
    let rest = rest.trim_start();
    let time = rest.strip_prefix('@').or_else(|| {
        let (at, time) = rest.split_once(char::is_whitespace)?;
        at.eq_ignore_ascii_case("at").then_some(time)
    })?;
    Some((ip, time.trim()))
}

fn moment(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    if !text.contains(':') {
        return None;
    }
    let in_utc = ["UTC", "utc"].iter().find_map(|utc| text.strip_suffix(utc));
    let zone = if in_utc.is_some() {
        &TimeZone::UTC
    } else {
        zone
    };
    // Times on screen have a blank before the offset.
    let text = in_utc.unwrap_or(text).trim();
    let text = text.replace(" +", "+").replace(" -", "-");
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Ok(local) = text.parse::<DateTime>() {
        return local.to_zoned(zone.clone()).ok().map(|at| at.timestamp());
    }
    let time: Time = text.parse().ok()?;
    let today = now.to_zoned(zone.clone()).date();
    let on = |day: jiff::civil::Date| {
        let at = day.to_datetime(time).to_zoned(zone.clone());
        at.ok().map(|at| at.timestamp())
    };
    on(today)
        .filter(|at| *at <= now)
        .or_else(|| on(today.yesterday().ok()?))
}

/// Splits a text at its first colon into field and value, unless it is an address, path or URL.
fn field_and_value(text: &str) -> Option<(&str, &str)> {
    let (field, value) = text.split_once(':')?;
    let is_word = field.len() > 1 && field.bytes().all(|b| b.is_ascii_alphabetic());
    let value = value.trim();
    let is_field = is_word && !value.starts_with('/') && address(text).is_none();
    let is_one = value.starts_with('"') || !value.contains(char::is_whitespace);
    (is_field && is_one).then_some((field, value))
}

fn is_user_field(field: &str) -> bool {
    USER_FIELDS
        .iter()
        .any(|word| field.eq_ignore_ascii_case(word))
}

/// The bare account name of `p.marsh@contoso.com`, `CONTOSO\p.marsh` or `p.marsh`.
fn user(text: &str) -> Option<Question> {
    let name = text.split('@').next().unwrap_or_default();
    let name = name.rsplit('\\').next().unwrap_or_default().trim();
    // In a request path, these would lead elsewhere.
    let is_usable = !matches!(name, "" | "." | "..") && name.chars().count() <= MAX_CHARS;
    is_usable.then(|| Question::User(name.into()))
}

fn names(text: &str) -> Vec<Question> {
    let text = text.trim().trim_end_matches('.');
    let chars = text.chars().count();
    if !(2..=MAX_CHARS).contains(&chars) || text.contains([':', '\\']) {
        return Vec::new();
    }
    let prefix = Question::NamePrefix(text.into());
    if is_like_host(text) {
        vec![Question::Name(text.into()), prefix]
    } else {
        vec![prefix]
    }
}

/// Whether it resembles a complete host name: with a domain, or with letters and digits.
fn is_like_host(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty()
            && label
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    let has = |what: fn(char) -> bool| text.chars().any(what);
    let last = labels.last().copied().unwrap_or_default();
    let has_domain = labels.len() > 1 && last.len() > 1 && last.chars().all(char::is_alphabetic);
    let is_bare = labels.len() == 1 && has(char::is_alphabetic) && has(|c| c.is_ascii_digit());
    labels.iter().all(is_label) && (has_domain || is_bare && text.len() >= 4)
}

/// Whether the word is a MAC address: six pairs of hexadecimal digits between colons or hyphens.
fn is_mac(word: &str) -> bool {
    let pairs: Vec<&str> = word.split([':', '-']).collect();
    let is_pair = |pair: &&str| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
    pairs.len() == 6 && pairs.iter().all(is_pair)
}

/// Parses an address: bare, in brackets, with a port or with a zone id.
fn address(word: &str) -> Option<IpAddr> {
    let word = word.trim_matches(['(', ')', ',', ';']);
    let bare = |text: &str| {
        let text = text.trim_start_matches('[').trim_end_matches(']');
        let text = text.split('%').next().unwrap_or_default();
        text.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
    };
    bare(word).or_else(|| bare(word.rsplit_once(':')?.0))
}

#[cfg(test)]
mod tests;
