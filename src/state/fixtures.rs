//! Devices and entries for tests of views and guardrails.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Entries, State};
use crate::action::{ActionKind, Order, Task};
use crate::journal::{Author, Entry, Record};
use crate::message::{Event, InventoryNews};
use crate::model::{
    Account, EntryId, HResult, Machine, MachineActionId, MachineActionStatus, MachineId,
    MachineRef, Permissions, SessionStatus, TenantId,
};

/// A user in the built-in tenant.
pub fn author() -> Author {
    Author {
        mode: "DEMO".into(),
        tenant: "t".into(),
        object_id: "o".into(),
        account: "jane@contoso.com".into(),
    }
}

/// An account of this tenant, with its user name if it has one.
pub fn account(tenant: &str, user_name: Option<&str>) -> Account {
    Account {
        tenant_id: TenantId::parse(tenant).expect("a literal id"),
        object_id: "o".into(),
        user_name: user_name.map(Into::into),
        display_name: None,
    }
}

/// A sign-in with unknown permissions.
pub fn signed_in(account: Account) -> SessionStatus {
    SessionStatus::SignedIn {
        account,
        permissions: Permissions::Unknown,
    }
}

/// A machine's record with an id and a name only.
pub fn machine(id: &str, dns_name: &str) -> Arc<Machine> {
    let mut machine = Machine::bare(MachineId::parse(id).expect("a literal id"));
    machine.computer_dns_name = Some(dns_name.into());
    Arc::new(machine)
}

/// Applies a page of the device list.
pub fn page(state: &mut State, machines: &[Arc<Machine>]) {
    state.apply(Event::Inventory {
        epoch: state.epoch,
        news: InventoryNews::Page(machines.to_vec()),
    });
}

/// A machine by a literal id, with its name if it has one.
pub fn machine_ref(id: &str, dns_name: Option<&str>) -> MachineRef {
    MachineRef {
        id: MachineId::parse(id).expect("a literal id"),
        dns_name: dns_name.map(Into::into),
    }
}

/// The end of an action by its literal id, without a comment.
pub fn finished(action: &str, status: MachineActionStatus) -> Record {
    Record::Finished {
        action: MachineActionId::parse(action).expect("a literal id"),
        status,
        hresult: HResult(0),
        by: None,
        comment: None,
        service_time: None,
    }
}

/// An order without values, under a literal tag.
pub fn order(tag: &str, machine: MachineRef, kind: ActionKind) -> Order {
    Order {
        entry: EntryId::parse(tag).expect("a literal tag"),
        machine,
        comment: "INC-1".into(),
        batch: None,
        plan: None,
        task: Task::Act {
            kind,
            values: crate::action::Values::default(),
        },
    }
}

/// The entry of an order, with all its records at one time.
pub fn entry_at(at: Timestamp, author: Author, order: Order, records: Vec<Record>) -> Entry {
    let intended = Record::Intended {
        author: author.clone(),
        order: order.clone(),
    };
    let mut entry = Entry::new(author, order);
    for record in std::iter::once(intended).chain(records) {
        entry.push(at, record);
    }
    entry
}

/// Like [`entry_at`], in 1970.
pub fn entry(author: Author, order: Order, records: Vec<Record>) -> Entry {
    entry_at(Timestamp::UNIX_EPOCH, author, order, records)
}

/// The entries of an opened journal.
impl From<Vec<Entry>> for Entries {
    fn from(all: Vec<Entry>) -> Self {
        let mut entries = Self::default();
        entries.put_read(all);
        entries.sort_attention();
        entries
    }
}
