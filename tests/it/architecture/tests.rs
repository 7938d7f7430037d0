//! Tests of the checks on small sources: a check that cannot fail is worthless.

use super::source::mark_test_files;
use super::*;

const NONE: [usize; 0] = [];

/// Lines with a violation of a check.
fn lines(check: impl Fn(&Source) -> Vec<Violation>, path: &str, text: &str) -> Vec<usize> {
    check(&Source::new(path, text))
        .iter()
        .map(|violation| violation.line)
        .collect()
}

#[test]
fn an_import_against_the_table_is_found_in_each_spelling() {
    for text in [
        "use crate::worker::Handle;",
        "pub(crate) use crate::{model, worker::Handle};",
        "use crate::{\n model::{ids, text},\n worker,\n};",
        "fn f() { crate::worker::go(); }",
        "fn f() -> Vec<crate::worker::Handle> { todo() }",
        "use super::super::worker;",
        "use crate::nowhere::Thing;",
    ] {
        assert_eq!(lines(imports, "src/ui/menu.rs", text).len(), 1, "{text}");
    }
    let third = lines(imports, "src/ui/menu.rs", "\n\nuse crate::api;");
    assert_eq!(third, [3], "the line is named");
    let unlisted = lines(imports, "src/stranger.rs", "");
    assert_eq!(unlisted, [1], "a module without a row");
}

#[test]
fn an_import_by_the_table_passes() {
    for text in [
        "use crate::{model::ids, state::{self, State}, ui::theme};",
        "// use crate::worker::Handle;",
        "/* crate::api */ fn f() { say(\"crate::api::Client\"); }",
        "fn f() {}\n#[cfg(test)]\nmod tests {\n use crate::worker;\n}",
        "use super::theme; use std::sync::mpsc;",
        "crate::open_enum! { enum A {} }",
    ] {
        assert_eq!(lines(imports, "src/ui/menu.rs", text), NONE, "{text}");
    }
}

#[test]
fn a_row_may_be_narrower_than_a_module() {
    for (path, text, found) in [
        ("app/mod", "use crate::worker::WorkerHandle;", 0),
        ("app/mod", "use crate::worker::{WorkerHandle, spawn};", 1),
        ("simulator/mod", "use crate::model::cloud::Endpoints;", 0),
        ("simulator/mod", "use crate::model::ids::MachineId;", 1),
        ("main", "use cordon::app::App;", 0),
        ("doctor", "use crate::app::App;", 1),
    ] {
        let path = format!("src/{path}.rs");
        assert_eq!(lines(imports, &path, text).len(), found, "{path}: {text}");
    }
}

#[test]
fn a_crate_outside_its_place_is_found() {
    let named = |text| lines(crates, "src/journal/entry.rs", text).len();
    assert_eq!(named("use tokio::sync::mpsc;"), 1);
    assert_eq!(named("fn f() { ::reqwest::get(1); }"), 1);
    assert_eq!(named("use eframe;"), 1);
    assert_eq!(named("use rusqlite::Connection; // tokio::spawn"), 0);
    assert_eq!(named("fn f(keyring: &str) { g(keyring, x.tokio) }"), 0);
    let text = "use reqwest::Response;";
    assert_eq!(lines(crates, "src/api/retry.rs", text), [1]);
    assert_eq!(lines(crates, "src/api/transport.rs", text), NONE);
}

#[test]
fn a_long_file_is_found() {
    assert_eq!(lines(length, "src/ui/menu.rs", &"x\n".repeat(501)), [501]);
    assert_eq!(lines(length, "src/ui/menu.rs", &"x\n".repeat(500)), NONE);
}

