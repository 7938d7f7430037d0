//! The devices that match a few letters, best first. The list is searched in parts, one per frame:
//! it may have a hundred thousand devices, and no frame waits for them.

use std::cmp::Reverse;
use std::sync::Arc;

use super::filter::Filter;
use super::fuzzy::Fuzzy;
use super::rows::Rows;
use crate::model::Machine;
use crate::state::State;

/// Devices searched per frame.
const LOOKED_AT_ONCE: usize = 16_000;
/// Best matches that are kept, and number of candidates that they are chosen from.
const MAX_FOUND: usize = 50;
const MAX_WEIGHED: usize = 400;
/// A shorter text is compared with names only: nearly every device has it in some other text.
const MIN_FILTERED: usize = 3;

/// The devices that match a text.
#[derive(Debug, Default)]
pub struct DeviceMatches {
    /// The searched text, and the state of the list.
    text: String,
    generation: u64,
    fuzzy: Fuzzy,
    filter: Option<Filter>,
    /// Indices to search; `None` for all.
    places: Option<Vec<u32>>,
    /// Next position to search; `None` while idle.
    next: Option<usize>,
    /// Score of a name and its index; score 0 if the search matched something other than the name.
    hits: Vec<(u32, u32)>,
    found: Option<Found>,
}

/// Matches of a complete pass over the list.
#[derive(Debug, Clone, Default)]
pub struct Found {
    pub text: String,
    generation: u64,
    /// The best matches in order, each with the score of its name.
    pub best: Vec<(u32, Arc<Machine>)>,
    /// Number of matches.
    pub count: usize,
}

impl DeviceMatches {
    /// Continues the search; `rows` rules most devices out. Returns the matches of this text, as
    /// soon as the list was searched once, and afterwards the newest.
    pub fn advance(&mut self, state: &State, rows: &Rows, text: &str) -> Option<&Found> {
        let generation = state.inventory.generation;
        let is_newest = |found: &Found| found.text == text && found.generation == generation;
        // A constantly changing list is searched to its end before starting again.
        let is_idle = self.next.is_none() && !self.found.as_ref().is_some_and(is_newest);
        if self.text != text || is_idle {
            self.begin(text, generation);
        }
        if let Some(next) = self.next {
            self.look_at_some(state, rows, next);
        }
        self.found.as_ref().filter(|found| found.text == text)
    }

    /// Whether the present list was searched completely.
    #[must_use]
    pub fn is_up_to_date(&self, state: &State) -> bool {
        let is_newest = |found: &Found| {
            found.text == self.text && found.generation == state.inventory.generation
        };
        self.next.is_none() && self.found.as_ref().is_some_and(is_newest)
    }

    fn begin(&mut self, text: &str, generation: u64) {
        let filter = (text.chars().count() >= MIN_FILTERED).then(|| Filter::parse(text));
        let narrows = self.next.is_none()
            && self.found.as_ref().is_some_and(|found| {
                found.generation == generation && narrows(&found.text, text, filter.as_ref())
            });
        self.places = narrows.then(|| self.hits.iter().map(|(_, place)| *place).collect());
        self.fuzzy.look_for(text);
        self.filter = filter;
        self.generation = generation;
        text.clone_into(&mut self.text);
        self.hits.clear();
        self.next = Some(0);
    }

    fn look_at_some(&mut self, state: &State, rows: &Rows, next: usize) {
        let machines = state.inventory.all();
        let of = self.places.as_ref().map_or(machines.len(), Vec::len);
        let end = (next + LOOKED_AT_ONCE).min(of);
        for at in next..end {
            let place = match &self.places {
                Some(places) => places[at],
                None => u32::try_from(at).unwrap_or(u32::MAX),
            };
            // The list may have become shorter meanwhile.
            let Some(machine) = machines.get(place as usize) else {
                continue;
            };
            let name = machine.computer_dns_name.as_deref();
            let by_name = name.and_then(|name| self.fuzzy.quick_score(name));
            let score = by_name.or_else(|| {
                let filter = self.filter.as_ref()?;
                rows.would_find(state, filter, place).then_some(0)
            });
            self.hits.extend(score.map(|score| (score, place)));
        }
        self.next = (end < of).then_some(end);
        if self.next.is_none() {
            self.found = Some(self.gather(machines));
        }
    }

    fn gather(&mut self, machines: &[Arc<Machine>]) -> Found {
        let mut best = self.hits.clone();
        if best.len() > MAX_WEIGHED {
            best.select_nth_unstable_by_key(MAX_WEIGHED, |(score, place)| {
                (Reverse(*score), *place)
            });
            best.truncate(MAX_WEIGHED);
        }
        let machine = |(_, place): (u32, u32)| {
            let machine = machines.get(place as usize)?;
            let name = machine.computer_dns_name.as_deref();
            let score = name.and_then(|name| self.fuzzy.score(name));
            Some((score.unwrap_or(0), Arc::clone(machine)))
        };
        let mut best: Vec<_> = best.into_iter().filter_map(machine).collect();
        best.sort_by(|(one, a), (other, b)| {
            let name = |machine: &Arc<Machine>| machine.computer_dns_name.clone();
            let order = other.cmp(one).then_with(|| name(a).cmp(&name(b)));
            order.then_with(|| a.id.cmp(&b.id))
        });
        best.truncate(MAX_FOUND);
        Found {
            text: self.text.clone(),
            generation: self.generation,
            best,
            count: self.hits.len(),
        }
    }
}

