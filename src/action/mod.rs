//! What can be done to a machine, described once (rule 12).

mod catalogue;
mod condition;
mod draft;
mod order;
mod parameter;
mod phase;
mod sameness;

pub use catalogue::{ActionKind, ActionSpec, CANCEL_PERMISSIONS, Change, Risk, Support};
#[cfg(test)]
pub use condition::INFERENCES;
pub use condition::{Condition, ConditionState, Conditions, Evidence, infer, infer_ended};
pub use draft::{Draft, DraftError, Subject};
pub use order::{MAX_COMMENT_CHARS, Order, Task};
pub use parameter::{IsolationType, Parameter, Sha1, Sha1Error, Value};
pub use phase::Phase;
pub use sameness::Sameness;
