//! Number of listed devices that each rule of the settings matches, updated while rules are typed. Each
//! frame checks a part of the list, which may have a hundred thousand devices.

use std::collections::HashMap;

use egui::Ui;

use crate::guard::{IpRange, Pattern, Policy};
use crate::model::{Machine, MachineId, clean};
use crate::settings::{RuleKey, WrittenRules};
use crate::state::{Inventory, State};
use crate::ui::theme::Role;
use crate::ui::widgets::{Icon, UiExt as _, badge};
use crate::ui::words::devices;

/// Maximum number of devices compared with rules per frame.
const CHECKS_A_FRAME: usize = 10_000;
/// Maximum number of rules shown with their counts; those without a match come first.
const MAX_LINES: usize = 6;

/// Counts by the text of the rule.
#[derive(Debug, Default)]
pub struct RuleMatches {
    /// Generation of the list that was counted.
    generation: u64,
    counts: HashMap<(RuleKey, Box<str>), Count>,
}

#[derive(Debug)]
struct Count {
    rule: Rule,
    looked_at: usize,
    found: usize,
    /// The last full count, while a newer one is in progress.
    shown: Option<usize>,
}

/// A single rule, applied as the guardrails apply it.
#[derive(Debug)]
enum Rule {
    Protects(Box<Policy>),
    Range(IpRange),
}

impl Rule {
    /// `None` for text that is not a rule, or not a rule about devices.
    fn parse(key: RuleKey, entry: &str) -> Option<Self> {
        let mut policy = Policy::default();
        match key {
            RuleKey::ProtectedNames => policy.protected_names.push(Pattern::parse(entry).ok()?),
            RuleKey::ProtectedTags => policy.protected_tags.push(entry.into()),
            RuleKey::ProtectedIds => policy.protected_ids.push(MachineId::parse(entry).ok()?),
            RuleKey::VpnRanges => return IpRange::parse(entry).ok().map(Self::Range),
            RuleKey::MaxDevices
            | RuleKey::OwnEntraDeviceId
            | RuleKey::SharedFile
            | RuleKey::Templates
            | RuleKey::TicketPrefixes
            | RuleKey::SavedSearches
            | RuleKey::Notifications => return None,
        }
        Some(Self::Protects(Box::new(policy)))
    }

    fn fits(&self, machine: &Machine) -> bool {
        match self {
            Self::Protects(policy) => policy.protecting(machine).is_some(),
            Self::Range(range) => machine.addresses().any(|address| range.contains(address)),
        }
    }
}

impl RuleMatches {
    /// Continues counting for the typed rules; returns whether there is more to count.
    pub fn advance(&mut self, typed: &WrittenRules, inventory: &Inventory) -> bool {
        if self.generation != inventory.generation {
            self.generation = inventory.generation;
            for count in self.counts.values_mut() {
                (count.looked_at, count.found) = (0, 0);
            }
        }
        let is_typed = |key: RuleKey, text: &str| typed.entries(key).any(|entry| entry == text);
        self.counts.retain(|(key, text), _| is_typed(*key, text));
        for key in RuleKey::ALL {
            for entry in typed.entries(key) {
                let place = (key, Box::from(entry));
                if !self.counts.contains_key(&place)
                    && let Some(rule) = Rule::parse(key, entry)
                {
                    let count = Count {
                        rule,
                        looked_at: 0,
                        found: 0,
                        shown: None,
                    };
                    self.counts.insert(place, count);
                }
            }
        }
        let machines = inventory.all();
        let mut left = CHECKS_A_FRAME;
        for count in self.counts.values_mut() {
            let rest = machines.get(count.looked_at..).unwrap_or_default();
            let part = &rest[..rest.len().min(left)];
            count.found += part.iter().filter(|m| count.rule.fits(m)).count();
            count.looked_at += part.len();
            left -= part.len();
            if count.looked_at >= machines.len() {
                count.shown = Some(count.found);
            }
        }
        self.counts.values().any(|c| c.looked_at < machines.len())
    }

