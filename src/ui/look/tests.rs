//! Each status has one look that neither exaggerates nor understates it.

use super::*;
use crate::action::{ActionKind, ConditionState, Evidence};
use crate::journal::{Record, Reversal};
use crate::model::MachineActionId;
use crate::state::fixtures;

/// Icons reserved for orders and actions of the service.
const RESULTS: [Icon; 14] = [
    Icon::Waiting,
    Icon::Held,
    Icon::NotSent,
    Icon::Sent,
    Icon::Accepted,
    Icon::InProgress,
    Icon::Done,
    Icon::Failed,
    Icon::TimedOut,
    Icon::Cancelled,
    Icon::Refused,
    Icon::Unknown,
    Icon::NotFound,
    Icon::NotOurs,
];

fn facts() -> Vec<Look> {
    let mut looks = vec![risk(None), exposure(None), onboarding(None)];
    let other = "Critical";
    looks.extend(HealthStatus::KNOWN.iter().map(health));
    looks.push(health(&HealthStatus::from_wire(other)));
    looks.extend(RiskScore::KNOWN.iter().map(|value| risk(Some(value))));
    looks.push(risk(Some(&RiskScore::from_wire(other))));
    looks.extend(
        ExposureLevel::KNOWN
            .iter()
            .map(|value| exposure(Some(value))),
    );
    looks.push(exposure(Some(&ExposureLevel::from_wire(other))));
    looks.extend(AlertSeverity::KNOWN.iter().map(severity));
    looks.push(severity(&AlertSeverity::from_wire(other)));
    looks.extend(
        OnboardingStatus::KNOWN
            .iter()
            .map(|value| onboarding(Some(value))),
    );
    looks.push(onboarding(Some(&OnboardingStatus::from_wire(other))));
    looks
}

#[test]
fn device_facts_share_no_icon_with_action_results() {
    for look in facts() {
        assert!(!RESULTS.contains(&look.icon), "{look:?}");
        assert_ne!(look.role, Role::Ok, "{look:?}");
        assert!(!look.word.is_empty(), "{look:?}");
    }
}

#[test]
fn unknown_service_word_is_shown_as_received_and_never_understated() {
    for text in ["Critical", "Extreme", "ActivelyExploited"] {
        let looks = [
            health(&HealthStatus::from_wire(text)),
            risk(Some(&RiskScore::from_wire(text))),
            exposure(Some(&ExposureLevel::from_wire(text))),
            severity(&AlertSeverity::from_wire(text)),
            onboarding(Some(&OnboardingStatus::from_wire(text))),
            action_status(&MachineActionStatus::from_wire(text)),
        ];
        for look in looks {
            assert_eq!(look.role, Role::Unknown, "{look:?}");
            assert_eq!(look.word, spaced(text), "{look:?}");
        }
    }
    let phrase = risk_phrase(Some(&RiskScore::from_wire("Critical")));
    assert_eq!(phrase.word, "Critical risk");
}

#[test]
fn device_without_risk_score_is_not_shown_as_free_of_risk() {
    assert_eq!(risk_phrase(Some(&RiskScore::None)).word, "No known risk");
    assert_eq!(risk_phrase(None).word, "Risk unknown");
    assert_eq!(risk_phrase(Some(&RiskScore::High)).word, "High risk");
}

#[test]
fn service_words_are_shown_in_plain_english() {
    for word in facts().iter().map(|look| &look.word) {
        let is_joined = word
            .chars()
            .zip(word.chars().skip(1))
            .any(|(one, next)| one.is_lowercase() && next.is_uppercase());
        assert!(!is_joined, "{word}");
    }
}

fn changing(to: bool, is_picked_up: bool) -> ConditionPhase {
    let evidence = Evidence {
        action: MachineActionId::parse("a").expect("a literal id"),
        since: None,
        by: None,
        again: Vec::new(),
        is_picked_up,
    };
    ConditionPhase::of(&ConditionState::Changing { to, evidence }, !to)
}

#[test]
fn action_is_not_shown_as_running_before_the_device_picks_it_up() {
    let look = |to, is_picked_up| condition(Condition::Isolated, changing(to, is_picked_up));
    let [pending, under_way] = [look(true, false), look(true, true)];
    assert_eq!(pending.word, "Isolation pending");
    assert_eq!(under_way.word, "Isolating…");
    assert_ne!(pending.icon, under_way.icon);
    assert_ne!(pending.role, under_way.role);
    assert_eq!(look(false, false).word, "Still isolated, release pending");
    assert_eq!(look(false, true).word, "Releasing…");
}

#[test]
fn every_condition_phase_has_a_distinct_look() {
    let phases = [
        ConditionPhase::Unknown,
        ConditionPhase::No,
        ConditionPhase::Yes,
        ConditionPhase::Unclear,
        ConditionPhase::Pending {
            to: true,
            holds: false,
        },
        ConditionPhase::Pending {
            to: true,
            holds: true,
        },
        ConditionPhase::Pending {
            to: false,
            holds: false,
        },
        ConditionPhase::Pending {
            to: false,
            holds: true,
        },
        ConditionPhase::UnderWay {
            to: true,
            holds: false,
        },
        ConditionPhase::UnderWay {
            to: false,
            holds: false,
        },
    ];
    for kind in Condition::ALL {
        let looks = phases.map(|phase| condition(kind, phase));
        for (index, one) in looks.iter().enumerate() {
            for other in &looks[index + 1..] {
                assert_ne!(one.word, other.word, "{kind:?}");
            }
        }
    }
}

#[test]
fn success_no_longer_in_effect_looks_unlike_plain_success() {
    let machine = fixtures::machine_ref("a1", None);
    let ordered = fixtures::order("cdn-00000001", machine, ActionKind::Isolate);
    let done = fixtures::finished("b1", MachineActionStatus::Succeeded);
    let entry = fixtures::entry(fixtures::author(), ordered, vec![Record::Sent, done]);
    let plain = order(&entry, &Aftermath::default());
    assert_eq!((plain.icon, plain.role), (Icon::Done, Role::Ok));
    assert_eq!(plain.word, "Isolated");
    let undone = Aftermath {
        reversal: Some(Reversal {
            done: "Released",
            by: "sam".into(),
            at: None,
        }),
        ..Aftermath::default()
    };
    let otherwise = Aftermath {
        variant: Some("Selective".into()),
        ..Aftermath::default()
    };
    let undone = order(&entry, &undone);
    let otherwise = order(&entry, &otherwise);
    for look in [&undone, &otherwise] {
        assert_ne!(look.icon, plain.icon, "{look:?}");
        assert_ne!(look.role, plain.role, "{look:?}");
    }
    assert_eq!(undone.word, "Isolated, no longer in effect");
    assert_eq!(otherwise.word, "Isolated, not as ordered");
}
