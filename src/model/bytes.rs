//! Memory accounting for data from the service; all limits use it.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use super::MacAddress;

/// Heap size of an allocation of `bytes`, rounded up as allocators do, with their header.
#[must_use]
pub const fn on_heap(bytes: usize) -> usize {
    const LEAST: usize = 32;
    const NOTE: usize = 8;
    match (bytes + NOTE).next_multiple_of(16) {
        _ if bytes == 0 => 0,
        ..LEAST => LEAST,
        rounded => rounded,
    }
}

/// A value that may own heap memory.
pub trait HeapBytes {
    /// Heap memory owned by the value, in bytes.
    fn heap_bytes(&self) -> usize;

    /// Total memory of the value: its size and the heap memory it owns.
    fn bytes(&self) -> usize {
        size_of_val(self) + self.heap_bytes()
    }
}

/// Memory of a value behind an `Arc`: its heap allocation with the two reference counts.
pub(super) fn in_arc<T: HeapBytes>(value: &T) -> usize {
    on_heap(2 * size_of::<usize>() + size_of::<T>()) + value.heap_bytes()
}

impl HeapBytes for Box<str> {
    fn heap_bytes(&self) -> usize {
        on_heap(self.len())
    }
}

impl<T: HeapBytes> HeapBytes for Box<T> {
    fn heap_bytes(&self) -> usize {
        on_heap(size_of::<T>()) + (**self).heap_bytes()
    }
}

/// Counted for each owner.
impl<T: HeapBytes> HeapBytes for Arc<T> {
    fn heap_bytes(&self) -> usize {
        in_arc(&**self)
    }
}

impl<T: HeapBytes> HeapBytes for Option<T> {
    fn heap_bytes(&self) -> usize {
        self.as_ref().map_or(0, HeapBytes::heap_bytes)
    }
}

impl<T: HeapBytes> HeapBytes for Box<[T]> {
    fn heap_bytes(&self) -> usize {
        on_heap(size_of_val(&**self)) + self.iter().map(HeapBytes::heap_bytes).sum::<usize>()
    }
}

impl<T: HeapBytes> HeapBytes for Vec<T> {
    fn heap_bytes(&self) -> usize {
        let own = on_heap(self.capacity() * size_of::<T>());
        own + self.iter().map(HeapBytes::heap_bytes).sum::<usize>()
    }
}

macro_rules! nothing_on_the_heap {
    ($($name:ty),+) => {
        $(impl crate::model::HeapBytes for $name {
            fn heap_bytes(&self) -> usize {
                0
            }
        })+
    };
}

pub(crate) use nothing_on_the_heap;

nothing_on_the_heap!(IpAddr, MacAddress, Timestamp, bool, i64, u64);

/// Sums the heap memory of a struct's fields: all of them are listed, so that a new one is not forgotten.
macro_rules! heap_bytes_of_fields {
    ($name:ty { $($field:ident),+ $(,)? }) => {
        impl crate::model::HeapBytes for $name {
            fn heap_bytes(&self) -> usize {
                let Self { $($field),+ } = self;
                0 $(+ crate::model::HeapBytes::heap_bytes($field))+
            }
        }
    };
}

pub(crate) use heap_bytes_of_fields;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_small_texts_are_counted_by_their_allocations() {
        let text = |letters: usize| Some(Box::<str>::from("x".repeat(letters)));
        let heap = [0, 1, 24, 25, 1_000].map(|letters| text(letters).heap_bytes());
        assert_eq!(heap, [0, 32, 32, 48, 1_008]);
        let tags: Box<[Box<str>]> = vec![Box::from("a"); 1_000].into();
        assert_eq!(tags.heap_bytes(), 16_016 + 1_000 * 32);
        assert_eq!(tags.bytes(), 16 + tags.heap_bytes());
    }
}
