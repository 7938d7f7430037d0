//! Reading what the device panel shows beside the record and the actions.

use std::sync::Arc;

use super::context::{Context, now};
use crate::api::{ApiError, Verb};
use crate::explain::Explanation;
use crate::message::{Event, PanelNews};
use crate::model::{MachineId, PanelPart};

/// Reads one part, unless the sign-in is known not to allow it: then nothing is asked, and the
/// panel says so.
pub(super) async fn load(context: &Arc<Context>, id: MachineId, part: PanelPart) {
    if part.lacking(&context.session_status()).is_some() {
        return;
    }
    let epoch = context.epoch();
    let tell = async |news| {
        let (id, at) = (id.clone(), now());
        let event = Event::Panel {
            epoch,
            id,
            news,
            at,
        };
        context.emit(event).await;
    };
    tell(PanelNews::Reading(part)).await;
    let client = &context.client;
    let news = match part {
        PanelPart::Users => {
            let read = client.logged_on_users(&id).await;
            PanelNews::Users(explained(context, part, read).await)
        }
        PanelPart::Alerts => {
            let read = client.open_alerts(&id).await;
            PanelNews::Alerts(explained(context, part, read).await)
        }
        PanelPart::AvailableActions => {
            let read = client.available_actions(&id).await;
            PanelNews::AvailableActions(explained(context, part, read).await)
        }
    };
    tell(news).await;
    context.report_budget().await;
}

async fn explained<T>(
    context: &Context,
    part: PanelPart,
    read: Result<T, ApiError>,
) -> Result<T, Explanation> {
    if let Err(error) = &read {
        context.mind_sign_in(error).await;
    }
    let infinitive = match part {
        PanelPart::Users => "read who is logged on to this device",
        PanelPart::Alerts => "read this device's alerts",
        PanelPart::AvailableActions => "read which actions this device offers",
    };
    read.map_err(|error| {
        error.explain_for(Verb::Read, infinitive, None, part.permissions().first())
    })
}
