//! Progress of the machine lists while they arrive.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Counters over all machine lists.
#[derive(Default)]
pub(in crate::api) struct ListProgress {
    bytes: AtomicU64,
    pending: AtomicUsize,
}

impl ListProgress {
    /// Bytes of successful responses so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Requests sent whose responses are not complete yet.
    pub fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    /// Counts a request until the returned guard is dropped.
    pub fn begin(&self) -> PendingPage<'_> {
        self.pending.fetch_add(1, Ordering::Relaxed);
        PendingPage(self)
    }
}

/// Guard of a pending request.
pub(in crate::api) struct PendingPage<'a>(&'a ListProgress);

impl PendingPage<'_> {
    /// Counts received bytes.
    pub fn add_bytes(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or_default();
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for PendingPage<'_> {
    fn drop(&mut self) {
        self.0.pending.fetch_sub(1, Ordering::Relaxed);
    }
}
