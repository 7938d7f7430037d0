//! Suggestions for different texts.

use crate::guard::Policy;
use crate::message::{Event, InventoryNews};
use crate::model::{
    HealthStatus, MachineAction, MachineActionId, MachineActionStatus, MachineActionType,
    MachineId, Mode,
};
use crate::ui::devices::suggestions::*;

fn counts() -> Vec<(Box<str>, usize)> {
    let counted = [
        ("vip", 1),
        ("Red Team", 12),
        ("pilot", 3),
        ("pilot2", 3),
        ("a\"b", 9),
        ("\u{202e}evil", 9),
        (" ", 9),
    ];
    let counted = counted.into_iter().filter(|(value, _)| can_be_typed(value));
    ranked(
        counted
            .map(|(value, count)| (value.into(), count))
            .collect(),
    )
}

#[test]
fn number_of_counted_values_is_limited() {
    let mut counts = HashMap::new();
    for n in 0..2 * MAX_COUNTED {
        add(&mut counts, &format!("tag {n}"));
        add(&mut counts, "tag 7");
    }
    add(&mut counts, &"x".repeat(1_000));
    assert_eq!(counts.len(), MAX_COUNTED);
    assert_eq!(counts["tag 7"], 2 * MAX_COUNTED + 1);
}

fn offered(search: &str) -> Vec<String> {
    let offers = match typed(search) {
        None => Vec::new(),
        Some(Typed::Field(word)) => field_offers(&word),
        Some(Typed::Value { name, typed, .. }) => value_offers(&name, &typed, &counts()),
    };
    let whole = offers.iter().map(|offer| completed(search, offer));
    whole.collect()
}

#[test]
fn field_is_suggested_from_its_second_letter() {
    assert_eq!(offered("he"), ["health:"]);
    assert_eq!(offered("web HEA"), ["web health:"]);
    assert_eq!(offered("ta"), ["tag:"]);
    assert_eq!(offered("os"), ["os:"]);
    assert_eq!(offered("web -he"), ["web -health:"]);
    assert_eq!(offered("-tag:vi"), ["-tag:vip "]);
    assert!(offered("--he").is_empty());
    for nothing in [
        "",
        "h",
        "he ",
        "fin-lt-042",
        "hex",
        "\"he",
        "10.20.4.17",
        "9c07",
        "é",
        "he:",
        "name:",
        "ip:10",
        "http://he",
    ] {
        assert!(offered(nothing).is_empty(), "{nothing:?}");
    }
}

#[test]
fn values_are_suggested_by_frequency_and_quoted_if_they_have_blanks() {
    assert_eq!(
        offered("tag:"),
        ["tag:\"Red Team\" ", "tag:pilot ", "tag:pilot2 ", "tag:vip "]
    );
    assert_eq!(offered("web TAG:\"red te"), ["web TAG:\"Red Team\" "]);
    assert_eq!(
        offered("tag:te"),
        ["tag:\"Red Team\" "],
        "matched by its second word"
    );
    assert_eq!(offered("tag:pilot"), ["tag:pilot2 "], "not the typed value");
    for nothing in ["tag:ed", "tag:evil", "tag:pilot ", "tag:\"Red Team\""] {
        assert!(offered(nothing).is_empty(), "{nothing:?}");
    }
    assert_eq!(value_offers("tag", "vip", &counts()), []);
    assert_eq!(value_offers("tag", "v", &counts())[0].hint, "1 device");
    assert_eq!(value_offers("tag", "red", &counts())[0].hint, "12 devices");
}

#[test]
fn at_most_eight_values_are_suggested() {
    let many: Vec<_> = (0..100).map(|n| (format!("t{n}").into(), 1)).collect();
    assert_eq!(value_offers("tag", "t", &many).len(), MAX_SUGGESTIONS);
}

fn state() -> State {
    let mut state = State::new(Mode::Demo, "Demo", Policy::default());
    let machine = |n: usize| {
        let id = MachineId::parse(&format!("a{n}")).expect("a literal id");
        let mut machine = Machine::bare(id);
        machine.machine_tags = Some(["all".into(), format!("t{}", n % 2).into()].into());
        machine.health_status = HealthStatus::Active;
        std::sync::Arc::new(machine)
    };
    let epoch = state.epoch;
    let count = COUNTED_AT_ONCE + 1;
    let news = InventoryNews::Page((0..count).map(machine).collect());
    state.apply(Event::Inventory { epoch, news });
    state
}

#[test]
fn devices_are_counted_in_parts_and_once_per_list_generation() {
    let mut state = state();
    let mut tally = ValueCounts::default();
    tally.advance(Field::Tag, &state);
    assert!(!tally.is_whole && tally.values.is_empty());
    tally.advance(Field::Tag, &state);
    let half = COUNTED_AT_ONCE / 2;
    let wanted = [("all", 2 * half + 1), ("t0", half + 1), ("t1", half)];
    let counted = |tally: &ValueCounts| {
        let values = tally.values.iter();
        values
            .map(|(value, count)| (value.to_string(), *count))
            .collect::<Vec<_>>()
    };
    let wanted = wanted.map(|(value, count)| (value.to_owned(), count));
    assert!(tally.is_whole);
    assert_eq!(counted(&tally), wanted);

    let epoch = state.epoch;
    let mut changed = Machine::clone(&state.inventory.all()[0]);
    changed.version = Some("24H2".into());
    let news = InventoryNews::Page(vec![changed.into()]);
    state.apply(Event::Inventory { epoch, news });
    tally.advance(Field::Tag, &state);
    assert!(!tally.is_whole, "the list has changed");
    assert_eq!(counted(&tally), wanted, "the old count stays meanwhile");
    tally.advance(Field::Health, &state);
    assert!(tally.values.is_empty(), "counts of another field");
}

#[test]
fn states_are_counted_by_their_search_words() {
    let mut state = state();
    let mut action = MachineAction::bare(
        MachineActionId::parse("a").expect("a literal id"),
        MachineActionType::Isolate,
        MachineActionStatus::Pending,
    );
    action.machine_id = MachineId::parse("a1").ok();
    let epoch = state.epoch;
    let actions = vec![action];
    state.apply(Event::Actions { epoch, actions });
    let mut tally = ValueCounts::default();
    tally.advance(Field::State, &state);
    assert_eq!(
        tally.values,
        [
            ("Unknown".into(), COUNTED_AT_ONCE),
            ("Isolation pending".into(), 1)
        ]
    );
}
