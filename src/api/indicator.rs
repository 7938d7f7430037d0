//! The tenant's indicators.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::Deserialize;

use super::list::stops_at;
use super::rate_limit::Lane;
use super::transport::Limits;
use super::wire::Noun;
use super::{ApiError, Client, odata};
use crate::model::loose::Loose;
use crate::model::{
    HeapBytes as _, Indicator, IndicatorAction, Listed, MAX_INDICATORS, MachineActionId,
};

/// Maximum number of pages for all indicators; each has a few hundred at least.
const MAX_PAGES: usize = 100;

impl Client {
    /// The indicators of a file with these hashes. Needs `Ti.ReadWrite`.
    ///
    /// # Errors
    /// When the list could not be read, after retries.
    pub async fn indicators_of(
        &self,
        hashes: &[&str],
        lane: Lane,
    ) -> Result<Listed<Indicator>, ApiError> {
        let url = odata::indicators(&self.0.endpoints.api, hashes.iter().copied());
        let mut all = self.all_indicators(url, lane, Limits::ONE).await?;
        // The service may have ignored the filter.
        all.items
            .retain(|one| hashes.iter().any(|hash| one.is_about(hash)));
        Ok(all)
    }

    /// All indicators of the tenant that this account may see, of all kinds. Needs `Ti.ReadWrite`.
    ///
    /// # Errors
    /// When the list could not be read, after retries.
    pub async fn indicators(&self, lane: Lane) -> Result<Listed<Indicator>, ApiError> {
        let url = odata::path(&self.0.endpoints.api, &["indicators"]);
        self.all_indicators(url, lane, Limits::INDICATOR_LIST).await
    }

    async fn all_indicators(
        &self,
        first: url::Url,
        lane: Lane,
        limits: Limits,
    ) -> Result<Listed<Indicator>, ApiError> {
        let mut all = Listed::default();
        let mut seen: HashSet<MachineActionId> = HashSet::new();
        let mut url = Some(first.clone());
        let (mut pages, mut received, mut kept) = (0, 0, 0);
        let mut is_counted = false;
        while let Some(present) = url.take() {
            let (page, stop) = self.list::<Indicator>(&present, lane, limits).await?;
            pages += 1;
            received += page.received();
            all.unreadable += page.unreadable;
            // Without a link it is the last page: the service's page size is unknown, so a full
            // page cannot be recognised.
            let counted = odata::from_element(&first, received);
            let next = self.next(&present, &page, usize::MAX, || counted.clone());
            is_counted |= next.as_ref() == Some(&counted);
            let stop = stop.or(stops_at(&page, next.as_ref()));
            let (before, came) = (all.items.len(), page.items.len());
            let new = page.items.into_iter();
            all.items
                .extend(new.filter(|one| one.id.as_ref().is_none_or(|id| seen.insert(id.clone()))));
            let new = all.items.len() - before;
            kept += all.items[before..]
                .iter()
                .map(Indicator::bytes)
                .sum::<usize>();
            let is_stuck = new == 0 || pages >= MAX_PAGES;
            let is_full = all.items.len() > MAX_INDICATORS || kept > odata::MAX_LIST_BYTES;
            let has_next = stop.is_none() && !is_stuck && !is_full;
            // Offset pages that shift between requests repeat some elements and may miss others.
            all.is_cut |= stop.is_some() || is_counted && new < came;
            all.is_cut |= !has_next && next.is_some();
            url = next.filter(|_| has_next);
        }
        Ok(all)
    }
}

impl Noun for Indicator {
    const MAX_ITEMS: usize = 2 * MAX_INDICATORS;

    fn read(json: &str) -> Option<Self> {
        let wire: WireIndicator = serde_json::from_str(json).ok()?;
        Some(Self {
            id: wire.id.0.and_then(|id| MachineActionId::parse(&id).ok()),
            value: wire.indicator_value.0?,
            action: wire.action.0?,
            by: wire.created_by.0,
            created: wire.created.0,
            expires: wire.expiration_time.0,
            title: wire.title.0,
            description: wire.description.0,
        })
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireIndicator {
    id: Loose<Box<str>>,
    indicator_value: Loose<Box<str>>,
    action: Loose<IndicatorAction>,
    created_by: Loose<Box<str>>,
    #[serde(rename = "creationTimeDateTimeUtc")]
    created: Loose<Timestamp>,
    expiration_time: Loose<Timestamp>,
    title: Loose<Box<str>>,
    description: Loose<Box<str>>,
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn recorded_indicators_are_parsed() {
        let samples = include_str!("../../tests/fixtures/indicators.json");
        let samples: Value = serde_json::from_str(samples).expect("JSON");
        let body = samples["list_real"].to_string();
        let read = super::super::wire::list::<Indicator>(body.as_bytes()).expect("a list");
        let actions = read.items.iter().map(|one| &one.action);
        let (block, audit) = (IndicatorAction::BlockAndRemediate, IndicatorAction::Audit);
        assert!(actions.eq([&block, &audit, &IndicatorAction::Allowed]));
        let first = &read.items[0];
        assert!(
            first.is_about("BEC1b52d350d721c7e22a6d4bb0a92909893a3ae") && first.is_about_file()
        );
        let id = first.id.as_ref().map(MachineActionId::as_str);
        assert_eq!((id, first.tag()), (Some("7"), None));
        assert_eq!(first.by.as_deref(), Some("analyst@contoso.onmicrosoft.com"));
        assert_eq!(first.expires, "2024-12-12T00:00:00Z".parse().ok());
        let old = <Indicator as Noun>::read(&samples["entity_docs"].to_string())
            .expect("it has an action");
        assert_eq!(old.action, IndicatorAction::from_wire("AlertAndBlock"));
        assert!(<Indicator as Noun>::read(r#"{"indicatorValue":"ab","action":null}"#).is_none());
    }
}
