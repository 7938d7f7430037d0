//! Confirming a form.

use super::Console;

impl Console {
    /// Presses a form's button once everything that has to be seen was seen, however late it came.
    pub fn confirm(&mut self, label: &str) {
        self.harness.run_steps(8);
        self.step_until("all to be seen", |c| !c.shows_part("not shown yet"));
        self.click(label);
    }
}
