//! What became of a probe's requests: counts since the start, and the last seconds. Pure.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::ask::Answer;
use crate::client::timonel::{ProbeError, ProbeLatency, ProbePod, ProbeWindow, TrafficProbeStatus};

/// What «now» means in the status.
const WINDOW: Duration = Duration::from_secs(10);
/// Pods that are told: those that answered last.
const PODS: usize = 100;

/// A request that is over.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub took: Duration,
    pub answer: Result<Answer, String>,
}

/// The counts of a probe.
#[derive(Debug)]
pub(super) struct Tally {
    started: Timestamp,
    answered: u64,
    failed: u64,
    /// By pod: its version, how many it answered, and the number of its last answer.
    pods: BTreeMap<String, (String, u64, u64)>,
    last_error: Option<ProbeError>,
    /// When a request ended, and how long its answer took.
    recent: VecDeque<(Duration, Option<Duration>)>,
}

impl Tally {
    pub fn new(started: Timestamp) -> Self {
        let (pods, recent) = (BTreeMap::new(), VecDeque::new());
        Self { started, answered: 0, failed: 0, pods, last_error: None, recent }
    }

    /// Takes a request that is over.
    pub fn settle(&mut self, outcome: Outcome, now: Duration, wall: Timestamp) {
        let took = outcome.answer.is_ok().then_some(outcome.took);
        self.recent.push_back((now, took));
        match outcome.answer {
            Ok(answer) => {
                self.answered += 1;
                self.credit(answer);
            }
            Err(message) => {
                self.failed += 1;
                self.last_error = Some(ProbeError { time: Some(Time(wall)), message });
            }
        }
    }

    fn credit(&mut self, answer: Answer) {
        if answer.pod.is_empty() {
            return;
        }
        let turn = self.answered;
        let (version, count, last) = self.pods.entry(answer.pod).or_default();
        (*version, *count, *last) = (answer.version, *count + 1, turn);
        if self.pods.len() > PODS {
            let oldest = self.pods.iter().min_by_key(|(_, (.., last))| *last).map(|(pod, _)| pod.clone());
            oldest.map(|pod| self.pods.remove(&pod));
        }
    }

    /// The status of the probe at a moment.
    pub fn status(&mut self, generation: i64, now: Duration) -> TrafficProbeStatus {
        while self.recent.front().is_some_and(|(at, _)| *at + WINDOW <= now) {
            self.recent.pop_front();
        }
        let pods = self.pods.iter();
        let pod = |(pod, (version, answered, _)): (&String, &(String, u64, u64))| ProbePod {
            pod: pod.clone(),
            version: version.clone(),
            answered: *answered,
        };
        TrafficProbeStatus {
            sent: self.answered + self.failed,
            answered: self.answered,
            failed: self.failed,
            observed_generation: generation,
            started_at: Some(Time(self.started)),
            per_pod: pods.map(pod).collect(),
            latency: self.latency(),
            last_error: self.last_error.clone(),
            window: Some(self.window()),
        }
    }

    fn latency(&self) -> Option<ProbeLatency> {
        let mut times: Vec<Duration> = self.recent.iter().filter_map(|(_, took)| *took).collect();
        times.sort_unstable();
        let at = |percent: usize| {
            let time = times.get((times.len() * percent).div_ceil(100).saturating_sub(1))?;
            u64::try_from(time.as_micros()).ok()
        };
        Some(ProbeLatency { p50_microseconds: at(50)?, p99_microseconds: at(99)? })
    }

    fn window(&self) -> ProbeWindow {
        let sent = u64::try_from(self.recent.len()).unwrap_or(u64::MAX);
        let answered = self.recent.iter().filter(|(_, took)| took.is_some()).count();
        let answered = u64::try_from(answered).unwrap_or(u64::MAX);
        let percent = (answered * 100).checked_div(sent).unwrap_or(0);
        let seconds = u32::try_from(WINDOW.as_secs()).unwrap_or(u32::MAX);
        ProbeWindow { seconds, sent, answered, percent: u32::try_from(percent).unwrap_or(100) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(pod: &str, millis: u64) -> Outcome {
        let answer = Answer { pod: pod.into(), version: "v1".into() };
        Outcome { took: Duration::from_millis(millis), answer: Ok(answer) }
    }

    #[test]
    fn counts_are_for_ever_and_latencies_of_the_last_seconds() {
        let mut tally = Tally::new(Timestamp::UNIX_EPOCH);
        for second in 0..100_u64 {
            tally.settle(
                answered(if second % 4 == 0 { "a" } else { "b" }, second),
                Duration::from_secs(second),
                Timestamp::UNIX_EPOCH,
            );
        }
        let failure = Outcome { took: Duration::ZERO, answer: Err("HTTP 503".into()) };
        tally.settle(failure, Duration::from_secs(100), Timestamp::UNIX_EPOCH);
        let status = tally.status(2, Duration::from_secs(100));
        assert_eq!((status.sent, status.answered, status.failed, status.observed_generation), (101, 100, 1, 2));
        let pods: Vec<_> = status.per_pod.iter().map(|pod| (pod.pod.as_str(), pod.answered)).collect();
        assert_eq!(pods, [("a", 25), ("b", 75)]);
        assert_eq!(status.last_error.unwrap().message, "HTTP 503");
        assert_eq!(status.window, Some(ProbeWindow { seconds: 10, sent: 10, answered: 9, percent: 90 }));
        assert_eq!(status.latency, Some(ProbeLatency { p50_microseconds: 95_000, p99_microseconds: 99_000 }));
        let later = tally.status(2, Duration::from_secs(1000));
        assert_eq!((later.sent, later.latency, later.window.unwrap().sent), (101, None, 0));
    }

    #[test]
    fn of_many_pods_the_last_are_told() {
        let mut tally = Tally::new(Timestamp::UNIX_EPOCH);
        for number in 0..1000 {
            tally.settle(answered(&format!("pod-{number:04}"), 1), Duration::ZERO, Timestamp::UNIX_EPOCH);
        }
        let status = tally.status(1, Duration::ZERO);
        assert_eq!((status.per_pod.len(), status.per_pod[0].pod.as_str(), status.answered), (100, "pod-0900", 1000));
    }
}