#[test]
fn the_simulator_needs_its_feature_and_its_place() {
    let none = BTreeSet::new();
    let check = |path: &str, text: &str| lines(|source| simulator(source, &none), path, text).len();
    let feature = "#[cfg(feature = \"simulator\")]\n";
    let without = "#[cfg(not(feature = \"simulator\"))]\n";
    for (path, attribute, text, found) in [
        ("lib", "", "pub mod simulator;", 1),
        ("lib", feature, "pub mod simulator;", 0),
        ("lib", without, "pub mod simulator;", 1),
        (
            "main",
            feature,
            "fn f() {}\nuse cordon::simulator::Fault;",
            1,
        ),
        ("ui/menu", feature, "use crate::simulator::Fault;", 1),
    ] {
        let (path, text) = (format!("src/{path}.rs"), format!("{attribute}{text}"));
        assert_eq!(check(&path, &text), found, "{path}: {text}");
    }
    let lib = Source::new("src/lib.rs", &format!("{feature}mod self_test;"));
    let covered = modules_with_the_feature(&[lib]);
    let self_test = Source::new("src/self_test.rs", "use crate::simulator;");
    assert_eq!(simulator(&self_test, &covered).len(), 0);
    assert_eq!(simulator(&self_test, &none).len(), 1);
}

#[test]
fn a_second_submission_path_is_found() {
    let text = "async fn f() { client.submit(order).await; Client::submit(&c, id) }";
    let check = |path| lines(submission_path, path, text).len();
    assert_eq!(check("src/worker/order/watch.rs"), 2);
    assert_eq!(check("src/worker/order/send.rs"), 0);
    let made = "fn f() -> Approval { let a = guard::Approval { order }; a }";
    assert_eq!(lines(approvals, "src/worker/mod.rs", made).len(), 1);
    let named = "fn f() -> guard::Approval { g() }";
    assert_eq!(lines(approvals, "src/worker/mod.rs", named), NONE);
    assert_eq!(lines(approvals, "src/guard/mod.rs", made), NONE);
}

#[test]
fn a_clock_read_and_a_panic_are_found() {
    let text = "fn f() { let a = std::time::Instant::now(); jiff::Timestamp::now(); }";
    assert_eq!(lines(clock, "src/state/apply.rs", text).len(), 2);
    assert_eq!(lines(clock, "src/worker/mod.rs", text), NONE);
    let check = |text| lines(panics, "src/main.rs", text);
    let text = "fn f() { a.unwrap(); b\n.expect(\"c\"); panic!(\"d\"); todo!() }";
    assert_eq!(check(text), [1, 2, 2, 2]);
    let own = "fn f() { self.expect(&Token::Close)?; }";
    assert_eq!(check(own), NONE, "a parser's own");
    let tested =
        "#[cfg(test)]\nmod tests {\n fn f() { a.unwrap(); }\n}\nfn g() { a.unwrap_or(1); }";
    assert_eq!(check(tested), NONE);
    let shut = "#[cfg(test)] fn f() { let c = ['}', '\"']; }\nfn g() { a.unwrap(); }";
    assert_eq!(check(shut), [2], "the skip ends with the item");
}

#[test]
fn a_comparison_with_one_kind_of_action_is_found() {
    let check = |path, text| lines(single_kinds, path, text).len();
    for text in [
        "fn f() -> bool { task.kind() == Some(ActionKind::BlockFile) }",
        "fn f() -> bool { kind != ActionKind::AddTag }",
        "fn f() -> bool { subject == Subject::Act(ActionKind::AddTag) }",
        "fn f() { match kind { Some(ActionKind::AddTag) => a(), _ => b() } }",
        "fn f() { matches!(kind, ActionKind::AddTag | ActionKind::RemoveTag) }",
    ] {
        assert!(check("src/ui/menu.rs", text) > 0, "{text}");
        assert_eq!(check("src/action/order.rs", text), 0, "{text}");
    }
    for text in [
        "fn f() { let subject = Subject::Act(ActionKind::BlockFile); }",
        "fn f() -> bool { ActionKind::of(action) == Some(kind) }",
        "fn f() { for kind in ActionKind::ALL { a(kind); } }",
        "#[cfg(test)]\nmod tests {\n fn f() -> bool { kind == ActionKind::AddTag }\n}",
    ] {
        assert_eq!(check("src/ui/menu.rs", text), 0, "{text}");
    }
}

