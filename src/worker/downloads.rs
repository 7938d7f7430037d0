//! Registry of package downloads in progress.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::model::EntryId;

/// The current downloads, each with the handle that cancels it.
#[derive(Default)]
pub(super) struct Downloads(Mutex<HashMap<EntryId, Arc<Notify>>>);

impl Downloads {
    /// Registers a download; `None` if there is one already.
    pub fn begin(&self, entry: EntryId) -> Option<Arc<Notify>> {
        let mut all = self.0.lock();
        let is_new = !all.contains_key(&entry);
        is_new.then(|| Arc::clone(all.entry(entry).or_default()))
    }

    pub fn end(&self, entry: EntryId) {
        self.0.lock().remove(&entry);
    }

    pub fn cancel(&self, entry: EntryId) {
        if let Some(cancelled) = self.0.lock().get(&entry) {
            cancelled.notify_one();
        }
    }

    /// Cancels all, as they do not concern another account.
    pub fn cancel_all(&self) {
        for cancelled in self.0.lock().values() {
            cancelled.notify_one();
        }
    }
}
