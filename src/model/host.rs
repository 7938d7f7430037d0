//! What this computer is, as far as it is reported.

use std::net::IpAddr;

/// The computer that the console runs on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Host {
    pub name: Option<Box<str>>,
    /// Those by which others can reach it; loopback and link-local ones say nothing.
    pub addresses: Vec<IpAddr>,
}
