//! A list from the service, and whether it is complete.

use super::HeapBytes;

/// A list as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    pub items: Vec<T>,
    /// Number of unreadable elements, which may include the wanted one.
    pub unreadable: usize,
    /// There may be more elements.
    pub is_cut: bool,
}

impl<T> Listed<T> {
    /// Whether the list is complete: neither cut off nor partly unreadable.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.is_cut && self.unreadable == 0
    }

    #[must_use]
    pub fn map<U>(self, of: impl FnMut(T) -> U) -> Listed<U> {
        Listed {
            items: self.items.into_iter().map(of).collect(),
            unreadable: self.unreadable,
            is_cut: self.is_cut,
        }
    }

    /// Truncates the list to this much memory, and marks it as cut.
    pub fn keep_at_most(&mut self, bytes: usize, bytes_of: impl Fn(&T) -> usize) {
        let mut left = bytes;
        let mut fits = |item: &T| {
            let rest = left.checked_sub(bytes_of(item));
            rest.inspect(|rest| left = *rest).is_some()
        };
        let count = self.items.iter().take_while(|item| fits(item)).count();
        if count < self.items.len() {
            self.items.truncate(count);
            self.items.shrink_to_fit();
            self.is_cut = true;
        }
    }
}

impl<T: HeapBytes> HeapBytes for Listed<T> {
    fn heap_bytes(&self) -> usize {
        self.items.heap_bytes()
    }
}

impl<T> Default for Listed<T> {
    /// An empty list that was read completely.
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T> From<Vec<T>> for Listed<T> {
    /// A list that was read completely.
    fn from(items: Vec<T>) -> Self {
        Self {
            items,
            unreadable: 0,
            is_cut: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_truncated_to_its_bytes_and_marked_as_cut() {
        let list = |lengths: &[usize]| Listed::from(lengths.to_vec());
        for (lengths, kept) in [
            (&[4, 3, 3][..], 3),
            (&[4, 3, 4], 2),
            (&[11, 1], 0),
            (&[], 0),
            // Elements after one that does not fit are not kept instead.
            (&[6, 5, 1], 1),
        ] {
            let mut listed = list(lengths);
            listed.keep_at_most(10, |length| *length);
            assert_eq!(listed.items, lengths[..kept]);
            assert_eq!(listed.is_cut, kept < lengths.len(), "{lengths:?}");
        }
        let mut cut_before = list(&[1]);
        cut_before.is_cut = true;
        cut_before.keep_at_most(10, |length| *length);
        assert!(cut_before.is_cut);
    }
}
