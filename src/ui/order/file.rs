//! Facts of the file in the form, and ways to its SHA-1: from its SHA-256, or from the file itself. The
//! warnings are among the findings.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Align, Id, Key, Layout, Modifiers, TextStyle, Ui, vec2};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::form::OrderForm;
use super::paste::FormField;
use super::sightings;
use crate::action::{ActionKind, Draft, Sha1};
use crate::message::{Command, HashedFile, HashingNews};
use crate::model::{FileFacts, Permission, Seen, clean, grouped, requestor_name};
use crate::state::State;
use crate::ui::choose::{self, Choose, Chosen};
use crate::ui::commands::UiCommand;
use crate::ui::theme::TokensExt as _;
use crate::ui::widgets::{ActionButton, UiExt as _};
use crate::ui::{Cx, words};

/// Number of hash digits shown to tell hashes apart.
const GLANCE: usize = 8;
/// Maximum number of indicators shown.
const SHOWN_INDICATORS: usize = 3;
/// Maximum number of names shown.
const SHOWN_NAMES: usize = 3;

/// Number of text lines for which room is reserved.
const KEPT_LINES: f32 = 4.0;

/// Looks the file up and shows its facts. Their room and the buttons below are always there, so that
/// nothing after them moves.
pub fn file_ui(ui: &mut Ui, cx: &mut Cx<'_>, form: &mut OrderForm, id: Id) {
    take_hashed(cx.state, form);
    let hash = form.draft.file_hash();
    if let Some(hash) = &hash {
        look_up(cx, hash, &mut form.file.looked_up);
    }
    lines_ui(ui, &lines(cx, form, hash.as_deref()));
    let size = vec2(ui.available_width(), ui.tokens().height.control);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_height(size.y);
        match form.draft.file_path() {
            Some(path) => hashing_ui(ui, cx, &path),
            None => known_ui(ui, cx, form, hash.as_deref(), id),
        }
    });
    let sha1 = hash.and_then(|hash| listed_by(cx.state, form, &hash));
    if let Some(sha1) = sha1.filter(|_| form.file.lists_devices) {
        sightings::sightings_ui(ui, cx, form, &sha1);
    }
}

/// Shows each line in full, wrapped: a truncated hash or time is useless.
fn lines_ui(ui: &mut Ui, lines: &[String]) {
    let line = ui.text_style_height(&TextStyle::Small);
    let gap = ui.spacing().item_spacing.y;
    ui.vertical(|ui| {
        ui.set_min_height(KEPT_LINES * line + (KEPT_LINES - 1.0) * gap);
        for line in lines.iter().filter(|line| !line.is_empty()) {
            ui.small_label(line);
        }
    });
}

/// Whether the current sign-in may look a file up, as far as that is known.
fn may_look_up(state: &State) -> bool {
    state.session.is_signed_in() && !state.session.is_known_to_lack(&Permission::FileReadAll)
}

fn look_up(cx: &mut Cx<'_>, hash: &str, looked_up: &mut Option<Box<str>>) {
    let known = cx.state.files.get(hash);
    let is_new = looked_up.as_deref() != Some(hash);
    if is_new && may_look_up(cx.state) && known.is_none_or(|file| file.value.is_none()) {
        cx.out.work.push(Command::LoadFile(hash.into()));
    }
    if is_new {
        *looked_up = Some(hash.into());
    }
}

fn facts_of<'a>(state: &'a State, hash: &str) -> Option<&'a FileFacts> {
    state.files.get(hash)?.get()?.as_deref()
}

