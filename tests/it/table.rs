//! Arranging the table, and completions in the search.

use std::path::Path;

use cordon::guard::Policy;
use cordon::simulator::Simulator;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::common::{Console, place};

const SIZE: [f32; 2] = [1400.0, 900.0];

fn open(simulator: &Simulator, folder: &Path) -> Console {
    let mut console = Console::open_sized(simulator, folder, &Policy::default(), SIZE);
    console.sign_in();
    console
}

fn search(console: &Console) -> String {
    let field = console.harness.get_by_label("Search devices");
    field.accesskit_node().value().unwrap_or_default()
}

/// Instead of the table, a screen reader gets the focused row.
fn table_has_the_keyboard(console: &Console) -> bool {
    let table = egui::Id::unique("devices table");
    console.harness.ctx.memory(|memory| memory.has_focus(table))
}

fn press(console: &mut Console, key: Key) {
    console.harness.key_press(key);
    console.harness.run_steps(3);
}

fn begin_search(console: &mut Console, text: &str) {
    console.fill("Search devices", text);
    console.harness.run_steps(3);
}

#[test]
fn a_hidden_column_stays_hidden_after_a_restart() {
    let (simulator, folder) = place();
    let mut console = open(&simulator, folder.path());
    assert!(console.shows("Sort by Risk") && console.shows("Sort by Health"));
    console.click("Columns");
    console.click("Show column Risk");
    console.harness.run_steps(3);
    assert!(!console.shows("Show column Device"));
    // By keyboard too: the next one down.
    press(&mut console, Key::Escape);
    assert!(!console.shows("Show column Risk"), "Esc closes the menu");
    assert!(console.harness.get_by_label("Columns").is_focused());
    console.click("Sort by OS");
    console.harness.run_steps(3);
    assert!(!console.shows("Sort by Risk"));
    console
        .harness
        .key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::L);
    console.harness.run_steps(3);
    drop(console);
    let kept = std::fs::read_to_string(folder.path().join("window.json")).expect("written");
    assert!(
        kept.contains(r#""sorted_by": "os""#) && kept.contains(r#""theme": "light""#),
        "{kept}"
    );

    let mut console = open(&simulator, folder.path());
    assert!(!console.shows("Sort by Risk") && console.shows("Sort by Health"));
    console.click("Columns");
    console.click("Show all columns");
    console.harness.run_steps(3);
    assert!(console.shows("Sort by Risk"));
    drop(console);

    std::fs::write(folder.path().join("window.json"), "{\"v\": ").expect("written");
    let console = open(&simulator, folder.path());
    assert!(console.shows("Sort by Risk"), "a damaged file is none");
    assert!(console.state().problems.is_empty());
}

#[test]
fn fields_and_values_are_completed_by_keys_and_filter_the_rows() {
    let mut console = Console::signed_in();
    begin_search(&mut console, "hea");
    assert!(console.shows("health: active, inactive…"));
    press(&mut console, Key::Tab);
    assert_eq!(search(&console), "health:");
    let all = console.state().inventory.all().len();
    console.until_shows_part("health:Active ");
    // The most frequent value comes first. The arrows move on, and Enter takes it.
    press(&mut console, Key::ArrowDown);
    press(&mut console, Key::ArrowDown);
    press(&mut console, Key::Enter);
    let chosen = search(&console);
    assert!(
        chosen.starts_with("health:") && chosen.ends_with(' ') && chosen.len() > 8,
        "{chosen}"
    );
    assert!(!console.shows(&format!("{all} of {all}")), "{chosen}");
    assert!(console.harness.get_by_label("Search devices").is_focused());
    assert!(!console.shows_part("health:Active "), "the list has gone");
    // By pointer.
    begin_search(&mut console, "health:imp");
    let impaired = "health:\"Impaired communication\" ";
    console.until_shows_part(impaired);
    let offer = console.harness.get_by_label_contains(impaired);
    offer.click();
    console.harness.run_steps(4);
    assert_eq!(search(&console), impaired);
    assert!(console.harness.get_by_label("Search devices").is_focused());
}

#[test]
fn completion_list_takes_only_its_own_keys() {
    let mut console = Console::signed_in();
    // Enter takes only a marked completion, and otherwise goes to the table as before.
    begin_search(&mut console, "en");
    assert!(console.shows("entra: a part of the Entra device id"));
    press(&mut console, Key::Enter);
    assert_eq!(search(&console), "en");
    assert!(table_has_the_keyboard(&console));
    // The first Esc closes the list, the second clears the search.
    begin_search(&mut console, "en");
    press(&mut console, Key::Escape);
    assert_eq!(search(&console), "en");
    assert!(!console.shows("entra: a part of the Entra device id"));
    assert!(console.harness.get_by_label("Search devices").is_focused());
    press(&mut console, Key::Escape);
    assert_eq!(search(&console), "");
    // A pasted line gets no completions, whatever its last word, and its first key works as before.
    console
        .harness
        .event(egui::Event::Paste("eng-lt-030 os".into()));
    console.harness.step();
    assert!(!console.shows("os: the system"));
    begin_search(&mut console, "");
    console
        .harness
        .event(egui::Event::Paste("eng-lt-030".into()));
    console.harness.key_press(Key::Enter);
    console.harness.run_steps(3);
    assert!(table_has_the_keyboard(&console));
    assert!(console.shows_part("ENG-LT-030"));
    // An unknown field is named.
    begin_search(&mut console, "colour:red");
    assert!(console.shows_part("“colour” is not a field: name, id, ip"));
    begin_search(&mut console, "user:jane");
    console.until_shows("Defender knows no device of the user “jane”");
}
