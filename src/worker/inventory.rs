//! Reads of the device list, and of the actions of the last weeks.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::clock::{monotonic_now, now};
use super::context::Context;
use super::kept_list::{CHUNK, ListWriter};
use super::known::NEVER_READ_WHOLE;
use super::list_pages::{PageResult, Pages, SLOW_AFTER};
use super::order::reconcile_late;
use crate::action::{ActionKind, Change};
use crate::api::{ActionFilter, ApiError, Cursor, Lane, More, Page};
use crate::explain::Explanation;
use crate::message::{Event, HistoryRange, InventoryNews};
use crate::model::{
    Epoch, MORE_THAN_KEPT, Machine, MachineActionType, MachineId, MemoryBudget, PageDelay,
};

/// The period for which actions of all kinds are read. Older ones are read with their device.
const RECENT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The period for which containing actions are read: the service's retention.
const RETENTION: SignedDuration = SignedDuration::from_hours(180 * 24);
/// The maximum number of pages; some services return few devices per page.
const MAX_PAGES: usize = 1_000;
/// Why a list is incomplete that changed during the reading.
const CHANGED: &str = "it changed while it was read";

/// Reads the list and the actions, and notes when that ended, successfully or not. The start is noted
/// immediately: the list would be stale until the task runs, and a second reading would replace it.
pub(super) fn refresh(context: Arc<Context>) -> impl Future<Output = ()> + Send {
    context.list.begin_reading();
    async move {
        read_list(&context).await;
        context.list.end_reading(monotonic_now());
    }
}

/// State of the reading. The window holds its devices.
#[derive(Default)]
struct ListSoFar {
    pages: usize,
    seen: HashSet<MachineId>,
    budget: MemoryBudget,
    unreadable: usize,
    /// Devices of the short first page, which is shown before the list.
    first: Vec<MachineId>,
    /// Why the list is incomplete, if known.
    incomplete: Option<String>,
}

impl ListSoFar {
    /// Adds a page; returns its devices within the memory budget, and the next cursor if there is more to read.
    fn add(&mut self, page: Page<Machine>) -> (Vec<Arc<Machine>>, Option<Cursor>) {
        self.unreadable += page.unreadable;
        let mut machines = Vec::with_capacity(page.items.len());
        let (mut again, mut is_full) = (0, false);
        for machine in page.items {
            if self.seen.contains(&machine.id) {
                again += 1;
                continue;
            }
            if !self.budget.reserve(machine.bytes_in_list()) {
                is_full = true;
                break;
            }
            self.seen.insert(machine.id.clone());
            machines.push(Arc::new(machine));
        }
        if again > page.overlap {
            // Pages that shift during the reading repeat some rows and omit others.
            self.incomplete = Some("the service repeats rows".to_owned());
        } else if again < page.overlap && self.unreadable == 0 {
            self.incomplete = Some(CHANGED.to_owned());
        }
        // A page without a readable row is no repetition.
        let repeats = machines.is_empty() && again > page.overlap;
        self.pages += 1;
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

    /// Final checks. `has_more`: whether there are rows after the last page.
    fn end(&mut self, has_more: bool) {
        let why = if has_more {
            "the service sends less at a time than was asked for"
        } else if self.first.iter().all(|id| self.seen.contains(id)) {
            return;
        } else {
            CHANGED
        };
        self.incomplete.get_or_insert_with(|| why.to_owned());
    }
}

/// A list in transit from the service to the window and to the disk.
struct Reading<'a> {
    context: &'a Arc<Context>,
    epoch: Epoch,
    list: ListSoFar,
    pages: Pages,
    writer: ListWriter,
}

impl<'a> Reading<'a> {
    fn begin(context: &'a Arc<Context>, epoch: Epoch) -> Self {
        let expected = context.list.shown(epoch).unwrap_or(NEVER_READ_WHOLE);
        let budget = MemoryBudget::of_list();
        let list = ListSoFar {
            budget,
            ..ListSoFar::default()
        };
        Self {
            context,
            epoch,
            list,
            pages: Pages::of(&context.client, expected),
            writer: ListWriter::begin(context, epoch),
        }
    }

