//! From JSON to the service's nouns. Whatever is missing, null, new or of a wrong type is left out;
//! only an id has to be there (rule 8).

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::error::Unreadable;
use super::loose::{AddressEntry, FileEntry, Loose, LooseList, Nullable};
use super::odata::MACHINES_TOP;
use crate::model::{
    ExposureLevel, HResult, HealthStatus, Machine, MachineAction, MachineActionId,
    MachineActionStatus, MachineActionType, MachineId, OnboardingStatus, RiskScore, clean,
};

/// A noun of the service, read from one JSON object.
pub(super) trait Noun: Sized {
    /// How many of one answer are read: nobody asks for more.
    const MOST: usize = 1_000;

    /// `None` when the text is no object, or has no usable id.
    fn read(json: &str) -> Option<Self>;
}

/// One answer of a list call.
#[derive(Debug)]
pub(super) struct Listing<T> {
    pub items: Vec<T>,
    pub unreadable: usize,
    pub next_link: Option<Box<str>>,
    /// There were more than anybody asks for; they were left out.
    pub is_overfull: bool,
    /// Length of the answer.
    pub bytes: usize,
}

impl<T> Listing<T> {
    /// How many elements the service sent.
    pub(super) fn received(&self) -> usize {
        self.items.len() + self.unreadable
    }
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Noun"))]
struct ListBody<T> {
    /// `None`: absent, so this is no list.
    #[serde(default, deserialize_with = "present")]
    value: Option<Elements<T>>,
    #[serde(rename = "@odata.nextLink", default)]
    next_link: Loose<Box<str>>,
}

/// Each element is read on its own as it comes, so that one that cannot be read costs only itself,
/// and those beyond [`Noun::MOST`] cost no memory. Null is an empty list.
struct Elements<T> {
    items: Vec<T>,
    unreadable: usize,
    is_overfull: bool,
}

impl<'de, T: Noun> Deserialize<'de> for Elements<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ElementsVisitor(PhantomData))
    }
}

struct ElementsVisitor<T>(PhantomData<T>);

impl<'de, T: Noun> Visitor<'de> for ElementsVisitor<T> {
    type Value = Elements<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Elements {
            items: Vec::new(),
            unreadable: 0,
            is_overfull: false,
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let (mut items, mut unreadable) = (Vec::new(), 0);
        while items.len() + unreadable < T::MOST {
            let Some(raw) = seq.next_element::<&RawValue>()? else {
                break;
            };
            match T::read(raw.get()) {
                Some(item) => items.push(item),
                None => unreadable += 1,
            }
        }
        let mut is_overfull = false;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            is_overfull = true;
        }
        Ok(Elements {
            items,
            unreadable,
            is_overfull,
        })
    }
}

/// Makes a null a value, too, where otherwise it would be the same as nothing.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// Reads a list.
pub(super) fn list<T: Noun>(body: &[u8]) -> Result<Listing<T>, Unreadable> {
    let bytes = body.len();
    let text = text_of(body)?;
    let body: ListBody<T> = serde_json::from_str(&text).map_err(|error| why(&error))?;
    let Elements {
        items,
        unreadable,
        is_overfull,
    } = body.value.ok_or(Unreadable::WrongShape)?;
    Ok(Listing {
        items,
        unreadable,
        next_link: body.next_link.0,
        is_overfull,
        bytes,
    })
}

/// Reads a single object.
pub(super) fn one<T: Noun>(body: &[u8]) -> Result<T, Unreadable> {
    let text = text_of(body)?;
    if let Some(noun) = T::read(&text) {
        return Ok(noun);
    }
    let raw: &RawValue = serde_json::from_str(&text).map_err(|error| why(&error))?;
    Err(if raw.get().starts_with('{') {
        Unreadable::NoId
    } else {
        Unreadable::WrongShape
    })
}

/// The text of a body. A byte that is no UTF-8 spoils one name, not the list it stands in.
fn text_of(body: &[u8]) -> Result<Cow<'_, str>, Unreadable> {
    let body = body
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(body)
        .trim_ascii();
    match body.first() {
        None => Err(Unreadable::Empty),
        Some(b'<') => Err(Unreadable::Html),
        Some(_) => Ok(String::from_utf8_lossy(body)),
    }
}

fn why(error: &serde_json::Error) -> Unreadable {
    match error.classify() {
        serde_json::error::Category::Eof => Unreadable::Truncated,
        serde_json::error::Category::Data => Unreadable::WrongShape,
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
            Unreadable::NotJson
        }
    }
}

/// A JSON object, its properties in the given order.
pub(super) fn object(properties: &[(&str, serde_json::Value)]) -> Vec<u8> {
    let members: Vec<String> = properties
        .iter()
        .map(|(name, value)| format!("{}:{value}", serde_json::Value::from(*name)))
        .collect();
    format!("{{{}}}", members.join(",")).into_bytes()
}

/// What a refusal says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorBody {
    pub code: Option<Box<str>>,
    /// Safe to show; empty when there is none.
    pub message: Box<str>,
    pub target: Option<Box<str>>,
}

const MESSAGE_CHARS: usize = 400;

