//! The released program on a real display, with a real keyring, worked from outside.
//!
//! `tests/run` installs what this needs and runs it; plain `cargo test` leaves it out. Each test has its
//! own desktop, so they may run in parallel. Pictures, accessibility trees and logs of the last run are in
//! `target/desktop-pictures`.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::too_many_lines,
    reason = "a test ends with a message, and waits by the real clock"
)]

/// Access to a window through the accessibility bus.
mod a11y;
/// The program without a window.
mod command_line;
/// The console under test, and a user's steps in it.
mod console;
/// A full disk, and a read-only one.
mod disk;
/// The whole job without a pointer.
mod keyboard;
/// With a real keyring, and without one.
mod keyring;
/// Light and dark.
mod look;
/// Desktop notifications.
mod notify;
/// Each page in the accessibility tree.
mod pages;
/// A user's browser.
#[path = "../it/person.rs"]
mod person;
/// A plan on several devices, with power cuts.
mod plan;
/// Recovery after a crash, and after a lost response.
mod recovery;
/// A private desktop: display, window manager, message bus, accessibility bus.
mod session;
/// The built-in tenant as a server.
mod tenant;
/// The console on Wayland.
mod wayland;
/// From sign-in to an isolated device, and back.
mod window;
