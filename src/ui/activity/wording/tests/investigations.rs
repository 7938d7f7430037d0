//! Orders that start an automated investigation.

use super::*;

#[test]
fn an_investigation_that_waits_for_its_own_limit_says_so() {
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
        details(&entry, &state, now, &TimeZone::UTC).join("\n")
    };
    let why = "limits how many investigations are started per hour";
    assert!(lines(ActionKind::StartInvestigation, 0).contains(why));
    assert_eq!(lines(ActionKind::StartInvestigation, 3_550), "");
    assert_eq!(lines(ActionKind::Isolate, 0), "");
}