    /// Reads it to the end.
    async fn all(&mut self) -> Result<(), ApiError> {
        let mut next = if self.context.list.shown(self.epoch).is_some() {
            Some(Cursor::start())
        } else {
            self.first_rows().await?
        };
        while let Some(cursor) = next {
            let page = self.page(&cursor).await?;
            next = self.take(page).await;
        }
        let has_more = self.list.incomplete.is_none() && self.pages.has_more().await;
        self.list.end(has_more);
        Ok(())
    }

    /// Shows a short first page, and returns the cursor to read the list from: the start, so that up to 10,000
    /// devices come in one consistent reply. `None` if the short page is the whole list.
    async fn first_rows(&mut self) -> Result<Option<Cursor>, ApiError> {
        let page = self.page(&Cursor::short_start()).await?;
        if page.more == More::No {
            return Ok(self.take(page).await);
        }
        let machines: Vec<_> = page.items.into_iter().map(Arc::new).collect();
        self.list.first = machines.iter().map(|machine| machine.id.clone()).collect();
        self.show(&machines).await;
        Ok(Some(Cursor::start()))
    }

    async fn page(&mut self, cursor: &Cursor) -> PageResult {
        let page = self.pages.page(cursor);
        let page = reporting_slow_page(self.context, self.epoch, page).await?;
        self.context.report_clock().await;
        Ok(page)
    }

    /// Processes a page; returns the next cursor if there is more to read.
    async fn take(&mut self, page: Page<Machine>) -> Option<Cursor> {
        let (machines, next) = self.list.add(page);
        self.writer.add(&machines).await;
        self.show(&machines).await;
        drop(machines);
        if next.is_some() {
            self.context.sink.catches_up().await;
        }
        next
    }

    async fn show(&self, machines: &[Arc<Machine>]) {
        for some in machines.chunks(CHUNK) {
            let news = InventoryNews::Page(some.to_vec());
            report(self.context, self.epoch, news).await;
        }
        if self.context.list.shown(self.epoch).is_none() {
            let list = &self.context.list;
            list.note_shown(self.epoch, NEVER_READ_WHOLE);
        }
    }
}

