//! How far the answers have come of which that is told while they come.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Counts of all of them.
#[derive(Default)]
pub(in crate::api) struct Told {
    bytes: AtomicU64,
    under_way: AtomicUsize,
}

impl Told {
    /// Bytes of all good answers so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Requests that have left and whose answers are not whole yet.
    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Counts a request for as long as what it returns is held.
    pub fn begin(&self) -> UnderWay<'_> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self)
    }
}

/// A request while it is under way.
pub(in crate::api) struct UnderWay<'a>(&'a Told);

impl UnderWay<'_> {
    /// Counts what has come.
    pub fn note(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or_default();
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
