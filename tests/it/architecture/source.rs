//! Just enough reading of Rust to check rules of shape: where code is, and which paths it names.

use std::fs;
use std::path::{Path, PathBuf};

/// One source file, with everything blanked out that is not code.
pub struct Source {
    /// The path inside the repository, with forward slashes.
    pub path: String,
    /// The text as it is.
    pub text: String,
    /// The same text, character for character, with comments and the inside of literals blanked.
    pub code: String,
    /// Whether the file is a module that only tests see.
    pub only_tests: bool,
}

impl Source {
    /// Reads a source from its text.
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code: blank_prose(text),
            only_tests: false,
        }
    }

    /// The module that this file is: `["api", "retry"]` for `src/api/retry.rs`.
    pub fn module(&self) -> Vec<&str> {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let stem = inside.strip_suffix(".rs").unwrap_or(inside);
        stem.strip_suffix("/mod")
            .unwrap_or(stem)
            .split('/')
            .collect()
    }

    /// Whether this file is the module `scope` (`api` or `api::retry`) or lies inside it.
    pub fn lies_in(&self, scope: &str) -> bool {
        let module = self.module();
        let scope: Vec<&str> = scope.split("::").collect();
        module.len() >= scope.len() && module[..scope.len()] == scope[..]
    }

    /// The number of the line at this offset, from 1.
    pub fn line_at(&self, offset: usize) -> usize {
        self.text[..offset].matches('\n').count() + 1
    }

    /// The code without the items that only tests see.
    pub fn shipped(&self) -> String {
        if self.only_tests {
            return String::new();
        }
        let mut code = self.code.clone();
        for (start, end) in self.items_under(is_test_only) {
            let blank: String = code[start..end]
                .chars()
                .map(|c| if c == '\n' { c } else { ' ' })
                .collect();
            // Only ASCII is left of literals and comments, but identifiers may hold more.
            let missing = (end - start) - blank.len();
            code.replace_range(start..end, &(blank + &" ".repeat(missing)));
        }
        code
    }

    /// The extent of each item, field, arm or statement that follows an attribute chosen by the predicate.
    pub fn items_under(&self, chosen: impl Fn(&str) -> bool) -> Vec<(usize, usize)> {
        let mut extents = Vec::new();
        for (start, _) in self.code.match_indices("#[") {
            let end = closing(&self.code, start + 1);
            if chosen(&self.text[start..end]) {
                extents.push((start, end_of_item(&self.code, end)));
            }
        }
        extents
    }
}

/// Every Rust file below these folders of the repository.
pub fn read_all(folders: &[&str]) -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in folders {
        collect(&repository().join(folder), &mut sources);
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    mark_test_files(&mut sources);
    sources
}

