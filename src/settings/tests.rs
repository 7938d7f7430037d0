mod desktop;
mod plans;
mod shared;
mod tickets;

use super::*;
use crate::guard::Policy;
use crate::model::{Cloud, Region, Scopes};

const FILE: &str = "settings.toml";

fn parse(text: &str) -> Settings {
    Settings::parse(text, Path::new(FILE)).expect("TOML")
}

fn start_with(text: &str, asked: Option<&str>) -> Result<Option<Profile>, String> {
    parse(text)
        .choose(Path::new(""), asked)
        .map_err(|error| error.to_string())
}

#[test]
fn a_huge_file_is_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(FILE_NAME), "#".repeat(70_000)).expect("written");
    let read = Settings::read(folder.path());
    assert!(matches!(read, Err(SettingsError::TooLarge(_))), "{read:?}");
}

#[test]
fn the_example_is_readable() {
    let profile = start_with(EXAMPLE, None).expect("readable").expect("one");
    let Profile { name, registration } = profile;
    assert_eq!(
        (name.as_str(), registration.cloud, registration.region),
        ("contoso", Cloud::Commercial, Region::Eu)
    );
    assert_eq!(registration.scopes, Scopes::Granted);
}

#[test]
fn errors_name_file_line_and_key() {
    for (right, wrong, expected) in [
        (
            "\"Commercial\"",
            "\"China\"",
            "settings.toml, line 5: profile.contoso.cloud: is not one of Commercial, GCC, GCC High and DoD",
        ),
        (
            "region = \"EU\"",
            "region = \"Mars\"",
            "settings.toml, line 6: profile.contoso.region: is not one of any, US, EU, UK, AU, SWA and INA",
        ),
        (
            "scopes = \".default\"",
            "scopes = 5",
            "settings.toml, line 9: profile.contoso.scopes: is not text",
        ),
        (
            "\"Commercial\"",
            "\"GCC High\"",
            "settings.toml, line 6: profile.contoso.region: Only the commercial cloud has regions",
        ),
    ] {
        let text = EXAMPLE.replace(right, wrong);
        assert_eq!(start_with(&text, None), Err(expected.to_owned()));
    }
    let without = EXAMPLE.replace("cloud = \"Commercial\"", "");
    let error = start_with(&without, None).expect_err("no cloud");
    assert!(error.starts_with("settings.toml, line 4: "), "{error}");
    assert_eq!(
        start_with(EXAMPLE, Some("fabrikam")),
        Err("settings.toml: there is no [profile.fabrikam]".to_owned())
    );
    let error = Settings::parse("[profile.default", Path::new(FILE)).expect_err("not TOML");
    let error = error.to_string();
    assert!(
        error.starts_with("settings.toml: TOML parse error at line 1"),
        "{error}"
    );
    let error = Settings::parse("profile = 1", Path::new(FILE)).expect_err("not a table");
    assert!(matches!(error, SettingsError::NoTable(..)), "{error}");
}

#[test]
fn an_invalid_profile_does_not_affect_the_others() {
    let text = format!("{EXAMPLE}\n[profile.fabrikam]\ncloud = \"DoD\"\n");
    let settings = parse(&text);
    assert_eq!(settings.profiles.len(), 2);
    assert!(settings.profiles[0].1.is_ok() && settings.profiles[1].1.is_err());
    assert!(start_with(&text, None).is_ok_and(|chosen| chosen.is_some()));
    assert!(start_with(&text, Some("fabrikam")).is_err());
}

#[test]
fn the_user_chooses_between_profiles_without_default() {
    assert_eq!(start_with("", None), Ok(None));
    let without_default = EXAMPLE.replace("default_profile", "other");
    let alone = start_with(&without_default, None);
    assert!(alone.is_ok_and(|chosen| chosen.is_some()));
    let two = format!("{without_default}\n[profile.fabrikam]\n");
    assert_eq!(start_with(&two, None), Ok(None));
}

