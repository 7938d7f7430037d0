//! How a person has arranged the window: what is remembered from one run to the next.

use super::variants;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use strum::VariantArray;

/// A sortable column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, VariantArray)]
pub enum Column {
    #[default]
    Name,
    State,
    Health,
    Risk,
    Exposure,
    Os,
    LastSeen,
    Tags,
    Group,
    Addresses,
}

impl Column {
    pub const ALL: [Self; Self::VARIANTS.len()] = variants();

    /// The word for it in a file.
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

    /// The column of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.word() == word)
    }

    /// A row without its name identifies no device.
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

/// Light, dark, or as the system is set. Its name stands in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum ThemeChoice {
    #[default]
    System,
    Light,
    Dark,
}

/// Window layout as the person left it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WindowLayout {
    pub hidden: BTreeSet<Column>,
    /// Widths of resized columns, in points; a hidden column keeps its width.
    pub widths: BTreeMap<Column, f32>,
    pub sort: Sort,
    pub theme: ThemeChoice,
    /// How wide the device panel was made, in points.
    pub panel_width: Option<f32>,
    /// How high the activities were made, in points.
    pub activity_height: Option<f32>,
}

impl WindowLayout {
    /// How wide a column can be.
    pub const COLUMN: RangeInclusive<f32> = 48.0..=1_000.0;
    /// How wide or high a part of the window can be; the window itself narrows it further.
    const PART: RangeInclusive<f32> = 40.0..=4_000.0;

    #[must_use]
    pub fn shows(&self, column: Column) -> bool {
        !self.hidden.contains(&column)
    }

    /// The layout without impossible values, as the file may come from anywhere.
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
    fn every_column_is_found_by_its_word() {
        for column in Column::ALL {
            assert_eq!(Column::from_word(column.word()), Some(column));
        }
        assert_eq!(Column::from_word("colour"), None);
    }

    #[test]
    fn what_cannot_be_is_put_right() {
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
