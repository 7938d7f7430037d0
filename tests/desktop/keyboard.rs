//! The whole job without a pointer.

use crate::a11y::State;
use crate::console::{Console, is_row_of, only_rows_of};
use crate::session::Session;
use crate::tenant::{Change, Tenant, word};
use std::time::Duration;

#[test]
fn device_is_isolated_by_keyboard_alone() {
    let session = Session::start("keyboard");
    let tenant = Tenant::start(&session);
    let console = Console::start(&session, &tenant);
    let window = &console.window;
    window.wait_for_focus("Sign in with a code");
    window.key("Return");
    let code = console.code();
    window.wait_for_focus("Copy code");
    window.picture("01-code");
    tenant.approve_on_the_page(&code);
    console.wait_for_devices();

    // Away from the search field, so that the slash has an effect.
    window.key("shift+Tab");
    window.wait_for_node("the search field without the focus", |node| {
        node.name == "Search devices" && !node.is(State::Focused)
    });
    window.key("slash");
    window.wait_for_focus("Search devices");
    window.type_text("ENG-LT-030");
    window.wait_for_content("Search devices", "ENG-LT-030");
    window.wait_for("only its row", Duration::from_mins(1), |nodes| {
        only_rows_of(nodes, "ENG-LT-030")
    });
    window.key("Return");
    let device = tenant.devices("ENG-LT-030").remove(0);
    console.wait_for_facts(&device);
    window.wait_for_focus(&window.find_all(|node| is_row_of(node, &device))[0].name);
    window.picture("02-chosen");

    window.key("ctrl+i");
    window.wait_for_focus("Keep connected");
    window.type_text("INC-4711 beacon seen");
    window.wait_for_content("Comment", "INC-4711 beacon seen");
    window.wait_for_node("the confirm button to arm", |node| {
        node.is_live_button(&format!("Isolate {}", device.quoted))
    });
    window.picture("03-form");
    window.key("ctrl+Return");
    console.wait_until_accepted(&device, "Isolate device");
    tenant.advance(600);
    window.key("ctrl+l");
    console.wait_for_outcome(&device, "Isolate device", &["Isolated"]);
    window.picture("04-isolated");

    assert_eq!(tenant.changes(), [Change::isolation_of(&device)]);
    let body = tenant.newest_change_body();
    let tag = word(&body, "ExternalId");
    assert_eq!(
        word(&body, "Comment"),
        format!("[{tag}] INC-4711 beacon seen")
    );

    window.key("question");
    window.wait_for_text("Search devices");
    window.picture("05-keys");
    window.key("Escape");
}
