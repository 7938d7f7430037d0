//! Reading machines and their actions.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;

use super::cache::{self, Cached};
use super::context::{Context, ListReading, monotonic_now, now};
use super::{reconcile, watch};
use crate::action::{ActionKind, Change};
use crate::api::{ActionFilter, ApiError, Complete, Lane, More, Verb};
use crate::explain::{Explanation, NextStep};
use crate::message::{Event, InventoryNews, LookBack};
use crate::model::{Epoch, Listed, Machine, MachineAction, MachineActionType, MachineId};

/// How far back actions of all kinds are read. Older ones are read with the device itself.
const RECENT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How far back those that contain are read: as long as the service keeps any.
const RETENTION: SignedDuration = SignedDuration::from_hours(180 * 24);
/// As Kerberos and most of Microsoft's services bear it.
const CLOCK_MAY_BE_OFF: SignedDuration = SignedDuration::from_mins(5);
/// At most this many pages; some services give few devices at a time.
const MAX_PAGES: usize = 1_000;
/// At most so many devices, and so much memory for them: more than any tenant this is made for has.
const MAX_MACHINES: usize = 250_000;
const MAX_BYTES: usize = 128 << 20;
/// A page that takes longer says how far it has come, and again each time as long.
const SLOW_AFTER: Duration = Duration::from_secs(10);
/// Devices told at a time, so that the window draws in between.
const AT_ONCE: usize = 1_000;

/// Reads the list and the actions, and notes when that was done, well or not.
pub(super) async fn refresh(context: Arc<Context>) {
    context.note_list(ListReading::UnderWay);
    read_list(Arc::clone(&context)).await;
    context.note_list(ListReading::Ended(monotonic_now()));
}

/// Reads the list page by page, each shown as it comes, then the actions of the last weeks.
async fn read_list(context: Arc<Context>) {
    let epoch = context.epoch();
    tell(&context, epoch, InventoryNews::Started(now())).await;
    let (mut cursor, mut unreadable, mut incomplete) = (context.client.first_machines(), 0, None);
    let mut seen = HashSet::new();
    let mut list: Vec<Arc<Machine>> = Vec::new();
    let mut bytes = 0;
    for page_number in 1.. {
        match telling_of_a_slow_line(&context, epoch, context.client.machines_page(&cursor)).await {
            Ok(page) => {
                mind_clock(&context, page.date).await;
                unreadable += page.unreadable;
                let before = seen.len();
                seen.extend(page.items.iter().map(|m| m.id.clone()));
                let new = seen.len() - before;
                if new < page.items.len() {
                    // Pages that shift while they are read bring some twice and leave some out.
                    incomplete = Some("the service repeats rows".to_owned());
                }
                // A page that could not be read at all is no repetition.
                let repeats = new == 0 && !page.items.is_empty();
                let machines: Vec<_> = page.items.into_iter().map(Arc::new).collect();
                bytes += machines
                    .iter()
                    .map(|machine| machine.bytes())
                    .sum::<usize>();
                list.extend_from_slice(&machines);
                let is_too_much = list.len() >= MAX_MACHINES || bytes >= MAX_BYTES;
                for some in machines.chunks(AT_ONCE) {
                    tell(&context, epoch, InventoryNews::Page(some.to_vec())).await;
                }
                match page.more {
                    More::No => break,
                    More::Next(_) if is_too_much => {
                        incomplete = Some("there are more devices than cordon keeps".to_owned());
                        break;
                    }
                    More::Next(_) if page_number == MAX_PAGES => {
                        incomplete = Some(format!("stopped after {MAX_PAGES} pages"));
                        break;
                    }
                    More::Next(_) if repeats => {
                        incomplete = Some("the service repeats its pages".to_owned());
                        break;
                    }
                    More::Next(next) => cursor = next,
                    More::Stopped(why) => {
                        incomplete = Some(why);
                        break;
                    }
                }
            }
            Err(error) if seen.is_empty() => {
                context.mind_sign_in(&error).await;
                tell(
                    &context,
                    epoch,
                    InventoryNews::Failed(explain(&error, "read the list of devices")),
                )
                .await;
                context.report_budget().await;
                return;
            }
            Err(error) => {
                incomplete = Some(explain(&error, "read the next page").headline);
                break;
            }
        }
    }
    if incomplete.is_none() {
        keep(&context, epoch, list);
    }
    tell(
        &context,
        epoch,
        InventoryNews::Done {
            at: now(),
            unreadable,
            incomplete,
            seen: seen.into_iter().collect(),
        },
    )
    .await;
    recent_actions(&context, epoch).await;
    context.report_budget().await;
}

