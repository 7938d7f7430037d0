//! Orders for a file on every device.

use super::*;
use crate::action::{AUDIT, EXPIRES, FILE, INDICATOR, REACTION, Value};
use crate::model::{Indicator, IndicatorAction, MAX_INDICATORS};

const SHA1: &str = "87662bc3d60e4200ceaf7aae249d1c343f4b83c9";

/// A block by this account, number 7.
fn indicator(hash: &str, by: &str) -> Indicator {
    Indicator {
        id: MachineActionId::parse("7").ok(),
        value: hash.into(),
        action: IndicatorAction::BlockAndRemediate,
        by: Some(by.into()),
        created: None,
        expires: None,
        title: None,
        description: None,
    }
}

const fn read(of_files: &[Indicator], total: usize) -> KnownIndicators<'_> {
    KnownIndicators::Read {
        of_files,
        total,
        is_complete: true,
    }
}

fn order(world: &World, kind: ActionKind, hash: &str) -> Draft {
    let mut draft = world.draft(kind);
    draft.machine = MachineRef::every_device();
    draft.set(&FILE, hash);
    draft.set(&INDICATOR, "7");
    draft
}

fn found(draft: &Draft, facts: &Facts<'_>, severity: Severity) -> Vec<String> {
    let found = review(draft, facts).findings.into_iter();
    let found = found.filter(|one| one.severity == severity);
    found.map(|one| one.text()).collect()
}

fn says(found: &[String], text: &str) -> bool {
    found.iter().any(|one| one.contains(text))
}

#[test]
fn indicator_limit_stops_new_block_but_not_an_update() {
    let world = world();
    let theirs = [indicator(SHA1, "s.weber@contoso.com")];
    let full = "The tenant has 15,000 indicators, which is the limit";
    let mut audit = order(&world, ActionKind::BlockFile, SHA1);
    audit.set(&REACTION, AUDIT.value);
    let block = order(&world, ActionKind::BlockFile, SHA1);
    let removal = order(&world, ActionKind::RemoveBlock, SHA1);
    for (draft, of_files, total, is_stopped) in [
        (&block, &[][..], MAX_INDICATORS - 1, false),
        (&block, &[], MAX_INDICATORS, true),
        (&block, &[], MAX_INDICATORS + 1, true),
        // An update of the indicator for the same file and action; with another action it is a new one.
        (&block, &theirs, MAX_INDICATORS, false),
        (&audit, &theirs, MAX_INDICATORS, true),
        (&removal, &theirs, MAX_INDICATORS, false),
    ] {
        let facts = Facts {
            indicators: read(of_files, total),
            ..world.facts()
        };
        let stops = found(draft, &facts, Block);
        assert_eq!(says(&stops, full), is_stopped, "{total} {stops:?}");
    }
    // An incompletely read list stops nothing, and says so.
    let facts = Facts {
        indicators: KnownIndicators::Read {
            of_files: &[],
            total: 0,
            is_complete: false,
        },
        ..world.facts()
    };
    let gaps = found(&block, &facts, NotChecked);
    assert!(says(&gaps, "part of the list is missing"), "{gaps:?}");
}

#[test]
fn system_file_warns_before_it_is_blocked_everywhere() {
    for (signer, is_valid, warns) in [
        (Some("Microsoft Windows"), None, true),
        (Some("Microsoft Corporation"), Some(true), true),
        (Some("MICROSOFT Corporation"), Some(true), true),
        (Some("Microsoft Corporation"), Some(false), false),
        (Some("Microsofty Ltd."), Some(true), false),
        (None, None, false),
    ] {
        let mut world = world();
        world.file = File::Known(Box::new(FileFacts {
            sha1: SHA1.into(),
            signer: signer.map(Box::from),
            is_valid_certificate: is_valid,
            organization_prevalence: Some(1),
            ..FileFacts::default()
        }));
        let facts = Facts {
            indicators: read(&[], 0),
            ..world.facts()
        };
        let draft = order(&world, ActionKind::BlockFile, SHA1);
        let warnings = found(&draft, &facts, Warn);
        let said = "the system may need it, on every device";
        assert_eq!(says(&warnings, said), warns, "{signer:?} {warnings:?}");
    }
}

