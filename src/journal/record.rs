//! Records of the journal: the facts about an entry. On disk, each is a name and a flat JSON object
//! that people and later versions can read, without secrets. Screen words are not stored, because
//! they may change at any time.

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

/// Account and target of an order. Stored in the first record of each entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Author {
    /// The key of the mode.
    pub mode: Box<str>,
    pub tenant: Box<str>,
    /// Object id in the tenant: entries are only ever resumed for the same account.
    pub object_id: Box<str>,
    /// Display text of the account.
    pub account: Box<str>,
}

impl Author {
    /// Whether it is this account in this tenant.
    #[must_use]
    pub fn is(&self, account: &Account) -> bool {
        *self.tenant == *account.tenant_id.as_str() && self.object_id == account.object_id
    }

    /// Display name of the account, without its target.
    #[must_use]
    pub fn name(&self) -> String {
        clean(account_parts(&self.account).0, 80).into_owned()
    }
}

/// Separator between name and target of an account.
const AT: &str = " at ";

/// An account as stored in records: its display name, and the cloud or server where it acts.
#[must_use]
pub fn account_text(name: &str, target: &str) -> Box<str> {
    format!("{name}{AT}{target}").into()
}

/// Name and target of an [`account_text`]. A display name may contain ` at `; a cloud's name or a
/// server's address does not.
#[must_use]
pub fn account_parts(account: &str) -> (&str, Option<&str>) {
    let parts = account.rsplit_once(AT);
    parts.map_or((account, None), |(name, target)| (name, Some(target)))
}

/// Why an order was never sent. The first release stored the screen text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(strum::VariantArray))]
pub enum NotSentReason {
    /// The user withdrew it while it waited.
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
    /// A guardrail blocks it by facts read again.
    #[serde(alias = "a guardrail stands against it")]
    Blocked,
    /// The service kept asking for pauses.
    #[serde(alias = "the service kept asking for pauses")]
    Throttled,
    /// The journal could not be written; this record is on disk only if that has become possible again.
    #[serde(alias = "it could not be put on disk")]
    Unwritten,
    /// A previous step of its plan was refused, and the plan stops there.
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

/// A fact about an entry. Appended, never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all_fields = "camelCase")]
pub enum Record {
    Intended {
        #[serde(flatten)]
        author: Author,
        #[serde(flatten)]
        order: Order,
    },
    /// An opposite action is under way; the user has to insist.
    Held {
        #[serde(rename = "action")]
        by: MachineActionId,
    },
    /// Facts for a blocking or warning guardrail that could not be read again before sending, and
    /// why. The order was judged by the previous facts.
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
    /// The service carries the action out on another record than the ordered one.
    Redirected {
        #[serde(rename = "machineId")]
        machine: MachineId,
    },
    /// The service returned an action that is not ours.
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
    /// The response is inconclusive: neither success nor refusal, or an action without enough data to tell whose it is.
    Unclear {
        #[serde(default, deserialize_with = "or_none")]
        status: Option<u16>,
        #[serde(default, deserialize_with = "or_none")]
        action: Option<MachineActionId>,
        why: Box<str>,
    },
    /// Whether the device's actions were read completely after a refusal; they contained no open
    /// one of this kind. `false` when they could not be read, or only in part.
    ActiveActionsRead { complete: bool },
    /// Three complete look-ups over five minutes did not find it.
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
        /// End time reported by the service; absent in older journals, or if not reported.
        #[serde(
            default,
            deserialize_with = "or_none",
            skip_serializing_if = "Option::is_none"
        )]
        service_time: Option<Timestamp>,
    },
    /// Someone else has reversed the order's effect, which nobody has acknowledged. Written when it
    /// is first shown, so that it still needs attention after a restart, at any age. Does not
    /// change the status.
    Undone {
        /// The reversing action.
        action: MachineActionId,
        #[serde(default, deserialize_with = "or_none")]
        requestor: Option<Box<str>>,
        /// Time of the reversal, by the service's clock.
        #[serde(default, deserialize_with = "or_none")]
        service_time: Option<Timestamp>,
    },
    /// The action's package was downloaded: file and content. Does not change the status.
    Downloaded {
        file: Box<str>,
        bytes: u64,
        /// In hexadecimal digits.
        sha256: Box<str>,
        object_id: Box<str>,
        /// Display text of the account.
        account: Box<str>,
    },
    /// A person has acknowledged the status. Names that status, so that one which arrives at the
    /// same moment is not acknowledged by mistake.
    Acknowledged {
        /// [`OrderStatus::key`](super::OrderStatus::key) of the status on screen.
        #[serde(rename = "standing")]
        status: Box<str>,
        object_id: Box<str>,
        /// Display text of the account.
        account: Box<str>,
    },
}

impl Record {
    /// Name and data as stored; `None` only if it cannot be written as JSON.
    pub(super) fn to_stored(&self) -> Option<(String, Json)> {
        let mut data = serde_json::to_value(self).ok()?;
        let name = data.as_object_mut()?.remove(NAME)?;
        Some((name.as_str()?.to_owned(), data))
    }

    /// Reads the stored form for this entry.
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

    /// Whether it states that this action may be someone else's.
    pub(super) fn disowns(&self, id: &MachineActionId) -> bool {
        matches!(self, Self::Unclear { action: Some(action), .. } if action == id)
    }

    /// Whether it states that a reading of this action contradicts an earlier one, or its order.
    pub(super) fn contradicts(&self, id: &MachineActionId) -> bool {
        matches!(self, Self::Unclear { status: None, .. }) && self.disowns(id)
    }
}

/// The data of a record, without duplicate keys at any depth: another reader may choose the other value.
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
                return Err(M::Error::custom("a field occurs twice"));
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
    fn an_account_text_splits_into_name_and_target() {
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
    fn screen_words_are_never_used_as_keys() {
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
