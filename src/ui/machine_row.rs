//! One device in the table: its cells, and its name for those who do not see them.

use std::sync::Arc;

use egui::{Id, Label, Response, RichText, Sense, Ui, WidgetInfo, accesskit};
use egui_extras::TableRow;
use jiff::Timestamp;

use super::Cx;
use super::machine_filter::health_word;
use super::theme::{Role, TokensExt as _, text};
use super::views::Column;
use super::widgets::{Icon, icon, paint_icon};
use super::words::{ago, both_times};
use crate::action::{Condition, ConditionState, infer};
use crate::journal::Entry;
use crate::model::{
    ExposureLevel, HealthStatus, Machine, MachineAction, MachineRef, RiskScore, clean,
};

/// What history says about one condition, without its evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Known {
    #[default]
    Unknown,
    No,
    Yes,
    Setting,
    Clearing,
}

/// What history says about a device, as the state column shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeviceState {
    isolation: Known,
    restriction: Known,
    /// Whether it is one without a sensor, cut off by the others.
    is_contained: bool,
}

impl DeviceState {
    /// Worked out from what is known of a device's actions.
    #[must_use]
    pub fn of(actions: &[MachineAction]) -> Self {
        if actions.is_empty() {
            return Self::default();
        }
        let known = |condition| match infer(condition, actions) {
            ConditionState::Yes(_) => Known::Yes,
            ConditionState::No(_) => Known::No,
            ConditionState::Changing { to: true, .. } => Known::Setting,
            ConditionState::Changing { to: false, .. } => Known::Clearing,
            ConditionState::Unknown => Known::Unknown,
        };
        let (isolation, containment) = (known(Condition::Isolated), known(Condition::Contained));
        let is_under_way = |known| !matches!(known, Known::No | Known::Unknown);
        // One that was contained and is managed now is told by its isolation.
        let is_contained = containment != Known::Unknown
            && !is_under_way(isolation)
            && (is_under_way(containment) || isolation == Known::Unknown);
        Self {
            isolation: if is_contained { containment } else { isolation },
            restriction: known(Condition::Restricted),
            is_contained,
        }
    }

    const fn isolation_word(self) -> &'static str {
        match self.isolation {
            Known::No if self.is_contained => "Not contained",
            Known::Yes if self.is_contained => Condition::Contained.word(),
            Known::Setting if self.is_contained => "Containing…",
            Known::Unknown => "Unknown",
            Known::No => "Not isolated",
            Known::Yes => Condition::Isolated.word(),
            Known::Setting => "Isolating…",
            Known::Clearing => "Releasing…",
        }
    }

    const fn restriction_word(self) -> &'static str {
        match self.restriction {
            Known::Unknown => "Unknown",
            Known::No => "Unrestricted",
            Known::Yes => Condition::Restricted.word(),
            Known::Setting => "Restricting…",
            Known::Clearing => "Unrestricting…",
        }
    }

    /// The words by which it can be searched for.
    #[must_use]
    pub fn words(self) -> [&'static str; 2] {
        match (self.isolation, self.restriction) {
            (Known::Unknown, _) => [self.restriction_word(); 2],
            (_, Known::Unknown) => [self.isolation_word(); 2],
            (_, _) => [self.isolation_word(), self.restriction_word()],
        }
    }

    /// Where it stands when rows are ordered by state: what goes on first, what holds next.
    #[must_use]
    pub fn rank(self) -> Option<u128> {
        let either = |known| self.isolation == known || self.restriction == known;
        if either(Known::Setting) || either(Known::Clearing) {
            Some(0)
        } else if self.isolation == Known::Yes {
            Some(1)
        } else if self.restriction == Known::Yes {
            Some(2)
        } else {
            either(Known::No).then_some(3)
        }
    }

    /// The words on screen; what is in force goes before what is not.
    #[must_use]
    pub fn text(self) -> String {
        match (self.isolation, self.restriction) {
            (Known::Unknown, Known::Unknown) => "–".to_owned(),
            (Known::Unknown | Known::No, Known::Yes | Known::Setting | Known::Clearing)
            | (Known::Unknown, Known::No) => self.restriction_word().to_owned(),
            (_, Known::Unknown | Known::No) => self.isolation_word().to_owned(),
            (_, Known::Yes | Known::Setting | Known::Clearing) => {
                format!(
                    "{}, {}",
                    self.isolation_word(),
                    self.restriction_word().to_lowercase()
                )
            }
        }
    }

    fn look(self) -> (Option<Icon>, Role, &'static str) {
        const INFERRED: &str = "As far as the history of actions shows";
        match self.rank() {
            Some(0) => (
                Some(Icon::InProgress),
                Role::Neutral,
                "An action has not ended yet",
            ),
            Some(1) if self.is_contained => (Some(Icon::Contained), Role::Caution, INFERRED),
            Some(1) => (Some(Icon::Isolated), Role::Caution, INFERRED),
            Some(2) => (Some(Icon::Restricted), Role::Caution, INFERRED),
            Some(_) => (None, Role::Stale, INFERRED),
            None => (
                None,
                Role::Stale,
                "History shows nothing: unknown, not “no”",
            ),
        }
    }
}

