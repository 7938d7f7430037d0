//! Wording of an entry in the activity list: pure functions from facts to text.

mod everywhere;
mod investigation;
mod next_steps;
mod not_found;
mod refusal;
mod reversal;

use jiff::{SignedDuration, Timestamp};

use crate::action::{ActionKind, Recorded, Task, action_noun};
use crate::guard::{BOTH_WAYS, is_silent};
use crate::journal::{Entry, NOT_AS_ORDERED, NotSentReason, OrderStatus, Record, UnclearReply};
use crate::message::OrderProgress;
use crate::model::{
    HResult, HealthStatus, MachineAction, MachineActionId, MachineActionStatus, clean, filled,
    first_lower, first_upper, requestor_name,
};
use crate::state::State;
use crate::ui::activity::download;
use crate::ui::activity::record::COMMENT_CHARS;
use crate::ui::{look, words};

/// Time for which the service keeps an action for a silent device.
const SERVICE_WAITS: SignedDuration = SignedDuration::from_hours(72);

/// Age from which ages are shown without seconds, so that nothing has to tick.
pub const TICKING_SECS: i64 = 3600;

/// The next automatic step. `pause` is the end of a pause requested by the service.
pub fn next(progress: &OrderProgress, pause: Option<Timestamp>, now: Timestamp) -> String {
    let left = |until: Timestamp| words::secs_since(now, until);
    let next_check = |secs: i64| match secs {
        0 => "checking now".to_owned(),
        secs => format!("next check in {}", words::duration(secs)),
    };
    let check = |at: Timestamp| match pause.map_or(0, left) {
        0 => next_check(left(at)),
        pause => {
            let next = next_check(pause.max(left(at)));
            format!("Defender asked for a pause: {next}")
        }
    };
    match progress {
        OrderProgress::LeavesAt(at) => match left(*at) {
            0 => "being sent".to_owned(),
            secs => format!("will be sent in {}", words::duration(secs)),
        },
        OrderProgress::Watching { next_at, .. } => check(*next_at),
        OrderProgress::LookFailed { why, next_at, .. } => {
            // The pause may be the cause of the failure: it is mentioned once.
            let left = left(*next_at).max(pause.map_or(0, left));
            format!("{}; {}", why.headline, next_check(left))
        }
        OrderProgress::LookedUp { complete, again_at } => {
            // Without a count, which starts again after a restart.
            let so_far = match complete {
                0 => "being looked up",
                _ => "looked up, not there yet",
            };
            format!("{so_far}; {}", check(*again_at))
        }
        OrderProgress::WaitsForSignIn => "will be sent once you are signed in again".to_owned(),
        OrderProgress::WaitsForTurn => "queued behind earlier actions".to_owned(),
        OrderProgress::Stuck(explanation) => explanation.headline.clone(),
    }
}

/// Last reading of an action in progress, and its time.
fn under_way(
    entry: &Entry,
    reported: &MachineActionStatus,
    state: &State,
    now: Timestamp,
) -> Option<String> {
    let status = entry.status();
    let action = status
        .action()
        .and_then(|id| state.action(&entry.machine().id, id));
    // The journal of a look-only console may be behind what it reads itself.
    if let (Some(Err(why)), Some(read)) = (&state.journal, action)
        && read.status != *reported
    {
        return Some(format!(
            "Defender now says: {}; that is not in the journal: {}",
            read.status.word(),
            why.headline
        ));
    }
    let checked = checked(entry, state, now);
    match reported {
        // An action that is not followed may have been picked up meanwhile.
        MachineActionStatus::Pending if is_followed(entry, state) => {
            Some(silent(entry, action, &checked, state, now))
        }
        MachineActionStatus::Pending | MachineActionStatus::InProgress => {
            Some(first_upper(&checked))
        }
        MachineActionStatus::Succeeded
        | MachineActionStatus::Failed
        | MachineActionStatus::TimeOut
        | MachineActionStatus::Cancelled
        | MachineActionStatus::Other(_) => None,
    }
}

/// Whether an open order is watched: here by its author, or by another console.
fn is_followed(entry: &Entry, state: &State) -> bool {
    let acts = matches!(state.journal, Some(Ok(())));
    let account = state.session.account();
    let is_here = account.is_some_and(|account| entry.author.is(account));
    !acts || is_here && state.session.is_signed_in()
}

/// Time since the action was last read: in this run, or by the journal.
fn checked(entry: &Entry, state: &State, now: Timestamp) -> String {
    let in_this_run = match state.progress.get(&entry.id()) {
        Some(
            OrderProgress::Watching { read_at, .. } | OrderProgress::LookFailed { read_at, .. },
        ) => *read_at,
        Some(_) | None => None,
    };
    let at = in_this_run.unwrap_or_else(|| entry.status_since());
    let secs = now.duration_since(at).as_secs();
    if !is_followed(entry, state) {
        return format!("not checked for {}", words::duration(secs.max(1)));
    }
    match secs {
        ..=0 => "checked just now".to_owned(),
        secs @ 1..60 => format!("checked {secs} s ago"),
        _ => format!("checked {}", words::ago(at, now)),
    }
}

