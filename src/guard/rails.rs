//! The guardrails: one small function each, and their table.

use super::policy::Silence;
use super::verdict::{Ages, Question, Reason, Verdict};
use super::{
    Facts, batch, blast_radius, everywhere, file, history, lifting, protection, support, twins,
};
use crate::action::Devices;
use crate::explain::NextStep;
use crate::model::OnboardingStatus;

/// A rule and what it protects.
pub struct Guardrail {
    pub name: &'static str,
    /// The protection that it gives, for the *Keys* dialog.
    pub protects: &'static str,
    pub check: fn(&Question<'_>, &Facts<'_>) -> Vec<Verdict>,
}

/// Names of the guardrails that also apply to tenant-wide orders.
pub const TENANT_WIDE: [&str; 7] = [
    "read-only",
    "signed in",
    "permission",
    batch::SEVERAL_AT_ONCE,
    "same action",
    "everywhere",
    "file",
];

/// Every guardrail, in the order in which reasons are shown.
pub const GUARDRAILS: &[Guardrail] = &[
    Guardrail {
        name: "read-only",
        protects: "from acting in a console that was started read-only",
        check: read_only,
    },
    Guardrail {
        name: "signed in",
        protects: "from acting without a signed-in account",
        check: signed_in,
    },
    Guardrail {
        name: "permission",
        protects: "from requests that Defender would refuse",
        check: permission,
    },
    Guardrail {
        name: batch::SEVERAL_AT_ONCE,
        protects: "from acting on more devices than you meant",
        check: batch::check,
    },
    Guardrail {
        name: "merged record",
        protects: "from acting on a record that no longer represents the device",
        check: merged,
    },
    Guardrail {
        name: "renamed",
        protects: "from acting on a device other than the one chosen by its name",
        check: renamed,
    },
    Guardrail {
        name: "onboarding",
        protects: "from actions that cannot reach the device",
        check: onboarding,
    },
    Guardrail {
        name: "support",
        protects: "from actions that the documentation excludes or the service does not offer",
        check: support::check,
    },
    Guardrail {
        name: "same action",
        protects: "from requesting the same thing twice",
        check: history::same_action,
    },
    Guardrail {
        name: "opposite action",
        protects: "from two opposite actions that end in the wrong state",
        check: history::opposite_action,
    },
    Guardrail {
        name: "under way",
        protects: "a colleague's session, collection or scan that has not ended",
        check: history::under_way,
    },
    Guardrail {
        name: "twins",
        protects: "the other record with the same name, or with one that looks like it",
        check: twins::check,
    },
    Guardrail {
        name: "already so",
        protects: "from repeating an action on a device that is already in that state",
        check: history::already,
    },
    Guardrail {
        name: "tag",
        protects: "from adding a tag that exists, possibly in different case",
        check: history::tag,
    },
    Guardrail {
        name: "silent device",
        protects: "from reading a pending action as done",
        check: silent,
    },
    Guardrail {
        name: "protected device",
        protects: "the devices your organisation lists: their name has to be typed",
        check: protection::protected,
    },
    Guardrail {
        name: "own device",
        protects: "the computer you work on",
        check: protection::own_device,
    },
    Guardrail {
        name: "shared address",
        protects: "from mistaking a VPN or proxy address for a device",
        check: protection::shared_range,
    },
    Guardrail {
        name: "blast radius",
        protects: "devices that others depend on: domain controllers, DNS, gateways, hypervisors",
        check: blast_radius::check,
    },
    Guardrail {
        name: "same address",
        protects: "a managed device with the address of the one to be contained",
        check: blast_radius::same_address,
    },
    Guardrail {
        name: "lifting",
        protects: "a containment that is still needed, above all one that someone else ordered",
        check: lifting::check,
    },
    Guardrail {
        name: "everywhere",
        protects: "every device in the tenant from a slip, and what a colleague has blocked or allowed",
        check: everywhere::check,
    },
    Guardrail {
        name: "file",
        protects: "files that the system or many people need",
        check: file::check,
    },
    Guardrail {
        name: "recent action",
        protects: "a colleague's work of the last hour",
        check: history::recent_action,
    },
];

fn read_only(_: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let next = NextStep::Outside("Start cordon without --read-only to act".into());
    facts
        .policy
        .read_only
        .then(|| Verdict::block("This console was started read-only", next))
        .into_iter()
        .collect()
}

fn signed_in(_: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    (!facts.session.is_signed_in())
        .then(|| Verdict::block("You are not signed in", NextStep::SignIn))
        .into_iter()
        .collect()
}

