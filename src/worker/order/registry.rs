//! The orders that have a task, and the channel to each.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, watch};

use crate::journal::{Entry, NotSentReason};
use crate::model::{EntryId, Epoch, Listed, MachineAction};

/// Capacity of an order's inbox: a user clicks once, or a few times.
const INBOX: usize = 8;

/// Readings made for other purposes, for the look-up of an order.
pub(super) type Readings = mpsc::Receiver<Listed<MachineAction>>;

/// Capacity of these: more readings would add nothing.
const READINGS: usize = 4;

/// A user's command to a waiting order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::worker) enum OrderControl {
    Withdraw,
    Insist,
}

/// Stage of an order's task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Writing or sending; it reads its inbox at its next wait.
    Busy,
    /// Reads its inbox at once.
    Waiting,
    /// Looking up its outcome, in this epoch. It cannot be withdrawn any more.
    LookingUp(Epoch),
}

struct Running {
    /// Distinguishes this task from another one for the same entry.
    number: u64,
    stage: Stage,
    /// `None` when the console is closing.
    inbox: Option<mpsc::Sender<OrderControl>>,
    /// The intent about to be written: orders judged meanwhile take it into account.
    intent: Option<Arc<Entry>>,
    /// Channel for other readings during a look-up.
    readings: Option<mpsc::Sender<Listed<MachineAction>>>,
}

#[derive(Default)]
struct Table {
    running: HashMap<EntryId, Running>,
    is_closing: bool,
}

impl Table {
    fn intents(&self) -> Vec<Arc<Entry>> {
        let running = self.running.values();
        running.filter_map(|order| order.intent.clone()).collect()
    }
}

/// Registry of the orders that have a task.
#[derive(Clone, Default)]
pub(in crate::worker) struct Orders(Arc<Inner>);

#[derive(Default)]
struct Inner {
    table: watch::Sender<Table>,
    begun: AtomicU64,
}

impl Orders {
    /// Registers an order at the start of its task.
    pub fn register(&self, entry: EntryId) -> (RegisteredOrder, mpsc::Receiver<OrderControl>) {
        let (control, inbox) = mpsc::channel(INBOX);
        let registration = self.number(entry);
        self.0.table.send_modify(|table| {
            let running = Running {
                number: registration.number,
                stage: Stage::Busy,
                inbox: (!table.is_closing).then_some(control),
                intent: None,
                readings: None,
            };
            table.running.insert(entry, running);
        });
        (registration, inbox)
    }

    /// Registers the look-up of an entry, of which only one runs at a time. One of an earlier epoch ends by
    /// itself.
    pub fn register_look_up(
        &self,
        entry: EntryId,
        epoch: Epoch,
    ) -> Option<(RegisteredOrder, Readings)> {
        let registration = self.number(entry);
        let (sender, readings) = mpsc::channel(READINGS);
        let is_free = self.0.table.send_if_modified(|table| {
            let is_free = match table.running.get(&entry).map(|order| order.stage) {
                None => true,
                Some(Stage::LookingUp(other)) => other != epoch,
                Some(Stage::Busy | Stage::Waiting) => false,
            };
            if is_free {
                let running = Running {
                    number: registration.number,
                    stage: Stage::LookingUp(epoch),
                    inbox: None,
                    intent: None,
                    readings: Some(sender),
                };
                table.running.insert(entry, running);
            }
            is_free
        });
        is_free.then_some((registration, readings))
    }

    /// Orders being looked up.
    pub fn looked_up(&self) -> Vec<EntryId> {
        let table = self.0.table.borrow();
        let orders = table.running.iter();
        let looked_up = orders.filter(|(_, order)| order.readings.is_some());
        looked_up.map(|(entry, _)| *entry).collect()
    }

    /// Passes a reading to the look-up of an order, if it has one.
    pub fn offer(&self, entry: EntryId, reading: Listed<MachineAction>) {
        let table = self.0.table.borrow();
        let order = table.running.get(&entry);
        if let Some(readings) = order.and_then(|order| order.readings.as_ref()) {
            // A full channel has enough to judge by.
            readings.try_send(reading).ok();
        }
    }

