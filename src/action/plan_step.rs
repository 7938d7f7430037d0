//! An order's place in the plan that it is a step of.

use serde::{Deserialize, Serialize};

use crate::model::clean;

/// The plan and step that an order belongs to. Written with the record that begins its entry, so that a plan can
/// be resumed after the settings that held it have changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanStep {
    /// Name of the plan at the time of confirmation.
    pub name: Box<str>,
    /// Number of the step, counted from 1.
    pub step: u32,
    pub of: u32,
    /// Whether the steps after this one are still sent if this one is refused.
    pub goes_on: bool,
}

impl PlanStep {
    /// Its place, such as `step 2 of 4`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("step {} of {}", self.step, self.of)
    }

    /// Its place, with the plan's name.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} of “{}”", self.place(), clean(&self.name, 40))
    }
}
