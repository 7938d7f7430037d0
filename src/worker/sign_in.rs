//! Signing in and signing out.

use std::path::PathBuf;
use std::sync::Arc;

use super::accounts::Accounts;
use super::context::{Context, Renewal, lock};
use super::{cache, inventory, reconcile};
use crate::auth::{AuthError, PendingSignIn, SignedIn};
use crate::explain::Explain as _;
use crate::message::Event;
use crate::model::{
    Account, BrowserPrompt, KeyringState, SessionStatus, SignInMethod, SignInPrompt, Unfamiliar,
};

/// Looks for a saved sign-in and takes it up. A late answer of the keyring counts.
pub(super) async fn restore(context: Arc<Context>) {
    context.set_person_signs_in(false);
    context.show_session(SessionStatus::Restoring).await;
    let signed_out_before = lock(&context.accounts).here.owes_last();
    match remove_what_is_owed(&context).await {
        // Signed out is signed out: what is still in the keyring signs nobody in.
        Err(error) if signed_out_before => return failed(&context, &error).await,
        Ok(()) if signed_out_before => return context.emit_session().await,
        Ok(()) | Err(_) => {}
    }
    let last = lock(&context.accounts).here.last_object_id();
    match context.session.find_saved(last.as_deref()).await {
        Ok(Some(account)) => take_up(context, account).await,
        Ok(None) => context.emit_session().await,
        Err(error) => failed(&context, &error).await,
    }
}

/// Shows whose sign-in was saved and what was kept of it; it is renewed behind that.
async fn take_up(context: Arc<Context>, account: Account) {
    let reason = (lock(&context.accounts).here).unfamiliar(&account, None, None);
    if let Some(reason) = reason {
        ask_about(&context, account.clone(), None, reason).await;
        let accepted = account.clone();
        context
            .change_accounts(move |accounts| accounts.here.use_last(&accepted))
            .await;
        context.set_person_signs_in(false);
    }
    if context.session.accept_saved().is_some() {
        context.enter(&account, Renewal::Renewing);
        // The list is of this account: it has to be known before.
        context.emit_session().await;
        inventory::show_kept(&context).await;
    } else {
        context.emit_session().await;
    }
}

/// Asks for a code and waits for the person. Cancelled by dropping this future.
pub(super) async fn sign_in(context: Arc<Context>) {
    context.set_person_signs_in(true);
    context.show_session(SessionStatus::AskingForCode).await;
    let arrived = async {
        let flow = context.session.begin().await?;
        let prompt = flow.prompt().clone();
        let waiting = SessionStatus::WaitingForPerson(prompt.clone());
        context.show_session(waiting).await;
        let mut trouble = flow.watch_trouble();
        let finishing = context.session.finish(flow);
        tokio::pin!(finishing);
        let finished = loop {
            tokio::select! {
                finished = &mut finishing => break finished,
                Ok(()) = trouble.changed() => {
                    let is_silent = *trouble.borrow_and_update();
                    let prompt = SignInPrompt { is_silent, ..prompt.clone() };
                    context.show_session(SessionStatus::WaitingForPerson(prompt)).await;
                }
            }
        };
        if finished.as_ref().err() == Some(&AuthError::Expired) {
            // The page of the code stays, and offers a new one.
            let expires_in = std::time::Duration::ZERO;
            let over = SignInPrompt {
                expires_in,
                ..prompt
            };
            context
                .show_session(SessionStatus::WaitingForPerson(over))
                .await;
            std::future::pending::<()>().await;
        }
        finished
    };
    let result = arrived.await;
    come_in(context, result, SignInMethod::Code).await;
}

/// Takes a port and waits for the browser, which the window opens. Cancelled by dropping this future.
pub(super) async fn sign_in_with_browser(context: Arc<Context>) {
    context.set_person_signs_in(true);
    let arrived = async {
        let flow = context.session.begin_in_browser().await?;
        let prompt = flow.prompt().clone();
        let mut https = flow.watch_https();
        context
            .show_session(SessionStatus::InBrowser(prompt.clone()))
            .await;
        let finishing = context.session.finish_in_browser(flow);
        tokio::pin!(finishing);
        loop {
            tokio::select! {
                finished = &mut finishing => break finished,
                Ok(()) = https.changed() => {
                    let came_over_https = *https.borrow_and_update();
                    let prompt = BrowserPrompt { came_over_https, ..prompt.clone() };
                    context.show_session(SessionStatus::InBrowser(prompt)).await;
                }
            }
        }
    };
    let result = arrived.await;
    come_in(context, result, SignInMethod::Browser).await;
}

/// A person gave up signing in: everything is as it was before.
pub(super) async fn cancelled(context: &Arc<Context>) {
    context.set_person_signs_in(false);
    context.emit_session().await;
}