    fn number(&self, entry: EntryId) -> RegisteredOrder {
        RegisteredOrder {
            orders: self.clone(),
            entry,
            number: self.0.begun.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Intents that other orders are about to write.
    pub fn intents(&self) -> Vec<Arc<Entry>> {
        self.0.table.borrow().intents()
    }

    /// Whether an order's task is still to send it, or is sending it.
    pub fn is_sending(&self, entry: EntryId) -> bool {
        let table = self.0.table.borrow();
        let order = table.running.get(&entry);
        order.is_some_and(|order| !matches!(order.stage, Stage::LookingUp(_)))
    }

    /// Delivers a user's command. `false` if the order has no task that reads its inbox.
    pub fn deliver(&self, entry: EntryId, control: OrderControl) -> bool {
        let table = self.0.table.borrow();
        let order =
            (table.running.get(&entry)).filter(|order| !matches!(order.stage, Stage::LookingUp(_)));
        let Some(inbox) = order.and_then(|order| order.inbox.as_ref()) else {
            return false;
        };
        // A full inbox has received it already.
        !matches!(
            inbox.try_send(control),
            Err(mpsc::error::TrySendError::Closed(_))
        )
    }

    /// Ends waiting orders: none is sent from here on. Returns when they have recorded that.
    pub async fn close(&self) {
        self.0.table.send_modify(|table| {
            table.is_closing = true;
            for order in table.running.values_mut() {
                order.inbox = None;
            }
        });
        let have_ended =
            |table: &Table| (table.running.values()).all(|order| order.stage != Stage::Waiting);
        self.0.table.subscribe().wait_for(have_ended).await.ok();
    }
}

/// An order's registration; removed when dropped.
pub(in crate::worker) struct RegisteredOrder {
    orders: Orders,
    entry: EntryId,
    number: u64,
}

impl RegisteredOrder {
    fn change(&self, change: impl FnOnce(&mut Running)) {
        self.orders.0.table.send_modify(|table| {
            let order = table.running.get_mut(&self.entry);
            order.filter(|o| o.number == self.number).map(change);
        });
    }

    /// Reserves the order's target, and judges it by the other reservations, in one step: of two orders for one
    /// target the second sees the first.
    pub fn reserve<T>(
        &self,
        intent: Entry,
        judge: impl FnOnce(&[Arc<Entry>]) -> Option<T>,
    ) -> Option<T> {
        let mut judged = None;
        self.orders.0.table.send_modify(|table| {
            judged = judge(&table.intents());
            if let Some(order) = table.running.get_mut(&self.entry) {
                order.intent = Some(Arc::new(intent));
            }
        });
        judged
    }

    /// Ends the reservation: the intent is on disk, where every order sees it, or was given up.
    pub fn end_reservation(&self) {
        self.change(|order| order.intent = None);
    }

    /// Marks the order as waiting: from here on the task reads its inbox.
    pub fn wait(&self) {
        self.change(|order| order.stage = Stage::Waiting);
    }

    /// Marks the order as being sent, unless it was withdrawn or the program closes.
    ///
    /// # Errors
    /// Why it is not sent.
    pub fn leave(&self, inbox: &mut mpsc::Receiver<OrderControl>) -> Result<(), NotSentReason> {
        let mut leaving = Ok(());
        self.orders.0.table.send_modify(|table| {
            leaving = if table.is_closing {
                Err(NotSentReason::ConsoleEnded)
            } else if is_withdrawn(inbox) {
                Err(NotSentReason::Withdrawn)
            } else {
                Ok(())
            };
            if let (Ok(()), Some(order)) = (leaving, table.running.get_mut(&self.entry)) {
                order.stage = Stage::Busy;
            }
        });
        leaving
    }

    /// Marks the order as being looked up.
    pub fn look_up(&self, epoch: Epoch) -> Readings {
        let (sender, readings) = mpsc::channel(READINGS);
        self.change(|order| {
            order.stage = Stage::LookingUp(epoch);
            order.readings = Some(sender);
        });
        readings
    }
}

impl Drop for RegisteredOrder {
    fn drop(&mut self) {
        self.orders.0.table.send_modify(|table| {
            let order = table.running.get(&self.entry);
            if order.is_some_and(|order| order.number == self.number) {
                table.running.remove(&self.entry);
            }
        });
    }
}

/// Whether the user withdrew the order. Other commands are dropped: there is no decision to make.
pub(super) fn is_withdrawn(inbox: &mut mpsc::Receiver<OrderControl>) -> bool {
    std::iter::from_fn(|| inbox.try_recv().ok()).any(|said| said == OrderControl::Withdraw)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(tag: &str) -> EntryId {
        EntryId::parse(tag).expect("a literal tag")
    }

    #[test]
    fn controls_count_until_an_order_is_sent() {
        let orders = Orders::default();
        let id = entry("cdn-00000001");
        let (order, mut inbox) = orders.register(id);
        order.wait();
        assert!(orders.deliver(id, OrderControl::Insist));
        assert_eq!(order.leave(&mut inbox), Ok(()));
        order.wait();
        assert!(orders.deliver(id, OrderControl::Withdraw));
        assert_eq!(order.leave(&mut inbox), Err(NotSentReason::Withdrawn));
        order.look_up(Epoch(0));
        assert!(!orders.deliver(id, OrderControl::Withdraw));
        drop(order);
        assert!(!orders.deliver(id, OrderControl::Withdraw));
    }

    #[test]
    fn entry_is_looked_up_once_per_epoch_and_not_while_it_is_sent() {
        let orders = Orders::default();
        let id = entry("cdn-00000001");
        let (order, _inbox) = orders.register(id);
        assert!(orders.register_look_up(id, Epoch(0)).is_none());
        drop(order);
        let old = orders.register_look_up(id, Epoch(0));
        assert!(old.is_some());
        assert!(orders.register_look_up(id, Epoch(0)).is_none());
        let new = orders.register_look_up(id, Epoch(1));
        assert!(new.is_some());
        drop(old);
        assert!(
            orders.register_look_up(id, Epoch(1)).is_none(),
            "still there"
        );
    }

    #[tokio::test]
    async fn closing_awaits_waiting_orders_and_sends_none() {
        let orders = Orders::default();
        let (waiting, mut inbox) = orders.register(entry("cdn-00000001"));
        let (busy, mut busy_inbox) = orders.register(entry("cdn-00000002"));
        waiting.wait();
        let closing = tokio::spawn({
            let orders = orders.clone();
            async move { orders.close().await }
        });
        assert_eq!(inbox.recv().await, None);
        assert!(!closing.is_finished());
        drop(waiting);
        closing.await.expect("closed");
        assert_eq!(
            busy.leave(&mut busy_inbox),
            Err(NotSentReason::ConsoleEnded)
        );
    }
}
