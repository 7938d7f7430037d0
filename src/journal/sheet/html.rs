//! The sheet as one self-contained page for printer or browser, without scripts or external
//! resources. Other people's text is isolated from the surrounding text direction.

use std::fmt::{Result, Write as _};

use super::line::{Line, Piece};
use super::{NOTHING, Sheet, TITLE};

/// Forbids the browser to load or run anything, even if escaping fails.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
/// Black on white for printing; a device and its lines are not split across pages.
const STYLE: &str = "\
@page{margin:18mm 15mm}\
body{font:10.5pt/1.45 Inter,system-ui,sans-serif;color:#111;background:#fff;max-width:52rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:18pt;margin:0 0 .6rem}\
h2{font-size:12.5pt;margin:1.4rem 0 .4rem;border-bottom:1px solid #777;break-after:avoid}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0}\
dt{color:#444}dd{margin:0;overflow-wrap:anywhere}\
ul{margin:.2rem 0;padding-left:1.2rem}li{overflow-wrap:anywhere}\
section>ul>li{margin:.5rem 0;break-inside:avoid}section>ul>li>ul{color:#333}\
code{font:9.5pt/1.4 'JetBrains Mono',ui-monospace,monospace;background:#eee;padding:0 .2em;unicode-bidi:isolate;white-space:pre-wrap}\
footer{margin-top:1.6rem;border-top:1px solid #777;padding-top:.4rem;color:#333}\
@media print{body{max-width:none;margin:0;padding:0}code{background:none;padding:0}}";

pub fn html(sheet: &Sheet) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    write(&mut out, sheet).ok();
    out
}

fn write(out: &mut String, sheet: &Sheet) -> Result {
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{TITLE}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{TITLE}</h1>\n<dl>\n"
    )?;
    for (name, line) in &sheet.facts {
        writeln!(out, "<dt>{name}</dt><dd>{}</dd>", text(line))?;
    }
    writeln!(out, "</dl>\n<p>{}</p>", escaped(sheet.note))?;
    for block in &sheet.blocks {
        writeln!(out, "<section>\n<h2>{}</h2>", escaped(&block.title))?;
        if block.items.is_empty() {
            writeln!(out, "<p>{NOTHING}</p>")?;
        } else {
            writeln!(out, "<ul>")?;
            for item in &block.items {
                write!(out, "<li>{}<ul>", text(&item.head))?;
                for line in &item.more {
                    write!(out, "<li>{}</li>", text(line))?;
                }
                writeln!(out, "</ul></li>")?;
            }
            writeln!(out, "</ul>")?;
        }
        writeln!(out, "</section>")?;
    }
    let (records, hash) = (sheet.records, escaped(&sheet.last_hash));
    writeln!(
        out,
        "<footer>{records} journal records, last hash <code>{hash}</code></footer>\n</body>\n</html>"
    )
}

fn text(line: &Line) -> String {
    line.0.iter().map(piece).collect()
}

fn piece(piece: &Piece) -> String {
    let text = escaped(&piece.text);
    let text = if piece.is_foreign {
        format!("<code dir=\"auto\">{text}</code>")
    } else {
        text
    };
    if piece.is_strong {
        format!("<strong>{text}</strong>")
    } else {
        text
    }
}

/// Replaces markup characters with character references.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
