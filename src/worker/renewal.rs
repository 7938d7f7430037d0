//! Retries of a failed renewal: the network, the tenant or the keyring may be back any moment, and a user
//! should not have to ask for it at 3 a.m.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::context::Context;
use super::host::Addresses;
use super::inventory;
use super::order::resume;
use super::session::Renewal;

/// Interval of reading this computer's addresses while a renewal is due.
const BETWEEN_ADDRESSES: Duration = Duration::from_secs(2);

/// Runs for as long as the worker does.
pub(super) async fn run(context: Arc<Context>, addresses: Addresses) {
    let mut session = context.session.subscribe();
    loop {
        let present = session.borrow_and_update().clone();
        let due = present.renewal.due().filter(|_| !present.is_signing_in);
        let Some(due) = due else {
            if session.changed().await.is_err() {
                return;
            }
            continue;
        };
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            () = network_changed(&addresses) => {}
            changed = session.changed() => {
                if changed.is_err() {
                    return;
                }
                continue;
            }
        }
        try_once(&context, present.renewal).await;
    }
}

async fn try_once(context: &Arc<Context>, present: Renewal) {
    let epoch = context.session.epoch();
    let renewed = context.auth.renew_again().await;
    // The user signed out, or is signing in: this result is obsolete. A token that arrived nevertheless is
    // found by the next attempt.
    if epoch != context.session.epoch() || context.session.is_signing_in() {
        return;
    }
    match renewed {
        Ok(()) => {
            context.session.set_renewal(Renewal::Usable);
            context.session.show().await;
            resume(context).await;
            // In its own task, so that a long list does not delay noticing the next failure.
            tokio::spawn(inventory::refresh(Arc::clone(context)));
        }
        Err(error) => {
            tracing::info!("the sign-in was not renewed: {error}");
            let tries = match present {
                Renewal::Failed { tries, .. } => tries + 1,
                Renewal::Usable | Renewal::Renewing | Renewal::NeedsPerson => 0,
            };
            let next = Renewal::failed(&error, tries, context.timing);
            context.session.set_renewal(next);
            context.session.show_not_renewed(&error).await;
        }
    }
}

/// Returns when this computer has a new address: a cable, a VPN, a wireless network, or waking up. Sends
/// nothing.
async fn network_changed(addresses: &Addresses) {
    let mut before = read(addresses).await;
    loop {
        tokio::time::sleep(BETWEEN_ADDRESSES).await;
        let present = read(addresses).await;
        if present.iter().any(|address| !before.contains(address)) {
            return;
        }
        before = present;
    }
}

async fn read(addresses: &Addresses) -> Vec<IpAddr> {
    let addresses = Arc::clone(addresses);
    let asked = tokio::task::spawn_blocking(move || addresses()).await;
    asked.unwrap_or_default()
}
