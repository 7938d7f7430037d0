//! The integration tests: one binary, whose list of modules says what belongs where.

mod architecture;
mod common;
mod faults;
mod flows;
mod licences;
mod recovery;
mod sign_in;
mod tables;
