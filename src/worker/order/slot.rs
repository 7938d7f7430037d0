//! The order in which a batch is sent: one at a time, first come, first served.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

type Permit = OwnedSemaphorePermit;

/// The queue of a batch. Its one permit passes from order to order, as they joined.
#[derive(Clone)]
pub(super) struct BatchQueue(mpsc::Sender<oneshot::Sender<Permit>>);

impl BatchQueue {
    /// A queue for this many orders.
    pub fn start(orders: usize) -> Self {
        // An order that yields joins again before its first place is used up.
        let (queue, mut joined) = mpsc::channel::<oneshot::Sender<Permit>>(orders.max(1) * 2);
        tokio::spawn(async move {
            let one = Arc::new(Semaphore::new(1));
            while let (Some(next), Ok(permit)) =
                (joined.recv().await, Arc::clone(&one).acquire_owned().await)
            {
                // A withdrawn order drops it immediately.
                next.send(permit).ok();
            }
        });
        Self(queue)
    }

    /// Joins the tail.
    fn join(&self) -> oneshot::Receiver<Permit> {
        let (turn, comes) = oneshot::channel();
        self.0.try_send(turn).ok();
        comes
    }
}

/// An order's place in a batch's queue, if it has one.
pub(super) struct Slot(Option<Place>);

struct Place {
    queue: BatchQueue,
    /// Receiver of the permit; `None` once received or yielded.
    comes: Option<oneshot::Receiver<Permit>>,
    /// The permit: held for this order's turn.
    turn: Option<Permit>,
}

impl Slot {
    /// A slot that never waits, for a single order.
    pub fn alone() -> Self {
        Self(None)
    }

    /// A slot at the queue's tail.
    pub fn joined(queue: &BatchQueue) -> Self {
        Self(Some(Place {
            queue: queue.clone(),
            comes: Some(queue.join()),
            turn: None,
        }))
    }

    /// Returns when it is this order's turn. Cancel-safe: the place is kept.
    pub async fn turn(&mut self) {
        let Some(Place { queue, comes, turn }) = &mut self.0 else {
            return;
        };
        if turn.is_none() {
            *turn = comes.get_or_insert_with(|| queue.join()).await.ok();
            *comes = None;
        }
    }

    /// Yields its turn; the next call of [`Self::turn`] joins the tail.
    pub fn yield_turn(&mut self) {
        if let Some(place) = &mut self.0 {
            place.turn = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn has_turn(slot: &mut Slot) -> bool {
        let turn = tokio::time::timeout(Duration::from_secs(1), slot.turn());
        turn.await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn orders_have_turns_in_order_and_a_yielded_turn_goes_last() {
        let queue = BatchQueue::start(3);
        let [mut a, mut b, mut c] = [(); 3].map(|()| Slot::joined(&queue));
        assert!(!has_turn(&mut b).await);
        assert!(has_turn(&mut a).await);
        assert!(has_turn(&mut a).await, "it keeps its turn");
        assert!(!has_turn(&mut c).await);
        a.yield_turn();
        assert!(has_turn(&mut b).await);
        assert!(!has_turn(&mut a).await);
        drop(b);
        assert!(!has_turn(&mut a).await, "joined behind the third");
        assert!(has_turn(&mut c).await);
        drop(c);
        assert!(has_turn(&mut a).await);
        assert!(has_turn(&mut Slot::alone()).await);
    }

    #[tokio::test(start_paused = true)]
    async fn dropped_slot_does_not_block_the_queue() {
        let queue = BatchQueue::start(3);
        let [a, b, mut c] = [(); 3].map(|()| Slot::joined(&queue));
        drop(b);
        drop(a);
        assert!(has_turn(&mut c).await);
    }
}
