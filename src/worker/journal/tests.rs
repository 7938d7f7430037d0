use super::*;
use crate::journal::Journal;
use crate::journal::tests::{intended, orders};
use jiff::Timestamp;
use tokio::sync::mpsc;

fn sink(events: mpsc::Sender<Event>) -> EventSink {
    EventSink {
        sender: events,
        request_repaint: Arc::new(|| {}),
        on_event: Arc::new(|_| {}),
    }
}

/// An open journal, and the receiver of its subsequent events.
async fn opened(path: &Path) -> (Arc<JournalHandle>, mpsc::Receiver<Event>) {
    let (events, reported) = mpsc::channel(1_000);
    let sink = sink(events);
    let started = JournalHandle::start(path.into(), Mode::Demo, sink);
    let (handle, opening) = started.expect("a thread");
    let handle = Arc::new(handle);
    let opened = handle.show_opened(opening).await;
    assert!(opened.trouble.is_none(), "{:?}", opened.trouble);
    (handle, reported)
}

fn rejected(entry: EntryId, why: &str) -> (EntryId, Record) {
    (entry, Record::AttemptRejected { why: why.into() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn entries_are_shown_in_chain_order_under_concurrent_appends() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let (handle, mut reported) = opened(&path).await;
    let order = intended(orders().remove(0));
    let entry = order.0;
    handle.record_all(vec![order]).await.expect("written");
    let appends: Vec<_> = (0..40)
        .map(|n| {
            let handle = Arc::clone(&handle);
            tokio::spawn(async move {
                let record = rejected(entry, &format!("attempt {n}"));
                handle.record_all(vec![record]).await
            })
        })
        .collect();
    for append in appends {
        append.await.expect("ran").expect("written");
    }
    handle.close().await;
    let on_disk = Journal::open(&path)
        .expect("free again")
        .entries()
        .expect("readable");
    assert_eq!(*handle.entries()[0], on_disk[0]);
    let chain = on_disk[0].records();
    let shown = std::iter::from_fn(|| reported.try_recv().ok());
    let shown = shown.filter_map(|event| {
        let Event::Entry(entry) = event else {
            return None;
        };
        Some(entry.records().to_vec())
    });
    let shown: Vec<_> = shown.collect();
    assert_eq!(shown.len(), chain.len());
    for (n, shown) in shown.iter().enumerate() {
        assert_eq!(*shown, chain[..=n]);
    }
}

/// Windows does not remove open files.
#[cfg(unix)]
#[tokio::test]
async fn failed_write_adds_no_entry_and_stops_further_writes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let (handle, _reported) = opened(&path).await;
    assert!(handle.may_act());
    std::fs::remove_file(&path).expect("removed");
    let refused = handle.record_all(vec![intended(orders().remove(0))]).await;
    assert!(matches!(refused, Err(JournalError::Gone(_))));
    assert!(handle.entries().is_empty());
    assert!(!handle.may_act());
    let late = handle.record_all(Vec::new()).await;
    assert!(matches!(late, Err(JournalError::ReadOnly)));
}

#[tokio::test]
async fn closed_journal_accepts_nothing_and_admits_the_next_console() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let (handle, _reported) = opened(&path).await;
    handle.close().await;
    let late = handle.record_all(Vec::new()).await;
    assert!(matches!(late, Err(JournalError::Ended)));
    Journal::open(&path).expect("free");
}

