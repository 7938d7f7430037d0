//! View state of the settings page.

use super::rule_matches::RuleMatches;
use crate::settings::{RuleChange, RuleKey, WrittenRules};

/// The typed settings, with the texts they are based on.
#[derive(Debug, Default)]
pub struct SettingsForm {
    pub typed: WrittenRules,
    /// The text read from the file that each typed one is based on; may be older than the last reading.
    from: WrittenRules,
    read: WrittenRules,
    /// Number of devices that each typed rule matches.
    pub matches: RuleMatches,
    /// The requested field, until it is focused.
    pub goes_to: Option<RuleKey>,
}

impl SettingsForm {
    /// Updates the texts that were read or saved, except where the user has typed something else.
    pub fn follow(&mut self, read: &WrittenRules) {
        if self.read == *read {
            return;
        }
        for key in RuleKey::ALL {
            if !self.is_changed(key) || self.typed.agrees_with(read, key) {
                read.text(key).clone_into(self.typed.text_mut(key));
                read.text(key).clone_into(self.from.text_mut(key));
            }
        }
        self.read.clone_from(read);
    }

    /// The changes to save.
    #[must_use]
    pub fn changes(&self) -> Vec<RuleChange> {
        let changed = RuleKey::ALL.into_iter().filter(|key| self.is_changed(*key));
        changed
            .map(|key| RuleChange {
                key,
                from: self.from.text(key).to_owned(),
                to: self.typed.text(key).to_owned(),
            })
            .collect()
    }

    /// If set back, the text is the original one, so that nothing counts as changed.
    pub fn set_notifications(&mut self, wanted: bool) {
        let key = RuleKey::Notifications;
        if self.from.wants_notifications() == wanted && self.from.wrong(key).is_none() {
            self.from.text(key).clone_into(self.typed.text_mut(key));
        } else {
            self.typed.set_notifications(wanted);
        }
    }

    pub fn discard(&mut self) {
        self.typed.clone_from(&self.read);
        self.from.clone_from(&self.read);
    }

    fn is_changed(&self, key: RuleKey) -> bool {
        !self.typed.agrees_with(&self.from, key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(tags: &str, ranges: &str) -> WrittenRules {
        let mut written = WrittenRules::default();
        tags.clone_into(written.text_mut(RuleKey::ProtectedTags));
        ranges.clone_into(written.text_mut(RuleKey::VpnRanges));
        written
    }

    #[test]
    fn typed_text_survives_a_reading_and_other_text_follows_it() {
        let mut form = SettingsForm::default();
        form.follow(&written("tier0", ""));
        assert!(form.changes().is_empty());
        form.typed
            .text_mut(RuleKey::ProtectedTags)
            .push_str("\nvip\n");
        let typed = RuleChange {
            key: RuleKey::ProtectedTags,
            // Based on this text; the file has changed since.
            from: "tier0".into(),
            to: "tier0\nvip\n".into(),
        };
        form.follow(&written("tier1", "10.8.0.0/16"));
        assert_eq!(form.changes(), [typed]);
        assert_eq!(form.typed.text(RuleKey::VpnRanges), "10.8.0.0/16");
        form.follow(&written("tier0\nvip", "10.8.0.0/16"));
        assert!(form.changes().is_empty(), "the change was saved");
        form.typed.text_mut(RuleKey::VpnRanges).clear();
        form.discard();
        assert_eq!(form.typed.text(RuleKey::VpnRanges), "10.8.0.0/16");
    }
}
