//! Device search: pasted text and search words are parsed, a bigram signature rules most devices
//! out, the rest are matched and sorted. Pure, without a window.

mod addresses;
mod bigrams;
mod device_matches;
mod device_state;
mod field;
mod filter;
mod fuzzy;
mod incident;
mod journal_rows;
mod pasted;
mod rows;
mod sort;
mod tally;

pub use addresses::has_address;
pub use device_matches::{DeviceMatches, Found};
pub use device_state::DeviceState;
pub use field::Field;
pub use filter::field_trouble;
pub use fuzzy::Fuzzy;
pub use incident::{Incident, IncidentDevice, IncidentLine, tickets};
pub use journal_rows::{JournalQuery, JournalRows, Outcome};
pub use rows::Rows;
pub use tally::{Quick, Tally};
