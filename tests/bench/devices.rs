//! A hundred thousand devices: memory, a search keystroke, frames while they load, and their reading; and a
//! journal with that number of entries.
//!
//! Run by hand: `cargo bench`. A frame is state, views and tessellation, without a display.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "figures are printed, and taken by the clock"
)]

mod journal;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use cordon::auth::TokenStore;
use cordon::guard::Policy;
use cordon::message::{Command, Event, InventoryNews};
use cordon::model::{
    Account, Endpoints, ExposureLevel, HealthStatus, Machine, MachineId, Mode, OnboardingStatus,
    Permissions, RiskScore, SessionStatus, Sort, TenantId,
};
use cordon::search::Rows;
use cordon::simulator::{CLIENT_ID, Fault, SimOptions, Simulator, TENANT_ID};
use cordon::state::State;
use cordon::ui::views::{OpenDialog, Views};
use cordon::ui::{Cx, Outbox, frame_ui, theme};
use cordon::worker::{REFRESH_EVERY, Setup, Timing, WorkerHandle};
use jiff::Timestamp;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const DEVICES: u32 = 100_000;
/// Devices per event of the worker, and the time for which a window applies events before it draws.
const CHUNK: usize = 1_000;
const DRAIN: Duration = Duration::from_millis(3);
const NOW: Timestamp = Timestamp::constant(1_763_800_000, 0);
/// Time of a frame at 60 Hz.
const FRAME: Duration = Duration::from_micros(16_700);
/// Number of frames drawn for one figure.
const SAMPLES: usize = 200;

fn main() {
    memory();
    loading();
    keystrokes();
    palette();
    reading();
    journal::run();
}

/// A typical machine: four addresses, a few tags, and a group shared by many.
fn machine(n: u32) -> Arc<Machine> {
    let id = format!(
        "{:040x}",
        u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060)
    );
    let mut machine = Machine::bare(MachineId::parse(&id).expect("hexadecimal digits"));
    let site = ["vie", "grz", "lnz", "sbg", "ibk"][n as usize % 5];
    machine.computer_dns_name = Some(format!("{site}-lt-{n:06}.contoso.com").into());
    machine.os_platform = Some("Windows11".into());
    machine.version = Some("24H2".into());
    machine.health_status = HealthStatus::Active;
    machine.onboarding_status = Some(OnboardingStatus::Onboarded);
    machine.risk_score = Some(RiskScore::Low);
    machine.exposure_level = Some(ExposureLevel::Medium);
    machine.rbac_group_name = Some("Workstations".into());
    machine.machine_tags = Some(["pilot".into()].into());
    machine.first_seen = Some(NOW - jiff::SignedDuration::from_hours(24 * 300));
    machine.last_seen = Some(NOW - jiff::SignedDuration::from_mins(i64::from(n % 900)));
    let address = |third: u32| IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | third << 20 | n));
    machine.adapters.ip_addresses = [address(1), address(2), address(3), address(4)].into();
    machine.last_ip_address = Some(address(1));
    Arc::new(machine)
}

fn reported(n: u32, times: i64) -> Arc<Machine> {
    let mut machine = Machine::clone(&machine(n));
    machine.last_seen = machine
        .last_seen
        .map(|at| at + jiff::SignedDuration::from_mins(times));
    Arc::new(machine)
}

fn state() -> State {
    let mut state = State::new(Mode::StandIn, "bench", Policy::default());
    let status = SessionStatus::SignedIn {
        account: Account {
            tenant_id: TenantId::parse("t").expect("an id"),
            object_id: "o".into(),
            user_name: None,
            display_name: None,
        },
        permissions: Permissions::Unknown,
    };
    let epoch = state.epoch;
    state.apply(Event::Session { status, epoch });
    state.apply(Event::Journal(Ok(())));
    state
}

fn apply(state: &mut State, page: &[Arc<Machine>]) {
    let epoch = state.epoch;
    let news = InventoryNews::Page(page.to_vec());
    state.apply(Event::Inventory { epoch, news });
}

/// The window's contents without a window.
struct Screen {
    ctx: egui::Context,
    views: Views,
    time: f64,
    /// Input of the next frame.
    events: Vec<egui::Event>,
}

impl Screen {
    fn new() -> Self {
        let ctx = egui::Context::default();
        theme::apply(&ctx);
        Self {
            ctx,
            views: Views::default(),
            time: 0.0,
            events: Vec::new(),
        }
    }

