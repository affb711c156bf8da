//! Doubling waits between restarts and pulls, as client-go's `flowcontrol.Backoff` counts them. Must not sleep.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::base::clock::Timing;

/// First wait (kubelet `backOffPeriod`).
const FIRST: Duration = Duration::from_secs(10);
/// Longest wait (kubelet `MaxContainerBackOff`).
const LONGEST: Duration = Duration::from_secs(300);

/// The wait of one container's restarts, or of its image's pulls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Backoff(Option<Entry>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    delay: Duration,
    updated: Timestamp,
}

impl Backoff {
    /// Until when to wait after something that ended at `ended`, and the wait's length; `None` when there is no need.
    pub(crate) fn until(self, ended: Timestamp, timing: Timing) -> Option<(Timestamp, Duration)> {
        let entry = self.0.filter(|entry| !entry.forgotten(ended, timing))?;
        Some((ended + signed(entry.delay), entry.delay))
    }

    /// The wait after one more try: the first one, the double, or the first again after twice the longest in peace.
    #[must_use]
    pub(crate) fn next(self, ended: Timestamp, now: Timestamp, timing: Timing) -> Self {
        let delay = match self.0.filter(|entry| !entry.forgotten(ended, timing)) {
            Some(entry) => (entry.delay * 2).min(timing.scale(LONGEST)),
            None => timing.scale(FIRST),
        };
        Self(Some(Entry { delay, updated: now }))
    }
}

impl Entry {
    fn forgotten(&self, ended: Timestamp, timing: Timing) -> bool {
        ended - signed(timing.scale(LONGEST) * 2) > self.updated
    }
}

/// A duration that can be added to a timestamp.
pub(crate) fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

/// A duration as Go prints it, which Kubernetes' messages carry: `10s`, `1m20s`, `5m0s`, `1.5s`, `2ms`.
pub(crate) fn go_duration(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        let (unit, name) = if duration.as_millis() > 0 { (1e6, "ms") } else { (1e3, "µs") };
        return format!("{}{name}", f64::from(duration.subsec_nanos()) / unit);
    }
    let minutes = duration.as_secs() / 60;
    let seconds = duration.saturating_sub(Duration::from_secs(minutes * 60)).as_secs_f64();
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    #[test]
    fn doubles_up_to_five_minutes_and_forgets_after_ten_in_peace() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.until(at(0), Timing::Real), None, "the first restart is immediate");
        let mut waits = Vec::new();
        for step in 0..7 {
            backoff = backoff.next(at(step), at(step), Timing::Real);
            waits.push(backoff.until(at(step), Timing::Real).unwrap().1.as_secs());
        }
        assert_eq!(waits, [10, 20, 40, 80, 160, 300, 300]);
        assert!(backoff.until(at(600), Timing::Real).is_some());
        assert_eq!(backoff.until(at(607), Timing::Real), None);
        assert_eq!(backoff.next(at(607), at(607), Timing::Real).until(at(607), Timing::Real).unwrap().1.as_secs(), 10);
    }

    #[test]
    fn class_timing_divides_by_ten() {
        let backoff = Backoff::default().next(at(0), at(0), Timing::Clase);
        assert_eq!(backoff.until(at(0), Timing::Clase).unwrap().1, Duration::from_secs(1));
    }

    #[test]
    fn durations_read_as_in_go() {
        let printed = [10, 80, 300, 3_600].map(|seconds| go_duration(Duration::from_secs(seconds)));
        assert_eq!(printed, ["10s", "1m20s", "5m0s", "1h0m0s"]);
        assert_eq!(go_duration(Duration::from_millis(1_500)), "1.5s");
        assert_eq!(go_duration(Duration::from_millis(2)), "2ms");
    }
}
