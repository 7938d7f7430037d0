//! Scoring of an exercise.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::exercise::{Exercise, Wanted, id_of};
use crate::action::{ActionKind, Change as Lasting};
use crate::journal::Entry;
use crate::model::duration_text;
use crate::simulator::{LoggedRequest, RequestKind};

const FULL_MARKS: u32 = 100;
/// Points deducted per mistake; a missing order costs its share of the full marks.
const WRONG_DEVICE: u32 = 30;
const LEFT_CONTAINED: u32 = 20;
const DOUBLED: u32 = 15;
const NOT_ASKED_FOR: u32 = 10;
const NO_LAST_WORD: u32 = 10;

/// Observations since an exercise started.
pub struct Found<'a> {
    /// Ids and names of the tenant's devices.
    pub machines: Vec<(String, Option<String>)>,
    pub requests: &'a [LoggedRequest],
    /// The tenant's machine actions in the service's JSON format.
    pub actions: &'a [Value],
    pub entries: &'a [Entry],
}

impl Found<'_> {
    /// Whether the requested machine action ended without effect. It is identified by the order's
    /// tag in the comment.
    fn had_no_effect(&self, change: &Change<'_>) -> bool {
        let comment = &change.request.body["Comment"];
        let mut actions = self.actions.iter();
        comment.is_string()
            && actions.any(|action| {
                action["machineId"].as_str() == change.machine
                    && action["requestorComment"] == *comment
                    && ["Cancelled", "Failed", "TimeOut"]
                        .map(Value::from)
                        .contains(&action["status"])
            })
    }
}

/// An exercise's score, with reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    pub name: &'static str,
    pub points: u32,
    pub lines: Vec<String>,
}

impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} of {FULL_MARKS}", self.name, self.points)?;
        self.lines.iter().try_for_each(|line| write!(f, "\n{line}"))
    }
}

/// A request that the tenant accepted, or may have accepted.
struct Change<'a> {
    /// The target device; `None` for a tenant-wide order or a cancellation.
    machine: Option<&'a str>,
    /// `None` for a cancellation, or a request that the console cannot make.
    kind: Option<ActionKind>,
    request: &'a LoggedRequest,
}

impl<'a> Change<'a> {
    fn of(request: &'a LoggedRequest) -> Option<Self> {
        let mut parts = request.path.rsplit('/');
        let (last, before) = (parts.next()?, parts.next()?);
        let (kind, machine) = if last == "cancel" {
            (None, None)
        } else if last == "indicators" {
            (Some(ActionKind::BlockFile), None)
        } else if before == "indicators" {
            (Some(ActionKind::RemoveBlock), None)
        } else {
            (kind_of(last, request), Some(before))
        };
        Some(Self {
            machine,
            kind,
            request,
        })
    }

    fn is(&self, wanted: &Wanted, id: &str) -> bool {
        let has = |(name, value): (&str, &str)| self.request.body[name] == value;
        self.machine == Some(id) && self.kind == Some(wanted.kind) && wanted.body.is_none_or(has)
    }

    /// The label of the action's button.
    fn word(&self) -> &'static str {
        self.kind.map_or("another action", word)
    }
}

fn word(kind: ActionKind) -> &'static str {
    kind.spec().button
}

/// The kind of a request to this endpoint. Kinds that share an endpoint differ in their fixed
/// properties.
fn kind_of(endpoint: &str, request: &LoggedRequest) -> Option<ActionKind> {
    let kinds = ActionKind::ALL.iter().copied();
    let kinds = kinds.filter(|kind| kind.spec().endpoint == endpoint);
    let has = |(name, value): &(&str, &str)| request.body[*name] == *value;
    let mut fitting = kinds.filter(|kind| kind.spec().fixed.iter().all(has));
    let first = fitting.next()?;
    let is_fixed = |kind: &ActionKind| !kind.spec().fixed.is_empty();
    Some(fitting.find(is_fixed).unwrap_or(first))
}

