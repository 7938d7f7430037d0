//! Ownership of an action, by the requestor that the service reports.

use crate::model::{Account, EntryId, MachineAction, MachineActionId, MachineActionType, filled};

/// An action that one of the current account's orders created, according to the journal. Orders that ended as
/// not ours created none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAction {
    pub action: MachineActionId,
    pub entry: EntryId,
}

/// The owner of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// Requested by the current account, according to the service.
    Mine,
    NotOurs,
    /// The service reports neither a requestor nor our tag: never read as "mine".
    Unknown,
}

impl Ownership {
    /// The combined ownership of several requests: [`Self::Mine`] only if each of them is. `None` for no
    /// requests.
    pub fn of_all(all: impl IntoIterator<Item = Self>) -> Option<Self> {
        all.into_iter().reduce(|one, other| match (one, other) {
            (Self::Mine, Self::Mine) => Self::Mine,
            (Self::NotOurs, _) | (_, Self::NotOurs) => Self::NotOurs,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
        })
    }
}

/// The owner of `action`. The service's requestor decides; where it names no other account and an order of this
/// account created the action, our tag on the service's record decides.
#[must_use]
pub fn ownership(
    action: &MachineAction,
    account: Option<&Account>,
    own: &[OwnAction],
) -> Ownership {
    let is_tagged = |own: &OwnAction| own.action == action.id && is_tagged(action, own.entry);
    let requestor = action.requestor.as_deref().map_or("", str::trim);
    let name = account.and_then(|account| account.user_name.as_deref());
    let is_of_another = name.is_some_and(|name| is_another_person(requestor, name));
    if account.is_some() && !is_of_another && own.iter().any(is_tagged) {
        return Ownership::Mine;
    }
    match filled(name) {
        _ if requestor.is_empty() => Ownership::Unknown,
        Some(name) if requestor.to_lowercase() == name.to_lowercase() => Ownership::Mine,
        Some(_) => Ownership::NotOurs,
        None => Ownership::Unknown,
    }
}

/// Whether a requestor is certainly a person other than the account of this name. Applications are credited by
/// their id, and guests have names in two forms: for these it cannot be known.
#[must_use]
pub fn is_another_person(requestor: &str, name: &str) -> bool {
    let [requestor, name] = [requestor, name].map(|name| name.trim().to_lowercase());
    let is_plain = |name: &str| name.contains('@') && !name.contains("#ext#");
    requestor != name && is_plain(&requestor) && is_plain(&name)
}

/// Whether the service's record of a request carries this entry's tag, where it can carry one.
fn is_tagged(action: &MachineAction, entry: EntryId) -> bool {
    let comment = action.requestor_comment.as_deref();
    // An investigation has no field for a tag: that our order started it has to suffice.
    action.kind == MachineActionType::Investigation
        || action.external_id.as_deref() == Some(entry.to_string().as_str())
        || comment.and_then(EntryId::find_in) == Some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MachineActionStatus, MachineActionType, TenantId};

    fn entry() -> EntryId {
        EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag")
    }

    fn account(name: Option<&str>) -> Account {
        Account {
            tenant_id: TenantId::parse("5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10").expect("an id"),
            object_id: "o".into(),
            user_name: name.map(Into::into),
            display_name: None,
        }
    }

    #[test]
    fn mine_is_only_what_the_service_credits_to_this_account() {
        use Ownership::{Mine, NotOurs, Unknown};
        let jane = account(Some("jane@contoso.com"));
        let nameless = account(None);
        let id = MachineActionId::parse("b89eb834").expect("a literal id");
        let made = [OwnAction {
            action: id.clone(),
            entry: entry(),
        }];
        let tag = Some("[cdn-7F3K2Q9M] beacon");
        for (requestor, comment, account, own, expected) in [
            (Some(" Jane@Contoso.com "), None, Some(&jane), &[][..], Mine),
            (Some("sam@contoso.com"), None, Some(&jane), &[], NotOurs),
            // Their comment may quote our tag: without an order of ours it proves nothing.
            (Some("sam@contoso.com"), tag, Some(&jane), &[], NotOurs),
            (Some("0b1c-app"), tag, Some(&jane), &made, Mine),
            (Some("sam@contoso.com"), tag, Some(&jane), &made, NotOurs),
            (
                Some("sam@contoso.com"),
                Some("beacon"),
                Some(&jane),
                &made,
                NotOurs,
            ),
            (None, tag, Some(&jane), &made, Mine),
            (None, None, Some(&jane), &made, Unknown),
            (Some("  "), None, Some(&jane), &[], Unknown),
            (Some("sam@contoso.com"), None, Some(&nameless), &[], Unknown),
            (Some("jane@contoso.com"), tag, None, &made, Unknown),
        ] {
            let mut action = MachineAction::bare(
                id.clone(),
                MachineActionType::Isolate,
                MachineActionStatus::Succeeded,
            );
            action.requestor = requestor.map(Into::into);
            action.requestor_comment = comment.map(Into::into);
            let found = ownership(&action, account, own);
            assert_eq!(found, expected, "{requestor:?} {comment:?} {own:?}");
        }
    }
}
