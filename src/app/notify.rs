//! Desktop notifications and window attention: an order that ended, or became unknown, while nobody
//! looked at the window.
//!
//! The worker has [`Notifier::observe`] hear its events itself, so that nothing hangs on a frame being drawn: a
//! covered or minimised window draws none. The notification is raised by a thread of its own,
//! because a notification service may not answer.
//!
//! - Linux: `org.freedesktop.Notifications` on the session bus. The summary is plain text there; the
//!   body may be markup, so nothing foreign goes into it.
//! - macOS: by `NSUserNotificationCenter`; the system asks the person once, and decides.
//! - Windows: a toast, under the id that the installer registers. Without it, it comes under the name of
//!   `PowerShell`, which is the one id that every Windows has.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use egui::{UserAttentionType, ViewportCommand};
use parking_lot::Mutex;

use crate::journal::{AWAITS_APPROVAL, Entry, NOT_AS_ORDERED, NotSentReason, OrderStatus, Record};
use crate::message::Event;
use crate::model::{EntryId, MachineAction, MachineActionId, MachineActionStatus, Mode};
use crate::platform;

/// More than the desktop shows; what does not fit is in the window all the same.
const QUEUE: usize = 64;
/// Several that end in this time are one notification.
const TOGETHER: Duration = Duration::from_millis(400);
/// From this number on they are counted instead of named.
const COUNTED_FROM: usize = 4;

/// What a notification says: the device and what became of the order. No person, comment or tenant.
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
    /// The window is in front of a person. True until the window says otherwise: at the start
    /// somebody is there.
    is_watched: AtomicBool,
    is_enabled: AtomicBool,
    /// The status that each entry was last seen with.
    seen: Mutex<HashMap<EntryId, &'static str>>,
    /// What was read of actions of a console that succeeded and say in which variant.
    succeeded: Mutex<HashMap<MachineActionId, MachineAction>>,
    /// Orders that the service is at work on, by its action, until one was seen waiting for approval.
    open: Mutex<HashMap<MachineActionId, Entry>>,
    queue: Option<SyncSender<Notice>>,
}

impl Notifier {
    /// A notifier for the desktop. `window` is filled once there is one.
    #[must_use]
    pub fn start(mode: Mode, window: Arc<OnceLock<egui::Context>>) -> Self {
        Self::with(mode, window, show)
    }

    fn with(
        mode: Mode,
        window: Arc<OnceLock<egui::Context>>,
        show: impl FnMut(&Notice) + Send + 'static,
    ) -> Self {
        let (queue, notices) = sync_channel(QUEUE);
        // Without the thread there are no notifications, and nothing else is lost.
        let thread = std::thread::Builder::new()
            .name("cordon-notify".into())
            .spawn(move || raise_all(&notices, show));
        Self(Arc::new(Inner {
            mode,
            window,
            is_watched: AtomicBool::new(true),
            is_enabled: AtomicBool::new(true),
            seen: Mutex::default(),
            succeeded: Mutex::default(),
            open: Mutex::default(),
            queue: thread.is_ok().then_some(queue),
        }))
    }

    /// Whether a person has the window in front.
    pub fn set_watched(&self, is_watched: bool) {
        self.0.is_watched.store(is_watched, Ordering::Release);
    }

    /// Whether the settings want notifications.
    pub fn set_enabled(&self, is_enabled: bool) {
        self.0.is_enabled.store(is_enabled, Ordering::Release);
    }

