//! The way to the window: events in their order, none dropped.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::explain::Explanation;
use crate::message::{Event, OrderProgress};
use crate::model::EntryId;

/// Sender of events. Clones share one queue.
#[derive(Clone)]
pub(super) struct Screen {
    events: mpsc::Sender<Event>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Screen {
    pub fn new(events: mpsc::Sender<Event>, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { events, wake }
    }

    /// Sends an event to the window. Waits while its queue is full; without a window the event is dropped.
    pub async fn emit(&self, event: Event) {
        self.events.send(event).await.ok();
        (self.wake)();
    }

    pub async fn note(&self, entry: EntryId, note: Option<OrderProgress>) {
        self.emit(Event::Progress {
            entry,
            progress: note,
        })
        .await;
    }

    pub async fn problem(&self, explanation: Explanation) {
        self.emit(Event::Problem(explanation)).await;
    }
}
