//! One icon, one colour role and one word for each status, used by every view.
//!
//! Icons of action results ([`order_status`], [`action_status`]) are used for nothing else. An unknown
//! value of the service is shown as received, in the colour of unknown values: never weaker than *Medium*.

use std::borrow::Cow;

use egui::{Response, Ui};

use super::theme::Role;
use super::widgets::{ExplanationView, Icon, badge, copy_button_ui};
use super::words::spaced;
use crate::action::{Condition, ConditionPhase};
use crate::explain::Explanation;
use crate::guard::Severity;
use crate::journal::{Aftermath, Entry, OrderStatus, status_in_short};
use crate::model::{
    AlertSeverity, AlertStatus, ExposureLevel, HealthStatus, MachineActionStatus, OnboardingStatus,
    RiskScore, clean,
};
use crate::search::DeviceState;

/// Maximum length of a service word shown whole.
const WORD_CHARS: usize = 48;

/// Icon, colour and word of a status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    pub icon: Icon,
    pub role: Role,
    pub word: Cow<'static, str>,
}

impl Look {
    /// A look with this icon and word in the colour of `role`.
    pub fn new(icon: Icon, role: Role, word: impl Into<Cow<'static, str>>) -> Self {
        let word = word.into();
        Self { icon, role, word }
    }

    /// A look for something that needs care.
    pub fn warning(word: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Icon::Warning, Role::Caution, word)
    }

    /// The look of a value that this version does not know.
    fn unfamiliar(text: &str) -> Self {
        Self::new(Icon::Unfamiliar, Role::Unknown, unfamiliar_word(text))
    }

    /// Shows icon and word as a badge.
    pub fn badge_ui(&self, ui: &mut Ui) -> Response {
        badge(ui, self.icon, self.role, &self.word)
    }
}

/// An unknown word of the service, made readable and safe to show.
fn unfamiliar_word(text: &str) -> String {
    if text.trim().is_empty() {
        return "Unknown".to_owned();
    }
    clean(&spaced(text), WORD_CHARS).into_owned()
}

/// Look of the sensor's health.
#[must_use]
pub fn health(health: &HealthStatus) -> Look {
    let (icon, role) = match health {
        HealthStatus::Active => (Icon::Active, Role::Neutral),
        HealthStatus::Inactive => (Icon::Silent, Role::Caution),
        HealthStatus::ImpairedCommunication
        | HealthStatus::NoSensorData
        | HealthStatus::NoSensorDataImpairedCommunication => (Icon::Warning, Role::Caution),
        HealthStatus::Unknown => (Icon::Unfamiliar, Role::Unknown),
        HealthStatus::Other(text) => return Look::unfamiliar(text),
    };
    Look::new(icon, role, health.word().to_owned())
}

/// Look of the service's risk assessment of a device. "None" means that nothing is known against it.
#[must_use]
pub fn risk(risk: Option<&RiskScore>) -> Look {
    level(risk.map(RiskScore::as_wire))
}

/// The risk with its noun, where no heading names it: `High risk`.
#[must_use]
pub fn risk_phrase(score: Option<&RiskScore>) -> Look {
    let look = risk(score);
    let word = match score {
        Some(RiskScore::None) => "No known risk".to_owned(),
        None => "Risk unknown".to_owned(),
        Some(_) => format!("{} risk", look.word),
    };
    Look::new(look.icon, look.role, word)
}

/// Look of an exposure level.
#[must_use]
pub fn exposure(exposure: Option<&ExposureLevel>) -> Look {
    level(exposure.map(ExposureLevel::as_wire))
}

/// Look of an alert's severity.
#[must_use]
pub fn severity(severity: &AlertSeverity) -> Look {
    if *severity == AlertSeverity::Unspecified {
        return Look::new(Icon::Unfamiliar, Role::Unknown, "Severity unknown");
    }
    level(Some(severity.as_wire()))
}

