//! Investigation packages, from the link to a complete file under its name.

mod storage;

use std::path::Path;

use cordon::action::ActionKind;
use cordon::journal::OrderStatus;
use cordon::message::{Command, DownloadNews, SavedPackage};
use cordon::model::EntryId;
use cordon::simulator::Simulator;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::common::{Console, Engine, fault, names_in, signed_in};

/// A device with a package, and a folder for it.
struct Collected {
    _tenant: Simulator,
    _folder: TempDir,
    engine: Engine,
    entry: EntryId,
    action: String,
    evidence: TempDir,
}

fn collected() -> Collected {
    let (tenant, folder, mut engine) = signed_in();
    let entry = engine.order(ActionKind::CollectInvestigationPackage, "ENG-LT-030");
    let OrderStatus::Done { action } = engine.until_end(entry) else {
        panic!("{:?}", engine.status(entry))
    };
    Collected {
        _tenant: tenant,
        _folder: folder,
        engine,
        entry,
        action: action.as_str().to_owned(),
        evidence: tempfile::tempdir().expect("a folder"),
    }
}

impl Collected {
    fn begin(&self, folder: &Path) {
        self.engine.send(Command::DownloadPackage {
            entry: self.entry,
            folder: folder.to_owned(),
        });
    }

    /// Downloads until an end of any kind.
    fn download(&mut self) -> DownloadNews {
        // Drops the result of the previous download.
        self.engine.state.downloads.remove(&self.entry);
        self.begin(self.evidence.path());
        self.until("the end", DownloadNews::is_end)
    }

    fn until(&mut self, what: &str, reached: impl Fn(&DownloadNews) -> bool) -> DownloadNews {
        let entry = self.entry;
        let news = move |s: &cordon::state::State| s.downloads.get(&entry).cloned();
        self.engine
            .until(what, move |s| news(s).as_ref().is_some_and(&reached));
        self.engine.state.downloads[&entry].clone()
    }

    fn saved(&mut self) -> SavedPackage {
        let end = self.download();
        let DownloadNews::Saved(saved) = end else {
            panic!("{end:?}")
        };
        saved
    }

    fn refused(&mut self) -> String {
        let end = self.download();
        let DownloadNews::Failed(why) = end else {
            panic!("{end:?}")
        };
        format!("{}. {}", why.headline, why.next.words())
    }

    fn files(&self) -> Vec<String> {
        names_in(self.evidence.path())
    }

    /// Statuses of the responses of the storage, or of the link requests.
    fn answers(&self, part: &str) -> Vec<Option<u16>> {
        let requests = self.engine.control.requests().into_iter();
        let asked = requests.filter(|r| r.path.contains(part));
        asked.map(|r| r.status).collect()
    }

    fn assert_whole(&self, saved: &SavedPackage) {
        let whole = self.engine.control.package(&self.action);
        let on_disk = std::fs::read(&saved.file).expect("it is there");
        assert!(
            on_disk == whole,
            "{} of {} bytes",
            on_disk.len(),
            whole.len()
        );
        assert_eq!(saved.bytes, whole.len() as u64);
        let digest = Sha256::digest(&whole);
        let byte = |at: usize| u8::from_str_radix(&saved.sha256[2 * at..2 * at + 2], 16);
        let said: Vec<u8> = (0..32).map(|at| byte(at).expect("a hash")).collect();
        assert_eq!(said, digest.to_vec());
    }
}

/// In the documentation's spelling.
const LINK: &str = "/GetPackageUri";
const STORAGE: &str = "/safedownload/";

