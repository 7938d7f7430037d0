//! Checks of owners and modes as arguments, and the same on a real disk.

use super::refused_file::{judge_file, judge_folder, judge_others};
use super::*;

const ADA: u32 = 1000;

fn facts(kind: Kind, owner: u32, mode: u32) -> Facts {
    Facts {
        kind,
        len: 0,
        owner: Some(owner),
        mode: Some(mode),
        links: Some(1),
    }
}

#[test]
fn private_folder_must_belong_to_user_and_be_writable_by_no_other() {
    let judge = |kind, owner, mode| judge_folder(&facts(kind, owner, mode), Some(ADA));
    for mode in [0o700, 0o500, 0o755, 0o711] {
        assert_eq!(judge(Kind::Folder, ADA, mode), Ok(()));
    }
    for mode in [0o777, 0o775, 0o720, 0o702] {
        let problem = Problem::WritableByOthers { mode };
        assert_eq!(judge(Kind::Folder, ADA, mode), Err(problem));
    }
    for owner in [0, 1001] {
        let problem = Problem::ForeignOwner { owner, own: ADA };
        assert_eq!(judge(Kind::Folder, owner, 0o700), Err(problem));
    }
    assert_eq!(judge(Kind::Link, ADA, 0o777), Err(Problem::FolderIsLink));
    for kind in [Kind::File, Kind::Special] {
        assert_eq!(judge(kind, ADA, 0o700), Err(Problem::NotAFolder));
    }
    // Access lists in place of permission bits.
    let listed = Facts {
        owner: None,
        mode: None,
        ..facts(Kind::Folder, 0, 0)
    };
    assert_eq!(judge_folder(&listed, None), Ok(()));
    let others = |may_write: &[&'static str]| platform::Others {
        let_in: vec!["Everyone", "Users"],
        may_write: may_write.to_vec(),
    };
    assert_eq!(judge_others(&others(&[])), Ok(()), "read access only");
    let problem = Problem::ListLetsOthersWrite { who: "Users" };
    assert_eq!(judge_others(&others(&["Users"])), Err(problem));
}

#[test]
fn private_file_must_belong_to_user_or_root_and_be_writable_by_no_other() {
    let judge = |kind, owner, mode| judge_file(&facts(kind, owner, mode), Some(ADA));
    for (owner, mode) in [(ADA, 0o600), (ADA, 0o644), (0, 0o644)] {
        assert_eq!(judge(Kind::File, owner, mode), Ok(()));
    }
    for mode in [0o666, 0o620, 0o602] {
        let problem = Problem::WritableByOthers { mode };
        assert_eq!(judge(Kind::File, ADA, mode), Err(problem));
    }
    let problem = Problem::ForeignOwner {
        owner: 1001,
        own: ADA,
    };
    assert_eq!(judge(Kind::File, 1001, 0o600), Err(problem));
    assert_eq!(judge(Kind::Link, ADA, 0o777), Err(Problem::FileIsLink));
    for kind in [Kind::Folder, Kind::Special] {
        assert_eq!(judge(kind, ADA, 0o600), Err(Problem::NotAFile));
    }
}

#[test]
fn each_refusal_has_reason_and_remedy() {
    let path = Path::new("/data/cordon");
    for problem in [
        Problem::FolderIsLink,
        Problem::NotAFolder,
        Problem::FileIsLink,
        Problem::NotAFile,
        Problem::ForeignOwner { owner: 1, own: 2 },
        Problem::WritableByOthers { mode: 0o777 },
        Problem::ListLetsOthersWrite { who: "Everyone" },
        Problem::TooLarge { max_bytes: 9 },
    ] {
        let error = RefusedFile::error(path, problem);
        let refusal = RefusedFile::within(&error).expect("a refusal");
        assert_eq!(refusal.problem, problem);
        let text = error.to_string();
        assert!(text.contains(&problem.to_string()), "{text}");
        assert!(text.ends_with(&problem.remedy(path)), "{text}");
    }
    assert_eq!(
        RefusedFile::error(path, Problem::WritableByOthers { mode: 0o777 }).to_string(),
        "it can be written to by others (mode 777). Check what others have put there, then remove \
         their access: chmod go-w '/data/cordon'"
    );
}

