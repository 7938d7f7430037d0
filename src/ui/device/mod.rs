//! The panel of one device.

pub(in crate::ui) mod actions;
pub(in crate::ui) mod alerts;
pub(in crate::ui) mod compare;
pub(in crate::ui) mod facts;
pub(in crate::ui) mod marks;
pub(in crate::ui) mod panel;
pub(in crate::ui) mod parts;
pub(in crate::ui) mod portal;
pub(in crate::ui) mod rank;
pub(in crate::ui) mod state_hint;
pub(in crate::ui) mod state_section;
pub(in crate::ui) mod timeline;
pub(in crate::ui) mod users;