/// Whether nothing matches `now` that did not match `before`, as when letters are added. Matches of
/// anything but a name follow the filter's rules.
fn narrows(before: &str, now: &str, filter: Option<&Filter>) -> bool {
    let is_typed_on = !before.is_empty() && now.starts_with(before) && !now.contains('\\');
    let was_filtered = before.chars().count() >= MIN_FILTERED;
    is_typed_on
        && match (filter, was_filtered) {
            (None, _) => true,
            (Some(_), false) => false,
            (Some(filter), true) => filter.narrows(before, now),
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Policy;
    use crate::message::{Event, InventoryNews};
    use crate::model::{Epoch, MachineId, Mode, Sort};

    fn state(count: usize) -> State {
        let mut state = State::new(Mode::Live, "Commercial", Policy::default());
        let machines = (0..count).map(|n| {
            let id = MachineId::parse(&format!("{n:040x}")).expect("a literal id");
            let mut machine = Machine::bare(id);
            machine.computer_dns_name = Some(format!("FIN-LT-{n:05}").into());
            machine.last_ip_address = format!("10.20.{}.{}", n / 250, n % 250).parse().ok();
            Arc::new(machine)
        });
        let news = InventoryNews::Page(machines.collect());
        state.apply(Event::Inventory {
            epoch: Epoch(0),
            news,
        });
        state
    }

    /// Searches to the end of the list; returns the matches and the number of frames.
    fn look(matches: &mut DeviceMatches, state: &State, rows: &Rows, text: &str) -> (Found, usize) {
        for frames in 1..100 {
            if let Some(found) = matches.advance(state, rows, text).cloned()
                && matches.is_up_to_date(state)
            {
                return (found, frames);
            }
        }
        panic!("never whole");
    }

    fn names(found: &Found) -> Vec<String> {
        found.best.iter().map(|(_, m)| m.name()).collect()
    }

    #[test]
    fn a_long_list_takes_several_frames_and_narrowing_takes_one() {
        let (state, mut rows) = (state(50_000), Rows::default());
        rows.refresh(&state, "", Sort::default());
        let mut matches = DeviceMatches::default();
        assert!(matches.advance(&state, &rows, "l").is_none(), "one part");
        let (found, frames) = look(&mut matches, &state, &rows, "l");
        assert_eq!((found.count, found.best.len()), (50_000, MAX_FOUND));
        assert_eq!(frames, 3, "besides the first");
        let (found, _) = look(&mut matches, &state, &rows, "lt-4999");
        assert_eq!(found.count, 41);
        assert_eq!(names(&found)[0], "FIN-LT-49990", "a contiguous match first");
        let (found, frames) = look(&mut matches, &state, &rows, "lt-49993");
        assert_eq!((names(&found), frames), (vec!["FIN-LT-49993".into()], 1));
        let (found, _) = look(&mut matches, &state, &rows, "nothing like it");
        assert_eq!(found.count, 0);
    }

    #[test]
    fn narrowing_equals_a_new_search() {
        let (state, mut rows) = (state(3_000), Rows::default());
        rows.refresh(&state, "", Sort::default());
        let texts = [
            "f",
            "fn",
            "fn1",
            "fn12",
            "fn12 7",
            "fn12 7x",
            "10.20.3",
            "10.20.3.7",
        ];
        let mut typed_on = DeviceMatches::default();
        for text in texts {
            let (found, _) = look(&mut typed_on, &state, &rows, text);
            let (anew, _) = look(&mut DeviceMatches::default(), &state, &rows, text);
            assert_eq!(
                (names(&found), found.count),
                (names(&anew), anew.count),
                "{text}"
            );
        }
    }

    #[test]
    fn address_and_id_matches_follow_name_matches() {
        let (state, mut rows) = (state(600), Rows::default());
        rows.refresh(&state, "", Sort::default());
        let mut matches = DeviceMatches::default();
        let (found, _) = look(&mut matches, &state, &rows, "10.20.1.17");
        assert_eq!(names(&found), ["FIN-LT-00267"]);
        let id = format!("{:040x}", 431);
        let (found, _) = look(&mut matches, &state, &rows, &id);
        assert_eq!(names(&found), ["FIN-LT-00431"]);
    }

    #[test]
    fn a_changed_list_is_searched_again_and_keeps_the_old_answer_meanwhile() {
        let (mut state, mut rows) = (state(30_000), Rows::default());
        rows.refresh(&state, "", Sort::default());
        let mut matches = DeviceMatches::default();
        let (found, _) = look(&mut matches, &state, &rows, "lt-29999");
        assert_eq!(found.count, 1);
        let mut machine = Machine::bare(MachineId::parse("ffff").expect("a literal id"));
        machine.computer_dns_name = Some("NEW-LT-29999".into());
        let news = InventoryNews::Page(vec![Arc::new(machine)]);
        state.apply(Event::Inventory {
            epoch: Epoch(0),
            news,
        });
        rows.refresh(&state, "", Sort::default());
        let before = matches.advance(&state, &rows, "lt-29999");
        assert_eq!(before.map(|found| found.count), Some(1), "the old answer");
        let (found, _) = look(&mut matches, &state, &rows, "lt-29999");
        assert_eq!(found.count, 2);
    }
}
