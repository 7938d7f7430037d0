//! Direct queries for devices, beside the device list.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use super::State;
use crate::explain::Explanation;
use crate::message::AskedNews;
use crate::model::{Machine, MachineId, Question};

/// The maximum number of unlisted devices: the queries of a shift, and one long answer.
const KEPT: usize = 1_000;

/// The last query, and the devices that queries have found.
#[derive(Debug, Default)]
pub struct Asked {
    last: Option<Asking>,
    /// Devices from queries that no page of the list has shown since, oldest first.
    unlisted: VecDeque<MachineId>,
    /// Incremented with each answer.
    generation: u64,
}

/// A query and its progress.
#[derive(Debug)]
pub struct Asking {
    /// The search text of the query.
    pub text: Box<str>,
    pub question: Question,
    pub progress: Progress,
}

/// Progress of a query.
#[derive(Debug)]
pub enum Progress {
    Waiting {
        /// The end of the pause that the request budget or the service imposes.
        paused_until: Option<Timestamp>,
    },
    Answered(Answer),
    Failed(Explanation),
    /// The user stopped it.
    Stopped,
}

/// The service's answer.
#[derive(Debug)]
pub struct Answer {
    pub at: Timestamp,
    pub machines: Vec<MachineId>,
    /// Elements that could not be parsed.
    pub unreadable: usize,
    /// Whether there are more.
    pub is_cut: bool,
    /// Whether no device has the requested address now: these reported it last.
    pub is_of_last_report: bool,
}

impl Asked {
    /// The last query for this search text.
    #[must_use]
    pub fn for_search(&self, search: &str) -> Option<&Asking> {
        self.last
            .as_ref()
            .filter(|asking| &*asking.text == search.trim())
    }

    /// The answer for this search text, with a number unique to it.
    #[must_use]
    pub fn answer(&self, search: &str) -> Option<(u64, &Answer)> {
        match &self.for_search(search)?.progress {
            Progress::Answered(answer) => Some((self.generation, answer)),
            Progress::Waiting { .. } | Progress::Failed(_) | Progress::Stopped => None,
        }
    }

    /// Whether a device is known only from a query.
    #[must_use]
    pub fn is_unlisted(&self, id: &MachineId) -> bool {
        self.unlisted.contains(id)
    }

    /// The devices known only from queries.
    pub(super) fn unlisted(&self) -> impl Iterator<Item = &MachineId> {
        self.unlisted.iter()
    }

    /// Marks the devices of a page as listed.
    pub(super) fn note_listed(&mut self, machines: &[Arc<Machine>]) {
        if !self.unlisted.is_empty() {
            self.unlisted
                .retain(|id| machines.iter().all(|machine| machine.id != *id));
        }
    }
}

