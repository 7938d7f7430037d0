//! Containment by others, if it was read: the next shift must not take the device for released, nor
//! release what others contain for their own reasons.

use jiff::Timestamp;

use super::line::Line;
use super::{Block, Item, Moment, TimeSource, device};
use crate::journal::Entry;
use crate::model::{MachineActionId, MachineRef};

/// A device contained by someone else, alone or in addition to us, according to the action history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OthersContainment {
    pub machine: MachineRef,
    /// The present or pending state: `Isolated`, `Isolation pending`.
    pub state: Box<str>,
    /// The request that set it and its repetitions, oldest first.
    pub requests: Vec<SetBy>,
}

/// A request that contains a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetBy {
    pub action: MachineActionId,
    /// Whether an order of this journal made the request.
    pub is_ours: bool,
    /// Time of completion.
    pub at: Option<Timestamp>,
    /// The requestor.
    pub by: Box<str>,
    /// Its comment.
    pub why: Option<Box<str>>,
}

impl OthersContainment {
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.requests.first()?.at
    }

    /// Containment by others, with reasons, of devices that our orders contain.
    pub(super) fn also(&self, moment: &Moment<'_>) -> impl Iterator<Item = Line> {
        let others = self.requests.iter().filter(|request| !request.is_ours);
        others.map(|request| request.line("Also requested", moment))
    }
}

impl SetBy {
    fn line(&self, requested: &'static str, moment: &Moment<'_>) -> Line {
        let at = self.at.map(|at| format!(" at {}", moment.both(at)));
        Line::default()
            .ours(requested)
            .ours(" by ")
            .foreign(&self.by)
            .ours(at.unwrap_or_default())
            .ours(": ")
            .foreign(self.why.as_deref().unwrap_or_default())
    }
}

/// Containment by others of the device that this order contains.
pub(super) fn shared<'a>(entry: &Entry, moment: &Moment<'a>) -> Option<&'a OthersContainment> {
    let own = entry.own_action()?;
    let has_own = |one: &&OthersContainment| one.requests.iter().any(|set| set.action == own);
    moment.others?.iter().find(has_own)
}

pub(super) fn block(moment: &Moment<'_>) -> Option<Block> {
    let items = moment.others?.iter().map(|one| {
        let since = one.since().map_or_else(
            || "since an unknown time".to_owned(),
            |at| {
                let ago = moment.ago(at, TimeSource::Service);
                format!("since {}, {ago}", moment.both(at))
            },
        );
        let head = device(&one.machine)
            .ours(": ")
            .strong(&one.state)
            .ours(" ")
            .ours(since);
        let requests = one.requests.iter().enumerate();
        let more = requests.map(|(n, request)| match n {
            0 => request.line("Requested", moment),
            _ => request.line("Requested again", moment),
        });
        Item {
            head,
            more: more.collect(),
        }
    });
    Some(Block::new("Contained by others", items.collect()))
}
