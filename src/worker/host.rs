//! Identity of this computer, name and addresses, so that nobody isolates it by mistake.

use std::net::IpAddr;
use std::sync::Arc;

use super::screen::Screen;
use crate::message::Event;
use crate::model::Host;

/// The addresses of this computer, whenever it is asked.
pub type Addresses = Arc<dyn Fn() -> Vec<IpAddr> + Send + Sync>;

/// Tells the window what this computer is, as soon as the system has said it.
pub(super) async fn report(screen: Screen) {
    let asked = tokio::task::spawn_blocking(this_computer).await;
    screen.emit(Event::Host(asked.unwrap_or_default())).await;
}

/// Asks the system. `None` when it reports neither name nor address.
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
pub fn addresses() -> Vec<IpAddr> {
    if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(|interface| interface.ip())
        .collect()
}
