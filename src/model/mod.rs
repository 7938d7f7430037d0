//! The service's nouns as plain data with their JSON form: no I/O, no window.

mod adapters;
mod age;
mod budget;
mod bytes;
mod cloud;
mod endpoints;
mod file;
mod host;
mod http_time;
mod ids;
mod indicator;
mod listed;
pub mod loose;
mod mac;
mod machine;
mod machine_action;
mod memory_budget;
mod normal;
mod open_enum;
mod panel;
mod question;
mod random;
mod refusal_code;
mod registration;
mod search_text;
mod search_words;
mod session;
mod spelling;
mod text;
mod ticket;
mod variants;
mod window;

pub use adapters::Adapters;
pub use age::{
    IN_THE_FUTURE, age_text, clock_text, duration_text, is_outdated, shifted, since_text,
};
pub use budget::{Budget, PageDelay};
pub use bytes::{HeapBytes, on_heap};
pub use cloud::{Cloud, Region};
pub use endpoints::{
    Endpoints, LOOPBACK_NAME, NotLoopback, is_loopback, is_within, loopback_addresses,
};
pub use file::{AlertFile, FileFacts, Seen, hash_digits, hex};
pub use host::Host;
pub use http_time::{http_date, retry_after_secs};
pub use ids::{EntryId, IdError, MachineActionId, MachineId, TenantId, tag_last, without_tag};
pub use indicator::{Indicator, IndicatorAction, MAX_INDICATORS, concerns_indicator_limit};
pub use listed::Listed;
pub use mac::MacAddress;
pub use machine::{
    EVERYWHERE, ExposureLevel, HealthStatus, Machine, MachineRef, Merge, OnboardingStatus,
    OsFamily, RiskScore,
};
pub use machine_action::{
    HResult, MachineAction, MachineActionStatus, MachineActionType, PENDING_APPROVAL,
};
pub use memory_budget::{MORE_THAN_KEPT, MemoryBudget};
#[cfg(test)]
pub use normal::tests::odd_text;
pub use normal::{NameOddity, host_part, normal, normal_name, same_name, short_name, skeleton};
pub use panel::{
    Alert, AlertSeverity, AlertStatus, Availability, AvailableActions, LoggedOnUser, PanelPart,
};
pub use question::{Question, pasted_ids};
pub use random::fraction;
pub use refusal_code::{RefusalCode, concerns_licence};
pub use registration::{ClientId, Registration, Scopes, TenantName, is_guid};
pub use search_text::{forms, is_plain, search_text};
pub use search_words::{
    SearchWord, holds_word, search_words, toggled_word, without_excluded, written_words,
};
pub use session::{
    Account, BrowserPrompt, BrowserSeen, Epoch, KeyringState, Mode, Permission, Permissions, Retry,
    SessionStatus, SignInMethod, SignInPrompt, Unfamiliar,
};
pub use spelling::{os_name, spaced};
pub use text::{
    SHOWN_CHARS, UNKNOWN_REQUESTOR, clean, each_once, filled, first_lower, first_named,
    first_upper, grouped, is_hidden, requestor_name, requestors, visible,
};
pub use ticket::{Tickets, clean_ticket, leading, names_ticket};
pub use variants::variants;
pub use window::{Column, Sort, ThemeChoice, WindowLayout};
