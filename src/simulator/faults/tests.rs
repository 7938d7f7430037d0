use super::*;

const ISOLATE: Place = Place::Submit {
    route: "isolate",
    kind: "Isolate",
};

#[test]
fn text_forms_are_parsed() {
    assert_eq!(
        Fault::parse("submit:isolate", "status:429:30", 2),
        Some(Fault {
            on: Route::SubmitOf("isolate".into()),
            times: 2,
            what: FaultKind::Status {
                code: 429,
                retry_after: Some("30".into()),
                code_text: None
            },
        })
    );
    assert_eq!(
        Fault::parse("api", "drop-after", 1).map(|fault| fault.what),
        Some(FaultKind::DropAfter)
    );
    assert_eq!(
        Fault::parse("available_actions", "stall", 1).map(|fault| fault.on),
        Some(Route::AvailableActions)
    );
    assert_eq!(Fault::parse("moon", "stall", 1), None);
    assert_eq!(Fault::parse("api", "status:9", 1), None);
    assert_eq!(Fault::parse("api", "next_link:nowhere", 1), None);
}

#[test]
fn fault_applies_to_matching_requests_the_set_number_of_times() {
    let mut faults = Faults::default();
    faults.arm(Fault {
        on: Route::Submit,
        times: 1,
        what: FaultKind::DropAfter,
    });
    faults.arm(Fault {
        on: Route::AnyApi,
        times: 0,
        what: FaultKind::Latency(Duration::from_millis(5)),
    });
    assert_eq!(
        faults.take_matching(&Place::Of(Route::Token)),
        (Duration::ZERO, None)
    );
    assert_eq!(
        faults.take_matching(&ISOLATE),
        (Duration::from_millis(5), Some(FaultKind::DropAfter))
    );
    assert_eq!(
        faults.take_matching(&ISOLATE),
        (Duration::from_millis(5), None)
    );
}