#[test]
fn a_saved_profile_is_read_back_and_the_rest_of_the_file_is_kept() {
    let mut profile = start_with(EXAMPLE, None).expect("readable").expect("one");
    profile.registration.cloud = Cloud::Dod;
    profile.registration.region = Region::Any;
    profile.registration.other_resource = true;
    profile.registration.scopes = Scopes::parse("Machine.Read Machine.Isolate").expect("names");
    let before = format!("{EXAMPLE}\n# Ours.\n[ours]\nmost_devices = 3\n");
    let saved =
        save::with_profile(&before, Path::new(FILE), &profile, None).expect("can be written");
    assert_eq!(start_with(&saved, None), Ok(Some(profile.clone())));
    for kept in [
        "# or \"GCC\", \"GCC High\", \"DoD\"",
        "# Ours.\n[ours]\nmost_devices = 3",
        "# The profile that cordon starts with",
        "scopes = [\"Machine.Read\", \"Machine.Isolate\"]       # or names",
    ] {
        assert!(saved.contains(kept), "{kept:?} in {saved}");
    }
    assert!(!saved.contains("region"), "{saved}");

    // A second profile, and the first one of an empty file.
    profile.name = ProfileName::parse("Fabrikam, Inc.").expect("a name");
    let two = save::with_profile(&saved, Path::new(FILE), &profile, None).expect("can be written");
    assert_eq!(parse(&two).profiles.len(), 2);
    assert_eq!(start_with(&two, None), Ok(Some(profile.clone())));
    // Renamed: only one of the two remains.
    let before = profile.name.clone();
    profile.name = ProfileName::parse("fabrikam").expect("a name");
    let renamed = save::with_profile(&two, Path::new(FILE), &profile, Some(&before));
    let renamed = renamed.expect("can be written");
    assert_eq!(parse(&renamed).profiles.len(), 2);
    assert_eq!(start_with(&renamed, None), Ok(Some(profile.clone())));
    let alone = save::with_profile("", Path::new(FILE), &profile, None).expect("can be written");
    assert_eq!(start_with(&alone, None), Ok(Some(profile)));
}

#[test]
fn a_foreign_file_is_not_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(FILE_NAME);
    let profile = start_with(EXAMPLE, None).expect("readable").expect("one");
    for damaged in [
        "[profile.contoso",
        "profile = 1",
        "profile = { contoso = 2 }",
    ] {
        std::fs::write(&file, damaged).expect("written");
        let saved = save_profile(folder.path(), &profile, None);
        if damaged.contains("contoso = 2") {
            assert!(saved.is_ok(), "a wrong profile can be corrected: {saved:?}");
            continue;
        }
        assert!(saved.is_err(), "{damaged}");
        let now = std::fs::read_to_string(&file).expect("present");
        assert_eq!(now, damaged);
    }
}

#[test]
fn own_and_shared_rules_are_merged_and_a_typo_is_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
        Settings::policy_of(&Settings::read(folder.path()))
    };
    assert_eq!(
        Settings::policy_of(&Settings::read(folder.path())),
        Policy::default()
    );
    let policy = write(FILE_NAME, EXAMPLE);
    assert_eq!(policy.unread, None);
    assert!(policy.protected_names[0].fits("dc01") && policy.vpn_ranges.len() == 1);

    let shared = "[policy]\nshared_file = \"team.toml\"\nprotected_names = [\"mine\"]\n";
    let policy = write(FILE_NAME, shared);
    let unread = policy.unread.expect("the shared file is not there");
    assert!(unread.contains("team.toml"), "{unread}");
    assert!(policy.protected_names[0].fits("mine"), "own rules apply");
    write(
        "team.toml",
        "[policy]\nprotected_names = [\"DC*\"]\nprotected_ids = [\"a1\"]\n",
    );
    let policy = write(FILE_NAME, shared);
    assert_eq!(
        (
            policy.unread,
            policy.protected_names.len(),
            policy.protected_ids.len()
        ),
        (None, 2, 1)
    );

    for (wrong, words) in [
        (
            "protected_name = [\"DC01\"]",
            "line 2: policy.protected_name: is not a policy key",
        ),
        (
            "protected_names = \"DC01\"",
            "line 2: policy.protected_names: is not a list of texts",
        ),
        ("protected_names = [\"*\"]", "would protect every device"),
        ("vpn_ranges = [\"10.8/40\"]", "is not an address range"),
        ("protected_ids = [\"../x\"]", "is not a device id"),
    ] {
        let beside = "protected_tags = [\"tier0\"]\nmost_devices = 40";
        let policy = write(FILE_NAME, &format!("[policy]\n{wrong}\n{beside}\n"));
        let unread = policy.unread.expect(wrong);
        assert!(unread.contains(words), "{unread}");
        // The other settings apply, with the limit of a console without rules.
        assert_eq!(&*policy.protected_tags[0], "tier0", "{wrong}");
        assert_eq!(policy.max_batch, 10, "{wrong}");
    }
    assert!(write(FILE_NAME, "policy = 3").unread.is_some());
    assert!(write(FILE_NAME, "[policy").unread.is_some());
}

fn changes(changes: &[(RuleKey, &str, &str)]) -> Vec<RuleChange> {
    let change = |(key, from, to): &(RuleKey, &str, &str)| RuleChange {
        key: *key,
        from: (*from).to_owned(),
        to: (*to).to_owned(),
    };
    changes.iter().map(change).collect()
}

