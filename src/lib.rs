//! cordon
pub mod explain;
pub mod model;
pub mod action;
pub mod journal;
pub mod guard;
pub mod message;
pub mod state;
