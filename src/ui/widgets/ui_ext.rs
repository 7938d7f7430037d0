//! Lines of text in the looks that views share.

use egui::accesskit::Live;
use egui::{Label, Response, RichText, TextStyle, Ui, WidgetText};

use super::super::theme::{TokensExt as _, text};

/// Adds a line of text.
pub trait UiExt {
    /// A text that goes on in further lines where it is too long for one.
    fn wrapped(&mut self, text: impl Into<WidgetText>) -> Response;

    /// Emphasised text.
    fn strong_label(&mut self, text: impl Into<String>) -> Response;

    /// De-emphasised text.
    fn weak_label(&mut self, text: impl Into<String>) -> Response;

    /// A line in small type without weight, for somebody who wants to know more.
    fn small_label(&mut self, text: impl Into<String>) -> Response;

    /// Marks the node as a live region: screen readers read it whenever it changes.
    fn announce(&self, changing: &Response);
}

impl UiExt for Ui {
    fn wrapped(&mut self, text: impl Into<WidgetText>) -> Response {
        self.add(Label::new(text).wrap())
    }

    fn strong_label(&mut self, text: impl Into<String>) -> Response {
        self.label(RichText::new(text).text_style(text::strong()))
    }

    fn weak_label(&mut self, text: impl Into<String>) -> Response {
        let weak = self.tokens().text_weak;
        self.label(RichText::new(text).color(weak))
    }

    fn small_label(&mut self, text: impl Into<String>) -> Response {
        let weak = self.tokens().text_weak;
        let small = RichText::new(text).text_style(TextStyle::Small);
        self.wrapped(small.color(weak))
    }

    fn announce(&self, changing: &Response) {
        let ctx = self.ctx();
        ctx.accesskit_node_builder(changing.id, |node| node.set_live(Live::Polite));
    }
}
