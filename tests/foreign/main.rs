//! The sign-in core with authorization servers of others, and the built-in tenant with a client of others.
//! `tests/run` installs them.
//!
//! A table of what passed is written to `target/foreign/table.md`.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the test harness panics with a message, waits by the clock, and prints for its parent"
)]

mod django_toolkit;
mod harness;
mod msal;
mod oidc_provider;
mod tls;
