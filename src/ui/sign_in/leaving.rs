//! The confirmation before switching to another profile.

use egui::{Id, RichText, Ui};

use crate::settings::Profile;
use crate::ui::concerns::Concern;
use crate::ui::theme::text;
use crate::ui::widgets::{ActionButton, Decision, Dialog, UiExt as _};

/// The profile to switch to, and what that ends or loses in the current one.
#[derive(Debug)]
pub struct Leaving {
    pub to: Profile,
    pub concerns: Vec<Concern>,
}

/// Asks while there is a question; returns the profile once confirmed.
pub fn leaving_ui(ui: &mut Ui, asked: &mut Option<Leaving>) -> Option<Profile> {
    let leaving = asked.take()?;
    let what: Vec<_> = leaving.concerns.iter().map(|c| c.consequence).collect();
    let what = what.join(". ");
    let id = Id::unique("leaving the profile");
    let dialog = Dialog::new(id, "Leave the profile in use?").description(&what);
    let switch = ActionButton::danger("Switch anyway").with_arm_delay();
    let decision = dialog.ask(ui.ctx(), "Stay", switch, |ui| {
        for concern in &leaving.concerns {
            ui.wrapped(RichText::new(&concern.what).text_style(text::strong()));
            ui.wrapped(concern.consequence);
        }
    });
    if decision == Decision::Pending {
        *asked = Some(leaving);
        return None;
    }
    (decision == Decision::Act).then_some(leaving.to)
}

#[cfg(test)]
mod tests {
    use egui::Key;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use crate::settings::{ProfileName, Settings};
    use crate::ui::sign_in::leaving::*;
    use crate::ui::sign_in::profiles::{PageRequest, ProfilesPage, profiles_ui};
    use crate::ui::theme;

    struct World {
        page: ProfilesPage,
        requests: Vec<PageRequest>,
    }

    fn harness() -> Harness<'static, World> {
        let name = ProfileName::parse("one").expect("a name");
        let toml = "[profile.two]\ncloud = \"Commercial\"\ntenant = \"contoso.com\"\nclient_id = \"0b6d5c1e-0000-0000-0000-000000000000\"\n";
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(crate::settings::FILE_NAME), toml).expect("written");
        let settings = Settings::read(folder.path()).expect("readable");
        let to = settings
            .profiles
            .iter()
            .find_map(|(_, read)| read.as_ref().ok());
        let to = to.expect("a profile").clone();
        let mut page = ProfilesPage::new("settings".into(), &settings, Some(name), None);
        let concern = Concern {
            what: "A form is open: Isolate".into(),
            consequence: "What you typed there will be lost",
        };
        page.leaving = Some(Leaving {
            to,
            concerns: vec![concern],
        });
        let requests = Vec::new();
        let mut harness = Harness::builder()
            .with_size(egui::vec2(1000.0, 900.0))
            .with_context_setup(|ctx: &egui::Context| theme::apply(ctx))
            .build_ui_state(
                |ui, world: &mut World| {
                    crate::ui::widgets::keep_focus_in_view(ui.ctx());
                    let request = profiles_ui(ui, &mut world.page);
                    world.requests.extend(request);
                },
                World { page, requests },
            );
        harness.run_steps(5);
        harness
    }

    #[test]
    fn held_enter_does_not_switch_and_the_button_does() {
        let mut held = harness();
        assert!(held.query_by_label("A form is open: Isolate").is_some());
        assert!(held.get_by_label("Stay").is_focused());
        held.key_press(Key::Enter);
        held.run_steps(2);
        assert!(held.state().page.leaving.is_none() && held.state().requests.is_empty());
        let mut escaped = harness();
        escaped.key_press(Key::Escape);
        escaped.run_steps(2);
        let world = escaped.state();
        assert!(world.page.leaving.is_none() && world.requests.is_empty());
        let mut switched = harness();
        switched.get_by_label("Switch anyway").click();
        switched.run_steps(2);
        assert!(matches!(
            switched.state().requests[..],
            [PageRequest::Leave(_)]
        ));
    }

    #[test]
    fn escape_in_a_field_leaves_only_the_field() {
        let mut harness = harness();
        harness.state_mut().page.leaving = None;
        harness.run_steps(2);
        let fields = harness.query_all_by_label("Name");
        fields.last().expect("a field").focus();
        harness.run_steps(2);
        harness.event(egui::Event::Text("contoso".into()));
        harness.run_steps(2);
        harness.key_press(Key::Escape);
        harness.run_steps(2);
        assert!(harness.state().requests.is_empty());
        harness.key_press(Key::Escape);
        harness.run_steps(2);
        assert!(matches!(harness.state().requests[..], [PageRequest::Back]));
    }
}
