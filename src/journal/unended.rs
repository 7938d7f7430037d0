//! Orders that have not ended, which prevent deleting local data: it contains the sign-in that follows them.

use super::{Entry, Phase};
use crate::model::{Account, first_named};

/// Number of orders that are named; the others are counted.
const MAX_NAMED: usize = 3;

/// Why local data may not be deleted while orders have not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unended {
    /// Their number and names.
    pub why: String,
    /// Remedy for the user.
    pub remedy: String,
}

impl Entry {
    /// Whether nobody will learn how the order ended: its sign-in did not name the account, so no
    /// later run follows it. The journal knows whether it is from an earlier run.
    #[must_use]
    pub fn is_abandoned(&self, is_of_earlier_run: bool) -> bool {
        is_of_earlier_run && !self.status().is_end() && *self.author.object_id == *Account::UNNAMED
    }
}

impl Unended {
    /// The orders among these that have not ended, from the perspective of `account`; `None` if there are none.
    pub fn of<'a>(
        open: impl Iterator<Item = &'a Entry>,
        account: Option<&Account>,
    ) -> Option<Self> {
        let open: Vec<&Entry> = open.collect();
        let count = match open.len() {
            0 => return None,
            1 => "1 action has not ended yet".to_owned(),
            count => format!("{count} actions have not ended yet"),
        };
        let name =
            |entry: &&Entry| format!("{} {}", entry.order.task.title(), entry.machine().quoted());
        let named = first_named(open.iter().map(name), MAX_NAMED);
        Some(Self {
            why: format!("{count}: {named}"),
            remedy: remedy(&open, account),
        })
    }
}

fn remedy(open: &[&Entry], account: Option<&Account>) -> String {
    let is_own = |entry: &&&Entry| account.is_some_and(|account| entry.author.is(account));
    let (own, others): (Vec<&Entry>, Vec<&Entry>) = open.iter().partition(is_own);
    let is_unsent = |entry: &&&Entry| entry.status().phase() == Phase::Unsent;
    let unsent = own.iter().filter(is_unsent).count();
    let mut others: Vec<String> = others.iter().map(|entry| entry.author.name()).collect();
    others.sort_unstable();
    others.dedup();
    let withdraw = (unsent > 0).then(|| "Withdraw what was not sent".to_owned());
    let wait = own.len() > unsent;
    let wait = wait.then(|| "Wait until what was sent has ended, or cancel it".to_owned());
    let others = others.iter();
    let others =
        others.map(|name| format!("Sign in as {name} to follow what that account ordered"));
    let all: Vec<String> = withdraw.into_iter().chain(wait).chain(others).collect();
    all.join(". ")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::action::{ActionKind, Order, Task, Values};
    use crate::journal::{Author, Record};
    use crate::model::{EntryId, MachineId, MachineRef, TenantId};

    fn entry(object_id: &str, device: &str, is_sent: bool) -> Entry {
        let author = Author {
            mode: "LIVE".into(),
            tenant: "t".into(),
            object_id: object_id.into(),
            account: format!("{object_id}@contoso.com at Commercial").into(),
        };
        let machine = MachineRef {
            id: MachineId::parse("a19c07").expect("a literal id"),
            dns_name: Some(device.into()),
        };
        let order = Order {
            entry: EntryId::random().expect("random bytes"),
            machine,
            comment: "INC-1".into(),
            batch: None,
            plan: None,
            task: Task::Act {
                kind: ActionKind::Isolate,
                values: Values::default(),
            },
        };
        let mut entry = Entry::new(author, order);
        if is_sent {
            entry.push(Timestamp::UNIX_EPOCH, Record::Sent);
        }
        entry
    }

    fn jane() -> Account {
        Account {
            tenant_id: TenantId::parse("t").expect("a literal id"),
            object_id: "jane".into(),
            user_name: None,
            display_name: None,
        }
    }

    #[test]
    fn unended_orders_are_named_with_their_remedy() {
        let said = |open: &[Entry]| {
            let unended = Unended::of(open.iter(), Some(&jane()))?;
            Some((unended.why, unended.remedy))
        };
        assert_eq!(said(&[]), None);
        let why = "1 action has not ended yet: Isolate device “HR” (…9c07)".to_owned();
        for (object_id, is_sent, remedy) in [
            ("jane", false, "Withdraw what was not sent"),
            (
                "jane",
                true,
                "Wait until what was sent has ended, or cancel it",
            ),
            (
                "kim",
                true,
                "Sign in as kim@contoso.com to follow what that account ordered",
            ),
        ] {
            let open = [entry(object_id, "HR", is_sent)];
            assert_eq!(said(&open), Some((why.clone(), remedy.to_owned())));
        }
        let many = ["A", "B", "C", "D", "E"].map(|device| entry("jane", device, true));
        let (why, _) = said(&many).expect("five");
        assert!(why.starts_with("5 actions have not ended yet: "), "{why}");
        assert!(why.ends_with("“C” (…9c07), 2 more"), "{why}");
    }

    #[test]
    fn an_earlier_order_of_an_unnamed_account_is_abandoned() {
        let unnamed = entry(Account::UNNAMED, "HR", true);
        assert!(unnamed.is_abandoned(true));
        assert!(!unnamed.is_abandoned(false), "its sign-in follows it");
        assert!(!entry("kim", "HR", true).is_abandoned(true));
    }
}
