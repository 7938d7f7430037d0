//! Lists of the service, page by page, within bounds.

use std::collections::HashSet;

use url::Url;

use super::odata::{self, Stop};
use super::rate_limit::Lane;
use super::transport::Limits;
use super::wire::{self, Listing, Noun};
use super::{ActionFilter, ApiError, Client};
use crate::model::{HeapBytes as _, Listed, Machine, MachineAction};

/// One page of a list.
#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// How many of the elements were in the page before, unless the list has changed in between.
    pub overlap: usize,
    /// Elements that could not be read.
    pub unreadable: usize,
    /// Bytes of memory that a full page of such elements takes while it is read.
    pub full_size: usize,
    pub more: More,
}

/// Whether there is another page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum More {
    No,
    Next(Cursor),
    /// There may be, but it cannot be had; says why.
    Stopped(String),
}

impl More {
    /// Whether the next page is found by counting, and so are those after it.
    #[must_use]
    pub const fn is_counted(&self) -> bool {
        matches!(self, Self::Next(Cursor { link: None, .. }))
    }
}

/// A place in the list of machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The service's link to it; without one, elements are counted.
    link: Option<Url>,
    /// Machines at a time.
    top: usize,
    /// Elements before it.
    received: usize,
}

impl Cursor {
    /// Start of the list, in full pages.
    #[must_use]
    pub const fn start() -> Self {
        Self::counted(odata::MACHINES_TOP, 0)
    }

    /// Start of the list, in pages that come sooner.
    #[must_use]
    pub const fn short_start() -> Self {
        Self::counted(odata::FEW_MACHINES_TOP, 0)
    }

    const fn counted(top: usize, received: usize) -> Self {
        Self {
            link: None,
            top,
            received,
        }
    }

    /// How many elements are before it.
    #[must_use]
    pub const fn received(&self) -> usize {
        self.received
    }

    /// The place after this page if that comes full; `None` where only the page itself says so.
    #[must_use]
    pub fn following(&self) -> Option<Self> {
        let is_full_size = self.link.is_none() && self.top == odata::MACHINES_TOP;
        let end = self.received + self.top - self.overlap();
        is_full_size.then(|| Self::counted(self.top, end))
    }

    /// How many elements of the page before are asked for again. The service promises no order, and one
    /// element that goes moves all after it up: the next page would begin after one that nobody has read.
    /// That the last element comes twice, and no other, says that nothing has moved there.
    const fn overlap(&self) -> usize {
        if self.link.is_none() && self.received > 0 {
            1
        } else {
            0
        }
    }

    /// Address of its page, with this many machines where they are counted.
    fn url(&self, api: &Url, top: usize) -> Url {
        let counted = || odata::machines(api, top, self.received - self.overlap());
        self.link.clone().unwrap_or_else(counted)
    }

    /// Size of the pages that are asked for where one of the usual size does not arrive.
    fn fewer(&self) -> Option<usize> {
        let few = odata::FEW_MACHINES_TOP;
        (self.link.is_none() && self.top > few).then_some(few)
    }
}

