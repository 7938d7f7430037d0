//! Sections of the device panel that are read separately.

use crate::common::{Console, asked_for};

/// Number of requests for this part of a machine.
fn asked(console: &Console, last: &str) -> usize {
    asked_for(&console.control, last).len()
}

#[test]
fn alerts_and_users_are_read_after_the_dwell_time() {
    let mut console = Console::signed_in();
    console.open_device("FIN-LT-042");
    console.until_shows("Alerts (3)");
    console.until_shows("Logged-on users (2)");
    for label in [
        "Credential theft tool found in memory",
        "Suspicious PowerShell command line (encoded)",
        "contoso\\helpdesk.adm",
        "Domain admin",
    ] {
        assert!(console.shows(label), "{label}:\n{}", console.screen());
    }
    assert!(console.shows_part("p.marsh (1 more)"), "the summary");
    console.step_until("the offered actions", |c| {
        asked(c, "/availableMachineActions") == 1
    });
    // Nothing is requested again while the selection stays.
    console.harness.run_steps(20);
    console.until_worker_caught_up();
    assert_eq!(asked(&console, "/alerts"), 1);
    assert_eq!(asked(&console, "/logonusers"), 1);
}

#[test]
fn failing_section_keeps_its_last_content_and_affects_no_other() {
    let mut console = Console::signed_in();
    console.open_device("FIN-LT-042");
    console.until_shows("Alerts (3)");
    console.until_shows("Logged-on users (2)");
    console.inject("alerts", "forbidden", 0);
    console.click("Read again");
    console.until_shows_part("Not re-read: You are not allowed to read this device's alerts");
    console.step_until("the users again", |c| asked(c, "/logonusers") == 2);
    assert!(console.shows("Credential theft tool found in memory"));
    assert!(console.shows("Logged-on users (2)"));
    assert!(!console.shows_part("Not checked: who is logged on"));
    console.control.clear_faults();
    console.click("Read again");
    console.step_until("the alerts again", |c| !c.shows_part("Not re-read"));
    assert!(console.shows("Alerts (3)"));
}

#[test]
fn section_without_permission_is_not_requested_and_says_why() {
    let mut console = Console::start();
    console
        .control
        .set_permissions(&["Machine.Read", "Machine.Isolate"]);
    console.sign_in();
    console.open_device("FIN-LT-042");
    console.step_until("the offered actions", |c| {
        asked(c, "/availableMachineActions") == 1
    });
    for label in [
        "Not checked: open alerts; requires the permission Alert.Read",
        "Not checked: who is logged on; requires the permission User.Read.All",
    ] {
        assert!(console.shows(label), "{label}:\n{}", console.screen());
    }
    console.harness.run_steps(10);
    console.until_worker_caught_up();
    assert_eq!(
        (asked(&console, "/alerts"), asked(&console, "/logonusers")),
        (0, 0)
    );
}

#[test]
fn form_shows_the_actions_that_the_service_offers() {
    let mut console = Console::signed_in();
    console.open_device("LAB-OLD-01");
    console.click("Isolate…");
    console.until_shows_part(
        "Defender says this is not available for this device: its Defender client is too old",
    );
    console.harness.key_press(egui::Key::Escape);
    console.harness.run_steps(3);
    // Quarantine is not documented for servers. The service's own list cannot be read at first.
    console.inject("available_actions", "forbidden", 0);
    console.open_device("sql01.contoso.com");
    console.click("Quarantine file…");
    let ours = "May not work on Windows Server 2019: documented for Windows 10 and 11 only";
    console.until_shows_part(ours);
    assert!(!console.shows_part("The service itself offers it"));
    assert!(!console.shows_part("Defender says this is not available"));
    console.harness.key_press(egui::Key::Escape);
    console.harness.run_steps(3);
    console.control.clear_faults();
    console.click("Quarantine file…");
    console.until_shows_part("The service itself offers it for this device");
}
