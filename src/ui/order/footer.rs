//! The buttons of the action form, and the lines below them, which are always there.

use egui::{Label, TextStyle, Ui, UiBuilder, accesskit};

use super::fields;
use super::form::{OrderForm, Place};
use super::title::confirm_label;
use crate::action::{Change, ConditionState, Risk};
use crate::model::MachineRef;
use crate::ui::Cx;
use crate::ui::theme::TokensExt as _;
use crate::ui::widgets::{
    ActionButton, ButtonStyle, TipExt as _, button_width, confirming_keys, is_arming,
};

/// Label of the safe button if it cannot name the state that stays.
const KEEP_NOTHING: &str = "Cancel";

/// The button pressed, by pointer or key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pressed {
    Nothing,
    Keep,
    Confirm,
}

/// Label of the safe button: the state that stays, if known.
fn keep_label(cx: &Cx<'_>, form: &OrderForm) -> &'static str {
    let task = form.task();
    let is_so = |machine: &MachineRef| {
        let conditions = cx.state.actions.conditions(&machine.id);
        let (condition, sets) = match task.change() {
            Change::Sets(condition) => (condition, true),
            Change::Clears(condition) => (condition, false),
            Change::Nothing => return false,
        };
        match conditions.map(|conditions| conditions.state(condition)) {
            Some(ConditionState::Unclear(_) | ConditionState::Changing { .. }) => true,
            Some(ConditionState::Yes(_)) => sets,
            Some(ConditionState::No(_)) => !sets,
            Some(ConditionState::Unknown) | None => false,
        }
    };
    if form.plan.is_some() || form.machines().any(is_so) {
        KEEP_NOTHING
    } else {
        task.keep_label()
    }
}

/// Height of the lines below the buttons, constant so that nothing moves under the pointer.
fn reason_height(ui: &Ui, is_tiny: bool) -> f32 {
    let line = ui.text_style_height(&TextStyle::Small);
    if is_tiny { line } else { 2.0 * line }
}

pub(super) fn footer_height(ui: &Ui, is_tiny: bool) -> f32 {
    ui.tokens().height.control + ui.spacing().item_spacing.y + reason_height(ui, is_tiny)
}

/// Shows the safe button and the confirm button; `block` is why the latter is disabled.
pub(super) fn footer_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    form: &OrderForm,
    block: Option<&str>,
    place: Place,
    wants_focus: bool,
) -> Pressed {
    let task = form.task();
    let keep = keep_label(cx, form);
    let reason = if is_arming(ui, form.armed_at) {
        Some("Available in half a second, so that a stray click confirms nothing")
    } else {
        block
    };
    let style = match task.risk() {
        Risk::Routine | Risk::Harmless => ButtonStyle::Primary,
        Risk::Disruptive | Risk::Irreversible => ButtonStyle::Danger,
    };
    let label = confirm_label(form);
    // Ids of their own, so that the focus stays put when something is drawn above.
    let builder = UiBuilder::new().scope_id(place.id.with("buttons"));
    let pressed = ui.scope_builder(builder, |ui| {
        ui.horizontal(|ui| {
            // As wide as the wider label: it follows the device's state, and nothing may move.
            let words = [KEEP_NOTHING, task.keep_label()];
            let width = words.map(|word| button_width(ui, word));
            let width = width[0].max(width[1]);
            let keep = ui.add(ActionButton::new(keep).key("keep").min_width(width));
            if wants_focus {
                keep.request_focus();
            }
            let confirm = ui.add(
                ActionButton::new(&label)
                    .key("confirm")
                    .style(style)
                    .max_width(ui.available_width())
                    .disabled_because(reason)
                    .without_tip()
                    .ignores_enter(),
            );
            if keep.clicked() {
                Pressed::Keep
            } else if confirm.clicked() {
                Pressed::Confirm
            } else {
                Pressed::Nothing
            }
        })
        .inner
    });
    if cx.state.session.is_signed_in() {
        reason_ui(ui, form.error.as_deref(), reason, place.is_tiny);
    } else {
        // In the same place, and visible: nothing moves when the sign-in ends.
        fields::sign_in_ui(ui, cx);
    }
    pressed.inner
}

/// Shows why the form cannot be or was not confirmed, else the keys that work here.
fn reason_ui(ui: &mut Ui, error: Option<&str>, reason: Option<&str>, is_tiny: bool) {
    let tokens = ui.tokens();
    let (line, colour) = match (error, reason) {
        (Some(error), _) => (error.to_owned(), tokens.danger),
        (None, Some(reason)) => (reason.to_owned(), tokens.stale),
        (None, None) => (confirming_keys(ui.ctx()), tokens.stale),
    };
    let height = reason_height(ui, is_tiny);
    let size = egui::vec2(ui.available_width(), height);
    let layout = egui::Layout::top_down(egui::Align::Min);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        ui.set_min_size(size);
        let mut job = egui::text::LayoutJob::simple(
            line.clone(),
            TextStyle::Small.resolve(ui.style()),
            colour,
            size.x,
        );
        job.wrap.max_rows = if is_tiny { 1 } else { 2 };
        let response = ui.add(Label::new(job).show_tooltip_when_elided(false));
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_value(&*line);
            if error.is_some() {
                node.set_live(accesskit::Live::Assertive);
            }
        });
        response.tip(line);
    });
}
