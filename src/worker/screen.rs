//! Events to the window, in order, none dropped.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::explain::Explanation;
use crate::message::{Event, OrderProgress};
use crate::model::EntryId;

/// Poll interval while waiting for the window to take all events.
const CATCHING_UP: Duration = Duration::from_millis(5);

/// Sender of events. Clones share one queue.
#[derive(Clone)]
pub(super) struct Screen {
    pub events: mpsc::Sender<Event>,
    /// Called after each event.
    pub request_repaint: Arc<dyn Fn() + Send + Sync>,
    /// Called with each event as it is sent, whether or not a window draws it. Must not block.
    pub on_event: Arc<dyn Fn(&Event) + Send + Sync>,
}

impl Screen {
    /// Sends an event to the window. Waits while its queue is full; without a window the event is dropped.
    pub async fn emit(&self, event: Event) {
        (self.on_event)(&event);
        self.events.send(event).await.ok();
        (self.request_repaint)();
    }

    /// Waits until the window has taken all events or is gone: queued events take memory.
    pub async fn catches_up(&self) {
        while !self.events.is_closed() && self.events.capacity() < self.events.max_capacity() {
            tokio::time::sleep(CATCHING_UP).await;
        }
    }

    pub async fn show_progress(&self, entry: EntryId, progress: Option<OrderProgress>) {
        self.emit(Event::Progress { entry, progress }).await;
    }

    pub async fn problem(&self, explanation: Explanation) {
        self.emit(Event::Problem(explanation)).await;
    }
}