/// Reads the list page by page, showing each, then the actions of the last weeks.
async fn read_list(context: &Arc<Context>) {
    let epoch = context.session.epoch();
    report(context, epoch, InventoryNews::Started(now())).await;
    let mut reading = Reading::begin(context, epoch);
    let result = reading.all().await;
    let Reading {
        mut list, writer, ..
    } = reading;
    let has_begun = !list.seen.is_empty() || !list.first.is_empty();
    let infinitive = if has_begun {
        "read the next page"
    } else {
        "read the list of devices"
    };
    match context.session.explained(result, infinitive, None).await {
        Err(why) if has_begun => list.incomplete = Some(why.headline),
        Err(why) => {
            report(context, epoch, InventoryNews::Failed(why)).await;
            return context.report_budget().await;
        }
        Ok(()) => {}
    }
    if list.incomplete.is_none() {
        context.list.note_shown(epoch, list.seen.len());
        writer.finish().await;
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

/// Reports the progress of a slow page and what it waits for, periodically.
async fn reporting_slow_page<T>(
    context: &Context,
    epoch: Epoch,
    page: impl Future<Output = T>,
) -> T {
    let client = &context.client;
    let before = client.received_bytes();
    tokio::pin!(page);
    loop {
        tokio::select! {
            page = &mut page => return page,
            () = tokio::time::sleep(SLOW_AFTER) => {
                let bytes = client.received_bytes() - before;
                let is_sent = client.is_page_pending();
                let pause = client.gate_until(Lane::Refresh).filter(|_| !is_sent);
                let waits = !is_sent && client.has_to_wait(Lane::Refresh);
                let why = match pause {
                    Some(until) => PageDelay::Paused { until },
                    None if waits => PageDelay::AwaitingTurn,
                    None => PageDelay::SlowLine { bytes },
                };
                report(context, epoch, InventoryNews::Slow(why)).await;
            }
        }
    }
}

/// Handles a reading that the user stopped: its devices stay, and the list is incomplete.
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

/// Reads the actions of the last weeks, and containing actions over the whole retention.
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
) -> Result<HistoryRange, Explanation> {
    let list = context.client.machine_actions(filter, Lane::Refresh).await;
    let list = context.session.explained(list, infinitive, None).await?;
    let is_complete = list.is_complete();
    reconcile_late(context, &list, None).await;
    context.sink.show_actions(epoch, list.items).await;
    Ok(HistoryRange { since, is_complete })
}

async fn report(context: &Context, epoch: Epoch, news: InventoryNews) {
    context.sink.emit(Event::Inventory { epoch, news }).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of these devices, with an `overlap` of devices expected to be known.
    fn page(numbers: impl IntoIterator<Item = usize>, overlap: usize, more: More) -> Page<Machine> {
        let machine = |n| Machine::bare(MachineId::parse(&format!("a{n}")).expect("an id"));
        Page {
            items: numbers.into_iter().map(machine).collect(),
            overlap,
            unreadable: 0,
            full_size: 0,
            more,
        }
    }

    /// The reason why a list of these pages is incomplete; each overlaps the previous one by one device.
    fn read(pages: &[&[usize]]) -> Option<String> {
        let mut list = ListSoFar::default();
        for (number, numbers) in pages.iter().enumerate() {
            let is_last = number + 1 == pages.len();
            let more = if is_last {
                More::No
            } else {
                More::Next(Cursor::start())
            };
            list.add(page(numbers.iter().copied(), usize::from(number > 0), more));
        }
        list.end(false);
        list.incomplete
    }

    #[test]
    fn list_with_shifted_pages_is_not_complete() {
        assert_eq!(read(&[&[1, 2, 3], &[3, 4, 5], &[5, 6]]), None);
        assert_eq!(read(&[&[1, 2, 3], &[3, 4, 5], &[5]]), None);
        // The same page in another order.
        assert_eq!(read(&[&[1, 2, 3], &[4, 3, 5], &[5]]), None);
        let changed = Some(CHANGED.to_owned());
        // One or two earlier devices are gone, or the last one is.
        assert_eq!(read(&[&[1, 2, 3], &[4, 5, 6]]), changed);
        assert_eq!(read(&[&[1, 2, 3], &[5, 6]]), changed);
        assert_eq!(read(&[&[1, 2, 3], &[]]), changed);
        // A device was inserted before it, or has moved there.
        let repeats = Some("the service repeats rows".to_owned());
        assert_eq!(read(&[&[1, 2, 3], &[2, 3, 4]]), repeats);
    }

    #[test]
    fn service_that_starts_each_page_at_the_beginning_is_stopped() {
        let mut list = ListSoFar::default();
        let next = || More::Next(Cursor::start());
        assert!(list.add(page(1..4, 0, next())).1.is_some());
        assert!(list.add(page(1..4, 1, next())).1.is_none());
        let why = list.incomplete.as_deref();
        assert_eq!(why, Some("the service repeats its pages"));
    }

    #[test]
    fn unreadable_row_may_be_the_expected_overlap() {
        let mut list = ListSoFar::default();
        list.add(page(1..4, 0, More::Next(Cursor::start())));
        let unreadable = Page {
            unreadable: 1,
            ..page(4..6, 1, More::No)
        };
        list.add(unreadable);
        assert_eq!((list.incomplete, list.unreadable), (None, 1));
    }

    #[test]
    fn first_rows_have_to_be_in_the_list() {
        for (first, why) in [(1, None), (7, Some(CHANGED))] {
            let mut list = ListSoFar::default();
            let id = MachineId::parse(&format!("a{first}")).expect("an id");
            list.first = vec![id];
            list.add(page(1..4, 0, More::No));
            list.end(false);
            assert_eq!(list.incomplete.as_deref(), why);
        }
        let mut list = ListSoFar::default();
        list.end(true);
        assert!(list.incomplete.is_some(), "there are rows after its end");
    }
}
