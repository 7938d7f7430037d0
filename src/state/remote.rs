//! A value that is read from the service.

use jiff::Timestamp;

use crate::explain::Explanation;
use crate::model::HeapBytes;

/// A value that stays while a new one is loading or has failed, so that nothing goes blank.
#[derive(Debug, Clone)]
pub struct Remote<T> {
    /// The last value, and when it was read.
    pub value: Option<(T, Timestamp)>,
    pub loading: bool,
    /// Why the last attempt failed; cleared by the next success.
    pub failure: Option<Explanation>,
}

impl<T> Default for Remote<T> {
    fn default() -> Self {
        Self {
            value: None,
            loading: false,
            failure: None,
        }
    }
}

impl<T: HeapBytes> HeapBytes for Remote<T> {
    fn heap_bytes(&self) -> usize {
        self.get().map_or(0, HeapBytes::heap_bytes)
    }
}

impl<T> Remote<T> {
    pub fn get(&self) -> Option<&T> {
        self.value.as_ref().map(|(value, _)| value)
    }

    /// When the value was read.
    pub fn read_at(&self) -> Option<Timestamp> {
        self.value.as_ref().map(|(_, at)| *at)
    }

    /// Stores the result of an attempt.
    pub fn set(&mut self, result: Result<T, Explanation>, at: Timestamp) {
        self.loading = false;
        match result {
            Ok(value) => {
                self.value = Some((value, at));
                self.failure = None;
            }
            Err(failure) => self.failure = Some(failure),
        }
    }
}
