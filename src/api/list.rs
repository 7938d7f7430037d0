//! Lists of the service, page by page, within bounds.

use std::collections::HashSet;

use jiff::Timestamp;
use url::Url;

use super::odata::{self, Stop};
use super::rate_limit::Lane;
use super::transport::Limits;
use super::wire::{self, Listing, Noun};
use super::{ActionFilter, ApiError, Client};
use crate::model::{HeapBytes as _, Machine, MachineAction};

/// One page of a list.
#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Elements that could not be read.
    pub unreadable: usize,
    pub more: More,
    /// The service's own time.
    pub date: Option<Timestamp>,
}

/// Whether there is another page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum More {
    No,
    Next(Cursor),
    /// There may be, but it cannot be had; says why.
    Stopped(String),
}

/// A place in the list of machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    url: Url,
    /// The same position with smaller pages, for when a page does not arrive.
    fewer: Option<Url>,
    /// Machines at a time.
    top: usize,
    /// Elements before it.
    received: usize,
}

/// A list of all pages.
#[derive(Debug)]
pub struct Complete<T> {
    /// Each once, in the service's order.
    pub items: Vec<T>,
    /// Elements that could not be read: what is looked for may be among them.
    pub unreadable: usize,
    /// Whether every page was had.
    pub complete: bool,
    /// The service's own time, at the first page.
    pub date: Option<Timestamp>,
}

impl<T> Complete<T> {
    /// Before the first page.
    pub(super) const fn empty() -> Self {
        Self {
            items: Vec::new(),
            unreadable: 0,
            complete: true,
            date: None,
        }
    }
}

impl Client {
    /// Cursor at the start of the list of machines.
    #[must_use]
    pub fn first_machines(&self) -> Cursor {
        self.machines_from(odata::MACHINES_TOP, 0)
    }

    fn machines_from(&self, top: usize, received: usize) -> Cursor {
        let at = |top| odata::machines(&self.0.endpoints.api, top, received);
        let few = odata::FEW_MACHINES_TOP;
        Cursor {
            url: at(top),
            fewer: (top > few).then(|| at(few)),
            top,
            received,
        }
    }

    /// How many bytes of answers have come so far.
    #[must_use]
    pub fn received_bytes(&self) -> u64 {
        self.0.http.received()
    }

    /// Up to 10,000 machines from `cursor` on; where a full page does not come, smaller ones.
    ///
    /// # Errors
    /// When the page could not be read, after repeats.
    pub async fn machines_page(&self, cursor: &Cursor) -> Result<Page<Machine>, ApiError> {
        let urls: Vec<&Url> = [&cursor.url].into_iter().chain(&cursor.fewer).collect();
        let read = self
            .list_at::<Machine>(&urls, Lane::Refresh, Limits::MACHINE_LIST)
            .await;
        let (listing, stop, date, used) = match read {
            // The documentation has a 404 for "no recent machines"; after some it is no end.
            Err(ApiError::Refused(refusal)) if refusal.is_not_found() && cursor.received == 0 => {
                return Ok(Page {
                    items: Vec::new(),
                    unreadable: 0,
                    more: More::No,
                    date: None,
                });
            }
            other => other?,
        };
        let received = cursor.received.saturating_add(listing.received());
        let top = if used == 0 {
            cursor.top
        } else {
            odata::FEW_MACHINES_TOP
        };
        let counted = self.machines_from(top, received);
        let more = match stop.or(stops_at(&listing, None)) {
            Some(stop) => More::Stopped(stop.to_string()),
            None => self
                .next(urls[used], &listing, top, || counted.url.clone())
                .map_or(More::No, |url| {
                    let fewer = counted.fewer.filter(|_| url == counted.url);
                    More::Next(Cursor {
                        url,
                        fewer,
                        top,
                        received,
                    })
                }),
        };
        Ok(Page {
            items: listing.items,
            unreadable: listing.unreadable,
            more,
            date,
        })
    }

    /// The page after `present`. With `$top` the service sends no link, so pages are counted. A
    /// link is followed when our token may go there; one that is foreign or malformed is not, and
    /// the pages are counted instead, where there is something to count.
    pub(super) fn next<T>(
        &self,
        present: &Url,
        page: &Listing<T>,
        full: usize,
        counted: impl FnOnce() -> Url,
    ) -> Option<Url> {
        let Some(link) = &page.next_link else {
            return (page.received() >= full).then(counted);
        };
        match odata::next_page(&self.0.endpoints, present, link) {
            Ok(linked) => Some(linked),
            Err(stop) => {
                tracing::debug!(%stop, "a link to the next page was not followed");
                (page.received() > 0).then(counted)
            }
        }
    }

