//! An order's step in a plan.

use serde::{Deserialize, Serialize};

use crate::model::clean;

/// The plan and step of an order. Written with the entry's first record, so that a plan can be
/// resumed even if the settings have changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanStep {
    /// The plan's name when confirmed.
    pub name: Box<str>,
    /// Step number, counted from 1.
    pub step: u32,
    pub of: u32,
    /// Whether the following steps are still sent if this one is refused.
    #[serde(rename = "goesOn")]
    pub continues: bool,
}

impl PlanStep {
    /// The step's position: `step 2 of 4`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("step {} of {}", self.step, self.of)
    }

    /// The step's position and the plan's name.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} of “{}”", self.place(), clean(&self.name, 40))
    }
}
