use super::*;
use crate::journal::tests::{intended, orders};

async fn opened(path: &Path) -> (Arc<JournalHandle>, Receiver<Written>) {
    let handle = Arc::new(JournalHandle::default());
    let (opened, to_show) = handle.open(path.into()).await.expect("a thread");
    assert!(opened.trouble.is_none(), "{:?}", opened.trouble);
    (handle, to_show)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_shown_follows_the_chain_however_many_append_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let (handle, mut to_show) = opened(&path).await;
    let showing = tokio::spawn(async move {
        let mut shown = Vec::new();
        while let Some(written) = to_show.recv().await {
            shown.push(Arc::clone(&written.changed[0]));
            written.was_shown();
        }
        shown
    });
    let order = intended(orders().remove(0));
    let entry = order.0;
    let at = Timestamp::UNIX_EPOCH;
    handle.append(at, vec![order]).await.expect("written");
    let appends: Vec<_> = (0..40)
        .map(|n| {
            let handle = Arc::clone(&handle);
            let why = format!("attempt {n}").into();
            tokio::spawn(async move {
                let record = (entry, Record::AttemptRejected { why });
                handle.append(at, vec![record]).await
            })
        })
        .collect();
    for append in appends {
        let changed = append.await.expect("ran").expect("written");
        assert_eq!(changed.len(), 1);
    }
    handle.close().await;
    let shown = showing.await.expect("ran");
    let on_disk = Journal::open(&path)
        .expect("free again")
        .entries()
        .expect("readable");
    assert_eq!(*lock(&handle.entries)[0], on_disk[0]);
    let chain = on_disk[0].records();
    assert_eq!(shown.len(), chain.len());
    for (n, shown) in shown.iter().enumerate() {
        assert_eq!(shown.records(), &chain[..=n]);
    }
}

#[tokio::test]
async fn what_cannot_be_written_is_not_among_the_entries() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let (handle, _to_show) = opened(&path).await;
    std::fs::remove_file(&path).expect("removed");
    let refused = handle
        .append(Timestamp::UNIX_EPOCH, vec![intended(orders().remove(0))])
        .await;
    assert!(matches!(refused, Err(JournalError::Gone(_))));
    assert!(lock(&handle.entries).is_empty());
}

#[tokio::test]
async fn a_journal_that_is_closed_takes_nothing_more_and_lets_the_next_console_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let (handle, _to_show) = opened(&path).await;
    handle.close().await;
    let late = handle.append(Timestamp::UNIX_EPOCH, Vec::new()).await;
    assert!(matches!(late, Err(JournalError::Ended)));
    Journal::open(&path).expect("free");
}