fn permission(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let crate::model::SessionStatus::SignedIn { permissions, .. } = facts.session else {
        return Vec::new();
    };
    let wanted = question.task.permissions();
    match (permissions.holds(wanted), wanted) {
        (Some(false), [one]) => vec![Verdict::block(
            format!("Your sign-in lacks the permission {one}"),
            NextStep::AskForPermission(one.clone()),
        )],
        (Some(false), several) => vec![Verdict::block(
            format!(
                "Your sign-in has none of the permissions that allow this: {}",
                several
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            several
                .first()
                .map_or(NextStep::None, |p| NextStep::AskForPermission(p.clone())),
        )],
        (Some(true) | None, _) => Vec::new(),
    }
}

fn merged(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    // A cancellation concerns the action, not the record.
    if !question.is_act() {
        return Vec::new();
    }
    let Some(machine) = facts.machine else {
        // Reported once, for all guardrails that use the record.
        return vec![Verdict::not_checked(format!(
            "merge, onboarding, health, tags and addresses: {}",
            facts.record_gap()
        ))];
    };
    let target = machine.merged_into();
    target
        .map(|id| {
            Verdict::block(
                format!(
                    "This record was merged into another (…{}); act on that one",
                    id.tail()
                ),
                NextStep::Outside(format!("Search for {id}").into()),
            )
        })
        .into_iter()
        .collect()
}

fn renamed(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let Some(machine) = facts.machine.filter(|m| question.machine.is_renamed_in(m)) else {
        return Vec::new();
    };
    let text = format!(
        "Renamed since it was chosen: now {}",
        machine.reference().quoted()
    );
    // Rule 10: a release is never forbidden.
    vec![if question.task.is_release() {
        Verdict::warn(text)
    } else {
        let next = "Close this form, check the device, and choose it again";
        Verdict::block(text, NextStep::Outside(next.into()))
    }]
}

fn onboarding(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let Some(machine) = facts.machine.filter(|_| question.is_act()) else {
        return Vec::new();
    };
    // Rule 10: a release is never forbidden.
    if question.task.is_release() {
        return match &machine.onboarding_status {
            Some(OnboardingStatus::InsufficientInfo | OnboardingStatus::Other(_)) => {
                vec![Verdict::not_checked("whether Defender manages this device")]
            }
            _ => Vec::new(),
        };
    }
    let devices = question.task.kind().map(|kind| kind.spec().devices);
    if matches!(devices, Some(Devices::Any | Devices::Every)) {
        return Vec::new();
    }
    let is_for_unmanaged = devices == Some(Devices::Unmanaged);
    match &machine.onboarding_status {
        Some(OnboardingStatus::CanBeOnboarded | OnboardingStatus::Unsupported) => {
            let next = NextStep::Outside("Choose “Contain…” instead".into());
            let text = "Defender does not manage this device: it is not onboarded, and can only be contained";
            let block = (!is_for_unmanaged).then(|| Verdict::block(text, next));
            block.into_iter().collect()
        }
        Some(OnboardingStatus::Onboarded) if is_for_unmanaged => {
            let next = NextStep::Outside("Choose “Isolate…” instead".into());
            let text =
                "Contain is only for devices that Defender does not manage: this one is onboarded";
            vec![Verdict::block(text, next)]
        }
        Some(OnboardingStatus::InsufficientInfo | OnboardingStatus::Other(_)) => {
            vec![Verdict::not_checked("whether Defender manages this device")]
        }
        None if is_for_unmanaged => vec![Verdict::not_checked(
            "whether Defender manages this device: its record does not say",
        )],
        Some(OnboardingStatus::Onboarded) | None => Vec::new(),
    }
}

fn silent(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    // A device without a sensor executes nothing itself.
    let devices = question.task.kind().map(|kind| kind.spec().devices);
    let is_asked = devices == Some(Devices::Managed);
    let Some(machine) = facts.machine.filter(|_| is_asked) else {
        return Vec::new();
    };
    let waits = "the action may wait up to three days for it";
    let silence = Silence::of(machine, facts.policy, facts.now);
    let health = silence.health.map(|health| {
        let words = format!("Health is “{}”: {waits}", health.word());
        Verdict::warn(words)
    });
    let report = silence.last_report.map(|seen| {
        let words = |ages: Ages| format!("Last full report {}: {waits}", ages.of(seen));
        Verdict::warn(Reason::aging(facts.now, words))
    });
    let unknown = machine.last_seen.is_none().then(|| {
        let words = format!("when the device last reported; {waits}");
        Verdict::not_checked(words)
    });
    health.into_iter().chain(report).chain(unknown).collect()
}
