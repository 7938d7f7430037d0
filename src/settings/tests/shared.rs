//! The file that a team shares.

use super::*;

/// A shared file that is missing, damaged, too large or partly wrong must not disable the own
/// rules, nor its own readable ones; and the policy records that something is unread.
#[test]
fn an_unreadable_shared_file_keeps_readable_rules_in_force() {
    let folder = tempfile::tempdir().expect("a folder");
    let own =
        "[policy]\nshared_file = \"team.toml\"\nprotected_tags = [\"mine\"]\nmost_devices = 4\n";
    std::fs::write(folder.path().join(FILE_NAME), own).expect("written");
    let shared = folder.path().join("team.toml");
    let read = || Settings::policy_of(&Settings::read(folder.path()));
    let with = |text: &str| {
        std::fs::write(&shared, text).expect("written");
        read()
    };
    let partly = "[policy]\nprotected_names = [\"DC*\", 7]\nmost_devices = 2\nshared_file = \"x\"";
    for (what, policy, names, max) in [
        ("missing", read(), 0, 4),
        ("no TOML", with("[policy"), 0, 4),
        ("no table", with("policy = 1"), 0, 4),
        ("too large", with(&"#".repeat(70_000)), 0, 4),
        ("partly wrong", with(partly), 1, 2),
    ] {
        assert!(policy.unread.is_some(), "{what}");
        assert_eq!(&*policy.protected_tags[0], "mine", "{what}");
        assert_eq!(policy.protected_names.len(), names, "{what}");
        assert_eq!(policy.max_batch, max, "{what}");
    }
}
