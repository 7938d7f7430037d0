//! State of the demo's exercises, as data.

use jiff::Timestamp;

/// Briefing before an exercise.
#[derive(Debug, Clone, Copy)]
pub struct Briefing {
    pub name: &'static str,
    /// The task in one sentence.
    pub task: &'static str,
    pub text: &'static str,
}

/// Runs and scores exercises; only the demo has one.
pub trait DrillRunner {
    fn briefings(&self) -> Vec<Briefing>;
    /// Changes on an exercise's devices since the tenant started, as text; starting the exercise undoes
    /// them.
    fn leftovers(&self, at: usize) -> Vec<String>;
    fn begin(&mut self, at: usize);
    /// Ends the exercise. Its score sheet is available later.
    fn end(&mut self);
    /// The score sheet, returned once.
    fn take_sheet(&mut self) -> Option<String>;
}

/// Request to start or end an exercise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrillRequest {
    Begin(usize),
    End,
}

/// State of the exercises.
#[derive(Debug, Default)]
pub struct DrillView {
    pub briefings: Vec<Briefing>,
    /// Leftovers on each exercise's devices, which starting it would undo.
    pub leftovers: Vec<Vec<String>>,
    pub running: Option<Running>,
    /// Whether the last exercise has ended and is being scored.
    pub is_scoring: bool,
    /// Score sheet of the last exercise.
    pub sheet: Option<String>,
}

/// The running exercise, and when it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    pub at: usize,
    pub since: Timestamp,
}
