//! Known facts about files.

use jiff::Timestamp;

use super::State;
use crate::explain::Explanation;
use crate::guard::{KnownFile, KnownIndicators};
use crate::message::{FileNews, IndicatorNews};
use crate::model::FileFacts;

impl State {
    /// Applies news about a file.
    pub(super) fn apply_file(&mut self, hash: Box<str>, news: FileNews, at: Timestamp) {
        match news {
            FileNews::Facts(result) => self.learn_file(hash, result, at),
            FileNews::ReadsSightings => self.sightings.change(hash, |read| read.loading = true),
            FileNews::Sightings(result) => {
                if let Ok(listed) = &result {
                    self.learn_machines(listed.items.clone(), at);
                }
                self.sightings.change(hash, |read| read.set(result, at));
            }
        }
    }

    /// Stores the facts by the hash of the lookup, and by SHA-1 if that differs.
    fn learn_file(
        &mut self,
        hash: Box<str>,
        result: Result<Option<Box<FileFacts>>, Explanation>,
        at: Timestamp,
    ) {
        if let Ok(Some(facts)) = &result
            && facts.sha1 != hash
        {
            let sha1 = facts.sha1.clone();
            let facts = Some(facts.clone());
            self.files.change(sha1, |read| read.set(Ok(facts), at));
        }
        self.files.change(hash, |read| read.set(result, at));
    }

    pub(super) fn apply_indicators(&mut self, news: IndicatorNews, at: Timestamp) {
        match news {
            IndicatorNews::Reading => self.indicators.loading = true,
            IndicatorNews::Read(result) => self.indicators.set(result, at),
        }
    }

    pub(super) fn known_indicators(&self) -> KnownIndicators<'_> {
        match (self.indicators.get(), &self.indicators.failure) {
            (Some(read), _) => KnownIndicators::Read {
                of_files: &read.of_files,
                total: read.total,
                is_complete: read.is_complete,
            },
            (None, Some(failure)) if !self.indicators.loading => {
                KnownIndicators::Failed(&failure.headline)
            }
            (None, _) => KnownIndicators::NotYet,
        }
    }

    pub(super) fn known_file(&self, sha1: &str) -> KnownFile<'_> {
        let Some(file) = self.files.get(sha1) else {
            return KnownFile::NotYet;
        };
        match (file.get(), &file.failure) {
            (Some(Some(facts)), _) => KnownFile::Known(facts),
            (Some(None), _) => KnownFile::Unknown,
            (None, Some(failure)) => KnownFile::Failed(&failure.headline),
            (None, None) => KnownFile::NotYet,
        }
    }
}
