//! The notifier's state of orders and their devices: separate, because the window's is not updated
//! while covered. Events are applied as in the window, so that the same orders need attention.

use jiff::Timestamp;

use crate::guard::Policy;
use crate::journal::{Entry, NotSentReason, OrderStatus, Record};
use crate::message::Event;
use crate::model::{EntryId, Epoch, MachineAction, Mode};
use crate::state::State;

/// Maximum number of orders known from a journal, the newest; older ones cause no notifications.
const MAX_ENTRIES: usize = 10_000;

pub struct Known {
    state: State,
    /// Position up to which [`attention_since`](crate::state::Entries::attention_since) was read.
    mark: u64,
    /// The entries at start are known.
    has_begun: bool,
}

impl Known {
    pub fn new(mode: Mode, began_at: Option<Timestamp>) -> Self {
        let mut state = State::new(mode, "", Policy::default());
        state.began_at = began_at;
        Self {
            state,
            mark: 0,
            has_begun: false,
        }
    }

    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Applies an event. Returns the orders to notify about.
    pub fn observe(&mut self, event: &Event) -> Vec<EntryId> {
        let Some(event) = self.part_of_note(event) else {
            return Vec::new();
        };
        // The journal's entries at start are no news; those added by another console are.
        let mut is_start = false;
        let mut entries: &[Entry] = &[];
        if let Event::Entry(entry) = &event {
            entries = std::slice::from_ref(entry);
        } else if let Event::Entries(all) = &event {
            is_start = !std::mem::replace(&mut self.has_begun, true);
            entries = if is_start { &[] } else { all };
        } else if let Event::EarlierEntries { .. } = &event {
            is_start = true;
        }
        let ended = entries.iter().filter(|entry| self.is_news(entry));
        let mut news: Vec<_> = ended.map(Entry::id).collect();
        self.state.apply(event);
        let came = self.state.entries.attention_since(&mut self.mark);
        if !is_start {
            let came = came.into_iter().filter(|id| !news.contains(id));
            let came: Vec<_> = came.collect();
            news.extend(came);
        }
        news
    }

    /// Whether an order has ended or needs a person, with a new status.
    fn is_news(&self, entry: &Entry) -> bool {
        let status = entry.status();
        let known = self.state.entry(entry.id());
        known.map(|known| known.status().key()) != Some(status.key())
            && (status.is_end() || status.needs_person())
            && !is_acknowledging(entry)
            && !is_withdrawn(status)
    }

    /// The part of an event about orders or their devices.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "it is about a few of them alone"
    )]
    fn part_of_note(&self, event: &Event) -> Option<Event> {
        match event {
            Event::Session { .. }
            | Event::ServiceAhead(_)
            | Event::Entries(_)
            | Event::Entry(_) => Some(event.clone()),
            Event::EarlierEntries { left, .. } => (*left < MAX_ENTRIES).then(|| event.clone()),
            Event::Actions { epoch, actions } => self.of_orders(*epoch, actions),
            Event::History {
                epoch,
                result: Ok(read),
                ..
            } => self.of_orders(*epoch, &read.items),
            _ => None,
        }
    }

    fn of_orders(&self, epoch: Epoch, actions: &[MachineAction]) -> Option<Event> {
        let is_ordered = |action: &&MachineAction| {
            let comment = action.requestor_comment.as_deref();
            let machine = action.machine_id.as_ref();
            let mut entries = machine.map(|id| self.state.entries.of_machine(id));
            entries.as_mut().is_some_and(|of| of.next().is_some())
                || comment.and_then(EntryId::find_in).is_some()
        };
        let actions: Vec<_> = actions.iter().filter(is_ordered).cloned().collect();
        (!actions.is_empty()).then_some(Event::Actions { epoch, actions })
    }
}

/// Whether the last record is a user's acknowledgement or download.
fn is_acknowledging(entry: &Entry) -> bool {
    matches!(
        entry.records().last(),
        Some((_, Record::Acknowledged { .. } | Record::Downloaded { .. }))
    )
}

/// Whether the user withdrew it, which needs no notification.
fn is_withdrawn(status: &OrderStatus) -> bool {
    let withdrawn = NotSentReason::Withdrawn;
    matches!(status, OrderStatus::NotSent { why, .. } if *why == withdrawn)
}
