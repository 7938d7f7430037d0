//! Wording of records.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::action::Task;
use crate::journal::Record;
use crate::model::{clean, requestor_name};
use crate::ui::words::{local_and_utc, local_time};

/// Maximum length of other people's text, in characters.
const MAX_CHARS: usize = 400;

/// When something became known, in local time and UTC, and what.
pub fn line(at: Timestamp, record: &Record, task: &Task, zone: &TimeZone) -> String {
    format!("{}  {}", local_and_utc(at, zone), words(record, task, zone))
}

/// Wording of a record.
#[expect(
    clippy::too_many_lines,
    reason = "a list of cases reads best in one piece"
)]
fn words(record: &Record, task: &Task, zone: &TimeZone) -> String {
    let cleaned = |text: &str| clean(text, MAX_CHARS).into_owned();
    match record {
        Record::Intended { author, .. } => {
            format!(
                "Confirmed by {}: {}",
                cleaned(&author.account),
                task.title()
            )
        }
        Record::Held { by } => {
            let by = cleaned(by.as_str());
            format!("Held: the opposite action {by} is under way")
        }
        Record::NotReread { what } => {
            format!("Could not be read again before sending: {}", cleaned(what))
        }
        Record::Sent => "Sent".to_owned(),
        Record::AttemptRejected { why } => {
            format!("This attempt changed nothing: {}", cleaned(why))
        }
        Record::NotSent { why, detail } => match detail {
            Some(detail) => format!("Not sent: {} ({})", why.words(), cleaned(detail)),
            None => format!("Not sent: {}", why.words()),
        },
        Record::Accepted { action, status } => {
            let status = cleaned(&status.word());
            format!("Accepted ({status}) as action {}", cleaned(action.as_str()))
        }
        Record::Redirected { machine } => {
            let machine = cleaned(machine.as_str());
            format!("Carried over by Defender to the record {machine}")
        }
        Record::NotOurs {
            action, requestor, ..
        } => {
            let (action, requestor) = (cleaned(action.as_str()), cleaned(requestor));
            format!("Someone else's request: action {action} of {requestor}")
        }
        Record::Refused {
            status,
            code,
            message,
        } => format!("Refused ({status} {}): {}", cleaned(code), cleaned(message)),
        Record::Unknown { why } => format!("No answer, outcome unknown: {}", cleaned(why)),
        Record::Unclear { why, .. } => {
            let why = cleaned(why);
            format!("An answer that does not settle it, outcome unknown: {why}")
        }
        Record::ActiveActionsRead { complete: true } => {
            "Read the device's open actions: none of this kind".to_owned()
        }
        Record::ActiveActionsRead { complete: false } => {
            "The device's open actions could not be read, or only in part".to_owned()
        }
        Record::NotFound => "Not found in three complete look-ups".to_owned(),
        Record::Progress { status } => {
            format!("Defender reports {}", cleaned(&status.word()))
        }
        Record::Finished {
            status,
            by,
            comment,
            service_time,
            ..
        } => {
            let mut words = format!("Defender reports {}", cleaned(&status.word()));
            if let Some(by) = by {
                words = format!("{words} by {}", cleaned(by));
            }
            if let Some(at) = service_time {
                words = format!("{words}, by its clock at {}", local_time(*at, zone));
            }
            match comment {
                Some(comment) => format!("{words}: {}", cleaned(comment)),
                None => words,
            }
        }
        Record::Undone {
            action,
            requestor,
            service_time,
        } => {
            let by = cleaned(requestor_name(requestor.as_deref()).as_ref());
            let at =
                service_time.map(|at| format!(", by Defender's clock at {}", local_time(at, zone)));
            let action = cleaned(action.as_str());
            format!(
                "Undone by action {action} of {by}{}",
                at.unwrap_or_default()
            )
        }
        Record::Downloaded {
            file,
            bytes,
            sha256,
            account,
            ..
        } => {
            let (file, account) = (cleaned(file), cleaned(account));
            format!("Downloaded by {account} to {file}: {bytes} bytes, SHA-256 {sha256}")
        }
        Record::Acknowledged { account, .. } => format!("Acknowledged by {}", cleaned(account)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;
    use crate::model::MachineActionStatus;
    use crate::state::fixtures::{finished, machine_ref, order};

    #[test]
    fn service_time_is_shown_in_the_users_time_zone() {
        let mut record = finished("act-1", MachineActionStatus::Succeeded);
        if let Record::Finished { service_time, .. } = &mut record {
            *service_time = Some(Timestamp::UNIX_EPOCH);
        }
        let order = order("cdn-7F3K2Q9M", machine_ref("a1", None), ActionKind::Isolate);
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let line = line(Timestamp::UNIX_EPOCH, &record, &order.task, &zone);
        assert!(
            line.ends_with("by its clock at 1970-01-01 02:00:00 +02:00"),
            "{line}"
        );
    }
}
