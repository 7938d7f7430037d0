//! The way to the window: events in their order, none dropped.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::explain::Explanation;
use crate::message::{Event, OrderProgress};
use crate::model::EntryId;

/// How often it is looked whether the window has taken all events.
const CATCHING_UP: Duration = Duration::from_millis(5);

/// Hears each event as it is sent, whether or not a window draws it. Must not wait.
pub(super) type OnEvent = Arc<dyn Fn(&Event) + Send + Sync>;

/// Sender of events. Clones share one queue.
#[derive(Clone)]
pub(super) struct Screen {
    events: mpsc::Sender<Event>,
    wake: Arc<dyn Fn() + Send + Sync>,
    on_event: Option<OnEvent>,
}

impl Screen {
    pub fn new(events: mpsc::Sender<Event>, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self {
            events,
            wake,
            on_event: None,
        }
    }

    /// Has every event heard by this as well.
    pub fn heard_by(self, on_event: OnEvent) -> Self {
        let on_event = Some(on_event);
        Self { on_event, ..self }
    }

    /// Sends an event to the window. Waits while its queue is full; without a window the event is dropped.
    pub async fn emit(&self, event: Event) {
        if let Some(on_event) = &self.on_event {
            on_event(&event);
        }
        self.events.send(event).await.ok();
        (self.wake)();
    }

    /// Returns once the window has taken all events, or is gone: what waits for it takes memory.
    pub async fn catches_up(&self) {
        while !self.events.is_closed() && self.events.capacity() < self.events.max_capacity() {
            tokio::time::sleep(CATCHING_UP).await;
        }
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
