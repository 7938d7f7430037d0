//! Status of an investigation, which can end in more ways than an action.

use std::borrow::Cow;

use crate::journal::Entry;
use crate::model::{PENDING_APPROVAL, clean, filled};
use crate::state::State;
use crate::ui::activity::record::COMMENT_CHARS;
use crate::ui::words::spaced;

const IN_PORTAL: &str = "check it in the Defender portal";

/// Last reported state of the investigation behind an entry, if any.
pub fn line(entry: &Entry, state: &State) -> Option<String> {
    let read = || {
        let id = entry.status().action()?;
        let read = state.action(&entry.machine().id, id)?;
        read.state.as_deref()
    };
    filled(entry.end_comment().or_else(read)).map(words)
}

fn words(state: &str) -> String {
    let words: Cow<'_, str> = match state {
        "Queued" => "Queued at Defender".into(),
        "PendingResource" => "Waits for the device, or for capacity at Defender".into(),
        "Running" => "Defender is examining the device".into(),
        PENDING_APPROVAL => {
            format!("Waits for a person to approve its remediation: {IN_PORTAL}").into()
        }
        "Benign" => "Nothing malicious was found".into(),
        "SuccessfullyRemediated" => "What was found was remediated".into(),
        "PartiallyRemediated" => {
            format!("Not everything that was found was remediated: {IN_PORTAL}").into()
        }
        "PartiallyInvestigated" => {
            format!("The device was only partly examined: {IN_PORTAL}").into()
        }
        "UnsupportedOs" => "Defender does not investigate this operating system".into(),
        "Disabled" => "Automated investigation is switched off for this device".into(),
        "Terminated" => "It was ended before it was complete".into(),
        "TerminatedByUser" => "A person ended it before it was complete".into(),
        "TerminatedBySystem" => "Defender itself ended it before it was complete".into(),
        "PreexistingAlert" => "Defender already had an investigation into the same thing".into(),
        other => format!("Defender says: {}", clean(&spaced(other), COMMENT_CHARS)).into(),
    };
    words.into_owned()
}

/// The end of a terminated investigation, with the requestor if the service names one.
pub fn cancelled(by: Option<&str>, state: Option<&str>) -> Vec<String> {
    let by = filled(by).map(|by| format!("By {}", clean(by, 80)));
    by.into_iter().chain(filled(state).map(words)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_state_is_worded_and_unknown_state_shown_as_received() {
        assert_eq!(words("Benign"), "Nothing malicious was found");
        assert_eq!(words("InnerFailure"), "Defender says: Inner failure");
        assert_eq!(words("a\u{202e}b"), "Defender says: a\\u{202e}b");
    }
}
