//! Records of the journal: the facts about an entry. On disk each is a name and a flat JSON object,
//! readable by a person and by later versions, without secrets. No word on screen is written,
//! because those may be improved at any time.

use jiff::Timestamp;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value as Json};

use super::JournalError;
use crate::action::Order;
use crate::model::loose::or_none;
use crate::model::{
    Account, EntryId, HResult, MachineActionId, MachineActionStatus, MachineId, clean,
};

/// Account and target of an order. Written into the first record of each entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Author {
    /// The key of the mode.
    pub mode: Box<str>,
    pub tenant: Box<str>,
    /// Tenant-bound object id: entries are only ever resumed for the same account.
    pub object_id: Box<str>,
    /// For people.
    pub account: Box<str>,
}

impl Author {
    /// Whether it is this person, in this tenant.
    #[must_use]
    pub fn is(&self, account: &Account) -> bool {
        *self.tenant == *account.tenant_id.as_str() && self.object_id == account.object_id
    }

    /// Display name of the account, without where it acted.
    #[must_use]
    pub fn name(&self) -> String {
        clean(account_parts(&self.account).0, 80).into_owned()
    }
}

/// Between the name and the target of an account.
const AT: &str = " at ";

/// An account as records have it: its display name, and the cloud or server where it acts.
#[must_use]
pub fn account_text(name: &str, target: &str) -> Box<str> {
    format!("{name}{AT}{target}").into()
}

/// The name and the target of an [`account_text`]. A name may hold ` at ` itself, as people choose it; a
/// cloud's name or a server's address does not.
#[must_use]
pub fn account_parts(account: &str) -> (&str, Option<&str>) {
    let parts = account.rsplit_once(AT);
    parts.map_or((account, None), |(name, target)| (name, Some(target)))
}

/// Why an order was never sent. The first release wrote the words that it showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(strum::VariantArray))]
pub enum NotSentReason {
    /// The person took it back while it waited.
    #[serde(alias = "withdrawn")]
    Withdrawn,
    /// The console ended before it was sent.
    #[serde(alias = "the console ended first")]
    ConsoleEnded,
    /// More than two minutes lay between confirmation and sending, or the account changed.
    #[serde(alias = "the approval lapsed")]
    ApprovalLapsed,
    /// The sign-in ended and was not renewed.
    #[serde(alias = "the sign-in ended")]
    SignInEnded,
    /// The host could not be reached, several times.
    #[serde(alias = "Defender could not be reached")]
    NotReached,
    /// The facts changed between review and sending: name, merge, onboarding.
    #[serde(alias = "the device's record changed since the review")]
    FactsChanged,
    /// A guardrail blocks it with facts read again.
    #[serde(alias = "a guardrail stands against it")]
    Blocked,
    /// The service kept asking for pauses.
    #[serde(alias = "the service kept asking for pauses")]
    Throttled,
    /// The journal could not be written; this itself is then on disk only if there is room again.
    #[serde(alias = "it could not be put on disk")]
    Unwritten,
    /// A step before it in its plan was refused, and the plan says that it ends there.
    PlanStopped,
}

impl NotSentReason {
    /// The clause after "Not sent: ".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::ConsoleEnded => "the console ended first",
            Self::ApprovalLapsed => "the approval lapsed",
            Self::SignInEnded => "the sign-in ended",
            Self::NotReached => "Defender could not be reached",
            Self::FactsChanged => "what the review was based on has changed since",
            Self::Blocked => "blocked by a guardrail",
            Self::Throttled => "the service kept asking for pauses",
            Self::Unwritten => "it could not be written to disk",
            Self::PlanStopped => "its plan stopped on this device",
        }
    }
}

/// Serde tag of [`Record`].
const NAME: &str = "record";

