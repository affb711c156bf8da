//! The work queue of every reconcile loop, as client-go's: deduplicated, one worker a key, delays, back-off.
//! Must not know what a key means.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::base::clock::Clock;

/// First and longest back-off of a failing key (client-go `DefaultTypedControllerRateLimiter`).
const BACKOFF: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1000));

/// What a reconcile asks for when it has not failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Next {
    /// Nothing until something changes.
    #[default]
    Done,
    /// Look again after a while, whatever happens.
    After(Duration),
    /// Look again with the back-off of a failure, without being one.
    Retry,
}

/// How much waits in the queues of one part of the cluster. Clones share the gauge.
#[derive(Clone, Default)]
pub struct Gauge(Arc<Mutex<Vec<Length>>>);

type Length = Box<dyn Fn() -> usize + Send + Sync>;

impl Gauge {
    /// Adds something that has a length.
    pub fn add(&self, length: impl Fn() -> usize + Send + Sync + 'static) {
        self.0.lock().push(Box::new(length));
    }

    /// How much waits in all of them; `None` when there is no queue.
    #[must_use]
    pub fn total(&self) -> Option<usize> {
        let lengths = self.0.lock();
        (!lengths.is_empty()).then(|| lengths.iter().map(|length| length()).sum())
    }
}

/// A queue of keys to look at. Clones share the queue.
#[derive(Debug)]
pub struct Queue<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

#[derive(Debug)]
struct Shared<T> {
    clock: Clock,
    state: Mutex<State<T>>,
    wake: Notify,
}

#[derive(Debug)]
struct State<T> {
    ready: VecDeque<T>,
    /// To be looked at: in `ready`, or in `busy` and due again as soon as that is over.
    dirty: HashSet<T>,
    busy: HashSet<T>,
    /// By due time on the queue's clock; the number keeps equal times in order.
    delayed: BTreeSet<(Duration, u64)>,
    delayed_keys: HashMap<u64, T>,
    due: HashMap<T, (Duration, u64)>,
    failures: HashMap<T, u32>,
    sequence: u64,
}

impl<T: Clone + Eq + Hash> State<T> {
    fn add(&mut self, key: T) -> bool {
        if !self.dirty.insert(key.clone()) || self.busy.contains(&key) {
            return false;
        }
        self.ready.push_back(key);
        true
    }

    /// Keeps the earlier of two due times of a key.
    fn delay(&mut self, key: T, due: Duration) {
        match self.due.get(&key) {
            Some(&(sooner, _)) if sooner <= due => return,
            Some(&later) => {
                self.delayed.remove(&later);
                self.delayed_keys.remove(&later.1);
            }
            None => {}
        }
        self.sequence += 1;
        self.delayed.insert((due, self.sequence));
        self.delayed_keys.insert(self.sequence, key.clone());
        self.due.insert(key, (due, self.sequence));
    }

    fn promote(&mut self, now: Duration) {
        while let Some(&(due, number)) = self.delayed.first() {
            if due > now {
                return;
            }
            self.delayed.pop_first();
            if let Some(key) = self.delayed_keys.remove(&number) {
                self.due.remove(&key);
                self.add(key);
            }
        }
    }
}

