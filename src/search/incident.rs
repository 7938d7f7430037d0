//! Everything related to one ticket: devices, this console's orders, other requests, tags.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::action::Condition;
use crate::journal::Entry;
use crate::model::{EntryId, MachineActionId, MachineId, MachineRef, names_ticket};
use crate::state::{Contained, Request, State, WayBack};

/// Number of newest entries scanned for tickets; older ones are found by their number.
const LOOKED_AT: usize = 2_000;
/// Maximum number of tickets offered.
const MAX_TICKETS: usize = 20;

/// Everything known under one ticket.
#[derive(Debug, Default)]
pub struct Incident {
    /// Devices, contained ones first, then by name; includes
    /// [`MachineRef::every_device`](crate::model::MachineRef::every_device) for tenant-wide orders.
    pub rows: Vec<IncidentDevice>,
    /// Devices contained, or about to be, by a request with the ticket.
    pub contained: Vec<Contained>,
    /// The containments of the signed-in account, which it may release.
    pub way_back: WayBack,
    /// The containments among them that another ticket needs as well.
    pub also_under: Vec<AlsoUnder>,
    /// This console's orders, newest first.
    pub entries: Vec<EntryId>,
    /// Number of orders that have not ended.
    pub open: usize,
}

/// A device with its orders under the ticket.
#[derive(Debug)]
pub struct IncidentDevice {
    pub machine: MachineRef,
    /// Orders and requests, newest first.
    pub lines: Vec<IncidentLine>,
    /// Whether a request with the ticket contains it.
    pub is_contained: bool,
    /// Containments whose requests do not have the ticket.
    pub otherwise: Vec<Contained>,
    /// Whether one of its tags is or contains the ticket.
    pub is_tagged: bool,
}

/// A request under another ticket for a device contained under this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlsoUnder {
    pub machine: MachineId,
    pub condition: Condition,
    pub ticket: String,
    /// The requestor.
    pub by: String,
    pub at: Option<Timestamp>,
}

/// An order of this console, or someone else's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncidentLine {
    Order(EntryId),
    Action(MachineActionId),
}

impl Incident {
    /// Gathers everything with this ticket. `entries` are the candidates, newest first.
    #[must_use]
    pub fn gather<'a>(
        state: &State,
        ticket: &str,
        entries: impl Iterator<Item = &'a Entry>,
    ) -> Self {
        let mut found = Gathering::default();
        let mut incident = Self::default();
        for entry in entries.filter(|entry| names_ticket(&entry.order.comment, ticket)) {
            incident.open += usize::from(!entry.status().is_end());
            incident.entries.push(entry.id());
            let device = found.device(state, entry.machine());
            device.lines.push(IncidentLine::Order(entry.id()));
        }
        let own: HashSet<&EntryId> = incident.entries.iter().collect();
        for (id, actions, _) in state.actions.machines() {
            for action in actions {
                let comment = action.requestor_comment.as_deref();
                let made_by = state.entries.creator_of(&action.id);
                let is_listed = made_by.is_some_and(|entry| own.contains(&entry.id()));
                if !is_listed && comment.is_some_and(|comment| names_ticket(comment, ticket)) {
                    let machine = MachineRef {
                        id: id.clone(),
                        dns_name: action.computer_dns_name.clone(),
                    };
                    let line = IncidentLine::Action(action.id.clone());
                    found.device(state, machine).lines.push(line);
                }
            }
        }
        for machine in state.inventory.all() {
            if machine.tags().iter().any(|tag| names_ticket(tag, ticket)) {
                found.device(state, machine.reference()).is_tagged = true;
            }
        }
        for row in state.contained() {
            // A repetition under another ticket does not remove this one.
            let mut setters = row.setters().iter();
            if setters.any(|request| carries(state, request, ticket)) {
                found.device(state, row.machine.clone()).is_contained = true;
                incident.also_under.extend(also_under(state, &row, ticket));
                incident.contained.push(row);
            } else if let Some(device) = found.0.get_mut(&row.machine.id)
                && !row.setters().is_empty()
            {
                device.otherwise.push(row);
            }
        }
        incident.way_back = WayBack::of(&incident.contained);
        incident.rows = found.sorted();
        for row in incident.rows.iter().flat_map(|device| &device.otherwise) {
            let why = format!("{}, without this ticket", row.by_whom());
            incident.way_back.leave_out(row, why);
        }
        incident
    }

    /// The devices, without tenant-wide orders.
    pub fn devices(&self) -> impl Iterator<Item = &IncidentDevice> {
        let rows = self.rows.iter();
        rows.filter(|row| !row.machine.is_every_device())
    }

    /// Number of devices contained, or about to be, under the ticket.
    #[must_use]
    pub fn contained_devices(&self) -> usize {
        self.devices().filter(|d| d.is_contained).count()
    }
}

