//! The device list between two runs: written while it is read, and shown at the next start.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::cache::{self, Cached, Writing};
use super::clock::now;
use super::context::Context;
use crate::message::{Event, InventoryNews};
use crate::model::{Epoch, Machine};

/// The maximum number of devices per event, so that the window draws in between.
pub(super) const CHUNK: usize = 1_000;
/// The maximum number of pages that wait for the disk.
const WAITING: usize = 2;
/// The longest wait of a page for the disk, after which the reading continues without it.
const DISK_TIMEOUT: Duration = Duration::from_secs(2);

/// A page, or `None` at the end of a complete list.
type Piece = Option<Vec<Arc<Machine>>>;

/// A list being written. It is discarded if dropped before its end.
pub(super) struct ListWriter(Option<mpsc::Sender<Piece>>);

impl ListWriter {
    pub fn begin(context: &Arc<Context>, epoch: Epoch) -> Self {
        let account = context.session.account();
        let kept = account.and_then(|account| context.kept_list(&account));
        Self(kept.map(|(folder, file)| {
            let (sender, pieces) = mpsc::channel(WAITING);
            let context = Arc::clone(context);
            tokio::task::spawn_blocking(move || {
                if let Err(error) = write(&context, epoch, (&folder, &file), pieces) {
                    tracing::warn!("the list of devices is not kept: {error}");
                }
            });
            sender
        }))
    }

    pub async fn add(&mut self, page: &[Arc<Machine>]) {
        self.send(Some(page.to_vec())).await;
    }

    pub async fn finish(mut self) {
        self.send(None).await;
    }

    async fn send(&mut self, piece: Piece) {
        if let Some(sender) = &self.0
            && sender.send_timeout(piece, DISK_TIMEOUT).await.is_err()
        {
            self.0 = None;
        }
    }
}

/// Saves a complete list for the next start, unless its account has signed out meanwhile.
fn write(
    context: &Context,
    epoch: Epoch,
    (folder, file): (&Path, &Path),
    mut pieces: mpsc::Receiver<Piece>,
) -> io::Result<()> {
    let mut writing = Writing::begin(file, now())?;
    while let Some(piece) = pieces.blocking_recv() {
        let Some(page) = piece else {
            if context.session.epoch() == epoch {
                writing.finish()?;
            }
            // The account signed out during the write.
            if context.session.epoch() != epoch {
                cache::remove_all(folder, context.auth.target(), None);
            }
            return Ok(());
        };
        writing.add(&page)?;
    }
    Ok(())
}

/// Shows the list of an earlier run, until a newer one has been read.
pub(super) async fn show(context: &Arc<Context>) {
    let epoch = context.session.epoch();
    let account = context.session.account();
    let Some((_, file)) = account.and_then(|account| context.kept_list(&account)) else {
        return;
    };
    let read = context.client.read_aside(move || cache::read(&file)).await;
    if let Some(Some(Cached { at, machines })) = read {
        for some in machines.chunks(CHUNK) {
            let machines = some.to_vec();
            let news = InventoryNews::Kept { at, machines };
            context.sink.emit(Event::Inventory { epoch, news }).await;
        }
        context.list.note_shown(epoch, machines.len());
    }
}
