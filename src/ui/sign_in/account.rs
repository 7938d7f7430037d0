//! Permissions of the current sign-in: shown after signing in, and in the account dialog.

use egui::{Id, RichText, Ui};

use crate::action::ActionKind;
use crate::message::Command;
use crate::model::{Account, Permission, Permissions, clean};
use crate::ui::Cx;
use crate::ui::activity::open_work::{Ending, OpenOrders};
use crate::ui::commands::UiCommand;
use crate::ui::concerns::concerns_ui;
use crate::ui::layout::LOW;
use crate::ui::theme::{Role, TokensExt as _};
use crate::ui::widgets::{
    ActionButton, Decision, Dialog, Icon, UiExt as _, badge, closing_ui, copyable_ui,
    dismissible_ui, icon, section_ui, top_panel_ui,
};

/// Purpose of each permission, in screen words, reading first.
fn uses() -> Vec<(Permission, String)> {
    let reading = "see devices and follow actions".to_owned();
    let mut uses = vec![(Permission::MachineRead, reading)];
    let specs = || ActionKind::ALL.iter().map(|kind| kind.spec());
    for permission in specs().map(|spec| &spec.permission) {
        if uses.iter().all(|(known, _)| known != permission) {
            let with_it = specs().filter(|spec| spec.permission == *permission);
            let mut abilities: Vec<&str> = with_it.map(|spec| spec.ability).collect();
            abilities.dedup();
            uses.push((permission.clone(), listed(&abilities)));
        }
    }
    uses
}

/// In a sentence: `isolate, release and contain`.
fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

/// Abilities with these permissions, and missing ones, in a sentence each.
struct Allowed {
    can: String,
    /// A shorter `can`, if nothing is missing.
    can_in_short: String,
    /// Missing abilities, each with the permission it needs.
    cannot: Vec<String>,
}

impl Allowed {
    fn of(permissions: &Permissions) -> Self {
        let holds = |permission: &Permission| permissions.holds(std::slice::from_ref(permission));
        let granted = |permission: &Permission| {
            holds(permission) == Some(true)
                || *permission == Permission::MachineRead
                    && holds(&Permission::MachineReadWrite) == Some(true)
        };
        if *permissions == Permissions::Unknown {
            let can = "This sign-in does not say what it allows: Defender decides when you try";
            return Self {
                can: can.into(),
                can_in_short: can.into(),
                cannot: Vec::new(),
            };
        }
        let uses = uses();
        let can: Vec<&str> = uses
            .iter()
            .filter(|(permission, _)| granted(permission))
            .map(|(_, what)| what.as_str())
            .collect();
        let has_all = can.len() == uses.len();
        let can = if can.is_empty() {
            "This sign-in allows nothing in cordon".into()
        } else {
            format!("You can {}", can.join(", "))
        };
        Self {
            can_in_short: if has_all {
                "You can see devices and use every action".into()
            } else {
                can.clone()
            },
            can,
            cannot: uses
                .iter()
                .filter(|(permission, _)| !granted(permission))
                .map(|(permission, what)| {
                    if *permission == Permission::MachineRead {
                        format!("You cannot see any device or follow any action: {permission} is not granted. An administrator has to add it and grant consent")
                    } else {
                        format!("You cannot {what}: {permission} is not granted")
                    }
                })
                .collect(),
        }
    }
}

/// The account that has just signed in, with its permissions, until dismissed.
fn newcomer<'a>(cx: &Cx<'a>) -> Option<(&'a Account, &'a Permissions)> {
    let session = &cx.state.session;
    let signed_in = session.account().zip(session.permissions());
    signed_in.filter(|_| cx.views.sign_ins_seen < cx.state.sign_ins)
}

/// Whether to report that this sign-in lacks something, or that this console is look-only.
fn lacks(cx: &Cx<'_>, permissions: &Permissions) -> bool {
    cx.state.policy.read_only || !Allowed::of(permissions).cannot.is_empty()
}

