//! Incremental rows equal a full rebuild.

use super::*;
use crate::guard::Policy;
use crate::message::{Event, InventoryNews};
use crate::model::{Mode, RiskScore};

fn machine(id: &str, name: &str, risk: Option<RiskScore>) -> Arc<Machine> {
    let mut machine = Machine::bare(MachineId::parse(id).expect("a literal id"));
    machine.computer_dns_name = Some(name.into());
    machine.risk_score = risk;
    machine.last_ip_address = "10.20.4.17".parse().ok();
    Arc::new(machine)
}

fn apply(state: &mut State, news: InventoryNews) {
    let epoch = state.epoch;
    state.apply(Event::Inventory { epoch, news });
}

fn ids(rows: &Rows, state: &State) -> Vec<String> {
    let row = |row| rows.machine(state, row).expect("a row").id.to_string();
    (0..rows.len()).map(row).collect()
}

#[test]
fn rows_sort_by_column_then_name_with_missing_values_last() {
    let mut state = State::new(Mode::Demo, "Demo", Policy::default());
    let machines = vec![
        machine("a4", "d", None),
        machine("a3", "B", Some(RiskScore::Low)),
        machine("a2", "b", Some(RiskScore::Low)),
        machine("a1", "c", Some(RiskScore::High)),
    ];
    apply(&mut state, InventoryNews::Page(machines));
    let mut rows = Rows::default();
    let mut order = |column, descending| {
        rows.refresh(&state, "", Sort { column, descending });
        ids(&rows, &state)
    };
    assert_eq!(order(Column::Name, false), ["a2", "a3", "a1", "a4"]);
    assert_eq!(order(Column::Name, true), ["a4", "a1", "a2", "a3"]);
    assert_eq!(order(Column::Risk, true), ["a1", "a2", "a3", "a4"]);
    assert_eq!(order(Column::Risk, false), ["a2", "a3", "a1", "a4"]);
}

/// A session with arriving pages, changed and removed devices, and typing and sorting.
#[test]
fn incremental_rows_equal_a_full_rebuild() {
    let mut rng = fastrand::Rng::with_seed(7);
    let searches = [
        "",
        "w",
        "we",
        "web",
        "web1",
        "web10",
        "risk:high",
        "1",
        "web é",
        "INC ip=10.20.4.17",
        "beacon from web7",
        "beacon from web7 to db3",
        "state:unknown",
        "nothing at all",
        "-web",
        "web -1",
        "web -10",
        "w -",
        "w -é",
        "w -\"b1\"",
        "-risk:high web",
        "-state:unknown",
        "web7 -db",
        "beacon from web7 -web7",
        "-10.20.4.17",
    ];
    let sorts = [
        (Column::Name, false),
        (Column::Name, true),
        (Column::Risk, true),
        (Column::State, false),
    ];
    let mut state = State::new(Mode::Demo, "Demo", Policy::default());
    let mut rows = Rows::default();
    let (mut search, mut sort) = ("", Sort::default());
    let mut found = 0;
    for _ in 0..3_000 {
        match rng.u8(0..12) {
            0 => apply(
                &mut state,
                InventoryNews::Started(jiff::Timestamp::UNIX_EPOCH),
            ),
            1 => {
                let all = state.inventory.all().iter();
                let seen = all
                    .map(|m| m.id.clone())
                    .filter(|_| rng.u8(0..4) > 0)
                    .collect();
                let news = InventoryNews::Done {
                    at: jiff::Timestamp::UNIX_EPOCH,
                    unreadable: 0,
                    incomplete: None,
                    seen,
                };
                apply(&mut state, news);
            }
            2..6 => {
                let page = (0..rng.usize(0..6)).map(|_| {
                    let name = format!(
                        "{}{}",
                        ["web", "Web", "é", "db"][rng.usize(0..4)],
                        rng.u8(0..30)
                    );
                    let risk = [None, Some(RiskScore::Low), Some(RiskScore::High)];
                    machine(
                        &format!("a{}", rng.u8(0..60)),
                        &name,
                        risk[rng.usize(0..3)].clone(),
                    )
                });
                let page = page.collect();
                apply(&mut state, InventoryNews::Page(page));
            }
            6..10 => search = searches[rng.usize(0..searches.len())],
            _ => {
                let (column, descending) = sorts[rng.usize(0..sorts.len())];
                sort = Sort { column, descending };
            }
        }
        rows.refresh(&state, search, sort);
        let mut anew = Rows::default();
        anew.refresh(&state, search, sort);
        assert_eq!(
            ids(&rows, &state),
            ids(&anew, &state),
            "{search:?} {sort:?}"
        );
        found += rows.len();
        if let Some(first) = rows.machine(&state, 0) {
            assert_eq!(rows.row_of(&state, &first.id), Some(0));
        }
    }
    assert!(found > 3_000, "{found}");
}

