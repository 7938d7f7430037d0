use crate::model::visible;
use crate::say;

/// One line of the report.
pub(super) struct Line {
    what: &'static str,
    level: Level,
    /// The finding; without secrets, safe to paste.
    pub found: String,
    /// The remedy, if something is wrong.
    pub remedy: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Good,
    /// May be intended, or may be the fault.
    Note,
    Bad,
}

impl Line {
    pub fn good(what: &'static str, found: impl Into<String>) -> Self {
        Self {
            what,
            level: Level::Good,
            found: found.into(),
            remedy: None,
        }
    }

    pub fn note(what: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            level: Level::Note,
            ..Self::bad(what, found, remedy)
        }
    }

    pub fn bad(what: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            what,
            level: Level::Bad,
            found: found.into(),
            remedy: Some(remedy.into()),
        }
    }

    /// Whether something has to be fixed.
    pub fn is_bad(&self) -> bool {
        self.level == Level::Bad
    }

    /// Prints the line, with the home folder shortened.
    pub fn print(&self, home: Option<&str>) {
        // A line break in a folder's name would look like a new line of the report.
        let shortened = |text: &str| match home {
            Some(home) if home.len() > 1 => text.replace(home, "~"),
            _no_home => text.to_owned(),
        };
        let shortened = |text: &str| visible(&shortened(text)).into_owned();
        let word = match self.level {
            Level::Good => "ok   ",
            Level::Note => "note ",
            Level::Bad => "FIX  ",
        };
        say!("{word}  {}: {}", self.what, shortened(&self.found));
        if let Some(remedy) = &self.remedy {
            say!("       {}", shortened(remedy));
        }
    }
}
