//! State of the tenant: machines, machine actions, virtual time, and the request log.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};

use super::actions::{ActionRow, by_kind};
use super::clock::{Clock, later, shifted};
use super::encoding::Compress;
use super::faults::Faults;
use super::files;
use super::fleet::{Fleet, Record};
use super::identity::Identity;
use super::indicator::Indicators;
use super::investigation::Investigations;
use super::lifecycle::{Action, PlannedOutcome, Status, steps};
use super::limits::Limits;
use super::log::LoggedRequest;
use super::package_links::Packages;
use super::random::Rng;
use super::story::{PAST, STORY};

#[derive(Debug, Clone)]
pub struct SimOptions {
    /// Port on 127.0.0.1; 0 chooses a free one.
    pub port: u16,
    /// Size of the fleet: story devices first, then ordinary ones.
    pub devices: usize,
    /// Determines ids and everything else about the fleet.
    pub seed: u64,
    /// Whether sign-ins are approved automatically: a device code two seconds after its first poll,
    /// the browser sign-in at once.
    pub auto_approve: bool,
    /// Virtual seconds per real second.
    pub speed: f64,
}

impl Default for SimOptions {
    fn default() -> Self {
        Self {
            port: 0,
            devices: 60,
            seed: 0x000c_04d0,
            auto_approve: false,
            speed: 1.0,
        }
    }
}

/// State shared by all handlers.
#[derive(Debug)]
pub(super) struct SimTenant {
    /// `http://127.0.0.1:PORT`.
    pub(super) address: String,
    pub(super) clock: Clock,
    pub(super) fleet: Fleet,
    inner: Mutex<Inner>,
}

/// Changed properties of machines, by index.
pub(super) type Changes = HashMap<usize, Record>;

#[derive(Debug)]
pub(super) struct Inner {
    /// Oldest first.
    pub(super) actions: Vec<Action>,
    pub(super) identity: Identity,
    pub(super) faults: Faults,
    pub(super) limits: Limits,
    pub(super) packages: Packages,
    pub(super) investigations: Investigations,
    pub(super) indicators: Indicators,
    pub(super) log: Vec<LoggedRequest>,
    pub(super) rng: Rng,
    pub(super) compress: Compress,
    /// How long new actions stay hidden from reads.
    pub(super) hidden_for: Duration,
    pub(super) never_finish: BTreeSet<String>,
    pub(super) fail_next: HashMap<String, i32>,
    /// Properties that actions have changed since the start.
    pub(super) changed: Changes,
}

#[derive(Debug, Default)]
pub(super) struct SubmitRequest {
    pub(super) requestor: String,
    pub(super) source: String,
    pub(super) comment: String,
    pub(super) title: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) sha1: Option<String>,
}

impl SimTenant {
    pub(super) fn new(options: &SimOptions, address: String) -> Self {
        let clock = Clock::new(options.speed);
        let fleet = Fleet::new(options.devices, options.seed, clock.begun());
        let inner = Inner {
            actions: Vec::new(),
            identity: Identity::new(options.auto_approve),
            faults: Faults::default(),
            limits: Limits::new(100, 1_500),
            packages: Packages::default(),
            investigations: Investigations::default(),
            indicators: Indicators::new(clock.begun()),
            log: Vec::new(),
            rng: Rng::unforeseeable(),
            compress: Compress::default(),
            hidden_for: Duration::ZERO,
            never_finish: BTreeSet::new(),
            fail_next: HashMap::new(),
            changed: HashMap::new(),
        };
        let tenant = Self {
            address,
            clock,
            fleet,
            inner: Mutex::new(inner),
        };
        tenant.play_past(options.seed);
        tenant
    }

