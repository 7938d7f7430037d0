//! The window around the console: the first run, its form, and switching tenants.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cordon::app::{App, CliTarget, OpenProfile, Shell};
use cordon::guard::Policy;
use cordon::model::Mode;
use cordon::paths;
use cordon::settings::{FILE_NAME, Settings};
use cordon::simulator::{CLIENT_ID, Simulator};
use cordon::state::State;
use cordon::worker::WorkerHandle;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use crate::common::{TIMEOUT, fill, place, setup_at};

/// The window of a run with profiles, and the tenants it opened.
struct Window {
    harness: Harness<'static, Shell>,
    opened: Arc<Mutex<Vec<String>>>,
}

impl Window {
    fn open(simulator: &Simulator, folder: &Path, asked: Option<&str>) -> Self {
        let (settings, first) = match Settings::read(folder) {
            Ok(settings) => {
                let first = settings.choose(folder, asked);
                (settings, first)
            }
            Err(error) => (Settings::default(), Err(error)),
        };
        let opened: Arc<Mutex<Vec<String>>> = Arc::default();
        let (seen, address, at) = (Arc::clone(&opened), simulator.address(), folder.to_owned());
        let open: OpenProfile = Box::new(move |profile, _| {
            let endpoints = paths::stand_in_for(&address, &profile.registration).expect("loopback");
            seen.lock()
                .expect("whole")
                .push(endpoints.tenant.to_string());
            let mut state = State::new(Mode::StandIn, &endpoints.name, Policy::default());
            state.profile = Some(profile.name.as_str().into());
            let worker = WorkerHandle::spawn(setup_at(endpoints, Mode::StandIn, &at))?;
            let mut app = App::new(state, worker, jiff::tz::TimeZone::UTC, "");
            app.offer_profiles(&Settings::read(&at).unwrap_or_default());
            Ok(app)
        });
        let folder = folder.to_owned();
        let named = CliTarget {
            stand_in: None,
            asked: asked.map(str::to_owned),
        };
        let harness = Harness::builder()
            .with_size([1400.0, 900.0])
            .with_step_dt(0.1)
            .with_context_setup(cordon::ui::prepare)
            .build_eframe(move |cc| {
                Shell::new(folder, open, first, &settings, named, &cc.egui_ctx)
            });
        Self { harness, opened }
    }

    fn shows(&self, text: &str) -> bool {
        let mut found = self.harness.query_all_by_label_contains(text);
        found.next().is_some()
    }

    fn until(&mut self, text: &str) {
        self.step_until(text, |window| window.shows(text));
    }

    fn step_until(&mut self, what: &str, reached: impl Fn(&Self) -> bool) {
        let until = Instant::now() + TIMEOUT;
        self.harness.step();
        while !reached(self) {
            assert!(Instant::now() < until, "waited in vain for “{what}”");
            std::thread::sleep(Duration::from_millis(5));
            self.harness.step();
        }
    }

    fn click(&mut self, label: &str) {
        self.until(label);
        self.harness.get_by_label(label).scroll_to_me();
        self.harness.run_steps(3);
        self.harness.get_by_label(label).click();
        self.harness.run_steps(2);
    }

    fn fill(&mut self, label: &str, text: &str) {
        fill(&mut self.harness, label, text);
        self.harness.step();
    }

    fn opened(&self) -> Vec<String> {
        self.opened.lock().expect("whole").clone()
    }
}

#[test]
fn first_run_validates_while_typing_and_continues_from_the_form() {
    let (simulator, folder) = place();
    let mut window = Window::open(&simulator, folder.path(), None);
    window.until("Which tenant does cordon work in?");
    assert!(!window.shows("is missing"), "nothing typed, nothing wrong");
    window.fill("Tenant", "https://contoso.com");
    window.until("This is not a valid domain");
    window.fill("Tenant", "common");
    window.until("This names no single tenant");
    window.fill("Tenant", "Contoso.com");
    window.fill("Client id", "0b6d5c1e");
    window.until("This is not a client id");
    window.fill("Permissions", ".default Machine.Read");
    window.until("refuses both together");
    window.fill("Permissions", "Machine.Read Machine.Isolate");
    window.click("Cloud: GCC High");
    window.until("Signs in at login.microsoftonline.us, calls api-gov.securitycenter.microsoft.us");
    assert!(!window.shows("Region of the API"));
    window.click("Save and continue");
    window.until("The name is missing");
    assert!(window.opened().is_empty() && !folder.path().join(FILE_NAME).exists());

    window.fill("Name", "contoso");
    window.fill("Client id", CLIENT_ID);
    window.click("Save and continue");
    window.until("Sign in to cordon");
    assert_eq!(window.opened(), ["contoso.com"]);
    let saved = Settings::read(folder.path()).expect("readable");
    let profile = saved
        .choose(folder.path(), None)
        .expect("right")
        .expect("one");
    assert_eq!(profile.name.as_str(), "contoso");
    assert_eq!(
        profile.registration.scopes.to_string(),
        "Machine.Read Machine.Isolate"
    );
}

