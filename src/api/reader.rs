//! The thread on which long responses are parsed. Results are freed on other threads, but
//! allocators cache the memory for the allocating thread: with parsing on many threads, each would
//! retain the room of a list.

use tokio::sync::{mpsc, oneshot};

/// Maximum number of queued responses.
const WAITING: usize = 8;

type Work = Box<dyn FnOnce() + Send>;

/// Sender to the thread; `None` if it could not be started.
pub(super) struct Reader(Option<mpsc::Sender<Work>>);

impl Reader {
    pub fn start() -> Self {
        let (sender, mut waiting) = mpsc::channel::<Work>(WAITING);
        let reading = move || {
            while let Some(work) = waiting.blocking_recv() {
                work();
            }
        };
        let thread = std::thread::Builder::new().name("cordon-reader".into());
        Self(thread.spawn(reading).ok().map(|_running| sender))
    }

    /// Runs the work; `None` if it did not finish.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (made, result) = oneshot::channel();
        let work: Work = Box::new(move || drop(made.send(work())));
        match &self.0 {
            Some(sender) => sender.send(work).await.ok()?,
            None => work(),
        }
        result.await.ok()
    }
}
