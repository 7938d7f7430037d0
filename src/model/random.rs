//! Chance, for what has to be spread and not to be secret.

/// A number in `0.0..1.0`, so that many consoles do not come back at the same moment. Without random
/// bytes the middle has to do.
#[must_use]
pub fn fraction() -> f64 {
    getrandom::u32().map_or(0.5, |bits| f64::from(bits) / (f64::from(u32::MAX) + 1.0))
}
