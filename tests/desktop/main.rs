//! The released program on a real display, with a real keyring, worked from outside.
//!
//! `tests/run` installs what this needs and runs it; plain `cargo test` leaves it out.
//! Each test has a desktop of its own, so they may run side by side. Pictures, accessibility trees and logs
//! of the last run are in `target/desktop-pictures`.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::too_many_lines,
    reason = "a test ends with a message, and waits by the real clock"
)]

/// Reads and works a window through the accessibility bus.
mod a11y;
/// What the program does without a window.
mod command_line;
/// The console under test, and what a person does in it.
mod console;
/// A full disk, and one that cannot be written.
mod disk;
/// The whole job without a pointer.
mod keyboard;
/// What the keyring remembers, and what happens without one.
mod keyring;
/// Light and dark.
mod look;
/// What reaches a person who looks elsewhere.
mod notify;
/// Each page as a screen reader has it.
mod pages;
/// What a person's browser does.
#[path = "../it/person.rs"]
mod person;
/// A plan on several devices, and power cuts in the middle of it.
mod plan;
/// After a crash, and after an answer that never came.
mod recovery;
/// A private desktop: display, window manager, message bus, accessibility bus.
mod session;
/// The built-in tenant as a server.
mod tenant;
/// What a person does on Wayland, and what goes from window to window there.
mod wayland;
/// From sign-in to a contained device, and back.
mod window;
