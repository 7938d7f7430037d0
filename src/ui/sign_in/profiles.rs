//! Choice of the tenant: saved profiles, and the form for another one. The first page of a first run.

use std::path::PathBuf;

use egui::{Id, Key, RichText, Role as Kind, Ui, WidgetInfo};

use crate::explain::{Effect, Explanation};
use crate::model::{ClientId, Cloud, Region, Scopes, TenantName, clean};
use crate::settings::{Profile, ProfileName, Settings, WrittenProfile};
use crate::ui::sign_in::leaving::{Leaving, leaving_ui};
use crate::ui::sign_in::registration::steps_ui;
use crate::ui::theme::{Role, TokensExt as _};
use crate::ui::widgets::{
    ActionButton, ExplanationView, Icon, TextField, UiExt as _, badge, copyable_ui, page_ui,
    section_ui, take_escape,
};

const WIDTH: f32 = 760.0;
const NAME: &str = "name of the profile";

/// A request of the user.
#[derive(Debug)]
pub enum PageRequest {
    Use(Profile),
    /// Switches to the profile, with the consequences accepted.
    Leave(Profile),
    /// `instead_of` is its previous name.
    SaveAndUse {
        profile: Profile,
        instead_of: Option<ProfileName>,
    },
    /// Back to the console behind this page.
    Back,
    /// Opens another window with the built-in tenant.
    Demo,
}

/// The page, with its typed text.
#[derive(Debug)]
pub struct ProfilesPage {
    /// Why a profile could not be used, read or saved.
    pub failure: Option<Explanation>,
    /// Work in progress, as text; the buttons wait for it.
    pub busy: Option<&'static str>,
    /// The profile of the console behind this page.
    pub current: Option<ProfileName>,
    /// The switch to be confirmed.
    pub leaving: Option<Leaving>,
    /// The stand-in server for both hosts in this run.
    pub stand_in: Option<String>,
    /// The profile of the next start.
    default: Option<ProfileName>,
    /// The saved profile whose values are in the form.
    edited: Option<ProfileName>,
    file: PathBuf,
    saved: Vec<(ProfileName, Result<Profile, String>, WrittenProfile)>,
    name: String,
    written: WrittenProfile,
    /// Whether the user has tried to continue: only then do empty fields show errors.
    tried: bool,
    steps_shown: bool,
    /// Whether nothing has been drawn yet: the moment to set the focus.
    is_opening: bool,
}

impl ProfilesPage {
    /// A page with the profiles read from `file`, whose path is shown.
    #[must_use]
    pub fn new(
        file: PathBuf,
        settings: &Settings,
        current: Option<ProfileName>,
        failure: Option<Explanation>,
    ) -> Self {
        let saved: Vec<_> = settings
            .profiles
            .iter()
            .map(|(name, read)| match read {
                Ok(profile) => {
                    let written = WrittenProfile::from(&profile.registration);
                    (name.clone(), Ok(profile.clone()), written)
                }
                Err(wrong) => (
                    name.clone(),
                    Err(wrong.to_string()),
                    (*wrong.readable).clone(),
                ),
            })
            .collect();
        let mut page = Self {
            failure,
            busy: None,
            current,
            leaving: None,
            stand_in: None,
            default: settings.default.clone(),
            edited: None,
            file,
            saved,
            name: String::new(),
            written: WrittenProfile {
                cloud: Cloud::Commercial.name().to_owned(),
                scopes: ".default".to_owned(),
                ..WrittenProfile::default()
            },
            tried: false,
            steps_shown: false,
            is_opening: true,
        };
        // An invalid profile is opened for editing.
        if let Some(at) = page.saved.iter().position(|(_, read, _)| read.is_err()) {
            page.edit(at);
        }
        page
    }

    fn edit(&mut self, at: usize) {
        if let Some((name, _, written)) = self.saved.get(at) {
            name.as_str().clone_into(&mut self.name);
            self.edited = Some(name.clone());
            self.written = written.clone();
            self.tried = true;
        }
    }

    /// Presets the profile's name, if it is empty.
    pub fn name_is(&mut self, name: &str) {
        if self.edited.is_none() {
            name.clone_into(&mut self.name);
        }
    }

    /// Error of the name.
    fn name_error(&self) -> Option<&'static str> {
        match ProfileName::parse(&self.name) {
            Err(why) => Some(why),
            Ok(name) if self.edited.as_ref() == Some(&name) => None,
            Ok(name) => self
                .saved
                .iter()
                .any(|(known, ..)| *known == name)
                .then_some("A profile with this name exists: edit it, or choose another name"),
        }
    }

    /// The profile in the form, or its first error.
    fn typed(&self) -> Result<Profile, &'static str> {
        if let Some(why) = self.name_error() {
            return Err(why);
        }
        let name = ProfileName::parse(&self.name)?;
        let registration = self.written.parse().map_err(|(_, why)| why)?;
        Ok(Profile { name, registration })
    }
}

