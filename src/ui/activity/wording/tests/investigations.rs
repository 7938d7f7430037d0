//! Orders that start an automated investigation.

use super::*;

#[test]
fn investigation_waiting_for_its_own_limit_says_so() {
    let mut state = state();
    state.budget = Some(crate::model::Budget {
        left_minute: 90,
        of_minute: 100,
        left_hour: 900,
        of_hour: 1_500,
        gate_until: None,
        investigations_until: Timestamp::from_second(3_550).ok(),
        is_shared: false,
    });
    let lines = |kind, second| {
        let order = fixtures::order("cdn-00000001", fixtures::machine_ref("a19c07", None), kind);
        let entry = fixtures::entry(fixtures::author(), order, Vec::new());
        let now = Timestamp::from_second(second).expect("a literal time");
        details(&entry, &state, now).join("\n")
    };
    let why = "limits how many investigations are started per hour";
    assert!(lines(ActionKind::StartInvestigation, 0).contains(why));
    assert_eq!(lines(ActionKind::StartInvestigation, 3_550), "");
    assert_eq!(lines(ActionKind::Isolate, 0), "");
}

#[test]
fn ended_investigation_names_only_the_requestor_reported() {
    let ended = |by: Option<&str>, state: &str| {
        let machine = fixtures::machine_ref("a19c07", None);
        let order = fixtures::order("cdn-00000001", machine, ActionKind::StartInvestigation);
        let mut finished = fixtures::finished("63004", MachineActionStatus::Cancelled);
        if let Record::Finished {
            by: who, comment, ..
        } = &mut finished
        {
            *who = by.map(Into::into);
            *comment = Some(state.into());
        }
        let entry = fixtures::entry(fixtures::author(), order, vec![Record::Sent, finished]);
        details(&entry, &super::state(), Timestamp::UNIX_EPOCH)
    };
    assert_eq!(
        ended(None, "TerminatedBySystem"),
        ["Defender itself ended it before it was complete"]
    );
    assert_eq!(
        ended(Some("sam@contoso.com"), "TerminatedByUser"),
        [
            "By sam@contoso.com",
            "A person ended it before it was complete"
        ]
    );
}
