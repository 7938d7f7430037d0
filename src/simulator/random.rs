//! Seeded randomness for the fleet, and unpredictable text for tokens.

use std::fmt::Write as _;

/// The finalizer of `SplitMix64`: spreads a number over all 64 bits.
pub(super) const fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A stream of numbers; reproducible from its seed.
#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

impl Rng {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream for the record with this index.
    pub(super) const fn of(seed: u64, index: usize) -> Self {
        Self(mix(seed ^ mix(index as u64)))
    }

    /// An unpredictable stream.
    pub(super) fn unforeseeable() -> Self {
        Self(getrandom::u64().unwrap_or(0x5eed_0f7e_0c0d_0a17))
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `bound`, from 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    pub(super) fn choose<T: Copy>(&mut self, from: &[T], otherwise: T) -> T {
        let at = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        from.get(at).copied().unwrap_or(otherwise)
    }

    pub(super) fn hex(&mut self, length: usize) -> String {
        let mut text = String::with_capacity(length + 16);
        while text.len() < length {
            // Writing into a `String` does not fail.
            write!(text, "{:016x}", self.next()).ok();
        }
        text.truncate(length);
        text
    }

    /// A random (version 4) GUID.
    pub(super) fn guid(&mut self) -> String {
        let hex = self.hex(32);
        let variant = self.choose(&['8', '9', 'a', 'b'], '8');
        format!(
            "{}-{}-4{}-{variant}{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..32]
        )
    }

    pub(super) fn text(&mut self, length: usize, alphabet: &[u8]) -> String {
        (0..length)
            .map(|_| char::from(self.choose(alphabet, b'0')))
            .collect()
    }
}

/// Letters and digits of user codes.
pub(super) const CAPITALS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// Letters and digits of opaque tokens.
pub(super) const TOKEN_LETTERS: &[u8] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_gives_same_fleet() {
        assert_eq!(Rng::of(7, 3).hex(40), Rng::of(7, 3).hex(40));
        assert_ne!(Rng::of(7, 3).hex(40), Rng::of(7, 4).hex(40));
        let guid = Rng::new(1).guid();
        assert_eq!((guid.len(), &guid[14..15]), (36, "4"));
    }
}