/// Look of a word on the service's severity scale.
fn level(word: Option<&str>) -> Look {
    match word {
        Some("High") => Look::new(Icon::Risk, Role::Danger, "High"),
        Some("Medium") => Look::new(Icon::Warning, Role::Caution, "Medium"),
        Some("Low") => Look::new(Icon::Info, Role::Neutral, "Low"),
        Some("Informational") => Look::new(Icon::Info, Role::Neutral, "Informational"),
        Some("None") => Look::new(Icon::Info, Role::Stale, "None known"),
        Some(other) => Look::unfamiliar(other),
        None => Look::new(Icon::Unfamiliar, Role::Stale, "Unknown"),
    }
}

/// Word for the status of an alert.
#[must_use]
pub fn alert_status(status: &AlertStatus) -> String {
    match status {
        AlertStatus::Unknown => "Status unknown".to_owned(),
        AlertStatus::New | AlertStatus::InProgress | AlertStatus::Resolved => {
            spaced(status.as_wire()).into_owned()
        }
        AlertStatus::Other(text) => unfamiliar_word(text),
    }
}

/// Look of a device's onboarding status.
#[must_use]
pub fn onboarding(status: Option<&OnboardingStatus>) -> Look {
    let word = match status {
        Some(OnboardingStatus::Onboarded) => "Onboarded",
        Some(OnboardingStatus::InsufficientInfo) => "Not enough information",
        Some(OnboardingStatus::CanBeOnboarded) => "Can be onboarded",
        Some(OnboardingStatus::Unsupported) => "Not onboarded, unsupported",
        Some(OnboardingStatus::Other(text)) => return Look::unfamiliar(text),
        None => return Look::new(Icon::Unfamiliar, Role::Stale, "Unknown"),
    };
    Look::new(Icon::Info, Role::Neutral, word)
}

/// Look of the service's status of an action.
#[must_use]
pub fn action_status(status: &MachineActionStatus) -> Look {
    let (icon, role) = match status {
        MachineActionStatus::Pending => (Icon::Accepted, Role::Pending),
        MachineActionStatus::InProgress => (Icon::InProgress, Role::Accent),
        MachineActionStatus::Succeeded => (Icon::Done, Role::Ok),
        MachineActionStatus::Failed => (Icon::Failed, Role::Danger),
        MachineActionStatus::TimeOut => (Icon::TimedOut, Role::Danger),
        MachineActionStatus::Cancelled => (Icon::Cancelled, Role::Stale),
        MachineActionStatus::Other(text) => {
            return Look::new(Icon::Unknown, Role::Unknown, unfamiliar_word(text));
        }
    };
    Look::new(icon, role, status.word().into_owned())
}

/// Look of an order's status; its words depend on the order ([`OrderStatus::word`]).
#[must_use]
pub const fn order_status(status: &OrderStatus) -> (Icon, Role) {
    match status {
        OrderStatus::Waiting => (Icon::Waiting, Role::Neutral),
        OrderStatus::Held { .. } => (Icon::Held, Role::Caution),
        OrderStatus::NotSent { .. } => (Icon::NotSent, Role::Stale),
        OrderStatus::Sent => (Icon::Sent, Role::Accent),
        OrderStatus::Accepted {
            status: MachineActionStatus::InProgress,
            ..
        } => (Icon::InProgress, Role::Accent),
        OrderStatus::Accepted { .. } => (Icon::Accepted, Role::Pending),
        OrderStatus::Done { .. } => (Icon::Done, Role::Ok),
        OrderStatus::Failed { .. } => (Icon::Failed, Role::Danger),
        OrderStatus::TooLate { .. } => (Icon::Info, Role::Caution),
        OrderStatus::TimedOut { .. } => (Icon::TimedOut, Role::Danger),
        OrderStatus::Cancelled { .. } => (Icon::Cancelled, Role::Stale),
        OrderStatus::Refused { .. } => (Icon::Refused, Role::Danger),
        OrderStatus::Unknown { .. } => (Icon::Unknown, Role::Unknown),
        OrderStatus::NotFound => (Icon::NotFound, Role::Unknown),
        OrderStatus::NotOurs { .. } => (Icon::NotOurs, Role::Caution),
    }
}

