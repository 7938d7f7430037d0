//! Reading the list of machines, and the actions of the last weeks.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::clock::{monotonic_now, now};
use super::context::Context;
use super::kept_list::{CHUNK, Keeping};
use super::order::reconcile_late;
use crate::action::{ActionKind, Change};
use crate::api::{ActionFilter, ApiError, Cursor, Lane, More, Page, Verb};
use crate::explain::{Explanation, NextStep};
use crate::message::{Event, InventoryNews, LookBack};
use crate::model::{
    Epoch, MORE_THAN_KEPT, Machine, MachineActionType, MachineId, PageDelay, Room, duration_text,
};

/// How far back actions of all kinds are read. Older ones are read with the device itself.
const RECENT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How far back actions that contain a device are read: as far as the service keeps them.
const RETENTION: SignedDuration = SignedDuration::from_hours(180 * 24);
/// The clock skew that Kerberos and most of Microsoft's services tolerate.
const CLOCK_MAY_BE_OFF: SignedDuration = SignedDuration::from_mins(5);
/// At most this many pages; some services give few devices at a time.
const MAX_PAGES: usize = 1_000;
/// A page that takes longer says how far it has come, and again each time as long.
const SLOW_AFTER: Duration = Duration::from_secs(10);

/// Reads the list and the actions, and notes when that ended, successfully or not.
pub(super) async fn refresh(context: Arc<Context>) {
    context.list.begin_reading();
    read_list(&context).await;
    context.list.end_reading(monotonic_now());
}

/// State of the list being read. Its devices are with the window.
#[derive(Default)]
struct ListSoFar {
    pages: usize,
    seen: HashSet<MachineId>,
    room: Room,
    unreadable: usize,
    /// Why it is not the whole list, if that is known.
    incomplete: Option<String>,
}

impl ListSoFar {
    /// Adds a page: the devices of it that there is room for, and where the next one is, if one is to be
    /// read.
    fn add(&mut self, page: Page<Machine>) -> (Vec<Arc<Machine>>, Option<Cursor>) {
        let before = self.seen.len();
        let came = page.items.len();
        let mut machines = Vec::with_capacity(came);
        for machine in page.items {
            if !self.room.take(machine.bytes_in_list()) {
                break;
            }
            self.seen.insert(machine.id.clone());
            machines.push(Arc::new(machine));
        }
        let new = self.seen.len() - before;
        let is_full = machines.len() < came;
        if new < machines.len() {
            // Pages that shift while they are read bring some twice and leave some out.
            self.incomplete = Some("the service repeats rows".to_owned());
        }
        // A page that could not be read at all is no repetition.
        let repeats = new == 0 && came > 0;
        self.pages += 1;
        self.unreadable += page.unreadable;
        let stopped = match page.more {
            _ if is_full => MORE_THAN_KEPT.to_owned(),
            More::No => return (machines, None),
            More::Stopped(why) => why,
            More::Next(_) if self.pages == MAX_PAGES => format!("stopped after {MAX_PAGES} pages"),
            More::Next(_) if repeats => "the service repeats its pages".to_owned(),
            More::Next(next) => return (machines, Some(next)),
        };
        self.incomplete = Some(stopped);
        (machines, None)
    }
}

/// Reads the list page by page, each shown as it comes, then the actions of the last weeks.
async fn read_list(context: &Arc<Context>) {
    let epoch = context.session.epoch();
    report(context, epoch, InventoryNews::Started(now())).await;
    let room = Room::of_list();
    let mut list = ListSoFar {
        room,
        ..ListSoFar::default()
    };
    let mut keeping = Keeping::begin(context, epoch);
    let mut next = Some(context.client.first_machines());
    while let Some(cursor) = next {
        let page = reporting_slow_page(context, epoch, context.client.machines_page(&cursor));
        next = match page.await {
            Ok(page) => {
                check_clock_skew(context, page.date).await;
                let (machines, next) = list.add(page);
                keeping.add(&machines).await;
                for some in machines.chunks(CHUNK) {
                    report(context, epoch, InventoryNews::Page(some.to_vec())).await;
                }
                drop(machines);
                if next.is_some() {
                    context.screen.catches_up().await;
                }
                next
            }
            Err(error) if list.seen.is_empty() => {
                context.session.note_auth_failure(&error).await;
                let why = explain(&error, "read the list of devices");
                report(context, epoch, InventoryNews::Failed(why)).await;
                return context.report_budget().await;
            }
            Err(error) => {
                list.incomplete = Some(explain(&error, "read the next page").headline);
                None
            }
        };
    }
    if list.incomplete.is_none() {
        keeping.finish().await;
    }
    let news = InventoryNews::Done {
        at: now(),
        unreadable: list.unreadable,
        incomplete: list.incomplete,
        seen: list.seen.into_iter().collect(),
    };
    report(context, epoch, news).await;
    recent_actions(context, epoch).await;
    context.report_budget().await;
}

