//! Facts of the settings, and progress of saving them.

use std::path::PathBuf;

use super::State;
use crate::action::Plans;
use crate::explain::Explanation;
use crate::guard::Policy;
use crate::message::SettingsNews;
use crate::model::Tickets;
use crate::settings::{RuleKey, Rules, WrittenRules};

/// The settings as far as known; the rules in force are the policy.
#[derive(Debug, Clone, Default)]
pub struct SettingsFacts {
    /// The settings file; `None` in a run that writes nothing to disk.
    pub file: Option<PathBuf>,
    /// Rules of the settings file itself.
    pub written: WrittenRules,
    /// Rules of the team's shared file.
    pub shared: Option<(PathBuf, WrittenRules)>,
    /// The computer that serves the shared file, which is read only after confirmation.
    pub asks_host: Option<Box<str>>,
    /// Why the settings could not be read, with the file's name: they are not saved then.
    pub unusable: Option<Explanation>,
    /// The forms of a ticket.
    pub tickets: Tickets,
    /// Why the comment templates could not be read.
    pub template_trouble: Option<Box<str>>,
    /// Why the desktop settings could not be read.
    pub desktop_trouble: Option<Box<str>>,
    /// The plans that can be ordered.
    pub plans: Plans,
    /// Why one of the plans cannot be used.
    pub plan_trouble: Option<Box<str>>,
    pub saving: bool,
    /// Why the last attempt to save failed.
    pub not_saved: Option<Explanation>,
    /// The number of saves in this run.
    pub saves: usize,
    /// The number of sign-ins when the local data was last deleted.
    deleted_after: Option<usize>,
}

impl State {
    pub(super) fn apply_settings(&mut self, file: Option<PathBuf>, news: SettingsNews) {
        self.settings.file = file;
        match news {
            SettingsNews::Begun(read) => self.know(read),
            SettingsNews::Read(read) => {
                self.adopt(SettingsNews::policy_of(&read));
                self.know(read);
            }
            SettingsNews::Saving => {
                self.settings.saving = true;
                self.settings.not_saved = None;
            }
            SettingsNews::Saved(Ok(rules)) => {
                self.settings.saving = false;
                self.settings.saves += 1;
                self.adopt(rules.policy.clone());
                self.know(Ok(rules));
            }
            SettingsNews::Saved(Err(why)) => {
                self.settings.saving = false;
                self.settings.not_saved = Some(why);
            }
            SettingsNews::LocalDataDeleted => self.settings.deleted_after = Some(self.sign_ins),
        }
    }

    /// Whether the local data was deleted, and nobody has signed in since.
    #[must_use]
    pub fn local_data_is_deleted(&self) -> bool {
        self.settings.deleted_after == Some(self.sign_ins)
    }

    /// The ticket in a text, unless it is a device's name.
    #[must_use]
    pub fn ticket_in<'t>(&self, text: &'t str) -> Option<&'t str> {
        let is_device = |word: &str| self.inventory.places_named(word).next().is_some();
        self.settings.tickets.find(text, is_device)
    }

    fn adopt(&mut self, policy: Policy) {
        let before = std::mem::take(&mut self.policy);
        self.policy = policy.in_place_of(&before);
    }

    fn know(&mut self, read: Result<Rules, Explanation>) {
        let facts = &mut self.settings;
        match read {
            Ok(rules) => {
                let Rules {
                    policy: Policy { unread, .. },
                    written,
                    shared,
                    asks_host,
                    template_trouble,
                    desktop_trouble,
                    plans,
                    plan_trouble,
                } = rules;
                facts.tickets = Tickets::new(written.entries(RuleKey::TicketPrefixes));
                facts.written = written;
                facts.shared = shared;
                facts.template_trouble = template_trouble;
                facts.desktop_trouble = desktop_trouble;
                facts.plans = plans;
                facts.plan_trouble = plan_trouble;
                // An open question about the host is no fault of the file.
                let fault = unread.filter(|_| asks_host.is_none());
                facts.asks_host = asks_host;
                facts.unusable = fault.map(|why| {
                    let mut explanation = Explanation::harmless(
                        "The rules of your organisation could not be read",
                        SettingsNews::mend(),
                    );
                    explanation.details.push(why.into());
                    explanation
                });
            }
            Err(why) => facts.unusable = Some(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::NextStep;
    use crate::message::Event;
    use crate::model::Mode;

    fn saved(policy: Policy) -> Event {
        let rules = Rules {
            written: WrittenRules::of(&policy),
            policy,
            ..Rules::default()
        };
        Event::Settings {
            file: None,
            news: Box::new(SettingsNews::Saved(Ok(rules))),
        }
    }

    #[test]
    fn saved_rules_apply_and_options_of_the_run_stay() {
        let read_only = Policy {
            read_only: true,
            ..Policy::default()
        };
        let mut state = State::new(Mode::Live, "Commercial", read_only);
        state.apply(saved(Policy {
            protected_tags: vec!["tier0".into()],
            ..Policy::default()
        }));
        assert!(state.policy.read_only);
        assert_eq!(&*state.policy.protected_tags[0], "tier0");
        assert_eq!(state.settings.written.text(RuleKey::ProtectedTags), "tier0");
    }

    #[test]
    fn rules_that_cannot_be_read_again_keep_the_previous_ones_and_are_reported() {
        let policy = Policy {
            protected_tags: vec!["tier0".into()],
            ..Policy::default()
        };
        let mut state = State::new(Mode::Live, "Commercial", policy.clone());
        let unread = Policy {
            unread: Some("settings.toml, line 2: policy.x: is no key".into()),
            ..Policy::default()
        };
        let damaged = Explanation::harmless("No TOML", NextStep::None);
        for read in [
            Ok(Rules {
                policy: unread,
                ..Rules::default()
            }),
            Err(damaged),
        ] {
            state.apply(Event::Settings {
                file: None,
                news: Box::new(SettingsNews::Read(read)),
            });
            assert!(state.policy.unread.is_some());
            let kept = Policy {
                unread: None,
                ..state.policy.clone()
            };
            assert_eq!(kept, policy);
            assert!(state.settings.unusable.is_some());
        }
        state.apply(saved(policy.clone()));
        assert!(state.settings.unusable.is_none());
        assert_eq!(state.policy, policy);
    }
}
