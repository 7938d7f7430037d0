//! The columns of the table, and the menu that hides and shows them.

use egui::{Ui, WidgetInfo, accesskit};

use crate::model::Column;
use crate::ui::theme::TokensExt as _;
use crate::ui::views::Views;
use crate::ui::widgets::{ActionButton, Icon, checkbox_ui, menu_ui};

/// Heading and initial width of a column.
pub const fn head(column: Column) -> (&'static str, f32) {
    match column {
        Column::Name => ("Device", 232.0),
        Column::State => ("State", 168.0),
        Column::Health => ("Health", 104.0),
        Column::Risk => ("Risk", 100.0),
        Column::LastSeen => ("Last seen", 84.0),
        Column::Os => ("OS", 96.0),
        Column::Exposure => ("Exposure", 88.0),
        Column::Tags => ("Tags", 110.0),
        Column::Group => ("Group", 130.0),
        Column::Addresses => ("Addresses", 170.0),
    }
}

/// Minimum width of the row for a labelled button.
const NARROW: f32 = 480.0;

/// Shows the button with its menu.
pub fn columns_ui(ui: &mut Ui, views: &mut Views) {
    let button = if ui.max_rect().width() < NARROW {
        ActionButton::icon_only(Icon::Settings, "Columns")
    } else {
        ActionButton::new("Columns")
    };
    let button = ui.add(button.hint("Chooses what the table shows"));
    menu_ui(&button, "Columns", |ui| {
        choices_ui(ui, views);
        false
    });
}

fn choices_ui(ui: &mut Ui, views: &mut Views) {
    ui.spacing_mut().interact_size.y = ui.tokens().height.control;
    let optional = Column::ALL.into_iter().filter(|it| it.can_be_hidden());
    for column in optional {
        let (title, _) = head(column);
        let mut is_shown = views.layout.shows(column);
        let response = checkbox_ui(ui, &mut is_shown, title);
        let name = format!("Show column {title}");
        response.widget_info(|| {
            WidgetInfo::selected(accesskit::Role::CheckBox, true, is_shown, name.as_str())
        });
        if response.changed() {
            if is_shown {
                views.layout.hidden.remove(&column);
            } else {
                views.layout.hidden.insert(column);
            }
        }
    }
    let why = (views.layout.hidden.is_empty()).then_some("No column is hidden");
    let all = ActionButton::quiet("Show all columns").disabled_because(why);
    if ui.add(all).clicked() {
        views.layout.hidden.clear();
    }
}
