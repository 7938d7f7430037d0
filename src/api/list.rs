//! Paged lists of the service, within bounds.

use std::collections::HashSet;

use url::Url;

use super::odata::{self, Stop};
use super::rate_limit::Lane;
use super::transport::Limits;
use super::wire::{self, Listing, Noun};
use super::{ActionFilter, ApiError, Client};
use crate::model::{HeapBytes as _, Listed, Machine, MachineAction, MachineActionId};

#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Number of elements repeated from the previous page, unless the list has changed in between.
    pub overlap: usize,
    /// Number of elements that could not be parsed.
    pub unreadable: usize,
    /// Memory in bytes that a full page of such elements takes while it is parsed.
    pub full_size: usize,
    pub more: More,
}

/// Whether there is another page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum More {
    No,
    Next(Cursor),
    /// There may be another page, but it cannot be fetched, for this reason.
    Stopped(String),
}

impl More {
    /// Whether the next page, and those after it, are addressed by offset.
    #[must_use]
    pub const fn is_counted(&self) -> bool {
        matches!(self, Self::Next(Cursor { link: None, .. }))
    }
}

/// A position in the list of machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The service's link to the page; without one, `$skip` is used.
    link: Option<Url>,
    top: usize,
    /// Number of elements before it.
    received: usize,
}

impl Cursor {
    /// Start of the list, in full pages.
    #[must_use]
    pub const fn start() -> Self {
        Self::counted(odata::MACHINES_TOP, 0)
    }

    /// Start of the list, in small pages that arrive sooner.
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

    /// Number of elements before it.
    #[must_use]
    pub const fn received(&self) -> usize {
        self.received
    }

    /// The next position if this page is full; `None` if only the page itself can name it.
    #[must_use]
    pub fn following(&self) -> Option<Self> {
        let is_full_size = self.link.is_none() && self.top == odata::MACHINES_TOP;
        let end = self.received + self.top - self.overlap();
        is_full_size.then(|| Self::counted(self.top, end))
    }

    /// Number of elements requested again from the previous page. The service guarantees no order,
    /// and a removed element shifts all later ones, so that one could be skipped. If exactly the
    /// last element is repeated, nothing has shifted there.
    const fn overlap(&self) -> usize {
        if self.link.is_none() && self.received > 0 {
            1
        } else {
            0
        }
    }

    /// URL of the page; `top` applies if it is addressed by offset.
    fn url(&self, api: &Url, top: usize) -> Url {
        let counted = || odata::machines(api, top, self.received - self.overlap());
        self.link.clone().unwrap_or_else(counted)
    }

    /// Page size for a retry if a full page does not arrive.
    fn fewer(&self) -> Option<usize> {
        let few = odata::FEW_MACHINES_TOP;
        (self.link.is_none() && self.top > few).then_some(few)
    }
}

impl Client {
    /// Bytes of machine lists received so far.
    #[must_use]
    pub fn received_bytes(&self) -> u64 {
        self.0.http.progress().bytes()
    }

    /// Whether a page of a machine list was requested and is not complete yet.
    #[must_use]
    pub fn is_page_pending(&self) -> bool {
        self.0.http.progress().pending() > 0
    }

