//! The integration tests, in one binary.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::too_many_lines,
    reason = "the test harness panics with a message, and waits by the clock"
)]

/// As in the program.
#[global_allocator]
static WIPES_WHAT_IS_FREED: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

mod absence;
mod accounts;
mod architecture;
mod ask;
mod attention;
mod batch;
mod blocks;
mod clocks;
mod command_line;
mod common;
mod contradictions;
mod crash;
mod doctor;
mod drill;
mod evidence;
mod faults;
mod file_facts;
mod files;
mod flows;
mod form;
mod incident;
mod interleavings;
mod interrupt;
mod inversions;
mod investigate;
mod investigations;
mod jobs;
mod journal;
mod journal_page;
mod keyring;
mod keyring_states;
mod kill;
mod licences;
mod lists;
mod local_data;
mod lock_file;
mod matrix;
mod memory;
mod packages;
mod pages;
mod panel;
mod pauses;
mod person;
mod plans;
mod profiles;
mod readme;
mod recovery;
mod restore;
mod rules;
mod secrets;
mod settings;
mod sign_in;
mod slow_disk;
mod table;
mod tables;
mod tags;
mod way_back;
mod workflow;
