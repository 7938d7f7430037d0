//! The widgets of cordon. They depend on the theme, and not on devices or actions.

pub mod icon;

pub mod arming;
pub mod badge;
pub mod banner;
pub mod bounds;
pub mod button;
pub mod choice;
pub mod copyable;
pub mod dialog;
pub mod elide;
pub mod empty;
pub mod explanation;
pub mod field;
pub mod fold;
pub mod menu;
pub mod page;
pub mod question;
pub mod scroll_bar;
pub mod scroll_names;
pub mod section;
pub mod splitter;
pub mod strip;
pub mod ui_ext;

mod focus;
mod press;
mod tip;

#[cfg(test)]
pub use arming::click_at;
pub use arming::{has_come_under_pointer, has_just_moved, is_arming};
pub use badge::{badge, headline_ui, live_badge};
pub use banner::{beside_ui, dismissible_ui};
pub use bounds::bounds;
pub use button::{ActionButton, ButtonStyle, button_width};
pub use choice::{checkbox_ui, radio_ui};
pub use copyable::{copy_button_ui, copy_labelled_ui, copyable_ui};
pub use dialog::{Dialog, DialogResponse};
pub use elide::{elided, elided_ui, text_width};
pub use empty::empty_state_ui;
pub use explanation::ExplanationView;
pub use field::{TextField, select_all};
pub use focus::{acts_on_other_row, keep_focus_in_view, take_escape};
pub use fold::{fold_ui, foldable_ui};
pub use icon::{Icon, icon, paint_icon};
pub use menu::menu_ui;
pub use page::{back_ui, page_ui};
pub use press::{confirming_keys, take_confirming_key};
pub use question::{Decision, closing_ui};
pub use scroll_bar::sideways_bar_ui;
pub use section::{Reserved, raised_frame, raised_ui, reserve, section_ui, top_panel_ui};
pub use splitter::{Split, splitter_ui};
pub use strip::{StripLook, plate_width, strip_plate_ui, strip_ui, strip_well_ui};
pub use tip::{TipExt, keep_readable};
pub use ui_ext::UiExt;

#[cfg(test)]
mod tests;
