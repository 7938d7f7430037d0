//! Timed exercises on the built-in tenant, with a score. The score comes from the tenant's request
//! log and the journal on disk, never from the window's state.

mod exercise;
mod score;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;

pub use exercise::{EXERCISES, Exercise};
pub use score::{Found, Sheet, score};

use crate::journal::{Entry, Journal};
use crate::simulator::SimControl;
use crate::ui::{Briefing, DrillRunner};

/// Runs exercises on a tenant and scores them.
pub struct Drill {
    control: SimControl,
    journal: PathBuf,
    /// Requests a frame once there is a score sheet.
    request_repaint: Arc<dyn Fn() + Send + Sync>,
    begun: Option<Begun>,
    sheet: Arc<Mutex<Option<String>>>,
}

/// The exercise in progress.
#[derive(Clone)]
struct Begun {
    exercise: &'static Exercise,
    at: Timestamp,
    /// Number of requests before the exercise started.
    requests: usize,
}

impl Drill {
    /// Exercises on this tenant; `journal` is the journal file of the console under test.
    #[must_use]
    pub fn new(
        control: SimControl,
        journal: PathBuf,
        request_repaint: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        Self {
            control,
            journal,
            request_repaint,
            begun: None,
            sheet: Arc::default(),
        }
    }

    /// Scores the current exercise from the requests and journal entries so far; `None` if there is
    /// none. Reads the journal from disk.
    #[must_use]
    pub fn judge(&self) -> Option<Sheet> {
        judge(&self.control, &self.journal, self.begun.as_ref()?)
    }
}

fn judge(control: &SimControl, journal: &Path, begun: &Begun) -> Option<Sheet> {
    let journal = Journal::open_read_only(journal).ok()?;
    let mut entries = journal.entries().ok()?;
    entries.retain(|entry: &Entry| entry.intended_at() >= begun.at);
    let requests = control.requests();
    let found = Found {
        machines: control.machine_ids(),
        requests: requests.get(begun.requests..).unwrap_or_default(),
        actions: &control.actions(),
        entries: &entries,
    };
    Some(score(begun.exercise, &found))
}

impl DrillRunner for Drill {
    fn briefings(&self) -> Vec<Briefing> {
        let all = EXERCISES.iter();
        all.map(|exercise| Briefing {
            name: exercise.name,
            task: exercise.task,
            text: exercise.briefing,
        })
        .collect()
    }

    fn leftovers(&self, at: usize) -> Vec<String> {
        let exercise = EXERCISES.get(at);
        exercise.map_or_else(Vec::new, |exercise| exercise.leftovers(&self.control))
    }

    fn begin(&mut self, at: usize) {
        let Some(exercise) = EXERCISES.get(at) else {
            return;
        };
        exercise.set_up(&self.control);
        self.begun = Some(Begun {
            exercise,
            at: now(),
            requests: self.control.requests().len(),
        });
    }

    /// Runs off the UI thread, which never waits for the disk.
    fn end(&mut self) {
        let Some(begun) = self.begun.take() else {
            return;
        };
        self.control.clear_faults();
        let (control, journal) = (self.control.clone(), self.journal.clone());
        let (sheet, request_repaint) = (Arc::clone(&self.sheet), Arc::clone(&self.request_repaint));
        let judging = move || {
            let text = judge(&control, &journal, &begun).map_or_else(
                || "The journal could not be read, so there is no score".to_owned(),
                |sheet| sheet.to_string(),
            );
            *sheet.lock() = Some(text);
            request_repaint();
        };
        let thread = std::thread::Builder::new().name("drill".into());
        if let Err(error) = thread.spawn(judging) {
            let text =
                format!("This computer could not start a thread, so there is no score: {error}");
            *self.sheet.lock() = Some(text);
        }
    }

    fn take_sheet(&mut self) -> Option<String> {
        self.sheet.lock().take()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this computer's clock says what belongs to an exercise"
)]
fn now() -> Timestamp {
    Timestamp::now()
}