#[test]
fn a_new_search_is_reported_and_a_changed_list_is_not() {
    let mut state = State::new(Mode::Demo, "Demo", Policy::default());
    let mut rows = Rows::default();
    assert!(!rows.refresh(&state, "web", Sort::default()));
    apply(
        &mut state,
        InventoryNews::Page(vec![machine("a1", "web1", None)]),
    );
    assert!(!rows.refresh(&state, "web", Sort::default()));
    assert_eq!(rows.len(), 1);
    assert!(rows.refresh(&state, "db", Sort::default()));
    assert!(rows.is_empty());
}

#[test]
fn a_pasted_line_matches_the_devices_it_names() {
    let mut state = State::new(Mode::Demo, "Demo", Policy::default());
    let with = |id: &str, name: &str, ip: &str| {
        let mut machine = Machine::bare(MachineId::parse(id).expect("a literal id"));
        machine.computer_dns_name = Some(name.into());
        machine.last_ip_address = ip.parse().ok();
        machine.risk_score = ["web1", "two"].contains(&name).then_some(RiskScore::High);
        let mac = crate::model::MacAddress::parse("00-5E-00-53-AF-01");
        machine.adapters.mac_addresses = mac.filter(|_| name == "two").into_iter().collect();
        Arc::new(machine)
    };
    let id = |digit: char| digit.to_string().repeat(40);
    let page = vec![
        with("a1", "FIN-LT-042", "10.20.4.42"),
        with("a2", "fin-lt-042.contoso.com", "10.9.9.9"),
        with("a3", "HR-LT-007", "10.20.4.17"),
        with("a4", "web1", "fe80::1"),
        with(&id('1'), "one", "10.1.1.1"),
        with(&id('2'), "two", "::ffff:10.1.1.2"),
    ];
    apply(&mut state, InventoryNews::Page(page));
    let mut rows = Rows::default();
    let mut found = |search: &str| {
        rows.refresh(&state, search, Sort::default());
        ids(&rows, &state)
    };
    for (line, expected) in [
        ("INC-1 beacon from FIN-LT-042 user x", vec!["a1", "a2"]),
        ("INC-1 beacon from FIN-LT-042 user xy", vec!["a1", "a2"]),
        ("INC-1 FIN-LT-042 (10.20.4.42)", vec!["a1"]),
        ("INC-1 FIN-LT-042.contoso.com blocked", vec!["a1", "a2"]),
        ("fin-lt-042.fabrikam.com", vec!["a1"]),
        ("CONTOSO\\hr-lt-007", vec!["a3"]),
        ("10[.]20[.]4[.]17", vec!["a3"]),
        ("device name: HR-LT-007", vec!["a3"]),
        ("Alert: beacon from ip=10.20.4.17, blocked", vec!["a3"]),
        ("8.8.8.8:443 <- src 10.20.4.17:443", vec!["a3"]),
        ("from [fe80::1] to gateway", vec!["a4"]),
        ("from [FE80:0:0::1] to gateway", vec!["a4"]),
        ("from ::ffff:10.20.4.17 to gateway", vec!["a3"]),
        ("from 10.1.1.2 to gateway", vec![&id('2')]),
        ("from mac=00:5e:00:53:af:01, port 7", vec![&id('2')]),
        ("from mac=00:5e:00:53:af:02, port 7", vec![]),
        ("hr-lt-007 or web1", vec!["a3", "a4"]),
        ("Alert: beacon from 10.20.4.18", vec![]),
        ("web10 is new", vec![]),
        // An excluded device stays excluded in a pasted line.
        ("beacon from hr-lt-007 and web1 -web1", vec!["a3"]),
        ("INC-1 beacon from FIN-LT-042 -contoso.com", vec!["a1"]),
        ("psexec -s from hr-lt-007", vec!["a3"]),
        ("run -enc from web1", vec!["a4"]),
        // A filter on a property narrows the named devices.
        ("hr-lt-007 or web1 risk:high+", vec!["a4"]),
        ("hr-lt-007 or web1 risk:high+ -web1", vec![]),
        ("hr-lt-007 or web1 -risk:high+", vec!["a3"]),
        // A field that identifies a device does not narrow the others.
        ("hr-lt-007 to web1 ip:10.20.4.17", vec!["a3"]),
        (
            &format!("{} and {}", id('1'), id('2')),
            vec![&id('1'), &id('2')],
        ),
        (&format!("{} wrote {}", id('1'), id('f')), vec![&id('1')]),
    ] {
        let mut seen = found(line);
        seen.sort();
        assert_eq!(seen, expected, "{line:?}");
    }
}
