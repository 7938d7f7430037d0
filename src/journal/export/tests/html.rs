//! The HTML sheet has the same text as the Markdown one, and no markup but ours.

use super::foreign::{TEXTS, journal};
use super::*;

/// Texts that try to inject markup.
const FOR_A_PAGE: [&str; 3] = [
    "evil\" onload='evil()' x=\"</code></li></ul><script>evil()</script><code>",
    "&lt;script&gt;evil&amp;#39; <!-- evil --> ]]> <style>evil{}</style> &evil;",
    "\u{202e}<evil>\u{2066} --><evil/>\u{200b}&\u{0}'\"",
];
/// The tags of a sheet, with their allowed attributes.
const TAGS: [&str; 29] = [
    "!DOCTYPE html",
    "html lang=\"en\"",
    "head",
    "meta charset=\"utf-8\"",
    "meta name=\"referrer\" content=\"no-referrer\"",
    "meta name=\"viewport\" content=\"width=device-width\"",
    "title",
    "style",
    "body",
    "h1",
    "h2",
    "dl",
    "dt",
    "dd",
    "p",
    "section",
    "ul",
    "li",
    "code",
    "code dir=\"auto\"",
    "strong",
    "footer",
    "/html",
    "/head",
    "/title",
    "/style",
    "/body",
    "/h1",
    "/h2",
];
const ENDS: [&str; 9] = [
    "/dl", "/dt", "/dd", "/p", "/section", "/ul", "/li", "/code", "/strong",
];
const POLICY: &str = "meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\"";

/// Code, one line each, and all other text, as a browser reads it.
fn read_page(page: &str) -> (String, String) {
    let (mut code, mut prose) = (String::new(), String::new());
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        take(text, &open, &mut code, &mut prose);
        let end = tag.find('>').expect("the end of a tag");
        let inner = &tag[1..end];
        let is_known =
            TAGS.contains(&inner) || ENDS.contains(&inner) || inner == "/footer" || inner == POLICY;
        assert!(is_known, "<{inner}>");
        let name = inner.split(' ').next().expect("a name");
        if let Some(name) = name.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{inner}");
            if name == "code" {
                code.push('\n');
            }
        } else if !matches!(name, "!DOCTYPE" | "meta") {
            open.push(name);
        }
        rest = &tag[end + 1..];
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
    (code, prose)
}

fn take(text: &str, open: &[&str], code: &mut String, prose: &mut String) {
    if matches!(open.last(), Some(&("title" | "style"))) {
        return;
    }
    assert!(!text.contains('>'), "{text}");
    let mut parts = text.split('&');
    let mut read = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, behind) = part.split_once(';').expect("a character's name");
        read.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#39" => '\'',
            other => panic!("&{other};"),
        });
        read += behind;
    }
    if open.contains(&"code") {
        *code += &read;
    } else {
        *prose += &read;
    }
}

/// Letters and digits only: the characters between them depend on the format.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Markdown may strip blanks at the ends of a line of code.
fn lines(code: &str) -> Vec<&str> {
    code.lines().map(str::trim).collect()
}

#[test]
fn html_and_markdown_agree_and_foreign_text_is_text() {
    for text in TEXTS.into_iter().chain(FOR_A_PAGE) {
        let (entries, verified) = journal(text);
        let moment = Moment {
            ticket: Some(text),
            ..moment()
        };
        let page = export(&entries, &verified, Format::Html, &moment);
        let (code, prose) = read_page(&page);
        assert!(!prose.contains("evil"), "{prose}");
        assert!(code.contains(&*clean(text, 300)), "whole: {text}");
        let sheet = export(&entries, &verified, Format::Markdown, &moment);
        let (markdown_code, markdown_prose) = read_back(&sheet);
        assert_eq!(lines(&code), lines(&markdown_code), "{text}");
        assert_eq!(letters(&prose), letters(&markdown_prose), "{text}");
        let style = page.split("<style>").nth(1).expect("a style");
        let style = style.split("</style>").next().expect("its end");
        assert!(!style.contains("url(") && !style.contains("@import"));
    }
}
