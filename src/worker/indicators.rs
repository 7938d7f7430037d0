//! The tenant's indicators: files and others that are blocked, audited or allowed on every device.

use std::sync::Arc;

use super::clock::now;
use super::context::Context;
use crate::action::Order;
use crate::api::{ApiError, Lane};
use crate::message::{Event, IndicatorNews};
use crate::model::{Indicator, Listed, Permission};

/// Reads all of them, for a user who views them or is about to act.
pub(super) async fn load(context: Arc<Context>) {
    tokio::spawn(Arc::clone(&context.settings).read_for_form());
    read_all(&context).await;
}

/// Reads all of them, after an order has changed one.
pub(super) async fn read_all(context: &Context) {
    let permission = &Permission::TiReadWrite;
    let epoch = context.session.epoch();
    let emit = async |news| {
        let at = now();
        let event = Event::Indicators { epoch, news, at };
        context.sink.emit(event).await;
    };
    emit(IndicatorNews::Reading).await;
    let read = context.client.indicators(Lane::Analyst).await;
    let infinitive = "read what is blocked on every device";
    let session = &context.session;
    let read = session.explained(read, infinitive, Some(permission)).await;
    emit(IndicatorNews::Read(read.map(into_news))).await;
    context.report_budget().await;
}

/// The file indicators, and the number of all types.
fn into_news(read: Listed<Indicator>) -> crate::message::ReadIndicators {
    let is_complete = read.is_complete();
    let total = read.items.len() + read.unreadable;
    let of_files = read.items.into_iter().filter(Indicator::is_about_file);
    crate::message::ReadIndicators {
        of_files: of_files.collect(),
        total,
        is_complete,
    }
}

/// The indicators of an order's file.
pub(super) async fn of_file(
    context: &Context,
    order: &Order,
    lane: Lane,
) -> Result<Vec<Indicator>, Option<ApiError>> {
    let hash = order.task.file_hash().ok_or(None)?;
    let read = context.client.indicators_of(&[hash], lane).await;
    let read = read.map_err(Some)?;
    if read.is_complete() {
        Ok(read.items)
    } else {
        Err(None)
    }
}
