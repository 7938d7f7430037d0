//! The values of an enum, so that a list of them is always complete.

use strum::VariantArray;

/// The first `N` values of an enum without fields, in order of declaration.
#[must_use]
pub const fn variants<T: VariantArray + Copy, const N: usize>() -> [T; N] {
    let mut values = [T::VARIANTS[0]; N];
    let mut at = 0;
    while at < N {
        values[at] = T::VARIANTS[at];
        at += 1;
    }
    values
}
