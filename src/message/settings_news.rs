//! Events about the settings.

use crate::explain::{Explanation, NextStep};
use crate::guard::Policy;
use crate::settings::Rules;

/// Progress of reading and saving the settings.
#[derive(Debug, Clone)]
pub enum SettingsNews {
    /// The settings at the start of the run; the rules in force were decided before.
    Begun(Result<Rules, Explanation>),
    /// The settings as read now, in force from then on; if they cannot be read, the previous rules stay.
    Read(Result<Rules, Explanation>),
    Saving,
    /// The settings as saved, in force from then on.
    Saved(Result<Rules, Explanation>),
    /// The local data was deleted, except for the settings and the journal.
    LocalDataDeleted,
}

impl SettingsNews {
    /// The rules of a reading; if nothing could be read, a policy that says so.
    #[must_use]
    pub fn policy_of(read: &Result<Rules, Explanation>) -> Policy {
        match read {
            Ok(rules) => rules.policy.clone(),
            Err(why) => Policy::unread(why.details.first().unwrap_or(&why.headline).as_str()),
        }
    }

    /// The remedy for a file that cannot be read.
    #[must_use]
    pub fn mend() -> NextStep {
        NextStep::Outside(
            "Fix the file or move it away: it is not overwritten. Until then the rules read last still apply, and isolating or restricting any device needs its name typed"
                .into(),
        )
    }
}