#[test]
fn block_with_past_expiry_is_refused() {
    let world = world();
    let facts = Facts {
        indicators: read(&[], 0),
        ..world.facts()
    };
    for (seconds, is_stopped) in [(-86_400, true), (0, true), (60, false)] {
        let mut draft = order(&world, ActionKind::BlockFile, SHA1);
        let end = NOW + jiff::SignedDuration::from_secs(seconds - NOW.as_second() % 60);
        draft.set(&EXPIRES, Value::Time(end).text());
        let stops = found(&draft, &facts, Block);
        assert_eq!(
            says(&stops, "Its expiry is in the past"),
            is_stopped,
            "{end}"
        );
    }
}

#[test]
fn foreign_block_is_removed_only_with_warning_and_by_its_own_number() {
    let world = world();
    let own = account().user_name.expect("a name");
    for (by, hash, warns, stops) in [
        (&*own, SHA1, false, false),
        ("s.weber@contoso.com", SHA1, true, false),
        (
            &*own,
            "4388963aaa83afe2042a46a3c017ad50bdcdafb3",
            false,
            true,
        ),
    ] {
        let shown = [indicator(hash, by)];
        let facts = Facts {
            indicators: read(&shown, 1),
            ..world.facts()
        };
        let draft = order(&world, ActionKind::RemoveBlock, SHA1);
        let warnings = found(&draft, &facts, Warn);
        let theirs = "This block was created by s.weber@contoso.com, not by you";
        assert_eq!(says(&warnings, theirs), warns, "{warnings:?}");
        let blocked = found(&draft, &facts, Block);
        let other = "The block with the number 7 is for another hash";
        assert_eq!(says(&blocked, other), stops, "{blocked:?}");
    }
}

/// A file has two hashes, and a colleague may have used the other one.
#[test]
fn existing_block_is_reported_under_either_hash() {
    let (sha1, sha256) = ("1".repeat(40), "2".repeat(64));
    let mut world = world();
    world.file = File::Known(Box::new(FileFacts {
        sha1: sha1.as_str().into(),
        sha256: Some(sha256.as_str().into()),
        organization_prevalence: Some(1),
        ..FileFacts::default()
    }));
    for theirs in [&sha1, &sha256] {
        let theirs = [indicator(theirs, "s.weber@contoso.com")];
        let facts = Facts {
            indicators: read(&theirs, 1),
            ..world.facts()
        };
        for (ours, kind) in [
            (&sha1, ActionKind::BlockFile),
            (&sha256, ActionKind::BlockFile),
            (&sha256, ActionKind::RemoveBlock),
        ] {
            let mut draft = order(&world, kind, ours);
            // Not the colleague's indicator.
            draft.set(&INDICATOR, "8");
            let found = review(&draft, &facts).findings;
            let reported = found.iter().any(|one| {
                one.severity == Warn
                    && one
                        .text()
                        .starts_with("By s.weber@contoso.com, this file is already")
            });
            assert!(reported, "{kind:?} {found:?}");
        }
    }
}

/// The target of a tenant-wide order is not a device.
#[test]
fn device_actions_never_apply_to_the_tenant_nor_tenant_actions_to_a_device() {
    let world = world();
    for kind in ActionKind::ALL {
        let is_refused = |machine: MachineRef| {
            let mut draft = world.draft(*kind);
            draft.machine = machine;
            let review = review(&draft, &world.facts());
            let refused = review.findings.iter().any(|one| {
                one.severity == Block
                    && (one.text().contains("not for all") || one.text().contains("not just one"))
            });
            let approved = review.approve(&account(), Epoch(1), NOW);
            assert!(!refused || approved.is_err(), "{kind:?}");
            refused
        };
        assert_eq!(
            is_refused(MachineRef::every_device()),
            !kind.is_tenant_wide(),
            "{kind:?}"
        );
        assert_eq!(
            is_refused(world.machine.reference()),
            kind.is_tenant_wide(),
            "{kind:?}"
        );
    }
}
