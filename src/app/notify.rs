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

use crate::journal::{Entry, NOT_AS_ORDERED, NotSentReason, OrderStatus, Record};
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
        reason = "it is about two of them alone"
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
            }
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
        let is_news = before != Some(key) && !is_acknowledging(entry);
        let is_news = is_news && (status.is_end() || status.needs_person());
        if !is_news || is_withdrawn(status) || inner.is_watched.load(Ordering::Acquire) {
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
            let read = entry.own_action();
            let read = read.and_then(|own| inner.succeeded.lock().get(&own).cloned());
            let deviation = entry.deviation(read.as_ref());
            queue.try_send(notice(entry, deviation, inner.mode)).ok();
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

/// `deviation` is what was carried out in its place.
fn notice(entry: &Entry, deviation: Option<String>, mode: Mode) -> Notice {
    let task = &entry.order.task;
    let mut word = entry.status().word(task);
    if deviation.is_some() {
        word = format!("{word}, {NOT_AS_ORDERED}");
    }
    let needs_person = entry.status().needs_person() || deviation.is_some();
    let mut body = match mode {
        Mode::Live => task.title(),
        Mode::Demo | Mode::StandIn => format!("{}: {}", mode.word(), task.title()),
    };
    // The service's word for it is foreign: nothing that could be markup.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == ' ';
    if let Some(deviation) = deviation.filter(|words| words.chars().all(is_plain)) {
        body = format!("{body}. {deviation}");
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
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::action::{ActionKind, Order};
    use crate::action::{FULL, ISOLATION_TYPE, Task, Value};
    use crate::journal::Author;
    use crate::model::{Epoch, HResult, MachineActionType};
    use crate::state::fixtures;

    fn entry(tag: &str) -> Entry {
        let author = Author {
            mode: "LIVE".into(),
            tenant: "tenant-of-contoso".into(),
            account: "jane@contoso.com at Commercial".into(),
            ..fixtures::author()
        };
        let machine = fixtures::machine_ref("a19c07", Some("FIN-LT-042"));
        let order = Order {
            comment: "INC-4711 suspected insider".into(),
            ..fixtures::order(tag, machine, ActionKind::Isolate)
        };
        Entry::new(author, order)
    }

    fn finished(status: MachineActionStatus) -> Record {
        Record::Finished {
            action: MachineActionId::parse("b89eb834").expect("a literal id"),
            status,
            hresult: HResult(0),
            by: Some("sam@contoso.com".into()),
            comment: Some("not now".into()),
            service_time: None,
        }
    }

    fn add(entry: &mut Entry, record: Record) {
        entry.push(Timestamp::UNIX_EPOCH, record);
    }

    fn notifier() -> (Notifier, std::sync::mpsc::Receiver<Notice>) {
        let (give, take) = sync_channel(QUEUE);
        let notifier = Notifier::with(Mode::Live, Arc::default(), move |notice: &Notice| {
            give.send(notice.clone()).ok();
        });
        (notifier, take)
    }

    /// All that were raised by the time the notifier has ended.
    fn raised(notifier: Notifier, notices: &std::sync::mpsc::Receiver<Notice>) -> Vec<Notice> {
        drop(notifier);
        notices.iter().collect()
    }

    #[test]
    fn an_unwatched_end_notifies_once_without_names_comments_or_tenant() {
        let (notifier, notices) = notifier();
        notifier.set_watched(false);
        let mut entry = entry("cdn-00000001");
        add(&mut entry, Record::Sent);
        notifier.observe_entry(&entry);
        add(&mut entry, finished(MachineActionStatus::Failed));
        notifier.observe_entry(&entry);
        notifier.observe_entry(&entry);
        let told = raised(notifier, &notices);
        let [notice] = told.as_slice() else {
            panic!("{told:?}")
        };
        assert_eq!(notice.summary, "Failed: “FIN-LT-042” (…9c07)");
        assert_eq!(
            notice.body,
            "Isolate device. Needs your attention in cordon"
        );
    }

    #[test]
    fn successes_and_unknown_outcomes_notify_and_withdrawals_do_not() {
        let (notifier, notices) = notifier();
        notifier.set_watched(false);
        let mut good = entry("cdn-00000001");
        add(&mut good, finished(MachineActionStatus::Succeeded));
        notifier.observe_entry(&good);
        let mut unknown = entry("cdn-00000002");
        add(
            &mut unknown,
            Record::Unknown {
                why: "reset".into(),
            },
        );
        notifier.observe_entry(&unknown);
        let mut withdrawn = entry("cdn-00000003");
        let why = NotSentReason::Withdrawn;
        add(&mut withdrawn, Record::NotSent { why, detail: None });
        notifier.observe_entry(&withdrawn);
        // An entry of an earlier run that somebody acknowledges now.
        let mut read = entry("cdn-00000004");
        add(&mut read, finished(MachineActionStatus::Failed));
        add(
            &mut read,
            Record::Acknowledged {
                status: "Failed".into(),
                object_id: "o".into(),
                account: "jane".into(),
            },
        );
        notifier.observe_entry(&read);
        let told = raised(notifier, &notices);
        let told: Vec<_> = told.iter().map(|n| n.summary.as_str()).collect();
        assert_eq!(
            told,
            [
                "Isolated: “FIN-LT-042” (…9c07)",
                "Outcome unknown: “FIN-LT-042” (…9c07)"
            ]
        );
    }

    #[test]
    fn nothing_is_raised_in_front_of_a_person_or_against_the_settings() {
        for (is_watched, is_enabled) in [(true, true), (false, false)] {
            let (notifier, notices) = notifier();
            notifier.set_watched(is_watched);
            notifier.set_enabled(is_enabled);
            let mut entry = entry("cdn-00000001");
            add(&mut entry, finished(MachineActionStatus::Failed));
            notifier.observe_entry(&entry);
            assert_eq!(raised(notifier, &notices), []);
        }
    }

    #[test]
    fn many_at_once_are_one_notification() {
        let (notifier, notices) = notifier();
        notifier.set_watched(false);
        for n in 1..=5 {
            let mut entry = entry(&format!("cdn-0000000{n}"));
            let status = if n == 3 {
                MachineActionStatus::Failed
            } else {
                MachineActionStatus::Succeeded
            };
            add(&mut entry, finished(status));
            notifier.observe_entry(&entry);
        }
        let told = raised(notifier, &notices);
        let [notice] = told.as_slice() else {
            panic!("{told:?}")
        };
        assert_eq!(notice.summary, "5 actions have ended");
        assert_eq!(notice.body, "1 needs your attention in cordon");
    }

    #[test]
    fn what_was_carried_out_otherwise_is_not_said_to_be_as_ordered() {
        let (notifier, notices) = notifier();
        notifier.set_watched(false);
        let mut entry = entry("cdn-00000001");
        entry.order.task = Task::Act {
            kind: ActionKind::Isolate,
            values: [(&ISOLATION_TYPE, Value::Choice(&FULL))].into(),
        };
        add(&mut entry, Record::Sent);
        let id = MachineActionId::parse("b89eb834").expect("a literal id");
        let (kind, status) = (MachineActionType::Isolate, MachineActionStatus::Succeeded);
        let mut read = MachineAction::bare(id, kind, status.clone());
        read.scope = Some("Selective".into());
        read.requestor_comment = Some("[cdn-00000001] beacon".into());
        notifier.observe(&Event::Actions {
            epoch: Epoch::default(),
            actions: vec![read],
        });
        add(&mut entry, finished(status));
        notifier.observe(&Event::Entry(Box::new(entry)));
        let told = raised(notifier, &notices);
        let [notice] = told.as_slice() else {
            panic!("{told:?}")
        };
        assert_eq!(
            notice.summary,
            "Isolated, not as ordered: “FIN-LT-042” (…9c07)"
        );
        assert_eq!(
            notice.body,
            "Isolate device. Defender carried it out as Selective. Needs your attention in cordon"
        );
        assert!(notice.needs_person, "counted among those");
    }
}