/// Shows the page; returns the user's request.
pub fn profiles_ui(ui: &mut Ui, page: &mut ProfilesPage) -> Option<PageRequest> {
    let title = if page.saved.is_empty() {
        "Which tenant does cordon work in?"
    } else {
        "Profiles"
    };
    let mut request = None;
    page_ui(ui, WIDTH, title, |ui| {
        if let Some(failure) = &page.failure {
            failure_ui(ui, failure);
        }
        if let Some(busy) = page.busy {
            badge(ui, Icon::InProgress, Role::Neutral, busy);
        }
        request = form_and_saved_ui(ui, page);
        steps_ui(ui, &mut page.steps_shown);
    });
    request = leaving_ui(ui, &mut page.leaving)
        .map(PageRequest::Leave)
        .or(request);
    request.filter(|_| page.busy.is_none())
}

fn form_and_saved_ui(ui: &mut Ui, page: &mut ProfilesPage) -> Option<PageRequest> {
    let goes_back = page.current.is_some() && {
        let back = ui.add(ActionButton::new("Back").icon(Icon::Undo));
        if std::mem::take(&mut page.is_opening) {
            back.request_focus();
        }
        back.clicked() || page.leaving.is_none() && take_escape(ui.ctx())
    };
    let saved = saved_ui(ui, page);
    let typed = form_ui(ui, page);
    goes_back.then_some(PageRequest::Back).or(saved).or(typed)
}

fn failure_ui(ui: &mut Ui, failure: &Explanation) {
    let effect = match failure.effect {
        Effect::NothingChanged => failure.next.words(),
        Effect::Changed | Effect::Unknown => failure.effect_and_next(),
    };
    ExplanationView {
        headline: &failure.headline,
        effect: &effect,
        role: Role::Caution,
        next_label: None,
        details: &failure.details,
    }
    .show_ui(ui);
}

fn saved_ui(ui: &mut Ui, page: &mut ProfilesPage) -> Option<PageRequest> {
    let tokens = ui.tokens();
    let (mut request, mut edited) = (None, None);
    for (at, (name, read, _)) in page.saved.iter().enumerate() {
        let shown = clean(name.as_str(), 40);
        ui.horizontal_wrapped(|ui| {
            let is_current = page.current.as_ref() == Some(name);
            let label = format!("Use {shown}");
            let why = match read {
                Ok(_) => is_current.then_some("This is the profile in use"),
                Err(_) => Some("A value of this profile is wrong"),
            };
            let use_it = ui.add(ActionButton::new(&label).disabled_because(why));
            if let Ok(profile) = read
                && use_it.clicked()
            {
                request = Some(PageRequest::Use(profile.clone()));
            }
            let label = format!("Edit {shown}");
            if ui.add(ActionButton::quiet(&label)).clicked() {
                edited = Some(at);
            }
            match read {
                Ok(profile) => ui.weak_label(words(page, profile)),
                Err(why) => ui.wrapped(RichText::new(clean(why, 200)).color(tokens.danger)),
            };
        });
    }
    if let Some(at) = edited {
        page.edit(at);
    }
    request
}

/// Tenant, cloud and default of a profile, as text.
fn words(page: &ProfilesPage, profile: &Profile) -> String {
    let registration = &profile.registration;
    let (cloud, tenant) = (registration.cloud.name(), registration.tenant.as_str());
    let mut words = format!("{cloud} · {tenant}");
    if page.current.as_ref() == Some(&profile.name) {
        words.push_str(" · in use");
    }
    if page.default.as_ref() == Some(&profile.name) {
        words.push_str(" · used at the next start");
    }
    words
}

fn form_ui(ui: &mut Ui, page: &mut ProfilesPage) -> Option<PageRequest> {
    if page.saved.is_empty() {
        ui.wrapped(super::INTRO);
        ui.wrapped("An administrator registers the application once in your tenant; none of the values below is a secret");
    } else {
        section_ui(ui, "Add a tenant, or change one");
    }
    let is_entered = fields_ui(ui, page);
    ui.add_space(ui.tokens().space.s);
    let request = ui.horizontal_wrapped(|ui| buttons_ui(ui, page, is_entered));
    if page.tried
        && let Err(why) = page.typed()
    {
        badge(ui, Icon::Block, Role::Danger, why);
    }
    ui.small_label("The next start uses the profile that was saved last. The settings file:");
    copyable_ui(ui, "settings file", &page.file.display().to_string());
    request.inner
}

