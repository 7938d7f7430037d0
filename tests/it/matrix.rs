//! Every fault of the tenant, at every kind of order: how many POSTs, which last word, and what
//! the journal says. The match over the faults is exhaustive, so a new one has to be decided here.

use std::sync::Mutex;

use cordon::action::{ActionKind, Devices, Draft, Recorded, Subject};
use cordon::journal::{Entry, OrderStatus, Record};
use cordon::model::{MachineActionType, MachineRef};
use cordon::simulator::{Fault, FaultKind, SimControl};

use crate::common::{Engine, journal_on_disk, tell, tenant};
use crate::faults::ordinary_laptops;

/// Speed-up of all waits: a look-up of an unknown outcome takes three seconds.
const SPEED: f64 = 100.0;
/// Tenants that are tried at the same time.
const LANES: usize = 6;

/// Where the fault struck, seen from the tenant's store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// Nothing had been stored.
    Before,
    /// The action had been stored.
    After,
}

/// What the console has to say in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Stored, found and followed to its success; one POST.
    Done,
    /// Certainly not taken the first time, so sent again; two POSTs, one stored.
    DoneAtTheSecond,
    /// The service said no; one POST, nothing stored.
    Refused,
    /// Nobody knows, so it was looked up, and not sent again.
    NotFound,
    /// The service gave back an action that is not ours.
    NotOurs,
}

/// What a fault does to a submission, and what has to come of it; `None` where it concerns
/// answers that a submission does not have.
fn expected(what: &FaultKind) -> Option<(Moment, End)> {
    use End::{Done, DoneAtTheSecond, NotFound, NotOurs, Refused};
    use Moment::{After, Before};
    Some(match what {
        FaultKind::Status { code, .. } => match code {
            429 => (Before, DoneAtTheSecond),
            408 | 500.. => (Before, NotFound),
            _ => (Before, Refused),
        },
        FaultKind::Html(code) | FaultKind::Empty(code) => match code {
            200..300 => (After, Done),
            300..400 | 408 | 500.. => (Before, NotFound),
            // A page comes from something in between, which may have passed the order on.
            _ if matches!(what, FaultKind::Html(_)) => (Before, NotFound),
            _ => (Before, Refused),
        },
        FaultKind::Latency(_)
        | FaultKind::UnknownEnums
        | FaultKind::OddTimes
        | FaultKind::Truncated
        | FaultKind::Garbage
        | FaultKind::Huge
        | FaultKind::Deep
        | FaultKind::NoId
        | FaultKind::Lacks(_)
        | FaultKind::CarriedOver
        | FaultKind::OtherId
        | FaultKind::NoSuchId
        | FaultKind::Premature
        | FaultKind::DropAfter => (After, Done),
        FaultKind::DropBefore | FaultKind::Stall => (Before, NotFound),
        FaultKind::AlreadyPending | FaultKind::ActiveRequestExists => (Before, NotOurs),
        FaultKind::Unauthorized | FaultKind::ClaimsChallenge => (Before, DoneAtTheSecond),
        FaultKind::Forbidden { .. } => (Before, Refused),
        // Lists, readings by id, packages, tokens, a broken contract, and what a cancellation cannot meet
        // have tests of their own.
        FaultKind::LoseTail
        | FaultKind::ThrottledAfter
        | FaultKind::Forgotten
        | FaultKind::OtherRecord
        | FaultKind::OtherFacts
        | FaultKind::RepeatRows
        | FaultKind::NextLink(_)
        | FaultKind::OpaqueToken
        | FaultKind::NoRefreshToken
        | FaultKind::CutAfter(_)
        | FaultKind::NoRange
        | FaultKind::OtherPackage
        | FaultKind::ForeignLink
        | FaultKind::SlowDown => return None,
    })
}

