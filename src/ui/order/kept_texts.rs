//! The texts of dismissed forms, as data.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::action::{Plan, Subject};
use crate::model::MachineId;

/// The texts of the last dismissed forms, the newest last.
#[derive(Debug, Default)]
pub struct KeptTexts(pub(super) Vec<KeptText>);

#[derive(Debug)]
pub(super) struct KeptText {
    pub of: Beginning,
    pub comment: String,
    pub from_template: Option<(String, String)>,
    /// The ticket, if typed.
    pub ticket: String,
}

/// Subject of a form when it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Beginning {
    pub subject: Subject,
    pub plan: Option<Arc<Plan>>,
    pub machines: Vec<MachineId>,
    /// An order for another file is another order.
    pub values: BTreeMap<&'static str, String>,
    pub comment: String,
}

/// The subject with which a form was opened.
#[derive(Debug)]
pub struct Began {
    pub(super) beginning: Beginning,
    pub(super) ticket: String,
    pub(super) from_before: FromBefore,
}

/// Text restored from an earlier form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromBefore {
    Nothing,
    Comment,
    CommentAndTicket,
    /// Restored, then cleared by the user.
    Cleared,
}

impl Beginning {
    /// Whether both are for the same action on the same devices.
    pub fn is_for_same(&self, other: &Self) -> bool {
        self.subject == other.subject && self.plan == other.plan && self.machines == other.machines
    }
}
