//! Identity of this computer, as reported by the system.

use std::net::IpAddr;

/// The computer that the console runs on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Host {
    pub name: Option<Box<str>>,
    /// Addresses reachable from other hosts; loopback and link-local ones are left out.
    pub addresses: Vec<IpAddr>,
}
