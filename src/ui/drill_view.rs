//! What is to be known of the exercises of the rehearsal, without how it is drawn.

use jiff::Timestamp;

/// What a person is told before an exercise.
#[derive(Debug, Clone, Copy)]
pub struct Briefing {
    pub name: &'static str,
    /// What is to be done, in a sentence.
    pub task: &'static str,
    pub text: &'static str,
}

/// Who plays exercises and judges them; only the rehearsal has one.
pub trait Coach {
    fn briefings(&self) -> Vec<Briefing>;
    /// What is on the devices of an exercise that was not there at first, in words; beginning it puts
    /// that back.
    fn worn(&self, at: usize) -> Vec<String>;
    fn begin(&mut self, at: usize);
    /// Ends the exercise; its sheet comes later.
    fn end(&mut self);
    /// The sheet, once.
    fn take_sheet(&mut self) -> Option<String>;
}

/// What is to be done with the exercises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrillRequest {
    Begin(usize),
    End,
}

/// How the exercises go.
#[derive(Debug, Default)]
pub struct DrillView {
    pub briefings: Vec<Briefing>,
    /// What each would put back.
    pub worn: Vec<Vec<String>>,
    pub running: Option<Running>,
    /// The last one has ended, and its score is being made up.
    pub is_scoring: bool,
    /// What the last one came to.
    pub sheet: Option<String>,
}

/// The exercise that goes on: which one, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    pub at: usize,
    pub since: Timestamp,
}
