//! Open work according to the journal, shown without a sign-in: unsent orders, and orders that Defender had
//! not completed when last checked.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use egui::Ui;
use jiff::Timestamp;

use crate::journal::{Author, Entry, OrderStatus, Phase};
use crate::message::Command;
use crate::model::{EntryId, first_named};
use crate::state::{self, State};
use crate::ui::concerns::Concern;
use crate::ui::theme::Role;
use crate::ui::widgets::{ActionButton, Icon, badge};
use crate::ui::words::{ago, counted};
use crate::ui::{Cx, look};

/// Maximum number of devices named in one line.
const MAX_NAMES: usize = 4;

/// Shows both, and unacknowledged outcomes.
pub fn open_work_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    unread_ui(ui, cx);
    pending_ui(ui, cx);
    unsent_ui(ui, cx);
}

/// Shows entries that failed or were never sent: without the list nothing else does.
fn unread_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let mut kinds: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
    let ended = cx.state.entries.attention();
    for entry in ended.filter(|entry| entry.status().phase() == Phase::Ended) {
        let word = cx.state.status_word(entry);
        kinds.entry(word).or_default().push(entry);
    }
    for (word, entries) in kinds {
        let count = state::counted(entries.len(), &word);
        let words = format!("Needs attention: {count} ({})", names(&entries, cx.state));
        badge(ui, Icon::Warning, Role::Caution, &words);
    }
}

/// Shows orders that were sent and had not ended when last checked.
pub fn pending_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let mut kinds: BTreeMap<(&str, bool), Vec<&Entry>> = BTreeMap::new();
    for entry in cx.state.open_entries() {
        let status = entry.status();
        if matches!(status, OrderStatus::Waiting | OrderStatus::Held { .. }) {
            continue;
        }
        let is_unknown = !matches!(status, OrderStatus::Accepted { .. });
        let noun = entry.order.task.noun();
        kinds.entry((noun, is_unknown)).or_default().push(entry);
    }
    for ((noun, is_unknown), entries) in kinds {
        let sent = entries.iter().filter_map(|e| e.first_sent_at()).min();
        let what = if is_unknown {
            "with unknown outcome"
        } else {
            "still pending"
        };
        let mut words = format!(
            "{} {what}: {}",
            counted(entries.len(), noun, &format!("{noun}s")),
            names(&entries, cx.state)
        );
        if let Some(sent) = sent {
            let which = if entries.len() == 1 {
                ""
            } else {
                "the oldest "
            };
            // Writing to a string cannot fail.
            write!(words, ", {which}sent {}", ago(sent, cx.now)).ok();
        }
        let (icon, role) = look::left_open(is_unknown);
        badge(ui, icon, role, &words);
    }
}

/// Shows unsent orders, grouped by author; they can be withdrawn.
pub fn unsent_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let mut authors: Vec<(&Author, Vec<EntryId>)> = Vec::new();
    for entry in cx.state.waiting() {
        let known = authors.iter_mut().find(|(author, _)| {
            author.object_id == entry.author.object_id && author.tenant == entry.author.tenant
        });
        match known {
            Some((_, entries)) => entries.push(entry.id()),
            None => authors.push((&entry.author, vec![entry.id()])),
        }
    }
    let account = cx.state.session.account();
    if cx.state.session.is_signed_in() {
        // The account's own are sent automatically, and are in the list.
        authors.retain(|(author, _)| account.is_none_or(|account| !author.is(account)));
    }
    let mut withdrawn = Vec::new();
    for (author, entries) in authors {
        let is_theirs = account.is_some_and(|account| author.is(account));
        let words = unsent_words(entries.len(), &author.name(), is_theirs);
        let button = match entries.len() {
            1 => ActionButton::new("Withdraw it"),
            _ => ActionButton::new("Withdraw them"),
        };
        if ui
            .add(button.hint("Withdraws what has not been sent"))
            .clicked()
        {
            withdrawn = entries;
        }
        badge(ui, Icon::Waiting, Role::Caution, &words);
    }
    cx.out
        .work
        .extend(withdrawn.into_iter().map(Command::Withdraw));
}