/// Details of the status, one line each.
pub fn details(entry: &Entry, state: &State, now: Timestamp) -> Vec<String> {
    let redirected = entry.acts_elsewhere().then(|| elsewhere(entry, state));
    let not_reread = entry.not_reread();
    let not_reread = not_reread
        .into_iter()
        .map(|what| format!("Not re-read before sending: {}", clean(what, 300)));
    let more = about_status(entry, state, now);
    let next_steps = next_steps::line(entry, state).map(ToOwned::to_owned);
    let not_followed = why_not_followed(entry, state).map(ToOwned::to_owned);
    not_followed
        .into_iter()
        .chain(redirected)
        .chain(not_reread)
        .chain(more)
        .chain(next_steps)
        .collect()
}

/// Says that the service acts on another record, which the outcome applies to.
fn elsewhere(entry: &Entry, state: &State) -> String {
    let (other, chosen) = (
        state.machine_of(entry).quoted(),
        entry.order.machine.quoted(),
    );
    let how = if entry.status().is_end() {
        "It ended there"
    } else {
        "It was ordered there and has not ended"
    };
    format!(
        "The service acts on another record, {other}, not on the one you chose, {chosen}. {how}: check both"
    )
}

/// Why an open order's outcome is no longer followed, if so: no later sign-in can be proven to be its
/// author's.
pub fn why_not_followed(entry: &Entry, state: &State) -> Option<&'static str> {
    let is_abandoned = entry.is_abandoned(state.entries.is_of_earlier_run(entry.id()));
    // Orders that another console follows are not known here.
    let acts = matches!(state.journal, Some(Ok(())));
    (is_abandoned && acts).then_some(
        "No longer followed: the sign-in that sent it did not say whose account it was, so no later sign-in can take it over. Check the device's action history, here or in the Defender portal",
    )
}

fn about_status(entry: &Entry, state: &State, now: Timestamp) -> Vec<String> {
    let status = entry.status();
    let task = &entry.order.task;
    match status {
        OrderStatus::Held { by } => vec![held(entry, by, state)],
        OrderStatus::NotSent { why, detail } => not_sent(*why, detail.as_deref()),
        OrderStatus::Accepted { .. } | OrderStatus::Done { .. } | OrderStatus::Failed { .. }
            if task.record() == Recorded::Investigation =>
        {
            let is_open = !status.is_end();
            let checked = is_open.then(|| first_upper(&checked(entry, state, now)));
            let said = investigation::line(entry, state);
            said.into_iter().chain(checked).collect()
        }
        OrderStatus::Done { .. } if task.is_tenant_wide() => everywhere::lines(entry, state),
        OrderStatus::Accepted { action, status } => {
            let asked = cancellation_requested(entry, action, state);
            let read = under_way(entry, status, state, now);
            asked.into_iter().chain(read).collect()
        }
        OrderStatus::Waiting => waiting(entry, state, now),
        OrderStatus::Done { .. } => done(entry, state, now),
        OrderStatus::Sent => Vec::new(),
        OrderStatus::Failed { hresult, .. } => failed(task, *hresult),
        OrderStatus::TooLate { status, .. } => vec![format!(
            "The cancellation did not take effect: the action ended as “{status}”"
        )],
        OrderStatus::TimedOut { .. } => vec![format!(
            "The service gave up waiting for the device{}. {}",
            given_up(entry),
            task.if_failed()
        )],
        OrderStatus::Cancelled { by, comment, .. } => {
            let comment = comment.as_deref();
            if task.record() == Recorded::Investigation {
                investigation::cancelled(by.as_deref(), comment)
            } else {
                vec![cancelled(by.as_deref(), comment)]
            }
        }
        OrderStatus::Refused {
            status,
            code,
            message,
        } => refusal::lines(entry, &state.session, *status, code, message),
        OrderStatus::Unknown { why, reply } => unknown(entry, why, reply),
        OrderStatus::NotFound => vec![not_found::line(entry)],
        OrderStatus::NotOurs {
            action,
            requestor,
            created,
        } => {
            let theirs = state.action(&entry.order.machine.id, action);
            let theirs = theirs.map(|action| their_request(&action.status));
            let ours = not_queued(requestor, *created, state);
            [ours].into_iter().chain(theirs).collect()
        }
    }
}

fn done(entry: &Entry, state: &State, now: Timestamp) -> Vec<String> {
    let reversal = reversal::line(entry, state).into_iter();
    reversal
        .chain(deviations(entry, state))
        .chain(download::lines(entry, state, now))
        .chain(older_opposites(entry, state, now))
        .collect()
}

