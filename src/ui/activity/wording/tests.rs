use crate::action::{ActionKind, Order};
use crate::guard::Policy;
use crate::model::{
    Account, EntryId, Machine, MachineActionId, MachineId, Mode, Permissions, SessionStatus,
};
use crate::state::fixtures;
use crate::ui::activity::wording::*;

const SHA1: &str = "87662bc3d60e4200ceaf7aae249d1c343f4b83c9";

fn action() -> MachineActionId {
    MachineActionId::parse("b89eb834").expect("a literal id")
}

fn entry(records: Vec<Record>) -> Entry {
    let machine = fixtures::machine_ref("a19c07", Some("FIN-LT-042"));
    let order = Order {
        comment: "INC-1\nmalware".into(),
        ..fixtures::order("cdn-7F3K2Q9M", machine, ActionKind::Isolate)
    };
    fixtures::entry(fixtures::author(), order, records)
}

fn state() -> State {
    State::new(Mode::Demo, "Demo", Policy::default())
}

fn said(records: Vec<Record>, state: &State) -> String {
    let entry = entry(records);
    let now = Timestamp::from_second(7200).expect("a literal time");
    details(&entry, state, now).join("\n")
}

#[test]
fn refusal_distinguishes_permission_role_and_group() {
    let refusal = || {
        vec![Record::Refused {
            status: 403,
            code: "Forbidden".into(),
            message: "no".into(),
        }]
    };
    let mut state = state();
    assert!(said(refusal(), &state).contains("What is missing is the permission Machine.Isolate"));
    let mut hold = |scopes: &str| {
        state.session = SessionStatus::SignedIn {
            account: fixtures::account("t", None),
            permissions: Permissions::from_scopes(scopes),
        };
        said(refusal(), &state)
    };
    assert!(
        hold("Machine.Read").contains("Your current sign-in lacks the permission Machine.Isolate")
    );
    let text = hold("Machine.Isolate");
    assert!(text.contains("Active remediation actions") && text.contains("device's group"));
    let (holds, lacks) = ("holds the permission Machine.Isolate", "What is missing");
    assert!(
        text.contains(holds) && !text.contains(lacks),
        "one of the two: {text}"
    );
    let next = [
        "Ask a Defender administrator",
        "a colleague",
        "at the switch",
    ];
    assert!(next.iter().all(|words| text.contains(words)), "{text}");
    assert!(text.contains("The service answered 403: Forbidden: no"));
    state.session = SessionStatus::SignedIn {
        account: Account {
            object_id: "another".into(),
            ..fixtures::account("t", None)
        },
        permissions: Permissions::from_scopes("Machine.Isolate"),
    };
    assert!(said(refusal(), &state).contains(lacks), "the old sign-in");
}

#[test]
fn silent_device_shows_when_the_three_days_end() {
    let status = MachineActionStatus::Pending;
    let action = action();
    let accepted = vec![Record::Sent, Record::Accepted { action, status }];
    let until = "checked 2 h ago; Defender waits for it until 1970-01-04 00:00:00 +00:00";
    // An active one may have been silent for days.
    for (health, seen_at, report) in [
        (HealthStatus::Inactive, 0, "2 h ago, inactive"),
        (HealthStatus::Active, -4 * 86_400, "4 d ago"),
    ] {
        let mut state = state();
        let id = MachineId::parse("a19c07").expect("a literal id");
        let mut machine = Machine::bare(id.clone());
        machine.health_status = health;
        machine.last_seen = Timestamp::from_second(seen_at).ok();
        let value = Some((std::sync::Arc::new(machine), Timestamp::UNIX_EPOCH));
        state.machines.change(id, |read| read.value = value);
        assert_eq!(
            said(accepted.clone(), &state),
            format!("Last full report {report}; not picked up yet, {until}")
        );
    }
}

#[test]
fn success_says_where_to_find_its_result() {
    let finished = fixtures::finished(action().as_str(), MachineActionStatus::Succeeded);
    let mut entry = entry(vec![Record::Sent, finished]);
    let mut about = |kind| {
        entry.order.task = Task::Act {
            kind,
            values: crate::action::Values::default(),
        };
        details(&entry, &state(), Timestamp::UNIX_EPOCH)
    };
    let package =
        "The package can be downloaded here, or from the device's page in the Defender portal";
    assert_eq!(about(ActionKind::CollectInvestigationPackage), [package]);
    assert_eq!(about(ActionKind::RunAntiVirusScan), [""; 0]);
}

