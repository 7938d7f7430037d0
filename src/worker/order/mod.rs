//! Approved orders, alone or in a batch, from the intent on disk to the final status. The modules are in
//! reading order; start with `task`.

mod task;

mod preflight;
mod records;
mod send;

mod attribution;
mod effect;
mod outcome;

mod late;
mod lookup;
mod resume;

mod watch;
mod watched;

mod batch;
mod registry;
mod slot;
mod steps;

pub(super) use batch::{stop as stop_batch, submit};
pub(super) use late::reconcile_late;
pub(super) use registry::{OrderControl, Orders};
pub(super) use resume::resume;
pub(super) use task::control;
pub(super) use watch::run as watch;
pub(super) use watched::Watched;
