//! The one way in which a row of the list becomes the selected device.

use crate::ui::Cx;

/// Origin of a selection.
#[derive(Clone, Copy)]
pub enum SelectedBy {
    /// By a click or Enter: the panel opens.
    Chosen,
    /// By an arrow key, on the way to somewhere.
    Walked,
}

/// Pins the device of a row.
pub fn select(cx: &mut Cx<'_>, index: usize, by: SelectedBy) {
    let Some(machine) = cx.views.rows.machine(cx.state, index) else {
        return;
    };
    cx.views.walked_to = match by {
        SelectedBy::Chosen => None,
        SelectedBy::Walked => Some(machine.id.clone()),
    };
    cx.views.selected = Some(machine.reference());
    cx.views.scroll_to_selection = true;
}
