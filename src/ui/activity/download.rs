//! Downloads the package that an action has collected.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Id, RichText, Ui};
use jiff::Timestamp;

use crate::journal::Entry;
use crate::message::{Command, DownloadNews};
use crate::model::{EntryId, clean};
use crate::state::State;
use crate::ui::choose::{self, Choose, Chosen};
use crate::ui::commands::package_trouble;
use crate::ui::theme::{TokensExt as _, text};
use crate::ui::widgets::{
    ActionButton, Dialog, TextField, UiExt as _, confirming_keys, take_confirming_key,
};
use crate::ui::{Cx, words};

/// Status word for an entry whose package is on this computer.
pub fn word(entry: &Entry, state: &State) -> Option<&'static str> {
    let news = state.downloads.get(&entry.id());
    let is_saved = matches!(news, Some(DownloadNews::Saved(_)));
    // A later download that fails removes nothing.
    (is_saved || entry.downloads().next_back().is_some()).then_some("Package saved")
}

/// Progress or result of the download, or where else the package is available.
pub fn lines(entry: &Entry, state: &State, now: Timestamp) -> Vec<String> {
    if entry.package().is_none() {
        return Vec::new();
    }
    let Some(news) = state.downloads.get(&entry.id()) else {
        let kind = entry.order.task.kind();
        let hint = kind.and_then(|kind| kind.spec().yields.hint());
        let hint = hint.map(str::to_owned).into_iter();
        return recorded(entry).unwrap_or_else(|| hint.collect());
    };
    let line = match news {
        DownloadNews::AsksForLink => "Download: asking Defender for the link".to_owned(),
        DownloadNews::WaitsForLink(until) => {
            let left = words::duration(words::secs_since(now, *until));
            format!("Download: Defender gives out 2 links per minute; the next one in {left}")
        }
        DownloadNews::Receives { received, total } => {
            format!("Download: {}", words::amount(*received, *total))
        }
        DownloadNews::Resumes {
            why,
            lost_after,
            received,
        } => broke_off_words(why, *lost_after, *received),
        DownloadNews::Saved(saved) => {
            let file = saved.file.display().to_string();
            return saved_lines(&file, saved.bytes, &saved.sha256);
        }
        DownloadNews::Cancelled => "Download cancelled: nothing of it was kept".to_owned(),
        DownloadNews::Failed(why) => {
            let next = why.next.words();
            let first = format!("Download failed: {}", why.headline);
            let failed = [first, next].into_iter().filter(|l| !l.is_empty());
            return failed.chain(saved_before(entry)).collect();
        }
    };
    std::iter::once(line).chain(saved_before(entry)).collect()
}

/// The package of an earlier download, if it is still there.
fn saved_before(entry: &Entry) -> impl Iterator<Item = String> {
    recorded(entry).into_iter().flatten()
}

/// Why the download broke off, after how many bytes, and whether those are kept.
fn broke_off_words(why: &str, lost_after: u64, received: u64) -> String {
    let lost = words::bytes(lost_after);
    match (lost_after, received) {
        (0, _) => format!("Download: nothing received yet ({why}); retrying automatically"),
        (_, 0) => {
            format!("Download: interrupted after {lost} ({why}); starting over automatically")
        }
        (_, _) => format!("Download: interrupted after {lost} ({why}); resuming automatically"),
    }
}

/// The journal's record of the last download.
fn recorded(entry: &Entry) -> Option<Vec<String>> {
    let (file, bytes, sha256) = entry.downloads().next_back()?;
    Some(saved_lines(file, bytes, sha256))
}

fn saved_lines(file: &str, bytes: u64, sha256: &str) -> Vec<String> {
    let size = words::bytes(bytes);
    vec![
        format!("Package saved: {} ({size})", clean(file, 400)),
        format!("SHA-256 of the package: {}", clean(sha256, 64)),
    ]
}

/// Asks for the folder and starts the download; returns whether the dialog stays open.
pub fn download_ui(ui: &Ui, cx: &mut Cx<'_>, entry: EntryId) -> bool {
    let id = Id::unique("download package");
    let Some(collected) = cx.state.entry(entry) else {
        Dialog::return_focus(ui.ctx(), id);
        return false;
    };
    let chosen = choose::take(&mut cx.views.chosen_folder);
    let mut folder = chosen.map_or_else(|| folder(cx), |path| path.display().to_string());
    let title = "Download the investigation package";
    let what = "The package holds evidence about the device and the people who use it. It is saved in this folder under a name of its own; no existing file is replaced";
    let dialog = Dialog::new(id, title).description(what);
    let mut goes = false;
    let stays = dialog.show_until(ui.ctx(), |ui, is_opening| {
        // Taken before the buttons are drawn, which would take Enter as a click.
        let is_by_key = take_confirming_key(ui);
        let name = cx.state.machine_of(collected).name_and_tail();
        ui.wrapped(RichText::new(name).text_style(text::device()));
        ui.wrapped(what);
        ui.add_space(ui.tokens().space.s);
        let wrong = wrong(&folder);
        choose_ui(ui, cx);
        let field = TextField::new("Folder", &mut folder)
            .help("The full path, as a file manager shows it")
            .error(wrong)
            .show_ui(ui);
        if is_opening {
            field.request_focus();
        }
        let enters = field.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
        let keeps;
        (keeps, goes) = buttons_ui(ui, cx, &folder, enters || is_by_key);
        keeps || goes
    });
    let chosen = PathBuf::from(folder.trim());
    cx.views.download_folder = Some(folder);
    if goes {
        let folder = chosen;
        // Its row shows the progress and the path.
        cx.views.activity.opens = Some(entry);
        cx.out.work.push(Command::DownloadPackage { entry, folder });
    }
    stays
}