    /// Up to 10,000 machines from `cursor` on, or a smaller page if a full one does not arrive.
    ///
    /// # Errors
    /// When the page could not be read, after retries.
    pub async fn machines_page(&self, cursor: &Cursor) -> Result<Page<Machine>, ApiError> {
        let tops = std::iter::once(cursor.top).chain(cursor.fewer());
        let urls = tops.map(|top| cursor.url(&self.0.endpoints.api, top));
        let urls: Vec<Url> = urls.collect();
        let each: Vec<&Url> = urls.iter().collect();
        let read = self
            .list_at::<Machine>(&each, Lane::Refresh, Limits::MACHINE_LIST)
            .await;
        let (listing, stop, used) = match read {
            // The documentation has a 404 for "no recent machines"; on a later page it is an error.
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

    /// Whether there is a page of machines after `present`; `counted` is its position by offset.
    fn more_machines(&self, present: &Url, page: &Listing<Machine>, counted: Cursor) -> More {
        let by_count = counted.url(&self.0.endpoints.api, counted.top);
        match self.next(present, page, counted.top, || by_count.clone()) {
            None => More::No,
            // The page has only the repeated last element of the previous page.
            Some(next) if next == *present => More::Stopped(Stop::Looping.to_string()),
            Some(next) if next == by_count => More::Next(counted),
            Some(next) => More::Next(Cursor {
                link: Some(next),
                ..counted
            }),
        }
    }

    /// The page after `present`. With `$top` the service sends no link, so offsets are used. A link
    /// is followed only if our token may be sent there; otherwise offsets are used, unless the page
    /// was empty.
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

    /// All matching machine actions, newest first, from all pages.
    ///
    /// # Errors
    /// When a page could not be read, after retries. Nothing is returned then: a partial history
    /// would look complete.
    pub async fn machine_actions(
        &self,
        filter: &ActionFilter,
        lane: Lane,
    ) -> Result<Listed<MachineAction>, ApiError> {
        let mut read = ActionList::default();
        let is_full = |read: &ActionList| {
            read.memory > filter.max_bytes() || read.traffic > odata::MAX_LIST_TRAFFIC
        };
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
                let is_repeat = read.add(page);
                let stop = stop.or_else(|| {
                    let is_known = !asked.insert(url.clone()?);
                    if is_known || is_repeat {
                        Some(Stop::Looping)
                    } else if pages >= odata::MAX_PAGES {
                        Some(Stop::TooMany)
                    } else {
                        is_full(&read).then_some(Stop::TooMuch)
                    }
                });
                if let Some(stop) = stop {
                    tracing::debug!(%stop, "paging stopped");
                    read.all.is_cut = true;
                    break;
                }
            }
            // The remaining requests are skipped.
            if is_full(&read) {
                break;
            }
        }
        Ok(read.all)
    }

    /// A list that fits into one page of `top` elements.
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

    /// [`Self::list`] with the first of these URLs that works, and its index.
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

/// Actions of the pages read so far.
#[derive(Default)]
struct ActionList {
    all: Listed<MachineAction>,
    seen: HashSet<MachineActionId>,
    /// Bytes of the response bodies.
    traffic: usize,
    /// Memory of the actions, in bytes.
    memory: usize,
}

impl ActionList {
    /// Adds a page; returns whether it has only known actions.
    fn add(&mut self, page: Listing<MachineAction>) -> bool {
        self.traffic = self.traffic.saturating_add(page.bytes);
        self.all.unreadable += page.unreadable;
        let received = page.items.len();
        let mut new = page.items;
        new.retain(|action| self.seen.insert(action.id.clone()));
        self.memory += new.iter().map(listed).sum::<usize>();
        // Pages that shift between requests repeat some actions and may miss others.
        self.all.is_cut |= new.len() != received;
        let is_repeat = new.is_empty() && received > 0;
        self.all.items.extend(new);
        is_repeat
    }
}

/// Memory of a listed action; its id is also stored in the set of seen ids.
fn listed(action: &MachineAction) -> usize {
    action.bytes() + action.id.bytes()
}

/// Weight of a page towards the page limit: empty pages weigh more, so that few are read.
fn weight<T>(page: &Listing<T>) -> usize {
    match page.received() {
        0 => odata::MAX_PAGES / odata::MAX_EMPTY_PAGES,
        _ => 1,
    }
}

/// Reason to stop before `next`. An empty page with an unusable link is not the end of the list,
/// and an overfull page does not show where the next one starts.
pub(super) fn stops_at<T>(page: &Listing<T>, next: Option<&Url>) -> Option<Stop> {
    let is_empty = page.received() == 0 && page.next_link.is_some() && next.is_none();
    let is_too_large = page.is_too_large.then_some(Stop::TooMuch);
    let is_overfull = page.is_overfull.then_some(Stop::Overfull);
    is_too_large
        .or(is_overfull)
        .or(is_empty.then_some(Stop::Partial))
}
