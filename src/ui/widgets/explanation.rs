//! View of an error: what happened, what it changed, and what to do next.

use egui::{Frame, Margin, RichText, Stroke, Ui};

use super::UiExt as _;
use super::{
    super::theme::{Role, TokensExt as _, text},
    button::ActionButton,
    copyable::copy_button_ui,
    fold::fold_ui,
    icon::{Icon, icon},
};

/// View of an error's explanation.
#[derive(Clone, Copy, Debug)]
pub struct ExplanationView<'a> {
    /// The headline.
    pub headline: &'a str,
    /// Whether anything was changed.
    pub effect: &'a str,
    /// Its colour and icon.
    pub role: Role,
    /// Label of the button for the next step, if there is one.
    pub next_label: Option<&'a str>,
    /// Codes and raw responses, folded.
    pub details: &'a [String],
}

impl ExplanationView<'_> {
    /// Shows it; returns whether the button for the next step was pressed.
    pub fn show_ui(self, ui: &mut Ui) -> bool {
        let tokens = ui.tokens();
        let colour = tokens.colour(self.role);
        let frame = Frame::new()
            .fill(tokens.surface.raised)
            .stroke(Stroke::new(tokens.border_width, colour))
            .corner_radius(tokens.radius)
            .inner_margin(Margin::same(8));
        frame
            .show(ui, |ui| {
                ui.set_min_width(ui.available_width());
                ui.spacing_mut().item_spacing.y = tokens.space.xs;
                ui.horizontal_top(|ui| {
                    icon(ui, shape(self.role), colour);
                    let headline = RichText::new(self.headline).text_style(text::strong());
                    ui.wrapped(headline.color(colour));
                });
                ui.wrapped(self.effect);
                let clicked = self.next_label.is_some_and(|label| {
                    ui.add_space(tokens.space.xs);
                    ui.add(ActionButton::new(label)).clicked()
                });
                if !self.details.is_empty() {
                    self.details_ui(ui);
                }
                clicked
            })
            .inner
    }

    fn details_ui(self, ui: &mut Ui) {
        let tokens = ui.tokens();
        let id = ui.scope_id().with((self.headline, "details"));
        let mut is_open = ui.data(|data| data.get_temp(id)).unwrap_or(false);
        ui.horizontal(|ui| {
            if fold_ui(ui, "Details", is_open).clicked() {
                is_open = !is_open;
                ui.data_mut(|data| data.insert_temp(id, is_open));
            }
            if is_open {
                copy_button_ui(ui, "details", &self.details.join("\n"));
            }
        });
        if is_open {
            for line in self.details {
                let line = RichText::new(line)
                    .text_style(text::id())
                    .color(tokens.text_weak);
                ui.wrapped(line);
            }
        }
    }
}

fn shape(role: Role) -> Icon {
    match role {
        Role::Danger => Icon::Block,
        Role::Caution => Icon::Warning,
        Role::Ok => Icon::Done,
        Role::Unknown => Icon::Unknown,
        Role::Stale => Icon::TimedOut,
        Role::Neutral | Role::Accent | Role::Pending => Icon::Info,
    }
}
