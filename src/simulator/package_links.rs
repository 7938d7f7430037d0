//! The package links issued by a tenant.

use jiff::Timestamp;

use super::limits::Limits;

/// Issued links, and their limits.
#[derive(Debug)]
pub(super) struct Packages {
    pub(super) limits: Limits,
    pub(super) links: Vec<Link>,
    /// Approximate size of a package in bytes.
    pub(super) size: usize,
    /// Another storage server.
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
    /// Secrets that grant access to packages.
    pub(super) fn secrets(&self) -> Vec<String> {
        self.links.iter().map(|link| link.token.clone()).collect()
    }
}
