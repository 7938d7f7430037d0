//! The response actions, each described once (rule 12).

mod catalogue;
mod choice;
mod condition;
mod draft;
mod hash;
mod indicator;
mod inference;
mod inputs;
mod order;
mod parameter;
mod phase;
mod plan;
mod plan_step;
mod sameness;
mod spec;
mod stored;
mod systems;

pub use catalogue::{ActionKind, CANCEL_PERMISSIONS};
pub use choice::{Choice, ChoiceWords};
pub use condition::Condition;
pub use draft::{Draft, DraftError, Subject};
pub use hash::{Sha1, Sha1Error};
#[cfg(test)]
pub use inference::INFERENCES;
pub use inference::{ConditionState, Conditions, Evidence, MAX_REPEATS, infer, infer_ended};
pub use inputs::{
    AUDIT, EXPIRES, FILE, FULL, INDICATOR, ISOLATION_TYPE, REACTION, SCAN_TYPE, SELECTIVE, SHA1,
    TAG,
};
pub use order::{MAX_COMMENT_CHARS, Order, OrderEffect, Task};
pub use parameter::{Parameter, ParameterError, ParameterKind, Value, Values};
pub use phase::ConditionPhase;
pub use plan::{MAX_STEPS, Plan, Plans, Step, TICKET};
pub use plan_step::PlanStep;
pub use sameness::Sameness;
pub use spec::{
    ActionSpec, Change, Devices, Group, Recorded, Risk, Shortcut, SystemCaveat, Yield, action_noun,
    type_noun,
};
pub use systems::Support;
