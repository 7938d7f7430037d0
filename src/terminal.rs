//! Writing to the terminal. The only place that may: everything else is for the window.

use std::io::Write;
use std::process::ExitCode;

use crate::explain::Explanation;
use crate::model::visible;
use crate::platform;

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
    writeln!(to, "{}", drawn(text)).ok();
}

fn drawn(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(visible).collect();
    lines.join("\n")
}

/// Says why the program ends: on standard error, and where there is none in a box of its own.
pub fn stop(text: &str) {
    line(&mut std::io::stderr(), text);
    show_box(text);
}

/// Says what failed, on standard error; the exit code is that of a failure.
pub fn fail(explanation: &Explanation) -> ExitCode {
    say_error!("{}", explanation.headline);
    for detail in &explanation.details {
        say_error!("  {detail}");
    }
    ExitCode::FAILURE
}

/// Shows a text in a box where there is no terminal to write to, as after a start by a shortcut.
pub fn show_box(text: &str) {
    platform::message_box(&drawn(text));
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