    fn frame(&mut self, state: &State) {
        self.time += 1.0 / 60.0;
        let size = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1400.0, 900.0));
        let input = egui::RawInput {
            screen_rect: Some(size),
            time: Some(self.time),
            events: std::mem::take(&mut self.events),
            ..egui::RawInput::default()
        };
        let mut out = Outbox::default();
        let views = &mut self.views;
        let output = self.ctx.run_ui(input, |ui| {
            let mut cx = Cx {
                state,
                views,
                now: NOW,
                out: &mut out,
            };
            frame_ui(ui, &mut cx);
        });
        let drawn = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        std::hint::black_box(drawn);
    }
}

fn memory() {
    let before = MEMORY.current_usage();
    let mut state = state();
    let empty = MEMORY.current_usage();
    for n in 0..DEVICES {
        apply(&mut state, &[machine(n)]);
    }
    let mut rows = Rows::default();
    rows.refresh(&state, "", Sort::default());
    let held = MEMORY.current_usage();
    let each = (held - empty) / DEVICES as usize;
    println!(
        "memory: {each} bytes a device, of at most 700 (an empty state: {})",
        empty - before
    );
    assert_eq!(state.inventory.all().len(), DEVICES as usize);
}

/// Prints frame times beside the time of a frame at 60 Hz.
fn report(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)];
    println!(
        "{} frames {what}: median {:?}, p90 {:?}, p99 {:?}, worst {:?}, of at most {FRAME:?}",
        took.len(),
        at(50),
        at(90),
        at(99),
        at(100)
    );
}

/// Times of this many frames, each with the next search, if any, typed before it.
fn frames<'a>(
    screen: &mut Screen,
    state: &State,
    number: usize,
    searches: impl IntoIterator<Item = &'a str>,
) -> Vec<Duration> {
    let mut searches = searches.into_iter();
    (0..number)
        .map(|_| {
            if let Some(search) = searches.next() {
                search.clone_into(&mut screen.views.search);
            }
            let begun = Instant::now();
            screen.frame(state);
            begun.elapsed()
        })
        .collect()
}

/// Frames while devices arrive as fast as they are applied, and while all are read again.
fn loading() {
    let mut readings = 0;
    let mut state = state();
    let mut screen = Screen::new();
    // The first frames build the fonts, once per window.
    for _ in 0..5 {
        screen.frame(&state);
    }
    for (what, search) in [
        ("while loading", ""),
        ("while reading again, all changed", ""),
        ("while reading again, all changed, with a search", "vie-lt"),
    ] {
        // Each reading finds a newer report of each device.
        readings += 1;
        let machines: Vec<_> = (0..DEVICES).map(|n| reported(n, readings)).collect();
        search.clone_into(&mut screen.views.search);
        screen.frame(&state);
        let epoch = state.epoch;
        let news = InventoryNews::Started(NOW);
        state.apply(Event::Inventory { epoch, news });
        let mut took = Vec::new();
        let mut coming = machines.chunks(CHUNK).peekable();
        while coming.peek().is_some() {
            let begun = Instant::now();
            for some in coming.by_ref() {
                apply(&mut state, some);
                if begun.elapsed() > DRAIN {
                    break;
                }
            }
            screen.frame(&state);
            took.push(begun.elapsed());
        }
        report(what, took);
    }
}

fn keystrokes() {
    let machines: Vec<_> = (0..DEVICES).map(machine).collect();
    let mut state = state();
    apply(&mut state, &machines);
    let mut screen = Screen::new();
    for _ in 0..5 {
        screen.frame(&state);
    }
    let took = frames(&mut screen, &state, SAMPLES, []);
    report("with all devices", took);
    // Typed by letter; the first letter is searched for in all devices.
    let searches = [
        "",
        "v",
        "vi",
        "vie",
        "vie-",
        "vie-l",
        "vie-lt",
        "vie-lt-0421",
    ];
    let mut rows = Rows::default();
    rows.refresh(&state, "", Sort::default());
    for search in searches {
        let begun = Instant::now();
        rows.refresh(&state, search, Sort::default());
        let rows_after = begun.elapsed();
        search.clone_into(&mut screen.views.search);
        let begun = Instant::now();
        screen.frame(&state);
        let frame = begun.elapsed();
        println!("after typing {search:?}: rows in {rows_after:?}, a whole frame {frame:?}");
    }
    // Pasted at once, so that no earlier result is narrowed.
    for search in [
        "vie-lt-042042",
        "INC-7 vie-lt-042042 10.16.164.58",
        "10.16.164.58",
        "ip:10.16.164.58",
        "INC-7 from mac=00:5e:00:53:af:01",
        "laptops 10.16",
    ] {
        rows.refresh(&state, "", Sort::default());
        let begun = Instant::now();
        rows.refresh(&state, search, Sort::default());
        println!(
            "after pasting {search:?}: {} rows in {:?}",
            rows.len(),
            begun.elapsed()
        );
    }
    let typed = searches.into_iter().cycle();
    let took = frames(&mut screen, &state, SAMPLES, typed);
    report("with a keystroke in the search", took);
}

