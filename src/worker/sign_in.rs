//! Signing in, staying signed in, signing out.

use std::sync::Arc;

use super::context::{Context, lock};
use super::{cache, inventory, reconcile};
use crate::api::ApiError;
use crate::auth::{Arrival, AuthError, SignedIn};
use crate::explain::Explain as _;
use crate::message::Event;
use crate::model::{Door, SessionStatus, SignInPrompt};

/// Looks for a saved sign-in and renews it. A late answer of the keyring counts.
pub(super) async fn restore(context: Arc<Context>) {
    show(&context, SessionStatus::Restoring).await;
    match context.session.restore().await {
        Ok(Some(signed_in)) => entered(context, signed_in).await,
        Ok(None) => context.emit_session().await,
        Err(error) => failed(&context, &error).await,
    }
}

/// Asks for a code and waits for the person. Cancelled by dropping this future.
pub(super) async fn sign_in(context: Arc<Context>) {
    show(&context, SessionStatus::AskingForCode).await;
    let arrived = async {
        let flow = context.session.begin().await?;
        let prompt = flow.prompt().clone();
        show(&context, SessionStatus::WaitingForPerson(prompt.clone())).await;
        let finished = context.session.finish(flow).await;
        if finished.as_ref().err() == Some(&AuthError::Expired) {
            // The page of the code stays, and offers a new one.
            let expires_in = std::time::Duration::ZERO;
            let over = SignInPrompt {
                expires_in,
                ..prompt
            };
            show(&context, SessionStatus::WaitingForPerson(over)).await;
            std::future::pending::<()>().await;
        }
        finished
    };
    let result = arrived.await;
    come_in(context, result, Door::Code).await;
}

/// Takes a port and waits for the browser, which the window opens. Cancelled by dropping this future.
pub(super) async fn sign_in_with_browser(context: Arc<Context>) {
    let arrived = async {
        let flow = context.session.begin_in_browser().await?;
        show(&context, SessionStatus::InBrowser(flow.prompt().clone())).await;
        context.session.finish_in_browser(flow).await
    };
    let result = arrived.await;
    come_in(context, result, Door::Browser).await;
}

/// Removes the saved sign-in and forgets what it saw. Actions already accepted go on by themselves.
pub(super) async fn sign_out(context: Arc<Context>) {
    let kept = context.kept_list();
    let result = context.session.sign_out().await;
    context.leave();
    if let Some((_, file)) = kept {
        // Of an account that has left nothing of its tenant stays behind. After it has left, so
        // that a list which is just being written notices.
        tokio::task::spawn_blocking(move || cache::remove(&file));
    }
    context.emit_session().await;
    if let Err(error) = result {
        context.problem(error.explain()).await;
    }
}

/// Opens the keyring anew. One that was locked at the start may hold a sign-in.
pub(super) async fn try_keyring_again(context: Arc<Context>) {
    context.session.try_keyring_again().await;
    if context.account().is_none() {
        restore(context).await;
    }
}

/// Passes the keyring's state on to the window, for as long as there is one.
pub(super) async fn report_keyring(context: Arc<Context>) {
    let mut keyring = context.session.watch_keyring();
    loop {
        let state = keyring.borrow_and_update().clone();
        context.emit(Event::Keyring(state)).await;
        if keyring.changed().await.is_err() {
            return;
        }
    }
}

/// What came of a door. Somebody else than before comes in only when a person accepts that.
async fn come_in(context: Arc<Context>, result: Result<Arrival, AuthError>, door: Door) {
    let admitted = async {
        let arrival = result?;
        let account = arrival.account().clone();
        let before = context.session.signed_in().map(|before| before.account);
        let is_stranger = match &before {
            // Two that do not say who they are may be two people.
            Some(before) => !before.is_same(&account) || !account.is_named(),
            None => lock(&context.accounts).here.knows_another_than(&account),
        };
        if is_stranger {
            let before = before.map(|before| before.label().into());
            // Before it is asked for: an answer cannot come too early to be heard.
            let accepted = context.accepted.notified();
            show(&context, SessionStatus::Stranger { account, before }).await;
            accepted.await;
        }
        context.session.admit(arrival)
    };
    match admitted.await {
        Ok(signed_in) => {
            context.came_in_by(&signed_in.account, door).await;
            entered(context, signed_in).await;
        }
        Err(error) => failed(&context, &error).await,
    }
}

async fn entered(context: Arc<Context>, signed_in: SignedIn) {
    context.enter(&signed_in.account);
    context.emit_session().await;
    inventory::show_kept(&context).await;
    reconcile::resume(&context).await;
    inventory::refresh(context).await;
}

/// A saved sign-in that could not be renewed just now is a sign-in all the same: its account is
/// known, and what it left open is taken up as soon as the service can be asked.
pub(super) async fn keep_known_account(context: &Arc<Context>) {
    if context.account().is_none()
        && let Some(signed_in) = context.session.signed_in()
    {
        context.enter(&signed_in.account);
        inventory::show_kept(context).await;
        reconcile::resume(context).await;
    }
}

async fn failed(context: &Arc<Context>, error: &AuthError) {
    tracing::info!("sign-in did not succeed: {error}");
    keep_known_account(context).await;
    context.mind_sign_in(&ApiError::SignIn(error.clone())).await;
    context.emit_session().await;
    context.emit(Event::SignInFailed(error.explain())).await;
}

async fn show(context: &Context, status: SessionStatus) {
    context
        .emit(Event::Session {
            status,
            epoch: context.epoch(),
        })
        .await;
}
