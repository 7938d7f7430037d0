//! Window layout, remembered from one run to the next.

use super::variants;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use strum::VariantArray;

/// A sortable column of the table; variants are in screen order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, VariantArray)]
pub enum Column {
    #[default]
    Name,
    State,
    Health,
    Risk,
    LastSeen,
    Os,
    Exposure,
    Tags,
    Group,
    Addresses,
}

impl Column {
    pub const ALL: [Self; Self::VARIANTS.len()] = variants();

    /// The column's name in the settings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::State => "state",
            Self::Health => "health",
            Self::Risk => "risk",
            Self::Exposure => "exposure",
            Self::Os => "os",
            Self::LastSeen => "last_seen",
            Self::Tags => "tags",
            Self::Group => "group",
            Self::Addresses => "addresses",
        }
    }

    /// The column of this name.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.word() == word)
    }

    /// Whether the column can be hidden: a row without a name identifies no device.
    #[must_use]
    pub fn can_be_hidden(self) -> bool {
        self != Self::Name
    }
}

/// Sort order of the device list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sort {
    pub column: Column,
    pub descending: bool,
}

/// Light, dark, or following the system. The names are stored on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum ThemeChoice {
    #[default]
    System,
    Light,
    Dark,
}

/// Window layout chosen by the user.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WindowLayout {
    pub hidden: BTreeSet<Column>,
    /// Widths of resized columns, in points; a hidden column keeps its width.
    pub widths: BTreeMap<Column, f32>,
    pub sort: Sort,
    pub theme: ThemeChoice,
    /// Width of the device panel, in points.
    pub panel_width: Option<f32>,
    /// Height of the activity list, in points.
    pub activity_height: Option<f32>,
}

impl WindowLayout {
    /// Range of column widths, in points.
    pub const COLUMN: RangeInclusive<f32> = 48.0..=1_000.0;
    /// Range of a panel's width or height, in points; the window limits it further.
    const PART: RangeInclusive<f32> = 40.0..=4_000.0;

    #[must_use]
    pub fn shows(&self, column: Column) -> bool {
        !self.hidden.contains(&column)
    }

    /// The layout without invalid values, as the file may come from anywhere.
    #[must_use]
    pub fn sane(mut self) -> Self {
        self.hidden.retain(|column| column.can_be_hidden());
        self.widths.retain(|_, width| width.is_finite());
        for width in self.widths.values_mut() {
            *width = width.clamp(*Self::COLUMN.start(), *Self::COLUMN.end());
        }
        for part in [&mut self.panel_width, &mut self.activity_height] {
            *part = part
                .filter(|size| size.is_finite())
                .map(|size| size.clamp(*Self::PART.start(), *Self::PART.end()));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_found_by_its_name() {
        for column in Column::ALL {
            assert_eq!(Column::from_word(column.word()), Some(column));
        }
        assert_eq!(Column::from_word("colour"), None);
    }

    #[test]
    fn invalid_sizes_are_corrected() {
        let layout = WindowLayout {
            hidden: [Column::Name, Column::Risk].into(),
            widths: [
                (Column::Os, -3.0),
                (Column::Tags, 1e9),
                (Column::Group, f32::NAN),
                (Column::Health, 104.0),
            ]
            .into(),
            panel_width: Some(f32::INFINITY),
            activity_height: Some(1e6),
            ..WindowLayout::default()
        }
        .sane();
        assert!(layout.shows(Column::Name) && !layout.shows(Column::Risk));
        assert_eq!(
            layout.widths,
            [
                (Column::Os, 48.0),
                (Column::Tags, 1_000.0),
                (Column::Health, 104.0)
            ]
            .into()
        );
        assert_eq!(layout.panel_width, None);
        assert_eq!(layout.activity_height, Some(4_000.0));
    }
}
