//! One approved order, and several, from the intent on disk to the end. In reading order; `task` is
//! the page to begin with.

mod task;

mod preflight;
mod records;
mod send;

mod claim;
mod outcome;

mod lookup;
mod resume;

mod follow;
mod watch;

mod batch;
mod registry;
mod slot;
mod steps;

pub(super) use batch::{stop as stop_batch, submit};
pub(super) use follow::Watched;
pub(super) use lookup::reconcile_late;
pub(super) use registry::{OrderControl, Orders};
pub(super) use resume::resume;
pub(super) use task::control;
pub(super) use watch::run as watch;
