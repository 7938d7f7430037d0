use super::*;
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
fn what_is_wrong_is_named_by_file_line_and_key() {
    for (right, wrong, expected) in [
        (
            "\"Commercial\"",
            "\"China\"",
            "settings.toml, line 5: profile.contoso.cloud: is none of Commercial, GCC, GCC High and DoD",
        ),
        (
            "region = \"EU\"",
            "region = \"Mars\"",
            "settings.toml, line 6: profile.contoso.region: is none of any, US, EU, UK, AU, SWA and INA",
        ),
        (
            "scopes = \".default\"",
            "scopes = 5",
            "settings.toml, line 9: profile.contoso.scopes: is no text",
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
    let error = Settings::parse("[profile.default", Path::new(FILE)).expect_err("no TOML");
    let error = error.to_string();
    assert!(
        error.starts_with("settings.toml: TOML parse error at line 1"),
        "{error}"
    );
    let error = Settings::parse("profile = 1", Path::new(FILE)).expect_err("no table");
    assert!(matches!(error, SettingsError::NoTable(_)), "{error}");
}

#[test]
fn a_wrong_profile_does_not_spoil_the_others() {
    let text = format!("{EXAMPLE}\n[profile.fabrikam]\ncloud = \"DoD\"\n");
    let settings = parse(&text);
    assert_eq!(settings.profiles.len(), 2);
    assert!(settings.profiles[0].1.is_ok() && settings.profiles[1].1.is_err());
    assert!(start_with(&text, None).is_ok_and(|chosen| chosen.is_some()));
    assert!(start_with(&text, Some("fabrikam")).is_err());
}

#[test]
fn where_nothing_says_which_a_person_chooses() {
    assert_eq!(start_with("", None), Ok(None));
    let without_default = EXAMPLE.replace("default_profile", "other");
    let alone = start_with(&without_default, None);
    assert!(alone.is_ok_and(|chosen| chosen.is_some()));
    let two = format!("{without_default}\n[profile.fabrikam]\n");
    assert_eq!(start_with(&two, None), Ok(None));
}

#[test]
fn what_is_saved_is_read_again_and_the_rest_of_the_file_stays() {
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

    // Another one beside it, and the first of an empty file.
    profile.name = ProfileName::parse("Fabrikam, Inc.").expect("a name");
    let two = save::with_profile(&saved, Path::new(FILE), &profile, None).expect("can be written");
    assert_eq!(parse(&two).profiles.len(), 2);
    assert_eq!(start_with(&two, None), Ok(Some(profile.clone())));
    // Renamed: one is left of the two.
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
fn a_file_that_is_none_of_ours_is_not_overwritten() {
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
            assert!(saved.is_ok(), "a wrong profile can be put right: {saved:?}");
            continue;
        }
        assert!(saved.is_err(), "{damaged}");
        let now = std::fs::read_to_string(&file).expect("it is still there");
        assert_eq!(now, damaged);
    }
}

#[test]
fn rules_are_read_with_those_that_a_team_shares_and_a_slip_protects_nothing_in_silence() {
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
            "line 2: policy.protected_name: is no key of the policy",
        ),
        (
            "protected_names = \"DC01\"",
            "line 2: policy.protected_names: is no list of texts",
        ),
        ("protected_names = [\"*\"]", "would protect every device"),
        ("vpn_ranges = [\"10.8/40\"]", "is no range of addresses"),
        ("protected_ids = [\"../x\"]", "is no device id"),
    ] {
        let policy = write(FILE_NAME, &format!("[policy]\n{wrong}\n"));
        let unread = policy.unread.expect(wrong);
        assert!(unread.contains(words), "{unread}");
    }
    assert!(write(FILE_NAME, "policy = 3").unread.is_some());
    assert!(write(FILE_NAME, "[policy").unread.is_some());
}
