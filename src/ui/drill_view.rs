//! What is to be known of the exercises of the rehearsal, without how it is drawn.

/// What a person is told before an exercise.
#[derive(Debug, Clone, Copy)]
pub struct Briefing {
    pub name: &'static str,
    pub text: &'static str,
}

/// Who plays exercises and judges them; only the rehearsal has one.
pub trait Coach {
    fn briefings(&self) -> Vec<Briefing>;
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
    /// Which of them goes on.
    pub running: Option<usize>,
    /// What the last one came to.
    pub sheet: Option<String>,
}