    /// Locks the mutable state, after applying due steps.
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        let now = self.clock.now();
        let mut inner = self.inner.lock();
        let mut offboarded = Vec::new();
        for action in &mut inner.actions {
            if !action.ahead.is_empty() && action.run_due(now) && action.kind == "Offboard" {
                offboarded.push(action.machine_id.clone());
            }
        }
        for index in offboarded.iter().filter_map(|id| self.fleet.find_id(id)) {
            let change =
                json!({ "onboardingStatus": "CanBeOnboarded", "healthStatus": "Inactive" });
            if let Value::Object(change) = change {
                inner.changed.insert(index, change);
            }
        }
        inner
    }

    /// The current record of a machine.
    pub(super) fn record(&self, index: usize, changed: &Changes) -> Record {
        let mut record = self.fleet.record(index);
        if let Some(change) = changed.get(&index) {
            record.extend(change.clone());
        }
        record
    }

    fn play_past(&self, seed: u64) {
        let mut rng = Rng::new(seed ^ 0x9a57);
        let begun = self.clock.begun();
        let mut inner = self.lock();
        for past in PAST
            .iter()
            .filter(|past| past.machine < self.fleet.len().min(STORY.len()))
        {
            let created = shifted(begun, -past.ago);
            let updated = shifted(created, past.took);
            let ahead = if past.status == Status::InProgress {
                // Still running; ends four minutes into the story.
                vec![(shifted(begun, 240), Status::Succeeded, 0)]
            } else {
                Vec::new()
            };
            inner.actions.push(Action {
                id: rng.guid(),
                kind: past.kind.to_owned(),
                title: None,
                requestor: past.requestor.to_owned(),
                comment: past.comment.to_owned(),
                status: past.status,
                machine_id: self.fleet.id(past.machine).unwrap_or_default().to_owned(),
                machine_name: self.fleet.name(past.machine),
                created,
                updated,
                cancelled: (past.status == Status::Cancelled)
                    .then(|| (past.requestor.to_owned(), past.comment.to_owned(), updated)),
                hresult: past.hresult,
                scope: past.scope.map(str::to_owned),
                external_id: None,
                source: past.source.to_owned(),
                sha1: None,
                visible: created,
                ahead,
            });
        }
    }

    /// Stores a new action with its planned course.
    pub(super) fn begin(
        &self,
        inner: &mut Inner,
        index: usize,
        row: &ActionRow,
        request: SubmitRequest,
    ) -> Action {
        let now = self.clock.now();
        let machine_id = self.fleet.id(index).unwrap_or_default().to_owned();
        let planned_outcome = self.planned_outcome(inner, index, &machine_id, row, &request);
        let action = Action {
            id: inner.rng.guid(),
            kind: row.kind.to_owned(),
            title: request.title,
            requestor: request.requestor,
            comment: request.comment,
            status: Status::Pending,
            machine_name: self.fleet.name(index),
            machine_id,
            created: now,
            updated: now,
            cancelled: None,
            hresult: 0,
            scope: request.scope,
            external_id: request.external_id,
            visible: later(now, inner.hidden_for),
            source: request.source,
            sha1: request.sha1,
            ahead: steps(planned_outcome, now),
        };
        inner.actions.push(action.clone());
        action
    }

    fn planned_outcome(
        &self,
        inner: &mut Inner,
        index: usize,
        machine_id: &str,
        row: &ActionRow,
        request: &SubmitRequest,
    ) -> PlannedOutcome {
        let secs = match (row.kind, request.scope.as_deref()) {
            ("RunAntiVirusScan", Some("Full")) => row.typical_secs * 3,
            _ => row.typical_secs,
        };
        if let Some(hresult) = inner.fail_next.remove(machine_id) {
            return PlannedOutcome::Fails(secs, hresult);
        }
        if inner.never_finish.contains(machine_id) {
            return PlannedOutcome::NeverEnds;
        }
        let record = self.record(index, &inner.changed);
        let health = record
            .get("healthStatus")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let contained = request.scope.as_deref() == Some("UnManagedDevice")
            || (row.kind == "Unisolate" && health.starts_with("NoSensorData"));
        if !contained && (health == "Inactive" || health.starts_with("NoSensorData")) {
            return PlannedOutcome::Silent;
        }
        if row.kind == "Isolate" && inner.is_in_force(machine_id, &ISOLATION) {
            return PlannedOutcome::Held(secs);
        }
        if request.sha1.as_deref().is_some_and(files::is_protected) {
            // Access denied: system files are not touched.
            return PlannedOutcome::Fails(secs, -2_147_024_891);
        }
        PlannedOutcome::Usual(secs)
    }

    /// The pending action of this kind on this machine; creates a colleague's if there is none.
    pub(super) fn pending_or_colleagues(
        &self,
        inner: &mut Inner,
        index: usize,
        row: &ActionRow,
        asked: SubmitRequest,
    ) -> Action {
        let machine_id = self.fleet.id(index).unwrap_or_default().to_owned();
        if let Some(existing) = inner.pending(&machine_id, row.kind, asked.sha1.as_deref()) {
            return existing.clone();
        }
        let request = SubmitRequest {
            requestor: COLLEAGUE.to_owned(),
            source: "Portal".to_owned(),
            comment: "Already on it".to_owned(),
            scope: asked.scope,
            sha1: asked.sha1,
            ..SubmitRequest::default()
        };
        let mut action = self.begin(inner, index, row, request);
        let earlier = shifted(self.clock.now(), -120);
        (action.created, action.updated, action.visible) = (earlier, earlier, earlier);
        // The one stored last.
        inner.actions.pop();
        inner.actions.push(action.clone());
        action
    }

    /// Starts an action as from the portal, and returns its id.
    pub(super) fn act_as(
        &self,
        requestor: &str,
        machine_id: &str,
        kind: &str,
        comment: &str,
    ) -> Option<String> {
        let index = self.fleet.find(machine_id)?;
        let row = by_kind(kind)?;
        let mut inner = self.lock();
        let scope = match row.kind {
            "Isolate" => Some("Full".to_owned()),
            "RunAntiVirusScan" => Some("Quick".to_owned()),
            _ => None,
        };
        let request = SubmitRequest {
            requestor: requestor.to_owned(),
            source: "Portal".to_owned(),
            comment: comment.to_owned(),
            scope,
            ..SubmitRequest::default()
        };
        let mut action = self.begin(&mut inner, index, row, request);
        // Actions from the portal are visible at once.
        action.visible = action.created;
        inner.actions.pop();
        inner.actions.push(action.clone());
        Some(action.id)
    }

    /// Cancels a machine's pending actions and reverts its conditions, at once.
    pub(super) fn put_back(&self, machine_id: &str) {
        const WHY: &str = "Put back for an exercise";
        let now = self.clock.now();
        let mut inner = self.lock();
        let id = machine_id.to_ascii_lowercase();
        inner.never_finish.remove(&id);
        inner.fail_next.remove(&id);
        let actions = inner.actions.iter_mut();
        for open in actions.filter(|a| a.machine_id == machine_id && !a.status.is_final()) {
            open.cancel(COLLEAGUE, WHY, now);
        }
        let in_force: Vec<_> = LASTING
            .iter()
            .filter(|lasting| inner.is_in_force(machine_id, lasting))
            .collect();
        drop(inner);
        for lasting in in_force {
            let Some(id) = self.act_as(COLLEAGUE, machine_id, lasting.clears, WHY) else {
                continue;
            };
            let mut inner = self.lock();
            if let Some(action) = inner.actions.iter_mut().find(|action| action.id == id) {
                action.force(Status::Succeeded, now);
            }
        }
    }
}

