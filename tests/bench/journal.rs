//! A journal of a hundred thousand entries beside one of a hundred, which fills the screen: opening it, and
//! frames while orders run and devices report.

use std::time::Instant;

use cordon::action::{ActionKind, Order, Task, Values};
use cordon::journal::{Author, Entry, Record};
use cordon::message::Event;
use cordon::model::{
    EntryId, HResult, MachineAction, MachineActionId, MachineActionStatus, MachineActionType,
    MachineRef,
};
use cordon::state::State;
use cordon::ui::hand_over;
use cordon::ui::views::Screen as Page;
use jiff::SignedDuration;

use super::{NOW, Screen, apply, machine, report, reported, state};

const ENTRIES: [u32; 2] = [100, 100_000];
/// Devices in the list, and those with an order.
const DEVICES: u32 = 100_000;
const ORDERED: u32 = 20_000;
/// Pending orders.
const OPEN: u32 = 5;
/// Known actions of the service: those of the newest orders, topped up by other ones.
const KNOWN: u32 = 5_000;
const FRAMES: u32 = 120;
/// Entries per event of the worker.
const PART: usize = 500;

pub fn run() {
    let devices: Vec<_> = (0..DEVICES).map(machine).collect();
    for count in ENTRIES {
        println!("a journal of {count} entries");
        let mut bench = Bench {
            state: state(),
            count,
            rounds: 0,
        };
        apply(&mut bench.state, &devices);
        bench.open();
        for page in [
            Page::Devices,
            Page::Journal,
            Page::Incident,
            Page::Contained,
        ] {
            let mut screen = Screen::new();
            screen.views.show(page);
            screen.views.incident.typed = "INC-47".into();
            bench.frames(&mut screen, &format!("on {page:?}"));
        }
        let mut screen = Screen::new();
        screen.views.show(Page::Journal);
        screen.views.journal.query.text = "beacon -nothing".into();
        bench.frames(&mut screen, "with a search in the journal");
        let mut screen = Screen::new();
        let export = hand_over(&bench.state, &screen.views.journal, NOW);
        screen.views.journal.prepare(export);
        bench.frames(&mut screen, "while a hand-over is made ready");
    }
}

struct Bench {
    state: State,
    count: u32,
    rounds: u32,
}

impl Bench {
    /// Applies the journal in parts, as the worker sends it.
    fn open(&mut self) {
        let mut entries = (0..self.count).map(|n| entry(n, self.count)).peekable();
        let mut took = Vec::new();
        while entries.peek().is_some() {
            let part: Vec<_> = entries.by_ref().take(PART).collect();
            let left = entries.len();
            let event = match left {
                0 => Event::Entries(part),
                _ => Event::EarlierEntries {
                    entries: part,
                    left,
                },
            };
            let begun = Instant::now();
            self.state.apply(event);
            took.push(begun.elapsed());
        }
        report("that take a part of it in", took);
        let newest = self.count.max(KNOWN);
        let actions = (newest - KNOWN..newest).map(action);
        let (epoch, actions) = (self.state.epoch, actions.collect());
        self.state.apply(Event::Actions { epoch, actions });
    }

    /// Frames, in each of which an order has progress and a device reports.
    fn frames(&mut self, screen: &mut Screen, what: &str) {
        let took = (self.rounds..self.rounds + FRAMES).map(|n| {
            let mut news = entry(self.count - 1 - n % OPEN, self.count);
            for _ in 0..=n {
                let status = MachineActionStatus::Pending;
                let action = action_id(self.count);
                news.push(NOW, Record::Accepted { action, status });
            }
            let device = reported(n, i64::from(n) + 1);
            let begun = Instant::now();
            self.state.apply(Event::Entry(Box::new(news)));
            apply(&mut self.state, &[device]);
            screen.frame(&self.state);
            begun.elapsed()
        });
        let took: Vec<_> = took.collect();
        self.rounds += FRAMES;
        // The first frames build the fonts and index all devices, once per window.
        report(what, took[5..].to_vec());
    }
}

fn action_id(n: u32) -> MachineActionId {
    MachineActionId::parse(&format!("{n:08x}-0000-4000-8000-000000000000")).expect("a literal id")
}

fn device(n: u32) -> MachineRef {
    machine(n % ORDERED).reference()
}

fn action(n: u32) -> MachineAction {
    let status = MachineActionStatus::Succeeded;
    let mut action = MachineAction::bare(action_id(n), MachineActionType::Isolate, status);
    action.machine_id = Some(device(n).id);
    action.created = Some(NOW - SignedDuration::from_mins(i64::from(n)));
    action.last_updated = action.created;
    action.requestor = Some("jane@contoso.com".into());
    action.requestor_comment = Some(format!("INC-{} beacon", n % 500).into());
    action
}

/// A finished order; the last ones are pending.
fn entry(n: u32, count: u32) -> Entry {
    let author = Author {
        mode: "STAND-IN".into(),
        tenant: "t".into(),
        object_id: "o".into(),
        account: "jane@contoso.com".into(),
    };
    let order = Order {
        entry: EntryId::parse(&format!("cdn-{n:08}")).expect("a literal id"),
        machine: device(n),
        comment: format!("INC-{} beacon to 203.0.113.7", n % 500).into(),
        batch: None,
        plan: None,
        task: Task::Act {
            kind: ActionKind::Isolate,
            values: Values::default(),
        },
    };
    let intended = Record::Intended {
        author: author.clone(),
        order: order.clone(),
    };
    let (action, status) = (action_id(n), MachineActionStatus::Pending);
    let mut entry = Entry::new(author, order);
    let at = NOW - SignedDuration::from_mins(i64::from(count - n));
    for record in [intended, Record::Sent, Record::Accepted { action, status }] {
        entry.push(at, record);
    }
    if n + OPEN < count {
        let finished = Record::Finished {
            action: action_id(n),
            status: MachineActionStatus::Succeeded,
            hresult: HResult(0),
            by: None,
            comment: None,
            service_time: None,
        };
        entry.push(at, finished);
    }
    entry
}
