//! Signing in and signing out.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::accounts::TargetAccounts;
use super::context::Context;
use super::order::resume;
use super::session::Renewal;
use super::{cache, inventory, kept_list};
use crate::auth::{AuthError, PendingSignIn, SignedIn};
use crate::explain::Explain as _;
use crate::message::Event;
use crate::model::{
    Account, BrowserPrompt, KeyringState, SessionStatus, SignInMethod, SignInPrompt, Unfamiliar,
};

/// Delay before a sign-out that could be neither noted nor executed is retried, in seconds.
const NOTE_AGAIN_SECS: u32 = 20;

/// Looks for a saved sign-in and restores it, even if the keyring answers late.
pub(super) async fn restore(context: Arc<Context>) {
    context.session.set_signing_in(false);
    context.session.show_as(SessionStatus::Restoring).await;
    context.accounts.until_read().await;
    let signed_out_before = context.accounts.here().owes_last();
    match remove_owed(&context).await {
        // After a sign-out, a sign-in left in the keyring is not used.
        Err(error) if signed_out_before => return failed(&context, &error).await,
        Ok(()) if signed_out_before => return context.session.show().await,
        Ok(()) | Err(_) => {}
    }
    if !context.accounts.may_restore() {
        return context.session.show().await;
    }
    let last = context.accounts.here().last_object_id();
    match context.auth.find_saved(last.as_deref()).await {
        Ok(Some(account)) => resume_saved(context, account).await,
        Ok(None) => context.session.show().await,
        Err(error) => failed(&context, &error).await,
    }
}

/// Shows the account and the saved list of a restored sign-in, then renews it.
async fn resume_saved(context: Arc<Context>, account: Account) {
    let reason = context.accounts.here().unfamiliar(&account, None, None);
    if let Some(reason) = reason {
        ask_about(&context, account.clone(), None, reason).await;
        let accepted = account.clone();
        let accounts = &context.accounts;
        accounts.change(|here| here.use_last(&accepted)).await;
        context.session.set_signing_in(false);
    }
    if context.auth.accept_saved().is_some() {
        context.start_session(&account, Renewal::Renewing);
        // The list is this account's, which has to be known first.
        context.session.show().await;
        kept_list::show(&context).await;
    } else {
        context.session.show().await;
    }
}

/// Requests a device code and waits for the user. Cancelled by dropping this future.
pub(super) async fn sign_in(context: Arc<Context>) {
    context.session.set_signing_in(true);
    context.session.show_as(SessionStatus::AskingForCode).await;
    let arrived = async {
        let flow = context.auth.begin().await?;
        let prompt = flow.prompt().clone();
        let waiting = SessionStatus::WaitingForPerson(prompt.clone());
        context.session.show_as(waiting).await;
        let mut trouble = flow.watch_trouble();
        let finishing = context.auth.finish(flow);
        tokio::pin!(finishing);
        let finished = loop {
            tokio::select! {
                finished = &mut finishing => break finished,
                Ok(()) = trouble.changed() => {
                    let is_silent = *trouble.borrow_and_update();
                    let prompt = SignInPrompt { is_silent, ..prompt.clone() };
                    context.session.show_as(SessionStatus::WaitingForPerson(prompt)).await;
                }
            }
        };
        if finished.as_ref().err() == Some(&AuthError::Expired) {
            // The page with the code stays, and offers a new one.
            let expires_in = std::time::Duration::ZERO;
            let over = SignInPrompt {
                expires_in,
                ..prompt
            };
            context
                .session
                .show_as(SessionStatus::WaitingForPerson(over))
                .await;
            std::future::pending::<()>().await;
        }
        finished
    };
    let result = arrived.await;
    complete_sign_in(context, result, SignInMethod::Code).await;
}