    /// Number of devices that a rule matches; `None` while unknown, and if it is not a rule.
    #[must_use]
    pub fn of(&self, key: RuleKey, entry: &str) -> Option<usize> {
        self.counts.get(&(key, entry.into()))?.shown
    }
}

/// Caveat of a rule that names only a domain.
fn domain_words(entry: &str) -> String {
    format!(
        "“{}” does not protect a device that reports its short name only, such as DC01: also add DC*",
        clean(entry, 60)
    )
}

/// Shows below a field how many devices each of its rules matches.
pub fn rule_matches_ui(
    ui: &mut Ui,
    state: &State,
    matches: &RuleMatches,
    key: RuleKey,
    typed: &WrittenRules,
) {
    if key == RuleKey::ProtectedNames {
        for entry in typed.entries(key) {
            if Pattern::parse(entry).is_ok_and(|pattern| pattern.wants_domain()) {
                let words = domain_words(entry);
                badge(ui, Icon::Info, Role::Neutral, &words);
            }
        }
    }
    let inventory = &state.inventory;
    let mut lines: Vec<(&str, usize)> = typed
        .entries(key)
        .filter_map(|entry| Some((entry, matches.of(key, entry)?)))
        .collect();
    if lines.is_empty() {
        return;
    }
    if inventory.all().is_empty() {
        ui.small_label("Not counted: no list of devices has been read yet");
        return;
    }
    lines.dedup();
    // Possible typos come first; the others stay in order.
    lines.sort_by_key(|(_, count)| *count > 0);
    let is_whole = inventory.is_complete() && !inventory.loading && inventory.failure.is_none();
    for (entry, count) in lines.iter().take(MAX_LINES) {
        let entry = clean(entry, 60);
        match count {
            0 => {
                let of = if is_whole {
                    "no device in the list"
                } else {
                    "none of the devices read so far"
                };
                let words = format!("“{entry}” matches {of}");
                badge(ui, Icon::Warning, Role::Caution, &words);
            }
            count => {
                ui.small_label(format!("“{entry}” matches {}", devices(*count)));
            }
        }
    }
    if let Some(more) = lines.len().checked_sub(MAX_LINES).filter(|more| *more > 0) {
        ui.small_label(format!("and {more} more rules"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::message::{Event, InventoryNews};
    use crate::model::Mode;
    use crate::state::fixtures;
    use crate::ui::settings::rule_matches::*;

    fn state(devices: usize) -> State {
        let mut state = State::new(Mode::Live, "tests", Policy::default());
        let epoch = state.epoch;
        let status = fixtures::signed_in(fixtures::account("t", None));
        state.apply(Event::Session { status, epoch });
        let epoch = state.epoch;
        let page = (0..devices).map(|n| {
            let mut machine = Machine::bare(MachineId::parse(&format!("{n:040}")).expect("an id"));
            machine.computer_dns_name = Some(format!("DC{n:05}.contoso.com").into());
            machine.machine_tags = Some(["Tier0".into()].into());
            machine.last_ip_address = "10.8.0.7".parse().ok();
            Arc::new(machine)
        });
        let news = InventoryNews::Page(page.collect());
        state.apply(Event::Inventory { epoch, news });
        state
    }

    #[test]
    fn rule_of_a_domain_alone_warns_that_it_misses_bare_names() {
        use egui_kittest::Harness;
        use egui_kittest::kittest::Queryable as _;

        let state = state(0);
        let mut typed = WrittenRules::default();
        *typed.text_mut(RuleKey::ProtectedNames) = "*.contoso.com\n*-dc.contoso.com\nDC*".into();
        let matches = RuleMatches::default();
        let harness = Harness::builder()
            .with_size([700.0, 300.0])
            .build_ui(move |ui| {
                crate::ui::prepare(ui.ctx());
                rule_matches_ui(ui, &state, &matches, RuleKey::ProtectedNames, &typed);
            });
        let said: Vec<_> = harness
            .query_all_by_label_contains("does not protect")
            .collect();
        assert_eq!(said.len(), 1);
        let line = "“*.contoso.com” does not protect a device that reports its short name only, such as DC01: also add DC*";
        assert!(harness.query_by_label(line).is_some());
        let fits = |rule: &str| Pattern::parse(rule).expect("a rule").fits("DC01");
        assert!(!fits("*.contoso.com") && fits("DC*") && fits("DC*.contoso.com"));
    }

    /// A rule that seems useless may get deleted.
    #[test]
    fn rule_without_match_is_flagged_only_for_a_complete_list() {
        use egui_kittest::Harness;
        use egui_kittest::kittest::Queryable as _;

        let so_far = "“vie-*” matches none of the devices read so far";
        let of_all = "“vie-*” matches no device in the list";
        for (unreadable, said) in [(None, so_far), (Some(2), so_far), (Some(0), of_all)] {
            let mut state = state(2);
            if let Some(unreadable) = unreadable {
                let seen = state.inventory.all().iter().map(|m| m.id.clone());
                let news = InventoryNews::Done {
                    at: jiff::Timestamp::UNIX_EPOCH,
                    unreadable,
                    incomplete: None,
                    seen: seen.collect(),
                };
                let epoch = state.epoch;
                state.apply(Event::Inventory { epoch, news });
            }
            let mut typed = WrittenRules::default();
            *typed.text_mut(RuleKey::ProtectedNames) = "vie-*".into();
            let mut matches = RuleMatches::default();
            while matches.advance(&typed, &state.inventory) {}
            let harness = Harness::builder()
                .with_size([700.0, 300.0])
                .build_ui(move |ui| {
                    crate::ui::prepare(ui.ctx());
                    rule_matches_ui(ui, &state, &matches, RuleKey::ProtectedNames, &typed);
                });
            assert!(harness.query_by_label(said).is_some(), "{said}");
        }
    }

    #[test]
    fn rules_are_counted_while_typed_in_parts_per_frame() {
        let state = state(CHECKS_A_FRAME + 10);
        let mut typed = WrittenRules::default();
        *typed.text_mut(RuleKey::ProtectedNames) = "dc0000*\ndc00001\nvie-*\n*".into();
        *typed.text_mut(RuleKey::ProtectedTags) = "TIER0\ntier1".into();
        *typed.text_mut(RuleKey::ProtectedIds) = format!("{:040}", 3);
        *typed.text_mut(RuleKey::VpnRanges) = "10.8.0.0/16\n10.9.0.0/16".into();
        let mut matches = RuleMatches::default();
        let mut frames = 1;
        while matches.advance(&typed, &state.inventory) {
            frames += 1;
        }
        assert!(
            (8..=10).contains(&frames),
            "{frames}: no frame checks the whole list"
        );
        let of = |key, entry| matches.of(key, entry);
        assert_eq!(of(RuleKey::ProtectedNames, "dc0000*"), Some(10));
        assert_eq!(of(RuleKey::ProtectedNames, "dc00001"), Some(1));
        assert_eq!(of(RuleKey::ProtectedNames, "vie-*"), Some(0));
        assert_eq!(of(RuleKey::ProtectedNames, "*"), None, "no rule");
        let all = Some(CHECKS_A_FRAME + 10);
        assert_eq!(of(RuleKey::ProtectedTags, "TIER0"), all);
        assert_eq!(of(RuleKey::ProtectedTags, "tier1"), Some(0));
        let id = format!("{:040}", 3);
        assert_eq!(matches.of(RuleKey::ProtectedIds, &id), Some(1));
        assert_eq!(of(RuleKey::VpnRanges, "10.8.0.0/16"), all);
        assert_eq!(of(RuleKey::VpnRanges, "10.9.0.0/16"), Some(0));
        // Unchanged rules are not counted again.
        assert!(!matches.advance(&typed, &state.inventory));
    }
}
