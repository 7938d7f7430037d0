//! Desktop notifications for a user who looks elsewhere.
#![expect(
    clippy::too_many_arguments,
    clippy::unused_self,
    clippy::used_underscore_binding,
    reason = "the specification of notifications gives the methods and their arguments"
)]

use std::sync::{Arc, Mutex, PoisonError};

use zbus::blocking::Connection;

use crate::console::Console;
use crate::session::{Session, wait_until};
use crate::tenant::Tenant;

const PATH: &str = "/org/freedesktop/Notifications";
const NAME: &str = "org.freedesktop.Notifications";
const TITLE: &str = "Isolate device";
const COMMENT: &str = "INC-4711 beacon seen";

/// Summary and body of each notification, as a desktop would show it.
pub type Shown = Arc<Mutex<Vec<(String, String)>>>;

/// The notification service of a desktop.
struct Desktop(Shown);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Desktop {
    fn notify(
        &self,
        _app_name: &str,
        _replaces_id: u32,
        _app_icon: &str,
        summary: String,
        body: String,
        _actions: Vec<String>,
        _hints: std::collections::HashMap<String, zbus::zvariant::OwnedValue>,
        _expire_timeout: i32,
    ) -> u32 {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.push((summary, body));
        u32::try_from(shown.len()).unwrap_or(u32::MAX)
    }

    fn get_capabilities(&self) -> Vec<String> {
        vec!["body".to_owned()]
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        let text = str::to_owned;
        (text("test"), text("cordon"), text("1"), text("1.2"))
    }

    fn close_notification(&self, _id: u32) {}
}

/// Puts the service on the session's bus; it ends with the connection.
pub fn desktop(session: &Session) -> (Connection, Shown) {
    let shown = Shown::default();
    let bus = session.bus();
    bus.object_server()
        .at(PATH, Desktop(Arc::clone(&shown)))
        .expect("the service has a place");
    bus.request_name(NAME).expect("the name is free");
    (bus, shown)
}

/// The notifications so far.
pub fn shown(shown: &Shown) -> Vec<(String, String)> {
    let shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
    shown.clone()
}

#[test]
fn minimised_window_notifies_of_a_success_and_of_a_failure() {
    let session = Session::start("notify-minimised");
    let (_bus, notifications) = desktop(&session);
    let tenant = Tenant::start(&session);
    let console = Console::signed_in(&session, &tenant);
    let device = tenant.devices("ENG-LT-030").remove(0);
    tenant.never_finish(&device);
    console.choose(&device);
    console.order("Isolate", &device, "Isolate", &[("Comment", COMMENT)]);
    console.wait_until_accepted(&device, TITLE);
    assert_eq!(shown(&notifications), [], "the window is in front");
    session.xdotool(&["search", "--name", "cordon", "windowminimize", "--sync"]);
    tenant.succeed("Isolate");
    wait_until("a notification", || !shown(&notifications).is_empty());
    let (summary, body) = shown(&notifications).remove(0);
    assert_eq!(summary, format!("Isolated: {}", device.quoted));
    assert_eq!(body, format!("STAND-IN: {TITLE}"));
    for secret in ["INC-4711", "@", "beacon"] {
        assert!(!summary.contains(secret) && !body.contains(secret));
    }
}

#[test]
fn covered_window_notifies_of_an_end() {
    let session = Session::start("notify-covered");
    let (_bus, notifications) = desktop(&session);
    let tenant = Tenant::start(&session);
    let console = Console::signed_in(&session, &tenant);
    let device = tenant.devices("ENG-LT-030").remove(0);
    tenant.never_finish(&device);
    console.choose(&device);
    console.order("Isolate", &device, "Isolate", &[("Comment", COMMENT)]);
    console.wait_until_accepted(&device, TITLE);
    // Another program in front, covering it completely.
    let other = Console::demo(&session);
    other.window.wait_for_text("nothing leaves this computer");
    let front = [
        "search",
        "--name",
        "DEMO cordon",
        "windowsize",
        "100%",
        "100%",
    ];
    session.xdotool(&front);
    tenant.succeed("Isolate");
    wait_until("a notification", || !shown(&notifications).is_empty());
    let (summary, _) = shown(&notifications).remove(0);
    assert_eq!(summary, format!("Isolated: {}", device.quoted));
}