fn not_queued(requestor: &str, created: Option<Timestamp>, state: &State) -> String {
    let at = created.map(|at| format!(" at {}", words::local_time(at, &state.zone)));
    let (by, at) = (clean(requestor, 80), at.unwrap_or_default());
    format!("Already requested by {by}{at}; yours was not queued")
}

fn their_request(status: &MachineActionStatus) -> String {
    if status.is_final() {
        format!("That request has ended: {}", status.word())
    } else {
        format!("That request now: {}", status.word())
    }
}

/// Details of an unknown outcome, and how it is being resolved.
fn unknown(entry: &Entry, why: &str, reply: &UnclearReply) -> Vec<String> {
    let task = &entry.order.task;
    let what = match reply {
        UnclearReply::Missing => "No answer".to_owned(),
        UnclearReply::Status(status) => {
            format!("The answer does not say whether it was done ({status})")
        }
        UnclearReply::Action(action) if entry.has_disowned(action) => {
            "What Defender says about this order contradicts itself".to_owned()
        }
        UnclearReply::Action(_) => "The answer does not say whose action it is".to_owned(),
        UnclearReply::NeverShown(_) => match task.removes() {
            Some(what) => {
                format!("Defender accepted this order, and the {what} is still there")
            }
            None => "Defender accepted this order and has not shown its action since".to_owned(),
        },
    };
    // The lookup of an investigation may never end; it does not block further orders.
    let until = match task.record() {
        Recorded::Investigation => "",
        Recorded::MachineAction | Recorded::Machine | Recorded::Indicator => {
            "; sending again is blocked until then"
        }
    };
    vec![
        format!("{what}. It is being looked up{until}"),
        format!("Cause: {}", clean(why, COMMENT_CHARS)),
    ]
}

/// Requestor of a cancellation that has not taken effect: a request is not yet a cancellation.
fn cancellation_requested(
    entry: &Entry,
    action: &MachineActionId,
    state: &State,
) -> Option<String> {
    let action = state.action(&entry.machine().id, action)?;
    let by = clean(filled(action.cancellation_requestor.as_deref())?, 80);
    let why = filled(action.cancellation_comment.as_deref());
    let why = why.map(|why| format!(": {}", clean(why, COMMENT_CHARS)));
    Some(format!(
        "Cancellation requested by {by}{}",
        why.unwrap_or_default()
    ))
}

/// Why an order has not been sent, if the rate limit is the reason.
fn waiting(entry: &Entry, state: &State, now: Timestamp) -> Vec<String> {
    let Some(budget) = state.budget else {
        return Vec::new();
    };
    let paused = budget.gate_until.is_some_and(|until| until > now);
    let starts_investigation = entry.order.task.record() == Recorded::Investigation;
    let own = budget.investigations_until.filter(|until| *until > now);
    let why = match (paused, budget.is_shared) {
        _ if starts_investigation && own.is_some() => {
            "Defender limits how many investigations are started per hour, by this console and others together"
        }
        (true, true) => {
            "Defender asked for a pause although this console made few requests: others share its limit, or Defender is busy"
        }
        (true, false) => "Defender asked for a pause",
        (false, _) if budget.left_minute == 0 => "Defender's limit per minute is used up",
        (false, _) if budget.left_hour == 0 => "Defender's limit per hour is used up",
        (false, _) => return Vec::new(),
    };
    vec![why.to_owned()]
}

fn held(entry: &Entry, by: &MachineActionId, state: &State) -> String {
    let under_way = match state.action(&entry.order.machine.id, by) {
        Some(action) => format!(
            "{} by {} is under way ({})",
            first_upper(&action_noun(action)),
            requestor_name(action.requestor.as_deref()),
            status_word(action),
        ),
        None => "An opposite action is under way".to_owned(),
    };
    let end = entry.order.task.done();
    format!(
        "{under_way}. Yours waits until it has ended, unless you send it anyway. {BOTH_WAYS}: sent now, the device will most likely end up “{end}”"
    )
}

/// Opposite actions older than this one's success that are still open: each can still undo it.
pub fn still_open_opposites<'a>(
    entry: &Entry,
    state: &'a State,
) -> impl Iterator<Item = &'a MachineAction> {
    let opposite = entry.order.task.kind().and_then(ActionKind::opposite);
    let machine = &entry.machine().id;
    let own = entry.status().action().cloned();
    let ended = own
        .and_then(|id| state.action(machine, &id))
        .and_then(|own| own.last_updated);
    state.known_actions(machine).iter().filter(move |action| {
        let is_later = action.created.zip(ended).is_some_and(|(c, e)| c > e);
        !action.status.is_final()
            && !is_later
            && opposite.is_some_and(|o| o.spec().wire_type == action.kind)
    })
}