    /// Whether an end that nobody watches would be shown.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.0.is_enabled.load(Ordering::Acquire)
    }

    /// Takes notice of what was read of actions, and of an entry that has a new record. Never waits.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "it is about three of them alone"
    )]
    pub fn observe(&self, event: &Event) {
        match event {
            Event::Actions { actions, .. } => {
                let is_ours = |action: &MachineAction| {
                    let comment = action.requestor_comment.as_deref();
                    comment.and_then(EntryId::find_in).is_some()
                };
                let says_variant = |action: &MachineAction| {
                    action.scope.is_some() && action.status == MachineActionStatus::Succeeded
                };
                let said = actions.iter();
                let said = said.filter(|action| says_variant(action) && is_ours(action));
                let said = said.map(|action| (action.id.clone(), action.clone()));
                self.0.succeeded.lock().extend(said);
                let waiting = actions.iter().filter(|action| action.awaits_approval());
                for action in waiting {
                    let entry = self.0.open.lock().remove(&action.id);
                    if let Some(entry) = entry {
                        self.raise(|mode| awaits_approval(&entry, mode));
                    }
                }
            }
            Event::Entries(entries) => entries.iter().for_each(|entry| self.note_open(entry)),
            Event::Entry(entry) => self.observe_entry(entry),
            _ => {}
        }
    }

    fn observe_entry(&self, entry: &Entry) {
        let inner = &self.0;
        let status = entry.status();
        let key = status.key();
        let before = {
            let mut seen = inner.seen.lock();
            seen.insert(entry.id(), key)
        };
        if before != Some(key) {
            self.note_open(entry);
        }
        let is_news = before != Some(key) && !is_acknowledging(entry);
        let is_news = is_news && (status.is_end() || status.needs_person());
        if is_news && !is_withdrawn(status) {
            self.raise(|mode| {
                let read = entry.own_action();
                let read = read.and_then(|own| inner.succeeded.lock().get(&own).cloned());
                ended(entry, entry.deviation(read.as_ref()), mode)
            });
        }
    }

    fn note_open(&self, entry: &Entry) {
        let Some(own) = entry.own_action() else {
            return;
        };
        let mut open = self.0.open.lock();
        if entry.status().is_end() {
            open.remove(&own);
        } else {
            open.insert(own, entry.clone());
        }
    }

    /// Asks for a person who is not at the window.
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

/// Whether the last that became known is what a person did: has read the rest, or fetched a package.
fn is_acknowledging(entry: &Entry) -> bool {
    matches!(
        entry.records().last(),
        Some((_, Record::Acknowledged { .. } | Record::Downloaded { .. }))
    )
}

/// Whether the person withdrew it; that needs no notification.
fn is_withdrawn(status: &OrderStatus) -> bool {
    let withdrawn = NotSentReason::Withdrawn;
    matches!(status, OrderStatus::NotSent { why, .. } if *why == withdrawn)
}

/// That an order has ended, or that its outcome is unknown. `deviation` is what was carried out in its
/// place.
fn ended(entry: &Entry, deviation: Option<String>, mode: Mode) -> Notice {
    let mut word = entry.status().word(&entry.order.task);
    if deviation.is_some() {
        word = format!("{word}, {NOT_AS_ORDERED}");
    }
    let needs_person = entry.status().needs_person() || deviation.is_some();
    // The service's word for it is foreign: nothing that could be markup.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == ' ';
    let deviation = deviation.filter(|words| words.chars().all(is_plain));
    notice(entry, &word, deviation, needs_person, mode)
}

fn awaits_approval(entry: &Entry, mode: Mode) -> Notice {
    let word = entry.status().word(&entry.order.task);
    let word = format!("{word}, {AWAITS_APPROVAL}");
    notice(entry, &word, None, true, mode)
}

fn notice(
    entry: &Entry,
    word: &str,
    detail: Option<String>,
    needs_person: bool,
    mode: Mode,
) -> Notice {
    let title = entry.order.task.title();
    let mut body = match mode {
        Mode::Live => title,
        Mode::Demo | Mode::StandIn => format!("{}: {title}", mode.word()),
    };
    if let Some(detail) = detail {
        body = format!("{body}. {detail}");
    }
    if needs_person {
        body += ". Needs your attention in cordon";
    }
    Notice {
        summary: format!("{word}: {}", entry.machine().quoted()),
        body,
        needs_person,
    }
}

/// The thread's work: waits for notices until the last [`Notifier`] has gone.
fn raise_all(notices: &Receiver<Notice>, mut show: impl FnMut(&Notice)) {
    while let Ok(first) = notices.recv() {
        std::thread::sleep(TOGETHER);
        let mut all = vec![first];
        all.extend(notices.try_iter());
        if all.len() < COUNTED_FROM {
            all.iter().for_each(&mut show);
        } else {
            show(&counted(&all));
        }
    }
}

/// One notice in the place of many.
fn counted(all: &[Notice]) -> Notice {
    let wrong = all.iter().filter(|notice| notice.needs_person).count();
    let body = match wrong {
        0 => "All succeeded".to_owned(),
        1 => "1 needs your attention in cordon".to_owned(),
        wrong => format!("{wrong} need your attention in cordon"),
    };
    Notice {
        summary: format!("{} actions have ended", all.len()),
        body,
        needs_person: wrong > 0,
    }
}

/// Asks the desktop to show a notice. A desktop that cannot is named in the log, once.
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