/// Shows the fields; returns whether Enter was pressed in one of them.
fn fields_ui(ui: &mut Ui, page: &mut ProfilesPage) -> bool {
    let tried = page.tried;
    // An empty field is an error only after an attempt to continue.
    let shown =
        |why: Option<&'static str>, text: &str| why.filter(|_| tried || !text.trim().is_empty());
    let mut is_entered = false;
    let mut show = |ui: &mut Ui, field: TextField<'_>| {
        let response = field.show_ui(ui);
        is_entered |= response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    };
    let why = shown(page.name_error(), &page.name);
    let name = TextField::new("Name", &mut page.name)
        .hint("contoso")
        .help("Your name for this tenant, also for --profile")
        .id(Id::unique(NAME))
        .error(why);
    show(ui, name);
    if std::mem::take(&mut page.is_opening) && page.saved.is_empty() {
        ui.memory_mut(|memory| memory.request_focus(Id::unique(NAME)));
    }
    cloud_ui(ui, &mut page.written, page.stand_in.as_deref());
    let WrittenProfile {
        tenant,
        client_id,
        scopes,
        ..
    } = &mut page.written;
    let why = shown(TenantName::parse(tenant).err(), tenant);
    let tenant = TextField::new("Tenant", tenant)
        .hint("contoso.onmicrosoft.com")
        .help("Directory (tenant) ID, or a domain of the tenant. Keep using the same one: each has its own journal")
        .monospace()
        .error(why);
    show(ui, tenant);
    let why = shown(ClientId::parse(client_id).err(), client_id);
    let client_id = TextField::new("Client id", client_id)
        .hint("00000000-0000-0000-0000-000000000000")
        .help("Application (client) ID of the registration; it is no secret")
        .monospace()
        .error(why);
    show(ui, client_id);
    let why = Scopes::parse(scopes).err();
    let scopes = TextField::new("Permissions", scopes)
        .hint(".default")
        .help(".default asks for everything an administrator has granted. If you list names, such as Machine.Read Machine.Isolate, sign-in fails when one of them is not granted")
        .monospace()
        .error(why);
    show(ui, scopes);
    is_entered
}

fn buttons_ui(ui: &mut Ui, page: &mut ProfilesPage, is_entered: bool) -> Option<PageRequest> {
    let waits = page.busy.map(|_| "Wait until this is done");
    let save = ActionButton::primary("Save and continue").disabled_because(waits);
    let once = ActionButton::new("Use without saving").disabled_because(waits);
    let (save, once) = (ui.add(save), ui.add(once));
    let saves = save.clicked() || is_entered && page.busy.is_none();
    let mut request = None;
    if saves || once.clicked() {
        page.tried = true;
        request = page.typed().ok().map(|profile| {
            if saves {
                let instead_of = page.edited.clone();
                PageRequest::SaveAndUse {
                    profile,
                    instead_of,
                }
            } else {
                PageRequest::Use(profile)
            }
        });
    }
    if page.current.is_none() && cfg!(feature = "simulator") {
        let demo = ActionButton::new("Try the demo")
            .hint("Opens another window on the built-in tenant; nothing leaves this computer");
        if ui.add(demo).clicked() {
            request = Some(PageRequest::Demo);
        }
    }
    request
}

/// Shows both choices as rows of buttons, with all options visible.
fn cloud_ui(ui: &mut Ui, written: &mut WrittenProfile, stand_in: Option<&str>) {
    // A misspelt one is chosen again, not guessed.
    let named = Cloud::named(&written.cloud);
    let mut chosen = None;
    choice_ui(ui, "Cloud", |ui| {
        for one in Cloud::ALL {
            if one_of_ui(ui, "Cloud", one.name(), named == Some(one)) {
                chosen = Some(one);
            }
        }
    });
    if let Some(chosen) = chosen {
        chosen.name().clone_into(&mut written.cloud);
        written.region.clear();
        written.resource.clear();
    }
    let Some(cloud) = named else {
        let wrong = format!("“{}” is not one of these clouds", clean(&written.cloud, 40));
        badge(ui, Icon::Block, Role::Danger, &wrong);
        return;
    };
    let regions = cloud.regions();
    let region = Region::named(&written.region).unwrap_or_default();
    if regions.len() > 1 {
        choice_ui(ui, "Region of the API", |ui| {
            for one in regions {
                if one_of_ui(ui, "Region of the API", one.name(), *one == region) {
                    one.name().clone_into(&mut written.region);
                }
            }
        });
    }
    let [usual, other] = cloud.resources();
    if cloud != Cloud::Commercial {
        choice_ui(ui, "Name of the API in permissions", |ui| {
            for one in [usual, other] {
                let is_chosen = (written.resource.trim() == other) == (one == other);
                if one_of_ui(ui, "Name of the API in permissions", one, is_chosen) {
                    if one == other { other } else { "" }.clone_into(&mut written.resource);
                }
            }
        });
    }
    let host = |url: &'static str| {
        url.trim_start_matches("https://")
            .split('/')
            .next()
            .unwrap_or(url)
    };
    let words = match stand_in {
        Some(address) => format!("In this run a stand-in answers for both hosts: {address}"),
        None => format!(
            "Signs in at {}, calls {}",
            host(cloud.authority()),
            host(cloud.api(region))
        ),
    };
    ui.small_label(words);
}

fn choice_ui(ui: &mut Ui, label: &str, choices: impl FnOnce(&mut Ui)) {
    ui.strong_label(label);
    ui.horizontal_wrapped(choices);
}

fn one_of_ui(ui: &mut Ui, group: &str, name: &str, is_chosen: bool) -> bool {
    let response = ui.radio(is_chosen, name);
    let label = format!("{group}: {name}");
    response
        .widget_info(|| WidgetInfo::selected(Kind::RadioButton, true, is_chosen, label.as_str()));
    response.clicked()
}