/// One fact about an entry. Appended, never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all_fields = "camelCase")]
pub enum Record {
    Intended {
        #[serde(flatten)]
        author: Author,
        #[serde(flatten)]
        order: Order,
    },
    /// An opposite action is under way; a person has to insist.
    Held {
        #[serde(rename = "action")]
        by: MachineActionId,
    },
    /// Something that forbids or warns could not be read again before sending: what, and why. The
    /// order went by what was read before.
    NotReread { what: Box<str> },
    /// Written before the request leaves, once for each attempt.
    Sent,
    /// The attempt certainly did not reach the service's store; another may follow.
    #[serde(rename = "NotTaken")]
    AttemptRejected { why: Box<str> },
    NotSent {
        why: NotSentReason,
        #[serde(default, deserialize_with = "or_none")]
        detail: Option<Box<str>>,
    },
    /// The service stored the action.
    Accepted {
        action: MachineActionId,
        status: MachineActionStatus,
    },
    /// The service carries the action out on another record than the one that was ordered.
    Redirected {
        #[serde(rename = "machineId")]
        machine: MachineId,
    },
    /// The service gave back an action that is not ours.
    #[serde(rename = "SomeoneElses")]
    NotOurs {
        action: MachineActionId,
        requestor: Box<str>,
        #[serde(default, deserialize_with = "or_none")]
        created: Option<Timestamp>,
    },
    Refused {
        status: u16,
        code: Box<str>,
        message: Box<str>,
    },
    /// The answer never came.
    Unknown { why: Box<str> },
    /// An answer came and does not settle it: one that says neither yes nor no, or an action
    /// without enough in it to tell whose it is.
    Unclear {
        #[serde(default, deserialize_with = "or_none")]
        status: Option<u16>,
        #[serde(default, deserialize_with = "or_none")]
        action: Option<MachineActionId>,
        why: Box<str>,
    },
    /// After a refusal the device's actions were read for one of this kind that is open, and there
    /// was none; `false` when they could not be read, or not whole.
    ActiveActionsRead { complete: bool },
    /// Three complete look-ups over five minutes did not show it.
    NotFound,
    /// The service reports another status that is not final.
    Progress { status: MachineActionStatus },
    Finished {
        action: MachineActionId,
        status: MachineActionStatus,
        hresult: HResult,
        #[serde(default, deserialize_with = "or_none")]
        by: Option<Box<str>>,
        #[serde(default, deserialize_with = "or_none")]
        comment: Option<Box<str>>,
        /// When the service says that it ended; absent in older journals, and where it says nothing.
        #[serde(
            default,
            deserialize_with = "or_none",
            skip_serializing_if = "Option::is_none"
        )]
        service_time: Option<Timestamp>,
    },
    /// Somebody else has undone what the order brought about, and a person has yet to read it: written when
    /// that is first shown, as it needs a person however old it is by the next start. Says nothing of how the
    /// order stands.
    Undone {
        /// The action that has undone it.
        action: MachineActionId,
        #[serde(default, deserialize_with = "or_none")]
        requestor: Option<Box<str>>,
        /// Since when, by the service's clock.
        #[serde(default, deserialize_with = "or_none")]
        service_time: Option<Timestamp>,
    },
    /// The package that the action had collected was fetched: to which file, and what it is. Says nothing
    /// of how the order stands.
    Downloaded {
        file: Box<str>,
        bytes: u64,
        /// In hexadecimal digits.
        sha256: Box<str>,
        object_id: Box<str>,
        /// For people.
        account: Box<str>,
    },
    /// A person has read how the order stands. It says what was read, so that a status which came
    /// at the same moment is not taken for read.
    Acknowledged {
        /// [`OrderStatus::key`](super::OrderStatus::key) of what was on screen.
        #[serde(rename = "standing")]
        status: Box<str>,
        object_id: Box<str>,
        /// For people.
        account: Box<str>,
    },
}

impl Record {
    /// Name and data as stored; `None` only for what cannot be written as JSON.
    pub(super) fn to_stored(&self) -> Option<(String, Json)> {
        let mut data = serde_json::to_value(self).ok()?;
        let name = data.as_object_mut()?.remove(NAME)?;
        Some((name.as_str()?.to_owned(), data))
    }

    /// Reads back what was stored for this entry.
    pub(super) fn from_stored(
        entry: EntryId,
        name: &str,
        data: &str,
    ) -> Result<Self, JournalError> {
        let unreadable = |_: serde_json::Error| JournalError::NotReadable {
            entry,
            record: name.into(),
        };
        let Once(mut data) = serde_json::from_str(data).map_err(unreadable)?;
        if let Some(fields) = data.as_object_mut() {
            fields.insert(NAME.to_owned(), name.into());
            fields.insert("entry".to_owned(), entry.to_string().into());
        }
        Self::deserialize(data).map_err(unreadable)
    }

    pub(super) fn accepts(&self, id: &MachineActionId) -> bool {
        matches!(self, Self::Accepted { action, .. } if action == id)
    }

    /// Whether it says that nobody can tell whose this action is.
    pub(super) fn disowns(&self, id: &MachineActionId) -> bool {
        matches!(self, Self::Unclear { action: Some(action), .. } if action == id)
    }

    /// Whether it says that a reading of this action contradicts an earlier one, or its order.
    pub(super) fn contradicts(&self, id: &MachineActionId) -> bool {
        matches!(self, Self::Unclear { status: None, .. }) && self.disowns(id)
    }
}

/// The data of a record. Each field is in it once, at every depth: of two, another reader may take the
/// other.
struct Once(Json);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(data: D) -> Result<Self, D::Error> {
        data.deserialize_any(OnceVisitor).map(Self)
    }
}

struct OnceVisitor;

impl<'de> Visitor<'de> for OnceVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON with each field once")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Json, M::Error> {
        let mut fields = Map::new();
        while let Some((name, Once(value))) = map.next_entry()? {
            if fields.insert(name, value).is_some() {
                return Err(M::Error::custom("a field stands twice"));
            }
        }
        Ok(fields.into())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Json, S::Error> {
        let mut values = Vec::new();
        while let Some(Once(value)) = seq.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn an_account_is_parted_into_its_name_and_its_target_whatever_the_name() {
        for name in [
            "jane@contoso.com",
            "Jane at Contoso",
            "Jane at",
            "at at at",
            " at ",
            "",
            "Jane (at) work",
        ] {
            for target in ["GCC High", "http://127.0.0.1:8080", "built-in tenant"] {
                let text = account_text(name, target);
                assert_eq!(account_parts(&text), (name, Some(target)), "{text:?}");
            }
        }
        assert_eq!(account_text("jane", "DoD"), "jane at DoD".into());
        assert_eq!(
            account_parts("jane@contoso.com"),
            ("jane@contoso.com", None)
        );
    }

    #[test]
    fn no_word_on_screen_is_a_key_on_disk() {
        for &why in NotSentReason::VARIANTS {
            let record = Record::NotSent { why, detail: None };
            let (_, data) = record.to_stored().expect("JSON");
            let key = data["why"].as_str().expect("a key").to_owned();
            assert!(
                key.bytes().all(|b| b.is_ascii_alphanumeric()) && key != why.words(),
                "{key}"
            );
        }
    }
}