impl Client {
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
        let tops = std::iter::once(cursor.top).chain(cursor.fewer());
        let urls = tops.map(|top| cursor.url(&self.0.endpoints.api, top));
        let urls: Vec<Url> = urls.collect();
        let each: Vec<&Url> = urls.iter().collect();
        let read = self
            .list_at::<Machine>(&each, Lane::Refresh, Limits::MACHINE_LIST)
            .await;
        let (listing, stop, used) = match read {
            // The documentation has a 404 for "no recent machines"; after some it is no end.
            Err(ApiError::Refused(refusal)) if refusal.is_not_found() && cursor.received == 0 => {
                return Ok(Page {
                    items: Vec::new(),
                    overlap: 0,
                    unreadable: 0,
                    full_size: 0,
                    more: More::No,
                });
            }
            other => other?,
        };
        let top = if used == 0 {
            cursor.top
        } else {
            odata::FEW_MACHINES_TOP
        };
        let new = listing.received().saturating_sub(cursor.overlap());
        let counted = Cursor::counted(top, cursor.received.saturating_add(new));
        let more = match stop.or(stops_at(&listing, None)) {
            Some(stop) => More::Stopped(stop.to_string()),
            None => self.more_machines(&urls[used], &listing, counted),
        };
        let each = (listing.bytes + listing.memory) / listing.received().max(1);
        Ok(Page {
            items: listing.items,
            overlap: cursor.overlap(),
            unreadable: listing.unreadable,
            full_size: each.saturating_mul(odata::MACHINES_TOP),
            more,
        })
    }

    /// Whether there is a page of machines after `present`; `counted` is where it begins if elements are
    /// counted.
    fn more_machines(&self, present: &Url, page: &Listing<Machine>, counted: Cursor) -> More {
        let by_count = counted.url(&self.0.endpoints.api, counted.top);
        match self.next(present, page, counted.top, || by_count.clone()) {
            None => More::No,
            // It brought nothing but the last element of the page before.
            Some(next) if next == *present => More::Stopped(Stop::Looping.to_string()),
            Some(next) if next == by_count => More::Next(counted),
            Some(next) => More::Next(Cursor {
                link: Some(next),
                ..counted
            }),
        }
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
    ) -> Result<Listed<MachineAction>, ApiError> {
        let mut all = Listed::default();
        let mut seen = HashSet::new();
        let (mut traffic, mut kept) = (0_usize, 0_usize);
        let is_full =
            |kept, traffic| kept > filter.max_bytes() || traffic > odata::MAX_LIST_TRAFFIC;
        for text in filter.texts() {
            let (mut received, mut pages) = (0, 0);
            let mut url = Some(odata::machine_actions(&self.0.endpoints.api, &text, 0));
            let mut asked: HashSet<Url> = url.iter().cloned().collect();
            while let Some(present) = url {
                let (page, stop) = self
                    .list::<MachineAction>(&present, lane, Limits::ACTION_LIST)
                    .await?;
                pages += weight(&page);
                received += page.received();
                url = self.next(&present, &page, odata::ACTIONS_TOP, || {
                    odata::machine_actions(&self.0.endpoints.api, &text, received)
                });
                let stop = stop.or(stops_at(&page, url.as_ref()));
                traffic = traffic.saturating_add(page.bytes);
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
                all.is_cut |= new != came;
                let is_known = url.as_ref().is_some_and(|next| !asked.insert(next.clone()));
                let repeats = is_known || url.is_some() && new == 0 && came > 0;
                let stop = stop
                    .or(repeats.then_some(Stop::Looping))
                    .or((url.is_some() && pages >= odata::MAX_PAGES).then_some(Stop::TooMany))
                    .or((url.is_some() && is_full(kept, traffic)).then_some(Stop::TooMuch));
                if let Some(stop) = stop {
                    tracing::debug!(%stop, "paging stopped");
                    all.is_cut = true;
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

    /// A list that comes in one page of `top` elements at the most.
    pub(super) async fn short_list<T: Noun>(
        &self,
        url: &Url,
        lane: Lane,
        top: usize,
    ) -> Result<Listed<T>, ApiError> {
        let (page, stop) = self.list::<T>(url, lane, Limits::ACTION_LIST).await?;
        Ok(page.alone(stop, top))
    }

    /// One page, with the reason if no page may follow it.
    pub(super) async fn list<T: Noun>(
        &self,
        url: &Url,
        lane: Lane,
        limits: Limits,
    ) -> Result<(Listing<T>, Option<Stop>), ApiError> {
        let (listing, stop, _) = self.list_at(&[url], lane, limits).await?;
        Ok((listing, stop))
    }

    /// [`Self::list`] at the first of these URLs that answers, with that URL.
    async fn list_at<T: Noun>(
        &self,
        urls: &[&Url],
        lane: Lane,
        limits: Limits,
    ) -> Result<(Listing<T>, Option<Stop>, usize), ApiError> {
        let (listing, answer, used) = self.read_at(urls, lane, limits, wire::list).await?;
        let stop = (answer.status == 206).then_some(Stop::Partial);
        Ok((listing, stop, used))
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
