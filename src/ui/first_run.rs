//! What is shown when the console does not know its tenant yet.

use std::path::PathBuf;

use super::theme::TokensExt as _;
use super::widgets::{ExplanationView, copyable_ui, section_ui};
use crate::explain::Explanation;
use crate::settings;

/// A page that says which file to write, and what into it.
pub struct FirstRun {
    explanation: Explanation,
    file: PathBuf,
}

impl FirstRun {
    #[must_use]
    pub fn new(explanation: Explanation, file: PathBuf) -> Self {
        Self { explanation, file }
    }
}

impl eframe::App for FirstRun {
    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        let tokens = ui.tokens();
        egui::CentralPanel::default().show(ui, |ui| {
            egui::ScrollArea::vertical().show(ui, |ui| {
                ui.add_space(tokens.space.l);
                ExplanationView {
                    headline: &self.explanation.headline,
                    effect: &self.explanation.next.words(),
                    role: super::theme::Role::Caution,
                    next_label: None,
                    details: &self.explanation.details,
                }
                .show_ui(ui);
                section_ui(ui, "The settings file");
                ui.label("Register the application in your tenant as the README says, then write this file and start cordon again:");
                copyable_ui(ui, "file name", &self.file.display().to_string());
                ui.add_space(tokens.space.s);
                copyable_ui(ui, "example", settings::EXAMPLE);
            });
        });
    }
}