#[test]
fn failure_shows_its_code_in_words_and_the_next_step() {
    let finished = Record::Finished {
        action: action(),
        status: MachineActionStatus::Failed,
        hresult: HResult(-2_147_467_260),
        by: None,
        comment: None,
        service_time: None,
    };
    let text = said(vec![Record::Sent, finished], &state());
    assert!(
        text.starts_with("0x80004004 (-2147467260), the operation was aborted"),
        "{text}"
    );
    assert!(text.contains("isolate at the switch"), "{text}");
}

#[test]
fn ticket_line_is_one_line_in_utc_with_everything_sent() {
    use crate::action::{self, ISOLATION_TYPE, SELECTIVE, Value};
    use crate::ui::activity::record::{sent, ticket_line};
    let status = MachineActionStatus::Pending;
    let accepted = Record::Accepted {
        action: action(),
        status,
    };
    let mut entry = entry(vec![Record::Sent, accepted]);
    entry.order.task = Task::Act {
        kind: ActionKind::Isolate,
        values: [(&ISOLATION_TYPE, Value::Choice(&SELECTIVE))].into(),
    };
    assert_eq!(
        ticket_line(&entry, &state()),
        "1970-01-01T00:00:00Z Isolate device on “FIN-LT-042” (a19c07): Accepted (Pending) at \
         1970-01-01T00:00:00Z; Isolation type: Selective; Action id: b89eb834 \
         [cdn-7F3K2Q9M] by jane@contoso.com: INC-1\\u{a}malware"
    );
    let sha1 = crate::action::Sha1::find(SHA1).expect("a SHA-1");
    entry.order.task = Task::Act {
        kind: ActionKind::StopAndQuarantineFile,
        values: [(&action::SHA1, Value::Hash(sha1))].into(),
    };
    assert!(ticket_line(&entry, &state()).contains(&format!("; SHA-1 of the file: {SHA1};")));
    assert_eq!(
        sent(&entry),
        [
            format!("SHA-1 of the file: {SHA1}"),
            "Comment: [cdn-7F3K2Q9M] INC-1\\u{a}malware".to_owned()
        ]
    );
}

#[test]
fn cancellation_is_only_requested_until_the_service_confirms_it() {
    let mut state = state();
    let mut theirs = MachineAction::bare(
        action(),
        crate::model::MachineActionType::Isolate,
        MachineActionStatus::Pending,
    );
    theirs.machine_id = crate::model::MachineId::parse("a19c07").ok();
    theirs.cancellation_requestor = Some("sam@contoso.com".into());
    theirs.cancellation_comment = Some("wrong device".into());
    state.apply(crate::message::Event::Actions {
        epoch: state.epoch,
        actions: vec![theirs],
    });
    let status = MachineActionStatus::Pending;
    let accepted = Record::Accepted {
        action: action(),
        status,
    };
    assert_eq!(
        said(vec![Record::Sent, accepted], &state),
        "Cancellation requested by sam@contoso.com: wrong device\n\
         Last report unknown; not picked up yet, checked 2 h ago"
    );
}

#[test]
fn event_is_shown_by_the_service_clock_everywhere() {
    use crate::ui::activity::record::{age, times};
    let at = |second| Timestamp::from_second(second).expect("a literal time");
    let mut entry = entry(Vec::new());
    entry.push(at(0), Record::Sent);
    entry.push(
        at(215),
        fixtures::finished(action().as_str(), MachineActionStatus::Succeeded),
    );
    let mut state = state();
    assert_eq!(age(&entry, &state, at(935)), "12 min ago");
    let mut ended = MachineAction::bare(
        action(),
        crate::model::MachineActionType::Isolate,
        MachineActionStatus::Succeeded,
    );
    ended.machine_id = crate::model::MachineId::parse("a19c07").ok();
    ended.last_updated = Some(at(200));
    state.apply(crate::message::Event::Actions {
        epoch: state.epoch,
        actions: vec![ended],
    });
    assert_eq!(
        times(&entry, &state)[1],
        "Isolated 1970-01-01 00:03:20 +00:00 · 1970-01-01T00:03:20Z, after 3 min 20 s"
    );
}

