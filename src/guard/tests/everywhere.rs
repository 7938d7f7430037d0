//! What holds for a file on every device.

use super::*;
use crate::action::FILE;
use crate::model::{Indicator, IndicatorAction};

/// A file has two hashes, and a colleague may have taken the other one.
#[test]
fn a_block_of_the_same_file_is_told_under_whichever_hash_it_was_made() {
    let (sha1, sha256) = ("1".repeat(40), "2".repeat(64));
    let mut world = world();
    world.file = File::Known(Box::new(FileFacts {
        sha1: sha1.as_str().into(),
        sha256: Some(sha256.as_str().into()),
        organization_prevalence: Some(1),
        ..FileFacts::default()
    }));
    for theirs in [&sha1, &sha256] {
        let theirs = [Indicator {
            id: MachineActionId::parse("7").ok(),
            value: theirs.as_str().into(),
            action: IndicatorAction::BlockAndRemediate,
            by: Some("s.weber@contoso.com".into()),
            created: None,
            expires: None,
            title: None,
            description: None,
        }];
        let facts = Facts {
            indicators: IndicatorsLook::Read {
                of_files: &theirs,
                total: 1,
                is_complete: true,
            },
            ..world.facts()
        };
        for (ours, kind) in [
            (&sha1, ActionKind::BlockFile),
            (&sha256, ActionKind::BlockFile),
            (&sha256, ActionKind::RemoveBlock),
        ] {
            let mut draft = world.draft(kind);
            draft.machine = MachineRef::every_device();
            draft.set(&FILE, ours.as_str());
            let found = review(&draft, &facts).findings;
            let told = found.iter().any(|one| {
                one.severity == Warn
                    && one
                        .text
                        .starts_with("By s.weber@contoso.com, this file is already")
            });
            assert!(told, "{kind:?} {found:?}");
        }
    }
}

/// What stands in a device's place for orders that reach all of them is no device.
#[test]
fn what_is_for_one_device_is_never_ordered_of_all_of_them_nor_the_other_way_round() {
    let world = world();
    for kind in ActionKind::ALL {
        let is_refused = |machine: MachineRef| {
            let mut draft = world.draft(*kind);
            draft.machine = machine;
            let review = review(&draft, &world.facts());
            let refused = review.findings.iter().any(|one| {
                one.severity == Block
                    && (one.text.contains("not for all") || one.text.contains("not one of them"))
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
