//! Licences of the dependencies, all of which have to permit redistribution.

#![allow(clippy::expect_used, reason = "a test ends with a message")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use toml_edit::DocumentMut;

/// Licences allowed by `.deny.toml`, some `WITH` an exception.
static ALLOWED: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(".deny.toml");
    let text = std::fs::read_to_string(path).expect("cargo-deny settings");
    let settings: DocumentMut = text.parse().expect("TOML");
    let listed = settings["licenses"]["allow"].as_array().expect("a list");
    let texts = listed.iter().filter_map(|licence| licence.as_str());
    texts.map(str::to_owned).collect()
});

#[test]
fn each_dependency_has_a_licence_from_the_list() {
    let metadata = metadata(&[]);
    let packages = metadata["packages"]
        .as_array()
        .expect("the metadata lists packages");
    assert!(packages.len() > 1, "the program has dependencies");
    let refused: Vec<String> = packages
        .iter()
        .filter_map(|package| {
            let licence = package["license"].as_str().unwrap_or("none");
            (!allows(licence)).then(|| {
                format!(
                    "{} {}: licence {licence}",
                    text(&package["name"]),
                    text(&package["version"])
                )
            })
        })
        .collect();
    assert!(
        refused.is_empty(),
        "not on the list of licences:\n{}",
        refused.join("\n")
    );
}

#[test]
fn a_licence_text_is_shipped_for_each_licence_of_ours() {
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        let path = folder().join(name);
        let text = std::fs::read_to_string(&path);
        assert!(
            text.is_ok_and(|text| text.len() > 500),
            "{} holds the licence",
            path.display()
        );
    }
}

/// The list on the page *About*: crates in the program on any system, without build tools and test
/// dependencies. `CORDON_WRITE_CRATES` rewrites it.
#[test]
fn crate_list_equals_the_crates_in_the_program() {
    let path = folder().join("crates.txt");
    let made_of = made_of();
    if std::env::var_os("CORDON_WRITE_CRATES").is_some() {
        std::fs::write(&path, &made_of).expect("written");
    }
    let listed = std::fs::read_to_string(&path).expect("a list");
    assert!(made_of.matches(", ").count() > 100, "{made_of}");
    let crates = |list: &str| -> BTreeSet<String> {
        let crates = list.lines().filter_map(|line| line.split_once(": "));
        let crates = crates.flat_map(|(licence, names)| {
            let names = names.split(", ");
            names.map(move |name| format!("{name} ({licence})"))
        });
        crates.collect()
    };
    let (listed_now, made_now) = (crates(&listed), crates(&made_of));
    let other: Vec<_> = listed_now.symmetric_difference(&made_now).collect();
    assert!(
        listed == made_of,
        "run it with CORDON_WRITE_CRATES=1; on one side only: {other:?}"
    );
}

/// Target systems.
const TARGETS: [&str; 3] = [
    "x86_64-unknown-linux-gnu",
    "x86_64-pc-windows-gnu",
    "aarch64-apple-darwin",
];

/// Name and version of each crate, one line per licence.
fn made_of() -> String {
    let mut by_licence: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for target in TARGETS {
        let metadata = metadata(&["--filter-platform", target]);
        let shipped = shipped(&metadata);
        let packages = metadata["packages"].as_array().expect("packages");
        for package in packages.iter().filter(|p| shipped.contains(text(&p["id"]))) {
            let licence = text(&package["license"]).replace('/', " OR ");
            let licence = licence.split_whitespace().collect::<Vec<_>>().join(" ");
            let (name, version) = (text(&package["name"]), text(&package["version"]));
            let crates = by_licence.entry(licence).or_default();
            crates.insert(format!("{name} {version}"));
        }
    }
    let lines = by_licence.into_iter().map(|(licence, crates)| {
        let crates: Vec<_> = crates.into_iter().collect();
        format!("{licence}: {}\n", crates.join(", "))
    });
    lines.collect()
}

