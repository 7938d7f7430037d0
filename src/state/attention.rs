//! Entries that need attention.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::State;
use crate::action::{Change, Evidence};
use crate::guard::{Ownership, ownership};
use crate::journal::{Entry, OrderStatus};
use crate::model::{EntryId, MachineId};

/// The time before the start of this run in which someone else's release still needs attention, so that a user
/// who was away for a week sees it. Older ones only show in their order's row. A release that needed attention in an
/// earlier run is on record, and needs it at any age.
const RELEASE_IS_NEWS_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Indices of entries that need attention, in the order in which they came to need it: a new one is appended,
/// so that no other moves.
#[derive(Debug, Clone, Default)]
pub(super) struct AttentionQueue {
    line: BTreeMap<u64, usize>,
    numbers: HashMap<usize, u64>,
    next: u64,
}

impl AttentionQueue {
    /// Appends an index, unless it is there already, or removes it.
    pub(super) fn set(&mut self, place: usize, belongs: bool) {
        if !belongs {
            if let Some(number) = self.numbers.remove(&place) {
                self.line.remove(&number);
            }
        } else if !self.numbers.contains_key(&place) {
            self.numbers.insert(place, self.next);
            self.line.insert(self.next, place);
            self.next += 1;
        }
    }

    /// Sorts the indices by time, earliest first, for the entries of earlier runs, which are read all at once.
    pub(super) fn sort_by_key(&mut self, since: impl Fn(usize) -> Timestamp) {
        let mut indices: Vec<usize> = self.indices().collect();
        indices.sort_by_key(|place| (since(*place), *place));
        *self = Self::default();
        for place in indices {
            self.set(place, true);
        }
    }

    pub(super) fn indices(&self) -> impl DoubleEndedIterator<Item = usize> + Clone {
        self.line.values().copied()
    }

    pub(super) fn len(&self) -> usize {
        self.line.len()
    }

    /// The indices added since the last call with this `mark`, which is updated.
    pub(super) fn places_since(&self, mark: &mut u64) -> impl Iterator<Item = usize> + use<'_> {
        let from = std::mem::replace(mark, self.next);
        self.line.range(from..).map(|(_, place)| *place)
    }
}

impl State {
    /// The newest unacknowledged order on a machine that went wrong; one about isolation or containment takes
    /// precedence. A later success makes up for it only if it is of the same kind.
    #[must_use]
    pub fn attention_on(&self, id: &MachineId) -> Option<&Entry> {
        let newest_first = || self.entries.of_machine(id).rev();
        let is_done = |entry: &&Entry| matches!(entry.status(), OrderStatus::Done { .. });
        let with_place = newest_first().enumerate();
        let mut wrong = with_place.filter(|(place, entry)| {
            let mut later = newest_first().take(*place).filter(is_done);
            self.entries.needs_attention(entry)
                && !later.any(|later| later.order.task.makes_up_for(&entry.order.task))
        });
        let (_, newest) = wrong.next()?;
        if newest.order.task.cut_off_noun().is_some() {
            return Some(newest);
        }
        let about_isolation = wrong.find(|(_, entry)| entry.order.task.cut_off_noun().is_some());
        Some(about_isolation.map_or(newest, |(_, entry)| entry))
    }
}

impl State {
    /// Notes whether an order was executed otherwise than ordered, or waits for approval.
    pub(super) fn note_remark(&mut self, id: Option<EntryId>) {
        if let Some(entry) = id.and_then(|id| self.entries.get(id)) {
            let says_more = self.deviation_of(entry).is_some() || self.awaits_approval(entry);
            let id = entry.id();
            self.entries.note_remark(id, says_more);
        }
    }

    /// Notes a machine's orders that someone else has reversed. A repetition after a release is a colleague's
    /// decision, shown in the row and on *Contained now*; the user's own actions elsewhere are no news.
    pub(super) fn note_reversals(&mut self, machine: &MachineId) {
        if self.known_actions(machine).is_empty() {
            return;
        }
        let reversal_of = |entry: &Entry| {
            let sets = matches!(entry.order.task.change(), Change::Sets(_));
            let evidence = self.undone_by(entry).filter(|_| sets)?;
            let is_news = !self.is_long_past(evidence)
                && !self.was_read_since(entry, evidence)
                && !self.is_own_doing(machine, evidence);
            is_news.then(|| (entry.id(), evidence.clone()))
        };
        let lifted: Vec<_> = (self.entries.of_machine(machine))
            .filter_map(reversal_of)
            .collect();
        for (entry, reversal) in lifted {
            self.entries.note_reversals(entry, reversal);
        }
    }

