//! The list of devices.

pub(in crate::ui) mod absence;
pub(in crate::ui) mod ask_view;
pub(in crate::ui) mod asked;
pub(in crate::ui) mod bulk_selection;
pub(in crate::ui) mod columns;
pub(in crate::ui) mod coverage;
pub(in crate::ui) mod empty;
pub(in crate::ui) mod list_notes;
pub(in crate::ui) mod quick_filters;
pub(in crate::ui) mod row;
pub(in crate::ui) mod saved_searches;
pub(in crate::ui) mod screen;
pub(in crate::ui) mod suggestion_list;
pub(in crate::ui) mod suggestions;
pub(in crate::ui) mod table;
pub(in crate::ui) mod table_head;
pub(in crate::ui) mod table_layout;
