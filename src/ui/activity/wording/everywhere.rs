//! What is said of a block of a file, and of its removal, when it is done.

use jiff::tz::TimeZone;

use crate::action::ActionKind;
use crate::journal::{Entry, Record};
use crate::model::clean;
use crate::ui::words;

/// Until when it holds, and what is otherwise than it was ordered.
pub fn lines(entry: &Entry, zone: &TimeZone) -> Vec<String> {
    let task = &entry.order.task;
    let blocks = task.kind() == Some(ActionKind::BlockFile);
    let until = task.expires().filter(|_| blocks).map(|at| {
        let at = words::local_time(at, zone);
        format!("On every device of the tenant until {at}, unless it is removed before")
    });
    let said = entry.records().iter().rev().find_map(|(_, record)| {
        let Record::Finished { comment, .. } = record else {
            return None;
        };
        comment.as_deref().map(|said| clean(said, 300).into_owned())
    });
    until.into_iter().chain(said).collect()
}