#[test]
fn disk_access_outside_files_is_found() {
    let check = |path, text| lines(disk, path, text).len();
    for text in [
        "fn f() { std::fs::write(a, b); }",
        "use std::fs;",
        "use std::{fs::File, io};",
        "fn f() { File::open(a); }",
        "fn f() { OpenOptions::new(); }",
        "fn f() -> bool { path.exists() }",
        "fn f() { path.canonicalize() }",
    ] {
        assert!(check("src/worker/menu.rs", text) > 0, "{text}");
        assert_eq!(check("src/files/mod.rs", text), 0, "{text}");
    }
    for text in [
        "use crate::files::{self, File};",
        "fn f() { files::is_there(&path); }",
        "// std::fs::write",
        "#[cfg(test)]\nmod tests {\n fn f() { std::fs::write(a, b); }\n}",
    ] {
        assert_eq!(check("src/worker/menu.rs", text), 0, "{text}");
    }
}

#[test]
fn a_vacuous_wait_and_a_blind_sleep_are_found() {
    for (text, found) in [
        ("fn f() { engine.until(\"x\", |_| true); }", 1),
        ("fn f() { c.step_until(\n\"x\", |_state|\n true,\n); }", 1),
        ("fn f() { engine.until(\"x\", |_| true_enough()); }", 0),
        ("fn f() { engine.until(\"x\", |_| now() > until); }", 0),
    ] {
        let waits = lines(vacuous_waits, "tests/it/flows.rs", text);
        assert_eq!(waits.len(), found, "{text}");
    }
    let sleep = "fn f() { std::thread::sleep(Duration::from_secs(1)); }";
    assert_eq!(lines(sleeps, "tests/it/flows.rs", sleep), [1]);
    assert_eq!(lines(sleeps, "tests/it/common.rs", sleep), NONE);
    assert_eq!(lines(sleeps, "src/worker/mod.rs", sleep), NONE, "no test");
}

#[test]
fn an_unexpected_top_level_entry_is_found() {
    assert!(!allowed_at_the_top("scripts"));
    assert!(allowed_at_the_top(".ci") && allowed_at_the_top("src"));
}

#[test]
fn a_test_only_file_may_panic() {
    let mut sources = [
        Source::new("src/journal/mod.rs", "#[cfg(test)]\nmod tests;\nmod entry;"),
        Source::new("src/journal/tests.rs", "fn f() { a.unwrap() }"),
        Source::new("src/journal/entry.rs", "fn f() { a.unwrap() }"),
    ];
    mark_test_files(&mut sources);
    let found: Vec<usize> = sources.iter().map(|source| panics(source).len()).collect();
    assert_eq!(found, [0, 0, 1]);
}

#[test]
fn an_import_cycle_is_found_in_each_spelling() {
    let circles = |a: &str, b: &str| {
        let sources = [
            Source::new("src/lib.rs", "mod ui;"),
            Source::new("src/ui/mod.rs", "mod a; mod b; pub use b::{Handed, again};"),
            Source::new("src/ui/a.rs", a),
            Source::new("src/ui/b.rs", b),
        ];
        circles::Imports::between(&sources).circles()
    };
    let both = BTreeSet::from([["src/ui/a.rs", "src/ui/b.rs"].map(str::to_owned).to_vec()]);
    for a in [
        "use crate::ui::b::Thing;",
        "use super::b::Thing;",
        "use super::Handed;",
        "use crate::ui::Handed as Other;",
        "use super::b;\nfn f() { b::go(); }",
        "use super::b::{self, inner};\nfn f() { b::go(); }",
        "fn f() -> super::b::Thing { todo() }",
        "fn f() { crate::ui::again(); }",
    ] {
        assert_eq!(circles(a, "use super::a::Other;"), both, "{a}");
        assert!(circles(a, "").is_empty(), "{a}");
    }
    for a in [
        "use super::b;",
        "// use super::b::Thing;",
        "#[cfg(test)]\nmod tests {\n use crate::ui::b::Thing;\n}",
        "use super::c::Thing;",
    ] {
        assert!(circles(a, "use super::a::Other;").is_empty(), "{a}");
    }
}
