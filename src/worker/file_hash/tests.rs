use std::io::Write as _;

use super::*;
use crate::explain::NextStep;

fn at_rest(file: &Path) -> Result<HashedFile, Trouble> {
    read(file, &Progress::default(), || {})
}

fn headline(file: &Path) -> String {
    let trouble = at_rest(file).expect_err("no hash");
    let why = trouble.explain(file);
    assert!(why.next != NextStep::None, "{why:?}");
    why.headline
}

#[test]
fn hashes_match_published_test_vectors() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sample");
    // FIPS 180-4: the empty message, `abc`, and a million times `a`.
    for (content, sha1, sha256) in [
        (
            String::new(),
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (
            "abc".to_owned(),
            "a9993e364706816aba3e25717850c26c9cd0d89d",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            "a".repeat(1_000_000),
            "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
        ),
    ] {
        std::fs::write(&file, &content).expect("written");
        let hashed = at_rest(&file).expect("hashed");
        assert_eq!((&*hashed.sha1, &*hashed.sha256), (sha1, sha256));
        assert_eq!(hashed.bytes, content.len() as u64);
    }
}

#[test]
fn non_file_or_unreadable_file_is_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(headline(folder.path()), "This is not a file");
    let missing = folder.path().join("missing");
    assert_eq!(headline(&missing), "The file could not be read");
    #[cfg(unix)]
    {
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "abc").expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        let words = "This is a link, and what it leads to may change";
        assert_eq!(headline(&link), words);
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("it runs").success());
        assert_eq!(headline(&pipe), "This is not a file");
    }
}

#[test]
fn file_that_changes_meanwhile_has_no_hash() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("growing");
    std::fs::write(&file, "abc").expect("written");
    let grow = || {
        let opened = std::fs::OpenOptions::new().append(true).open(&file);
        opened.expect("there").write_all(b"d").expect("written");
    };
    let hashed = read(&file, &Progress::default(), grow);
    assert!(matches!(hashed, Err(Trouble::Changed)), "{hashed:?}");
    assert!(at_rest(&file).is_ok());
}

#[test]
fn unwanted_hashing_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("large");
    // A sparse file of 20 GB.
    let made = std::fs::File::create(&file).expect("made");
    made.set_len(20 << 30).expect("a hole");
    let progress = Arc::new(Progress::default());
    drop(Wanted(Arc::clone(&progress)));
    let hashed = read(&file, &progress, || {});
    assert!(matches!(hashed, Err(Trouble::Unwanted)), "{hashed:?}");
    assert_eq!(progress.read.load(Ordering::Relaxed), 0);
    assert_eq!(progress.total.load(Ordering::Relaxed), 20 << 30);
}