#[tokio::test(start_paused = true)]
async fn order_during_opening_waits_and_the_wait_is_reported() {
    let (events, mut reported) = mpsc::channel(1_000);
    let sink = sink(events);
    let (jobs, mut queue) = mpsc::channel(8);
    let (opened_to, opened) = oneshot::channel();
    let (_written, to_show) = mpsc::channel(8);
    let handle = Arc::new(JournalHandle::over(jobs, sink));
    let opening = tokio::spawn({
        let handle = Arc::clone(&handle);
        async move { handle.show_opened(Opening { opened, to_show }).await }
    });
    let append = tokio::spawn({
        let handle = Arc::clone(&handle);
        async move { handle.record_all(vec![intended(orders().remove(0))]).await }
    });
    let Some(Event::Journal(Err(why))) = reported.recv().await else {
        panic!("it is said what is waited for");
    };
    assert!(
        why.headline.contains("the journal is not open yet"),
        "{why:?}"
    );
    assert!(!handle.may_act() && !append.is_finished());
    let how = Opened {
        entries: Vec::new(),
        lost_its_past: false,
        caution: None,
        put_aside: Vec::new(),
        trouble: None,
    };
    assert!(opened_to.send(how).is_ok());
    opening.await.expect("ran");
    assert!(handle.may_act());
    let Some(Job::Append { records, reply, .. }) = queue.recv().await else {
        panic!("the append has waited");
    };
    assert_eq!(records.len(), 1);
    assert!(reply.send(Ok(())).is_ok());
    append.await.expect("ran").expect("written");
}

#[tokio::test]
async fn closing_does_not_wait_for_a_file_that_never_opens() {
    let (events, _reported) = mpsc::channel(1);
    let sink = sink(events);
    let (jobs, _queue) = mpsc::channel(8);
    JournalHandle::over(jobs, sink).close().await;
}

/// An entry with its first record only.
fn waiting() -> Entry {
    let (_, record) = intended(orders().remove(0));
    let Record::Intended { author, mut order } = record.clone() else {
        panic!("{record:?}");
    };
    order.entry = EntryId::random().expect("random bytes");
    let mut entry = Entry::new(author, order);
    entry.push(Timestamp::UNIX_EPOCH, record);
    entry
}

#[tokio::test]
async fn long_journal_is_shown_in_parts() {
    let (events, mut reported) = mpsc::channel(1_000);
    let (jobs, _queue) = mpsc::channel(8);
    let handle = JournalHandle::over(jobs, sink(events));
    let one = waiting();
    for (count, expected) in [
        (0, vec![(0, 0)]),
        (SHOWN_AT_ONCE, vec![(SHOWN_AT_ONCE, 0)]),
        (
            2 * SHOWN_AT_ONCE + 7,
            vec![
                (SHOWN_AT_ONCE, SHOWN_AT_ONCE + 7),
                (7, SHOWN_AT_ONCE),
                (SHOWN_AT_ONCE, 0),
            ],
        ),
    ] {
        handle.show_read(&vec![one.clone(); count]).await;
        let parts = std::iter::from_fn(|| reported.try_recv().ok()).map(|event| {
            if let Event::EarlierEntries { entries, left } = event {
                return (entries.len(), left);
            }
            let Event::Entries(entries) = event else {
                panic!("{event:?}");
            };
            (entries.len(), 0)
        });
        assert_eq!(parts.collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn only_new_entries_of_another_console_are_shown() {
    let (events, mut reported) = mpsc::channel(1_000);
    let (jobs, _queue) = mpsc::channel(8);
    let handle = JournalHandle::over(jobs, sink(events));
    let mut all = vec![waiting(), waiting()];
    let mut shown = || {
        let news = std::iter::from_fn(|| reported.try_recv().ok()).map(|event| {
            let Event::Entries(entries) = event else {
                panic!("{event:?}");
            };
            entries
        });
        news.flatten().map(|entry| entry.id()).collect::<Vec<_>>()
    };
    handle.show_journal_of_another(all.clone()).await;
    assert_eq!(shown(), [all[0].id(), all[1].id()]);
    handle.show_journal_of_another(all.clone()).await;
    assert_eq!(shown(), [], "nothing new");
    all[0].push(Timestamp::UNIX_EPOCH, Record::Sent);
    all.push(waiting());
    handle.show_journal_of_another(all.clone()).await;
    assert_eq!(shown(), [all[0].id(), all[2].id()]);
    let here = handle.entries();
    let here: Vec<_> = here.iter().map(|entry| Entry::clone(entry)).collect();
    assert_eq!(here, all);
}