const FAULTS: &[&str] = &[
    "latency:200",
    "unknown_enums",
    "odd_times",
    "status:400",
    "status:400::OsPlatformNotSupported",
    "status:403",
    "status:404",
    "status:408",
    "status:409",
    "status:429:1",
    "status:500",
    "status:503:2",
    "html:200",
    "html:403",
    "html:502",
    "empty:200",
    "empty:201",
    "empty:307",
    "empty:405",
    "empty:504",
    "truncated",
    "garbage",
    "huge",
    "deep",
    "no_id",
    "lacks:requestorComment",
    "carried_over",
    "other_id",
    "no_such_id",
    "premature",
    "drop_before",
    "drop_after",
    "stall",
    "already_pending",
    "active_request_exists",
    "unauthorized",
    "claims_challenge",
    "forbidden",
];

/// An order under a fault.
struct Played {
    about: String,
    entry: Entry,
    machine: MachineRef,
    verb: &'static str,
    moment: Moment,
    end: End,
}

#[test]
fn every_fault_at_every_kind_of_order_ends_in_the_truth_after_one_execution() {
    let queue = Mutex::new(FAULTS.iter());
    let next = || queue.lock().expect("whole").next();
    let played: usize = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES)
            .map(|_| {
                scope.spawn(|| {
                    std::iter::from_fn(next)
                        .map(|fault| play(fault))
                        .sum::<usize>()
                })
            })
            .collect();
        lanes
            .into_iter()
            .map(|lane| lane.join().expect("each case holds"))
            .sum()
    });
    tell(&format!(
        "fault matrix: {played} orders under {} faults",
        FAULTS.len()
    ));
    let kinds = managed().count();
    assert_eq!(played, FAULTS.len() * (kinds + 1), "and a cancellation");
}

/// The kinds that a laptop can carry out, and of which the service makes an action with our tag; the
/// others have tests of their own.
fn managed() -> impl Iterator<Item = ActionKind> {
    let kinds = ActionKind::ALL.iter().copied();
    kinds.filter(|kind| {
        let spec = kind.spec();
        spec.devices == Devices::Managed && spec.record == Recorded::MachineAction
    })
}

/// Plays one fault at each kind of order, and at a cancellation.
fn play(what: &str) -> usize {
    let orders = play_with(what, |engine, laptops| {
        let kinds = managed().zip(laptops);
        kinds
            .map(|(kind, machine)| {
                engine.load(&machine);
                let verb = kind.spec().endpoint;
                engine.control.inject(on(&format!("submit:{verb}"), what));
                (Engine::draft(kind, &machine), verb)
            })
            .collect()
    });
    // With a tenant of its own: what never ends is followed, and takes its share of the limit.
    let cancellation = play_with(what, |engine, mut laptops| {
        let draft = something_to_cancel(engine, &laptops.next().expect("a laptop"));
        engine.control.inject(on("cancel", what));
        vec![(draft, "cancel")]
    });
    orders + cancellation
}