fn status_word(action: &MachineAction) -> String {
    first_lower(&look::action_status(&action.status).word)
}

fn older_opposites(entry: &Entry, state: &State, now: Timestamp) -> Vec<String> {
    // Nobody follows them, so they may have ended since.
    let checked = state.actions_read_at(entry);
    let checked = checked.map_or_else(String::new, |at| {
        format!(", checked {}", words::ago(at, now))
    });
    still_open_opposites(entry, state)
        .map(|action| {
            format!(
                "{} by {} is still {}{checked}: if it completes, it undoes this. Cancel it if you do not want that",
                first_upper(&action_noun(action)),
                requestor_name(action.requestor.as_deref()),
                status_word(action),
            )
        })
        .collect()
}

fn not_sent(why: NotSentReason, detail: Option<&str>) -> Vec<String> {
    let first = format!("Nothing was changed: {}", why.words());
    let detail = filled(detail).map(|detail| clean(detail, COMMENT_CHARS).into_owned());
    std::iter::once(first).chain(detail).collect()
}

/// When the device last reported, and for a silent one when the service gives up.
fn silent(
    entry: &Entry,
    action: Option<&MachineAction>,
    checked: &str,
    state: &State,
    now: Timestamp,
) -> String {
    let picked_up = format!("not picked up yet, {checked}");
    let Some(machine) = state.machine(&entry.order.machine.id) else {
        return format!("Last report unknown; {picked_up}");
    };
    if machine.is_unmanaged() {
        return format!("Carried out by the devices that Defender manages; {picked_up}");
    }
    let seen = machine.last_seen.map_or_else(
        || "Last report unknown".to_owned(),
        |at| format!("Last full report {}", words::ago(at, state.at_service(now))),
    );
    if !is_silent(machine, &state.policy, state.at_service(now)) {
        return format!("{seen}; {picked_up}");
    }
    let created = action.and_then(|a| a.created).or(entry.first_sent_at());
    let until = created.and_then(|at| at.checked_add(SERVICE_WAITS).ok());
    let until = until.map_or_else(String::new, |until| {
        format!(
            "; Defender waits for it until {}",
            words::local_time(until, &state.zone)
        )
    });
    let health = &machine.health_status;
    let health = (*health != HealthStatus::Active).then(|| health.word().to_lowercase());
    let health = health.map_or_else(String::new, |health| format!(", {health}"));
    format!("{seen}{health}; {picked_up}{until}")
}

/// The final code, if there is one, and whether the device had started, in brackets.
fn given_up(entry: &Entry) -> String {
    let begun = entry.records().iter().any(|(_, record)| {
        matches!(record, Record::Progress { status } | Record::Accepted { status, .. }
            if *status == MachineActionStatus::InProgress)
    });
    // Newer records, such as an acknowledgement, may follow it.
    let mut newest_first = entry.records().iter().rev();
    let code = newest_first.find_map(|(_, record)| {
        let Record::Finished { hresult, .. } = record else {
            return None;
        };
        Some((*hresult != HResult(0)).then(|| hresult.to_string()))
    });
    let begun = begun.then(|| "it had started, so check the device".to_owned());
    let words: Vec<_> = code.flatten().into_iter().chain(begun).collect();
    if words.is_empty() {
        String::new()
    } else {
        format!(" ({})", words.join("; "))
    }
}

/// Deviations of a succeeded action from its order.
fn deviations(entry: &Entry, state: &State) -> impl Iterator<Item = String> {
    let machine = entry.machine().id;
    let own = entry.own_action();
    let read = own.and_then(|own| state.action(&machine, &own));
    let other = state.deviation_of(entry);
    let other = other.map(|other| format!("{}: {other}", first_upper(NOT_AS_ORDERED)));
    let code = read.filter(|read| read.error_hresult != HResult(0));
    let code = code.map(|read| format!("Succeeded, but also reported {}", read.error_hresult));
    other.into_iter().chain(code)
}

fn failed(task: &Task, hresult: HResult) -> Vec<String> {
    let what = if hresult == HResult(0) {
        "The service gave no reason".to_owned()
    } else {
        hresult.to_string()
    };
    let next = if task.file().is_some() && hresult == HResult::FILE_NOT_FOUND {
        "Next: check the hash, and on which devices the file was seen"
    } else {
        task.if_failed()
    };
    vec![what, next.to_owned()]
}

fn cancelled(by: Option<&str>, comment: Option<&str>) -> String {
    let by = requestor_name(by);
    match filled(comment) {
        Some(comment) => format!("By {by}: {}", clean(comment, COMMENT_CHARS)),
        None => format!("By {by}"),
    }
}

#[cfg(test)]
mod tests;
