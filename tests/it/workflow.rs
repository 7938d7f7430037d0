//! The workflow for checks on the CI server.

const WORKFLOW: &str = include_str!("../../.github/workflows/ci.yml");

/// A tag can be moved to other code.
#[test]
fn each_action_is_pinned_by_its_commit_and_the_image_by_its_digest() {
    let is_hex =
        |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    let lines = || {
        WORKFLOW
            .lines()
            .map(str::trim)
            .map(|line| line.trim_start_matches("- "))
    };
    let actions: Vec<_> = lines()
        .filter_map(|line| line.strip_prefix("uses: "))
        .collect();
    assert!(actions.len() > 2, "{actions:?}");
    for action in actions {
        let (commit, version) = action
            .split_once('@')
            .and_then(|(_, pin)| pin.split_once(" # v"))
            .unwrap_or_default();
        assert!(is_hex(commit, 40) && !version.is_empty(), "{action}");
    }
    let images: Vec<_> = lines()
        .filter_map(|line| line.strip_prefix("container: "))
        .collect();
    assert!(!images.is_empty());
    for image in images {
        let digest = image.split_once("@sha256:").unwrap_or_default().1;
        assert!(is_hex(digest, 64), "{image}");
    }
}

/// Each run there has to check advisories.
#[test]
fn workflow_installs_and_requires_the_advisory_check() {
    for line in [
        "cargo install --locked cargo-deny@",
        "ADVISORIES: required",
        "schedule:",
    ] {
        assert!(WORKFLOW.contains(line), "{line}");
    }
}