/// Text of the welcome while shown, if this sign-in lacks something.
pub fn welcome_words(cx: &Cx<'_>) -> Option<String> {
    let (account, permissions) = newcomer(cx).filter(|(_, granted)| lacks(cx, granted))?;
    let mut words = vec![format!("Signed in as {}", account.label())];
    words.extend(Allowed::of(permissions).cannot);
    Some(words.join(". "))
}

/// Text of the welcome while shown, if it lacks nothing.
pub fn passing_welcome(cx: &Cx<'_>) -> Option<String> {
    let (account, permissions) = newcomer(cx).filter(|(_, granted)| !lacks(cx, granted))?;
    let allowed = Allowed::of(permissions).can_in_short;
    Some(format!("Signed in as {}. {allowed}", account.label()))
}

/// Shows once after signing in what this account may not do.
pub fn welcome_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let newcomer = newcomer(cx).filter(|(_, granted)| lacks(cx, granted));
    let Some((account, permissions)) = newcomer else {
        return;
    };
    let allowed = Allowed::of(permissions);
    let tokens = ui.tokens();
    top_panel_ui(ui, "welcome", |ui| {
        let words = |ui: &mut Ui| {
            let (shape, colour) = if allowed.cannot.is_empty() {
                (Icon::Info, tokens.accent)
            } else {
                (Icon::Warning, tokens.caution)
            };
            icon(ui, shape, colour);
            let who = format!("Signed in as {}", account.label());
            ui.strong_label(who);
            // In a low window only what is missing is shown.
            if ui.ctx().content_rect().height() >= LOW {
                let can = if cx.state.policy.read_only {
                    "This console was started read-only: you can look, and order nothing"
                } else {
                    &allowed.can_in_short
                };
                ui.label(can);
            }
            for missing in &allowed.cannot {
                ui.label(RichText::new(missing).color(tokens.caution));
            }
        };
        if dismissible_ui(ui, "welcome", words) {
            cx.views.sign_ins_seen = cx.state.sign_ins;
        }
    });
}

/// Draws the account dialog; returns whether it stays open.
pub fn account_ui(ui: &Ui, cx: &mut Cx<'_>) -> bool {
    let dialog = Dialog::new(Id::unique("account"), "This sign-in").plain();
    dialog.show_until(ui.ctx(), |ui, is_opening| {
        let mut closes = false;
        ui.horizontal_wrapped(|ui| {
            closes = closing_ui(ui, "Close", is_opening);
            let page = &cx.state.sign_out_page;
            let browser = ActionButton::new("Sign out in the browser")
                .icon(Icon::OpenElsewhere)
                .hint("Your browser stays signed in; this opens the page that signs it out");
            if !page.is_empty() && ui.add(browser).clicked() {
                cx.out.open_page = Some(page.to_string());
            }
            for command in [UiCommand::SwitchProfile, UiCommand::SignOut] {
                closes |= cx.command_ui(ui, command);
            }
        });
        facts_ui(ui, cx);
        closes
    })
}

/// Asks before signing out, naming the consequences for open actions; returns whether the dialog stays
/// open.
pub fn confirm_sign_out_ui(ui: &Ui, cx: &mut Cx<'_>) -> bool {
    let concerns = OpenOrders::of(cx.state).concerns(Ending::SignOut);
    let title = (concerns.first()).map_or("Sign out?", |first| first.what.as_str());
    let (what, label) = if concerns.is_empty() {
        let what = "cordon forgets this sign-in and the device list it has kept";
        (what.to_owned(), "Sign out now")
    } else {
        let what: Vec<_> = concerns.iter().map(|c| c.consequence).collect();
        (what.join(". "), "Sign out anyway")
    };
    let dialog = Dialog::new(Id::unique("confirm sign-out"), title).description(&what);
    let leave = ActionButton::primary(label);
    let decision = dialog.ask(ui.ctx(), "Stay signed in", leave, |ui| {
        if concerns.is_empty() {
            ui.wrapped(&what);
        }
        concerns_ui(ui, &concerns);
    });
    if decision == Decision::Act {
        cx.out.work.push(Command::SignOut);
    }
    decision == Decision::Pending
}

