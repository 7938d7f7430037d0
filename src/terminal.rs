//! The only place that writes to the terminal.

use std::io::Write;
use std::process::ExitCode;

use crate::explain::Explanation;
use crate::model::visible;
use crate::platform;

/// Prints a line to standard output. A closed pipe does not panic. File names and other outside
/// text cannot control the terminal: control characters are escaped.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => {
        $crate::terminal::line(&mut std::io::stdout(), &format!($($text)*))
    };
}

/// Prints a line to standard error.
#[macro_export]
macro_rules! say_error {
    ($($text:tt)*) => {
        $crate::terminal::line(&mut std::io::stderr(), &format!($($text)*))
    };
}

/// Writes one line. Line breaks are kept; other invisible characters are escaped.
pub fn line(to: &mut impl Write, text: &str) {
    writeln!(to, "{}", drawn(text)).ok();
}

fn drawn(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(visible).collect();
    lines.join("\n")
}

/// Prints why the program ends: to standard error or, without one, in a message box.
pub fn stop(text: &str) {
    line(&mut std::io::stderr(), text);
    show_box(text);
}

/// Prints a failure to standard error. Returns the exit code of a failure.
pub fn fail(explanation: &Explanation) -> ExitCode {
    say_error!("{}", explanation.headline);
    for detail in &explanation.details {
        say_error!("  {detail}");
    }
    ExitCode::FAILURE
}

/// Shows a text in a message box if there is no terminal, as after a start by a shortcut.
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

/// Writes it as to a file. A truncated export must not pass for a complete one.
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
    fn a_truncated_export_fails() {
        let text = "\"entry\"\r\n";
        assert_eq!(
            export_to(&mut Full(text.len() - 1), text),
            ExitCode::FAILURE
        );
        let mut written = Vec::new();
        assert_eq!(export_to(&mut written, text), ExitCode::SUCCESS);
        assert_eq!(written, text.as_bytes(), "no trailing empty row");
    }

    #[test]
    fn a_name_cannot_control_the_terminal() {
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
