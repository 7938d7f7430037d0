//! Replaced words, for which there is a standard term or a plain one: they must not return.

use super::source::{read_all, repository};
use super::{Source, Violation, assert_none, at};

/// Names in code.
const NAMES: [&str; 27] = [
    "admit",
    "came_in_by",
    "follow_foreign",
    "in_queue",
    "is_asleep",
    "lose_sight",
    "maybe_acted",
    "obey",
    "pass_on",
    "take_over",
    "untold",
    "Arrival",
    "Course",
    "Dice",
    "Door",
    "Doorway",
    "Foot",
    "Heard",
    "Keeper",
    "Marks",
    "NotTaken",
    "Pen",
    "SomeoneElses",
    "Standing",
    "Stranger",
    "Vault",
    "Wish",
];

/// Prefixes of names in code.
const PREFIXES: [&str; 6] = ["mind_", "most_", "told_", "LONGEST_", "MOST_", "TOLD_"];

/// Phrases anywhere: in comments, names and texts on screen.
const PHRASES: [&str; 7] = [
    "all the same",
    "not told",
    "of one's own",
    "so many",
    "those that are",
    "what it is about",
    "whoever",
];

const OWN_PATH: &str = "tests/it/architecture/words.rs";

fn names(source: &Source) -> Vec<Violation> {
    let is_replaced = |name: &str| {
        NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    };
    let tokens = source.tokens.iter().enumerate();
    let found = tokens.filter(|(_, token)| is_replaced(&token.text));
    found
        .map(|(place, token)| at(source, place, format!("`{}` was replaced", token.text)))
        .collect()
}

fn phrases(path: &str, text: &str) -> Vec<Violation> {
    let is_word = |c: char| c.is_alphanumeric() || c == '\'';
    let lines = text.lines().zip(1..);
    let words = lines.flat_map(|(line, number)| {
        let words = line.split(move |c| !is_word(c));
        let words = words.filter(|word| !word.is_empty());
        words.map(move |word| (word.to_lowercase(), number))
    });
    let words: Vec<(String, usize)> = words.collect();
    let of_phrase = |phrase: &str| {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        let is_it = |found: &&[(String, usize)]| found.iter().map(|(word, _)| word).eq(&phrase);
        let places = words.windows(phrase.len()).filter(is_it);
        places.map(|found| found[0].1).collect::<Vec<_>>()
    };
    let found = PHRASES.iter().flat_map(|phrase| {
        let lines = of_phrase(phrase).into_iter();
        lines.map(move |line| {
            (
                line,
                format!("“{phrase}” was replaced by what it stands for"),
            )
        })
    });
    let violation = |(line, rule)| Violation {
        file: path.to_owned(),
        line,
        rule,
    };
    found.map(violation).collect()
}

#[test]
fn replaced_words_are_not_used() {
    let sources = read_all(&["src", "tests"]).iter();
    let sources = sources.filter(|source| source.path != OWN_PATH);
    let mut found: Vec<Violation> = sources
        .flat_map(|source| [names(source), phrases(&source.path, &source.text)])
        .flatten()
        .collect();
    let readme = std::fs::read_to_string(repository().join("README.md"));
    found.extend(phrases("README.md", &readme.expect("a text")));
    assert_none(&found);
}

#[test]
fn a_replaced_word_is_found_in_names_and_texts() {
    for (text, is_found) in [
        ("struct Vault;", true),
        ("const MOST_ROWS: usize = 1;", true),
        ("// a Vault", false),
        ("const KEY: &str = \"SomeoneElses\";", false),
        ("struct Vaults;", false),
    ] {
        let found = names(&Source::new("src/a.rs", text));
        assert_eq!(!found.is_empty(), is_found, "{text}");
    }
    for (text, is_found) in [
        ("//! Whoever asks", true),
        ("/// sent so\n    /// many", true),
        ("fn read_by_whoever_asks() {}", true),
        ("\"nothing of one's own\"", true),
        ("// who ever asks", false),
        ("// told, and not asked", false),
    ] {
        let found = phrases("src/a.rs", text);
        assert_eq!(!found.is_empty(), is_found, "{text}");
    }
}