/// Facts of the file.
fn lines(cx: &Cx<'_>, form: &OrderForm, hash: Option<&str>) -> Vec<String> {
    if let Some(path) = form.draft.file_path() {
        return hashing_lines(cx.state, &path);
    }
    let typed = form.draft.hash_field().map(|field| form.draft.text(field));
    let refused = form.file.refused.as_ref();
    if let Some((_, why)) = refused.filter(|(text, _)| typed == Some(text)) {
        return vec![(*why).to_owned()];
    }
    let Some(hash) = hash else {
        let line = "The file is looked up once its SHA-1 or SHA-256 is complete";
        return vec![line.to_owned()];
    };
    let origin = form.file.hashed.as_ref();
    let origin = origin.filter(|(_, hashed)| *hashed.sha1 == *hash);
    if let Some(facts) = facts_of(cx.state, hash) {
        let also = origin.map_or_else(|| seen_words(facts, cx.service_now()), of);
        let verdict = join([
            verdict_words(facts),
            everywhere_words(facts, &cx.state.zone),
        ]);
        return vec![words(facts), verdict, also];
    }
    // A block takes either hash.
    let is_sha1 = Sha1::find(hash).is_ok() || form.draft.task().is_tenant_wide();
    let known = cx.state.files.get(hash);
    let first = match known.map(|file| (file.get(), &file.failure)) {
        Some((Some(None), _)) if is_sha1 => {
            let called = if hash.len() == 40 { "SHA-1" } else { "SHA-256" };
            format!("Defender has never seen this {called}")
        }
        Some((Some(None), _)) => {
            "Defender has never seen this SHA-256, and so knows no SHA-1 for it".to_owned()
        }
        _ if cx.state.session.is_known_to_lack(&Permission::FileReadAll) => format!(
            "Nothing is known about this file: the look-up requires the permission {}",
            Permission::FileReadAll
        ),
        Some((_, Some(why))) => format!("Not looked up: {}", why.headline),
        _ if may_look_up(cx.state) => "Looking the file up…".to_owned(),
        _ => "Nothing is known about this file".to_owned(),
    };
    let second = match (origin, is_sha1) {
        (Some(origin), _) => Some(of(origin)),
        (None, true) => None,
        (None, false) => Some(
            "Without it: take the SHA-1 from the alert, or have the file itself hashed here"
                .to_owned(),
        ),
    };
    [first].into_iter().chain(second).collect()
}

/// Origin of the hash.
fn of((name, hashed): &(String, HashedFile)) -> String {
    format!(
        "Hashed here: {} ({}) · SHA-256 {}",
        clean(name, 80),
        words::bytes(hashed.bytes),
        hashed.sha256
    )
}

fn hashing<'a>(state: &'a State, path: &Path) -> Option<&'a HashingNews> {
    let (file, news) = state.hashing.as_ref()?;
    (file == path).then_some(news)
}

fn hashing_lines(state: &State, path: &Path) -> Vec<String> {
    match hashing(state, path) {
        Some(HashingNews::Reads { read, total }) => {
            let amount = words::amount(*read, Some(*total));
            vec![format!("Hashing: {amount}")]
        }
        Some(HashingNews::Failed(why)) => {
            let details = why.details.get(1).map(String::as_str);
            let headline = [Some(&*why.headline), details];
            let headline = headline.into_iter().flatten().collect::<Vec<_>>();
            vec![headline.join(": "), why.next.words()]
        }
        Some(HashingNews::Stopped | HashingNews::Hashed(_)) | None => {
            let Some(host) = other_computer(path) else {
                let line = "The file is read on this computer; it is neither sent nor run";
                return vec![line.to_owned()];
            };
            let first = format!(
                "This path leads to another computer, {host}: opening it may sign you in there with your account"
            );
            vec![first, "Nothing has been opened yet".to_owned()]
        }
    }
}

/// The remote computer that must be named before a file on it is opened.
fn other_computer(path: &Path) -> Option<String> {
    words::other_computer(&path.to_string_lossy())
}

/// Replaces the path by the SHA-1 computed from it.
fn take_hashed(state: &State, form: &mut OrderForm) {
    let (Some(path), Some(field)) = (form.draft.file_path(), form.draft.hash_field()) else {
        return;
    };
    if let Some(HashingNews::Hashed(hashed)) = hashing(state, &path) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        form.file.hashed = Some((name.into_owned(), hashed.clone()));
        form.draft.set(field, &*hashed.sha1);
    }
}

fn hashing_ui(ui: &mut Ui, cx: &mut Cx<'_>, path: &Path) {
    let is_reading = matches!(hashing(cx.state, path), Some(HashingNews::Reads { .. }));
    let (label, work) = if is_reading {
        ("Stop hashing".to_owned(), Command::StopHashing)
    } else {
        let label = other_computer(path).map_or_else(
            || "Hash this file".to_owned(),
            |host| format!("Open it on {host} and hash it"),
        );
        (label, Command::HashFile(path.to_owned()))
    };
    // One button for all states, so that it keeps the focus.
    if ui.add(ActionButton::new(&label).key("hash")).clicked() {
        cx.out.work.push(work);
    }
}

/// The SHA-1 by which devices with the file are listed; if the form takes either hash, it may come from the
/// file's record.
fn listed_by(state: &State, form: &OrderForm, hash: &str) -> Option<Box<str>> {
    if Sha1::find(hash).is_ok() {
        return Some(hash.into());
    }
    let takes_either = form.draft.task().is_tenant_wide();
    let facts = facts_of(state, hash).filter(|_| takes_either)?;
    Some(facts.sha1.clone())
}

