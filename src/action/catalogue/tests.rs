use super::*;
use crate::model::{MachineAction, MachineActionId, MachineActionStatus, OsFamily};

#[test]
fn the_risk_of_an_action_fits_its_inverse() {
    for &kind in ActionKind::ALL {
        let spec = kind.spec();
        let is_irreversible = spec.risk == Risk::Irreversible;
        assert_eq!(spec.no_way_back.is_some(), is_irreversible, "{kind:?}");
        assert!(spec.undo.is_none() || !is_irreversible, "{kind:?}");
        // An effect that is no condition of a device is undone by the inverse of the action that restricts it.
        let takes_back =
            |undo: ActionKind| undo.spec().risk.takes_away() && !spec.risk.takes_away();
        let is_release = matches!(spec.change, Change::Clears(_))
            || spec.change == Change::Nothing && spec.undo.is_some_and(takes_back);
        assert_eq!(spec.risk == Risk::Routine, is_release, "{kind:?}");
        if let Some(undo) = spec.undo {
            assert_eq!(undo.spec().undo, Some(kind));
            // Tagging restricts nothing and restores nothing.
            assert_eq!(
                spec.group != Group::Mark,
                (spec.risk == Risk::Routine) != (undo.spec().risk == Risk::Routine),
                "{kind:?}"
            );
        }
    }
}

#[test]
fn a_type_maps_back_to_its_kind() {
    let id = MachineActionId::parse("a").expect("a literal id");
    for &kind in ActionKind::ALL {
        let spec = kind.spec();
        let first = ActionKind::from_type(&spec.wire_type).expect("it has a kind");
        assert_eq!(first.spec().endpoint, spec.endpoint);
        let of_type = |kind: &&ActionKind| kind.spec().wire_type == spec.wire_type;
        let is_only = ActionKind::ALL.iter().filter(of_type).count() == 1;
        assert!(is_only || first.spec().fixed.is_empty(), "{kind:?}");
        let status = MachineActionStatus::Pending;
        let mut action = MachineAction::bare(id.clone(), spec.wire_type.clone(), status);
        action.scope = spec.fixed.first().map(|(_, value)| (*value).into());
        let found = ActionKind::of(&action).expect("it has a kind");
        assert_eq!(found.spec().fixed, spec.fixed);
    }
    let offboard = &MachineActionType::Offboard;
    assert_eq!(ActionKind::from_type(offboard), None);
}

#[test]
fn journal_keys_and_shortcuts_are_unique() {
    let mut journal: Vec<_> = (ActionKind::ALL.iter())
        .map(|kind| (kind.spec().journal_key(), kind.spec().fixed))
        .collect();
    journal.sort_unstable();
    journal.dedup();
    assert_eq!(journal.len(), ActionKind::ALL.len());
    let keys = |kind: &ActionKind| kind.spec().shortcut;
    let mut keyboard: Vec<Shortcut> = ActionKind::ALL.iter().filter_map(keys).collect();
    let all = keyboard.len();
    keyboard.sort_unstable();
    keyboard.dedup();
    assert_eq!(keyboard.len(), all);
}

#[test]
fn kinds_without_machine_action_have_unique_type_and_key() {
    let kinds = ActionKind::ALL.iter().map(|kind| kind.spec());
    let other = kinds.filter(|spec| spec.record != Recorded::MachineAction);
    for spec in other {
        assert_ne!(spec.journal_key(), spec.wire_type.as_wire());
        let of_type = |kind: &&ActionKind| kind.spec().wire_type == spec.wire_type;
        assert_eq!(ActionKind::ALL.iter().filter(of_type).count(), 1);
    }
}

/// Microsoft's documentation: which applications an isolation spares, how a proxy script affects
/// it, and how to release a device that does not pick its release up.
#[test]
fn isolation_texts_name_spared_apps_and_recovery() {
    let (isolate, release) = (ActionKind::Isolate.spec(), ActionKind::Unisolate.spec());
    let says = |texts: &[&str], words: &str| texts.iter().any(|text| text.contains(words));
    for words in [
        "classic Outlook",
        "classic Teams",
        "Skype for Business",
        "not their new versions",
    ] {
        assert!(says(&[ISOLATION_TYPE.help], words), "{words}");
    }
    assert!(isolate.parameters.contains(&ISOLATION_TYPE));
    let on_windows: Vec<_> = isolate.caveats_on(&[OsFamily::WindowsClient]).collect();
    assert!(says(&on_windows, "(PAC file)"));
    assert!(says(&on_windows, "choose Selective"));
    for texts in [release.caveats, &[release.if_failed]] {
        assert!(says(texts, "script"), "{texts:?}");
        assert!(says(texts, "on the device itself"), "{texts:?}");
    }
}