/// Normal dependencies, without those for building and testing.
fn shipped(metadata: &Value) -> BTreeSet<&str> {
    let nodes = metadata["resolve"]["nodes"].as_array().expect("nodes");
    let nodes: BTreeMap<_, _> = nodes.iter().map(|node| (text(&node["id"]), node)).collect();
    let mut wanted = vec![text(&metadata["resolve"]["root"])];
    let mut known = BTreeSet::new();
    while let Some(node) = wanted.pop().and_then(|id| nodes.get(id)) {
        for dep in node["deps"].as_array().into_iter().flatten() {
            let mut kinds = dep["dep_kinds"].as_array().into_iter().flatten();
            let is_shipped = kinds.any(|kind| kind["kind"].is_null());
            if is_shipped && known.insert(text(&dep["pkg"])) {
                wanted.push(text(&dep["pkg"]));
            }
        }
    }
    known
}

#[test]
fn licence_expressions_are_parsed_with_their_precedence() {
    for fine in [
        "MIT",
        "MIT OR GPL-3.0-only",
        "GPL-3.0-only OR MIT",
        "MIT/Apache-2.0",
        "GPL-2.0 / MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception",
        "GPL-3.0 OR (ISC AND (Apache-2.0 OR GPL-2.0))",
        "GPL-3.0 AND MIT OR Zlib",
    ] {
        assert!(allows(fine), "{fine}");
    }
    for refused in [
        "",
        "none",
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "MIT AND (GPL-2.0 OR LGPL-2.1)",
        "MIT OR",
        "(MIT",
        "MIT)",
        "MIT Apache-2.0",
        "MIT WITH",
        "Apache-2.0 WITH Unheard-exception",
        "Zlib AND MIT AND SSPL-1.0",
    ] {
        assert!(!allows(refused), "{refused}");
    }
}

/// Folder of our own licence texts.
fn folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/licences")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

/// Dependency metadata from cargo, offline if possible.
fn metadata(more: &[&str]) -> Value {
    let ask = |arguments: &[&str]| {
        Command::new(env!("CARGO"))
            .args([
                "metadata",
                "--format-version",
                "1",
                "--locked",
                "--all-features",
            ])
            .args(more)
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo can be run")
    };
    let mut answer = ask(&["--offline"]);
    if !answer.status.success() {
        answer = ask(&[]);
    }
    let complaint = String::from_utf8_lossy(&answer.stderr);
    assert!(answer.status.success(), "cargo metadata: {complaint}");
    serde_json::from_slice(&answer.stdout).expect("cargo metadata prints JSON")
}

/// Whether the list satisfies a licence expression. The old form `A/B` means `A OR B`.
fn allows(expression: &str) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any_of(&mut rest) == Some(true) && rest.is_empty()
}

/// `A AND B OR C`: OR binds less than AND. `None` for a malformed expression.
fn any_of(words: &mut &[&str]) -> Option<bool> {
    let mut fine = all_of(words)?;
    while take(words, "OR") {
        fine |= all_of(words)?;
    }
    Some(fine)
}

fn all_of(words: &mut &[&str]) -> Option<bool> {
    let mut fine = one(words)?;
    while take(words, "AND") {
        fine &= one(words)?;
    }
    Some(fine)
}

fn one(words: &mut &[&str]) -> Option<bool> {
    if take(words, "(") {
        let fine = any_of(words)?;
        return take(words, ")").then_some(fine);
    }
    let mut licence = next(words)?.to_owned();
    if take(words, "WITH") {
        licence = format!("{licence} WITH {}", next(words)?);
    }
    Some(ALLOWED.contains(&licence))
}

fn take(words: &mut &[&str], word: &str) -> bool {
    let taken = words.first() == Some(&word);
    if taken {
        *words = &words[1..];
    }
    taken
}

fn next<'w>(words: &mut &[&'w str]) -> Option<&'w str> {
    let (first, rest) = words.split_first()?;
    *words = rest;
    Some(first)
}
