//! Opens a page in the user's browser.

use crate::explain::{Explanation, NextStep};

/// Opens an address that the caller has checked: only `https`, and `http` on loopback.
///
/// # Errors
/// Advice if there is no browser to open.
pub fn open(page: &str) -> Result<(), Explanation> {
    webbrowser::open(page).map_err(|error| {
        let is_sign_in = page.contains("/sign-in/");
        let words = if is_sign_in {
            "Press Copy address, and paste it into a browser yourself"
        } else {
            "Copy the address from the details, and paste it into a browser yourself"
        };
        let next = NextStep::Outside(words.into());
        let mut explanation = Explanation::harmless("No browser could be opened from here", next);
        // A sign-in address contains secrets that must not be shown.
        explanation
            .details
            .extend((!is_sign_in).then(|| page.to_owned()));
        explanation.details.push(error.to_string());
        explanation
    })
}
