//! What a controller did that its cache does not show yet, so that it does not do it twice: client-go's
//! `UIDTrackingControllerExpectations`. Must not outlive its controller.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use parking_lot::Mutex;

use crate::base::clock::Clock;
use crate::client::object::Key;

/// When an expectation is given up (`ExpectationsTimeout`).
const TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// Creations and deletions under way, by owner.
#[derive(Debug)]
pub(super) struct Expectations {
    clock: Clock,
    by_owner: Mutex<HashMap<Key, Expected>>,
}

#[derive(Debug, Default)]
struct Expected {
    creations: usize,
    deletions: BTreeSet<String>,
    since: Duration,
}

impl Expectations {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, by_owner: Mutex::default() }
    }

    /// Whether the cache shows all that was done, or has been given long enough.
    pub(super) fn satisfied(&self, owner: &Key) -> bool {
        let by_owner = self.by_owner.lock();
        by_owner.get(owner).is_none_or(|expected| {
            let shown = expected.creations == 0 && expected.deletions.is_empty();
            shown || self.clock.elapsed().saturating_sub(expected.since) > TIMEOUT
        })
    }

    /// About to create: replaces what was expected before.
    pub(super) fn expect_creations(&self, owner: &Key, creations: usize) {
        self.expect(owner, Expected { creations, ..Expected::default() });
    }

    /// About to delete these uids: replaces what was expected before.
    pub(super) fn expect_deletions(&self, owner: &Key, deletions: impl IntoIterator<Item = String>) {
        self.expect(owner, Expected { deletions: deletions.into_iter().collect(), ..Expected::default() });
    }

    /// About to create so many and to delete these uids: replaces what was expected before.
    pub(super) fn expect_both(&self, owner: &Key, creations: usize, deletions: impl IntoIterator<Item = String>) {
        self.expect(owner, Expected { creations, deletions: deletions.into_iter().collect(), ..Expected::default() });
    }

    fn expect(&self, owner: &Key, expected: Expected) {
        let expected = Expected { since: self.clock.elapsed(), ..expected };
        self.by_owner.lock().insert(owner.clone(), expected);
    }

    /// A creation was seen in the cache, or did not happen.
    pub(super) fn created(&self, owner: &Key) {
        if let Some(expected) = self.by_owner.lock().get_mut(owner) {
            expected.creations = expected.creations.saturating_sub(1);
        }
    }

    /// A deletion was seen in the cache, or did not happen.
    pub(super) fn deleted(&self, owner: &Key, uid: &str) {
        if let Some(expected) = self.by_owner.lock().get_mut(owner) {
            expected.deletions.remove(uid);
        }
    }

    /// The owner is gone.
    pub(super) fn forget(&self, owner: &Key) {
        self.by_owner.lock().remove(owner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timing;

    #[tokio::test(start_paused = true)]
    async fn waits_for_the_cache_but_not_for_ever() {
        let (expectations, owner) = (Expectations::new(Clock::new(Timing::Real)), Key::new("ns", "rs"));
        assert!(expectations.satisfied(&owner));
        expectations.expect_creations(&owner, 2);
        expectations.created(&owner);
        assert!(!expectations.satisfied(&owner));
        expectations.created(&owner);
        assert!(expectations.satisfied(&owner));
        expectations.expect_deletions(&owner, ["a".into(), "b".into()]);
        expectations.deleted(&owner, "a");
        expectations.deleted(&owner, "a");
        assert!(!expectations.satisfied(&owner), "the same deletion twice is one");
        tokio::time::advance(Duration::from_secs(301)).await;
        assert!(expectations.satisfied(&owner));
    }
}
