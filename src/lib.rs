//! `cordon`: a desktop console for incident responders to contain devices through Microsoft Defender for
//! Endpoint, and to follow every action to its actual end.
//!
//! ```text
//!          UI thread (eframe)                     │        background (tokio, one worker)
//!                                                 │
//!  widgets ──UiCommand──▶ App::run                │               ┌──▶ guard    judged again: may it leave?
//!   ▲ │                      │                    │               │
//!   │ │ Outbox::work         ▼                    │               ├──▶ journal  each record, on disk
//!   │ └────────────────────Command────────────────┼──▶ worker ────┤
//!   │                                             │       │       └──▶ api ──▶ service (or simulator)
//!  views draw                                     │       │
//!  from &State ◀── State::apply ◀──────Event──────┼───────┘
//! ```
//!
//! Keys, the palette and menus raise a [`UiCommand`](ui::commands::UiCommand), which `App::run` executes. A widget's
//! own work for the background, such as a confirmed order, goes straight to the worker as a
//! [`Command`](message::Command). The form of an action is opened in one place, `ui/order/open.rs`: by its button in
//! the panel directly, by its key and its palette row through `App::run`.
//!
//! # The life of one order
//!
//! ```text
//!  form            Draft ──parse──▶ Order                           ui/order/form.rs, action/draft.rs
//!                    │ guard::review, with what is known now        guard/mod.rs, guard/rails.rs
//!                    ▼
//!  confirm         Review ──approve_all──▶ Approval                 ui/order/confirm.rs, guard/batch.rs
//! ── Command::Submit ─────────────────┼────────────────────────────────────────────────────────
//!  batch           send_all        Intended, on disk first          worker/order/batch.rs, journal
//!                    ▼
//!  task            leave           waits for its turn, a call, a    worker/order/task.rs, task/wait.rs
//!                    │  ▲          sign-in; judged again with       worker/order/preflight.rs
//!                    │  │          fresh facts; then Sent, on disk
//!                    │  └── inbox: Withdraw, Insist                 worker/order/registry.rs
//!                    ▼
//!                  attempts.make   the one request                  worker/order/send.rs, api
//!                    │ certainly nothing happened: leave again
//!                    ▼
//!                  outcome         Accepted, Refused, NotOurs,      worker/order/outcome.rs
//!                    │             or Unknown ──▶ lookup reads,     worker/order/lookup.rs
//!                    ▼                            and never sends
//!                  watch, follow   Progress … Finished              worker/order/watched.rs, watch.rs
//! ── Event::Entry, after each record ──────────────────────────────────────────────────────────
//!  screen          State::apply ──▶ row, panel, notice              state/apply.rs, ui
//! ```
//!
//! Which file to change: the table in the README, under "For builders".
//!
//! # Rules
//!
//! Numbered, so that code can point at them; `tests/it/architecture.rs` checks what a type cannot.
//!
//! 1. The UI thread never waits.
//! 2. One submission path: only `worker/order/send.rs` sends a request that changes anything, and it
//!    takes an [`Approval`](guard::Approval), which only [`guard`] can make.
//! 3. Journal first: an order is on disk before its request leaves.
//! 4. No blind repeats: for one order the service executes at most one request. What may have been
//!    executed is *unknown*: it is looked up, never guessed, never sent again.
//! 5. Every failure says what happened, whether anything was changed, and what to do next.
//! 6. Secrets stay in [`auth`]; a token goes only to the host it was issued for.
//! 7. Facts have one writer: [`State::apply`](state::State::apply).
//! 8. The service may surprise us: unknown values are kept and shown.
//! 9. Inference warns, it never blocks.
//! 10. The way back stays open: undoing is never harder than doing.
//! 11. Demo and live never meet: decided once, in `main`.
//! 12. Described once: an action and its key in [`action`], any other command and its key in
//!     [`ui::commands`], a colour in [`ui::theme`], a guardrail in [`guard`]. Keys that move about
//!     in a view (arrows, Enter, Esc) are handled in that view.
//! 13. Colour is never the only carrier of a meaning.
//!
//! # Reading order
//!
//! The modules are listed in groups; none uses a group below its own. For a first look: [`action`]
//! (what can be done), [`message`] (everything that crosses between window and background), [`guard`]
//! (when it refuses), `worker/order/task.rs` (the life of one order), [`state`] (what the screen shows).

#![cfg_attr(
    test,
    allow(
        clippy::too_many_lines,
        reason = "a test's table of cases reads best in one piece"
    )
)]

// The data model, and the system's interfaces.
pub mod model;
mod platform;

// Failures in words, and all access to the disk.
pub mod explain;
pub mod files;

// What can be ordered.
pub mod action;

// When an order is refused, and what is recorded of it.
pub mod guard;
pub mod journal;

// The sign-in, and the rules of the organisation.
pub mod auth;
pub mod settings;

// The client of the service, and the messages between window and background.
pub mod api;
pub mod message;

// The background, and the facts that the window draws.
pub mod state;
pub mod worker;

// Search in these facts.
pub mod search;

// The window.
pub mod ui;

// What runs the window's commands.
pub mod app;

// The built-in tenant, which uses nothing above but the endpoints.
#[cfg(feature = "simulator")]
pub mod simulator;

// What starts the program, and its commands without a window.
pub mod cli;
pub mod crash;
pub mod display;
pub mod doctor;
#[cfg(feature = "simulator")]
pub mod drill;
pub mod journal_command;
pub mod paths;
#[cfg(feature = "simulator")]
pub mod self_test;
pub mod terminal;