    /// All actions that match, newest first, of all pages.
    ///
    /// # Errors
    /// When a page could not be read, after repeats. Nothing is returned then: half a history
    /// would look like a whole one.
    pub async fn machine_actions(
        &self,
        filter: &ActionFilter,
        lane: Lane,
    ) -> Result<Complete<MachineAction>, ApiError> {
        let mut all = Complete::empty();
        let mut seen = HashSet::new();
        let (mut traffic, mut kept) = (0_usize, 0_usize);
        let is_full =
            |kept, traffic| kept > filter.max_bytes() || traffic > odata::MAX_LIST_TRAFFIC;
        for text in filter.texts() {
            let (mut received, mut pages) = (0, 0);
            let mut url = Some(odata::machine_actions(&self.0.endpoints.api, &text, 0));
            let mut asked: HashSet<Url> = url.iter().cloned().collect();
            while let Some(present) = url {
                let (page, stop, date) = self
                    .list::<MachineAction>(&present, lane, Limits::ACTION_LIST)
                    .await?;
                pages += weight(&page);
                received += page.received();
                url = self.next(&present, &page, odata::ACTIONS_TOP, || {
                    odata::machine_actions(&self.0.endpoints.api, &text, received)
                });
                let stop = stop.or(stops_at(&page, url.as_ref()));
                traffic = traffic.saturating_add(page.bytes);
                all.date = all.date.or(date);
                all.unreadable += page.unreadable;
                let (before, came) = (all.items.len(), page.items.len());
                all.items.extend(
                    page.items
                        .into_iter()
                        .filter(|action| seen.insert(action.id.clone())),
                );
                let new = all.items.len() - before;
                kept += all.items[before..].iter().map(listed).sum::<usize>();
                // Pages that shift while they are read bring some twice, and may leave some out.
                all.complete &= new == came;
                let is_known = url.as_ref().is_some_and(|next| !asked.insert(next.clone()));
                let repeats = is_known || url.is_some() && new == 0 && came > 0;
                let stop = stop
                    .or(repeats.then_some(Stop::Looping))
                    .or((url.is_some() && pages >= odata::MAX_PAGES).then_some(Stop::TooMany))
                    .or((url.is_some() && is_full(kept, traffic)).then_some(Stop::TooMuch));
                if let Some(stop) = stop {
                    tracing::debug!(%stop, "paging stopped");
                    all.complete = false;
                    url = None;
                }
            }
            // What the other calls would bring is left out.
            if is_full(kept, traffic) {
                break;
            }
        }
        Ok(all)
    }

    /// One page, with the reason if no page may follow it, and the service's time.
    pub(super) async fn list<T: Noun>(
        &self,
        url: &Url,
        lane: Lane,
        limits: Limits,
    ) -> Result<(Listing<T>, Option<Stop>, Option<Timestamp>), ApiError> {
        let (listing, stop, date, _) = self.list_at(&[url], lane, limits).await?;
        Ok((listing, stop, date))
    }

    /// [`Self::list`] at the first of these URLs that answers, with that URL.
    async fn list_at<T: Noun>(
        &self,
        urls: &[&Url],
        lane: Lane,
        limits: Limits,
    ) -> Result<(Listing<T>, Option<Stop>, Option<Timestamp>, usize), ApiError> {
        let (listing, answer, used) = self.read_at(urls, lane, limits, wire::list).await?;
        let stop = (answer.status == 206).then_some(Stop::Partial);
        Ok((listing, stop, answer.date(), used))
    }
}

/// Memory of a listed action; its id is stored once more among those that were seen.
fn listed(action: &MachineAction) -> usize {
    action.bytes() + action.id.bytes()
}

/// Weight of a page towards the limit: empty pages weigh more, so that few of them are read.
fn weight<T>(page: &Listing<T>) -> usize {
    match page.received() {
        0 => odata::MAX_PAGES / odata::MAX_EMPTY_PAGES,
        _ => 1,
    }
}

/// Why there is no going on from a page to `next`. An empty one that names another is no end of a list,
/// and one with more than was asked for says nothing of where the next one begins.
pub(super) fn stops_at<T>(page: &Listing<T>, next: Option<&Url>) -> Option<Stop> {
    let is_empty = page.received() == 0 && page.next_link.is_some() && next.is_none();
    let is_too_large = page.is_too_large.then_some(Stop::TooMuch);
    let is_overfull = page.is_overfull.then_some(Stop::Overfull);
    is_too_large
        .or(is_overfull)
        .or(is_empty.then_some(Stop::Partial))
}
