//! Whether this account has anything to release or unrestrict, and which releases are in progress.

use crate::state::WayBack;

/// Why this account has nothing to unrestrict, if so.
pub fn why_nothing_restricted(way_back: &WayBack, is_read: bool) -> Option<String> {
    let why = if is_read {
        "The action history shows nothing restricted by you"
    } else {
        "The action history has not been read"
    };
    way_back.to_unrestrict.is_empty().then(|| why.to_owned())
}

/// Why this account has nothing to release, if so.
pub fn why_nothing(way_back: &WayBack, is_read: bool) -> Option<String> {
    let changing = changing(way_back);
    if !way_back.to_release.is_empty() {
        None
    } else if !changing.is_empty() {
        Some(format!("Nothing to release now: {}", changing.join(", ")))
    } else if is_read {
        Some("The action history shows nothing isolated by you".to_owned())
    } else {
        Some("The action history has not been read".to_owned())
    }
}

/// This account's containments that are changing.
pub fn changing(way_back: &WayBack) -> Vec<String> {
    let lifted = way_back.being_lifted;
    let lifted = (lifted > 0).then(|| format!("{lifted} being released"));
    let pending = match way_back.pending {
        0 => None,
        1 => Some("1 request pending, which you can cancel below".to_owned()),
        several => Some(format!(
            "{several} requests pending, which you can cancel below"
        )),
    };
    lifted.into_iter().chain(pending).collect()
}
