//! Every fault of the tenant at every kind of order: number of POSTs, final status, and records. The match
//! over the faults is exhaustive, so a new one has to be decided here.

use std::sync::Mutex;

use cordon::action::{ActionKind, Devices, Draft, Recorded, Subject, TAG, Task};
use cordon::journal::{Entry, OrderStatus, Record};
use cordon::model::MachineRef;
use cordon::simulator::{Fault, FaultKind, LoggedRequest, RequestKind, SimControl};

use crate::blocks::{block, removal};
use crate::common::{Engine, SHA1, journal_on_disk, report, tenant};
use crate::faults::{ordinary_laptops, unmanaged};

/// Speed-up of all intervals: a look-up of an unknown outcome takes three seconds.
pub const SPEED: f64 = 100.0;
/// Tenants in parallel.
const LANES: usize = 6;

/// When the fault struck, seen from the tenant's store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// Before the action was stored.
    Before,
    /// After the action was stored.
    After,
}

/// Final status expected from the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Stored, found and followed to its success; one POST.
    Done,
    /// Certainly not executed the first time, so sent again; two POSTs, one stored.
    DoneAtTheSecond,
    /// Refused by the service; one POST, nothing stored.
    Refused,
    /// Unknown, so looked up and not sent again.
    NotFound,
    /// The service returned an action that is not ours.
    NotOurs,
}

/// Effect of a fault on a submission, and the expected end; `None` for faults of responses that a
/// submission does not have.
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
            // A page comes from an intermediary, which may have passed the order on.
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
        | FaultKind::OtherDevice
        | FaultKind::OtherId
        | FaultKind::NoSuchId
        | FaultKind::Premature
        | FaultKind::DropAfter => (After, Done),
        FaultKind::DropBefore | FaultKind::Stall => (Before, NotFound),
        FaultKind::AlreadyPending | FaultKind::ActiveRequestExists => (Before, NotOurs),
        FaultKind::Unauthorized | FaultKind::ClaimsChallenge => (Before, DoneAtTheSecond),
        FaultKind::Forbidden { .. } => (Before, Refused),
        // Lists, readings by id, packages, tokens, a broken contract, and faults that cannot affect a
        // cancellation have their own tests.
        FaultKind::LoseTail
        | FaultKind::SkipIgnored
        | FaultKind::ShortPages(_)
        | FaultKind::ThrottledAfter
        | FaultKind::Forgotten
        | FaultKind::OtherRecord
        | FaultKind::OtherFacts
        | FaultKind::RepeatRows
        | FaultKind::NextLink(_)
        | FaultKind::OpaqueToken
        | FaultKind::NoRefreshToken
        | FaultKind::CutAfter(_)
        | FaultKind::Storage(_)
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
    "other_device",
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
    moment: Moment,
    end: End,
}

/// Plays something under each fault, several at a time. Returns the number of orders.
pub fn under_each_fault(play: impl Fn(&str) -> usize + Sync) -> usize {
    let queue = Mutex::new(FAULTS.iter());
    let next = || queue.lock().expect("whole").next();
    std::thread::scope(|scope| {
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
    })
}

#[test]
fn every_fault_at_every_kind_of_order_ends_in_the_truth_after_one_execution() {
    let played = under_each_fault(play);
    report(&format!(
        "fault matrix: {played} orders under {} faults",
        FAULTS.len()
    ));
    // Plus a cancellation. Each fault meets one of the two orders for a device without a sensor.
    // Investigations cannot be told apart and have their own tests.
    let kinds = ActionKind::ALL.len() - 1 - 1 + 1;
    assert_eq!(played, FAULTS.len() * kinds);
}

/// Kinds that a laptop can execute, and whose action carries our tag.
fn managed() -> impl Iterator<Item = ActionKind> {
    let kinds = ActionKind::ALL.iter().copied();
    kinds.filter(|kind| {
        let spec = kind.spec();
        spec.devices == Devices::Managed && spec.record == Recorded::MachineAction
    })
}

