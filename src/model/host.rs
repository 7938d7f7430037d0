//! Identity of this computer, as reported by the system.

use std::net::IpAddr;

/// The computer that the console runs on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Host {
    pub name: Option<Box<str>>,
    /// Addresses reachable from other hosts, without loopback and link-local ones.
    pub addresses: Vec<IpAddr>,
}
