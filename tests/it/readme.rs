//! The README's tables, compared with the code.

use cordon::action::ActionKind;
use cordon::ui::commands::UiCommand;

const README: &str = include_str!("../../README.md");

#[test]
fn every_action_has_its_row() {
    for &kind in ActionKind::ALL {
        let spec = kind.spec();
        let row = format!(
            "| {} | {} | `{}` |",
            spec.title, spec.consequence, spec.permission
        );
        assert!(README.contains(&row), "the README lacks this row:\n{row}");
    }
}

/// The console shows these steps to an administrator.
#[test]
fn the_registration_asks_for_every_permission_and_role_of_an_action() {
    let steps = README.split("## Set it up for your tenant").nth(1);
    let steps = steps.and_then(|rest| rest.split("\n## ").next());
    let steps = steps.expect("the section");
    for kind in ActionKind::ALL {
        let spec = kind.spec();
        let permission = format!("`{}`", spec.permission);
        assert!(steps.contains(&permission), "{kind:?}: {permission}");
        for role in spec.roles {
            assert!(steps.contains(&format!("*{role}*")), "{kind:?}: {role}");
        }
    }
}

#[test]
fn every_key_has_its_row() {
    let names = egui::ModifierNames::NAMES;
    for command in UiCommand::all() {
        let spec = command.spec();
        if spec.keys.is_empty() {
            continue;
        }
        let keys: Vec<String> = spec
            .keys
            .iter()
            .map(|keys| match keys.format(&names, false).as_str() {
                "Slash" => "`/`".to_owned(),
                "Questionmark" => "`?`".to_owned(),
                other => other.to_owned(),
            })
            .collect();
        let row = format!("| {} | {} |", keys.join(", "), spec.title);
        assert!(README.contains(&row), "the README lacks this row:\n{row}");
    }
}

#[test]
fn settings_example_is_the_one_in_the_code() {
    assert!(README.contains(cordon::settings::EXAMPLE));
}