/// Says how much has come while a page takes long.
async fn telling_of_a_slow_line<T>(
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
                tell(context, epoch, InventoryNews::Slow { bytes }).await;
            }
        }
    }
}

/// The reading was stopped by the person: what has come stays, and is not the whole list.
pub(super) async fn stopped(context: Arc<Context>) {
    let epoch = context.epoch();
    let news = InventoryNews::Done {
        at: now(),
        unreadable: 0,
        incomplete: Some("you stopped the reading".to_owned()),
        seen: Vec::new(),
    };
    tell(&context, epoch, news).await;
    recent_actions(&context, epoch).await;
    context.note_list(ListReading::Ended(monotonic_now()));
}

/// Looks a file up, before somebody decides about it.
pub(super) async fn load_file(context: &Arc<Context>, sha1: Box<str>) {
    let epoch = context.epoch();
    let read = context.client.file(&sha1).await;
    if let Err(error) = &read {
        context.mind_sign_in(error).await;
    }
    let result = read.map_err(|error| explain(&error, "look this file up"));
    let at = now();
    context
        .emit(Event::File {
            epoch,
            sha1,
            result,
            at,
        })
        .await;
    context.report_budget().await;
}

/// Shows the list of an earlier run, until a newer one has been read.
pub(super) async fn show_kept(context: &Arc<Context>) {
    let epoch = context.epoch();
    let Some((_, file)) = context.kept_list() else {
        return;
    };
    let read = tokio::task::spawn_blocking(move || cache::read(&file)).await;
    if let Ok(Some(Cached { at, machines })) = read {
        for some in machines.chunks(AT_ONCE) {
            let machines = some.to_vec();
            tell(context, epoch, InventoryNews::Kept { at, machines }).await;
        }
    }
}

/// Keeps a complete list for the next start, unless its account has left meanwhile.
fn keep(context: &Arc<Context>, epoch: Epoch, list: Vec<Arc<Machine>>) {
    let (context, at) = (Arc::clone(context), now());
    tokio::task::spawn_blocking(move || {
        if let Some((folder, file)) = context.kept_list()
            && context.epoch() == epoch
        {
            cache::write(&file, at, &list);
            // Signed out while it was being written.
            if context.epoch() != epoch {
                cache::remove_all(&folder, context.session.target(), None);
            }
        }
    });
}

/// Says once when this computer's clock is far from the service's. Nothing that is decided depends
/// on it, but ages and local times beside a device would mislead.
async fn mind_clock(context: &Context, date: Option<Timestamp>) {
    let Some(date) = date else {
        return;
    };
    let off = now().duration_since(date);
    if off.abs() < CLOCK_MAY_BE_OFF || context.clock_said.swap(true, Ordering::AcqRel) {
        return;
    }
    let amount = off.abs().as_mins();
    let amount = if amount < 120 {
        format!("{amount} minutes")
    } else {
        format!("{} hours", amount / 60)
    };
    let side = if off.is_positive() {
        "ahead of"
    } else {
        "behind"
    };
    let next = "Set it: ages and times shown here mislead until then. Sign-in, waiting and following do not depend on it";
    let headline = format!("The clock of this computer is {amount} {side} the service's");
    let next = NextStep::Outside(next.into());
    let explanation = Explanation::harmless(headline, next);
    context.emit(Event::Clock(explanation)).await;
}

/// Reads the actions of the last weeks, and those that contain as far back as there are any.
async fn recent_actions(context: &Arc<Context>, epoch: Epoch) {
    let since = now() - RECENT;
    let filter = ActionFilter::Recent { since };
    let result = look_back(context, epoch, since, &filter, "read the recent actions").await;
    tell(context, epoch, InventoryNews::RecentActions(result)).await;
    let since = now() - RETENTION;
    let filter = ActionFilter::OfKinds {
        kinds: containing_kinds(),
        since,
    };
    let infinitive = "read the older isolations and restrictions";
    let result = look_back(context, epoch, since, &filter, infinitive).await;
    tell(context, epoch, InventoryNews::Containments(result)).await;
}