/// Frames while typing in the palette, each of which searches a part of the devices.
fn palette() {
    const FRAMES: usize = 8;
    let machines: Vec<_> = (0..DEVICES).map(machine).collect();
    let mut state = state();
    apply(&mut state, &machines);
    let mut screen = Screen::new();
    screen.frame(&state);
    screen.views.open(OpenDialog::Palette(Box::default()));
    for _ in 0..5 {
        screen.frame(&state);
    }
    for typed in ["v", "i", "e", "l", "t", "0", "42"] {
        screen.events.push(egui::Event::Text(typed.to_owned()));
        let took = frames(&mut screen, &state, FRAMES, []);
        println!("palette, after {typed:?}: frames of {took:?}, of at most {FRAME:?}");
    }
}

/// The engine without a window.
struct Engine {
    state: State,
    worker: WorkerHandle,
    /// Signals each event.
    reported: Receiver<()>,
}

impl Engine {
    fn start(simulator: &Simulator, folder: &Path) -> Self {
        let address = simulator.address();
        let endpoints = Endpoints::stand_in(&address, TENANT_ID, CLIENT_ID).expect("loopback");
        let state = State::new(Mode::StandIn, &endpoints.name, Policy::default());
        let (sender, reported) = channel();
        let worker = WorkerHandle::spawn(Setup {
            endpoints,
            mode: Mode::StandIn,
            store: TokenStore::memory(),
            journal: folder.join("journal.sqlite"),
            memory: None,
            policy: Policy::default(),
            timing: Timing::faster(1.0),
            refresh_every: REFRESH_EVERY,
            addresses: Arc::new(Vec::new),
            request_repaint: Arc::new(move || {
                sender.send(()).ok();
            }),
            on_event: Arc::new(|_| {}),
        });
        let worker = worker.expect("the worker starts");
        Self {
            state,
            worker,
            reported,
        }
    }

    /// Applies events until `reached`, and returns the time of that.
    fn until(&mut self, reached: impl Fn(&State) -> bool) -> Instant {
        while !reached(&self.state) {
            match self.worker.try_next() {
                Some(event) => self.state.apply(event),
                None => self.reported.recv().expect("the worker runs"),
            }
        }
        Instant::now()
    }
}

/// Reading all devices from a service that is slow for each page.
fn reading() {
    const PAGE_TAKES: Duration = Duration::from_millis(500);
    let options = SimOptions {
        devices: DEVICES as usize,
        auto_approve: true,
        ..SimOptions::default()
    };
    let simulator = Simulator::start(options).expect("the built-in tenant starts");
    let control = simulator.control();
    let latency = format!("latency:{}", PAGE_TAKES.as_millis());
    control.inject(Fault::parse("machines", &latency, 0).expect("a fault it knows"));
    let folder = tempfile::tempdir().expect("a folder");
    let mut engine = Engine::start(&simulator, folder.path());
    engine.until(|s| s.session == SessionStatus::SignedOut);
    let signs_in = engine.worker.send(Command::SignIn);
    signs_in.expect("it takes it");
    let begun = engine.until(|s| s.inventory.loading);
    let first = engine.until(|s| !s.inventory.all().is_empty()) - begun;
    let all = engine.until(|s| s.inventory.read_at.is_some()) - begun;
    let inventory = &engine.state.inventory;
    assert!(inventory.is_complete() && inventory.all().len() == DEVICES as usize);
    let pages = control.requests().into_iter();
    let pages = pages.filter(|r| r.path.ends_with("/machines")).count();
    println!(
        "reading, {PAGE_TAKES:?} a page: first rows after {first:?}, all after {all:?}, of {pages} \
         pages asked for"
    );
}