/// Shows the SHA-1 of a file known by its SHA-256, or the devices of one known by its SHA-1.
fn known_ui(ui: &mut Ui, cx: &mut Cx<'_>, form: &mut OrderForm, hash: Option<&str>, id: Id) {
    let Some(hash) = hash else {
        return choose_ui(ui, cx, form);
    };
    let facts = facts_of(cx.state, hash);
    let Some(sha1) = listed_by(cx.state, form, hash) else {
        let takes_either = form.draft.task().is_tenant_wide();
        if let Some(facts) = facts.filter(|_| !takes_either) {
            offer_ui(ui, &mut form.draft, &facts.sha1, id);
        }
        everywhere_ui(ui, cx, form, hash);
        return;
    };
    let count = facts.and_then(|facts| facts.organization_prevalence);
    let label = match count {
        Some(1) => "Seen on 1 device".to_owned(),
        Some(count) => format!("Seen on {count} devices"),
        None => "Seen on which devices?".to_owned(),
    };
    let lacks = sightings::why_not(&cx.state.session);
    let button = ActionButton::new(&label)
        .key("seen on")
        .hint("Lists them, to order the same for several at once")
        .toggled(form.file.lists_devices)
        .disabled_because(lacks);
    if ui.add(button).clicked() {
        form.file.lists_devices = !form.file.lists_devices;
        let known = cx.state.sightings.get(&*sha1);
        let is_there = known.is_some_and(|known| known.loading || known.value.is_some());
        if form.file.lists_devices && !is_there {
            cx.out.work.push(Command::LoadSightings(sha1));
        }
    }
    everywhere_ui(ui, cx, form, hash);
}

/// Lets the user choose a file of this computer to hash.
fn choose_ui(ui: &mut Ui, cx: &mut Cx<'_>, form: &mut OrderForm) {
    let open = form.file.chosen.as_ref();
    let button = ActionButton::new("Choose file…")
        .hint("A file on this computer: it is hashed here, and never sent or run")
        .disabled_because(open.map(|_| "The dialog is open"));
    if ui.add(button).clicked() {
        let chosen = Chosen::default();
        form.file.chosen = Some(Arc::clone(&chosen));
        cx.out.choose = Some((Choose::File, chosen));
    }
}

/// Leads from a quarantine on one device to the form that blocks the file on all of them, with the text
/// typed so far.
fn everywhere_ui(ui: &mut Ui, cx: &mut Cx<'_>, form: &mut OrderForm, hash: &str) {
    if form.draft.task().is_tenant_wide() {
        return;
    }
    let block = UiCommand::Act(ActionKind::BlockFile);
    let why = block.availability(cx.state, cx.views, cx.now).err();
    let button = ActionButton::new("Block file everywhere…")
        .hint("Another form, for every device of the tenant; what you have typed goes with it")
        .disabled_because(why.as_deref());
    if ui.add(button).clicked() {
        form.file.blocks = Some(hash.into());
    }
}

/// Offers the SHA-1 that the service has recorded for the SHA-256 in the form.
fn offer_ui(ui: &mut Ui, draft: &mut Draft, sha1: &str, id: Id) {
    let Some(field) = draft.hash_field() else {
        return;
    };
    let glance = sha1.get(..GLANCE).unwrap_or(sha1);
    let label = format!("Use its SHA-1 {glance}…");
    let name = format!("Use its SHA-1 {sha1}");
    let button = ActionButton::new(&label).name(&name).hint(sha1);
    if ui.add(button).clicked() {
        draft.set(field, sha1);
        // The comment gets the focus in this frame, and must not receive this key.
        ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
        ui.memory_mut(|memory| memory.request_focus(FormField::Comment.id(id)));
    }
}

/// Takes a file that was chosen, or dropped on the window, while a form for a file is open.
pub fn take_file(ui: &Ui, cx: &mut Cx<'_>, form: &mut OrderForm) {
    let dropped = ui.input(|input| input.raw.dropped_files.clone());
    let dropped = dropped.iter().map(|file| file.path().to_owned());
    let files: Vec<PathBuf> = choose::take(&mut form.file.chosen)
        .into_iter()
        .chain(dropped)
        .collect();
    let (Some(field), Some(path)) = (form.draft.hash_field(), files.first()) else {
        return;
    };
    let trouble = match path.to_str() {
        _ if files.len() > 1 => "Drop one file at a time: each has a hash of its own",
        None => {
            "The name of this file is not valid text: rename it, or copy the file under another name"
        }
        Some(text) => {
            form.draft.set(field, text);
            if other_computer(path).is_none() {
                cx.out.work.push(Command::HashFile(path.clone()));
            }
            return;
        }
    };
    form.file.refused = Some((form.draft.text(field).to_owned(), trouble));
}

