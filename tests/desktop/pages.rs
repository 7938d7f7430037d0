//! Each page and form in the accessibility tree: reached by keys alone, named, and closed with the focus
//! back where it was.

use std::time::Duration;

use crate::a11y::{Node, State, Window};
use crate::console::Console;
use crate::session::Session;
use crate::tenant::Tenant;

/// The key that opens it, and a part of a name that only it has.
const PAGES: [(&str, Way, &str); 13] = [
    ("keys", Way::Key("F1"), "Command palette"),
    ("contained", Way::Key("F6"), "Blocked on every device"),
    ("journal", Way::Key("F7"), "Verify the journal"),
    ("incident", Way::Key("F9"), "Copy hand-over"),
    ("settings", Way::Key("ctrl+comma"), "Protected names"),
    ("compare", Way::Key("ctrl+d"), "reported most recently"),
    ("palette", Way::Key("ctrl+k"), "Command palette"),
    ("about", Way::Palette("about"), "Licences"),
    ("isolate", Way::Key("ctrl+i"), "Keep connected"),
    ("quarantine", Way::Key("ctrl+shift+q"), "Keep file"),
    ("scan", Way::Key("ctrl+shift+s"), "Exact text to be sent"),
    ("block", Way::Palette("block file"), "Exact text to be sent"),
    ("plan", Way::Palette("plan"), "Suspicious laptop"),
];

#[derive(Clone, Copy)]
enum Way {
    Key(&'static str),
    /// Letters in the command palette.
    Palette(&'static str),
}

#[test]
fn every_page_has_names_and_takes_and_returns_the_focus() {
    let session = Session::start("pages");
    let tenant = Tenant::start(&session);
    let console = Console::signed_in(&session, &tenant);
    let window = &console.window;

    console.choose(&tenant.devices("FIN-LT-042")[0]);
    for (number, (page, way, part)) in PAGES.into_iter().enumerate() {
        let before = focused(window, page);
        match way {
            Way::Key(key) => window.key(key),
            Way::Palette(letters) => {
                window.key("ctrl+k");
                window.wait_for_text("Command palette");
                window.type_text(letters);
                window.wait_for_content("Command palette", letters);
                window.key("Return");
            }
        }
        window.wait_for_text(part);
        let inside = focused(window, page);
        assert!(!inside.name.is_empty(), "{page}: {inside:?}");
        // Asserts that every control has a name.
        window.picture(&format!("{number:02}-{page}"));
        window.key("Escape");
        if matches!(page, "journal" | "incident") {
            // These pages begin in their field, which the first Esc leaves.
            window.wait_for_focus("Back to the list");
            window.key("Escape");
        }
        window.wait_until_gone(part);
        window.wait_for(
            &format!("the focus back on {:?} from {page}", before.name),
            Duration::from_mins(1),
            |nodes| {
                nodes
                    .iter()
                    .any(|node| node.is(State::Focused) && node.name == before.name)
            },
        );
    }
    assert_eq!(tenant.changes(), [], "looking sends nothing");
}

/// The only focused node, once the page has come to rest.
fn focused(window: &Window<'_>, page: &str) -> Node {
    let has_one = |nodes: &[Node]| nodes.iter().filter(|node| is_focused(node)).count() == 1;
    let nodes = window.wait_for(
        &format!("one focus, {page}"),
        Duration::from_mins(1),
        has_one,
    );
    let mut found = nodes.into_iter().filter(is_focused);
    found.next().expect("it was there a moment ago")
}

/// A window without a focusable node is reported as focused itself.
fn is_focused(node: &Node) -> bool {
    node.is(State::Focused) && node.role != "frame"
}