/// Reports progress while a page takes long, and what it waits for.
async fn reporting_slow_page<T>(
    context: &Context,
    epoch: Epoch,
    page: impl Future<Output = T>,
) -> T {
    let before = context.client.received_bytes();
    tokio::pin!(page);
    loop {
        tokio::select! {
            page = &mut page => return page,
            () = tokio::time::sleep(SLOW_AFTER) => {
                let bytes = context.client.received_bytes() - before;
                let pause = context.client.budget().gate_until;
                let why = page_delay(pause, bytes, || context.client.has_to_wait(Lane::Refresh));
                report(context, epoch, InventoryNews::Slow(why)).await;
            }
        }
    }
}

/// Reason why a page is late, with `bytes` of it received; a pause ends at `pause`.
fn page_delay(
    pause: Option<Timestamp>,
    bytes: u64,
    has_to_wait: impl FnOnce() -> bool,
) -> PageDelay {
    match pause {
        // What has come is the answer that asked for it.
        Some(until) => PageDelay::Paused { until },
        // Nothing of it has come, as it has not been asked for yet.
        None if bytes == 0 && has_to_wait() => PageDelay::AwaitingTurn,
        None => PageDelay::SlowLine { bytes },
    }
}

/// The reading was stopped by the person: what has come stays, and is not the whole list.
pub(super) async fn stopped(context: Arc<Context>) {
    let epoch = context.session.epoch();
    let news = InventoryNews::Done {
        at: now(),
        unreadable: 0,
        incomplete: Some("you stopped the reading".to_owned()),
        seen: Vec::new(),
    };
    report(&context, epoch, news).await;
    recent_actions(&context, epoch).await;
    context.list.end_reading(monotonic_now());
}

/// Says once when this computer's clock is far from the service's. Nothing that is decided depends
/// on it, nor do ages of what the service tells; but what this console writes down has the wrong times.
async fn check_clock_skew(context: &Context, date: Option<Timestamp>) {
    context.report_clock().await;
    let Some(date) = date else {
        return;
    };
    let off = now().duration_since(date);
    if off.abs() < CLOCK_MAY_BE_OFF || context.list.clock_was_said() {
        return;
    }
    // Seconds say nothing: the answer was under way.
    let amount = duration_text(off.abs().as_mins() * 60);
    let side = if off.is_positive() {
        "ahead of"
    } else {
        "behind"
    };
    let next = "Set it: the journal has the times of this computer. Ages, sign-in, waiting and following do not depend on it";
    let headline = format!("The clock of this computer is {amount} {side} the service's");
    let next = NextStep::Outside(next.into());
    let explanation = Explanation::harmless(headline, next);
    context.screen.emit(Event::Clock(explanation)).await;
}

/// Reads the actions of the last weeks, and those that contain as far back as there are any.
async fn recent_actions(context: &Arc<Context>, epoch: Epoch) {
    let since = now() - RECENT;
    let filter = ActionFilter::Recent { since };
    let result = look_back(context, epoch, since, &filter, "read the recent actions").await;
    report(context, epoch, InventoryNews::RecentActions(result)).await;
    let since = now() - RETENTION;
    let filter = ActionFilter::OfKinds {
        kinds: containing_kinds(),
        since,
    };
    let infinitive = "read the older isolations and restrictions";
    let result = look_back(context, epoch, since, &filter, infinitive).await;
    report(context, epoch, InventoryNews::Containments(result)).await;
}

/// Types of the actions that set or clear a lasting condition.
fn containing_kinds() -> Vec<MachineActionType> {
    let mut types: Vec<_> = ActionKind::ALL
        .iter()
        .filter(|kind| kind.spec().change != Change::Nothing)
        .map(|kind| kind.spec().wire_type.clone())
        .collect();
    let mut seen = HashSet::new();
    types.retain(|wire_type| seen.insert(wire_type.clone()));
    types
}

async fn look_back(
    context: &Arc<Context>,
    epoch: Epoch,
    since: Timestamp,
    filter: &ActionFilter,
    infinitive: &str,
) -> Result<LookBack, Explanation> {
    let list = context.client.machine_actions(filter, Lane::Refresh).await;
    let list = list.map_err(|error| explain(&error, infinitive))?;
    let is_complete = list.complete && list.unreadable == 0;
    reconcile_late(context, &list.items).await;
    let actions = list.items;
    context.screen.emit(Event::Actions { epoch, actions }).await;
    Ok(LookBack { since, is_complete })
}

async fn report(context: &Context, epoch: Epoch, news: InventoryNews) {
    context.screen.emit(Event::Inventory { epoch, news }).await;
}

fn explain(error: &ApiError, infinitive: &str) -> Explanation {
    error.explain_for(Verb::Read, infinitive, None, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_was_answered_with_a_pause_is_not_called_slow() {
        let until = Timestamp::UNIX_EPOCH;
        assert_eq!(
            page_delay(Some(until), 300, || true),
            PageDelay::Paused { until }
        );
        assert_eq!(
            page_delay(None, 300, || true),
            PageDelay::SlowLine { bytes: 300 }
        );
        assert_eq!(page_delay(None, 0, || true), PageDelay::AwaitingTurn);
        assert_eq!(
            page_delay(None, 0, || false),
            PageDelay::SlowLine { bytes: 0 }
        );
    }
}
