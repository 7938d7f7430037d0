//! The README's tables against what they describe.

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
fn the_settings_example_is_the_one_that_the_console_reads() {
    assert!(README.contains(cordon::settings::EXAMPLE));
}
