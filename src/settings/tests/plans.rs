//! The plans of a settings file: valid ones are offered, invalid ones are reported by line and step.

use super::*;
use crate::action::{Plan, Plans, SCAN_TYPE, Step, TAG};

fn rules(text: &str) -> Rules {
    parse(text).rules
}

fn labels(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(Step::label).collect()
}

fn named<'a>(plans: &'a Plans, name: &str) -> &'a Plan {
    let plan = plans.iter().find(|plan| &*plan.name == name);
    plan.expect("a plan with this name")
}

#[test]
fn a_plan_has_its_steps_with_preset_and_requested_fields() {
    let rules = rules(EXAMPLE);
    assert_eq!(rules.plan_trouble, None);
    let names: Vec<_> = rules.plans.iter().map(|plan| &*plan.name).collect();
    assert_eq!(names, ["Ransomware", "Suspicious laptop", "Stolen laptop"]);
    let stolen = named(&rules.plans, "Stolen laptop");
    let expected = [
        "Isolate (Full)",
        "Collect package",
        "Add tag (stolen {ticket})",
    ];
    assert_eq!(labels(stolen), expected);
    let continues: Vec<_> = stolen.steps.iter().map(|step| step.continues).collect();
    assert_eq!(continues, [false, true, true]);
    assert!(stolen.asked(|step| step < stolen.steps.len()).is_empty());
}

/// With any separator in a key, and by the wire name as well.
#[test]
fn fields_are_preset_by_either_name_and_the_others_are_requested() {
    let text = r#"
        plan = [{ name = "A", after_refusal = "stop", steps = [
            { action = "scan", "ScanType" = "Full" }, { action = "quarantine" },
            { action = "tag", Value = "a" }, { action = "untag", after_refusal = "go on" },
        ] }]
    "#;
    let rules = rules(text);
    assert_eq!(rules.plan_trouble, None);
    let plan = named(&rules.plans, "A");
    let expected = [
        "Scan (Full)",
        "Quarantine file",
        "Add tag (a)",
        "Remove tag",
    ];
    assert_eq!(labels(plan), expected);
    let asked: Vec<_> = plan
        .asked(|step| step < plan.steps.len())
        .iter()
        .map(|field| field.wire_name)
        .collect();
    assert_eq!(asked, ["Sha1", TAG.wire_name]);
    let continues: Vec<_> = plan.steps.iter().map(|step| step.continues).collect();
    assert_eq!(continues, [false, false, false, true]);
    assert!(
        !plan
            .asked(|step| step < plan.steps.len())
            .contains(&&SCAN_TYPE)
    );
}

#[test]
fn an_invalid_plan_is_reported_and_does_not_affect_others() {
    let good = "[[plan]]\nname = \"Good\"\nsteps = [{ action = \"isolate\" }]\n";
    for (wrong, trouble) in [
        (
            "name = \"B\"\nsteps = [{ action = \"isolate\" }, { action = \"isolat\" }]",
            "line 6: plan “B”: step 2: “isolat” is not an action; there are isolate, release, contain",
        ),
        (
            "name = \"B\"\nsteps = [{ action = \"tag\", colour = \"red\" }]",
            "line 6: plan “B”: step 1: “tag” takes no colour",
        ),
        (
            "name = \"B\"\nsteps = [{ action = \"scan\", scan_type = \"Half\" }]",
            "line 6: plan “B”: step 1: scan_type: Scan type: not one of the values offered",
        ),
        (
            "name = \"B\"\nsteps = [{ action = \"quarantine\", sha1 = \"12\" }]",
            "line 6: plan “B”: step 1: sha1: ",
        ),
        (
            "name = \"B\"\nsteps = [{ action = \"scan\" }, { action = \"scan\" }]",
            "line 6: plan “B”: step 2 is there twice",
        ),
        (
            "name = \"B\"\nsteps = [{ action = \"isolate\" }, { action = \"release\" }]",
            "line 6: plan “B”: step 2 undoes a step before it",
        ),
        ("name = \"B\"", "line 5: plan “B”: needs steps = "),
        (
            "name = \"B\"\nsteps = []",
            "line 6: plan “B”: needs steps = ",
        ),
        (
            "name = \"B\"\nsteps = [1]",
            "line 6: plan “B”: step 1: is not {",
        ),
        (
            "name = \"B\"\nafter_refusal = \"perhaps\"\nsteps = [{ action = \"isolate\" }]",
            "line 6: plan “B”: after_refusal is neither \"go on\" nor \"stop\"",
        ),
        (
            "name = \"B\"\nstops = true\nsteps = [{ action = \"isolate\" }]",
            "line 6: plan “B”: stops is not a key of a plan",
        ),
        (
            "name = \"\"\nsteps = [{ action = \"isolate\" }]",
            "line 5: plan: its name has to be text of 1 to 40 characters",
        ),
        (
            "name = \"a\\u202eb\"\nsteps = [{ action = \"isolate\" }]",
            "line 5: plan: its name has to be",
        ),
        (
            "name = \"Good\"\nsteps = [{ action = \"collect\" }]",
            "line 5: plan “Good”: is there twice",
        ),
    ] {
        let rules = rules(&format!("{good}[[plan]]\n{wrong}\n"));
        let found = rules.plan_trouble.as_deref().unwrap_or_default();
        assert!(found.contains(trouble), "{wrong}: {found}");
        assert_eq!(labels(named(&rules.plans, "Good")), ["Isolate"], "{wrong}");
        assert_eq!(rules.plans.iter().len(), 3, "{wrong}");
        assert_eq!(rules.policy.unread, None, "{wrong}");
    }
    let rules = rules("plan = 1\n");
    let trouble = rules.plan_trouble.expect("no list");
    assert!(trouble.contains("line 1: plan: is not a list"), "{trouble}");
}

#[test]
fn own_plans_replace_shared_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    let plan = |name: &str, action: &str| {
        format!("[[plan]]\nname = \"{name}\"\nsteps = [{{ action = \"{action}\" }}]\n")
    };
    let shared = plan("Team", "scan") + &plan("Both", "scan") + &plan("Wrong", "scna");
    write("team.toml", &shared);
    let own = format!(
        "[policy]\nshared_file = \"team.toml\"\n{}",
        plan("Both", "collect")
    );
    write(FILE_NAME, &own);
    let rules = Settings::read(folder.path()).expect("TOML").rules;
    assert_eq!(labels(named(&rules.plans, "Team")), ["Scan"]);
    assert_eq!(labels(named(&rules.plans, "Both")), ["Collect package"]);
    let trouble = rules.plan_trouble.expect("an error in the shared file");
    assert!(
        trouble.contains("team.toml, line 9: plan “Wrong”"),
        "{trouble}"
    );
}
