//! Reads of one machine and its panel, for a user who is viewing it or about to act.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::clock::now;
use super::context::Context;
use super::order::reconcile_late;
use crate::api::{ApiError, Lane};
use crate::explain::Explanation;
use crate::message::{Event, FileNews, PanelNews};
use crate::model::{Epoch, MachineId, PanelPart, Permission};

/// The maximum number of a device's foreign actions that are followed, newest first.
const MAX_FOLLOWED: usize = 50;

/// Reads a machine for a user, and the rules with it, as the user may be about to act.
pub(super) async fn load(context: Arc<Context>, id: MachineId) {
    tokio::spawn(Arc::clone(&context.settings).read_for_form());
    load_machine(&context, &id).await;
}

/// Reads several machines for a user who is about to act on them; available actions are a hint, and come last.
/// A read in progress is finished even if the rest is cancelled.
pub(super) async fn load_several(context: Arc<Context>, ids: Vec<MachineId>) {
    // With the current rules.
    tokio::spawn(Arc::clone(&context.settings).read_for_form());
    for id in &ids {
        read(&context, id.clone()).await.ok();
    }
    for id in ids {
        let context = Arc::clone(&context);
        let hint = load_part(context, id, PanelPart::AvailableActions, Lane::Refresh);
        tokio::spawn(hint).await.ok();
    }
}

/// Reads a machine in a separate task: a read that is dropped midway would seem to be still running.
pub(super) fn read(context: &Arc<Context>, machine: MachineId) -> JoinHandle<()> {
    let context = Arc::clone(context);
    tokio::spawn(async move { load_machine(&context, &machine).await })
}

/// Reads one machine's record and its actions, for a user who is viewing it.
async fn load_machine(context: &Arc<Context>, id: &MachineId) {
    let epoch = context.session.epoch();
    context
        .sink
        .emit(Event::Reading {
            epoch,
            id: id.clone(),
        })
        .await;
    let (machine, history) = tokio::join!(
        context.client.machine(id, Lane::Analyst),
        context.client.actions_on(id, Lane::Analyst)
    );
    let session = &context.session;
    let machine = session.explained(machine, "read this device", None).await;
    let machine = machine.map(Arc::new);
    let history = (session.explained(history, "read this device's actions", None)).await;
    let at = now();
    let is_present = epoch == context.session.epoch();
    if is_present {
        context.known.learn_reading(id, &machine, at);
    }
    let mut read = None;
    if is_present && let Ok(history) = &history {
        let ended = context.journal.ended_on(id);
        let known = &context.known;
        known.learn_history(id, history.clone(), at, &ended);
        read = Some(history.clone());
        // A user who views a device wants to see its current actions end.
        let under_way = history.items.iter();
        let under_way = under_way.filter(|action| !action.status.is_final());
        for action in under_way.take(MAX_FOLLOWED) {
            context.watched.watch_foreign(action, id);
        }
    }
    let machine = Event::Machine {
        epoch,
        id: id.clone(),
        result: machine,
        at,
    };
    context.sink.emit(machine).await;
    let history = Event::History {
        epoch,
        id: id.clone(),
        result: history,
        at,
    };
    context.sink.emit(history).await;
    if let Some(read) = read {
        reconcile_late(context, &read, Some(id)).await;
    }
    context.report_budget().await;
}

/// Reads one part, unless the sign-in is known not to allow it: then no request is sent, and the panel shows
/// the reason. Panels use [`Lane::Refresh`], which must not use up the budget for a click.
pub(super) async fn load_part(context: Arc<Context>, id: MachineId, part: PanelPart, lane: Lane) {
    if part.lacking(&context.session.status()).is_some() {
        return;
    }
    let epoch = context.session.epoch();
    let report = async |news| {
        let (id, at) = (id.clone(), now());
        let event = Event::Panel {
            epoch,
            id,
            news,
            at,
        };
        context.sink.emit(event).await;
    };
    report(PanelNews::Reading(part)).await;
    let client = &context.client;
    let news = match part {
        PanelPart::Users => {
            let read = client.logged_on_users(&id, lane).await;
            PanelNews::Users(explained(&context, part, read).await)
        }
        PanelPart::Alerts => {
            let read = client.open_alerts(&id, lane).await;
            PanelNews::Alerts(explained(&context, part, read).await)
        }
        PanelPart::AvailableActions => {
            let read = client.available_actions(&id, lane).await;
            PanelNews::AvailableActions(explained(&context, part, read).await)
        }
    };
    report(news).await;
    context.report_budget().await;
}

async fn explained<T>(
    context: &Context,
    part: PanelPart,
    read: Result<T, ApiError>,
) -> Result<T, Explanation> {
    let infinitive = match part {
        PanelPart::Users => "read who is logged on to this device",
        PanelPart::Alerts => "read this device's alerts",
        PanelPart::AvailableActions => "read which actions this device offers",
    };
    let permission = part.permissions().first();
    (context.session.explained(read, infinitive, permission)).await
}

/// Looks up a file by SHA-1 or SHA-256 before a decision about it.
pub(super) async fn load_file(context: Arc<Context>, hash: Box<str>) {
    let epoch = context.session.epoch();
    let may_read = &Permission::TiReadWrite;
    let with_indicators = context.session.status().is_known_to_hold(may_read);
    let read = context.client.file(&hash, with_indicators).await;
    let read = context.session.explained(read, "look this file up", None);
    let result = read.await.map(|facts| facts.map(Box::new));
    emit_file_update(&context, epoch, &hash, FileNews::Facts(result)).await;
    context.report_budget().await;
}

/// Reads the devices on which a file was seen.
pub(super) async fn load_sightings(context: Arc<Context>, sha1: Box<str>) {
    let epoch = context.session.epoch();
    emit_file_update(&context, epoch, &sha1, FileNews::ReadsSightings).await;
    let read = context.client.machines_with_file(&sha1).await;
    let infinitive = "read on which devices this file was seen";
    let result = context.session.explained(read, infinitive, None).await;
    emit_file_update(&context, epoch, &sha1, FileNews::Sightings(result)).await;
    context.report_budget().await;
}

async fn emit_file_update(context: &Context, epoch: Epoch, hash: &str, news: FileNews) {
    let event = Event::File {
        epoch,
        hash: hash.into(),
        news,
        at: now(),
    };
    context.sink.emit(event).await;
}
