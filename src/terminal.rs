//! Writing to the terminal. The only place that may: everything else is for the window.

use std::io::Write;

use crate::model::visible;

/// A line for standard output. A closed pipe is no reason to panic. Names of files and whatever else
/// comes from outside cannot steer the terminal: what would is written as an escape.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => {
        $crate::terminal::line(&mut std::io::stdout(), &format!($($text)*))
    };
}

/// A line for standard error.
#[macro_export]
macro_rules! say_error {
    ($($text:tt)*) => {
        $crate::terminal::line(&mut std::io::stderr(), &format!($($text)*))
    };
}

/// Writes one line; breaks between lines stay, all else that is not drawn becomes visible.
pub fn line(to: &mut impl Write, text: &str) {
    let lines: Vec<_> = text.split('\n').map(visible).collect();
    writeln!(to, "{}", lines.join("\n")).ok();
}

/// Writes an export to standard output, as it would stand in a file.
pub fn export(text: &str) {
    writeln!(std::io::stdout(), "{text}").ok();
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_cannot_steer_the_terminal() {
        let mut written = Vec::new();
        let name = "journal-\u{1b}]0;owned\u{7}\u{202e}.sqlite";
        super::line(&mut written, &format!("a {name}\n  b"));
        let text = String::from_utf8(written).expect("text");
        assert_eq!(
            text,
            "a journal-\\u{1b}]0;owned\\u{7}\\u{202e}.sqlite\n  b\n"
        );
    }
}