/// Comments of a request, as the service has them and as ordered from here.
fn comments<'a>(state: &'a State, request: &'a Request) -> impl Iterator<Item = &'a str> {
    let made_by = state.entries.creator_of(&request.action);
    let made_by = made_by.map(|entry| &*entry.order.comment);
    [request.comment.as_deref(), made_by].into_iter().flatten()
}

fn carries(state: &State, request: &Request, ticket: &str) -> bool {
    comments(state, request).any(|comment| names_ticket(comment, ticket))
}

/// The newest request under another ticket with the same containment.
fn also_under(state: &State, row: &Contained, ticket: &str) -> Option<AlsoUnder> {
    let others = row.setters().iter().rev();
    let mut others = others.filter(|request| !carries(state, request, ticket));
    others.find_map(|request| {
        let mut comments = comments(state, request);
        let other = comments.find_map(|comment| state.ticket_in(comment))?;
        Some(AlsoUnder {
            machine: row.machine.id.clone(),
            condition: row.condition,
            ticket: other.to_owned(),
            by: request.by_whom().into_owned(),
            at: request.at,
        })
    })
}

/// Devices found so far.
#[derive(Default)]
struct Gathering(HashMap<MachineId, IncidentDevice>);

impl Gathering {
    fn device(&mut self, state: &State, machine: MachineRef) -> &mut IncidentDevice {
        self.0.entry(machine.id.clone()).or_insert_with(|| {
            // The name in its record, else the name known otherwise.
            let record = state.machine(&machine.id).map(|known| known.reference());
            IncidentDevice {
                machine: record.unwrap_or(machine),
                lines: Vec::new(),
                is_contained: false,
                otherwise: Vec::new(),
                is_tagged: false,
            }
        })
    }

    fn sorted(self) -> Vec<IncidentDevice> {
        let mut devices: Vec<_> = self.0.into_values().collect();
        devices.sort_by_cached_key(|device| {
            let machine = &device.machine;
            let name = machine.dns_name.as_deref().unwrap_or_default();
            (
                !device.is_contained,
                name.to_lowercase(),
                machine.id.clone(),
            )
        });
        devices
    }
}