#[test]
fn open_isolation_older_than_a_release_is_flagged_and_a_newer_one_is_not() {
    use crate::model::MachineActionType::{Isolate, Unisolate};
    use MachineActionStatus::{Pending, Succeeded};
    let mut state = state();
    let released = |records| {
        let mut entry = entry(records);
        entry.order.task = Task::Act {
            kind: ActionKind::Unisolate,
            values: crate::action::Values::default(),
        };
        entry
    };
    let entry = released(vec![
        Record::Sent,
        fixtures::finished(action().as_str(), MachineActionStatus::Succeeded),
    ]);
    let know = |state: &mut State, id: &str, kind, status, created: i64, updated: i64| {
        let id = MachineActionId::parse(id).expect("a literal id");
        let mut action = MachineAction::bare(id, kind, status);
        action.machine_id = MachineId::parse("a19c07").ok();
        action.created = Timestamp::from_second(created).ok();
        action.last_updated = Timestamp::from_second(updated).ok();
        state.apply(crate::message::Event::Actions {
            epoch: state.epoch,
            actions: vec![action],
        });
        details(&entry, state, Timestamp::UNIX_EPOCH)
    };
    assert!(know(&mut state, "b89eb834", Unisolate, Succeeded, 100, 120).is_empty());
    assert!(know(&mut state, "later", Isolate, Pending, 130, 130).is_empty());
    assert_eq!(
        know(&mut state, "older", Isolate, Pending, 90, 90),
        [
            "An isolation by an unknown requestor is still pending: if it completes, it undoes this. Cancel it if you do not want that"
        ]
    );
    let look = crate::message::HistoryRange {
        since: Timestamp::UNIX_EPOCH,
        is_complete: true,
    };
    state.containments.set(Ok(look), Timestamp::UNIX_EPOCH);
    let now = Timestamp::from_second(180).expect("a literal time");
    assert_eq!(
        details(&entry, &state, now),
        [
            "An isolation by an unknown requestor is still pending, checked 3 min ago: if it completes, it undoes this. Cancel it if you do not want that"
        ]
    );
    assert_eq!(
        know(&mut state, "older", Isolate, Succeeded, 90, 140),
        ["Isolated again since 1970-01-01 00:02:20 +00:00 by an unknown requestor"]
    );
}

#[test]
fn waiting_order_names_the_limit_it_waits_for() {
    let mut state = state();
    let mut with = |left_minute, gate: Option<i64>, is_shared| {
        state.budget = Some(crate::model::Budget {
            left_minute,
            of_minute: 100,
            left_hour: 900,
            of_hour: 1_500,
            gate_until: gate.and_then(|at| Timestamp::from_second(at).ok()),
            investigations_until: None,
            is_shared,
        });
        said(Vec::new(), &state)
    };
    assert_eq!(with(40, None, false), "");
    assert!(with(0, None, false).contains("limit per minute is used up"));
    assert_eq!(with(40, Some(9_999), false), "Defender asked for a pause");
    assert!(with(90, Some(9_999), true).contains("others share its limit"));
}

#[test]
fn next_step_counts_down() {
    let now = Timestamp::UNIX_EPOCH;
    let at = |second| Timestamp::from_second(second).expect("a literal time");
    let watching = |second| OrderProgress::Watching {
        read_at: None,
        next_at: at(second),
    };
    let failed = OrderProgress::LookFailed {
        why: crate::explain::Explanation::harmless(
            "Could not reach the Defender service",
            crate::explain::NextStep::None,
        ),
        read_at: None,
        next_at: at(20),
    };
    let paused = OrderProgress::LookFailed {
        why: crate::explain::Explanation::harmless(
            "The service asks for a pause",
            crate::explain::NextStep::None,
        ),
        read_at: None,
        next_at: at(20),
    };
    let looked_up = OrderProgress::LookedUp {
        complete: 1,
        again_at: at(75),
    };
    for (progress, pause, words) in [
        (
            OrderProgress::LeavesAt(at(18)),
            None,
            "will be sent in 18 s",
        ),
        (watching(11), None, "next check in 11 s"),
        (watching(0), None, "checking now"),
        (
            watching(0),
            Some(8),
            "Defender asked for a pause: next check in 8 s",
        ),
        (
            watching(30),
            Some(8),
            "Defender asked for a pause: next check in 30 s",
        ),
        (watching(11), Some(0), "next check in 11 s"),
        (
            failed,
            None,
            "Could not reach the Defender service; next check in 20 s",
        ),
        (
            paused,
            Some(40),
            "The service asks for a pause; next check in 40 s",
        ),
        (
            looked_up,
            None,
            "looked up, not there yet; next check in 1 min 15 s",
        ),
    ] {
        assert_eq!(next(&progress, pause.map(at), now), words);
    }
}