/// How far an order of this console has come that the service's history does not show yet.
fn own_order(machine: &MachineRef, open: &[&Entry]) -> Option<(Icon, Role, String)> {
    let entry = open
        .iter()
        .rfind(|entry| entry.order.machine.id == machine.id)?;
    let standing = entry.standing();
    let (icon, role) = if standing.is_unknown() {
        (Icon::Unknown, Role::Unknown)
    } else if standing.action().is_none() {
        (Icon::Waiting, Role::Neutral)
    } else {
        return None;
    };
    Some((icon, role, standing.word(&entry.order.task)))
}

/// A row about to be drawn.
pub struct MachineRow<'a> {
    pub machine: &'a Arc<Machine>,
    pub reference: MachineRef,
    /// The id of the row for the pointer and the accessibility tree.
    pub id: Id,
    pub is_selected: bool,
    /// Whether it is one of those to act on together.
    pub is_picked: bool,
    /// This console's entries that have not ended, of any device, oldest first.
    pub open_entries: &'a [&'a Entry],
    /// The whole width of the table, which is what can be hit.
    pub width: f32,
    /// What of the table can be seen.
    pub clip: egui::Rect,
}

/// What came of drawing a row.
pub struct RowResponse {
    pub row: Response,
    /// Of the box by which it is picked, where its column is shown.
    pub pick: Option<Response>,
}