/// Types of the actions that set or clear a lasting condition.
fn containing_kinds() -> Vec<MachineActionType> {
    ActionKind::ALL
        .into_iter()
        .filter(|kind| kind.spec().change != Change::Nothing)
        .map(|kind| kind.spec().wire_type.clone())
        .collect()
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
    reconcile::mind_late(context, &list.items).await;
    let actions = list.items;
    context.emit(Event::Actions { epoch, actions }).await;
    Ok(LookBack { since, is_complete })
}

/// Reads one machine's record and its actions, for a person who is looking at it.
pub(super) async fn load_machine(context: &Arc<Context>, id: &MachineId) {
    let epoch = context.epoch();
    context
        .emit(Event::Reading {
            epoch,
            id: id.clone(),
        })
        .await;
    let (machine, history) = tokio::join!(
        context.client.machine(id, Lane::Analyst),
        history_of(context, id, Lane::Analyst)
    );
    for error in machine
        .as_ref()
        .err()
        .into_iter()
        .chain(history.as_ref().err())
    {
        context.mind_sign_in(error).await;
    }
    let at = now();
    let machine = machine
        .map(Arc::new)
        .map_err(|e| explain(&e, "read this device"));
    let history = history
        .map(Listed::from)
        .map_err(|e| explain(&e, "read this device's actions"));
    if epoch == context.epoch() {
        if let Ok(machine) = &machine {
            context.learn_machine(Arc::clone(machine), at);
        }
        if let Ok(history) = &history {
            context.learn_history(id, history.clone(), at);
            // Whoever looks at a device wants to see the end of what is under way there.
            for action in &history.items {
                watch::follow_foreign(context, action, id);
            }
            reconcile::mind_late(context, &history.items).await;
        }
    }
    context
        .emit(Event::Machine {
            epoch,
            id: id.clone(),
            result: machine,
            at,
        })
        .await;
    context
        .emit(Event::History {
            epoch,
            id: id.clone(),
            result: history,
            at,
        })
        .await;
    context.report_budget().await;
}

/// Reads a machine in a task of its own: a reading that is dropped half way would look as if it
/// went on.
pub(super) fn read(context: &Arc<Context>, machine: MachineId) -> JoinHandle<()> {
    let context = Arc::clone(context);
    tokio::spawn(async move { load_machine(&context, &machine).await })
}

/// All actions on one machine. Where the service refuses or chokes on the question, all actions
/// are asked for and those of the machine picked here.
pub(super) async fn history_of(
    context: &Context,
    id: &MachineId,
    lane: Lane,
) -> Result<Complete<MachineAction>, ApiError> {
    let filter = ActionFilter::OfMachine {
        machine: id.clone(),
        since: None,
        kind: None,
    };
    let asked = context.client.machine_actions(&filter, lane).await;
    let (found, is_of_all) = match asked {
        Err(error) if error.is_about_the_question() => {
            let all = ActionFilter::All;
            (context.client.machine_actions(&all, lane).await?, true)
        }
        other => (other?, false),
    };
    Ok(of_machine(id, found, is_of_all))
}

/// Those of a list that are on this machine, whatever the service made of the question. One that
/// names no machine is taken for this one's only where the list is of nothing else; whose it is
/// otherwise nobody can tell, so the list is not whole.
fn of_machine(
    id: &MachineId,
    mut found: Complete<MachineAction>,
    is_of_all: bool,
) -> Complete<MachineAction> {
    let is_on_another =
        |action: &MachineAction| action.machine_id.as_ref().is_some_and(|m| m != id);
    let is_mixed = is_of_all || found.items.iter().any(is_on_another);
    let nameless = |action: &&MachineAction| action.machine_id.is_none();
    if is_mixed {
        found.unreadable += found.items.iter().filter(nameless).count();
        found
            .items
            .retain(|action| action.machine_id.as_ref() == Some(id));
    } else {
        for action in &mut found.items {
            action.machine_id.get_or_insert_with(|| id.clone());
        }
    }
    found
}

async fn tell(context: &Context, epoch: Epoch, news: InventoryNews) {
    context.emit(Event::Inventory { epoch, news }).await;
}

fn explain(error: &ApiError, infinitive: &str) -> Explanation {
    error.explain_for(Verb::Read, infinitive, None, None)
}