#[test]
fn replaced_file_reads_back_and_leaves_no_temporary_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("made").join("window.json");
    assert_eq!(read(&file, 9).expect("a result"), None);
    for content in [b"one".as_slice(), b"another"] {
        replace(&file, content).expect("written");
        assert_eq!(read(&file, 9).expect("readable").as_deref(), Some(content));
    }
    assert_eq!(list(&folder_of(&file)).expect("a list"), [file.as_path()]);
    assert!(read(&file, 6).is_err(), "over the limit");
    remove(&file).expect("removed");
    remove(&file).expect("removed");
    assert_eq!(read(&file, 9).expect("a result"), None);
}

#[test]
fn concurrent_replacements_leave_one_complete_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("window.json");
    std::thread::scope(|scope| {
        for n in 0..8_u8 {
            let file = &file;
            scope.spawn(move || {
                for _again in 0..20 {
                    replace(file, &[n; 4096]).expect("written");
                    // As another console does at startup.
                    remove_unfinished(&folder_of(file)).expect("cleaned up");
                }
            });
        }
    });
    let content = read(&file, 9999).expect("readable").expect("exists");
    assert!(content.len() == 4096 && content.iter().all(|b| *b == content[0]));
    assert_eq!(list(folder.path()).expect("a list"), [file]);
}

#[test]
fn cleanup_removes_abandoned_files_but_not_those_being_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = |name: &str| folder.path().join(name);
    let (dead, old) = (here(".window.json.a1B2c3.new"), here("settings.toml.new"));
    let alive = here(".accounts.json.d4E5f6.new");
    for file in [&dead, &old, &alive, &here("window.json")] {
        fs::write(file, "half").expect("written");
    }
    let writer = File::open(&alive).expect("opened");
    writer.try_lock().expect("locked");
    remove_unfinished(folder.path()).expect("cleaned up");
    let left = list(folder.path()).expect("a list");
    assert_eq!(left, [alive.clone(), here("window.json")]);
    assert_eq!(final_name(&dead).as_deref(), Some("window.json"));
    assert_eq!(final_name(&old).as_deref(), Some("settings.toml"));
    assert_eq!(final_name(&left[1]).as_deref(), Some("window.json"));
}

#[test]
fn write_new_never_replaces_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("hand-over.md");
    write_new(&file, b"first").expect("written");
    let refused = write_new(&file, b"second").expect_err("already exists");
    assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&file).expect("exists"), b"first");
    assert!(mode(&file).expect("mode").is_none_or(|mode| mode == 0o600));
    assert_eq!(list(folder.path()).expect("a list"), [file]);
}

#[test]
fn replaced_file_has_another_identity() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("journal.sqlite");
    let opened = open_or_create(&file).expect("created");
    let before = identity_of(&opened).expect("readable");
    // On Windows it cannot be renamed while it is open.
    drop(opened);
    assert_eq!(identity_at(&file).expect("exists"), before);
    fs::rename(&file, folder.path().join("away")).expect("renamed");
    replace(&file, b"").expect("replaced");
    let now = identity_at(&file).expect("exists");
    assert!(now != before || now.is_none());
}

#[test]
fn scratch_folder_is_private_unique_and_removed_on_drop() {
    let [one, two] = [make_scratch_folder(), make_scratch_folder()].map(|f| f.expect("created"));
    assert_ne!(one.path(), two.path());
    assert!(
        mode(one.path())
            .expect("readable")
            .is_none_or(|mode| mode == 0o700)
    );
    let path = one.path().to_owned();
    replace(&path.join("window.json"), b"x").expect("written");
    drop(one);
    assert!(!is_there(&path));
}

#[test]
fn cleanup_does_not_remove_file_from_its_writer() {
    let folder = tempfile::tempdir().expect("a folder");
    let clean_up = || remove_unfinished(folder.path()).expect("cleaned up");
    let file = folder.path().join("journal.sqlite.kept-1");
    let written = put_new(&file, |new| {
        clean_up();
        new.write_all(b"kept")
    });
    written.expect("written");
    assert_eq!(fs::read(&file).expect("exists"), b"kept");
    let growing = GrowingFile::begin(folder.path()).expect("created");
    clean_up();
    growing.finish("package", "zip").expect("finished");
}