fn text(text: Option<&str>) -> Option<String> {
    text.map(|text| clean(text, 80).into_owned())
}

/// Name and publisher.
fn words(facts: &FileFacts) -> String {
    let signer = match (text(facts.signer.as_deref()), facts.is_valid_certificate) {
        (Some(signer), Some(false)) => format!("names {signer}, whose certificate is not valid"),
        (Some(signer), Some(true) | None) => format!("signed by {signer}"),
        (None, _) => "signer not reported".to_owned(),
    };
    let names = facts.names.iter().take(SHOWN_NAMES);
    let names: Vec<_> = names.filter_map(|name| text(Some(name))).collect();
    let publisher = facts.publisher.as_deref();
    let publisher = text(publisher.filter(|_| facts.publisher != facts.signer));
    let publisher = publisher.map(|publisher| format!("publisher {publisher}"));
    let product = text(facts.product.as_deref()).map(|product| format!("product {product}"));
    let names = names.join(", ");
    join([names, signer].into_iter().chain(publisher).chain(product))
}

/// Verdict, and number of devices on which the file was seen.
fn verdict_words(facts: &FileFacts) -> String {
    let count = |count: Option<i64>, of: &str| {
        count.map(|count| {
            let devices = if count == 1 { "device" } else { "devices" };
            format!("{} {devices} {of}", grouped(count))
        })
    };
    let parts = [
        text(facts.determination.as_deref()),
        text(facts.determination_value.as_deref()),
        count(facts.organization_prevalence, "here"),
        count(facts.global_prevalence, "worldwide"),
    ];
    join(parts.into_iter().flatten())
}

/// Tenant-wide indicators for the file, as far as they were read.
fn everywhere_words(facts: &FileFacts, zone: &TimeZone) -> String {
    let all = facts.indicators.iter().flat_map(|read| &read.items);
    let words = all.map(|indicator| {
        let what = indicator.action.word();
        let by = requestor_name(indicator.by.as_deref());
        let until = indicator.expires.map(|at| words::local_time(at, zone));
        let until = until.map_or_else(String::new, |until| format!(" until {until}"));
        format!("{what} everywhere by {by}{until}")
    });
    let is_cut = facts
        .indicators
        .as_ref()
        .is_some_and(|read| !read.is_complete());
    let cut = is_cut.then(|| "not all tenant-wide indicators could be read".to_owned());
    join(words.take(SHOWN_INDICATORS).chain(cut))
}

/// Size, and times of sightings.
fn seen_words(facts: &FileFacts, now: Timestamp) -> String {
    let seen = |seen: Seen, place: &str| match (seen.first, seen.last) {
        (Some(first), Some(last)) => Some(format!(
            "{place} from {} to {}",
            words::ago(first, now),
            words::ago(last, now)
        )),
        (Some(first), None) => Some(format!("{place} since {}", words::ago(first, now))),
        (None, Some(last)) => Some(format!("{place} last {}", words::ago(last, now))),
        (None, None) => None,
    };
    let parts = [
        facts.size.map(words::bytes),
        seen(facts.organization_seen, "seen here"),
        seen(facts.global_seen, "seen worldwide"),
    ];
    join(parts.into_iter().flatten())
}

fn join(parts: impl IntoIterator<Item = String>) -> String {
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use crate::ui::order::file::*;

    #[test]
    fn unknown_file_facts_are_left_out() {
        assert_eq!(words(&FileFacts::default()), "signer not reported");
        let facts = FileFacts {
            signer: Some("Acme".into()),
            is_valid_certificate: Some(false),
            publisher: Some("Acme Ltd".into()),
            size: Some(1_500),
            determination: Some("Malware".into()),
            organization_prevalence: Some(3),
            organization_seen: Seen {
                first: Some(Timestamp::UNIX_EPOCH),
                last: None,
            },
            names: ["invoice.exe", "a\u{202e}.exe", "b.exe", "c.exe"]
                .map(Into::into)
                .into(),
            ..FileFacts::default()
        };
        assert_eq!(
            words(&facts),
            "invoice.exe, a\\u{202e}.exe, b.exe · names Acme, whose certificate is not valid · publisher Acme Ltd"
        );
        assert_eq!(verdict_words(&facts), "Malware · 3 devices here");
        let now = Timestamp::from_second(7_200).expect("a literal time");
        assert_eq!(seen_words(&facts, now), "1.5 kB · seen here since 2 h ago");
        assert_eq!(seen_words(&FileFacts::default(), now), "");
    }
}
