//! Identity of this computer, name and addresses, so that it is not isolated by mistake.

use std::net::IpAddr;
use std::sync::Arc;

use super::event_sink::EventSink;
use crate::message::Event;
use crate::model::Host;

/// A function that returns this computer's current addresses.
pub type Addresses = Arc<dyn Fn() -> Vec<IpAddr> + Send + Sync>;

/// Reports this computer's identity to the window, as soon as the system has returned it.
pub(super) async fn report(sink: EventSink) {
    let asked = tokio::task::spawn_blocking(this_computer).await;
    sink.emit(Event::Host(asked.unwrap_or_default())).await;
}

/// Reads the identity from the system. `None` if it reports neither name nor address.
fn this_computer() -> Option<Host> {
    let name = gethostname::gethostname().into_string().ok();
    let addresses = addresses();
    let name = name.filter(|name| !name.is_empty() && name != "localhost");
    (name.is_some() || !addresses.is_empty()).then(|| Host {
        name: name.map(Into::into),
        addresses,
    })
}

/// The addresses under which other computers reach it.
#[must_use]
pub fn addresses() -> Vec<IpAddr> {
    if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(|interface| interface.ip())
        .collect()
}