/// An action with a lasting effect, its reversal, and the condition in between.
struct Lasting {
    sets: &'static str,
    clears: &'static str,
    word: &'static str,
}

const ISOLATION: Lasting = Lasting {
    sets: "Isolate",
    clears: "Unisolate",
    word: "isolated",
};

const LASTING: [Lasting; 2] = [
    ISOLATION,
    Lasting {
        sets: "RestrictCodeExecution",
        clears: "UnrestrictCodeExecution",
        word: "restricted",
    },
];

/// The colleague who works in the portal.
pub(super) const COLLEAGUE: &str = "s.weber@contoso.com";

impl Inner {
    /// The pending action of this kind for this file.
    pub(super) fn pending(
        &self,
        machine_id: &str,
        kind: &str,
        sha1: Option<&str>,
    ) -> Option<&Action> {
        self.actions.iter().find(|action| {
            action.machine_id == machine_id
                && action.kind == kind
                && action.sha1.as_deref() == sha1
                && !action.status.is_final()
        })
    }

    fn is_in_force(&self, machine_id: &str, lasting: &Lasting) -> bool {
        self.actions
            .iter()
            .filter(|action| action.machine_id == machine_id && action.status == Status::Succeeded)
            .filter(|action| action.kind == lasting.sets || action.kind == lasting.clears)
            .max_by_key(|action| action.updated)
            .is_some_and(|action| action.kind == lasting.sets)
    }

    /// Conditions in force on a machine, and whether an action is pending, in words.
    pub(super) fn state_of(&self, machine_id: &str) -> Vec<&'static str> {
        let lasting = LASTING.iter();
        let in_force = lasting.filter(|lasting| self.is_in_force(machine_id, lasting));
        let mut words: Vec<_> = in_force.map(|lasting| lasting.word).collect();
        let mut actions = self.actions.iter();
        if actions.any(|a| a.machine_id == machine_id && !a.status.is_final()) {
            words.push("an action under way");
        }
        words
    }
}
