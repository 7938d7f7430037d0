//! The table `[desktop]`: notifications are on by default.

use super::*;

fn read(text: &str) -> Rules {
    parse(text).rules
}

#[test]
fn notifications_are_on_unless_the_file_says_false() {
    for (text, wanted) in [
        ("", true),
        ("[desktop]\n", true),
        ("[desktop]\nnotifications = true\n", true),
        ("[desktop]\nnotifications = false\n", false),
    ] {
        let rules = read(text);
        assert_eq!(rules.written.wants_notifications(), wanted, "{text}");
        assert_eq!(rules.desktop_trouble, None, "{text}");
    }
    assert!(read(EXAMPLE).written.wants_notifications());
}

#[test]
fn an_invalid_value_is_reported_and_does_not_affect_the_policy() {
    for (text, trouble) in [
        (
            "# Ours.\n[desktop]\nnotifications = \"no\"\n",
            "line 3: desktop.notifications: is neither true nor false",
        ),
        (
            "[desktop]\nnotification = false\n",
            "line 2: desktop.notification: is not a key of the desktop",
        ),
        ("desktop = false\n", "“desktop” is not a table"),
    ] {
        let rules = read(text);
        let found = rules.desktop_trouble.expect("an error");
        assert!(found.contains(trouble), "{found}");
        assert!(rules.written.wants_notifications(), "{text}");
        assert_eq!(rules.policy.unread, None, "{text}");
    }
    let written = read("[desktop]\nnotifications = \"no\"\n").written;
    let wrong = written.wrong(RuleKey::Notifications);
    assert_eq!(wrong.as_deref(), Some("“no” is neither true nor false"));
}

#[test]
fn switching_off_and_on_keeps_comments_and_the_rest_of_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(FILE_NAME);
    let before = "# Ours.\n[desktop]\n# The room is shared.\nnotifications = true # asked for\n\n[policy]\nprotected_tags = [\"tier0\"]\n";
    std::fs::write(&file, before).expect("written");
    let save = |from, to| {
        let changes = changes(&[(RuleKey::Notifications, from, to)]);
        let rules = save_rules(folder.path(), &changes).expect("saved");
        let text = std::fs::read_to_string(&file).expect("present");
        (rules.written.wants_notifications(), text)
    };
    let off = before.replace("true", "false");
    assert_eq!(save("true", "false"), (false, off));
    assert_eq!(save("false", "true"), (true, before.to_owned()));

    // The first settings in an empty folder; then the key is removed.
    let folder = tempfile::tempdir().expect("a folder");
    let save = |from, to| {
        let changes = changes(&[(RuleKey::Notifications, from, to)]);
        save_rules(folder.path(), &changes).expect("saved");
        std::fs::read_to_string(folder.path().join(FILE_NAME)).expect("present")
    };
    assert_eq!(save("", "false"), "[desktop]\nnotifications = false\n");
    assert_eq!(save("false", ""), "[desktop]\n");
    let wrong = changes(&[(RuleKey::Notifications, "", "perhaps")]);
    let error = save_rules(folder.path(), &wrong).expect_err("not a flag");
    assert!(matches!(error, SettingsError::Unusable(_)), "{error}");
}
