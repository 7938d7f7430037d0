//! Instructions for registering the application, taken from the README.

use egui::{Id, Ui};

use crate::ui::widgets::{ActionButton, UiExt as _};

/// The README, so that the steps are written only once.
const README: &str = include_str!("../../../README.md");
const STEPS: &str = "## Set it up for your tenant";

/// Instructions for registering the application.
pub fn steps_ui(ui: &mut Ui, shown: &mut bool) {
    let label = if *shown {
        "Hide how to register the application"
    } else {
        "How to register the application"
    };
    if ui.add(ActionButton::quiet(label)).clicked() {
        *shown = !*shown;
    }
    if *shown {
        ui.push_id(Id::unique("steps"), |ui| {
            for line in steps() {
                ui.wrapped(line);
            }
        });
    }
}

/// The numbered steps of the README, one string each.
fn steps() -> Vec<String> {
    let section = README.split(STEPS).nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut steps: Vec<String> = Vec::new();
    for line in section.lines() {
        let line_text = line.trim().replace(['*', '`'], "");
        if line.starts_with(|c: char| c.is_ascii_digit()) {
            steps.push(line_text);
        } else if line.starts_with("   ")
            && let Some(step) = steps.last_mut()
        {
            step.push(' ');
            step.push_str(&line_text);
        } else if !steps.is_empty() && !line.is_empty() {
            break;
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use crate::ui::sign_in::registration::*;

    #[test]
    fn steps_come_from_the_readme() {
        let steps = steps();
        assert!(steps.len() >= 7, "{steps:?}");
        assert!(steps[0].starts_with("1. ") && steps[1].contains("http://localhost"));
        assert!(
            steps
                .iter()
                .any(|step| step.contains("WindowsDefenderATP in full"))
        );
    }
}
