//! State of the journal's file and of exports from it.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::explain::Explanation;
use crate::journal::Report;
use crate::message::{JournalNews, Written};

/// The journal's file, the result of its verification, and exports.
#[derive(Debug, Default)]
pub struct JournalFacts {
    pub file: Option<PathBuf>,
    /// Other journals in its folder that a user has put aside.
    pub put_aside: Vec<PathBuf>,
    pub is_verifying: bool,
    pub verdict: Option<(Timestamp, Result<Report, Explanation>)>,
    pub is_exporting: bool,
    /// The last export.
    pub export: Option<Result<Written, Explanation>>,
    /// The number of exports in this run.
    pub exports: usize,
}

impl JournalFacts {
    pub(super) fn apply(&mut self, news: JournalNews) {
        match news {
            JournalNews::Found { file, put_aside } => {
                self.file = Some(file);
                self.put_aside = put_aside;
            }
            JournalNews::Verifying => self.is_verifying = true,
            JournalNews::Verified { at, result } => {
                self.is_verifying = false;
                self.verdict = Some((at, result));
            }
            JournalNews::Exporting => self.is_exporting = true,
            JournalNews::Exported(result) => {
                self.is_exporting = false;
                self.export = Some(result);
                self.exports += 1;
            }
        }
    }
}