fn unsent_words(count: usize, who: &str, is_theirs: bool) -> String {
    let (they_were, them) = match count {
        1 => ("it was", "it"),
        _ => ("they were", "them"),
    };
    let actions = counted(count, "action", "actions");
    if is_theirs {
        format!("{actions} not sent yet: will be sent when you sign in again as {who}")
    } else {
        format!(
            "{actions} not sent: {they_were} ordered as {who}. Sign in as {who}, or withdraw {them}"
        )
    }
}

/// The account's orders that have not ended, by status.
pub struct OpenOrders<'a> {
    state: &'a State,
    unsent: Vec<&'a Entry>,
    /// Sent, with unknown outcome.
    unanswered: Vec<&'a Entry>,
    /// Accepted by Defender.
    pending: Vec<&'a Entry>,
}

/// Event after which orders are no longer watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Close,
    SignOut,
}

impl<'a> OpenOrders<'a> {
    pub fn of(state: &'a State) -> Self {
        let account = state.session.account();
        let is_own = |entry: &&Entry| account.is_some_and(|account| entry.author.is(account));
        let sent = || state.open_entries().filter(is_own);
        Self {
            state,
            unsent: state.unsent().collect(),
            unanswered: sent()
                .filter(|e| e.status().phase() == Phase::Unanswered)
                .collect(),
            pending: sent()
                .filter(|e| matches!(e.status().phase(), Phase::UnderWay(_)))
                .collect(),
        }
    }

    /// Removes those that the next start follows automatically.
    pub fn without_followed(mut self) -> Self {
        self.pending.clear();
        self
    }

    /// Consequences for each kind of open work, the most serious first.
    pub fn concerns(&self, ending: Ending) -> Vec<Concern> {
        let mut concerns = Vec::new();
        let mut add = |entries: &[&Entry], words: [&str; 2], consequence| {
            if !entries.is_empty() {
                let count = counted(entries.len(), words[0], words[1]);
                let what = format!("{count} ({})", names(entries, self.state));
                concerns.push(Concern { what, consequence });
            }
        };
        add(
            &self.unanswered,
            [
                "action was sent and its outcome is not known yet",
                "actions were sent and their outcome is not known yet",
            ],
            match ending {
                Ending::Close => {
                    "The journal keeps this; the next start looks up the outcome, once you are signed in"
                }
                Ending::SignOut => {
                    "cordon looks up the outcome when you sign in again with the same account"
                }
            },
        );
        add(
            &self.unsent,
            ["action not sent yet", "actions not sent yet"],
            match ending {
                Ending::Close => {
                    "Anything not yet sent will not be sent; the next start offers it for a new review"
                }
                Ending::SignOut => "Anything not yet sent will not be sent",
            },
        );
        add(
            &self.pending,
            ["action is still pending", "actions are still pending"],
            match ending {
                Ending::Close => {
                    "Defender carries it out without cordon; sign in again to follow it"
                }
                Ending::SignOut => {
                    "Defender carries out what it has accepted without cordon; sign in again with the same account to follow it"
                }
            },
        );
        concerns
    }

    /// When the oldest of the sent ones was sent.
    pub fn sent_words(&self, now: Timestamp) -> Option<String> {
        let sent = || self.unanswered.iter().chain(&self.pending);
        let times = sent().filter_map(|e| Some((e.first_sent_at()?, e)));
        let (at, oldest) = times.min_by_key(|(at, _)| *at)?;
        let secs = now.duration_since(at).as_secs().max(0);
        let ago = if secs < 60 {
            format!("{secs} s ago")
        } else {
            ago(at, now)
        };
        let name = self.state.machine_of(oldest).quoted();
        Some(match sent().count() {
            1 => format!("{name}: sent {ago}"),
            _ => format!("{name}: sent {ago}, the first of these"),
        })
    }
}

/// Their devices, in one line.
pub fn names(entries: &[&Entry], state: &State) -> String {
    let names = entries.iter().map(|entry| state.machine_of(entry).quoted());
    first_named(names, MAX_NAMES)
}

#[cfg(test)]
mod tests {
    use crate::guard::Policy;
    use crate::journal::Record;
    use crate::message::Event;
    use crate::model::{Epoch, MachineActionStatus};
    use crate::state::fixtures;
    use crate::ui::Outbox;
    use crate::ui::activity::open_work::*;
    use crate::ui::views::Views;

