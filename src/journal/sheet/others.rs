//! What others contain, where that was asked: the next shift must not take it for released, nor release
//! what is contained for the reasons of others too.

use jiff::Timestamp;

use super::line::Line;
use super::{Block, Item, Moment, TimeSource, device};
use crate::journal::Entry;
use crate::model::{MachineActionId, MachineRef};

/// A device contained by someone else, alone or in addition to us, according to the action history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OthersContainment {
    pub machine: MachineRef,
    /// What it is in or about to be: `Isolated`, `Isolation pending`.
    pub state: Box<str>,
    /// The request that set it and those that set it again, oldest first.
    pub requests: Vec<SetBy>,
}

/// A request that contains a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetBy {
    pub action: MachineActionId,
    /// Whether an order of this journal made it.
    pub is_ours: bool,
    /// When it was carried out.
    pub at: Option<Timestamp>,
    /// Who requested it.
    pub by: Box<str>,
    /// Its comment.
    pub why: Option<Box<str>>,
}

impl OthersContainment {
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.requests.first()?.at
    }

    /// Who else contains what an order of ours contains, and why.
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
