//! Plans: actions ordered together, one after another on each device.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::catalogue::ActionKind;
use super::draft::{Draft, Subject};
use super::inputs::TAG;
use super::parameter::Parameter;
use super::plan_step::PlanStep;

/// Maximum number of steps of a plan, so that they fit into one form.
pub const MAX_STEPS: usize = 8;
/// Placeholder for the ticket number in a plan's values.
pub const TICKET: &str = "{ticket}";

/// One action of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub kind: ActionKind,
    /// Preset field texts, by the parameter's wire name; the form asks for the others.
    pub given: BTreeMap<&'static str, String>,
    /// Whether the following steps are still sent if this one is refused.
    pub continues: bool,
}

/// Actions ordered together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub name: Box<str>,
    pub steps: Box<[Step]>,
}

/// The available plans, never empty: the two built-in ones, then those of the settings, which
/// replace a built-in one of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plans(Vec<Arc<Plan>>);

impl Default for Plans {
    fn default() -> Self {
        use ActionKind::{
            AddTag, CollectInvestigationPackage, Isolate, RestrictCodeExecution, RunAntiVirusScan,
        };
        let tag = |text: &str| Step::new(AddTag).with(&TAG, format!("{text} {TICKET}"));
        let collect = || Step::new(CollectInvestigationPackage);
        let ransomware = [
            Step::new(Isolate),
            collect(),
            Step::new(RestrictCodeExecution),
            tag("ransomware"),
        ];
        let suspicious = [Step::new(RunAntiVirusScan), collect(), tag("suspicious")];
        Self(vec![
            Arc::new(Plan::new("Ransomware", ransomware)),
            Arc::new(Plan::new("Suspicious laptop", suspicious)),
        ])
    }
}

impl Plans {
    /// Adds a plan, replacing one of the same name.
    pub fn add(&mut self, plan: Plan) {
        let plan = Arc::new(plan);
        match self.0.iter_mut().find(|known| known.name == plan.name) {
            Some(known) => *known = plan,
            None => self.0.push(plan),
        }
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Plan>> {
        self.0.iter()
    }
}

impl Step {
    /// A step whose fields are all left to the form and whose refusal does not stop the plan.
    #[must_use]
    pub fn new(kind: ActionKind) -> Self {
        Self {
            kind,
            given: BTreeMap::new(),
            continues: true,
        }
    }

    /// The step with this field preset.
    #[must_use]
    pub fn with(mut self, parameter: &Parameter, text: impl Into<String>) -> Self {
        self.given.insert(parameter.wire_name, text.into());
        self
    }

    /// The fields that the form asks for.
    pub fn asked(&self) -> impl Iterator<Item = &'static Parameter> {
        let parameters = self.kind.spec().parameters.iter();
        parameters.filter(|parameter| !self.given.contains_key(parameter.wire_name))
    }

    /// Label with the preset values: `Isolate (Full)`.
    #[must_use]
    pub fn label(&self) -> String {
        self.label_with(str::to_owned)
    }

    /// [`Self::label`] with the ticket filled into preset texts by `fill`.
    #[must_use]
    pub fn label_with(&self, fill: impl Fn(&str) -> String) -> String {
        let button = self.kind.spec().button;
        if self.given.is_empty() {
            return button.to_owned();
        }
        let given: Vec<String> = self.given.values().map(|text| fill(text)).collect();
        format!("{button} ({})", given.join(", "))
    }

    /// Why one plan cannot contain both: one repeats or undoes the other.
    fn clash(&self, other: &Self) -> Option<&'static str> {
        let is_alike = self.given == other.given || self.kind.spec().parameters != [TAG];
        if self.kind == other.kind && is_alike {
            Some("is there twice")
        } else if self.kind.spec().undo == Some(other.kind) && is_alike {
            Some("undoes a step before it")
        } else {
            None
        }
    }
}

impl Plan {
    #[must_use]
    pub fn new(name: &str, steps: impl Into<Box<[Step]>>) -> Self {
        Self {
            name: name.into(),
            steps: steps.into(),
        }
    }

    /// The first misplaced step: its number, counted from 1, and the reason.
    #[must_use]
    pub fn trouble(&self) -> Option<(usize, &'static str)> {
        let steps = self.steps.iter().enumerate();
        let mut clashes = steps.filter_map(|(n, step)| {
            let mut before = self.steps[..n].iter();
            let why = before.find_map(|other| other.clash(step))?;
            Some((n + 1, why))
        });
        clashes.next()
    }