/// Reads the error envelope `{"error":{"code","message","target"}}`; proxies and gateways do
/// without it, and then nothing is known but the status.
pub(super) fn error_body(body: &[u8]) -> ErrorBody {
    let value: serde_json::Value = text_of(body)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let error = &value["error"];
    let short = |value: &serde_json::Value, chars| {
        let text = value.as_str()?.trim();
        (!text.is_empty()).then(|| Box::from(clean(text, chars)))
    };
    ErrorBody {
        code: short(&error["code"], 64),
        message: short(&error["message"], MESSAGE_CHARS)
            .or_else(|| short(&value["message"], MESSAGE_CHARS))
            .or_else(|| short(error, MESSAGE_CHARS))
            .unwrap_or_default(),
        target: short(&error["target"], 64),
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireMachine {
    id: Loose<MachineId>,
    merged_into_machine_id: Nullable<MachineId>,
    is_potential_duplication: Loose<bool>,
    computer_dns_name: Loose<Box<str>>,
    first_seen: Loose<Timestamp>,
    last_seen: Loose<Timestamp>,
    os_platform: Loose<Box<str>>,
    version: Loose<Box<str>>,
    last_ip_address: Loose<IpAddr>,
    last_external_ip_address: Loose<IpAddr>,
    agent_version: Loose<Box<str>>,
    health_status: Loose<Box<str>>,
    device_value: Loose<Box<str>>,
    rbac_group_name: Loose<Box<str>>,
    risk_score: Loose<Box<str>>,
    exposure_level: Loose<Box<str>>,
    aad_device_id: Loose<Box<str>>,
    machine_tags: LooseList<Box<str>>,
    onboarding_status: Loose<Box<str>>,
    ip_addresses: LooseList<AddressEntry>,
}

impl Noun for Machine {
    const MOST: usize = MACHINES_TOP;

    fn read(json: &str) -> Option<Self> {
        let wire: WireMachine = serde_json::from_str(json).ok()?;
        let addresses = wire.ip_addresses.0.unwrap_or_default();
        let merge = wire.merged_into_machine_id;
        // The service repeats an adapter's address with each of its IP addresses.
        let mut macs = Vec::new();
        for mac in addresses.iter().filter_map(|entry| entry.mac) {
            if !macs.contains(&mac) {
                macs.push(mac);
            }
        }
        Some(Self {
            id: wire.id.0?,
            computer_dns_name: wire.computer_dns_name.0,
            tells_merge: merge.value.is_some() || merge.is_null,
            merged_into: merge.value,
            is_potential_duplication: wire.is_potential_duplication.0.unwrap_or_default(),
            first_seen: wire.first_seen.0,
            last_seen: wire.last_seen.0,
            os_platform: wire.os_platform.0,
            version: wire.version.0,
            agent_version: wire.agent_version.0,
            health_status: wire
                .health_status
                .0
                .map_or(HealthStatus::Unknown, |text| HealthStatus::from_wire(&text)),
            onboarding_status: wire
                .onboarding_status
                .0
                .map(|text| OnboardingStatus::from_wire(&text)),
            risk_score: wire.risk_score.0.map(|text| RiskScore::from_wire(&text)),
            exposure_level: wire
                .exposure_level
                .0
                .map(|text| ExposureLevel::from_wire(&text)),
            device_value: wire.device_value.0,
            rbac_group_name: wire.rbac_group_name.0,
            machine_tags: wire.machine_tags.0.map(Into::into),
            aad_device_id: wire.aad_device_id.0,
            last_ip_address: wire.last_ip_address.0,
            last_external_ip_address: wire.last_external_ip_address.0,
            ip_addresses: addresses.iter().filter_map(|entry| entry.ip).collect(),
            mac_addresses: macs.into(),
        })
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireMachineAction {
    id: Loose<MachineActionId>,
    #[serde(rename = "type")]
    kind: Loose<Box<str>>,
    scope: Loose<Box<str>>,
    requestor: Loose<Box<str>>,
    requestor_comment: Loose<Box<str>>,
    status: Loose<Box<str>>,
    machine_id: Loose<MachineId>,
    computer_dns_name: Loose<Box<str>>,
    creation_date_time_utc: Loose<Timestamp>,
    last_update_date_time_utc: Loose<Timestamp>,
    /// As the documentation has it; the service sends the other.
    last_update_time_utc: Loose<Timestamp>,
    cancellation_requestor: Loose<Box<str>>,
    cancellation_comment: Loose<Box<str>>,
    #[serde(rename = "errorHResult")]
    error_hresult: Loose<i32>,
    external_id: Loose<Box<str>>,
    request_source: Loose<Box<str>>,
    related_file_info: Loose<FileEntry>,
}

impl Noun for MachineAction {
    fn read(json: &str) -> Option<Self> {
        let wire: WireMachineAction = serde_json::from_str(json).ok()?;
        Some(Self {
            id: wire.id.0?,
            kind: (wire.kind.0).map_or_else(MachineActionType::missing, |text| {
                MachineActionType::from_wire(&text)
            }),
            scope: wire.scope.0,
            requestor: wire.requestor.0,
            requestor_comment: wire.requestor_comment.0,
            status: (wire.status.0).map_or_else(MachineActionStatus::missing, |text| {
                MachineActionStatus::from_wire(&text)
            }),
            machine_id: wire.machine_id.0,
            computer_dns_name: wire.computer_dns_name.0,
            created: wire.creation_date_time_utc.0,
            last_updated: wire
                .last_update_date_time_utc
                .0
                .or(wire.last_update_time_utc.0),
            cancellation_requestor: wire.cancellation_requestor.0,
            cancellation_comment: wire.cancellation_comment.0,
            error_hresult: HResult(wire.error_hresult.0.unwrap_or_default()),
            external_id: wire.external_id.0,
            request_source: wire.request_source.0,
            file_identifier: wire.related_file_info.0.map(|entry| entry.0),
        })
    }
}

#[cfg(test)]
mod tests;
