//! Wording of a verification report.

use super::{Checkpoint, Report};
use crate::files::RefusedFile;

impl Report {
    /// The verdict in one sentence.
    #[must_use]
    pub fn verdict(&self) -> String {
        let Checkpoint { records, last_hash } = &self.verified;
        if self.defects.is_empty() {
            format!("The chain is intact: {records} records, last hash {last_hash}")
        } else {
            self.headline().to_owned()
        }
    }

    /// Defects, remedies, cautions and checks that could not be made, one line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let records = self.verified.records;
        let kept = (!self.defects.is_empty())
            .then(|| format!("Keep the file as evidence; {records} records can be read"));
        let defects = self.defects.iter().map(ToString::to_string);
        let refused = self
            .refused
            .iter()
            .flat_map(|RefusedFile { path, problem }| {
                let whose = path.display();
                let what = format!("No console acts on this journal as it is: {whose} {problem}");
                [what, problem.remedy(path)]
            });
        let not_checked = self.not_checked.iter();
        let caution = self.caution.iter();
        let caution = caution.map(|caution| format!("{caution}. {}", caution.remedy()));
        defects
            .chain(kept)
            .chain(caution)
            .chain(refused)
            .chain(not_checked.map(|what| format!("Not checked: {what}")))
            .collect()
    }
}
