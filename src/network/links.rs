//! The tunnels between workers: each pair's can be cut, slowed or made lossy. Must not carry bytes: it says how they fare.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};

/// How a tunnel fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// Nothing passes; what is on its way waits, as TCP does, until the tunnel is mended.
    pub cut: bool,
    /// Time from one end to the other.
    pub latency: Duration,
    /// Packets lost of each hundred.
    pub loss: u8,
}

/// Every tunnel of the cluster, by its two workers in either order. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Links {
    links: Arc<Mutex<HashMap<Pair, Link>>>,
    followers: Arc<Mutex<Vec<mpsc::UnboundedSender<Told>>>>,
}

type Pair = (String, String);

/// A tunnel's two workers and how it fares now.
pub type Told = (String, String, Condition);

/// One tunnel as its users hold it.
#[derive(Clone, Debug)]
pub(super) struct Link(Arc<watch::Sender<Condition>>);

impl Links {
    /// Cuts the tunnel between two workers.
    pub fn cut(&self, one: &str, other: &str) {
        self.change(one, other, |condition| condition.cut = true);
    }

    /// Mends the tunnel between two workers; what waited in it arrives.
    pub fn mend(&self, one: &str, other: &str) {
        self.change(one, other, |condition| condition.cut = false);
    }

    /// Makes the tunnel between two workers slow or lossy.
    pub fn disturb(&self, one: &str, other: &str, latency: Duration, loss: u8) {
        self.change(one, other, |condition| {
            condition.latency = latency;
            condition.loss = loss.min(100);
        });
    }

    /// What changes from now on, for networks that are not in memory.
    #[must_use]
    pub fn follow(&self) -> mpsc::UnboundedReceiver<Told> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.followers.lock().push(sender);
        receiver
    }

    /// How the tunnel between two workers fares.
    #[must_use]
    pub fn condition(&self, one: &str, other: &str) -> Condition {
        self.links.lock().get(&pair(one, other)).map(Link::condition).unwrap_or_default()
    }

    /// The tunnel between two workers; none inside one.
    pub(super) fn between(&self, one: &str, other: &str) -> Option<Link> {
        (one != other).then(|| self.link(one, other))
    }

    fn link(&self, one: &str, other: &str) -> Link {
        let new = || Link(Arc::new(watch::Sender::new(Condition::default())));
        self.links.lock().entry(pair(one, other)).or_insert_with(new).clone()
    }

    fn change(&self, one: &str, other: &str, change: impl FnOnce(&mut Condition)) {
        let link = self.link(one, other);
        link.0.send_modify(change);
        let told = (one.to_owned(), other.to_owned(), link.condition());
        self.followers.lock().retain(|follower| follower.send(told.clone()).is_ok());
    }
}

fn pair(one: &str, other: &str) -> Pair {
    if one <= other { (one.into(), other.into()) } else { (other.into(), one.into()) }
}

impl Link {
    pub(super) fn condition(&self) -> Condition {
        *self.0.borrow()
    }

    /// Waits until something passes.
    pub(super) async fn mended(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|condition| !condition.cut).await;
    }

    /// Waits until nothing passes.
    async fn severed(&self) {
        let _ = self.0.subscribe().wait_for(|condition| condition.cut).await;
    }

    /// Does some work while the tunnel is whole; while it is cut, the work stands still.
    pub(super) async fn through<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                () = self.severed() => self.mended().await,
                done = &mut work => return done,
            }
        }
    }

    /// Whether a packet is lost this time.
    pub(super) fn loses(&self) -> bool {
        let loss = self.condition().loss;
        loss > 0 && fastrand::u8(..100) < loss
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tunnel_is_the_same_from_both_ends() {
        let links = Links::default();
        links.cut("worker-2", "worker-1");
        assert!(links.condition("worker-1", "worker-2").cut && !links.condition("worker-1", "worker-3").cut);
        assert!(links.between("worker-1", "worker-1").is_none());
        let link = links.between("worker-1", "worker-2").unwrap();
        let mend = async { links.mend("worker-1", "worker-2") };
        tokio::join!(link.mended(), mend);
        links.disturb("worker-1", "worker-2", Duration::from_millis(5), 255);
        assert_eq!(link.condition(), Condition { cut: false, latency: Duration::from_millis(5), loss: 100 });
        assert!(link.loses());
    }
}
