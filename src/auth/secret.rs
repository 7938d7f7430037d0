//! The one wrapper for what must not be seen (rule 6).

use std::fmt;

use zeroize::Zeroize;

/// Something that must reach neither a log, nor the journal, nor the screen.
///
/// It prints as `Secret(…)`, has no `Display` and no `Serialize`, and is wiped when dropped. Wiping
/// is best effort: HTTP and TLS buffers keep copies that are out of reach here.
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Each call says why, in a comment that starts with `EXPOSE:`.
    #[must_use]
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::new("canary".to_owned());
        assert_eq!(
            format!("{secret:?} {:?}", Some(&secret)),
            "Secret(…) Some(Secret(…))"
        );
        assert_eq!(secret.expose(), "canary");
    }
}
