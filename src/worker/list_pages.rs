//! Pages of the device list in their order, some of them prefetched.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::clock::monotonic_now;
use crate::api::{ApiError, Client, Cursor, Page};
use crate::model::Machine;

/// The maximum number of concurrent pages.
const SIDE_BY_SIDE: usize = 4;
/// The memory limit for them, by the size of the last page: four usual pages take less.
const MAX_BYTES: usize = 80 << 20;
/// The duration above which a page is slow.
pub(super) const SLOW_AFTER: Duration = Duration::from_secs(10);

pub(super) type PageResult = Result<Page<Machine>, ApiError>;

/// Starts a request in its own task.
type Ask = Box<dyn Fn(Cursor) -> JoinHandle<PageResult> + Send + Sync>;

/// The pages of a list, as if read one after the other; a prefetched page is used only if its cursor is the
/// next one.
pub(super) struct Pages {
    ask: Ask,
    /// The last known number of machines. Rows beyond are not prefetched.
    expected: usize,
    /// Prefetched pages, in the order of the list.
    ahead: VecDeque<Asked>,
    /// The maximum number of concurrent pages, given the last page.
    at_once: usize,
}

/// A page being read; dropping it aborts the request.
struct Asked {
    cursor: Cursor,
    page: JoinHandle<PageResult>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.page.abort();
    }
}

impl Pages {
    /// Pages of a list that had `expected` machines the last time, or any number.
    pub fn of(client: &Client, expected: usize) -> Self {
        let client = client.clone();
        let ask = move |cursor| {
            let client = client.clone();
            tokio::spawn(async move { client.machines_page(&cursor).await })
        };
        Self::new(Box::new(ask), expected)
    }

    fn new(ask: Ask, expected: usize) -> Self {
        Self {
            ask,
            expected,
            ahead: VecDeque::new(),
            at_once: 1,
        }
    }

    /// The page at `cursor`. Prefetches the next ones after a page whose next cursor is a row count.
    ///
    /// # Errors
    /// The page could not be read, after retries.
    pub async fn page(&mut self, cursor: &Cursor) -> PageResult {
        let first = self.ahead.pop_front();
        let first = first.filter(|asked| asked.cursor == *cursor);
        let mut first = first.unwrap_or_else(|| {
            self.ahead.clear();
            self.asked(cursor.clone())
        });
        while self.ahead.len() + 1 < self.at_once {
            let last = self.ahead.back().unwrap_or(&first);
            let next = last.cursor.following();
            let Some(next) = next.filter(|next| next.received() < self.expected) else {
                break;
            };
            let next = self.asked(next);
            self.ahead.push_back(next);
        }
        // The task is cancelled only with the whole runtime.
        let gone = |_| ApiError::Interrupted {
            host: Box::default(),
        };
        let begun = monotonic_now();
        let page = (&mut first.page).await.map_err(gone)??;
        // Concurrent pages would only share a slow connection.
        let goes_ahead = page.more.is_counted() && begun.elapsed() < SLOW_AFTER;
        self.at_once = if goes_ahead {
            max_concurrent(page.full_size)
        } else {
            1
        };
        Ok(page)
    }

    /// Whether there are rows after a short page that seemed to be the last one: the next page was prefetched,
    /// and is not empty.
    pub async fn has_more(&mut self) -> bool {
        let Some(mut next) = self.ahead.pop_front() else {
            return false;
        };
        let next = tokio::time::timeout(SLOW_AFTER, &mut next.page).await;
        matches!(next, Ok(Ok(Ok(page))) if !page.items.is_empty() || page.unreadable > 0)
    }

    fn asked(&self, cursor: Cursor) -> Asked {
        let page = (self.ask)(cursor.clone());
        Asked { cursor, page }
    }
}

