//! Sources as tokens: without comments, with whole literals, and optionally without test-only code.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};

use ra_ap_rustc_lexer::{FrontmatterAllowed, TokenKind, tokenize};

/// One source file.
pub struct Source {
    /// Path inside the repository, with forward slashes.
    pub path: String,
    pub text: String,
    /// All code. `::`, `->` and `=>` are one token each.
    pub tokens: Vec<Token>,
    /// Whether the file is a test-only module.
    pub only_tests: bool,
    shipped: OnceLock<Vec<Token>>,
}

#[derive(Debug, Clone)]
pub struct Token {
    /// Empty where something was left out.
    pub text: String,
    pub line: usize,
}

impl Source {
    /// Reads a source from its text.
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            tokens: tokens_of(text),
            only_tests: false,
            shipped: OnceLock::new(),
        }
    }

    /// The file's own module: `["api", "retry"]` for `src/api/retry.rs`.
    pub fn module(&self) -> Vec<&str> {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let stem = inside.strip_suffix(".rs").unwrap_or(inside);
        let stem = stem.strip_suffix("/mod").unwrap_or(stem);
        stem.split('/').collect()
    }

    /// Whether this file is the module `scope` (`api` or `api::retry`) or lies inside it.
    pub fn lies_in(&self, scope: &str) -> bool {
        let scope: Vec<&str> = scope.split("::").collect();
        self.module().starts_with(&scope)
    }

    /// The tokens, with test-only ones replaced by empty ones at the same index.
    pub fn shipped(&self) -> &[Token] {
        self.shipped.get_or_init(|| {
            if self.only_tests {
                return Vec::new();
            }
            let mut tokens = self.tokens.clone();
            for (start, end) in self.items_under(is_test_only) {
                for token in &mut tokens[start..end] {
                    token.text.clear();
                }
            }
            tokens
        })
    }

    /// Extent of each item, field, arm or statement under an attribute that matches the predicate, which
    /// gets the attribute without spaces.
    pub fn items_under(&self, chosen: impl Fn(&str) -> bool) -> Vec<(usize, usize)> {
        let begins = |at: &usize| matches(&self.tokens, *at, &["#", "["]);
        let attributes = (0..self.tokens.len()).filter(begins);
        let extents = attributes.filter_map(|start| {
            let end = closing(&self.tokens, start + 1);
            let texts = self.tokens[start..end].iter().map(|t| t.text.as_str());
            chosen(&texts.collect::<String>()).then(|| (start, end_of_item(&self.tokens, end)))
        });
        extents.collect()
    }
}

/// Every Rust file in `src`, then in `tests`.
static ALL: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let mut sources = Vec::new();
    for folder in ["src", "tests"] {
        collect(&repository().join(folder), &mut sources);
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    mark_test_files(&mut sources);
    sources
});

/// Every Rust file in these folders of the repository.
pub fn read_all(folders: &[&str]) -> &'static [Source] {
    let is_below = |source: &Source| folders.iter().any(|folder| source.path.starts_with(folder));
    &ALL[..ALL.partition_point(is_below)]
}

/// Marks files declared by another file as `#[cfg(test)] mod name;`.
pub fn mark_test_files(sources: &mut [Source]) {
    let mut marked = Vec::new();
    for source in sources.iter() {
        for (start, end) in source.items_under(is_test_only) {
            if let [.., word, name, end] = &source.tokens[start..end]
                && (word.text.as_str(), end.text.as_str()) == ("mod", ";")
            {
                let mut module = source.module();
                module.retain(|name| !["lib", "main"].contains(name));
                module.push(&name.text);
                marked.push(module.join("::"));
            }
        }
    }
    for source in sources.iter_mut() {
        source.only_tests = marked.iter().any(|module| source.lies_in(module));
    }
}

fn is_test_only(attribute: &str) -> bool {
    attribute == "#[cfg(test)]"
}

/// The folder of `Cargo.toml`.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn collect(folder: &Path, sources: &mut Vec<Source>) {
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a folder entry can be read").path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let inside = path.strip_prefix(repository());
            let inside = inside.expect("the file is in the repository");
            let name = inside.to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(&path).expect("a source is UTF-8 text");
            sources.push(Source::new(&name, &text));
        }
    }
}

fn tokens_of(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let (mut rest, mut line, mut is_adjacent) = (text, 1, false);
    for token in tokenize(text, FrontmatterAllowed::No) {
        let (this, after) = rest.split_at(token.len as usize);
        let is_prose = matches!(
            token.kind,
            TokenKind::LineComment { .. } | TokenKind::BlockComment { .. } | TokenKind::Whitespace
        );
        if !is_prose {
            let last = tokens.last_mut().filter(|_| is_adjacent);
            let is_half =
                |last: &&mut Token| matches!((&*last.text, this), (":", ":") | ("-" | "=", ">"));
            match last.filter(is_half) {
                Some(last) => last.text += this,
                None => tokens.push(Token {
                    text: this.to_owned(),
                    line,
                }),
            }
        }
        is_adjacent = !is_prose;
        line += this.matches('\n').count();
        rest = after;
    }
    tokens
}

