//! What this computer is: its name and its addresses, so that nobody isolates it by mistake.

use std::sync::Arc;

use super::context::Context;
use crate::message::Event;
use crate::model::Host;

/// Tells the window what this computer is, as soon as the system has said it.
pub(super) async fn report(context: Arc<Context>) {
    let asked = tokio::task::spawn_blocking(this_computer).await;
    context.emit(Event::Host(asked.unwrap_or_default())).await;
}

/// Asks the system. `None` when it tells neither name nor address.
fn this_computer() -> Option<Host> {
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
