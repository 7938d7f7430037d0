use super::*;
use crate::model::{MachineAction, MachineActionId, MachineActionStatus, OsFamily};

#[test]
fn undoing_restores_service_or_is_the_doing_itself() {
    for &kind in ActionKind::ALL {
        let spec = kind.spec();
        let is_irreversible = spec.risk == Risk::Irreversible;
        assert_eq!(spec.no_way_back.is_some(), is_irreversible, "{kind:?}");
        assert!(spec.undo.is_none() || !is_irreversible, "{kind:?}");
        // What is no condition of a device is given back by the inverse of what takes it away.
        let takes_back =
            |undo: ActionKind| undo.spec().risk.takes_away() && !spec.risk.takes_away();
        let gives_back = matches!(spec.change, Change::Clears(_))
            || spec.change == Change::Nothing && spec.undo.is_some_and(takes_back);
        assert_eq!(spec.risk == Risk::Routine, gives_back, "{kind:?}");
        if let Some(undo) = spec.undo {
            assert_eq!(undo.spec().undo, Some(kind));
            // What only marks takes nothing from anybody, and gives nothing back.
            assert_eq!(
                spec.group != Group::Mark,
                (spec.risk == Risk::Routine) != (undo.spec().risk == Risk::Routine),
                "{kind:?}"
            );
        }
    }
}

#[test]
fn a_type_leads_back_to_its_kind() {
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
fn no_two_kinds_share_a_key_of_the_journal_or_of_the_keyboard() {
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
fn a_kind_that_makes_no_machine_action_has_a_type_and_a_key_of_its_own() {
    let kinds = ActionKind::ALL.iter().map(|kind| kind.spec());
    let other = kinds.filter(|spec| spec.record != Recorded::MachineAction);
    for spec in other {
        assert_ne!(spec.journal_key(), spec.wire_type.as_wire());
        let of_type = |kind: &&ActionKind| kind.spec().wire_type == spec.wire_type;
        assert_eq!(ActionKind::ALL.iter().filter(of_type).count(), 1);
    }
}

/// By Microsoft's documentation: which applications an isolation spares, what a proxy script makes of
/// it, and what is left where a device does not pick its release up.
#[test]
fn what_an_isolation_spares_and_how_a_device_comes_back_is_said() {
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
