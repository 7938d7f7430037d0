//! Replaced words, for which there is a standard term or a plain one: they must not return.

use super::source::{read_all, repository};
use super::{Source, Violation, assert_none, at};

/// Words within names in code, in lower case.
const NAMES: [&str; 46] = [
    "admit",
    "arrival",
    "be about",
    "came in by",
    "came to nothing",
    "course",
    "dice",
    "door",
    "doorway",
    "follow foreign",
    "foot",
    "give back",
    "given back",
    "gives back",
    "go on",
    "goes on",
    "heard",
    "hold against",
    "in queue",
    "is asleep",
    "keeper",
    "keeping",
    "line up",
    "look now",
    "lose sight",
    "maybe acted",
    "nap",
    "obey",
    "pass on",
    "patience",
    "pen",
    "put in",
    "someone elses",
    "sort in",
    "standing",
    "standings",
    "stranger",
    "take in",
    "take over",
    "tell",
    "tells",
    "told",
    "untold",
    "vault",
    "whoever",
    "wish",
];

/// Whole names in code.
const WHOLE_NAMES: [&str; 3] = ["Marks", "NotTaken", "became"];

/// Beginnings of names in code.
const PREFIXES: [&str; 5] = ["mind_", "most_", "LONGEST_", "MOST_", "TOLD_"];

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

/// The words of a name, in lower case: `is_NewWish` has three.
fn words_of(name: &str) -> String {
    let mut words = String::new();
    let mut before = '_';
    for c in name.chars() {
        if c == '_' || c.is_uppercase() && before.is_lowercase() {
            words.push(' ');
        }
        words.extend(c.to_lowercase().filter(|c| *c != '_'));
        before = c;
    }
    words
}

fn is_replaced(name: &str) -> bool {
    // Texts are tokens too.
    if !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return false;
    }
    let words = format!(" {} ", words_of(name));
    NAMES.iter().any(|old| words.contains(&format!(" {old} ")))
        || WHOLE_NAMES.contains(&name)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn names(source: &Source) -> Vec<Violation> {
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
        ("let opened_vault = 1;", true),
        ("const GO_ON: u8 = 1;", true),
        ("fn goOn() {}", true),
        ("fn go_only() {}", false),
        ("let marks = 1;", false),
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