/// Removes the saved sign-in and forgets what it saw. Actions already accepted go on by themselves.
pub(super) async fn sign_out(context: Arc<Context>) {
    context.set_person_signs_in(false);
    let account = context.account();
    if let Some(account) = &account {
        // Before the keyring is asked: it may never answer, or this run may end first.
        let owe = |accounts: &mut Accounts| accounts.here.owe_removal(account);
        context.change_accounts(owe).await;
    }
    let result = context.session.sign_out().await;
    context.client.forget_sign_in();
    context.leave();
    // Of an account that has left nothing of its tenant stays behind. After it has left, so that a
    // list which is just being written notices.
    remove_kept_lists(&context, None);
    context.emit_session().await;
    match result {
        Ok(()) => {
            let Some(account) = account else { return };
            let removed = |accounts: &mut Accounts| accounts.here.removed(&[account.object_id]);
            context.change_accounts(removed).await;
        }
        Err(error) => context.emit(Event::SignInFailed(error.explain())).await,
    }
}

/// Removes the lists that other accounts left here; all of them when there is no present one.
fn remove_kept_lists(context: &Arc<Context>, present: Option<PathBuf>) {
    if let Some(folder) = lock(&context.accounts).folder() {
        let context = Arc::clone(context);
        tokio::task::spawn_blocking(move || {
            cache::remove_all(&folder, context.session.target(), present.as_deref());
        });
    }
}

/// Removes from the keyring what an earlier sign-out had to leave there.
async fn remove_what_is_owed(context: &Arc<Context>) -> Result<(), AuthError> {
    let owed = lock(&context.accounts).here.owed();
    if owed.is_empty() {
        return Ok(());
    }
    context.session.remove_saved(&owed).await?;
    let removed = |accounts: &mut Accounts| accounts.here.removed(&owed);
    context.change_accounts(removed).await;
    if context.account().is_none() {
        context.emit(Event::SignInFailureOver).await;
    }
    Ok(())
}

/// Opens the keyring anew. One that was locked at the start may hold a sign-in.
pub(super) async fn try_keyring_again(context: Arc<Context>) {
    context.session.try_keyring_again().await;
    if context.account().is_none() && !context.person_signs_in() {
        restore(context).await;
    } else if let Err(error) = remove_what_is_owed(&context).await {
        tracing::warn!("{error}");
    }
}

/// Passes the keyring's state on to the window, for as long as there is one, and has done what it
/// could not be asked for before.
pub(super) async fn report_keyring(context: Arc<Context>) {
    let mut keyring = context.session.watch_keyring();
    let state = keyring.borrow_and_update().clone();
    context.emit(Event::Keyring(state)).await;
    while keyring.changed().await.is_ok() {
        let state = keyring.borrow_and_update().clone();
        let answers = !matches!(state, KeyringState::NotSaved { .. });
        context.emit(Event::Keyring(state)).await;
        if answers {
            let context = Arc::clone(&context);
            // On its own: the keyring may take long again.
            tokio::spawn(async move { remove_what_is_owed(&context).await.ok() });
        }
    }
}

/// Waits until a person accepts that it is this account.
async fn ask_about(
    context: &Context,
    account: Account,
    before: Option<Account>,
    reason: Unfamiliar,
) {
    // Before it is asked for: an answer cannot come too early to be heard.
    let accepted = context.accepted.notified();
    context.set_person_signs_in(true);
    let before = before.map(|before| before.label().into());
    let question = SessionStatus::DifferentAccount {
        account,
        before,
        reason,
    };
    context.show_session(question).await;
    accepted.await;
}

/// What came of a door. Whoever is not the account of before comes in only when a person accepts
/// that.
async fn come_in(
    context: Arc<Context>,
    result: Result<PendingSignIn, AuthError>,
    door: SignInMethod,
) {
    let admitted = async {
        let arrival = result?;
        let account = arrival.account().clone();
        let before = context.session.signed_in().map(|before| before.account);
        let reason = lock(&context.accounts)
            .here
            .unfamiliar(&account, before.as_ref(), Some(door));
        if let Some(reason) = reason {
            ask_about(&context, account, before, reason).await;
        }
        context.session.complete_sign_in(arrival)
    };
    let admitted = admitted.await;
    context.set_person_signs_in(false);
    match admitted {
        Ok(signed_in) => {
            context.emit(Event::SignInMethod(Some(door))).await;
            // Not waited for: a slow disk must not hold up a sign-in.
            tokio::spawn(remember(
                Arc::clone(&context),
                signed_in.account.clone(),
                door,
            ));
            entered(context, signed_in).await;
        }
        Err(error) => failed(&context, &error).await,
    }
}

/// Remembers who came in, and how; what an account before had saved is of no use any more.
async fn remember(context: Arc<Context>, account: Account, door: SignInMethod) {
    let remembered = account.clone();
    let remember = move |accounts: &mut Accounts| accounts.here.remember(&remembered, door);
    context.change_accounts(remember).await;
    if let Some((_, present)) = context.kept_list_of(&account) {
        remove_kept_lists(&context, Some(present));
    }
    remove_what_is_owed(&context).await.ok();
}

async fn entered(context: Arc<Context>, signed_in: SignedIn) {
    context.enter(&signed_in.account, Renewal::Usable);
    context.emit_session().await;
    inventory::show_kept(&context).await;
    reconcile::resume(&context).await;
    inventory::refresh(context).await;
}

async fn failed(context: &Arc<Context>, error: &AuthError) {
    tracing::info!("sign-in did not succeed: {error}");
    context.emit_session().await;
    context.emit(Event::SignInFailed(error.explain())).await;
    context.emit(Event::Advice(error.advised_way())).await;
}
