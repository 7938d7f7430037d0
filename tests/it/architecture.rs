//! The program's architecture rules: which module imports which, names which crate, and does what.

#![allow(clippy::expect_used, reason = "a test ends with a message")]

/// Import cycles between files.
mod circles;
/// Sources as tokens, and the paths in them.
mod source;
/// The rules as data.
mod tables;
/// Tests of the checks, on small sources.
mod tests;
/// Replaced words.
mod words;

use std::collections::BTreeSet;
use std::fmt;

use source::{Source, Token, heads_of, paths_from, places_of, read_all, repository, words};
use tables::{
    CHANGING, CIRCLES, CLOCK_READERS, CLOCK_READS, CRATES, DISK, DISK_USERS, IMPORTS,
    MAX_FILE_LINES, ONE_FILE_OF_UI, PANICS, SLEEPERS, STARTERS, SUBMISSION_PATH, TOP_LEVEL,
};

#[derive(Debug)]
struct Violation {
    file: String,
    line: usize,
    rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.rule)
    }
}

fn at(source: &Source, token: usize, rule: String) -> Violation {
    Violation {
        file: source.path.clone(),
        line: source.tokens.get(token).map_or(1, |token| token.line),
        rule,
    }
}

fn assert_none(violations: &[Violation]) {
    let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

fn check_all(folders: &[&str], check: impl Fn(&Source) -> Vec<Violation>) {
    let sources = read_all(folders);
    assert!(!sources.is_empty(), "there are sources to check");
    assert_none(&sources.iter().flat_map(check).collect::<Vec<_>>());
}

#[test]
fn modules_import_only_downwards() {
    check_all(&["src"], imports);
}

#[test]
fn files_import_each_other_only_where_listed() {
    let found = circles::Imports::between(read_all(&["src"])).circles();
    let allowed = CIRCLES.map(|(files, _why)| files.iter().map(ToString::to_string).collect());
    assert_eq!(found, BTreeSet::from(allowed), "see `CIRCLES`");
}

#[test]
fn each_outside_crate_is_named_only_in_its_modules() {
    check_all(&["src"], crates);
    let sources = read_all(&["src"]);
    assert_eq!(unused_rows(sources), [], "no file needs this permission");
    for name in ONE_FILE_OF_UI {
        let names_it = |source: &&Source| {
            let heads = heads_of(&source.tokens);
            heads.iter().any(|(_, head)| head == name)
        };
        let users: Vec<&Source> = sources.iter().filter(names_it).collect();
        let files: Vec<&str> = users.iter().map(|source| source.path.as_str()).collect();
        let fits = users.len() <= 1 && users.iter().all(|source| source.lies_in("ui"));
        assert!(fits, "{files:?}: `{name}` is named in one file of ui");
    }
}

#[test]
fn no_file_is_longer_than_500_lines() {
    check_all(&["src", "tests"], length);
}

#[test]
fn simulator_is_named_only_in_starters_and_behind_its_feature() {
    let covered = modules_with_the_feature(read_all(&["src"]));
    check_all(&["src"], |source| simulator(source, &covered));
}

#[test]
fn only_one_file_sends_a_change_to_the_service() {
    check_all(&["src"], submission_path);
    let sources = read_all(&["src"]);
    let client = sources.iter().filter(|source| source.lies_in("api"));
    let client: Vec<Token> = client.flat_map(Source::shipped).cloned().collect();
    for method in CHANGING {
        assert!(
            !places_of(&client, &["fn", method]).is_empty(),
            "src/api has no method `{method}`: this check looks for the wrong name"
        );
    }
}

#[test]
fn only_guard_makes_an_approval() {
    check_all(&["src"], approvals);
}

#[test]
fn only_the_worker_and_the_app_read_the_clock() {
    check_all(&["src"], clock);
}

#[test]
fn only_files_touches_the_disk() {
    check_all(&["src"], disk);
}

#[test]
fn shipped_code_has_no_deliberate_panic() {
    check_all(&["src"], panics);
}

#[test]
fn only_the_catalogue_compares_with_single_kinds() {
    check_all(&["src"], single_kinds);
}

#[test]
fn no_test_has_a_vacuous_wait_or_a_blind_sleep() {
    check_all(&["src", "tests"], vacuous_waits);
    check_all(&["src", "tests"], sleeps);
}

#[test]
fn top_level_holds_only_listed_entries() {
    let entries = std::fs::read_dir(repository()).expect("the repository can be read");
    let names = entries.map(|entry| entry.expect("an entry can be read").file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    let unexpected: BTreeSet<String> = names.filter(|name| !allowed_at_the_top(name)).collect();
    assert!(
        unexpected.is_empty(),
        "{unexpected:?}: the top level holds only {TOP_LEVEL:?} and hidden files"
    );
}

fn allowed_at_the_top(name: &str) -> bool {
    name.starts_with('.') || TOP_LEVEL.contains(&name)
}

/// Paths to our own modules in a file, each from the crate root.
fn own_paths(source: &Source) -> Vec<(usize, Vec<String>)> {
    let code = source.shipped();
    let mut paths = paths_from(code, "crate");
    paths.extend(paths_from(code, "cordon"));
    // `super` may climb to the root, in as many steps as the module is deep.
    let climb = vec!["super"; source.module().len()].join("::");
    paths.extend(
        paths_from(code, &climb)
            .into_iter()
            .filter(|(_, path)| has_row(&path[0])),
    );
    paths
}

fn has_row(module: &str) -> bool {
    STARTERS.contains(&module) || IMPORTS.iter().any(|(name, _)| *name == module)
}

fn imports(source: &Source) -> Vec<Violation> {
    let module = source.module()[0];
    if !has_row(module) {
        let rule = format!("`{module}` has no row in the import table");
        return vec![at(source, 0, rule)];
    }
    let allowed = IMPORTS
        .iter()
        .find(|(name, _)| *name == module)
        .map(|(_, allowed)| *allowed);
    let judge = |path: &[String]| {
        let first = path[0].as_str();
        if first == module || first.ends_with('!') || first == "self" {
            return None;
        }
        if !has_row(first) {
            return Some(format!(
                "`crate::{first}` is no module with a row in the import table"
            ));
        }
        let fits = match allowed {
            None => first != "app" || module == "main",
            Some(allowed) => allowed.iter().any(|scope| {
                let scope: Vec<&str> = scope.split("::").collect();
                path.len() >= scope.len() && path.iter().zip(&scope).all(|(a, b)| a == b)
            }),
        };
        (!fits).then(|| format!("`{module}` may not use `{}`", path.join("::")))
    };
    own_paths(source)
        .into_iter()
        .filter_map(|(offset, path)| judge(&path).map(|rule| at(source, offset, rule)))
        .collect()
}

fn crates(source: &Source) -> Vec<Violation> {
    let elsewhere = |name: &str| {
        let (_, scopes) = CRATES.iter().find(|(known, _)| *known == name)?;
        let fits = scopes.iter().any(|scope| source.lies_in(scope));
        (!fits).then(|| format!("`{name}` is named only in {scopes:?}"))
    };
    let heads = heads_of(source.shipped()).into_iter();
    let found = heads.filter_map(|(place, name)| Some(at(source, place, elsewhere(&name)?)));
    found.collect()
}

/// What the table of crates permits and no file does: each crate with the module that does not name it.
fn unused_rows(sources: &[Source]) -> Vec<(&'static str, &'static str)> {
    let mut rows: Vec<_> = CRATES
        .iter()
        .flat_map(|(name, scopes)| scopes.iter().map(move |scope| (*name, *scope)))
        .collect();
    for source in sources {
        let heads = heads_of(source.shipped());
        let names_it = |name: &str| heads.iter().any(|(_, head)| head == name);
        rows.retain(|(name, scope)| !(source.lies_in(scope) && names_it(name)));
    }
    rows
}

fn length(source: &Source) -> Vec<Violation> {
    let lines = source.text.lines().count();
    if lines <= MAX_FILE_LINES {
        return Vec::new();
    }
    let rule = format!("a file has at most {MAX_FILE_LINES} lines, this one has {lines}");
    vec![Violation {
        file: source.path.clone(),
        line: lines,
        rule,
    }]
}

fn asks_for_the_simulator(attribute: &str) -> bool {
    attribute.starts_with("#[cfg(")
        && attribute.contains("feature=\"simulator\"")
        && !attribute.contains("not(feature=\"simulator\"")
}

/// Modules that `lib.rs` or `main.rs` declares only with the feature.
fn modules_with_the_feature(sources: &[Source]) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for source in sources
        .iter()
        .filter(|source| source.lies_in("lib") || source.lies_in("main"))
    {
        for (start, end) in source.items_under(asks_for_the_simulator) {
            let item = &source.tokens[start..end];
            let declared = places_of(item, &["mod"]);
            modules.extend(declared.first().map(|at| item[at + 1].text.clone()));
        }
    }
    modules
}

fn simulator(source: &Source, covered_modules: &BTreeSet<String>) -> Vec<Violation> {
    let module = source.module()[0];
    if module == "simulator" {
        return Vec::new();
    }
    let code = source.shipped();
    let covered = source.items_under(asks_for_the_simulator);
    let mut named: Vec<usize> = own_paths(source)
        .into_iter()
        .filter(|(_, path)| path[0] == "simulator")
        .map(|(offset, _)| offset)
        .collect();
    named.extend(places_of(code, &["mod", "simulator"]));
    let judge = |offset: usize| {
        if !STARTERS.contains(&module) {
            return Some("the simulator is named only where the program starts");
        }
        let under = covered
            .iter()
            .any(|&(start, end)| (start..end).contains(&offset));
        (!under && !covered_modules.contains(module))
            .then_some("the simulator is named only under #[cfg(feature = \"simulator\")]")
    };
    named
        .into_iter()
        .filter_map(|offset| judge(offset).map(|rule| at(source, offset, rule.to_owned())))
        .collect()
}

fn submission_path(source: &Source) -> Vec<Violation> {
    if source.lies_in(SUBMISSION_PATH) {
        return Vec::new();
    }
    let calls = CHANGING.map(|method| [format!(".{method}("), format!("Client::{method}")]);
    find_each(source, calls.as_flattened(), |call| {
        format!("`{call}` belongs in {SUBMISSION_PATH} alone (rule 2)")
    })
}

fn approvals(source: &Source) -> Vec<Violation> {
    if source.lies_in("guard") {
        return Vec::new();
    }
    let code = source.shipped();
    let made = |place: &usize| {
        let before = code[..*place].iter().rev();
        let before: Vec<&str> = before.map(|token| token.text.as_str()).collect();
        let path = before.chunks(2).take_while(|pair| pair[0] == "::").count() * 2;
        let before = before.get(path).copied().unwrap_or_default();
        !["->", "impl", "for", "struct", "enum"].contains(&before)
    };
    let mut places = places_of(code, &["Approval", "{"]);
    places.retain(made);
    at_each(source, places, "only guard makes an Approval (rule 2)")
}

fn clock(source: &Source) -> Vec<Violation> {
    if CLOCK_READERS.iter().any(|scope| source.lies_in(scope)) {
        return Vec::new();
    }
    find_each(source, &CLOCK_READS, |_| {
        "`now` is an argument; only worker and app read the clock".to_owned()
    })
}

fn disk(source: &Source) -> Vec<Violation> {
    if DISK_USERS.iter().any(|scope| source.lies_in(scope)) {
        return Vec::new();
    }
    let mut found = find_each(source, &DISK, |call| {
        format!("`{call}` belongs in `files`, through which the disk is touched")
    });
    // `use std::{fs, …}` is another spelling.
    let mut named = paths_from(source.shipped(), "std");
    named.retain(|(_, path)| path[0] == "fs");
    let places = named.into_iter().map(|(offset, _)| offset);
    found.extend(at_each(source, places, "`std::fs` belongs in `files`"));
    found
}

fn panics(source: &Source) -> Vec<Violation> {
    find_each(source, &PANICS, |call| {
        format!("`{call}` has no place in what ships")
    })
}

/// Comparisons with a single kind of action, each of which a new kind would have to be added to. A drill
/// may name its actions.
fn single_kinds(source: &Source) -> Vec<Violation> {
    if ["action", "drill"].iter().any(|room| source.lies_in(room)) {
        return Vec::new();
    }
    let code = source.shipped();
    let text = |at: Option<usize>| at.and_then(|at| code.get(at)).map_or("", |t| &*t.text);
    let is_compared = |&place: &usize| {
        let wrapping = ["(", "Some", "Subject", "::", "Act"];
        let before = (0..place)
            .rev()
            .find(|at| !wrapping.contains(&text(Some(*at))));
        let sign = before.and_then(|at| at.checked_sub(1));
        let is_operand = text(before) == "=" && ["=", "!"].contains(&text(sign));
        let after = (place + 3..code.len()).find(|at| text(Some(*at)) != ")");
        is_operand || ["=>", "|", "if"].contains(&text(after))
    };
    let mut places = places_of(code, &["ActionKind", "::"]);
    places.retain(is_compared);
    let rule = "what sets an action apart is a column of its row in the catalogue";
    at_each(source, places, rule)
}

/// Conditions that always hold: `until("…", |_| true)` reads no event.
fn vacuous_waits(source: &Source) -> Vec<Violation> {
    if !is_test(source) {
        return Vec::new();
    }
    let rule = "a wait whose condition always holds waits for nothing";
    let texts: Vec<&str> = source.tokens.iter().map(|t| t.text.as_str()).collect();
    let waits = texts.windows(5).enumerate();
    let vacuous = waits.filter(|(_, tokens)| {
        matches!(tokens, ["|", name, "|", "true", ")" | "," | "}"] if name.starts_with('_'))
    });
    at_each(source, vacuous.map(|(place, _)| place), rule)
}

fn is_test(source: &Source) -> bool {
    source.only_tests || source.path.starts_with("tests/")
}

/// Sleeps in tests, outside the few polling loops.
fn sleeps(source: &Source) -> Vec<Violation> {
    if !is_test(source) || SLEEPERS.contains(&source.path.as_str()) {
        return Vec::new();
    }
    let rule = "a sleep is over too soon on a slow machine: wait for what the awaited event brings";
    let places = places_of(&source.tokens, &words("thread::sleep("));
    at_each(source, places, rule)
}

/// Each occurrence of these in shipped code, with its rule.
fn find_each<S: AsRef<str>>(
    source: &Source,
    needles: &[S],
    rule: impl Fn(&str) -> String,
) -> Vec<Violation> {
    let code = source.shipped();
    let found = needles.iter().map(AsRef::as_ref).flat_map(|needle| {
        let places = places_of(code, &words(needle));
        at_each(source, places, &rule(needle))
    });
    found.collect()
}

fn at_each(source: &Source, places: impl IntoIterator<Item = usize>, rule: &str) -> Vec<Violation> {
    let places = places.into_iter();
    places
        .map(|place| at(source, place, rule.to_owned()))
        .collect()
}
