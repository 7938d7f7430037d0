//! Random numbers for jitter, not for secrets.

/// A number in `0.0..1.0`, so that many consoles do not retry at the same moment; 0.5 without random bytes.
#[must_use]
pub fn fraction() -> f64 {
    getrandom::u32().map_or(0.5, |bits| f64::from(bits) / (f64::from(u32::MAX) + 1.0))
}
