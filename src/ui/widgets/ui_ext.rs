//! Lines of text in shared styles.

use std::time::Duration;

use egui::accesskit::Live;
use egui::{Label, Response, RichText, TextStyle, Ui, WidgetText};

use super::super::theme::{TokensExt as _, text};

/// Adds a line of text.
pub trait UiExt {
    /// Text that wraps.
    fn wrapped(&mut self, text: impl Into<WidgetText>) -> Response;

    /// Emphasised text.
    fn strong_label(&mut self, text: impl Into<String>) -> Response;

    /// De-emphasised text.
    fn weak_label(&mut self, text: impl Into<String>) -> Response;

    /// A line in small type, for secondary information.
    fn small_label(&mut self, text: impl Into<String>) -> Response;

    /// One line, truncated if too long.
    fn truncated(&mut self, text: impl Into<WidgetText>) -> Response;

    /// Describes `what` to screen readers only.
    fn describe(&self, what: &Response, more: &str);

    /// Repaints after this time, in seconds.
    fn repaint_in(&self, secs: f64);

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

    fn truncated(&mut self, text: impl Into<WidgetText>) -> Response {
        self.add(Label::new(text).truncate())
    }

    fn describe(&self, what: &Response, more: &str) {
        let ctx = self.ctx();
        ctx.accesskit_node_builder(what.id, |node| node.set_description(more));
    }

    fn repaint_in(&self, secs: f64) {
        let ctx = self.ctx();
        ctx.request_repaint_after(Duration::from_secs_f64(secs));
    }

    fn announce(&self, changing: &Response) {
        let ctx = self.ctx();
        ctx.accesskit_node_builder(changing.id, |node| node.set_live(Live::Polite));
    }
}