#[test]
fn complete_package_is_saved_and_replaces_no_other_file() {
    let mut it = collected();
    let first = it.saved();
    it.assert_whole(&first);
    let name = first.file.file_name().expect("a name").to_string_lossy();
    assert!(
        name.starts_with("investigation-package_ENG-LT-030_") && name.ends_with(".zip"),
        "{name}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&first.file).expect("there").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
    let second = it.saved();
    it.assert_whole(&second);
    assert_ne!(first.file, second.file);
    assert_eq!(it.files().len(), 2, "{:?}", it.files());
    // A third link within a minute is waited for, and not requested.
    it.begin(it.evidence.path().to_owned().as_path());
    it.until("the pause", |n| matches!(n, DownloadNews::WaitsForLink(_)));
    assert_eq!(it.answers(LINK).len(), 2);
    it.engine.send(Command::CancelDownload(it.entry));
    it.until("the end", |n| *n == DownloadNews::Cancelled);
    assert_eq!(it.files().len(), 2);
}

#[test]
fn broken_download_resumes_where_it_stopped() {
    let mut it = collected();
    let control = it.engine.control.clone();
    control.inject(fault("package", "cut_after:900000", 2));
    let saved = it.saved();
    it.assert_whole(&saved);
    assert_eq!(it.answers(STORAGE), [Some(200), Some(206), Some(206)]);
    assert_eq!(it.answers(LINK).len(), 1);
    assert_eq!(it.files().len(), 1);
}

#[test]
fn range_response_of_another_package_restarts_the_download() {
    for other in ["other_package", "no_range"] {
        let mut it = collected();
        let control = it.engine.control.clone();
        control.inject(fault("package", "cut_after:900000", 1));
        control.inject(fault("package", other, 1));
        let saved = it.saved();
        it.assert_whole(&saved);
        let last = *it.answers(STORAGE).last().expect("asked");
        assert_eq!((last, it.answers(STORAGE).len()), (Some(200), 3), "{other}");
        assert_eq!(it.files().len(), 1);
    }
}

/// Range responses that differ from the request, or have headers missing.
#[test]
fn range_response_is_judged_by_its_headers() {
    let cut = "cut_after:900000";
    for (first, then, answers) in [
        // The total size is missing.
        (cut, Some("no_total"), [200, 206].as_slice()),
        ("no_length:900000", None, &[200, 206]),
        // The 416 shows that the file was complete.
        ("no_length:900000", Some("no_total"), &[200, 206, 416]),
        // The rest of the range is requested.
        (cut, Some("short_part"), &[200, 206, 206]),
        // Such a range is impossible.
        (cut, Some("part_beyond_the_end"), &[200, 206, 200]),
    ] {
        let mut it = collected();
        let control = it.engine.control.clone();
        for what in std::iter::once(first).chain(then) {
            control.inject(fault("package", what, 1));
        }
        let saved = it.saved();
        it.assert_whole(&saved);
        let answers: Vec<_> = answers.iter().copied().map(Some).collect();
        assert_eq!(it.answers(STORAGE), answers, "{first} {then:?}");
        assert_eq!(it.files().len(), 1);
    }
}

#[test]
fn expired_link_is_requested_again_once() {
    let mut it = collected();
    let control = it.engine.control.clone();
    control.inject(fault("package", "cut_after:900000", 1));
    control.inject(fault("package", "status:403", 1));
    let saved = it.saved();
    it.assert_whole(&saved);
    assert_eq!(it.answers(LINK).len(), 2);

    let mut it = collected();
    it.engine.inject("package", "status:403", 0);
    let why = it.refused();
    let said = "The storage refuses the package, also under a new link (403). Download it from the device's page in the Defender portal instead";
    assert_eq!(why, said);
    assert_eq!(it.answers(LINK).len(), 2);
    assert!(it.files().is_empty());
}

#[test]
fn unavailable_package_is_explained_and_leaves_no_file() {
    for (on, what, words, asks_storage) in [
        (
            "package_link",
            "status:404",
            "Defender does not have this package ready yet, or no longer keeps it. Try again",
            false,
        ),
        (
            "package_link",
            "status:400::InvalidInput",
            "Defender knows no package of this action",
            false,
        ),
        (
            "package_link",
            "status:403",
            "You are not allowed to get the link to this package",
            false,
        ),
        (
            "package_link",
            "foreign_link",
            "Defender says that the package is on packages.example, which is not a Microsoft storage host, so it was not contacted",
            false,
        ),
        (
            "package_link",
            "lacks:value",
            "Defender named no usable address for the package",
            false,
        ),
        (
            "package",
            "html:200",
            "A web page arrived instead of the package",
            true,
        ),
        (
            "package",
            "packed",
            "The storage sent the package compressed once more (gzip), which it was asked not to do, so nothing was kept",
            true,
        ),
        (
            "package",
            "status:302",
            "The storage of the package answered 302",
            true,
        ),
        (
            "package",
            "cut_after:100",
            "The connection to the storage of the package was lost several times. Try again",
            true,
        ),
    ] {
        let mut it = collected();
        it.engine.inject(on, what, 0);
        let why = it.refused();
        assert!(why.starts_with(words), "{what}: {why}");
        assert_eq!(!it.answers(STORAGE).is_empty(), asks_storage, "{what}");
        assert!(it.files().is_empty(), "{what}: {:?}", it.files());
    }
}

#[test]
fn unusable_folder_costs_no_link() {
    let mut it = collected();
    let missing = it.evidence.path().join("missing");
    it.begin(&missing);
    let end = it.until("the end", DownloadNews::is_end);
    let DownloadNews::Failed(why) = end else {
        panic!("{end:?}")
    };
    assert_eq!(
        why.headline,
        format!("There is no folder {}", missing.display())
    );
    assert!(it.answers(LINK).is_empty());
}

#[test]
fn a_cancelled_download_leaves_nothing() {
    let mut it = collected();
    let control = it.engine.control.clone();
    control.inject(fault("package", "cut_after:900000", 1));
    control.inject(fault("package", "stall", 0));
    it.begin(it.evidence.path().to_owned().as_path());
    it.until(
        "the break",
        |n| matches!(n, DownloadNews::Resumes { received, .. } if *received > 0),
    );
    assert_eq!(it.files().len(), 1);
    // A running download is not started a second time.
    it.begin(it.evidence.path().to_owned().as_path());
    it.engine.send(Command::CancelDownload(it.entry));
    it.until("the end", |n| *n == DownloadNews::Cancelled);
    assert!(it.files().is_empty(), "{:?}", it.files());
    // A download that has only just begun is cancelled as well.
    it.engine.state.downloads.remove(&it.entry);
    it.begin(it.evidence.path().to_owned().as_path());
    it.engine.send(Command::CancelDownload(it.entry));
    it.until("the end", |n| *n == DownloadNews::Cancelled);
    assert!(it.files().is_empty(), "{:?}", it.files());
}

#[test]
fn row_of_a_package_offers_the_download_and_shows_its_result() {
    let evidence = tempfile::tempdir().expect("a folder");
    let mut console = Console::signed_in();
    let machine = console.open_device("ENG-LT-030");
    let kind = ActionKind::CollectInvestigationPackage;
    console.order(kind, &machine, "INC-4711 beacon");
    console.step_until_fast("the package", |c| c.shows_part("Package collected"));
    console.click("Download package…");
    console.fill("Folder", "evidence");
    console.until_shows_part("Type an absolute path");
    console.fill("Folder", &evidence.path().display().to_string());
    console.click("Download");
    console.until_shows_part("Package saved: ");
    assert_eq!(names_in(evidence.path()).len(), 1);
    // The package's link is on no screen and in no file of this console.
    let folder = console.journal.parent().expect("a folder");
    let files = std::fs::read_dir(folder).expect("readable");
    let files = files.map(|file| std::fs::read(file.expect("an entry").path()));
    let files: Vec<_> = files.map(|bytes| bytes.expect("readable")).collect();
    let journal = String::from_utf8_lossy(&files.concat()).into_owned();
    let seen = console.screen();
    assert!(console.shows("Download package…"));
    for secret in console.control.secrets() {
        assert!(!seen.contains(&secret) && !journal.contains(&secret));
    }
}
