//! Opening a page in the person's browser.

use crate::explain::{Explanation, NextStep};

/// Opens an address. The caller has checked it; only `https`, and `http` on loopback, get here.
///
/// # Errors
/// What to do when there is no browser to open.
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
        // The address of a sign-in carries what must not be shown.
        explanation
            .details
            .extend((!is_sign_in).then(|| page.to_owned()));
        explanation.details.push(error.to_string());
        explanation
    })
}
