//! News of the settings.

use crate::explain::{Explanation, NextStep};
use crate::guard::Policy;
use crate::settings::Rules;

/// How reading and saving the settings goes.
#[derive(Debug, Clone)]
pub enum SettingsNews {
    /// What they said when the run began; the rules that hold were decided before.
    Begun(Result<Rules, Explanation>),
    /// What they say now; that holds from then on, and where they cannot be read, the rules before.
    Read(Result<Rules, Explanation>),
    Saving,
    /// What they say since they were saved; that holds from then on.
    Saved(Result<Rules, Explanation>),
    /// What is kept on this computer besides them and the journal was deleted.
    LocalDataDeleted,
}

impl SettingsNews {
    /// The rules that a reading brings: where nothing could be read, that.
    #[must_use]
    pub fn policy_of(read: &Result<Rules, Explanation>) -> Policy {
        match read {
            Ok(rules) => rules.policy.clone(),
            Err(why) => Policy::unread(why.details.first().unwrap_or(&why.headline).as_str()),
        }
    }

    /// What to do about a file that cannot be read.
    #[must_use]
    pub fn mend() -> NextStep {
        NextStep::Outside(
            "Fix the file or move it away: it is not overwritten. Until then the rules read last still apply, and isolating or restricting any device needs its name typed"
                .into(),
        )
    }
}