/// Marks the files that another file declares as `#[cfg(test)] mod name;`.
pub fn mark_test_files(sources: &mut [Source]) {
    let mut marked = Vec::new();
    for source in sources.iter() {
        for (start, end) in source.items_under(is_test_only) {
            let item = source.code[start..end].trim_end();
            if let Some((_, name)) = item
                .strip_suffix(';')
                .and_then(|item| item.rsplit_once("mod "))
            {
                let mut module = source.module();
                if ["lib", "main"].contains(&module[0]) {
                    module.clear();
                }
                module.push(name.trim());
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

/// The folder that holds `Cargo.toml`.
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
            let inside = path
                .strip_prefix(repository())
                .expect("the file is in the repository");
            let name = inside.to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(&path).expect("a source is UTF-8 text");
            sources.push(Source::new(&name, &text));
        }
    }
}

/// Every path that begins with `root::`, as its segments, with the offset where it begins. Groups are spread out.
pub fn paths_from(code: &str, root: &str) -> Vec<(usize, Vec<String>)> {
    let start = format!("{root}::");
    let mut paths = Vec::new();
    for (offset, _) in code.match_indices(&start) {
        if stands_alone(code, offset) {
            let mut found = Vec::new();
            spread(&code[offset + start.len()..], &mut Vec::new(), &mut found);
            paths.extend(found.into_iter().map(|path| (offset, path)));
        }
    }
    paths
}

/// Where a crate or module is named at the beginning of a path, or imported as a whole.
pub fn names_of(code: &str, name: &str) -> Vec<usize> {
    code.match_indices(name)
        .map(|(offset, _)| offset)
        .filter(|&offset| {
            let after = &code[offset + name.len()..];
            let before = code[..offset].trim_end();
            let whole = !after.starts_with(is_identifier);
            let imported = [" use", " crate", ",", "{"]
                .iter()
                .any(|word| format!(" {before}").ends_with(word));
            let ends = after.trim_start().starts_with([';', ',', '}'])
                || after.trim_start().starts_with("as ");
            whole
                && stands_alone(code, offset)
                && (after.trim_start().starts_with("::")
                    || (imported && ends && in_use(code, offset)))
        })
        .collect()
}

/// Whether the word at this offset begins a path: no identifier, path or field access runs into it.
pub fn stands_alone(code: &str, offset: usize) -> bool {
    let before = &code[..offset];
    if before.ends_with(is_identifier) || before.ends_with(['.', '\'']) {
        return false;
    }
    match before.strip_suffix("::") {
        // `::name` is a path from the root; `other::name` is not about us.
        Some(rest) => !rest.ends_with(|c| is_identifier(c) || c == '>'),
        None => true,
    }
}

/// Whether the offset lies in a `use` item.
fn in_use(code: &str, offset: usize) -> bool {
    let start = code[..offset].rfind(';').map_or(0, |at| at + 1);
    let item = code[start..offset].trim_start();
    ["use ", "pub use ", "extern crate "]
        .iter()
        .any(|word| item.rfind(word).is_some_and(|at| !item[at..].contains('}')))
}

fn is_identifier(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Spreads the use tree at the beginning of `tree` into whole paths; returns what follows it.
fn spread<'t>(tree: &'t str, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> &'t str {
    let tree = tree.trim_start();
    if let Some(mut rest) = tree.strip_prefix('{') {
        loop {
            rest = rest.trim_start().trim_start_matches(',').trim_start();
            if rest.is_empty() {
                return rest;
            }
            if let Some(after) = rest.strip_prefix('}') {
                return after;
            }
            let before = rest.len();
            rest = spread(rest, &mut prefix.clone(), found);
            rest = &rest[rest.find([',', '}']).unwrap_or(rest.len())..];
            assert!(rest.len() < before, "a use tree gets shorter");
        }
    }
    let end = tree.find(|c| !is_identifier(c)).unwrap_or(tree.len());
    let (name, rest) = if end == 0 {
        tree.split_at(tree.len().min(1))
    } else {
        tree.split_at(end)
    };
    // A macro is told by its mark.
    let mark = if rest.starts_with('!') { "!" } else { "" };
    prefix.push(format!("{name}{mark}"));
    match rest.strip_prefix("::") {
        Some(deeper) if !deeper.starts_with('<') => spread(deeper, prefix, found),
        _ => {
            found.push(prefix.clone());
            rest
        }
    }
}

/// Blanks comments and the inside of literals; line breaks and offsets stay.
pub fn blank_prose(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text.as_bytes()[at..];
        let (keep, end) = if rest.starts_with(b"//") {
            (
                0,
                at + rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len()),
            )
        } else if rest.starts_with(b"/*") {
            (0, at + end_of_block_comment(rest))
        } else if let Some(hashes) = raw_string(bytes, at) {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = hashes + 2;
            let body = &rest[open..];
            let length = body
                .windows(close.len())
                .position(|window| window == close.as_bytes());
            (open, at + open + length.unwrap_or(body.len()) + close.len())
        } else if rest[0] == b'"' {
            (1, at + end_of_quoted(rest, b'"'))
        } else if rest[0] == b'\'' && is_character(rest) {
            (1, at + end_of_quoted(rest, b'\''))
        } else {
            at += 1;
            continue;
        };
        let end = end.min(bytes.len());
        // The closing quote stays too.
        let stop = if keep == 0 {
            end
        } else {
            end.saturating_sub(1).max(at + keep)
        };
        for byte in &mut code[(at + keep).min(stop)..stop] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(code).expect("whole literals were blanked")
}

fn end_of_block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The number of hashes of a raw string that begins here.
fn raw_string(bytes: &[u8], at: usize) -> Option<usize> {
    let inside_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    let byte_string =
        at > 0 && bytes[at - 1] == b'b' && (at < 2 || !bytes[at - 2].is_ascii_alphanumeric());
    if bytes[at] != b'r' || (inside_word && !byte_string) {
        return None;
    }
    let hashes = bytes[at + 1..]
        .iter()
        .take_while(|&&byte| byte == b'#')
        .count();
    (bytes.get(at + 1 + hashes) == Some(&b'"')).then_some(hashes)
}

/// A quote begins a character, not a lifetime, when another quote ends it at once.
fn is_character(rest: &[u8]) -> bool {
    if rest.get(1) == Some(&b'\\') {
        return true;
    }
    let width = match rest.get(1) {
        Some(0xf0..) => 4,
        Some(0xe0..) => 3,
        Some(0xc0..) => 2,
        Some(_) => 1,
        None => return false,
    };
    rest.get(1 + width) == Some(&b'\'')
}

fn end_of_quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The offset after the bracket that closes the one at `open`.
fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, c) in code[open..].char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return open + offset + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

/// The offset after what an attribute that ends at `start` applies to.
fn end_of_item(code: &str, start: usize) -> usize {
    let mut at = start;
    // Further attributes belong to the same item.
    loop {
        at += code[at..].len() - code[at..].trim_start().len();
        if !code[at..].starts_with("#[") {
            break;
        }
        at = closing(code, at + 1);
    }
    let first = code[at..]
        .split(|c| !is_identifier(c))
        .next()
        .unwrap_or_default();
    let item = matches!(
        first,
        "fn" | "mod"
            | "impl"
            | "struct"
            | "enum"
            | "use"
            | "pub"
            | "const"
            | "static"
            | "trait"
            | "async"
            | "type"
    );
    while let Some(c) = code[at..].chars().next() {
        match c {
            '(' | '[' => at = closing(code, at),
            '{' => {
                at = closing(code, at);
                let rest = code[at..].trim_start();
                if !["=>", "else", "."]
                    .iter()
                    .any(|word| rest.starts_with(word))
                {
                    return at;
                }
            }
            ';' => return at + 1,
            ',' if !item => return at + 1,
            ')' | ']' | '}' => return at,
            _ => at += c.len_utf8(),
        }
    }
    at
}
