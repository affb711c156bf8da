//! How long a Job waits before it makes a pod in place of one that failed: 10 s, doubled with each failure up to 10 min.
//! Must not do IO.

use std::time::Duration;

use jiff::Timestamp;

use super::pods::{all_failures_before, finished_at};
use crate::base::clock::Timing;
use crate::client::pod::Pod;

/// First and longest wait (`DefaultJobPodFailureBackOff`, `MaxJobPodFailureBackOff`).
const BACKOFF: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(10 * 60));

/// The failures since the last success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Failures {
    count: u32,
    last: Option<Timestamp>,
}

impl Failures {
    /// The failures after some pods more have ended.
    pub(super) fn after<'a>(
        self,
        succeeded: impl IntoIterator<Item = &'a Pod>,
        failed: impl IntoIterator<Item = &'a Pod>,
    ) -> Self {
        let success = succeeded.into_iter().map(finished_at).max();
        let failed: Vec<_> = failed.into_iter().map(finished_at).collect();
        let since: Vec<_> = failed.iter().filter(|at| success.is_none_or(|success| **at > success)).collect();
        let before = if success.is_some() { Self::default() } else { self };
        match since.iter().max() {
            Some(last) => Self { count: before.count + u32::try_from(since.len()).unwrap_or(u32::MAX), last: **last },
            None => before,
        }
    }

    /// The failures of the index of a pod that failed.
    pub(super) fn of_index(pod: &Pod) -> Self {
        let count = u32::try_from(all_failures_before(pod)).unwrap_or(0) + 1;
        Self { count, last: finished_at(pod) }
    }

    /// How long to wait still.
    pub(super) fn wait(self, now: Timestamp, timing: Timing) -> Duration {
        let (Some(last), false) = (self.last, self.count == 0) else { return Duration::ZERO };
        let doubled = BACKOFF.0.saturating_mul(1 << (self.count - 1).min(16)).min(BACKOFF.1);
        let passed = Duration::try_from(now.duration_since(last)).unwrap_or_default();
        timing.scale(doubled).saturating_sub(passed)
    }
}