fn changes(requests: &[LoggedRequest]) -> Vec<Change<'_>> {
    let taken = requests.iter().filter(|request| {
        let is_taken = request.status.is_none_or(|status| status < 300);
        request.kind == RequestKind::Change && is_taken
    });
    taken.filter_map(Change::of).collect()
}

#[must_use]
pub fn score(exercise: &Exercise, found: &Found<'_>) -> Sheet {
    let mut sheet = Deductions::default();
    let changes = changes(found.requests);
    let name = |id: &str| {
        let known = found.machines.iter().find(|(known, _)| known == id);
        let name = known.and_then(|(_, name)| name.clone()).unwrap_or_default();
        let tail = id.get(id.len().saturating_sub(4)..).unwrap_or_default();
        format!("{name} (…{tail})")
    };
    let ids: Vec<String> = exercise
        .wanted
        .iter()
        .map(|wanted| id_of(&found.machines, wanted.device).unwrap_or_default())
        .collect();
    let mut right = 0;
    let share = FULL_MARKS / u32::try_from(exercise.wanted.len().max(1)).unwrap_or(1);
    for (wanted, id) in exercise.wanted.iter().zip(&ids) {
        let what = format!("{} on {}", word(wanted.kind), name(id));
        let count = changes.iter().filter(|c| c.is(wanted, id)).count();
        right += usize::from(count > 0);
        match u32::try_from(count).unwrap_or(u32::MAX) {
            0 => sheet.cost(share, &format!("Missing: {what}")),
            1 => {}
            count => sheet.cost(DOUBLED * (count - 1), &format!("Doubled: {what}")),
        }
    }
    let is_wanted = |change: &&Change<'_>| {
        let mut wanted = exercise.wanted.iter().zip(&ids);
        wanted.any(|(wanted, id)| change.is(wanted, id))
    };
    let others = changes.iter().filter(|change| !is_wanted(change));
    let wrong = wrong_devices(others, &ids, &mut sheet, name);
    left_contained(exercise, found, &changes, &mut sheet, name);
    let waited = last_words(exercise, found, &mut sheet);
    let mut lines = vec![
        format!("Right orders: {right} of {}", exercise.wanted.len()),
        format!("Wrong devices: {wrong}"),
        format!("Requests that changed something: {}", changes.len()),
        waited,
    ];
    lines.append(&mut sheet.lines);
    Sheet {
        name: exercise.name,
        points: FULL_MARKS.saturating_sub(sheet.cost),
        lines,
    }
}

/// Deducts unwanted requests; returns the number of devices outside the exercise.
fn wrong_devices<'a>(
    others: impl Iterator<Item = &'a Change<'a>>,
    ids: &[String],
    sheet: &mut Deductions,
    name: impl Fn(&str) -> String,
) -> usize {
    let mut wrong: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for change in others {
        let what = match change.machine {
            Some(id) if ids.iter().any(|known| known == id) => {
                format!("{} on {}", change.word(), name(id))
            }
            Some(id) => {
                wrong.entry(id).or_default().push(change.word());
                continue;
            }
            None if change.kind.is_some() => format!("{} on every device", change.word()),
            None => "An action cancelled".to_owned(),
        };
        sheet.cost(NOT_ASKED_FOR, &format!("Not asked for: {what}"));
    }
    for (id, actions) in &wrong {
        let what = format!("Wrong device: {}, {}", name(id), actions.join(", "));
        sheet.cost(WRONG_DEVICE, &what);
    }
    wrong.len()
}

#[derive(Default)]
struct Deductions {
    cost: u32,
    lines: Vec<String>,
}

impl Deductions {
    fn cost(&mut self, points: u32, what: &str) {
        self.cost = self.cost.saturating_add(points);
        self.lines.push(format!("{what}: −{points}"));
    }
}