    /// The fields that the form asks for, without duplicates, for the steps that are sent (counted from 0).
    #[must_use]
    pub fn asked(&self, is_sent: impl Fn(usize) -> bool) -> Vec<&'static Parameter> {
        let mut asked: Vec<&'static Parameter> = Vec::new();
        let steps = self.steps.iter().enumerate();
        let steps = steps.filter_map(|(n, step)| is_sent(n).then_some(step));
        for parameter in steps.flat_map(Step::asked) {
            if asked
                .iter()
                .all(|known| known.wire_name != parameter.wire_name)
            {
                asked.push(parameter);
            }
        }
        asked
    }

    /// Makes the draft of step `at` from the form's draft; `fill` puts the ticket into preset
    /// texts. `None` if there is no such step.
    #[must_use]
    pub fn draft(&self, at: usize, form: Draft, fill: impl Fn(&str) -> String) -> Option<Draft> {
        let step = self.steps.get(at)?;
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let mut draft = Draft {
            subject: Subject::Act(step.kind),
            plan: Some(PlanStep {
                name: self.name.clone(),
                step: count(at + 1),
                of: count(self.steps.len()),
                continues: step.continues,
            }),
            ..form
        };
        for (wire_name, text) in &step.given {
            draft.values.insert(wire_name, fill(text));
        }
        Some(draft)
    }

    /// One sentence about what follows a refused step.
    #[must_use]
    pub fn after_refusal(&self) -> String {
        // The last step has none after it to stop.
        let others = self.steps.iter().take(self.steps.len().saturating_sub(1));
        let ending = others.enumerate().filter(|(_, step)| !step.continues);
        let ending: Vec<String> = ending.map(|(n, _)| (n + 1).to_string()).collect();
        match ending.as_slice() {
            [] => "If a step is refused on a device, the following steps still run on that device"
                .to_owned(),
            all if all.len() + 1 == self.steps.len() => {
                "If a step is refused on a device, the following steps are not sent to that device"
                    .to_owned()
            }
            [one] => format!(
                "If step {one} is refused on a device, the following steps are not sent to that device; after any other step they still run"
            ),
            [before @ .., last] => format!(
                "If step {} or {last} is refused on a device, the following steps are not sent to that device; after any other step they still run",
                before.join(", ")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_plans_are_valid() {
        let plans = Plans::default();
        let steps = |plan: &Arc<Plan>| plan.steps.iter().map(Step::label).collect::<Vec<_>>();
        let all: Vec<_> = plans
            .iter()
            .map(|plan| (&*plan.name, steps(plan)))
            .collect();
        assert_eq!(
            all,
            [
                (
                    "Ransomware",
                    vec![
                        "Isolate".to_owned(),
                        "Collect package".to_owned(),
                        "Restrict apps".to_owned(),
                        "Add tag (ransomware {ticket})".to_owned(),
                    ]
                ),
                (
                    "Suspicious laptop",
                    vec![
                        "Scan".to_owned(),
                        "Collect package".to_owned(),
                        "Add tag (suspicious {ticket})".to_owned(),
                    ]
                ),
            ]
        );
        assert!(plans.iter().all(|plan| plan.trouble().is_none()));
    }

    #[test]
    fn a_plan_of_the_settings_replaces_a_built_in_one() {
        let mut plans = Plans::default();
        plans.add(Plan::new("Ransomware", [Step::new(ActionKind::Isolate)]));
        plans.add(Plan::new("Other", [Step::new(ActionKind::Isolate)]));
        let names: Vec<_> = plans.iter().map(|plan| &*plan.name).collect();
        assert_eq!(names, ["Ransomware", "Suspicious laptop", "Other"]);
        assert_eq!(plans.iter().next().map(|plan| plan.steps.len()), Some(1));
    }

    #[test]
    fn steps_that_repeat_or_undo_another_are_reported() {
        use ActionKind::{AddTag, Isolate, RemoveTag, Unisolate};
        let tag = |kind, text: &str| Step::new(kind).with(&TAG, text);
        for (steps, trouble) in [
            (vec![Step::new(Isolate), Step::new(Unisolate)], Some(2)),
            (
                vec![Step::new(Isolate), tag(AddTag, "a"), Step::new(Isolate)],
                Some(3),
            ),
            (vec![tag(AddTag, "a"), tag(AddTag, "a")], Some(2)),
            (vec![tag(AddTag, "a"), tag(RemoveTag, "a")], Some(2)),
            (
                vec![tag(AddTag, "a"), tag(AddTag, "b"), tag(RemoveTag, "c")],
                None,
            ),
        ] {
            let plan = Plan::new("P", steps);
            assert_eq!(plan.trouble().map(|(n, _)| n), trouble, "{plan:?}");
        }
    }

    #[test]
    fn effect_of_a_refused_step_is_explained() {
        let of = |continues: &[bool]| {
            let steps = continues.iter().map(|continues| Step {
                continues: *continues,
                ..Step::new(ActionKind::Isolate)
            });
            Plan::new("P", steps.collect::<Vec<_>>()).after_refusal()
        };
        let continues =
            "If a step is refused on a device, the following steps still run on that device";
        assert_eq!(of(&[true, true, true]), continues);
        assert_eq!(of(&[true, true, false]), continues);
        assert_eq!(
            of(&[false, false, true]),
            "If a step is refused on a device, the following steps are not sent to that device"
        );
        assert_eq!(
            of(&[false, true, true]),
            "If step 1 is refused on a device, the following steps are not sent to that device; after any other step they still run"
        );
        assert_eq!(
            of(&[false, true, false, true, true]),
            "If step 1 or 3 is refused on a device, the following steps are not sent to that device; after any other step they still run"
        );
    }
}
