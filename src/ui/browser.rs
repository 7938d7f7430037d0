//! Opening a page in the person's browser.

use crate::explain::{Explanation, NextStep};

/// Opens an address. The caller has checked it; only `https`, and `http` on loopback, get here.
///
/// # Errors
/// What to do when there is no browser to open.
pub fn open(page: &str) -> Result<(), Explanation> {
    webbrowser::open(page).map_err(|error| {
        let words = "Copy the address shown and open it in a browser yourself";
        let next = NextStep::Outside(words.into());
        let mut explanation = Explanation::harmless("No browser could be opened from here", next);
        explanation.details.push(error.to_string());
        explanation
    })
}