/// Plays one fault at each kind of order, and at a cancellation.
fn play(what: &str) -> usize {
    let orders = play_with(what, |engine, mut laptops| {
        let kinds = managed().chain([ActionKind::AddTag]);
        let machines = laptops.by_ref();
        let mut drafts: Vec<_> = kinds
            .zip(machines)
            .map(|(kind, machine)| {
                engine.load(&machine);
                Engine::draft(kind, &machine)
            })
            .collect();
        drafts.push(block(SHA1));
        for draft in &drafts {
            engine.control.inject(on(&route(draft), what));
        }
        drafts
    });
    // On another tenant: an action that never ends is polled, which uses up the rate limit. Also the orders
    // that share a route with one of the first tenant.
    let others = play_with(what, |engine, mut laptops| {
        let mut next = || laptops.next().expect("a laptop");
        let drafts = vec![
            something_to_cancel(engine, &next()),
            a_tag_to_remove(engine, &next()),
            a_block_to_remove(engine),
            a_containment(engine, what),
        ];
        for draft in &drafts {
            engine.control.inject(on(&route(draft), what));
        }
        drafts
    });
    orders + others
}

/// Request route of a draft.
fn route(draft: &Draft) -> String {
    match draft.subject {
        Subject::Act(kind) => format!("submit:{}", kind.spec().endpoint),
        Subject::Cancel { .. } => "cancel".to_owned(),
    }
}