#[test]
fn saved_rules_are_read_back_and_the_rest_of_the_file_is_kept() {
    let before = r#"# Ours.
default_profile = "contoso"

[policy]
# Asked for by the board.
protected_names = [ # The board's.
    "DC01", # Vienna
    # South.
    "DC02", # Graz
    "DC03" # Paris
]
protected_tags = ["tier0"] # all of them
own_entra_device_id = "5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10" # this one

[profile.contoso]
cloud = "DoD"
"#;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(FILE_NAME);
    std::fs::write(&file, before).expect("written");
    let saved = save_rules(
        folder.path(),
        &changes(&[
            (
                RuleKey::ProtectedNames,
                "DC01\nDC02\nDC03",
                " DC03 \n\nDC02\n*-vpn\n",
            ),
            (RuleKey::ProtectedTags, "tier0", "tier0\nvip"),
            (RuleKey::VpnRanges, "", "10.8.0.0/16"),
            (RuleKey::MaxDevices, "", "25"),
            (
                RuleKey::OwnEntraDeviceId,
                "5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10",
                "",
            ),
            (RuleKey::Templates, "", "{ticket}: beacon seen\nclean again"),
        ]),
    );
    let rules = saved.expect("saved");
    assert_eq!(
        std::fs::read_to_string(&file).expect("present"),
        r#"# Ours.
default_profile = "contoso"

[policy]
# Asked for by the board.
protected_names = [ # The board's.
    "DC03", # Paris
    # South.
    "DC02", # Graz
    "*-vpn",
]
protected_tags = ["tier0", "vip"] # all of them
own_entra_device_id = "" # this one
vpn_ranges = ["10.8.0.0/16"]
most_devices = 25

[profile.contoso]
cloud = "DoD"

[comments]
templates = ["{ticket}: beacon seen", "clean again"]
"#
    );
    let policy = &rules.policy;
    assert!(policy.protected_names[2].fits("vie-vpn") && policy.vpn_ranges.len() == 1);
    assert_eq!((policy.max_batch, &policy.own_entra_device_id), (25, &None));
    let templates: Vec<_> = rules.written.entries(RuleKey::Templates).collect();
    assert_eq!(templates, ["{ticket}: beacon seen", "clean again"]);

    // The first settings in an empty folder; then the limit is removed.
    let folder = tempfile::tempdir().expect("a folder");
    let save = |from, to| save_rules(folder.path(), &changes(&[(RuleKey::MaxDevices, from, to)]));
    assert_eq!(save("", "3").expect("saved").policy.max_batch, 3);
    assert_eq!(save("3", "").expect("saved").policy.max_batch, 10);
}

#[test]
fn concurrent_changes_of_the_settings_are_not_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(FILE_NAME);
    let theirs = "[policy]\nprotected_tags = [\"tier0\", \"vip\"]\n";
    std::fs::write(&file, theirs).expect("written");
    let ours = changes(&[(RuleKey::ProtectedTags, "tier0", "tier0\nkiosk")]);
    let error = save_rules(folder.path(), &ours).expect_err("changed meanwhile");
    assert!(
        matches!(
            error,
            SettingsError::ChangedMeanwhile {
                key: RuleKey::ProtectedTags,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(std::fs::read_to_string(&file).expect("present"), theirs);
}

#[test]
fn a_file_gone_or_emptied_during_the_run_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(FILE_NAME);
    assert!(Settings::read(folder.path()).is_ok(), "a first start");
    for gone in [None, Some(""), Some(" \n")] {
        match gone {
            Some(text) => std::fs::write(&file, text).expect("written"),
            None => assert!(!file.exists()),
        }
        let read = Settings::read_again(folder.path());
        assert!(matches!(read, Err(SettingsError::Gone(_))), "{gone:?}");
    }
}

#[test]
fn a_file_invalid_before_or_after_a_change_is_not_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(FILE_NAME);
    let tags = changes(&[(RuleKey::ProtectedTags, "", "tier0")]);
    let templates = changes(&[(RuleKey::Templates, "", "seen")]);
    let missing = changes(&[(RuleKey::SharedFile, "", "nowhere.toml")]);
    let wrong = changes(&[(RuleKey::VpnRanges, "", "10.8/40")]);
    let huge = changes(&[(RuleKey::ProtectedTags, "", &"t".repeat(70_000))]);
    for (text, changes, words) in [
        ("[policy", &tags, "TOML parse error at line 1"),
        ("policy = 1", &tags, "“policy” is not a table"),
        (
            "[policy]\nprotected_name = []\n",
            &tags,
            "line 2: policy.protected_name",
        ),
        ("comments = 1", &templates, "“comments” is not a table"),
        ("# Ours.\n", &missing, "nowhere.toml"),
        ("# Ours.\n", &wrong, "is not an address range"),
        ("# Ours.\n", &huge, "more than 65536 bytes"),
    ] {
        std::fs::write(&file, text).expect("written");
        let error = save_rules(folder.path(), changes)
            .expect_err(text)
            .to_string();
        assert!(error.contains(words), "{error}");
        assert!(!error.contains('\n'), "{error}");
        let now = std::fs::read_to_string(&file).expect("present");
        assert_eq!(now, text);
    }
}

