//! What this computer is: its name and its addresses, so that nobody isolates it by mistake.

use crate::model::Host;

/// Asks the system. `None` when it tells neither name nor address.
pub(super) fn this_computer() -> Option<Host> {
    let name = gethostname::gethostname().into_string().ok();
    let addresses = addresses();
    let name = name.filter(|name| !name.is_empty() && name != "localhost");
    (name.is_some() || !addresses.is_empty()).then(|| Host {
        name: name.map(Into::into),
        addresses,
    })
}

/// The addresses under which it can be reached by others.
#[must_use]
pub fn addresses() -> Vec<std::net::IpAddr> {
    if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(|interface| interface.ip())
        .collect()
}