/// The words of a pattern such as `File::open(`. A quotation mark matches any string literal.
pub fn words(pattern: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let end = if is_identifier(first) {
            rest.find(|c| !is_identifier(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        words.push(&rest[..end]);
        rest = &rest[end..];
    }
    words
}

/// Whether these words begin at this index.
pub fn matches(tokens: &[Token], at: usize, words: &[&str]) -> bool {
    let there = tokens.get(at..at + words.len());
    let is_word = |token: &Token, word: &str| {
        token.text == word
            || word == "\""
                && token.text.starts_with(['"', 'r'])
                && token.text.ends_with(['"', '#'])
    };
    there.is_some_and(|there| there.iter().zip(words).all(|(t, word)| is_word(t, word)))
}

/// Each index of these words where they are no field or method.
pub fn places_of(tokens: &[Token], words: &[&str]) -> Vec<usize> {
    let is_free = |at: usize| !words[0].starts_with(is_identifier) || begins_word(tokens, at);
    let places = (0..tokens.len()).filter(|&at| matches(tokens, at, words) && is_free(at));
    places.collect()
}

fn text(tokens: &[Token], at: Option<usize>) -> &str {
    at.and_then(|at| tokens.get(at)).map_or("", |t| &t.text)
}

fn begins_word(tokens: &[Token], at: usize) -> bool {
    text(tokens, at.checked_sub(1)) != "."
}

/// Whether a path begins here: `::name` is a path from the root, while `other::name` is another item.
fn begins_path(tokens: &[Token], at: usize) -> bool {
    let before = text(tokens, at.checked_sub(2));
    let is_inside = text(tokens, at.checked_sub(1)) == "::"
        && (before.starts_with(is_identifier) || before == ">");
    begins_word(tokens, at) && !is_inside
}

/// Every path that begins with `root::`, as its later segments, with its index. Groups are expanded.
pub fn paths_from(tokens: &[Token], root: &str) -> Vec<(usize, Vec<String>)> {
    let root = words(root);
    let mut paths = Vec::new();
    for at in places_of(tokens, &root) {
        let tree = at + root.len();
        if begins_path(tokens, at) && text(tokens, Some(tree)) == "::" {
            let mut found = Vec::new();
            spread(tokens, tree + 1, &[], &mut found);
            paths.extend(found.into_iter().map(|path| (at, path)));
        }
    }
    paths
}

/// Every crate or module that begins a path or is imported as a whole, with its index.
pub fn heads_of(tokens: &[Token]) -> Vec<(usize, String)> {
    let mut heads = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let begins = text(tokens, Some(at + 1)) == "::" && begins_path(tokens, at);
        if begins || text(tokens, at.checked_sub(1)) == "crate" {
            heads.push((at, token.text.clone()));
        } else if token.text == "use" {
            let mut imported = Vec::new();
            spread(tokens, at + 1, &[], &mut imported);
            imported.retain(|path| path.len() == 1);
            heads.extend(imported.into_iter().flatten().map(|name| (at, name)));
        }
    }
    heads
}

/// Every path that a `use` imports, and whether it is re-exported.
pub fn use_trees(tokens: &[Token]) -> Vec<(bool, Vec<String>)> {
    let mut trees = Vec::new();
    for at in places_of(tokens, &["use"]) {
        let before = text(tokens, at.checked_sub(1));
        let mut found = Vec::new();
        spread(tokens, at + 1, &[], &mut found);
        trees.extend(
            found
                .into_iter()
                .map(|path| (["pub", ")"].contains(&before), path)),
        );
    }
    trees
}

/// Every path of more than one segment outside of `use`.
pub fn paths_in(tokens: &[Token]) -> Vec<Vec<String>> {
    let (mut paths, mut is_use) = (Vec::new(), false);
    for (at, token) in tokens.iter().enumerate() {
        is_use = token.text == "use" || is_use && token.text != ";";
        let begins = token.text.starts_with(is_identifier)
            && text(tokens, Some(at + 1)) == "::"
            && begins_path(tokens, at);
        if begins && !is_use {
            spread(tokens, at, &[], &mut paths);
        }
    }
    paths
}

fn is_identifier(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Expands the use tree that begins here into whole paths, and returns the index after it.
fn spread(tokens: &[Token], at: usize, prefix: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let text = |at: usize| text(tokens, Some(at));
    if text(at) == "{" {
        let end = closing(tokens, at) - 1;
        let mut at = at + 1;
        while at < end {
            at = spread(tokens, at, prefix, found);
            // Skips `as name` up to the comma.
            while at < end && text(at) != "," {
                at += 1;
            }
            at += 1;
        }
        return end + 1;
    }
    let is_macro = text(at + 1) == "!" && matches!(text(at + 2), "(" | "[" | "{");
    let mark = if is_macro { "!" } else { "" };
    let path = [prefix, &[format!("{}{mark}", text(at))]].concat();
    if text(at + 1) == "::" && text(at + 2) != "<" {
        return spread(tokens, at + 2, &path, found);
    }
    found.push(path);
    at + 1
}

/// The index after the bracket that closes the one at `open`.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

const ITEMS: [&str; 12] = [
    "fn", "mod", "impl", "struct", "enum", "use", "pub", "const", "static", "trait", "async",
    "type",
];

/// The index after the item of an attribute that ends at `start`.
fn end_of_item(tokens: &[Token], start: usize) -> usize {
    let mut at = start;
    // Further attributes belong to the same item.
    while matches(tokens, at, &["#", "["]) {
        at = closing(tokens, at + 1);
    }
    let is_item = ITEMS.contains(&text(tokens, Some(at)));
    while at < tokens.len() {
        match text(tokens, Some(at)) {
            "(" | "[" => at = closing(tokens, at),
            "{" => {
                at = closing(tokens, at);
                if !["=>", "else", "."].contains(&text(tokens, Some(at))) {
                    return at;
                }
            }
            ";" => return at + 1,
            "," if !is_item => return at + 1,
            ")" | "]" | "}" => return at,
            _ => at += 1,
        }
    }
    at
}
