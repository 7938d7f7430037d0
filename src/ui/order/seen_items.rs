//! Devices and findings that have been on screen: nothing disruptive is confirmed unseen.

use std::collections::HashMap;

use egui::{Rect, Ui};

use crate::guard::Finding;
use crate::model::{EntryId, MachineId};

/// Tolerance for layout rounding, in points.
const TOLERANCE: f32 = 1.0;

/// An item that has to be seen before a form is confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MustSee {
    Device(MachineId),
    /// An entry to acknowledge.
    Entry(EntryId),
    Finding {
        machine: MachineId,
        rail: &'static str,
        /// The text without ages: growing older does not make it a new finding.
        text: String,
    },
}

impl MustSee {
    /// A finding about this device.
    #[must_use]
    pub fn finding(machine: &MachineId, finding: &Finding) -> Self {
        Self::Finding {
            machine: machine.clone(),
            rail: finding.rail,
            text: finding.lasting_reason().to_owned(),
        }
    }
}

/// The part of an item that has been on screen, as offsets from its upper edge.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shown {
    from: f32,
    to: f32,
    is_whole: bool,
}

impl Shown {
    /// Start of the part to show next: below what was seen from the top, else the top.
    fn next(&self) -> f32 {
        if self.from <= TOLERANCE { self.to } else { 0.0 }
    }
}

/// The items that a form has shown.
#[derive(Debug, Default)]
pub struct SeenItems {
    /// Restored after a discarded pass.
    pub(super) shown: HashMap<MustSee, Shown>,
    /// The items of the last frame, in order.
    present: Vec<MustSee>,
    /// The item to scroll to in the next frame.
    pub scroll_to: Option<MustSee>,
    /// Whether the button for the next unseen item had the focus in the last frame.
    pub is_next_focused: bool,
}

impl SeenItems {
    /// Notes that an item was drawn at `rect`, as far as it is visible there.
    pub fn note(&mut self, ui: &Ui, item: &MustSee, rect: Rect) {
        let visible = rect.intersect(ui.clip_rect()).intersect(ui.content_rect());
        if self.scroll_to.as_ref() == Some(item) {
            self.scroll_to = None;
            let hidden_from = self.shown.get(item).map_or(0.0, Shown::next);
            let mut unseen = rect;
            unseen.min.y = (rect.min.y + hidden_from - TOLERANCE).min(rect.max.y);
            ui.scroll_to_rect(unseen, Some(egui::Align::Min));
            ui.ctx().request_repaint();
        }
        if !visible.is_positive() || visible.width() < rect.width() - TOLERANCE {
            return;
        }
        let (from, to) = (visible.min.y - rect.min.y, visible.max.y - rect.min.y);
        let shown = self.shown.entry(item.clone()).or_default();
        if from <= shown.to + TOLERANCE && to >= shown.from - TOLERANCE {
            shown.from = shown.from.min(from);
            shown.to = shown.to.max(to);
        } else {
            (shown.from, shown.to) = (from, to);
        }
        let is_whole = shown.from <= TOLERANCE && shown.to >= rect.height() - TOLERANCE;
        if is_whole && !shown.is_whole {
            shown.is_whole = true;
            // The counter of unseen items was drawn earlier in this frame.
            ui.ctx().request_repaint();
        }
    }

    /// Whether the whole item has been on screen.
    #[must_use]
    pub fn has_seen(&self, item: &MustSee) -> bool {
        self.shown.get(item).is_some_and(|shown| shown.is_whole)
    }

    /// Sets the present items; returns whether they have changed since the last frame.
    pub fn is_changed_to(&mut self, present: Vec<MustSee>) -> bool {
        let is_changed = self.present != present;
        self.present = present;
        is_changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_seen_only_at_its_end_is_shown_from_its_top() {
        let seen = |from, to| {
            Shown {
                from,
                to,
                is_whole: false,
            }
            .next()
        };
        for (shown, next) in [
            ((0.0, 40.0), 40.0),
            ((0.5, 40.0), 40.0),
            ((12.0, 60.0), 0.0),
        ] {
            let (from, to) = shown;
            assert!((seen(from, to) - next).abs() < 0.1, "{shown:?}");
        }
    }

    #[test]
    fn finding_counts_as_seen_only_when_fully_shown_at_once_or_piecewise() {
        let ctx = egui::Context::default();
        let item = MustSee::Entry(EntryId::parse("cdn-00000001").expect("a literal tag"));
        let whole = Rect::from_min_size(egui::pos2(10.0, 10.0), egui::vec2(100.0, 90.0));
        let top = whole.with_max_y(50.0);
        let middle = whole.with_min_y(40.0).with_max_y(80.0);
        let bottom = whole.with_min_y(70.0);
        let narrow = whole.with_max_x(60.0);
        for (pieces, is_seen) in [
            (vec![whole], true),
            (vec![top], false),
            (vec![bottom], false),
            (vec![top, bottom], false),
            (vec![top, middle, bottom], true),
            (vec![bottom, middle, top], true),
            (vec![narrow], false),
            (vec![whole.translate(egui::vec2(0.0, 200.0))], false),
        ] {
            let mut seen_items = SeenItems::default();
            let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
                for piece in &pieces {
                    ui.set_clip_rect(*piece);
                    seen_items.note(ui, &item, whole);
                }
            });
            output.textures_delta.clear();
            assert_eq!(seen_items.has_seen(&item), is_seen, "{pieces:?}");
        }
    }
}