/// The tickets of the newest orders, newest first, then those of containments by others.
#[must_use]
pub fn tickets(state: &State) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut note = |text: &str| {
        let Some(ticket) = state.ticket_in(text) else {
            return;
        };
        let is_known = |known: &String| known.eq_ignore_ascii_case(ticket);
        if found.len() < MAX_TICKETS && !found.iter().any(is_known) {
            found.push(ticket.to_owned());
        }
    };
    for entry in state.entries.iter().rev().take(LOOKED_AT) {
        note(&entry.order.comment);
    }
    for row in state.contained() {
        let setters = row.setters().iter();
        let comments = setters.filter_map(|request| request.comment.as_deref());
        comments.for_each(&mut note);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;
    use crate::guard::Policy;
    use crate::journal::Record;
    use crate::message::{Event, InventoryNews};
    use crate::model::{
        Epoch, Machine, MachineAction, MachineActionStatus, MachineActionType, Mode,
    };
    use crate::state::fixtures;

    fn action(id: &str, machine: &str, by: &str, comment: &str) -> MachineAction {
        let id = MachineActionId::parse(id).expect("a literal id");
        let mut action = MachineAction::bare(
            id,
            MachineActionType::Isolate,
            MachineActionStatus::Succeeded,
        );
        action.machine_id = MachineId::parse(machine).ok();
        action.requestor = Some(by.into());
        action.requestor_comment = Some(comment.into());
        action.computer_dns_name = Some(format!("PC-{machine}").into());
        action
    }

    fn ordered(tag: &str, machine: &str, comment: &str, action: &str) -> Entry {
        let device = fixtures::machine_ref(machine, None);
        let mut order = fixtures::order(tag, device, ActionKind::Isolate);
        order.comment = comment.into();
        let done = fixtures::finished(action, MachineActionStatus::Succeeded);
        let author = crate::journal::Author {
            tenant: "5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10".into(),
            ..fixtures::author()
        };
        fixtures::entry(author, order, vec![Record::Sent, done])
    }

    /// Two of Jane's under the ticket, one of hers under another, one of Sam's, one with the tag.
    fn state() -> State {
        let (jane, sam) = ("jane@contoso.com", "sam@contoso.com");
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        let tenant = "5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10";
        state.apply(Event::Session {
            status: fixtures::signed_in(fixtures::account(tenant, Some(jane))),
            epoch: Epoch(0),
        });
        let mut tagged = Machine::bare(MachineId::parse("a9").expect("a literal id"));
        tagged.machine_tags = Some(["contained inc-47".into()].into());
        state.apply(Event::Inventory {
            epoch: Epoch(0),
            news: InventoryNews::Page(vec![std::sync::Arc::new(tagged)]),
        });
        state.apply(Event::Actions {
            epoch: Epoch(0),
            actions: vec![
                action("x1", "a1", jane, "[cdn-00000001] INC-47 beacon"),
                action("x2", "a2", jane, "[cdn-00000002] INC-471 beacon"),
                action("x3", "a3", sam, "see inc-47"),
            ],
        });
        for entry in [
            ordered("cdn-00000001", "a1", "INC-47 beacon", "x1"),
            ordered("cdn-00000002", "a2", "INC-471 beacon", "x2"),
        ] {
            state.apply(Event::Entry(Box::new(entry)));
        }
        state
    }

    #[test]
    fn an_incident_has_one_ticket_and_releases_only_own_containments() {
        let state = state();
        let incident = Incident::gather(&state, "INC-47", state.entries.iter().rev());
        let seen: Vec<_> = incident
            .rows
            .iter()
            .map(|d| (d.machine.id.as_str(), d.lines.len(), d.is_contained))
            .collect();
        assert_eq!(seen, [("a1", 1, true), ("a3", 1, true), ("a9", 0, false)]);
        assert!(incident.rows[2].is_tagged);
        let released: Vec<_> = incident.way_back.to_release.iter().collect();
        assert_eq!(released.len(), 1, "never Sam's, never of INC-471");
        assert_eq!(released[0].id.as_str(), "a1");
        assert_eq!(incident.contained.len(), 2);
        assert_eq!((incident.entries.len(), incident.open), (1, 0));
    }

    /// Sam isolated it under one ticket, Jane again under another: it is contained under both, and not hers to release.
    #[test]
    fn repeated_isolation_is_contained_under_both_tickets() {
        let (jane, sam) = ("jane@contoso.com", "sam@contoso.com");
        let mut state = state();
        let mut actions = vec![
            action("y1", "a4", sam, "INC-20951 ransomware"),
            action("y2", "a4", jane, "INC-1 also mine"),
        ];
        for (place, action) in (1..).zip(&mut actions) {
            action.created = jiff::Timestamp::from_second(place).ok();
        }
        let epoch = Epoch(0);
        state.apply(Event::Actions { epoch, actions });
        for ticket in ["INC-20951", "INC-1"] {
            let incident = Incident::gather(&state, ticket, state.entries.iter().rev());
            assert_eq!(incident.contained_devices(), 1, "{ticket}");
            assert!(incident.way_back.to_release.is_empty(), "{ticket}");
        }
        assert!(tickets(&state).contains(&"INC-20951".to_owned()));
    }

    /// Jane's own containment, which another of her tickets needs as well.
    #[test]
    fn containment_needed_by_another_ticket_is_reported() {
        let jane = "jane@contoso.com";
        let mut state = state();
        let mut again = action("x4", "a1", jane, "INC-2 exfiltration");
        again.created = Timestamp::from_second(60).ok();
        let epoch = Epoch(0);
        let actions = vec![again];
        state.apply(Event::Actions { epoch, actions });
        let incident = Incident::gather(&state, "INC-47", state.entries.iter().rev());
        let released = incident.way_back.to_release.iter();
        assert_eq!(released.map(|m| m.id.as_str()).collect::<Vec<_>>(), ["a1"]);
        let also = AlsoUnder {
            machine: MachineId::parse("a1").expect("a literal id"),
            condition: Condition::Isolated,
            ticket: "INC-2".to_owned(),
            by: "you".to_owned(),
            at: Timestamp::from_second(60).ok(),
        };
        assert_eq!(incident.also_under, [also]);
        let other = Incident::gather(&state, "INC-471", state.entries.iter().rev());
        assert_eq!(other.also_under, []);
    }

    #[test]
    fn tickets_are_listed_once_newest_first() {
        assert_eq!(tickets(&state()), ["INC-471", "INC-47"]);
    }
}