/// Listens on a local port for the browser, which the window opens. Cancelled by dropping this future.
pub(super) async fn sign_in_with_browser(context: Arc<Context>) {
    context.session.set_signing_in(true);
    let arrived = async {
        let flow = context.auth.begin_in_browser().await?;
        let prompt = flow.prompt().clone();
        let mut watch = flow.watch();
        context
            .session
            .show_as(SessionStatus::InBrowser(prompt.clone()))
            .await;
        let finishing = context.auth.finish_in_browser(flow);
        tokio::pin!(finishing);
        loop {
            tokio::select! {
                finished = &mut finishing => break finished,
                Ok(()) = watch.changed() => {
                    let seen = *watch.borrow_and_update();
                    let prompt = BrowserPrompt { seen, ..prompt.clone() };
                    context.session.show_as(SessionStatus::InBrowser(prompt)).await;
                }
            }
        }
    };
    let result = arrived.await;
    complete_sign_in(context, result, SignInMethod::Browser).await;
}

/// Cancels the sign-in in progress and restores the previous state.
pub(super) async fn cancelled(context: &Arc<Context>) {
    context.session.set_signing_in(false);
    context.session.show().await;
}

/// Removes the saved sign-in and clears its data. Accepted actions continue at the service.
pub(super) async fn sign_out(context: Arc<Context>) {
    if let Some(error) = end(&context).await.unnoted {
        note_or_remove(&context, &error).await;
    }
}

/// Remaining work of a sign-out.
pub(super) struct Ended {
    /// Why the saved sign-in is still there, if that could not even be noted.
    pub unnoted: Option<AuthError>,
    /// The removal of saved lists, which a sign-out does not wait for; returns whether they are gone.
    pub lists: JoinHandle<bool>,
}

/// Like [`sign_out`], without retries.
pub(super) async fn end(context: &Arc<Context>) -> Ended {
    context.session.set_signing_in(false);
    let account = context.session.account();
    let mut is_noted = true;
    if let Some(account) = &account {
        // Before the keyring is used: it may never answer, or this run may end first.
        let owe = |here: &mut TargetAccounts| here.owe_removal(account);
        is_noted = context.accounts.change(owe).await;
    }
    let result = context.auth.sign_out().await;
    context.client.forget_sign_in();
    context.end_session();
    // No data of a signed-out account's tenant stays. After the end of the session, so that a list being
    // written notices it.
    let lists = remove_kept_lists(context, None);
    context.session.show().await;
    let unnoted = match result {
        Ok(()) => {
            if let Some(account) = account {
                let removed = |here: &mut TargetAccounts| here.removed(&[account.object_id]);
                context.accounts.change(removed).await;
            }
            None
        }
        Err(error) if is_noted => {
            let why = error.explain();
            context.sink.emit(Event::SignInFailed(why)).await;
            None
        }
        Err(error) => {
            let unnoted = error.explain_unnoted();
            context.sink.emit(Event::SignInFailed(unnoted)).await;
            Some(error)
        }
    };
    Ended { unnoted, lists }
}

/// Retries to mark the saved sign-in for removal, or to remove it, until either succeeds or someone signs in:
/// the next start would otherwise sign in the user who has signed out.
pub(super) async fn note_or_remove(context: &Arc<Context>, error: &AuthError) {
    loop {
        tokio::time::sleep(context.timing.secs(NOTE_AGAIN_SECS)).await;
        if !context.accounts.here().owes_last() {
            return;
        }
        if context.accounts.change(|_| {}).await {
            if context.session.account().is_none() {
                let why = error.explain();
                context.sink.emit(Event::SignInFailed(why)).await;
            }
            return;
        }
        if remove_owed(context).await.is_ok() {
            return;
        }
    }
}

/// Removes other accounts' saved lists; all of them if no account is signed in. Returns whether they are gone.
fn remove_kept_lists(context: &Arc<Context>, present: Option<PathBuf>) -> JoinHandle<bool> {
    let context = Arc::clone(context);
    tokio::task::spawn_blocking(move || {
        let folder = context.accounts.folder();
        folder.is_none_or(|folder| {
            cache::remove_all(&folder, context.auth.target(), present.as_deref())
        })
    })
}

