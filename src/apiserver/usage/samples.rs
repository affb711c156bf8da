//! From CPU time that grows to how fast it grows: the last measures of each container. Must not ask anybody.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;

/// How long a measure stands before a later one takes its place (metrics-server's resolution).
const RESOLUTION: Duration = Duration::from_secs(15);
/// Measures of containers that nobody asked for in this time are forgotten.
const FORGET: Duration = Duration::from_secs(600);

/// CPU time used since the container's start, at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) at: Timestamp,
    pub(super) nanos: u64,
}

/// How much CPU was used, in billionths of a core, over the time that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) nanocores: u64,
    pub(super) over: Duration,
}

impl Rate {
    /// The time that was looked at, as Go writes a duration of seconds.
    pub(super) fn window(self) -> String {
        let millis = self.over.as_millis();
        let text = format!("{}.{:03}", millis / 1000, millis % 1000);
        format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// The last two measures of each container.
#[derive(Debug, Default)]
pub(in super::super) struct Samples(Mutex<HashMap<String, (Sample, Sample)>>);

impl Samples {
    /// How fast a container uses CPU, given its newest measure and its start.
    pub(super) fn rate(&self, container: &str, started: Timestamp, now: Sample) -> Rate {
        let mut samples = self.0.lock();
        samples.retain(|_, (_, last)| since(last.at, now.at) < FORGET);
        let first = Sample { at: started, nanos: 0 };
        let (before, last) = samples.entry(container.to_owned()).or_insert((first, first));
        // A container that began anew counts from nothing.
        if now.nanos < last.nanos {
            (*before, *last) = (first, first);
        }
        if since(last.at, now.at) >= RESOLUTION {
            (*before, *last) = (*last, now);
        }
        between(*before, now)
    }
}

fn since(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

fn between(before: Sample, now: Sample) -> Rate {
    let over = since(before.at, now.at);
    let grown = u128::from(now.nanos.saturating_sub(before.nanos));
    let nanocores = (grown * 1_000_000_000).checked_div(over.as_nanos()).unwrap_or_default();
    Rate { nanocores: u64::try_from(nanocores).unwrap_or(u64::MAX), over }
}

#[cfg(test)]
mod tests {
    use super::{Sample, Samples};

    fn sample(seconds: i64, nanos: u64) -> Sample {
        Sample { at: jiff::Timestamp::from_second(1_000_000 + seconds).unwrap(), nanos }
    }

    #[test]
    fn cpu_is_told_over_the_last_quarter_of_a_minute() {
        let samples = Samples::default();
        let start = sample(0, 0).at;
        let first = samples.rate("a", start, sample(10, 1_000_000_000));
        assert_eq!((first.nanocores, first.window().as_str()), (100_000_000, "10s"));
        samples.rate("a", start, sample(20, 2_000_000_000));
        let busy = samples.rate("a", start, sample(40, 12_000_000_000));
        assert_eq!((busy.nanocores, busy.over.as_secs()), (500_000_000, 20));
        let again = samples.rate("a", sample(41, 0).at, sample(42, 1_000));
        assert_eq!((again.nanocores, again.over.as_secs()), (1_000, 1));
    }
}