    /// Orders of the signed-in account, one of each kind, and one of another account.
    fn state() -> State {
        let mut state = State::new(crate::model::Mode::Live, "Commercial", Policy::default());
        state.apply(Event::Session {
            status: fixtures::signed_in(fixtures::account("t", None)),
            epoch: Epoch(0),
        });
        let accepted = Record::Accepted {
            action: crate::journal::tests::action(),
            status: MachineActionStatus::Pending,
        };
        let unknown = Record::Unknown { why: "lost".into() };
        let mut orders = crate::journal::tests::orders().into_iter();
        let mut entry = |name: &str, records: Vec<Record>| {
            let mut order = orders.next().expect("one of each");
            order.machine.dns_name = Some(name.into());
            let mut entry = Entry::new(crate::journal::tests::author(), order);
            for record in records {
                entry.push(Timestamp::UNIX_EPOCH, record);
            }
            entry
        };
        let mut theirs = entry("THEIRS", vec![Record::Sent]);
        theirs.author.object_id = "another".into();
        state.apply(Event::Entries(vec![
            theirs,
            entry("WAITS", Vec::new()),
            entry("LOST", vec![Record::Sent, unknown]),
            entry("TAKEN", vec![Record::Sent, accepted]),
        ]));
        state
    }

    #[test]
    fn closing_and_signing_out_count_the_same_orders_with_their_own_consequences() {
        let state = state();
        let open = OpenOrders::of(&state);
        let what = |ending| -> Vec<String> {
            let concerns = open.concerns(ending).into_iter();
            concerns.map(|concern| concern.what).collect()
        };
        let expected = [
            "1 action was sent and its outcome is not known yet (“LOST” (…cc07))",
            "1 action not sent yet (“WAITS” (…cc07))",
            "1 action is still pending (“TAKEN” (…cc07))",
        ];
        assert_eq!(what(Ending::Close), expected);
        assert_eq!(what(Ending::SignOut), expected);
        let now = Timestamp::from_second(7).expect("a time");
        let sent = open.sent_words(now).expect("two sent orders");
        assert!(
            sent.ends_with(": sent 7 s ago, the first of these"),
            "{sent}"
        );
        let open = open.without_followed();
        assert_eq!(
            open.sent_words(now).as_deref(),
            Some("“LOST” (…cc07): sent 7 s ago")
        );
        assert_eq!(open.concerns(Ending::Close).len(), 2);
    }

    #[test]
    fn sign_in_shows_orders_unsent_in_the_last_run() {
        use egui_kittest::kittest::Queryable as _;

        let mut state = state();
        let mut entry = Entry::new(
            crate::journal::tests::author(),
            crate::journal::tests::orders().remove(0),
        );
        let why = crate::journal::NotSentReason::ConsoleEnded;
        entry.push(Timestamp::UNIX_EPOCH, Record::NotSent { why, detail: None });
        state.apply(Event::Entries(vec![entry]));
        let (mut views, mut out) = (Views::default(), Outbox::default());
        let mut harness = egui_kittest::Harness::builder()
            .with_context_setup(|ctx: &egui::Context| crate::ui::theme::apply(ctx))
            .build_ui(move |ui| {
                let now = Timestamp::UNIX_EPOCH;
                let mut cx = Cx {
                    state: &state,
                    views: &mut views,
                    now,
                    out: &mut out,
                };
                open_work_ui(ui, &mut cx);
            });
        harness.run();
        harness.get_by_label_contains("Needs attention: 1 not sent (“");
    }

    #[test]
    fn open_work_names_its_author_and_the_next_step() {
        assert_eq!(
            unsent_words(1, "alice@contoso.com", false),
            "1 action not sent: it was ordered as alice@contoso.com. Sign in as alice@contoso.com, or withdraw it"
        );
        assert_eq!(
            unsent_words(2, "a@b", false),
            "2 actions not sent: they were ordered as a@b. Sign in as a@b, or withdraw them"
        );
        assert_eq!(
            unsent_words(1, "a@b", true),
            "1 action not sent yet: will be sent when you sign in again as a@b"
        );
    }
}