impl<T: Clone + Eq + Hash> Queue<T> {
    /// An empty queue on a clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let state = State {
            ready: VecDeque::new(),
            dirty: HashSet::new(),
            busy: HashSet::new(),
            delayed: BTreeSet::new(),
            delayed_keys: HashMap::new(),
            due: HashMap::new(),
            failures: HashMap::new(),
            sequence: 0,
        };
        Self { shared: Arc::new(Shared { clock, state: Mutex::new(state), wake: Notify::new() }) }
    }

    /// The queue, with its length on a gauge.
    #[must_use]
    pub fn on(self, gauge: &Gauge) -> Self
    where
        T: Send + Sync + 'static,
    {
        let queue = self.clone();
        gauge.add(move || queue.len());
        self
    }

    /// Looks at a key as soon as a worker is free; once, however often it is added until then.
    pub fn add(&self, key: T) {
        if self.shared.state.lock().add(key) {
            self.shared.wake.notify_one();
        }
    }

    /// Looks at each of these keys, as [`Queue::add`].
    pub fn add_all(&self, keys: impl IntoIterator<Item = T>) {
        for key in keys {
            self.add(key);
        }
    }

    /// Looks at a key after a while, or earlier if it is added meanwhile.
    pub fn add_after(&self, key: T, delay: Duration) {
        if delay.is_zero() {
            return self.add(key);
        }
        let due = self.shared.clock.elapsed() + delay;
        self.shared.state.lock().delay(key, due);
        self.shared.wake.notify_one();
    }

    /// Looks at a key again after its back-off, which grows with each call until [`Queue::forget`].
    pub fn retry(&self, key: T) {
        let delay = {
            let mut state = self.shared.state.lock();
            let failures = state.failures.entry(key.clone()).or_default();
            let delay = BACKOFF.0.saturating_mul(1 << (*failures).min(20)).min(BACKOFF.1);
            *failures += 1;
            delay
        };
        self.add_after(key, delay);
    }

    /// The key works again: its back-off starts anew.
    pub fn forget(&self, key: &T) {
        self.shared.state.lock().failures.remove(key);
    }

    /// How many keys wait to be looked at now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.state.lock().ready.len()
    }

    /// Whether no key waits to be looked at now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next key; nobody else gets it until [`Queue::done`].
    pub async fn get(&self) -> T {
        loop {
            let due = match self.try_get() {
                Ok(key) => return key,
                Err(due) => due,
            };
            let wait = due.map(|due| due.saturating_sub(self.shared.clock.elapsed()));
            tokio::select! {
                biased;
                () = self.shared.wake.notified() => {}
                () = tokio::time::sleep(wait.unwrap_or(BACKOFF.1)) => {}
            }
        }
    }

    /// The next ready key, or when the first delayed one is due.
    fn try_get(&self) -> Result<T, Option<Duration>> {
        let mut state = self.shared.state.lock();
        state.promote(self.shared.clock.elapsed());
        let Some(key) = state.ready.pop_front() else { return Err(state.delayed.first().map(|&(due, _)| due)) };
        state.dirty.remove(&key);
        state.busy.insert(key.clone());
        if !state.ready.is_empty() {
            self.shared.wake.notify_one();
        }
        Ok(key)
    }

    /// The key has been looked at; it comes again at once if it was added meanwhile.
    pub fn done(&self, key: &T) {
        let mut state = self.shared.state.lock();
        state.busy.remove(key);
        if state.dirty.contains(key) {
            state.ready.push_back(key.clone());
            self.shared.wake.notify_one();
        }
    }

    /// Looks at keys for ever, `workers` at a time, never twice at the same key at once; failures come again with back-off.
    pub async fn run<F, R, E>(&self, workers: usize, reconcile: F)
    where
        F: Fn(T) -> R,
        R: Future<Output = Result<Next, E>>,
        E: std::fmt::Display,
    {
        let keys = futures::stream::unfold(self, |queue| async move { Some((queue.get().await, queue)) });
        let reconcile = &reconcile;
        keys.for_each_concurrent(workers, |key| async move {
            let outcome = reconcile(key.clone()).await;
            self.settle(&key, &outcome);
            self.done(&key);
        })
        .await;
    }

    fn settle<E: std::fmt::Display>(&self, key: &T, outcome: &Result<Next, E>) {
        match outcome {
            Ok(Next::Retry) => return self.retry(key.clone()),
            Err(error) => {
                tracing::debug!(%error, "reconcile failed");
                return self.retry(key.clone());
            }
            Ok(Next::After(delay)) => self.add_after(key.clone(), *delay),
            Ok(Next::Done) => {}
        }
        self.forget(key);
    }
}