/// Removes sign-ins that an earlier sign-out had to leave in the keyring.
async fn remove_owed(context: &Arc<Context>) -> Result<(), AuthError> {
    let owed = context.accounts.here().owed();
    if owed.is_empty() {
        return Ok(());
    }
    context.auth.remove_saved(&owed).await?;
    context.accounts.change(|here| here.removed(&owed)).await;
    if context.session.account().is_none() {
        context.sink.emit(Event::SignInFailureOver).await;
    }
    Ok(())
}

/// Opens the keyring again. One that was locked at the start may have a sign-in.
pub(super) async fn try_keyring_again(context: Arc<Context>) {
    context.auth.try_keyring_again().await;
    if context.session.account().is_none() && !context.session.is_signing_in() {
        restore(context).await;
    } else if let Err(error) = remove_owed(&context).await {
        tracing::warn!("{error}");
    }
}

/// Reports the keyring's state to the window, and catches up on work that needed the keyring.
pub(super) async fn report_keyring(context: Arc<Context>) {
    let mut keyring = context.auth.watch_keyring();
    let state = keyring.borrow_and_update().clone();
    context.sink.emit(Event::Keyring(state)).await;
    while keyring.changed().await.is_ok() {
        let state = keyring.borrow_and_update().clone();
        let answers = !matches!(state, KeyringState::NotSaved { .. });
        context.sink.emit(Event::Keyring(state)).await;
        if answers {
            let context = Arc::clone(&context);
            // In its own task: the keyring may take long again.
            tokio::spawn(async move { remove_owed(&context).await.ok() });
        }
    }
}

/// Waits until the user accepts this account.
async fn ask_about(
    context: &Context,
    account: Account,
    before: Option<Account>,
    reason: Unfamiliar,
) {
    let before = before.map(|before| before.label().into());
    let question = SessionStatus::DifferentAccount {
        account,
        before,
        reason,
    };
    context.session.ask(question).await;
}

/// Completes a sign-in, or shows why it failed. A different account is signed in only after the user accepts
/// it.
async fn complete_sign_in(
    context: Arc<Context>,
    result: Result<PendingSignIn, AuthError>,
    method: SignInMethod,
) {
    let signed_in = async {
        let pending = result?;
        let account = pending.account().clone();
        let before = context.auth.signed_in().map(|before| before.account);
        context.accounts.until_read().await;
        let here = context.accounts.here();
        let reason = here.unfamiliar(&account, before.as_ref(), Some(method));
        if let Some(reason) = reason {
            ask_about(&context, account, before, reason).await;
        }
        context.auth.complete_sign_in(pending)
    };
    let signed_in = signed_in.await;
    context.session.set_signing_in(false);
    match signed_in {
        Ok(signed_in) => {
            context.sink.emit(Event::SignInMethod(Some(method))).await;
            // Not awaited: a slow disk must not hold up a sign-in.
            tokio::spawn(remember(
                Arc::clone(&context),
                signed_in.account.clone(),
                method,
            ));
            begin_session(context, signed_in).await;
        }
        Err(error) => failed(&context, &error).await,
    }
}

/// Remembers the account and its sign-in method; a previous account's saved data is removed.
async fn remember(context: Arc<Context>, account: Account, method: SignInMethod) {
    let remember = |here: &mut TargetAccounts| here.remember(&account, method);
    context.accounts.change(remember).await;
    if let Some((_, present)) = context.kept_list(&account) {
        remove_kept_lists(&context, Some(present));
    }
    remove_owed(&context).await.ok();
}

async fn begin_session(context: Arc<Context>, signed_in: SignedIn) {
    context.start_session(&signed_in.account, Renewal::Usable);
    context.session.show().await;
    kept_list::show(&context).await;
    resume(&context).await;
    inventory::refresh(context).await;
}

async fn failed(context: &Arc<Context>, error: &AuthError) {
    tracing::info!("sign-in did not succeed: {error}");
    context.session.show().await;
    context
        .sink
        .emit(Event::SignInFailed(error.explain()))
        .await;
    context.sink.emit(Event::Advice(error.advised_way())).await;
}