/// Look of an order with its aftermath: a success that is no longer in effect, or not as ordered, has
/// neither the tick nor the word of a plain one.
#[must_use]
pub fn order(entry: &Entry, aftermath: &Aftermath) -> Look {
    let (icon, role) = order_status(entry.status());
    let (icon, role) = if aftermath.reversal.is_some() {
        (Icon::Undo, Role::Stale)
    } else if aftermath.variant.is_some() {
        (Icon::Warning, Role::Caution)
    } else if aftermath.awaits_approval {
        (icon, Role::Caution)
    } else {
        (icon, role)
    };
    Look::new(icon, role, status_in_short(entry, aftermath))
}

/// Look of an earlier run's orders that have not ended, or whose outcome is unknown.
#[must_use]
pub const fn left_open(is_unknown: bool) -> (Icon, Role) {
    if is_unknown {
        NOT_CHECKED
    } else {
        (Icon::Waiting, Role::Caution)
    }
}

const NOT_CHECKED: (Icon, Role) = (Icon::Unknown, Role::Unknown);

/// Shows why something was not checked.
pub fn not_checked_ui(ui: &mut Ui, words: &str) -> Response {
    let (icon, role) = NOT_CHECKED;
    badge(ui, icon, role, words)
}

/// Shows what failed, what it changed and what to do next; returns whether the button for that was pressed.
pub fn failure_ui(
    ui: &mut Ui,
    failure: &Explanation,
    role: Role,
    next_label: Option<&str>,
) -> bool {
    let view = ExplanationView {
        headline: &failure.headline,
        effect: &failure.effect_and_next(),
        role,
        next_label,
        details: &failure.details,
    };
    view.show_ui(ui)
}

/// Shows a button that copies the details of a failure, if it has any.
pub fn copy_details_ui(ui: &mut Ui, what: &str, failure: &Explanation) {
    if !failure.details.is_empty() {
        copy_button_ui(ui, what, &failure.details.join("\n"));
    }
}

/// Look of a guardrail's finding; `stops` is whether it blocks the order as it is now.
#[must_use]
pub const fn finding(severity: Severity, stops: bool) -> (Icon, Role) {
    match severity {
        _ if stops => (Icon::Block, Role::Danger),
        Severity::Note => (Icon::Info, Role::Neutral),
        Severity::NotChecked => NOT_CHECKED,
        Severity::Warn | Severity::NameWanted | Severity::Block => (Icon::Warning, Role::Caution),
    }
}

/// Look of a condition in this phase.
#[must_use]
pub fn condition(condition: Condition, phase: ConditionPhase) -> Look {
    let (icon, role) = match phase {
        ConditionPhase::Unknown | ConditionPhase::Unclear => (Icon::Unfamiliar, Role::Unknown),
        ConditionPhase::No => (Icon::Info, Role::Stale),
        ConditionPhase::Yes => (condition_icon(condition), Role::Caution),
        ConditionPhase::Pending { .. } => (Icon::Accepted, Role::Pending),
        ConditionPhase::UnderWay { .. } => (Icon::InProgress, Role::Accent),
        ConditionPhase::BothWays => (Icon::Warning, Role::Caution),
    };
    Look::new(icon, role, phase.word(condition))
}

/// Icon and colour of a device in the list; no icon if its state has nothing to show.
#[must_use]
pub fn device_state(state: DeviceState) -> (Option<Icon>, Role) {
    let (kind, phase) = state.lead();
    if !phase.is_of_note() {
        return (None, Role::Stale);
    }
    let look = condition(kind, phase);
    (Some(look.icon), look.role)
}

/// Icon of a condition, and of the actions that set it.
#[must_use]
pub const fn condition_icon(condition: Condition) -> Icon {
    match condition {
        Condition::Isolated => Icon::Isolated,
        Condition::Restricted => Icon::Restricted,
        Condition::Contained => Icon::Contained,
    }
}

#[cfg(test)]
mod tests;
