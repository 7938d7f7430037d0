//! The sign-in core against authorization servers that nobody here wrote, and the built-in tenant
//! with a client that nobody here wrote. `tests/run` installs them.
//!
//! What passed is written as a table to `target/foreign/table.md`.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the harness around the tests says what it expects, waits by the clock, and tells its parent"
)]

mod django_toolkit;
mod harness;
mod msal;
mod oidc_provider;
mod tls;
