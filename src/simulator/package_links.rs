//! The links to packages that a tenant has given out.

use jiff::Timestamp;

use super::limits::Limits;

/// Issued links, and their limits.
#[derive(Debug)]
pub(super) struct Packages {
    pub(super) limits: Limits,
    pub(super) links: Vec<Link>,
    /// Bytes of a package, about.
    pub(super) size: usize,
    /// Another storage than this server.
    pub(super) storage: Option<String>,
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) action: String,
    pub(super) token: String,
    pub(super) until: Timestamp,
}

impl Default for Packages {
    fn default() -> Self {
        Self {
            limits: Limits::new(2, 120),
            links: Vec::new(),
            size: 3_000_000,
            storage: None,
        }
    }
}

impl Packages {
    /// Secrets that open a package.
    pub(super) fn secrets(&self) -> Vec<String> {
        self.links.iter().map(|link| link.token.clone()).collect()
    }
}