#[test]
fn cached_readings_are_shown_with_their_age() {
    let mut state = state();
    let accepted = |status| {
        vec![
            Record::Sent,
            Record::Accepted {
                action: action(),
                status,
            },
        ]
    };
    let tag = EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag");
    let read_at = Timestamp::from_second(7188).ok();
    let next_at = Timestamp::from_second(7200).expect("a literal time");
    state
        .progress
        .insert(tag, OrderProgress::Watching { read_at, next_at });
    assert_eq!(
        said(accepted(MachineActionStatus::Pending), &state),
        "Last report unknown; not picked up yet, checked 12 s ago"
    );
    assert_eq!(
        said(accepted(MachineActionStatus::InProgress), &state),
        "Checked 12 s ago"
    );
    // Not read in this run: the journal's status, and its time.
    state.progress.clear();
    assert_eq!(
        said(accepted(MachineActionStatus::InProgress), &state),
        "Checked 2 h ago"
    );
}

#[test]
fn status_missing_in_the_journal_is_shown_with_its_known_reason() {
    for headline in ["Another console is at work here", "The disk is full"] {
        let mut state = state();
        let why = crate::explain::Explanation::harmless(headline, crate::explain::NextStep::None);
        state.journal = Some(Err(why));
        let kind = crate::model::MachineActionType::Isolate;
        let mut read = MachineAction::bare(action(), kind, MachineActionStatus::Succeeded);
        read.machine_id = MachineId::parse("a19c07").ok();
        state.apply(crate::message::Event::Actions {
            epoch: state.epoch,
            actions: vec![read],
        });
        let status = MachineActionStatus::Pending;
        let action = action();
        let records = vec![Record::Sent, Record::Accepted { action, status }];
        assert_eq!(
            said(records, &state),
            format!("Defender now says: Succeeded; that is not in the journal: {headline}")
        );
    }
}

#[test]
fn inconclusive_response_is_not_called_missing() {
    let unclear = |status, action| Record::Unclear {
        status,
        action,
        why: "api.example answered 500".into(),
    };
    let state = state();
    let text = said(vec![Record::Sent, unclear(Some(500), None)], &state);
    assert!(
        text.starts_with("The answer does not say whether it was done (500)."),
        "{text}"
    );
    let text = said(vec![Record::Sent, unclear(None, Some(action()))], &state);
    assert!(
        text.starts_with("The answer does not say whose action it is."),
        "{text}"
    );
    let lost = Record::Unknown {
        why: "the connection was lost".into(),
    };
    let text = said(vec![Record::Sent, lost], &state);
    assert!(text.starts_with("No answer."), "{text}");
}

#[test]
fn refusal_is_explained_by_later_readings_and_not_by_a_guess() {
    let refused = |code: &str, complete: Option<bool>| {
        let read = complete.map(|complete| Record::ActiveActionsRead { complete });
        let refusal = Record::Refused {
            status: 400,
            code: code.into(),
            message: "".into(),
        };
        let mut records = vec![Record::Sent];
        records.extend(read);
        records.push(refusal);
        said(records, &state())
    };
    assert!(refused("Odd", Some(true)).contains("No action of this kind is open on the device"));
    assert!(refused("Odd", Some(false)).contains("already open could not be checked"));
    let text = refused("OsPlatformNotSupported", Some(true));
    assert!(
        text.contains("operating system does not support this"),
        "{text}"
    );
    let alternative = "Sending it again will not help: cut the device off at the switch";
    assert!(text.contains(alternative), "{text}");
    let text = refused("ActiveRequestAlreadyExists", Some(false));
    assert!(!text.contains("Sending it again"), "{text}");
    assert!(text.contains("is open could not be checked"), "{text}");
}

mod followed;
mod investigations;
