//! Bounded cache of reads; the most recently changed stay.

use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use crate::model::HeapBytes;

/// Values by key, bounded in number and memory.
#[derive(Debug)]
pub struct Recent<K, V, const COUNT: usize, const BYTES: usize> {
    /// Each value with its memory.
    by_key: HashMap<K, (V, usize)>,
    /// Memory of all values.
    bytes: usize,
    /// The keys, the most recently changed one last.
    order: VecDeque<K>,
}

impl<K, V, const COUNT: usize, const BYTES: usize> Default for Recent<K, V, COUNT, BYTES> {
    fn default() -> Self {
        Self {
            by_key: HashMap::new(),
            bytes: 0,
            order: VecDeque::new(),
        }
    }
}

impl<K, V, const COUNT: usize, const BYTES: usize> Recent<K, V, COUNT, BYTES>
where
    K: Clone + Eq + Hash,
    V: Default + HeapBytes,
{
    #[must_use]
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.by_key.get(key).map(|(value, _)| value)
    }

    /// Changes a value, or the default if there is none; evicts the values that changed longest ago.
    pub(crate) fn change(&mut self, key: K, change: impl FnOnce(&mut V)) {
        self.order.retain(|known| *known != key);
        self.order.push_back(key.clone());
        let (value, bytes) = self.by_key.entry(key).or_default();
        change(value);
        let before = std::mem::replace(bytes, value.bytes());
        self.bytes = self.bytes - before + *bytes;
        // Never the one that was just changed.
        while self.order.len() > 1
            && (self.order.len() > COUNT || self.bytes > BYTES)
            && let Some(oldest) = self.order.pop_front()
        {
            let gone = self.by_key.remove(&oldest);
            self.bytes -= gone.map_or(0, |(_, bytes)| bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use crate::guard::Policy;
    use crate::message::Event;
    use crate::model::{Epoch, MachineId, Mode};
    use crate::state::State;

    #[test]
    fn oldest_machine_reads_are_evicted() {
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        let id = |n: usize| MachineId::parse(&format!("a{n}")).expect("a literal id");
        for n in 0..=1_000 {
            state.apply(Event::History {
                epoch: Epoch(0),
                id: id(n),
                result: Ok(Vec::new().into()),
                at: Timestamp::UNIX_EPOCH,
            });
        }
        assert!(state.history(&id(0)).is_none(), "as if never read");
        assert!(state.history(&id(1)).is_some() && state.history(&id(1_000)).is_some());
    }
}