/// Submits all orders at once, waits for each end and judges it.
fn play_with(
    what: &str,
    prepare: impl FnOnce(&mut Engine, std::vec::IntoIter<MachineRef>) -> Vec<Draft>,
) -> usize {
    let simulator = tenant();
    let control = simulator.control();
    let folder = tempfile::tempdir().expect("a folder");
    let mut engine = Engine::start_faster(&simulator, folder.path(), SPEED);
    engine.sign_in();
    let laptops = ordinary_laptops(&engine).into_iter();
    let drafts = prepare(&mut engine, laptops);
    for draft in &drafts {
        engine.submit(draft);
    }
    // The tenant's clock runs fast only from here: actions must not end before their responses arrive.
    engine.until("an answer to each", |s| {
        let has_none = |e: &Entry| matches!(e.status(), OrderStatus::Waiting | OrderStatus::Sent);
        s.entries.len() == drafts.len() && !s.entries.iter().any(has_none)
    });
    let (moment, end) = expected(&on("submit", what).what).expect("a fault of submissions");
    let played: Vec<Played> = drafts
        .into_iter()
        .map(|draft| {
            engine.until_end(draft.entry);
            Played {
                about: format!("{:?} under {what}", draft.subject),
                entry: engine.state.entry(draft.entry).expect("an entry").clone(),
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
        order.judge(&control);
    }
    played.len()
}

fn on(route: &str, what: &str) -> Fault {
    Fault::parse(route, what, 1).unwrap_or_else(|| panic!("the tenant knows {what}"))
}

/// An isolation that never ends by itself, and the draft that cancels it.
fn something_to_cancel(engine: &mut Engine, machine: &MachineRef) -> Draft {
    engine.control.never_finish(machine.id.as_str());
    let action = engine.colleague(machine.id.as_str(), "Isolate", "by hand");
    engine.load(machine);
    Engine::cancellation(&action, machine)
}

/// A tag on this laptop, and the draft that removes it.
fn a_tag_to_remove(engine: &mut Engine, machine: &MachineRef) -> Draft {
    let draft = Engine::draft(ActionKind::RemoveTag, machine);
    engine.control.tag(machine.id.as_str(), draft.text(&TAG));
    engine.load(machine);
    draft
}

/// An earlier block of this account, and the draft that removes it.
fn a_block_to_remove(engine: &Engine) -> Draft {
    let account = engine.state.session.account().expect("signed in");
    let by = account.user_name.as_deref().expect("a name");
    let (control, block) = (&engine.control, Some("BlockAndRemediate"));
    control.indicate_as(by, SHA1, block, "INC-4711 earlier");
    let made = control.indicators().pop().expect("just made");
    removal(made["id"].as_str().expect("an id"), SHA1)
}

/// The containment of the device without a sensor, or its release, alternating by fault.
fn a_containment(engine: &mut Engine, what: &str) -> Draft {
    let machine = unmanaged(engine);
    engine.load(&machine);
    let at = FAULTS.iter().position(|fault| *fault == what);
    let kind = match at.expect("one of them") % 2 {
        0 => ActionKind::Contain,
        _ => ActionKind::ReleaseContainment,
    };
    Engine::draft(kind, &machine)
}

impl Played {
    fn judge(&self, control: &SimControl) {
        // An order without a machine action cannot get back someone else's.
        let end = if self.end == End::NotOurs && !self.makes_an_action() {
            End::Done
        } else {
            self.end
        };
        let (ends_well, posts, carried_out) = match end {
            End::Done => (self.is_done(), 1, 1),
            End::DoneAtTheSecond => (self.is_done(), 2, 1),
            End::Refused => (matches!(self.status(), OrderStatus::Refused { .. }), 1, 0),
            End::NotFound => (matches!(self.status(), OrderStatus::NotFound), 1, 0),
            End::NotOurs => (matches!(self.status(), OrderStatus::NotOurs { .. }), 1, 0),
        };
        assert!(ends_well, "{}: {:?}", self.about, self.entry.records());
        let done = self.carried_out(control);
        assert_eq!(done, carried_out, "carried out: {}", self.about);
        assert_eq!(
            self.moment == Moment::After,
            self.end == End::Done,
            "{}",
            self.about
        );
        self.judge_posts(control, posts);
    }

    fn kind(&self) -> Option<ActionKind> {
        self.entry.order.task.kind()
    }

    fn makes_an_action(&self) -> bool {
        let task = &self.entry.order.task;
        self.kind().is_some() && task.record() == Recorded::MachineAction
    }

    /// Number of times that the tenant executed the order.
    fn carried_out(&self, control: &SimControl) -> usize {
        let machine = self.entry.order.machine.id.as_str();
        let tag = self.entry.id().to_string();
        let mut indicators = control.indicators().into_iter();
        let actions = control.actions().into_iter();
        match self.kind() {
            None => actions
                .filter(|a| a["machineId"] == machine && a["status"] == "Cancelled")
                .count(),
            Some(ActionKind::BlockFile) => indicators
                .filter(|one| one["title"] == format!("cordon {tag}").as_str())
                .count(),
            Some(ActionKind::RemoveBlock) => {
                let is_there = |one: serde_json::Value| one["indicatorValue"] == SHA1;
                usize::from(!indicators.any(is_there))
            }
            Some(kind @ (ActionKind::AddTag | ActionKind::RemoveTag)) => {
                let tag = Engine::draft(kind, &self.entry.order.machine);
                let is_there = control.tags(machine).iter().any(|t| t == tag.text(&TAG));
                usize::from(is_there == (kind == ActionKind::AddTag))
            }
            Some(_) => actions.filter(|a| a["externalId"] == tag.as_str()).count(),
        }
    }

    /// Whether this request belongs to this order.
    fn is_of_it(&self, request: &LoggedRequest) -> bool {
        let (path, order) = (&request.path, &self.entry.order);
        let ends = match (&order.task, self.kind()) {
            (Task::Cancel { action, .. }, _) => format!("/{action}/cancel"),
            (_, Some(ActionKind::BlockFile)) => "/api/indicators".to_owned(),
            (_, Some(ActionKind::RemoveBlock)) => {
                let id = order.task.indicator().expect("one that is removed");
                format!("/api/indicators/{id}")
            }
            (Task::Act { kind, .. }, _) => {
                format!("/{}/{}", order.machine.id, kind.spec().endpoint)
            }
        };
        request.kind == RequestKind::Change && path.ends_with(&ends)
    }

    /// Each attempt is on disk before it is sent, and no other attempt is sent.
    fn judge_posts(&self, control: &SimControl, posts: usize) {
        let requests = control.requests();
        let asked = requests.iter().filter(|r| self.is_of_it(r));
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
