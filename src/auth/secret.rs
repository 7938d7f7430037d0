//! The one wrapper for secrets (rule 6).

use std::fmt;

use zeroize::Zeroize;

/// A value that must not reach logs, the journal or the screen.
///
/// It prints as `Secret(…)`, has no `Display` and no `Serialize`, and is wiped on drop. Wiping is
/// best effort: HTTP and TLS buffers hold copies that are out of reach here.
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
    fn secret_does_not_print() {
        let secret = Secret::new("canary".to_owned());
        assert_eq!(
            format!("{secret:?} {:?}", Some(&secret)),
            "Secret(…) Some(Secret(…))"
        );
        assert_eq!(secret.expose(), "canary");
    }
}