fn facts_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let state = cx.state;
    if let Some(account) = state.session.account() {
        section_ui(ui, &account.label());
        if let Some(name) = &account.display_name {
            ui.label(clean(name, 120));
        }
        ui.label("Tenant");
        copyable_ui(ui, "tenant", account.tenant_id.as_str());
        ui.label("Object id");
        copyable_ui(ui, "object id", &account.object_id);
    }
    ui.label(clean(&state.target, 80));
    if let Some(profile) = &state.profile {
        ui.label(format!("Profile {}", clean(profile, 40)));
    }
    let Some(permissions) = state.session.permissions() else {
        return;
    };
    section_ui(ui, "What it allows");
    let allowed = Allowed::of(permissions);
    badge(ui, Icon::Info, Role::Neutral, &allowed.can);
    for missing in &allowed.cannot {
        badge(ui, Icon::Warning, Role::Caution, missing);
    }
    if let Permissions::Known(granted) = permissions {
        let names: Vec<&str> = granted.iter().map(Permission::as_wire).collect();
        copyable_ui(ui, "permissions granted", &names.join(" "));
    }
    ui.wrapped("You also need roles in the Defender portal with access to the device's group; cordon learns of a missing one only when an action is refused:");
    for line in roles() {
        ui.wrapped(line);
    }
}

/// Each portal role that an action here needs, and its purpose.
fn roles() -> Vec<String> {
    let mut titles: Vec<(String, Vec<&str>)> = vec![("View data".into(), vec!["the devices"])];
    for kind in ActionKind::ALL {
        let spec = kind.spec();
        let role = spec.roles.join(" or ");
        match titles.iter_mut().find(|(known, _)| *known == role) {
            Some((_, titles)) => titles.push(spec.title),
            None => titles.push((role, vec![spec.title])),
        }
    }
    let lines = titles.into_iter();
    lines
        .map(|(role, titles)| format!("{role}: {}", titles.join(", ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::ui::sign_in::account::*;

    #[test]
    fn each_portal_role_has_its_purpose() {
        let lines = roles();
        for &kind in ActionKind::ALL {
            let spec = kind.spec();
            let is_said = |line: &&String| {
                line.contains(spec.title) && spec.roles.iter().all(|role| line.contains(role))
            };
            assert_eq!(lines.iter().filter(is_said).count(), 1, "{kind:?}");
        }
    }

    #[test]
    fn permission_of_every_action_has_its_purpose() {
        for &kind in ActionKind::ALL {
            let spec = kind.spec();
            let is_said = |(known, what): &(Permission, String)| {
                *known == spec.permission && what.contains(spec.ability)
            };
            assert!(uses().iter().any(is_said), "{kind:?}");
        }
    }

    #[test]
    fn missing_permissions_are_named_and_reading_comes_first() {
        let allowed = Allowed::of(&Permissions::from_scopes("Machine.Isolate"));
        assert_eq!(
            allowed.can,
            "You can isolate, release, contain and release containments"
        );
        assert!(allowed.cannot[0].contains("Machine.Read is not granted"));
        assert_eq!(allowed.cannot.len(), uses().len() - 1);
        let more = Allowed::of(&Permissions::from_scopes("Machine.ReadWrite Machine.Scan"));
        assert_eq!(
            more.can,
            "You can see devices and follow actions, run antivirus scans, change tags"
        );
        assert_eq!(more.can, more.can_in_short);
        let unknown = Allowed::of(&Permissions::Unknown);
        assert!(unknown.cannot.is_empty() && unknown.can.contains("does not say"));
    }
}
