//! Events to the window, in order, none dropped.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::explain::Explanation;
use crate::message::{Event, OrderProgress};
use crate::model::{EntryId, Epoch, MachineAction};

/// Poll interval while waiting for the window to take all events.
const CATCHING_UP: Duration = Duration::from_millis(5);

/// Maximum number of actions in one event.
const ACTIONS_AT_ONCE: usize = 500;

/// Sender of events. Clones share one queue.
#[derive(Clone)]
pub(super) struct EventSink {
    pub sender: mpsc::Sender<Event>,
    /// Called after each event.
    pub request_repaint: Arc<dyn Fn() + Send + Sync>,
    /// Called with each event as it is sent, whether or not a window draws it. Must not block.
    pub on_event: Arc<dyn Fn(&Event) + Send + Sync>,
}

impl EventSink {
    /// Sends an event to the window. Waits while its queue is full; without a window the event is dropped.
    pub async fn emit(&self, event: Event) {
        (self.on_event)(&event);
        self.sender.send(event).await.ok();
        (self.request_repaint)();
    }

    /// Waits until the window has taken all events or is gone: queued events take memory.
    pub async fn catches_up(&self) {
        while !self.sender.is_closed() && self.sender.capacity() < self.sender.max_capacity() {
            tokio::time::sleep(CATCHING_UP).await;
        }
    }

    pub async fn show_progress(&self, entry: EntryId, progress: Option<OrderProgress>) {
        self.emit(Event::Progress { entry, progress }).await;
    }

    /// Sends the actions of all machines, in several events so that the window can draw in between.
    pub async fn show_actions(&self, epoch: Epoch, actions: Vec<MachineAction>) {
        let mut actions = actions.into_iter().peekable();
        while actions.peek().is_some() {
            let actions = actions.by_ref().take(ACTIONS_AT_ONCE).collect();
            self.emit(Event::Actions { epoch, actions }).await;
        }
    }

    pub async fn problem(&self, explanation: Explanation) {
        self.emit(Event::Problem(explanation)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MachineActionId, MachineActionStatus, MachineActionType};

    #[tokio::test]
    async fn actions_are_sent_in_parts_and_each_once() {
        let (sender, mut shown) = mpsc::channel(8);
        let sink = EventSink {
            sender,
            request_repaint: Arc::new(|| {}),
            on_event: Arc::new(|_| {}),
        };
        let action = |n: usize| {
            let id = MachineActionId::parse(&n.to_string()).expect("an id");
            let status = MachineActionStatus::Succeeded;
            MachineAction::bare(id, MachineActionType::Isolate, status)
        };
        let all: Vec<_> = (0..=2 * ACTIONS_AT_ONCE).map(action).collect();
        sink.show_actions(Epoch::default(), all.clone()).await;
        drop(sink);
        let (mut sizes, mut came) = (Vec::new(), Vec::new());
        while let Some(Event::Actions { actions, .. }) = shown.recv().await {
            sizes.push(actions.len());
            came.extend(actions);
        }
        assert_eq!(sizes, [ACTIONS_AT_ONCE, ACTIONS_AT_ONCE, 1]);
        assert_eq!(came, all);
    }
}
