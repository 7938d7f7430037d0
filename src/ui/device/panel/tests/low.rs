//! The panel in a low window: the deciding facts are visible before anything can be ordered.

use super::*;

/// Rectangle of the first widget with these words.
fn rect(harness: &Harness<'static, World>, words: &str) -> egui::Rect {
    let mut nodes = harness.query_all_by_label_contains(words);
    let node = nodes.next().unwrap_or_else(|| panic!("no “{words}”"));
    node.rect()
}

#[test]
fn low_window_shows_the_state_between_name_and_buttons() {
    let size = egui::vec2(560.0, 420.0);
    let mut tops = Vec::new();
    let isolated = |status| vec![isolation(status)];
    let cases = [
        (
            isolated(MachineActionStatus::Succeeded),
            true,
            "Isolated since 00:00 +00:00, 40 min ago, by s.weber@contoso.com",
        ),
        (
            isolated(MachineActionStatus::Pending),
            true,
            "Isolation pending",
        ),
        (Vec::new(), true, "State unknown: no isolation"),
        (Vec::new(), false, "State not checked yet"),
    ];
    for (history, is_read, words) in cases {
        let mut world = world(history);
        if !is_read {
            world.state.histories = crate::state::Recent::default();
        }
        let mut harness = sized(world, size);
        harness.run();
        let state = rect(&harness, words);
        let (name, button) = (rect(&harness, "FIN-LT-042"), rect(&harness, "Isolate…"));
        assert!(name.bottom() <= state.top(), "{words}: {name} {state}");
        assert!(state.bottom() <= button.top(), "{words}: {state} {button}");
        assert!(state.right() <= size.x, "{words}: {state}");
        tops.push(button.top().to_bits());
    }
    // Later facts move no button under the pointer.
    assert!(tops.windows(2).all(|two| two[0] == two[1]), "{tops:?}");
}
