//! The next shift's step for an order, and its deadline.

use jiff::SignedDuration;

use super::line::Line;
use super::{Journalled, Moment, Section, conditions, is_done, word};
use crate::action::{Recorded, Risk, Task};
use crate::journal::alternative::{alternative, were_actions_read};
use crate::journal::{Entry, NotSentReason, OrderStatus, Phase};
use crate::model::{MachineActionStatus, RefusalCode, shifted};

/// Time that Defender waits for an offline device before the action times out.
const DEVICE_HAS: SignedDuration = SignedDuration::from_hours(72);

pub(super) fn next_step(
    entry: &Entry,
    all: &Journalled<'_>,
    section: Section,
    moment: &Moment<'_>,
) -> Option<Line> {
    let next = match section {
        Section::Contained if entry.order.task.is_tenant_wide() => {
            conditions::next_of_block(entry, |at| moment.both(at))
        }
        Section::Contained => still_contained(entry, moment),
        Section::Open => match entry.status().phase() {
            Phase::Unsent => {
                "Not sent yet. Send or withdraw it in cordon, on the computer this journal is on"
                    .to_owned()
            }
            Phase::UnderWay(_) => under_way(entry, moment),
            Phase::Unanswered | Phase::Ended => {
                "Check in the Defender portal whether it was carried out before requesting it again"
                    .to_owned()
            }
        },
        Section::Failed => return next_after_failure(entry, all),
        Section::Lifted => {
            "Make sure that the device is clean. If it is not, contain it again".to_owned()
        }
        Section::Done => return None,
    };
    Some(Line::default().ours(next))
}

/// The claim that nobody has released the device is made only if that was read.
fn still_contained(entry: &Entry, moment: &Moment<'_>) -> String {
    let undo = entry.order.task.kind().and_then(|kind| kind.spec().undo);
    let undo = undo.map_or("Release it", |undo| undo.spec().title);
    match moment.aftermath(entry).read_at {
        Some(at) => format!(
            "“{undo}” once the device is clean. There is no deadline: it stays contained until then (action history read {})",
            moment.both(at)
        ),
        None => format!(
            "“{undo}” once the device is clean, if nobody has yet. Contained as this journal knows it; not checked with Defender"
        ),
    }
}

/// The event that an accepted order waits for.
fn under_way(entry: &Entry, moment: &Moment<'_>) -> String {
    let OrderStatus::Accepted { status, .. } = entry.status() else {
        return String::new();
    };
    let Task::Act { .. } = entry.order.task else {
        return "Check whether the action was cancelled or carried out".to_owned();
    };
    match entry.order.task.record() {
        Recorded::Machine | Recorded::Indicator => "Defender does not show it yet".to_owned(),
        Recorded::Investigation if moment.aftermath(entry).awaits_approval => {
            "Approve or reject it in the Defender portal".to_owned()
        }
        Recorded::Investigation => {
            "No deadline. Check it in the Defender portal: it may wait for approval there"
                .to_owned()
        }
        Recorded::MachineAction => match status {
            MachineActionStatus::Pending => {
                let sent = entry.first_sent_at().unwrap_or(entry.intended_at());
                let deadline = moment.both(shifted(sent, DEVICE_HAS));
                format!("Defender waits for the device until {deadline}, then the action times out")
            }
            MachineActionStatus::InProgress => {
                "The device has started; there is no deadline. Check how it ended".to_owned()
            }
            MachineActionStatus::Succeeded
            | MachineActionStatus::Failed
            | MachineActionStatus::TimeOut
            | MachineActionStatus::Cancelled
            | MachineActionStatus::Other(_) => {
                "Check in the Defender portal how it ended".to_owned()
            }
        },
    }
}

/// Next step for an order without the wanted effect; `None` if that was intended.
fn next_after_failure(entry: &Entry, all: &Journalled<'_>) -> Option<Line> {
    let task = &entry.order.task;
    if let Some(later) = superseded_by(entry, all) {
        let line = Line::default().ours(format!("Superseded by {}: ", later.id()));
        return Some(word(line, later, false));
    }
    let status = entry.status();
    let is_withdrawn =
        matches!(status, OrderStatus::NotSent { why, .. } if *why == NotSentReason::Withdrawn);
    if is_withdrawn || status.was_cancelled_here(|tag| all.by_id.get(&tag).copied()) {
        return None;
    }
    if let OrderStatus::NotOurs { requestor, .. } = status {
        return Some(
            Line::default()
                .ours("Check whether the request of ")
                .foreign(requestor)
                .ours(" took effect. This one was not queued"),
        );
    }
    let is_disruptive = task.risk() != Risk::Routine;
    let next = if let Some(alternative) = alternative(entry) {
        alternative
    } else if may_be_under_way(entry) {
        "Defender said that such an action was under way already. Check in the Defender portal whose it is and whether it took effect, before you request it again"
    } else if task.risk() == Risk::Harmless {
        "Not in effect. Request it again if it is still wanted"
    } else if is_disruptive {
        "Not in effect. Request it again now, or cut the device off at the switch and disable the account"
    } else {
        "Not in effect. Check the device's state, and request it again now"
    };
    Some(Line::default().ours(next))
}

/// Whether it was refused for an action under way, unless a reading has shown that there is none.
fn may_be_under_way(entry: &Entry) -> bool {
    let OrderStatus::Refused { code, .. } = entry.status() else {
        return false;
    };
    matches!(entry.order.task, Task::Act { .. })
        && RefusalCode::named(code) == Some(RefusalCode::ActiveRequestAlreadyExists)
        && were_actions_read(entry) != Some(true)
}

/// Our newest later order with the same effect that is open or done.
fn superseded_by<'a>(entry: &Entry, all: &Journalled<'a>) -> Option<&'a Entry> {
    let is_later = |other: &&Entry| {
        other.id() != entry.id()
            && other.intended_at() >= entry.intended_at()
            && (is_done(other) || !other.status().is_end())
            && other.order.task.makes_up_for(&entry.order.task)
    };
    let later = all.of_device_of(entry).iter().copied().filter(is_later);
    later.max_by_key(|other| other.intended_at())
}
