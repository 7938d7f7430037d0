//! The thread on which long answers are read. What is made of one is freed by others, and allocators keep
//! that for the thread that has made it: read now here and now there, lists would leave their room behind
//! on each.

use tokio::sync::{mpsc, oneshot};

/// Answers that wait for the one before.
const WAITING: usize = 8;

type Work = Box<dyn FnOnce() + Send>;

/// The way to the thread; `None` where there is none to be had.
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
