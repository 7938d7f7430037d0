//! Palette items besides devices and commands: the other profiles, and the fields of the settings.

use super::item::{Item, Row, best_first};
use crate::model::clean;
use crate::search::Fuzzy;
use crate::settings::RuleKey;
use crate::ui::Cx;
use crate::ui::commands::UiCommand;
use crate::ui::settings;

/// The profiles whose name matches.
pub fn profile_rows(cx: &Cx<'_>, fuzzy: &mut Fuzzy) -> Vec<Row> {
    let names = cx.state.profiles.iter();
    best_first(fuzzy, names.map(|name| profile_row(cx, name))).1
}

/// The row that switches to another profile.
pub fn profile_row(cx: &Cx<'_>, name: &str) -> Row {
    let is_current = cx.state.profile.as_deref() == Some(name);
    let in_use = is_current.then(|| "This is the profile in use".to_owned());
    let switching = UiCommand::SwitchProfile;
    let why_not = || switching.availability(cx.state, cx.views, cx.now).err();
    Row {
        why_not: in_use.or_else(why_not),
        ..Row::new(
            Item::Profile(name.to_owned()),
            format!("Profile: {}", clean(name, 60)),
            "Closes the profile in use and opens this one; asks first if that ends something",
        )
    }
}

/// The fields of the settings whose name matches.
pub fn setting_rows(cx: &Cx<'_>, fuzzy: &mut Fuzzy) -> Vec<Row> {
    let keys = RuleKey::ALL.into_iter();
    best_first(fuzzy, keys.map(|key| setting_row(cx, key))).1
}

/// The row that leads to a field of the settings.
pub fn setting_row(cx: &Cx<'_>, key: RuleKey) -> Row {
    let opening = UiCommand::ShowSettings;
    let why_not = opening.availability(cx.state, cx.views, cx.now).err();
    Row {
        why_not: why_not.or_else(|| settings::why_not_there(cx.state, key)),
        ..Row::new(
            Item::Setting(key),
            format!("Setting: {}", settings::label(key)),
            "Opens the settings at this field",
        )
    }
}