impl MachineRow<'_> {
    /// Draws the cells.
    pub fn show_ui(
        self,
        mut row: TableRow<'_, '_>,
        columns: &[Column],
        cx: &Cx<'_>,
    ) -> Option<RowResponse> {
        let (icon, role, state, hover) = self.state(cx);
        let (mut response, mut pick) = (None, None);
        row.set_selected(self.is_selected);
        for column in columns {
            row.col(|ui| {
                if response.is_none() {
                    // Before the cells: they lie on it, and keep their hover texts.
                    response = Some(self.row_ui(ui, &state));
                }
                if *column == Column::State {
                    cell_ui(ui, icon, role, &state).on_hover_text(&hover);
                } else {
                    if *column == Column::Name {
                        pick = Some(self.pick_ui(ui));
                    }
                    self.cell_ui(ui, *column, cx);
                }
            });
        }
        response.map(|row| RowResponse { row, pick })
    }

    /// The box by which it is picked. Not focusable, as the row: the space bar is its key.
    fn pick_ui(&self, ui: &mut Ui) -> Response {
        let tokens = ui.tokens();
        let size = egui::vec2(tokens.height.row, tokens.height.row);
        let (_, rect) = ui.allocate_space(size);
        // By the device and not by the place: rows may come in above while it is pressed.
        let response = ui.interact(rect, self.id.with("pick"), Sense::CLICK);
        let name = format!("Pick {}", self.reference.quoted());
        response.widget_info(|| {
            WidgetInfo::selected(accesskit::Role::CheckBox, true, self.is_picked, &name)
        });
        let square = egui::Rect::from_center_size(rect.center(), egui::Vec2::splat(14.0));
        let (fill, line) = if self.is_picked {
            (tokens.accent, tokens.accent)
        } else if response.hovered() {
            (tokens.surface.hover, tokens.text)
        } else {
            (tokens.surface.panel, tokens.text_weak)
        };
        let painter = ui.painter();
        let stroke = egui::Stroke::new(1.0, line);
        painter.rect(square, 2.0, fill, stroke, egui::StrokeKind::Inside);
        if self.is_picked {
            paint_icon(painter, square, Icon::Done, tokens.on_accent);
        }
        response
    }

    fn state(&self, cx: &Cx<'_>) -> (Option<Icon>, Role, String, String) {
        if let Some((icon, role, word)) = own_order(&self.reference, self.open_entries) {
            return (
                Some(icon),
                role,
                word,
                "Ordered from this console".to_owned(),
            );
        }
        let state = DeviceState::of(cx.state.known_actions(&self.machine.id));
        let (icon, role, hover) = state.look();
        (icon, role, state.text(), hover.to_owned())
    }

    fn row_ui(&self, ui: &mut Ui, state: &str) -> Response {
        let cell = ui.max_rect();
        let rect = egui::Rect::from_min_size(cell.min, egui::vec2(self.width, cell.height()));
        // What is told to others is what can be hit: a wide table reaches beyond its window.
        let rect = rect.intersect(self.clip);
        let narrow = ui.clip_rect();
        ui.set_clip_rect(self.clip);
        // Not focusable: the table is one stop, and the arrow keys walk within it.
        let response = ui.interact(rect, self.id, Sense::CLICK);
        if response.hovered() && !self.is_selected {
            let tokens = ui.tokens();
            ui.painter().rect_filled(rect, 0.0, tokens.surface.hover);
        }
        ui.set_clip_rect(narrow);
        let merged = if self.machine.merged_into.is_some() {
            ", merged"
        } else {
            ""
        };
        let state = if state == "–" {
            "state not known"
        } else {
            state
        };
        let name = format!("{}, {state}{merged}", self.reference.name_and_tail());
        response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Row, true, &name));
        ui.ctx()
            .accesskit_node_builder(self.id, |node| node.set_selected(self.is_selected));
        response
    }

    fn cell_ui(&self, ui: &mut Ui, column: Column, cx: &Cx<'_>) {
        let machine = self.machine.as_ref();
        match column {
            Column::Name => self.name_ui(ui, cx),
            // Drawn by the caller, which needs its words for the row's name.
            Column::State => {}
            Column::Health => {
                let (icon, role) = health_look(&machine.health_status);
                cell_ui(
                    ui,
                    Some(icon),
                    role,
                    &clean(health_word(&machine.health_status), 32),
                );
            }
            Column::Risk => match &machine.risk_score {
                Some(risk) => {
                    let (icon, role) = risk_look(risk);
                    cell_ui(ui, Some(icon), role, &risk.to_string());
                }
                None => nothing_ui(ui),
            },
            Column::Exposure => match &machine.exposure_level {
                Some(exposure) => {
                    let (icon, role) = exposure_look(exposure);
                    cell_ui(ui, Some(icon), role, &exposure.to_string());
                }
                None => nothing_ui(ui),
            },
            Column::Os => self.text_ui(ui, machine.os_platform.as_deref()),
            Column::LastSeen => last_seen_ui(ui, machine.last_seen, cx),
            Column::Tags => self.text_ui(ui, Some(&machine.machine_tags.join(", "))),
            Column::Group => self.text_ui(ui, machine.rbac_group_name.as_deref()),
            Column::Addresses => {
                let all: Vec<_> = machine.addresses().map(|ip| ip.to_string()).collect();
                self.text_ui(ui, Some(&all.join(", ")));
            }
        }
    }

    fn name_ui(&self, ui: &mut Ui, cx: &Cx<'_>) {
        let tokens = ui.tokens();
        // Clear of the table's focus ring.
        ui.add_space(tokens.space.xs);
        let twins = cx.state.inventory.namesakes(&self.reference).count();
        if twins > 0 {
            let words = format!(
                "{twins} other {} with this name",
                if twins == 1 { "record" } else { "records" }
            );
            icon(ui, Icon::Twin, tokens.caution).on_hover_text(words);
        }
        let is_merged = self.machine.merged_into.is_some();
        let colour = if is_merged { tokens.stale } else { tokens.text };
        if twins > 0 {
            let tail = RichText::new(format!("…{}", self.machine.id.tail())).text_style(text::id());
            ui.add(Label::new(tail.color(tokens.text_weak)).selectable(false));
        }
        if is_merged {
            ui.add(Label::new(RichText::new("merged").color(tokens.stale)).selectable(false))
                .on_hover_text("This record was merged into another one; act on that");
        }
        let name = RichText::new(self.reference.name()).text_style(text::strong());
        ui.add(Label::new(name.color(colour)).truncate().selectable(false));
    }

    fn text_ui(&self, ui: &mut Ui, text: Option<&str>) {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            nothing_ui(ui);
            return;
        };
        let role = if self.machine.merged_into.is_some() {
            Role::Stale
        } else {
            Role::Neutral
        };
        cell_ui(ui, None, role, &clean(text, 120));
    }
}

