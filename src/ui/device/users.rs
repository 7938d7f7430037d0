//! The users logged on to the device in the panel.

use egui::{RichText, Ui};

use crate::model::{LoggedOnUser, MachineId, PanelPart, clean};
use crate::ui::device::parts::{Words, list_ui};
use crate::ui::theme::{Role, text};
use crate::ui::widgets::{Icon, TipExt as _, UiExt as _, badge};
use crate::ui::{Cx, words};

const NAME_CHARS: usize = 80;
const TYPES_CHARS: usize = 120;

/// Shows the users, the most recent log-on first.
pub fn users_ui(ui: &mut Ui, cx: &Cx<'_>, id: &MachineId) {
    let users = cx.state.panels.get(id).map(|panel| &panel.users);
    let words = Words {
        title: "Logged-on users",
        part: PanelPart::Users,
        what: "who is logged on",
        none: "No logged-on users",
    };
    list_ui(ui, cx, &words, users, user_ui);
}

/// The latest user and the number of others, for the summary: `jane.doe (2 more)`.
pub fn newest(cx: &Cx<'_>, id: &MachineId) -> Option<String> {
    let users = &cx.state.panels.get(id)?.users.get()?.items;
    let name = clean(&users.first()?.name, NAME_CHARS);
    Some(match users.len() - 1 {
        0 => name.into_owned(),
        more => format!("{name} ({more} more)"),
    })
}

fn user_ui(ui: &mut Ui, cx: &Cx<'_>, user: &LoggedOnUser) {
    ui.horizontal_wrapped(|ui| {
        ui.wrapped(RichText::new(full_name(user)).text_style(text::strong()));
        if user.is_domain_admin {
            badge(ui, Icon::Warning, Role::Caution, "Domain admin");
        }
        let seen = user.last_seen.map_or_else(
            || "last seen unknown".to_owned(),
            |at| format!("last seen {}", words::ago(at, cx.service_now())),
        );
        let types = user.logon_types.as_deref();
        let types = types.map(logon_types);
        let line: Vec<_> = [Some(seen), types].into_iter().flatten().collect();
        let line = ui.small_label(line.join(" · "));
        if let Some(at) = user.last_seen {
            line.tip(words::both_times(at, &cx.state.zone));
        }
    });
}

fn full_name(user: &LoggedOnUser) -> String {
    let name = clean(&user.name, NAME_CHARS);
    match user.domain.as_deref() {
        Some(domain) => format!("{}\\{name}", clean(domain, NAME_CHARS)),
        None => name.into_owned(),
    }
}

/// `RemoteInteractive, Network` in plain English.
fn logon_types(types: &str) -> String {
    let types: Vec<_> = types.split(", ").map(words::spaced).collect();
    clean(&types.join(", "), TYPES_CHARS).into_owned()
}