/// Shows the buttons for the current folder. Returns whether the dialog was cancelled, and whether the
/// download was confirmed. A folder on another computer needs a press on the button that names it.
fn buttons_ui(ui: &mut Ui, cx: &Cx<'_>, folder: &str, is_by_key: bool) -> (bool, bool) {
    let trouble = package_trouble(cx.state).err();
    let why_not = trouble.or(wrong(folder).map(str::to_owned));
    let host = words::other_computer(folder);
    let label = host.as_ref().map_or_else(
        || "Download".to_owned(),
        |host| format!("Download to {host}"),
    );
    let pressed = ui.horizontal_wrapped(|ui| {
        let keep = ui.add(ActionButton::new("Don't download"));
        let go = ActionButton::primary(&label).key("download");
        let go = ui.add(go.disabled_because(why_not.as_deref()));
        let by_key = is_by_key && why_not.is_none() && host.is_none();
        (keep.clicked(), go.clicked() || by_key)
    });
    ui.small_label(match &host {
        Some(host) => format!(
            "This path leads to another computer, {host}: opening it may sign you in there with your account"
        ),
        None => confirming_keys(ui.ctx()),
    });
    pressed.inner
}

/// Lets the user choose the folder in a system dialog.
fn choose_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let open = cx.views.chosen_folder.as_ref();
    let button =
        ActionButton::new("Choose folder…").disabled_because(open.map(|_| "The dialog is open"));
    if ui.add(button).clicked() {
        let chosen = Chosen::default();
        cx.views.chosen_folder = Some(Arc::clone(&chosen));
        cx.out.choose = Some((Choose::Folder, chosen));
    }
}

/// Content of the field: the text last typed, else the system's download folder.
fn folder(cx: &Cx<'_>) -> String {
    let typed = cx.views.download_folder.clone();
    let usual = cx.state.download_folder.as_deref();
    typed.unwrap_or_else(|| usual.map_or_else(String::new, |f| f.display().to_string()))
}

/// Error in the typed folder. Whether the folder exists is checked when it is used.
fn wrong(folder: &str) -> Option<&'static str> {
    let folder = folder.trim();
    if folder.is_empty() {
        Some("Enter a folder")
    } else if Path::new(folder).is_absolute() {
        None
    } else {
        Some("Type an absolute path")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interrupted_download_shows_bytes_received_and_how_to_resume() {
        let why = "the connection was lost";
        let resumes = |lost_after, received| broke_off_words(why, lost_after, received);
        assert_eq!(
            resumes(0, 0),
            "Download: nothing received yet (the connection was lost); retrying automatically"
        );
        let anew = resumes(1_000, 0);
        assert!(
            anew.contains("interrupted after 1.0 kB (the connection was lost); starting over"),
            "{anew}"
        );
        let on = resumes(1_000, 1_000);
        assert!(
            on.contains("interrupted after 1.0 kB (the connection was lost); resuming"),
            "{on}"
        );
    }

    #[test]
    fn relative_folder_is_refused() {
        assert_eq!(wrong(" "), Some("Enter a folder"));
        assert!(wrong("evidence").is_some() && wrong("~/evidence").is_some());
        let whole = std::env::temp_dir().display().to_string();
        assert_eq!(wrong(&whole), None);
    }

    #[test]
    fn failed_later_download_keeps_the_saved_package_in_the_row() {
        use crate::action::ActionKind;
        use crate::explain::{Explanation, NextStep};
        use crate::journal::Record;
        use crate::state::fixtures;

        let machine = fixtures::machine_ref("a19c07", None);
        let kind = ActionKind::CollectInvestigationPackage;
        let order = fixtures::order("cdn-00000001", machine, kind);
        let finished = fixtures::finished("b89eb834", crate::model::MachineActionStatus::Succeeded);
        let downloaded = Record::Downloaded {
            object_id: "o".into(),
            account: "jane@contoso.com".into(),
            file: "/evidence/package.zip".into(),
            bytes: 1_000,
            sha256: "5f".into(),
        };
        let entry = fixtures::entry(
            fixtures::author(),
            order,
            vec![Record::Sent, finished, downloaded],
        );
        let mut state = State::new(
            crate::model::Mode::Demo,
            "Demo",
            crate::guard::Policy::default(),
        );
        for (news, first) in [
            (
                DownloadNews::Failed(Explanation::harmless("No room", NextStep::None)),
                "Download failed: No room",
            ),
            (
                DownloadNews::Cancelled,
                "Download cancelled: nothing of it was kept",
            ),
            (
                DownloadNews::AsksForLink,
                "Download: asking Defender for the link",
            ),
        ] {
            state.downloads.insert(entry.id(), news);
            assert_eq!(word(&entry, &state), Some("Package saved"), "{first}");
            let lines = lines(&entry, &state, Timestamp::UNIX_EPOCH);
            assert_eq!(lines[0], first);
            assert!(
                lines[1].starts_with("Package saved: /evidence/package.zip"),
                "{lines:?}"
            );
        }
    }
}