#[test]
fn invalid_lines_are_reported_with_reason() {
    let wrong = |key: RuleKey, text: &str| {
        let mut written = WrittenRules::default();
        text.clone_into(written.text_mut(key));
        written.wrong(key)
    };
    for (key, text, words) in [
        (
            RuleKey::ProtectedNames,
            "DC01\n\n*",
            "Line 3: “*” is empty, or would protect every device",
        ),
        (
            RuleKey::ProtectedIds,
            "a1\n../x",
            "Line 2: “../x” is not a device id",
        ),
        (
            RuleKey::VpnRanges,
            "10.8/40",
            "Line 1: “10.8/40” is not an address range, such as 10.8.0.0/16",
        ),
        (
            RuleKey::MaxDevices,
            "0",
            "“0” is not a number from 1 to 100",
        ),
        (
            RuleKey::MaxDevices,
            "ten",
            "“ten” is not a number from 1 to 100",
        ),
        (
            RuleKey::OwnEntraDeviceId,
            "mine",
            "“mine” is not an Entra device id: 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12",
        ),
        (
            RuleKey::Templates,
            "a\u{202e}b",
            "Line 1: “a\\u{202e}b” has characters that cannot be shown",
        ),
    ] {
        assert_eq!(wrong(key, text).as_deref(), Some(words));
    }
    for (key, text) in [
        (RuleKey::ProtectedNames, " DC01 \n\n*-dc.contoso.com"),
        (RuleKey::ProtectedTags, "tier0"),
        (RuleKey::MaxDevices, " 100 "),
        (RuleKey::MaxDevices, ""),
        (RuleKey::VpnRanges, "10.8.0.7\n2001:db8::/32"),
        (RuleKey::Templates, "{ticket}: seen"),
    ] {
        assert_eq!(wrong(key, text), None);
    }
}

#[test]
fn tighter_limit_wins_and_invalid_templates_do_not_invalidate_the_policy() {
    let folder = tempfile::tempdir().expect("a folder");
    let read = |own: &str, shared: &str| {
        std::fs::write(
            folder.path().join("team.toml"),
            format!("[policy]\n{shared}\n"),
        )
        .expect("written");
        let own = format!("[policy]\nshared_file = \"team.toml\"\n{own}\n");
        std::fs::write(folder.path().join(FILE_NAME), own).expect("written");
        Settings::read(folder.path()).expect("TOML").rules
    };
    for (own, shared, max) in [
        ("", "", 10),
        ("", "most_devices = 25", 25),
        ("most_devices = 30", "most_devices = 25", 25),
        ("most_devices = 2", "most_devices = 25", 2),
    ] {
        assert_eq!(read(own, shared).policy.max_batch, max, "{own} {shared}");
    }
    let rules = read("", "protected_tags = [\"tier0\"]");
    let (file, shared) = rules.shared.expect("a shared file");
    assert!(file.ends_with("team.toml"));
    assert_eq!(shared.text(RuleKey::ProtectedTags), "tier0");
    assert!(rules.written.text(RuleKey::ProtectedTags).is_empty());
    assert!(read("most_devices = 101", "").policy.unread.is_some());

    let rules = read("[comments]\ntemplates = \"seen\"", "");
    assert_eq!(rules.policy.unread, None);
    let trouble = rules.template_trouble.expect("no list");
    assert!(
        trouble.contains("line 4: comments.templates: is not a list"),
        "{trouble}"
    );
}

#[test]
fn the_demos_rules_can_be_written_and_read() {
    let policy = Policy {
        protected_tags: vec!["tier0".into()],
        ..Policy::default()
    };
    let mut written = WrittenRules::of(&policy);
    DEMO_TEMPLATES.clone_into(written.text_mut(RuleKey::Templates));
    let (_, rules) = change_rules("", Path::new(FILE_NAME), &written.as_changes()).expect("usable");
    assert_eq!((rules.policy, rules.written), (policy, written));
}
