//! The only place that writes to the terminal.

use std::io::Write;
use std::process::ExitCode;

use crate::explain::Explanation;
use crate::model::visible;
use crate::platform;

/// A line for standard output. A closed pipe is no reason to panic. File names and other outside
/// text cannot control the terminal: control characters are escaped.
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

/// Writes one line. Line breaks stay; other invisible characters are shown.
pub fn line(to: &mut impl Write, text: &str) {
    writeln!(to, "{}", drawn(text)).ok();
}

fn drawn(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(visible).collect();
    lines.join("\n")
}

/// Says why the program ends: on standard error or, without one, in a message box.
pub fn stop(text: &str) {
    line(&mut std::io::stderr(), text);
    show_box(text);
}

/// Says what failed, on standard error. Returns the exit code of a failure.
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

/// Writes an export to standard output.
#[must_use]
pub fn export(text: &str) -> ExitCode {
    if platform::output_is_closed() {
        say_error!("The export was not written: standard output is closed");
        return ExitCode::FAILURE;
    }
    export_to(&mut std::io::stdout(), text)
}

/// Writes it as it would be in a file. A truncated export must not pass for a whole one.
fn export_to(to: &mut impl Write, text: &str) -> ExitCode {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let written = write!(to, "{text}{end}").and_then(|()| to.flush());
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say_error!("The export was not written to its end: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Accepts a few bytes, like a disk that is nearly full.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            if taken == 0 && !bytes.is_empty() {
                return Err(std::io::ErrorKind::StorageFull.into());
            }
            Ok(taken)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_export_that_was_not_written_to_its_end_fails() {
        let text = "\"entry\"\r\n";
        assert_eq!(
            export_to(&mut Full(text.len() - 1), text),
            ExitCode::FAILURE
        );
        let mut written = Vec::new();
        assert_eq!(export_to(&mut written, text), ExitCode::SUCCESS);
        assert_eq!(written, text.as_bytes(), "no empty row behind it");
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        let mut written = Vec::new();
        let name = "journal-\u{1b}]0;owned\u{7}\u{202e}.sqlite";
        line(&mut written, &format!("a {name}\n  b"));
        let text = String::from_utf8(written).expect("text");
        assert_eq!(
            text,
            "a journal-\\u{1b}]0;owned\\u{7}\\u{202e}.sqlite\n  b\n"
        );
    }
}
