//! Coverage of the device list: a device is called absent only if the list is complete.

use jiff::Timestamp;

use crate::state::State;
use crate::ui::words::ago;

/// Coverage of the device list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage<'a> {
    NotRead,
    Loading,
    Failed,
    CutOff(&'a str),
    Unreadable,
    /// Devices of the previous list are missing in it.
    Missing(usize),
    /// The list of an earlier run.
    Kept(Timestamp),
    Whole(Timestamp),
}

/// Coverage of the device list.
pub fn coverage(state: &State) -> Coverage<'_> {
    let inventory = &state.inventory;
    if let Some(at) = inventory.kept_at {
        return Coverage::Kept(at);
    }
    match (inventory.read_at, &inventory.incomplete) {
        (None, _) if inventory.loading => Coverage::Loading,
        (None, _) if inventory.failure.is_some() => Coverage::Failed,
        (_, Some(why)) => Coverage::CutOff(why),
        (None, None) => Coverage::NotRead,
        (Some(_), None) if inventory.unreadable > 0 => Coverage::Unreadable,
        (Some(at), None) => match inventory.missing_count() {
            0 => Coverage::Whole(at),
            count => Coverage::Missing(count),
        },
    }
}

impl Coverage<'_> {
    /// The sentence shown on screen.
    pub fn words(self, now: Timestamp) -> String {
        match self {
            Self::NotRead => "The list of devices has not been read".to_owned(),
            Self::Loading => "The list of devices is still being read".to_owned(),
            Self::Failed => "The list of devices could not be read".to_owned(),
            Self::CutOff(why) => format!("The list of devices is not complete: {why}"),
            Self::Unreadable => "Some entries of the list of devices could not be read".to_owned(),
            Self::Missing(count) => missing_words(count),
            Self::Kept(at) => format!(
                "The list of devices is from an earlier run, {}",
                ago(at, now)
            ),
            Self::Whole(at) => format!("The complete list of devices was read {}", ago(at, now)),
        }
    }

    /// The number of found devices among the known ones: "60 of 60+" unless the list is complete and current.
    pub fn count_words(self, found: usize, known: usize) -> String {
        match self {
            Self::Failed => format!("{found} asked for; list not read"),
            Self::NotRead
            | Self::Loading
            | Self::CutOff(_)
            | Self::Unreadable
            | Self::Missing(_)
            | Self::Kept(_) => format!("{found} of {known}+"),
            Self::Whole(_) => format!("{found} of {known}"),
        }
    }
}

/// Says that devices have disappeared from the list since the last reading.
pub fn missing_words(count: usize) -> String {
    match count {
        1 => "1 device of the previous list is missing from this one".to_owned(),
        count => format!("{count} devices of the previous list are missing from this one"),
    }
}

#[cfg(test)]
mod tests {
    use crate::explain::{Explanation, NextStep};
    use crate::guard::Policy;
    use crate::model::Mode;
    use crate::ui::devices::coverage::*;

    #[test]
    fn list_is_complete_only_when_read_to_its_end_without_gaps() {
        let at = Timestamp::UNIX_EPOCH;
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        assert_eq!(coverage(&state), Coverage::NotRead);
        state.inventory.loading = true;
        assert_eq!(coverage(&state), Coverage::Loading);
        assert_eq!(coverage(&state).count_words(9, 10), "9 of 10+");
        state.inventory.loading = false;
        state.inventory.failure = Some(Explanation::harmless("no line", NextStep::None));
        assert_eq!(coverage(&state), Coverage::Failed);
        state.inventory.failure = None;
        state.inventory.incomplete = Some("stopped".into());
        assert_eq!(coverage(&state), Coverage::CutOff("stopped"));
        state.inventory.read_at = Some(at);
        assert_eq!(coverage(&state), Coverage::CutOff("stopped"));
        assert_eq!(coverage(&state).count_words(10, 10), "10 of 10+");
        state.inventory.incomplete = None;
        state.inventory.unreadable = 1;
        assert_eq!(coverage(&state), Coverage::Unreadable);
        state.inventory.unreadable = 0;
        assert_eq!(coverage(&state), Coverage::Whole(at));
        assert_eq!(coverage(&state).count_words(10, 10), "10 of 10");
        state.inventory.kept_at = Some(at);
        assert_eq!(coverage(&state), Coverage::Kept(at));
    }
}
