//! Desktop notifications and window attention for orders that ended or came to need a person while
//! nobody looked at the window.
//!
//! The worker passes its events to [`Notifier::observe`] directly: a covered or minimised window
//! draws no frames. A separate thread raises the notification, because a notification service may
//! not respond.
//!
//! - Linux: `org.freedesktop.Notifications` on the session bus. The summary is plain text there;
//!   the body may be markup, so it has no foreign text.
//! - macOS: `NSUserNotificationCenter`; the system asks the user once, and decides.
//! - Windows: a toast, under the id that the installer registers. Without it, under the name of
//!   `PowerShell`, the only id that every Windows has.

mod known;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use egui::{UserAttentionType, ViewportCommand};
use jiff::Timestamp;
use parking_lot::Mutex;

use known::Known;

use crate::journal::Entry;
use crate::message::Event;
use crate::model::Mode;
use crate::platform;
use crate::state::State;

/// More than the desktop shows; notices beyond that are still in the window.
const QUEUE: usize = 64;
/// Ends within this time are merged into one notification.
const COALESCE_FOR: Duration = Duration::from_millis(400);
/// Number of ends from which they are counted instead of named.
const COUNTED_FROM: usize = 4;

/// Content of a notification: the device and its order's outcome. No requestor, comment or tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub summary: String,
    pub body: String,
    needs_person: bool,
}

/// Raises notifications; clones share one queue.
#[derive(Clone)]
pub struct Notifier(Arc<Inner>);

struct Inner {
    mode: Mode,
    window: Arc<OnceLock<egui::Context>>,
    /// The window is in front. Initially true, until the window reports otherwise: the user has just started it.
    is_watched: AtomicBool,
    is_enabled: AtomicBool,
    known: Mutex<Known>,
    queue: Option<SyncSender<Notice>>,
}

impl Notifier {
    /// A notifier for the desktop. `window` is set once there is one.
    #[must_use]
    pub fn start(mode: Mode, window: Arc<OnceLock<egui::Context>>) -> Self {
        Self::with(mode, Some(super::now()), window, show)
    }

    fn with(
        mode: Mode,
        began_at: Option<Timestamp>,
        window: Arc<OnceLock<egui::Context>>,
        show: impl FnMut(&Notice) + Send + 'static,
    ) -> Self {
        let (queue, notices) = sync_channel(QUEUE);
        // Without the thread, only notifications are missing.
        let thread = std::thread::Builder::new()
            .name("cordon-notify".into())
            .spawn(move || raise_all(&notices, show));
        Self(Arc::new(Inner {
            mode,
            window,
            is_watched: AtomicBool::new(true),
            is_enabled: AtomicBool::new(true),
            known: Mutex::new(Known::new(mode, began_at)),
            queue: thread.is_ok().then_some(queue),
        }))
    }

    /// Sets whether the window is in front.
    pub fn set_watched(&self, is_watched: bool) {
        self.0.is_watched.store(is_watched, Ordering::Release);
    }

    /// Sets whether the settings enable notifications.
    pub fn set_enabled(&self, is_enabled: bool) {
        self.0.is_enabled.store(is_enabled, Ordering::Release);
    }

    /// Whether an unwatched end would raise a notification.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.0.is_enabled.load(Ordering::Acquire)
    }

    /// Processes an event about orders. Never blocks.
    pub fn observe(&self, event: &Event) {
        let mut known = self.0.known.lock();
        for id in known.observe(event) {
            let state = known.state();
            if let Some(entry) = state.entry(id) {
                self.raise(|mode| notice(entry, state, mode));
            }
        }
    }

    /// Raises a notification and requests the user's attention.
    fn raise(&self, notice: impl FnOnce(Mode) -> Notice) {
        let inner = &self.0;
        if inner.is_watched.load(Ordering::Acquire) {
            return;
        }
        if let Some(window) = inner.window.get() {
            let informational = UserAttentionType::Informational;
            window.send_viewport_cmd_to(
                egui::ViewportId::ROOT,
                ViewportCommand::RequestUserAttention(informational),
            );
            window.request_repaint();
        }
        if self.is_enabled()
            && let Some(queue) = &inner.queue
        {
            queue.try_send(notice(inner.mode)).ok();
        }
    }
}

/// The notice of an order's outcome, and whether that needs a person.
fn notice(entry: &Entry, state: &State, mode: Mode) -> Notice {
    let mut word = state.status_word(entry);
    if state.ended_without_success(entry) {
        word += ", ended without success";
    }
    let title = entry.order.task.title();
    let mut body = match mode {
        Mode::Live => title,
        Mode::Demo | Mode::StandIn => format!("{}: {title}", mode.word()),
    };
    // The service's status is foreign text: no characters that could be markup.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == ' ';
    let deviation = state.deviation_of(entry);
    if let Some(deviation) = deviation.filter(|words| words.chars().all(is_plain)) {
        body = format!("{body}. {deviation}");
    }
    let needs_person = state.entries.needs_attention(entry);
    if needs_person {
        body += ". Needs your attention in cordon";
    }
    Notice {
        summary: format!("{word}: {}", state.machine_of(entry).quoted()),
        body,
        needs_person,
    }
}

/// The thread's work: waits for notices until the last [`Notifier`] is dropped.
fn raise_all(notices: &Receiver<Notice>, mut show: impl FnMut(&Notice)) {
    while let Ok(first) = notices.recv() {
        std::thread::sleep(COALESCE_FOR);
        let mut all = vec![first];
        all.extend(notices.try_iter());
        if all.len() < COUNTED_FROM {
            all.iter().for_each(&mut show);
        } else {
            show(&counted(&all));
        }
    }
}

/// Merges notices into one.
fn counted(all: &[Notice]) -> Notice {
    let wrong = all.iter().filter(|notice| notice.needs_person).count();
    let body = match wrong {
        0 => "All succeeded".to_owned(),
        1 => "1 needs your attention in cordon".to_owned(),
        wrong => format!("{wrong} need your attention in cordon"),
    };
    Notice {
        summary: format!("Updates on {} actions", all.len()),
        body,
        needs_person: wrong > 0,
    }
}

/// Asks the desktop to show a notice. The first failure is logged.
fn show(notice: &Notice) {
    static SAID: AtomicBool = AtomicBool::new(false);
    let mut notification = notify_rust::Notification::new();
    notification
        .appname("cordon")
        .summary(&notice.summary)
        .body(&notice.body);
    platform::sign_notification(&mut notification);
    if let Err(error) = notification.show()
        && !SAID.swap(true, Ordering::Relaxed)
    {
        tracing::warn!("this desktop shows no notifications: {error}");
    }
}

#[cfg(test)]
mod tests;
