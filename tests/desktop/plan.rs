//! A plan of three steps on five devices, with several power cuts in the middle of it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use crate::console::{Console, data_folder, without_window};
use crate::session::{Session, wait_until};
use crate::tenant::{Device, Tenant};

const NAMES: [&str; 5] = [
    "FIN-LT-051",
    "ENG-LT-030",
    "HR-LT-007",
    "FIN-LT-042",
    "ENG-LT-022",
];
const PLAN: &str = r#"
[[plan]]
name = "Drill"
steps = [
    { action = "isolate", isolation_type = "Full" },
    { action = "collect" },
    { action = "tag", tag = "contained" },
]
"#;
/// The last path segment of each step, and its final status.
const STEPS: [(&str, &str); 3] = [
    ("isolate", "Isolated"),
    ("collectInvestigationPackage", "Package collected"),
    ("tags", "Tag added"),
];
const CONFIRM: &str = "Run “Drill” on ";
/// Numbers of requests after which the power is cut, one in each step.
const CUTS: [usize; 3] = [2, 6, 11];
/// An order that was cut off is looked up for five minutes before it may be sent again.
const UNTIL_NOT_FOUND: Duration = Duration::from_mins(8);

fn write_plan(session: &Session) {
    let folder = data_folder(session);
    fs::create_dir_all(&folder).expect("the data folder can be made");
    let own = fs::Permissions::from_mode(0o700);
    fs::set_permissions(&folder, own).expect("it can be made private");
    fs::write(folder.join("settings.toml"), PLAN).expect("the settings can be written");
}

/// Ticks the devices and confirms the plan on all of them.
fn confirm_plan(console: &Console<'_>, devices: &[Device]) {
    let window = &console.window;
    for device in devices {
        let name = device.label.split(' ').next().unwrap_or_default();
        window.fill("Search devices", name);
        let tick = format!("Select {}", device.quoted);
        let node = window.wait_for_node(&tick, |node| node.name == tick);
        window.activate(&node);
        // This moves the keyboard focus to the list.
        window.wait_for_focus("Devices");
    }
    window.wait_for_text("5 selected");
    window.press("More actions on the selected devices");
    window.press("Plan for 5 devices…");
    let choice = window.wait_for_node("the plan", |node| {
        node.name == "Drill" && node.role.contains("radio")
    });
    window.activate(&choice);
    window.fill("Ticket", "INC-4711");
    window.fill("Comment", "the same beacon");
    window.fill("Type the number of devices", "5");
    let confirm = console.show_all(CONFIRM);
    window.picture("form");
    window.press(&confirm);
}

/// Waits for the outcome of pending orders, and sends unsent ones, if any.
fn resume(console: &Console<'_>) -> bool {
    /// The second if none of them had been sent.
    const UNSENT: [&str; 2] = ["Send again (", "Review and send ("];
    let window = &console.window;
    window.wait_for("every outcome", UNTIL_NOT_FOUND, |nodes| {
        // In the whole summary, as not all rows are visible.
        let is_open =
            |word: &str| word.contains("outcome unknown") || word.contains("no answer yet");
        !nodes.iter().any(|node| is_open(&node.name.to_lowercase()))
            && nodes.iter().any(|node| node.name.starts_with("Drill on "))
    });
    let is_unsent = |name: &str| UNSENT.iter().any(|words| name.starts_with(words));
    let Some(again) = window.find_all(|node| is_unsent(&node.name)).pop() else {
        return false;
    };
    window.press(&again.name);
    window.wait_for_text("the same beacon");
    let is_number = |name: &str| name == "Type the number of devices";
    if let Some(field) = window.find_all(|node| is_number(&node.name)).pop() {
        let count = window.wait_for_node("the number of devices", |node| {
            node.role == "alert" && node.name.starts_with("Drill on ")
        });
        let count = count.name.split(' ').nth(2).unwrap_or_default().to_owned();
        window.fill(&field.name, &count);
    }
    let confirm = console.show_all(CONFIRM);
    window.picture("resumed");
    window.press(&confirm);
    true
}

/// Polls without a pause, as a step may be that short.
fn cut_after(requests: usize, tenant: &Tenant) {
    let deadline = Instant::now() + Duration::from_mins(3);
    while tenant.changes().len() < requests {
        assert!(Instant::now() < deadline, "waited for {requests} requests");
    }
}

/// Number of requests for each step, by path and device.
fn asked(tenant: &Tenant) -> BTreeMap<(String, String), usize> {
    let mut asked = BTreeMap::new();
    for change in tenant.changes() {
        *asked.entry((change.verb, change.machine)).or_default() += 1;
    }
    asked
}

#[test]
fn killed_in_the_middle_and_resumed_no_step_of_a_plan_is_doubled_or_lost() {
    let session = Session::start("plan");
    let tenant = Tenant::start(&session);
    write_plan(&session);
    let mut devices = Vec::new();
    for name in NAMES {
        devices.push(tenant.devices(name).remove(0));
    }
    let mut console = Console::start(&session, &tenant);
    console.sign_in(&tenant);
    confirm_plan(&console, &devices);
    let mut resumed = 0;
    for cut in CUTS {
        cut_after(cut, &tenant);
        console.kill();
        console = Console::start(&session, &tenant);
        console.sign_in(&tenant);
        resumed += usize::from(resume(&console));
    }
    assert!(resumed > 1, "the power was hardly ever cut in the middle");
    wait_until("all requests", || tenant.changes().len() >= 15);
    tenant.advance(3_600);
    // Not all rows are visible; the journal has them all.
    wait_until("the end of each step", || {
        let export = without_window(&session, &["journal", "export", "--format", "csv"]);
        let said = String::from_utf8_lossy(&export.stdout).into_owned();
        let ended = |word: &str| said.matches(&format!(",\"{word}\",")).count() == 5;
        STEPS.iter().all(|(_, word)| ended(word))
    });
    console.window.picture("ended");
    let once = STEPS.iter().flat_map(|(path, _)| {
        let of_step = devices.iter();
        of_step.map(|device| (((*path).to_owned(), device.id.clone()), 1))
    });
    assert_eq!(asked(&tenant), once.collect::<BTreeMap<_, _>>());
    console.close();
    let verified = without_window(&session, &["journal", "verify"]);
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(said.contains("The chain is intact"), "{verified:?}");
}
