//! The sheet in Markdown. Other people's text is in code spans.

use std::fmt::{Result, Write as _};

use super::line::{Line, Piece};
use super::{NOTHING, Sheet, TITLE};

pub fn markdown(sheet: &Sheet) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    write(&mut out, sheet).ok();
    out
}

fn write(out: &mut String, sheet: &Sheet) -> Result {
    write!(out, "# {TITLE}\n\n")?;
    for (name, line) in &sheet.facts {
        writeln!(out, "- {name}: {}", text(line))?;
    }
    writeln!(out, "\n{}", sheet.note)?;
    for block in &sheet.blocks {
        write!(out, "\n## {}\n\n", block.title)?;
        for item in &block.items {
            writeln!(out, "- {}", text(&item.head))?;
            for line in &item.more {
                writeln!(out, "    - {}", text(line))?;
            }
        }
        if block.items.is_empty() {
            writeln!(out, "{NOTHING}")?;
        }
    }
    let (records, hash) = (sheet.records, &sheet.last_hash);
    writeln!(out, "\n{records} journal records, last hash `{hash}`")
}

fn text(line: &Line) -> String {
    line.0.iter().map(piece).collect()
}

fn piece(piece: &Piece) -> String {
    let text = if piece.is_foreign {
        code_span(&piece.text)
    } else {
        piece.text.to_string()
    };
    if piece.is_strong {
        format!("**{text}**")
    } else {
        text
    }
}

/// A fence longer than any run of backticks in the text.
fn code_span(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A space keeps a backtick at the edge out of the fence; readers strip both spaces.
    let edge = if longest > 0 || text.starts_with(' ') {
        " "
    } else {
        ""
    };
    format!("{fence}{edge}{text}{edge}{fence}")
}
