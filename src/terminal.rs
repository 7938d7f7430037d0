//! Writing to the terminal. The only place that may: everything else is for the window.

/// A line for standard output. A closed pipe is no reason to panic.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stdout(), $($text)*).ok();
    }};
}

/// A line for standard error.
#[macro_export]
macro_rules! say_error {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stderr(), $($text)*).ok();
    }};
}