/// Maximum number of concurrent pages of `full_size` bytes.
fn max_concurrent(full_size: usize) -> usize {
    (MAX_BYTES / full_size.max(1)).clamp(1, SIDE_BY_SIDE)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;
    use tokio::sync::oneshot;

    use super::*;
    use crate::api::More;

    /// The pending requests, and the senders that answer them.
    type Open = Arc<Mutex<Vec<(Cursor, oneshot::Sender<PageResult>)>>>;

    fn pages(expected: usize) -> (Pages, Open) {
        let open = Open::default();
        let asked = Arc::clone(&open);
        let ask = move |cursor| {
            let (sender, answer) = oneshot::channel();
            asked.lock().push((cursor, sender));
            tokio::spawn(async move { answer.await.expect("an answer") })
        };
        (Pages::new(Box::new(ask), expected), open)
    }

    fn page(rows: usize, more: More) -> Page<Machine> {
        let machine = |n| crate::model::MachineId::parse(&format!("a{n}")).map(Machine::bare);
        Page {
            items: (0..rows).filter_map(|n| machine(n).ok()).collect(),
            overlap: 0,
            unreadable: 0,
            full_size: 0,
            more,
        }
    }

    fn answer(open: &Open, place: usize, page: Page<Machine>) {
        let (_, sender) = open.lock().remove(place);
        assert!(sender.send(Ok(page)).is_ok(), "it is awaited");
    }

    /// The first cursors.
    fn places() -> Vec<Cursor> {
        std::iter::successors(Some(Cursor::start()), Cursor::following)
            .take(8)
            .collect()
    }

    fn asked(open: &Open) -> Vec<Cursor> {
        open.lock().iter().map(|(at, _)| at.clone()).collect()
    }

    /// Reads a page, with this answer.
    async fn read(pages: &mut Pages, open: &Open, at: &Cursor, answered: Page<Machine>) {
        let (page, ()) = tokio::join!(pages.page(at), async {
            answer(open, 0, answered);
        });
        assert!(page.is_ok());
    }

    #[tokio::test]
    async fn pages_are_prefetched_only_after_a_counted_cursor() {
        let (mut pages, open) = pages(usize::MAX);
        let places = places();
        let more_after = |n: usize| page(2, More::Next(places[n].clone()));
        read(&mut pages, &open, &places[0], more_after(1)).await;
        assert!(asked(&open).is_empty(), "one alone at first");
        // The others are prefetched while the first of them is awaited.
        for n in 1..4 {
            let (page, ()) = tokio::join!(pages.page(&places[n]), async {
                assert_eq!(asked(&open), places[n..n + 4]);
                answer(&open, 0, more_after(n + 1));
            });
            assert!(page.is_ok());
        }
    }

    #[tokio::test]
    async fn rows_beyond_the_last_known_count_are_not_prefetched() {
        let (mut pages, open) = pages(25_000);
        let places = places();
        let more_after = |n: usize| page(2, More::Next(places[n].clone()));
        for (n, under_way) in [(0, 0), (1, 1), (2, 0), (3, 0)] {
            let (page, ()) = tokio::join!(pages.page(&places[n]), async {
                answer(&open, 0, more_after(n + 1));
            });
            assert!(page.is_ok());
            assert_eq!(asked(&open), places[n + 1..=n + under_way]);
        }
    }

    #[test]
    fn large_pages_reduce_concurrency() {
        assert_eq!(
            [0, 20 << 20, 30 << 20, 48 << 20].map(max_concurrent),
            [4, 4, 2, 1]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn slow_connection_reads_one_page_at_a_time() {
        for (secs, under_way) in [(9, 3), (11, 0)] {
            let (mut pages, open) = pages(usize::MAX);
            let places = places();
            let more_after = |n: usize| page(2, More::Next(places[n].clone()));
            let (first, ()) = tokio::join!(pages.page(&places[0]), async {
                tokio::time::sleep(Duration::from_secs(secs)).await;
                answer(&open, 0, more_after(1));
            });
            assert!(first.is_ok());
            read(&mut pages, &open, &places[1], more_after(2)).await;
            assert_eq!(asked(&open).len(), under_way, "{secs}");
        }
    }

    #[tokio::test]
    async fn prefetched_pages_are_aborted_on_another_cursor() {
        let (mut pages, open) = pages(usize::MAX);
        let places = places();
        let more_after = |n: usize| page(2, More::Next(places[n].clone()));
        read(&mut pages, &open, &places[0], more_after(1)).await;
        read(&mut pages, &open, &places[1], more_after(7)).await;
        let mut given_up = std::mem::take(&mut *open.lock());
        assert_eq!(given_up.len(), 3);
        read(&mut pages, &open, &places[7], more_after(1)).await;
        for (_, sender) in &mut given_up {
            sender.closed().await;
        }
        // Dropping the reader aborts them too.
        let mut left = std::mem::take(&mut *open.lock());
        assert!(!left.is_empty());
        drop(pages);
        for (_, sender) in &mut left {
            sender.closed().await;
        }
    }

    #[tokio::test]
    async fn rows_after_a_short_page_show_that_it_was_not_the_last() {
        for (rows, more) in [(0, false), (3, true)] {
            let (mut pages, open) = pages(usize::MAX);
            let places = places();
            let next = More::Next(places[1].clone());
            read(&mut pages, &open, &places[0], page(2, next)).await;
            read(&mut pages, &open, &places[1], page(1, More::No)).await;
            answer(&open, 0, page(rows, More::No));
            assert_eq!(pages.has_more().await, more);
        }
        let (mut pages, _open) = pages(usize::MAX);
        assert!(!pages.has_more().await, "none was prefetched");
    }
}