fn cell_ui(ui: &mut Ui, shape: Option<Icon>, role: Role, text: &str) -> Response {
    let colour = ui.tokens().colour(role);
    if let Some(shape) = shape {
        ui.spacing_mut().item_spacing.x = ui.tokens().space.xs;
        icon(ui, shape, colour);
    }
    ui.add(
        Label::new(RichText::new(text).color(colour))
            .truncate()
            .selectable(false),
    )
}

fn nothing_ui(ui: &mut Ui) {
    cell_ui(ui, None, Role::Stale, "–");
}

fn last_seen_ui(ui: &mut Ui, at: Option<Timestamp>, cx: &Cx<'_>) {
    let Some(at) = at else {
        cell_ui(ui, None, Role::Stale, "never").on_hover_text("The service tells no report");
        return;
    };
    let is_silent = cx.now.duration_since(at) > cx.state.policy.silent_after;
    let role = if is_silent {
        Role::Caution
    } else {
        Role::Neutral
    };
    let shape = is_silent.then_some(Icon::TimedOut);
    let hover = format!(
        "Last full report, sent about once a day\n{}",
        both_times(at, cx.zone)
    );
    cell_ui(ui, shape, role, &ago(at, cx.now)).on_hover_text(hover);
}

fn health_look(health: &HealthStatus) -> (Icon, Role) {
    match health {
        HealthStatus::Active => (Icon::Accepted, Role::Neutral),
        HealthStatus::Inactive => (Icon::TimedOut, Role::Caution),
        HealthStatus::ImpairedCommunication
        | HealthStatus::NoSensorData
        | HealthStatus::NoSensorDataImpairedCommunication => (Icon::Warning, Role::Caution),
        HealthStatus::Unknown | HealthStatus::Other(_) => (Icon::Info, Role::Stale),
    }
}

fn risk_look(risk: &RiskScore) -> (Icon, Role) {
    match risk {
        RiskScore::High => (Icon::Risk, Role::Danger),
        RiskScore::Medium => (Icon::Warning, Role::Caution),
        RiskScore::Low => (Icon::Info, Role::Neutral),
        RiskScore::Informational | RiskScore::None | RiskScore::Other(_) => {
            (Icon::Info, Role::Stale)
        }
    }
}

fn exposure_look(exposure: &ExposureLevel) -> (Icon, Role) {
    match exposure {
        ExposureLevel::High => (Icon::Risk, Role::Danger),
        ExposureLevel::Medium => (Icon::Warning, Role::Caution),
        ExposureLevel::Low => (Icon::Info, Role::Neutral),
        ExposureLevel::None | ExposureLevel::Other(_) => (Icon::Info, Role::Stale),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MachineActionId, MachineActionStatus, MachineActionType};

    fn action(kind: MachineActionType, status: MachineActionStatus) -> MachineAction {
        MachineAction::bare(
            MachineActionId::parse("a").expect("a literal id"),
            kind,
            status,
        )
    }

    #[test]
    fn nothing_known_is_a_dash_and_never_a_no() {
        assert_eq!(DeviceState::of(&[]).text(), "–");
        assert_eq!(DeviceState::of(&[]).words(), ["Unknown"; 2]);
        assert_eq!(DeviceState::of(&[]).rank(), None);
    }

    #[test]
    fn both_conditions_are_told() {
        use MachineActionStatus::{Pending, Succeeded};
        use MachineActionType::{Isolate, RestrictCodeExecution, Unisolate};
        let text = |actions: &[MachineAction]| DeviceState::of(actions).text();
        assert_eq!(text(&[action(Isolate, Succeeded)]), "Isolated");
        assert_eq!(text(&[action(Isolate, Pending)]), "Isolating…");
        assert_eq!(text(&[action(Unisolate, Pending)]), "Releasing…");
        assert_eq!(text(&[action(Unisolate, Succeeded)]), "Not isolated");
        let both = [
            action(Isolate, Succeeded),
            action(RestrictCodeExecution, Pending),
        ];
        assert_eq!(text(&both), "Isolated, restricting…");
        let contain = |status| MachineAction {
            scope: Some("UnManagedDevice".into()),
            ..action(Isolate, status)
        };
        assert_eq!(text(&[contain(Succeeded)]), "Contained");
        assert_eq!(text(&[contain(Pending)]), "Containing…");
        assert_eq!(
            text(&[contain(Succeeded), action(Unisolate, Pending)]),
            "Releasing…"
        );
        let managed_since = [contain(Succeeded), action(Isolate, Pending)];
        assert_eq!(text(&managed_since), "Isolating…");
        let released = [
            action(Unisolate, Succeeded),
            action(RestrictCodeExecution, Succeeded),
        ];
        assert_eq!(text(&released), "Restricted");
    }
}