#[test]
fn damaged_settings_file_is_named_not_overwritten_and_blocks_nothing() {
    let (simulator, folder) = place();
    let file = folder.path().join(FILE_NAME);
    std::fs::write(&file, "[profile.contoso\ncloud = ").expect("written");
    let mut window = Window::open(&simulator, folder.path(), None);
    window.until("The settings file cannot be read");
    window.fill("Name", "contoso");
    window.fill("Tenant", "contoso.com");
    window.fill("Client id", CLIENT_ID);
    window.click("Save and continue");
    window.until("The settings file cannot be read");
    assert_eq!(
        std::fs::read_to_string(&file).expect("there"),
        "[profile.contoso\ncloud = "
    );
    window.click("Use without saving");
    window.until("Sign in to cordon");
    assert_eq!(window.opened(), ["contoso.com"]);
}

#[test]
fn wrong_value_is_shown_with_its_line_and_corrected_in_the_form() {
    let (simulator, folder) = place();
    let file = folder.path().join(FILE_NAME);
    let text = format!("# Ours\n{}", profile("contoso", "Commercial", "contoso"));
    std::fs::write(&file, text).expect("written");
    let mut window = Window::open(&simulator, folder.path(), Some("contoso"));
    window.until("The settings file has a wrong value");
    window.until("line 4: profile.contoso.tenant");
    window.until("This is neither a tenant id");
    window.fill("Tenant", "contoso.com");
    window.click("Save and continue");
    window.until("Sign in to cordon");
    let saved = std::fs::read_to_string(&file).expect("there");
    assert!(
        saved.contains("# Ours\n") && saved.contains("tenant = \"contoso.com\""),
        "{saved}"
    );
}

fn profile(name: &str, cloud: &str, tenant: &str) -> String {
    format!(
        "[profile.{name}]\ncloud = \"{cloud}\"\ntenant = \"{tenant}\"\nclient_id = \"{CLIENT_ID}\"\n"
    )
}

#[test]
fn switching_ends_one_console_and_begins_another_with_nothing_left_over() {
    let (simulator, folder) = place();
    let one = profile("one", "Commercial", "contoso.com");
    let two = profile("two", "GCC", "contoso.onmicrosoft.com");
    let text = format!("default_profile = \"one\"\n{one}{two}");
    std::fs::write(folder.path().join(FILE_NAME), text).expect("written");
    let mut window = Window::open(&simulator, folder.path(), None);
    window.click("Sign in with a code");
    window.until("Enter this code in the browser");
    assert!(simulator.control().approve_latest());
    window.until("FIN-LT-043");
    window.click("Profiles");
    window.until("Use two");
    // Opening the page ends nothing.
    window.click("Back");
    window.until("FIN-LT-043");
    window.click("Profiles");
    window.click("Use two");
    window.until("Sign in to cordon");
    assert!(
        !window.shows("FIN-LT-043"),
        "nothing of the other tenant is left"
    );
    assert_eq!(window.opened(), ["contoso.com", "contoso.onmicrosoft.com"]);
    // An existing name is not overwritten, and the stand-in server is not hidden.
    window.click("Profiles");
    window.until("Add a tenant, or change one");
    window.fill("Name", "one");
    window.until("A profile with this name exists");
    window.click("Back");
    // Back again: without a keyring, the first account is no longer signed in.
    window.click("Profiles");
    window.click("Use one");
    window.until("Sign in to cordon");
    assert_eq!(window.opened().len(), 3);
}

#[test]
fn profile_is_switched_from_the_palette_as_from_its_page() {
    let (simulator, folder) = place();
    let file = folder.path().join(FILE_NAME);
    let one = profile("one", "Commercial", "contoso.com");
    let one = format!("default_profile = \"one\"\n{one}");
    let two = profile("two", "Commercial", "contoso.onmicrosoft.com");
    let both = format!("{one}{two}");
    std::fs::write(&file, &both).expect("written");
    let mut window = Window::open(&simulator, folder.path(), None);
    window.until("Sign in to cordon");
    let choose = |window: &mut Window| {
        let palette = (egui::Modifiers::COMMAND, egui::Key::K);
        window.harness.key_press_modifiers(palette.0, palette.1);
        window.until("Nothing is sent from here");
        window
            .harness
            .event(egui::Event::Text("profile two".to_owned()));
        window.until("Profile: two");
        window.harness.run_steps(10);
        window.harness.key_press(egui::Key::Enter);
        window.harness.run_steps(2);
    };
    // Once the profile is gone, the page says so, and nothing has ended.
    std::fs::write(&file, &one).expect("written");
    choose(&mut window);
    window.until("There is no profile with this name yet");
    assert_eq!(window.opened(), ["contoso.com"]);
    window.click("Back");
    window.until("Sign in to cordon");

    std::fs::write(&file, &both).expect("written");
    choose(&mut window);
    window.step_until("the other one", |window| window.opened().len() == 2);
    assert_eq!(window.opened(), ["contoso.com", "contoso.onmicrosoft.com"]);
    window.until("Sign in to cordon");
}