/// Orders everything at once, waits for each end and judges it.
fn play_with(
    what: &str,
    prepare: impl FnOnce(&mut Engine, std::vec::IntoIter<MachineRef>) -> Vec<(Draft, &'static str)>,
) -> usize {
    let simulator = tenant();
    let control = simulator.control();
    let folder = tempfile::tempdir().expect("a folder");
    let mut engine = Engine::start_faster(&simulator, folder.path(), SPEED);
    engine.sign_in();
    let laptops = ordinary_laptops(&engine).into_iter();
    let drafts = prepare(&mut engine, laptops);
    for (draft, _) in &drafts {
        engine.submit(draft);
    }
    // The tenant's clock runs only then: what an answer is about must not have ended before it.
    engine.until("an answer to each", |s| {
        let has_none = |e: &Entry| matches!(e.status(), OrderStatus::Waiting | OrderStatus::Sent);
        s.entries.len() == drafts.len() && !s.entries.iter().any(has_none)
    });
    let (moment, end) = expected(&on("submit", what).what).expect("a fault of submissions");
    let played: Vec<Played> = drafts
        .into_iter()
        .map(|(draft, verb)| {
            engine.until_end(draft.entry);
            Played {
                about: format!("{verb} under {what}"),
                entry: engine.state.entry(draft.entry).expect("an entry").clone(),
                machine: draft.machine,
                verb,
                moment,
                end,
            }
        })
        .collect();
    let on_disk = journal_on_disk(&engine.journal);
    for order in &played {
        assert!(
            on_disk.contains(&order.entry),
            "in the journal: {}",
            order.about
        );
        if order.verb == "cancel" {
            order.judge_cancellation(&control);
        } else {
            order.judge(&control);
        }
    }
    played.len()
}

fn on(route: &str, what: &str) -> Fault {
    Fault::parse(route, what, 1).unwrap_or_else(|| panic!("the tenant knows {what}"))
}

/// An isolation that never ends by itself, and the draft that cancels it.
fn something_to_cancel(engine: &mut Engine, machine: &MachineRef) -> Draft {
    engine.control.never_finish(machine.id.as_str());
    let action = engine
        .control
        .act_as_colleague(machine.id.as_str(), "Isolate", "by hand")
        .expect("the tenant takes it");
    engine.load(machine);
    let mut draft = Engine::draft(ActionKind::Isolate, machine);
    draft.subject = Subject::Cancel {
        action: cordon::model::MachineActionId::parse(&action).expect("an id"),
        action_type: MachineActionType::Isolate,
    };
    draft
}

impl Played {
    fn judge(&self, control: &SimControl) {
        let tag = self.entry.id().to_string();
        let stored = control
            .actions()
            .into_iter()
            .filter(|a| a["externalId"] == tag.as_str())
            .count();
        let (ends_well, posts, to_store) = match self.end {
            End::Done => (self.is_done(), 1, 1),
            End::DoneAtTheSecond => (self.is_done(), 2, 1),
            End::Refused => (matches!(self.status(), OrderStatus::Refused { .. }), 1, 0),
            End::NotFound => (matches!(self.status(), OrderStatus::NotFound), 1, 0),
            End::NotOurs => (matches!(self.status(), OrderStatus::NotOurs { .. }), 1, 0),
        };
        assert!(ends_well, "{}: {:?}", self.about, self.entry.records());
        assert_eq!(stored, to_store, "stored: {}", self.about);
        assert_eq!(
            self.moment == Moment::After,
            self.end == End::Done,
            "{}",
            self.about
        );
        self.judge_posts(control, posts);
    }

    /// A cancellation makes no action of its own, so nobody else's can come back for it.
    fn judge_cancellation(&self, control: &SimControl) {
        let cancelled = control
            .actions()
            .into_iter()
            .any(|a| a["machineId"] == self.machine.id.as_str() && a["status"] == "Cancelled");
        let (ends_well, posts) = match self.end {
            End::Done | End::NotOurs => (self.is_done() && cancelled, 1),
            End::DoneAtTheSecond => (self.is_done() && cancelled, 2),
            End::Refused => (
                matches!(self.status(), OrderStatus::Refused { .. }) && !cancelled,
                1,
            ),
            End::NotFound => (
                matches!(self.status(), OrderStatus::NotFound) && !cancelled,
                1,
            ),
        };
        assert!(
            ends_well,
            "{}: {cancelled} {:?}",
            self.about,
            self.entry.records()
        );
        self.judge_posts(control, posts);
    }

    /// Each attempt is on disk before it leaves, and no attempt leaves that is not there.
    fn judge_posts(&self, control: &SimControl, posts: usize) {
        let path = match &self.entry.order.task {
            cordon::action::Task::Act { .. } => format!("{}/{}", self.machine.id, self.verb),
            cordon::action::Task::Cancel { action, .. } => format!("{action}/cancel"),
        };
        let asked = control
            .requests()
            .into_iter()
            .filter(|r| r.path.ends_with(&path));
        assert_eq!(asked.count(), posts, "POSTs: {}", self.about);
        let sent = |(_, record): &&(_, Record)| matches!(record, Record::Sent);
        assert_eq!(
            self.entry.records().iter().filter(sent).count(),
            posts,
            "attempts in the journal: {}",
            self.about
        );
    }

    fn status(&self) -> &OrderStatus {
        self.entry.status()
    }

    fn is_done(&self) -> bool {
        matches!(self.status(), OrderStatus::Done { .. })
    }
}