/// Deducts devices wrongly left contained, or wrongly not. The last effective request per device
/// and condition decides.
fn left_contained(
    exercise: &Exercise,
    found: &Found<'_>,
    changes: &[Change<'_>],
    sheet: &mut Deductions,
    name: impl Fn(&str) -> String,
) {
    let devices = exercise.contained.iter();
    let expected = devices.filter_map(|device| id_of(&found.machines, *device));
    let expected: Vec<String> = expected.collect();
    let mut last: BTreeMap<(&str, &str), bool> = BTreeMap::new();
    for change in changes {
        let lasting = change.kind.map(|kind| kind.spec().change);
        let (id, what, is_set) = match (change.machine, lasting) {
            (Some(id), Some(Lasting::Sets(what))) => (id, what.word(), true),
            (Some(id), Some(Lasting::Clears(what))) => (id, what.word(), false),
            (_, Some(Lasting::Nothing) | None) | (None, _) => continue,
        };
        if !found.had_no_effect(change) {
            last.insert((id, what), is_set);
        } else if is_set {
            // The previous state remains.
            last.entry((id, what)).or_insert(false);
        }
    }
    let mut left = Vec::new();
    for ((id, _), is_contained) in last {
        let is_expected = expected.iter().any(|known| known == id);
        match (is_contained, is_expected) {
            (true, true) => left.push(name(id)),
            (true, false) => sheet.cost(LEFT_CONTAINED, &format!("Left contained: {}", name(id))),
            (false, true) => {
                sheet.cost(LEFT_CONTAINED, &format!("Not left contained: {}", name(id)));
            }
            (false, false) => {}
        }
    }
    if !left.is_empty() {
        let line = format!("Contained, as it should be: {}", left.join(", "));
        sheet.lines.push(line);
    }
}

/// Time until the last action ended, according to the journal.
fn last_words(exercise: &Exercise, found: &Found<'_>, sheet: &mut Deductions) -> String {
    let devices = exercise.silent.iter();
    let silent: Vec<String> = devices
        .filter_map(|device| id_of(&found.machines, *device))
        .collect();
    let mut longest: Option<i64> = None;
    for entry in found.entries {
        let machine = &entry.order.machine;
        if entry.status().is_end() {
            let waited = entry.status_since().duration_since(entry.intended_at());
            longest = longest.max(Some(waited.as_secs()));
        } else if silent.iter().all(|id| id != machine.id.as_str()) {
            let what = format!("Outcome not known yet: {}", machine.quoted());
            sheet.cost(NO_LAST_WORD, &what);
        }
    }
    let longest = longest.map_or("none".to_owned(), duration_text);
    format!("Time until the outcome was known: {longest}")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::super::EXERCISES;
    use super::*;

    const VICTIM: &str = "aaaa0001";
    const TWIN: &str = "aaaa0002";
    /// A device that should stay contained.
    const STAYS: &str = "bbbb0001";

    fn asked(machine: &str, action: &str, status: Option<u16>) -> LoggedRequest {
        LoggedRequest {
            at: Timestamp::UNIX_EPOCH,
            method: "POST".into(),
            path: format!("/api/machines/{machine}/{action}"),
            query: String::new(),
            body: json!({}),
            status,
            kind: RequestKind::Change,
        }
    }

    fn points(exercise: &Exercise, requests: &[LoggedRequest]) -> (u32, String) {
        points_with(exercise, requests, &[])
    }

    fn points_with(
        exercise: &Exercise,
        requests: &[LoggedRequest],
        actions: &[Value],
    ) -> (u32, String) {
        let named = |id: &str, name: &str| (id.to_owned(), Some(name.to_owned()));
        let found = Found {
            machines: vec![
                named(VICTIM, "FIN-LT-042"),
                named(TWIN, "FIN-LT-042"),
                named(STAYS, "ENG-LT-030"),
            ],
            requests,
            actions,
            entries: &[],
        };
        let sheet = score(exercise, &found);
        (sheet.points, sheet.to_string())
    }

    #[test]
    fn each_mistake_costs_the_points_on_the_sheet() {
        let isolate = || asked(VICTIM, "isolate", Some(201));
        let release = || asked(VICTIM, "unisolate", Some(201));
        let twin = |action| asked(TWIN, action, Some(201));
        for (requests, expected, said) in [
            (vec![isolate(), release()], 100, "Right orders: 2 of 2"),
            // A refused request changed nothing; one with a lost answer may have.
            (
                vec![asked(VICTIM, "isolate", Some(401)), isolate(), release()],
                100,
                "Requests that changed something: 2",
            ),
            (
                vec![asked(VICTIM, "isolate", None), isolate(), release()],
                85,
                "Doubled: Isolate on FIN-LT-042 (…0001): −15",
            ),
            (
                vec![isolate()],
                30,
                "Left contained: FIN-LT-042 (…0001): −20",
            ),
            (
                vec![isolate()],
                30,
                "Missing: Release on FIN-LT-042 (…0001): −50",
            ),
            (
                vec![twin("isolate"), twin("unisolate"), isolate(), release()],
                70,
                "Wrong device: FIN-LT-042 (…0002), Isolate, Release: −30",
            ),
            (
                vec![twin("isolate"), isolate(), release()],
                50,
                "Left contained: FIN-LT-042 (…0002): −20",
            ),
            (
                vec![
                    isolate(),
                    release(),
                    asked(VICTIM, "runAntiVirusScan", None),
                ],
                90,
                "Not asked for: Scan on FIN-LT-042 (…0001): −10",
            ),
            (
                vec![isolate(), release(), asked("api", "indicators", Some(200))],
                90,
                "Not asked for: Block file everywhere on every device: −10",
            ),
            (
                vec![isolate(), release(), asked("b89eb834", "cancel", Some(200))],
                90,
                "Not asked for: An action cancelled: −10",
            ),
            (vec![], 0, "Right orders: 0 of 2"),
            (vec![], 0, "Time until the outcome was known: none"),
        ] {
            let (points, sheet) = points(&EXERCISES[0], &requests);
            assert_eq!(points, expected, "{sheet}");
            assert!(sheet.contains(said), "{sheet}");
        }
    }

    #[test]
    fn cancelled_isolation_leaves_device_uncontained() {
        let order = |tag: &str| LoggedRequest {
            body: json!({"Comment": format!("[{tag}] INC-9002")}),
            ..asked(STAYS, "isolate", Some(201))
        };
        let action = |tag: &str, status: &str| {
            json!({
                "machineId": STAYS,
                "requestorComment": format!("[{tag}] INC-9002"),
                "status": status,
            })
        };
        let stays = "Contained, as it should be: ENG-LT-030 (…0001)";
        let gone = "Not left contained: ENG-LT-030 (…0001): −20";
        let score = |requests: &[LoggedRequest], actions: &[Value]| {
            points_with(&EXERCISES[1], requests, actions).1
        };
        for status in ["Pending", "Succeeded"] {
            let sheet = score(&[order("cdn-1")], &[action("cdn-1", status)]);
            assert!(sheet.contains(stays), "{status}: {sheet}");
        }
        for status in ["Cancelled", "Failed", "TimeOut"] {
            let sheet = score(&[order("cdn-1")], &[action("cdn-1", status)]);
            assert!(!sheet.contains(stays), "{status}: {sheet}");
            assert!(sheet.contains(gone), "{status}: {sheet}");
        }
        // The other order stays in effect, whether it came before or after.
        for others in ["Succeeded", "Pending"] {
            let actions = [action("cdn-1", others), action("cdn-2", "Cancelled")];
            for order in [["cdn-1", "cdn-2"], ["cdn-2", "cdn-1"]].map(|tags| tags.map(order)) {
                let sheet = score(&order, &actions);
                assert!(sheet.contains(stays), "{others}: {sheet}");
            }
        }
    }
}