impl State {
    pub(super) fn apply_asked(&mut self, text: &str, news: AskedNews) {
        if let AskedNews::Started(question) = news {
            self.asked.last = Some(Asking {
                text: text.into(),
                question,
                progress: Progress::Waiting { paused_until: None },
            });
            return;
        }
        // A later query has replaced this one.
        let last = self.asked.last.as_ref();
        if last.is_none_or(|last| &*last.text != text) {
            return;
        }
        let progress = match news {
            AskedNews::Started(_) => return,
            AskedNews::Paused(until) => Progress::Waiting {
                paused_until: Some(until),
            },
            AskedNews::Failed(explanation) => Progress::Failed(explanation),
            AskedNews::Stopped => Progress::Stopped,
            AskedNews::Answered {
                at,
                machines,
                unreadable,
                is_cut,
                is_of_last_report,
            } => {
                let answer = Answer {
                    at,
                    machines: machines.iter().map(|machine| machine.id.clone()).collect(),
                    unreadable,
                    is_cut,
                    is_of_last_report,
                };
                for id in &answer.machines {
                    let is_listed = self.inventory.get(id).is_some();
                    if !is_listed && !self.asked.unlisted.contains(id) {
                        self.asked.unlisted.push_back(id.clone());
                    }
                }
                let excess = self.asked.unlisted.len().saturating_sub(KEPT);
                self.asked.unlisted.drain(..excess);
                self.learn_machines(machines, at);
                self.asked.generation += 1;
                Progress::Answered(answer)
            }
        };
        if let Some(last) = &mut self.asked.last {
            last.progress = progress;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Policy;
    use crate::message::{Event, InventoryNews};
    use crate::model::{Mode, SessionStatus};

    fn machine(id: &str) -> Arc<Machine> {
        Arc::new(Machine::bare(MachineId::parse(id).expect("a literal id")))
    }

    fn apply(state: &mut State, text: &str, news: AskedNews) {
        let epoch = state.epoch;
        state.apply(Event::Asked {
            epoch,
            text: text.into(),
            news,
        });
    }

    fn ask(state: &mut State, id: &str, answer: &[&str]) {
        let question = Question::Id(MachineId::parse(id).expect("a literal id"));
        apply(state, id, AskedNews::Started(question));
        apply(
            state,
            id,
            AskedNews::Answered {
                at: Timestamp::UNIX_EPOCH,
                machines: answer.iter().copied().map(machine).collect(),
                unreadable: 0,
                is_cut: false,
                is_of_last_report: false,
            },
        );
    }

    fn list(state: &mut State, ids: &[&str]) {
        let epoch = state.epoch;
        for news in [
            InventoryNews::Started(Timestamp::UNIX_EPOCH),
            InventoryNews::Page(ids.iter().copied().map(machine).collect()),
            InventoryNews::Done {
                at: Timestamp::UNIX_EPOCH,
                unreadable: 0,
                incomplete: None,
                seen: ids.iter().map(|id| machine(id).id.clone()).collect(),
            },
        ] {
            state.apply(Event::Inventory { epoch, news });
        }
    }

    fn is_unlisted(state: &State, id: &str) -> bool {
        state.asked.is_unlisted(&machine(id).id)
    }

    #[test]
    fn complete_list_keeps_queried_devices_and_marks_them_listed_once_shown() {
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        list(&mut state, &["a1", "a2"]);
        ask(&mut state, "b1", &["b1"]);
        ask(&mut state, "a1", &["a1"]);
        assert!(is_unlisted(&state, "b1") && !is_unlisted(&state, "a1"));
        list(&mut state, &["a1"]);
        assert!(state.inventory.get(&machine("b1").id).is_some());
        assert!(
            state.inventory.get(&machine("a2").id).is_none(),
            "not in the list any more"
        );
        assert!(is_unlisted(&state, "b1"));
        list(&mut state, &["a1", "b1"]);
        assert!(!is_unlisted(&state, "b1"));
        list(&mut state, &["a1"]);
        assert!(state.inventory.get(&machine("b1").id).is_none());
    }

    #[test]
    fn events_of_a_replaced_query_or_another_account_are_dropped() {
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        let question = |id: &str| Question::Id(MachineId::parse(id).expect("a literal id"));
        apply(&mut state, "a1", AskedNews::Started(question("a1")));
        apply(&mut state, "b1", AskedNews::Started(question("b1")));
        apply(&mut state, "a1", AskedNews::Stopped);
        assert!(state.asked.for_search("a1").is_none());
        let asking = state.asked.for_search(" b1 ").expect("the last one");
        assert!(matches!(
            asking.progress,
            Progress::Waiting { paused_until: None }
        ));
        ask(&mut state, "b1", &["b1"]);
        assert!(state.asked.answer("b1").is_some());
        state.apply(Event::Session {
            status: SessionStatus::SignedOut,
            epoch: crate::model::Epoch(1),
        });
        assert!(state.asked.for_search("b1").is_none() && !is_unlisted(&state, "b1"));
    }
}
