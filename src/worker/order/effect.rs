//! Orders without a record at the service: whether they took effect, by a new read.

use std::sync::Arc;

use crate::action::{Order, OrderEffect, Recorded};
use crate::api::{ApiError, Lane};
use crate::message::Event;
use crate::worker::clock::now;
use crate::worker::context::Context;
use crate::worker::indicators;

/// The effect of such an order. `Err(None)` means an incomplete read, which proves nothing.
pub(super) async fn look_up_effect(
    context: &Context,
    order: &Order,
    lane: Lane,
) -> Result<OrderEffect, Option<ApiError>> {
    if order.task.record() == Recorded::Indicator {
        let entry = context.journal.entry(order.entry);
        let known = entry.and_then(|entry| entry.own_action());
        let shown = indicators::of_file(context, order, lane).await?;
        Ok(order.effect_among(&shown, known.as_ref()))
    } else {
        effect_on_machine(context, order, lane).await
    }
}

async fn effect_on_machine(
    context: &Context,
    order: &Order,
    lane: Lane,
) -> Result<OrderEffect, Option<ApiError>> {
    let epoch = context.session.epoch();
    let machine = context.client.machine(&order.machine.id, lane).await;
    let machine = Arc::new(machine.map_err(Some)?);
    let at = now();
    context.known.learn_machine(Arc::clone(&machine), at);
    let (effect, reports_tags) = (order.effect_on(&machine), machine.machine_tags.is_some());
    let event = Event::Machine {
        epoch,
        id: order.machine.id.clone(),
        result: Ok(machine),
        at,
    };
    context.sink.emit(event).await;
    match effect {
        _ if !reports_tags => Err(None),
        Some(read) if read.status.is_final() => Ok(OrderEffect::Shown(Box::new(read))),
        Some(_) => Ok(OrderEffect::NotShown),
        None => Err(Some(ApiError::OtherRecord {
            came: order.machine.id.as_str().into(),
        })),
    }
}
