//! View state of an incident's page.

use std::sync::Arc;

use crate::model::clean_ticket;
use crate::search::{Incident, JournalQuery, JournalRows, tickets};
use crate::state::State;

/// The typed ticket and its matches.
#[derive(Debug, Default)]
pub struct IncidentView {
    pub typed: String,
    /// Whether the shortcut of the page was pressed: the field is focused and its text selected.
    pub is_called: bool,
    rows: JournalRows,
    made: Option<Made>,
    incident: Arc<Incident>,
    tickets: (u64, Arc<[String]>),
}

/// Inputs that an incident was gathered from.
#[derive(Debug, PartialEq, Eq)]
struct Made {
    ticket: String,
    revision: u64,
}

impl IncidentView {
    /// The ticket searched for; empty if none is typed.
    #[must_use]
    pub fn ticket(&self) -> String {
        clean_ticket(&self.typed)
    }

    /// Continues the search; returns the incident so far, and whether it is up to date.
    pub fn advance(&mut self, state: &State) -> (Arc<Incident>, bool) {
        let ticket = self.ticket();
        if ticket.is_empty() {
            return (Arc::default(), true);
        }
        let query = JournalQuery {
            // Quoted: a blank would separate words, and a hyphen would exclude one.
            ticket: format!("\"{}\"", ticket.replace('"', " ")),
            ..JournalQuery::default()
        };
        self.rows.advance(state, &query);
        let is_up_to_date = self.rows.is_up_to_date(state);
        let revision = state.revision();
        let made = Made { ticket, revision };
        let is_other = (self.made.as_ref()).is_none_or(|known| known.ticket != made.ticket);
        if is_other {
            // Nothing of another incident is shown under this ticket.
            self.incident = Arc::default();
        }
        if is_up_to_date && self.made.as_ref() != Some(&made) {
            let entries = self.rows.entries(state);
            self.incident = Arc::new(Incident::gather(state, &made.ticket, entries));
            self.made = Some(made);
        } else if is_other {
            self.made = None;
        }
        (Arc::clone(&self.incident), is_up_to_date)
    }

    /// The tickets to choose from, gathered after each change.
    pub fn tickets(&mut self, state: &State) -> Arc<[String]> {
        if self.tickets.0 != state.revision() {
            self.tickets = (state.revision(), tickets(state).into());
        }
        Arc::clone(&self.tickets.1)
    }
}
