//! The reviews of a form's devices: judged once for each change, and not in each frame.

use std::sync::Arc;

use jiff::Timestamp;

use super::OrderForm;
use crate::action::{Draft, Sha1};
use crate::guard::{self, Review};
use crate::model::EntryId;
use crate::state::State;

/// The reviews as they were judged last, one of each device.
#[derive(Debug, Default)]
pub struct Judged {
    from: Option<From>,
    reviews: Arc<[Review]>,
}

/// What reviews were judged from.
#[derive(Debug)]
struct From {
    revision: u64,
    /// Ages are worded to the minute.
    minute: i64,
    draft: Draft,
    ticket: String,
    targets: Vec<EntryId>,
}

impl From {
    fn is_still(&self, form: &OrderForm, state: &State, now: Timestamp) -> bool {
        let targets = form.targets.iter().map(|target| target.entry);
        self.revision == state.revision()
            && self.minute == minute(now)
            && self.draft == form.draft
            && self.ticket == form.ticket
            && self.targets.iter().copied().eq(targets)
    }
}

impl OrderForm {
    /// A review of each device, in the order of the list.
    pub fn reviews(&mut self, state: &State, now: Timestamp) -> Arc<[Review]> {
        let from = self.judged.from.as_ref();
        if !from.is_some_and(|from| from.is_still(self, state, now)) {
            self.judge(state, now);
        }
        Arc::clone(&self.judged.reviews)
    }

    /// The same, judged anew: what is confirmed is judged by the time of its confirmation.
    pub fn judge(&mut self, state: &State, now: Timestamp) -> Arc<[Review]> {
        let batch_size = self.targets.len();
        let sha1 = self.draft.file_sha1();
        let sha1 = sha1.as_ref().map(Sha1::as_str);
        let reviews = self.drafts().map(|draft| {
            let judge = |facts: &guard::Facts<'_>| guard::review(&draft, facts);
            state.with_more_facts(&draft.machine, sha1, batch_size, now, judge)
        });
        let reviews = reviews.collect();
        let from = From {
            revision: state.revision(),
            minute: minute(now),
            draft: self.draft.clone(),
            ticket: self.ticket.clone(),
            targets: self.targets.iter().map(|target| target.entry).collect(),
        };
        self.judged = Judged {
            from: Some(from),
            reviews,
        };
        Arc::clone(&self.judged.reviews)
    }
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}