    fn is_long_past(&self, undone: &Evidence) -> bool {
        let began_at = self.began_at.map(|at| self.at_service(at));
        let bound = began_at.and_then(|at| at.checked_sub(RELEASE_IS_NEWS_FOR).ok());
        (undone.since.zip(bound)).is_some_and(|(since, bound)| since < bound)
    }

    fn is_own_doing(&self, machine: &MachineId, evidence: &Evidence) -> bool {
        let action = self.action(machine, &evidence.action);
        let account = self.session.account();
        action.is_some_and(|action| ownership(action, account, &[]) == Ownership::Mine)
    }

    /// Whether an order of an earlier run was acknowledged after its reversal. In this run a reversal is noted
    /// when it is read, as clocks may differ.
    fn was_read_since(&self, entry: &Entry, undone: &Evidence) -> bool {
        let read = entry.acknowledged().map(|read| self.at_service(read.at));
        let is_old = self.entries.is_of_earlier_run(entry.id());
        is_old && undone.since.is_some_and(|since| read >= Some(since))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::action::{
        ActionKind, FULL, ISOLATION_TYPE, SELECTIVE, SHA1, Sha1, Task, Value, Values,
    };
    use crate::guard::Policy;
    use crate::journal::Record;
    use crate::message::Event;
    use crate::model::Epoch;
    use crate::model::{
        MachineAction, MachineActionId, MachineActionStatus, MachineActionType, Mode,
    };
    use crate::state::fixtures;

    fn entry(tag: &str, task: &Task, status: MachineActionStatus) -> Event {
        let machine = fixtures::machine_ref("a1", None);
        let mut order = fixtures::order(tag, machine, ActionKind::Isolate);
        order.task = task.clone();
        let mut entry = Entry::new(fixtures::author(), order);
        let finished = fixtures::finished("b89eb834", status);
        for record in [Record::Sent, finished] {
            entry.push(Timestamp::UNIX_EPOCH, record);
        }
        Event::Entry(Box::new(entry))
    }

    /// The action of [`entry`], as the service executed it.
    fn read(scope: &str) -> Event {
        let id = MachineActionId::parse("b89eb834").expect("a literal id");
        let kind = MachineActionType::Isolate;
        let mut read = MachineAction::bare(id, kind, MachineActionStatus::Succeeded);
        read.machine_id = MachineId::parse("a1").ok();
        read.scope = Some(scope.into());
        Event::Actions {
            epoch: Epoch::default(),
            actions: vec![read],
        }
    }

    #[test]
    fn order_executed_otherwise_needs_attention_until_acknowledged() {
        let full = Task::Act {
            kind: ActionKind::Isolate,
            values: [(&ISOLATION_TYPE, Value::Choice(&FULL))].into(),
        };
        let done = || entry("cdn-00000001", &full, MachineActionStatus::Succeeded);
        let count = |events: Vec<Event>| {
            let mut state = State::new(Mode::Demo, "Demo", Policy::default());
            for event in events {
                state.apply(event);
            }
            state.entries.attention_count()
        };
        assert_eq!(count(vec![done(), read("Full")]), 0);
        assert_eq!(count(vec![done(), read("Selective")]), 1);
        assert_eq!(count(vec![read("Selective"), done()]), 1, "read first");
        let Event::Entry(known) = done() else {
            panic!("an entry")
        };
        let at_start = Event::Entries(vec![(*known).clone()]);
        assert_eq!(
            count(vec![read("Selective"), at_start]),
            1,
            "after a restart"
        );
        let mut acknowledged = *known;
        let by = Record::Acknowledged {
            status: acknowledged.status().key().into(),
            object_id: "o".into(),
            account: "jane".into(),
        };
        acknowledged.push(Timestamp::UNIX_EPOCH, by);
        let acknowledged = Event::Entry(Box::new(acknowledged));
        assert_eq!(count(vec![done(), read("Selective"), acknowledged]), 0);
    }

    #[test]
    fn investigation_waiting_for_approval_needs_attention() {
        let mut order = fixtures::order(
            "cdn-00000001",
            fixtures::machine_ref("a1", None),
            ActionKind::StartInvestigation,
        );
        order.comment = "beacon".into();
        let id = MachineActionId::parse("1006").expect("a literal id");
        let mut entry = Entry::new(fixtures::author(), order);
        let mut push = |state: &mut State, record| {
            entry.push(Timestamp::UNIX_EPOCH, record);
            state.apply(Event::Entry(Box::new(entry.clone())));
            state.entries.attention_count()
        };
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        let read = |state: &mut State, word: &str| {
            let kind = MachineActionType::Investigation;
            let status = MachineActionStatus::InProgress;
            let mut read = MachineAction::bare(id.clone(), kind, status);
            read.machine_id = MachineId::parse("a1").ok();
            read.state = Some(word.into());
            state.apply(Event::Actions {
                epoch: Epoch::default(),
                actions: vec![read],
            });
            state.entries.attention_count()
        };
        let accepted = Record::Accepted {
            action: id.clone(),
            status: MachineActionStatus::InProgress,
        };
        push(&mut state, Record::Sent);
        assert_eq!(push(&mut state, accepted), 0);
        assert_eq!(read(&mut state, "Running"), 0);
        assert_eq!(read(&mut state, "PendingApproval"), 1);
        let by = Record::Acknowledged {
            status: "Accepted".into(),
            object_id: "o".into(),
            account: "jane".into(),
        };
        assert_eq!(push(&mut state, by), 0, "acknowledged");
        assert_eq!(read(&mut state, "Running"), 0);
    }

    #[test]
    fn only_a_later_success_of_the_same_kind_removes_the_mark() {
        use MachineActionStatus::{Cancelled, Failed, Succeeded};
        let act = |kind, values: &Values| Task::Act {
            kind,
            values: values.clone(),
        };
        let none = Values::default();
        let file = |digit: &str| {
            let sha1 = Sha1::find(&digit.repeat(40)).expect("40 digits");
            let values = [(&SHA1, Value::Hash(sha1))].into();
            act(ActionKind::StopAndQuarantineFile, &values)
        };
        let isolate = act(ActionKind::Isolate, &none);
        let selective = [(&ISOLATION_TYPE, Value::Choice(&SELECTIVE))].into();
        let cancel = Task::Cancel {
            action: MachineActionId::parse("c0ffee").expect("a literal id"),
            action_type: MachineActionType::Isolate,
        };
        for (first, second, end, is_marked) in [
            (&isolate, &file("a"), Succeeded, true),
            (
                &isolate,
                &act(ActionKind::Unisolate, &none),
                Succeeded,
                true,
            ),
            (&isolate, &act(ActionKind::Contain, &none), Succeeded, true),
            (&isolate, &isolate, Succeeded, false),
            (
                &isolate,
                &act(ActionKind::Isolate, &selective),
                Succeeded,
                false,
            ),
            (&file("a"), &file("b"), Succeeded, true),
            (&file("a"), &file("a"), Succeeded, false),
            (&cancel, &isolate, Succeeded, true),
            (&cancel, &cancel, Cancelled, false),
        ] {
            let mut state = State::new(Mode::Demo, "Demo", Policy::default());
            state.apply(entry("cdn-00000001", first, Failed));
            state.apply(entry("cdn-00000002", second, end));
            let id = MachineId::parse("a1").expect("a literal id");
            let marked = state.attention_on(&id).map(|entry| entry.id().to_string());
            let expected = is_marked.then(|| "cdn-00000001".to_owned());
            assert_eq!(marked, expected, "{first:?}, then {second:?}");
            // Another failed order is newer.
            state.apply(entry("cdn-00000003", &isolate, Failed));
            let marked = state.attention_on(&id).map(|entry| entry.id().to_string());
            assert_eq!(marked.as_deref(), Some("cdn-00000003"));
        }
    }
}
