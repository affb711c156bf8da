//! What is told of the parts: their state since when, their requests a second, their queues. Pure; must not write it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::units::{Lever, Unit};
use crate::client::timonel::{ComponentStatus, State};

/// How often it is measured.
pub const EVERY: Duration = Duration::from_secs(2);
/// Measures that a rate spans: ten seconds.
const SPAN: usize = 5;
/// First and longest wait before a part that failed is tried again.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// A part that held this long is not failing any more.
const SOUND: Duration = Duration::from_secs(600);

/// How a part fares.
#[derive(Clone, Debug, Default)]
pub struct Health {
    state: State,
    since: Timestamp,
    restarts: i32,
    message: String,
    /// Failures in a row.
    failures: u32,
    /// When a part that failed is tried again.
    pub again: Option<Timestamp>,
}

impl Health {
    /// It runs now.
    pub fn running(&mut self, now: Timestamp) {
        if self.state == State::Failed {
            self.restarts += 1;
        } else {
            self.failures = 0;
        }
        self.again = None;
        self.turn(State::Running, String::new(), now);
    }

    /// It was ended to begin anew.
    pub fn restarted(&mut self, now: Timestamp) {
        self.restarts += 1;
        self.since = now;
    }

    /// It is off; the message says why if nobody switched it off.
    pub fn stopped(&mut self, message: &str, now: Timestamp) {
        self.again = None;
        self.turn(State::Stopped, message.to_owned(), now);
    }

    /// It failed by itself.
    pub fn failed(&mut self, message: String, now: Timestamp) {
        let held = Duration::try_from(now.duration_since(self.since)).unwrap_or_default();
        if self.state == State::Running && held >= SOUND {
            self.failures = 0;
        }
        let wait = AGAIN.0.saturating_mul(1 << self.failures.min(6)).min(AGAIN.1);
        self.failures += 1;
        self.again = Some(now + jiff::SignedDuration::try_from(wait).unwrap_or_default());
        self.turn(State::Failed, message, now);
    }

    fn turn(&mut self, state: State, message: String, now: Timestamp) {
        if (self.state, &self.message) != (state, &message) {
            (self.state, self.message, self.since) = (state, message, now);
        }
    }

    /// The status of its Component.
    pub fn status(&self, unit: &Unit, rate: Option<i32>, queue: Option<usize>) -> ComponentStatus {
        ComponentStatus {
            state: self.state,
            since: Some(Time(self.since)),
            restarts: self.restarts,
            requests_per_second: rate,
            queue_length: queue.map(|length| i32::try_from(length).unwrap_or(i32::MAX)),
            message: self.message.clone(),
            description: unit.about.clone(),
        }
    }
}

/// Requests by user at some moments of the last ten seconds.
#[derive(Debug, Default)]
pub struct Rates(VecDeque<(Duration, BTreeMap<String, u64>)>);

impl Rates {
    /// Takes the counts at a moment.
    pub fn measure(&mut self, at: Duration, counts: BTreeMap<String, u64>) {
        self.0.push_back((at, counts));
        if self.0.len() > SPAN + 1 {
            self.0.pop_front();
        }
    }

    /// A part's requests a second, rounded; the API server has everybody's.
    pub fn of(&self, unit: &Unit) -> Option<i32> {
        let count = |counts: &BTreeMap<String, u64>| match (&unit.lever, &unit.asks_as) {
            (Lever::ApiServer, _) => Some(counts.values().sum()),
            (_, user) => user.as_ref().map(|user| counts.get(user).copied().unwrap_or_default()),
        };
        let ((before, first), (now, last)) = (self.0.front()?, self.0.back()?);
        let (asked, millis) = (count(last)? - count(first)?, now.saturating_sub(*before).as_millis());
        // Over less than that, the burst of a start would be told as a rate.
        if millis < EVERY.as_millis() {
            return None;
        }
        let rate = (u128::from(asked) * 1000 + millis / 2).checked_div(millis).unwrap_or_default();
        i32::try_from(rate).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Options;
    use crate::cluster::supervisor::units;

    fn unit(name: &str) -> Unit {
        let found = units::all(&Options::new("x".into()), true).into_iter().find(|unit| unit.name == name);
        found.unwrap_or_else(|| panic!("no {name}"))
    }

    #[test]
    fn a_part_that_keeps_failing_is_tried_less_and_less_often() {
        let (mut health, mut now) = (Health::default(), Timestamp::UNIX_EPOCH);
        health.running(now);
        let mut waits = Vec::new();
        for _ in 0..8 {
            health.failed("se rompe".into(), now);
            let again = health.again.unwrap();
            waits.push(again.duration_since(now).as_secs());
            now = again;
            health.running(now);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        let status = health.status(&unit("scheduler"), Some(3), Some(2));
        assert_eq!((status.state, status.restarts, status.message.as_str()), (State::Running, 8, ""));
        now += jiff::SignedDuration::from_secs(601);
        health.failed("otra vez".into(), now);
        assert_eq!(health.again.unwrap().duration_since(now).as_secs(), 1, "it had held long");
        health.stopped("", now);
        assert_eq!(health.again, None, "what is switched off is not tried");
    }

    #[test]
    fn rates_are_of_the_last_ten_seconds() {
        let mut rates = Rates::default();
        let counts =
            |scheduler: u64| BTreeMap::from([("system:kube-scheduler".to_owned(), scheduler), ("otro".into(), 7)]);
        assert_eq!(rates.of(&unit("scheduler")), None);
        rates.measure(Duration::from_millis(100), counts(0));
        rates.measure(Duration::from_millis(200), counts(300));
        assert_eq!(rates.of(&unit("scheduler")), None, "a burst is not a rate");
        let mut rates = Rates::default();
        for step in 0..20_u64 {
            rates.measure(EVERY * u32::try_from(step).unwrap(), counts(if step < 10 { 0 } else { step * 6 }));
        }
        assert_eq!((rates.of(&unit("scheduler")), rates.of(&unit("apiserver"))), (Some(3), Some(3)));
        assert_eq!((rates.of(&unit("kubelet-worker-1")), rates.of(&unit("etcd"))), (Some(0), None));
    }

    #[test]
    fn names_are_those_of_the_documents() {
        let names = |workers, embedded| {
            let options = Options { workers, ..Options::new("x".into()) };
            units::all(&options, embedded).into_iter().map(|unit| unit.name).collect::<Vec<_>>()
        };
        let few = names(3, true);
        let expected =
            ["etcd", "apiserver", "controller-manager", "deployment-controller", "scheduler", "kube-proxy", "dns"];
        let tunnels = ["tunnel-worker-1-worker-2", "tunnel-worker-1-worker-3", "tunnel-worker-2-worker-3"];
        for name in expected.into_iter().chain(["ingress-controller", "kubelet-worker-3"]).chain(tunnels) {
            assert!(few.iter().any(|known| known == name), "{name} in {few:?}");
        }
        assert!(!names(3, false).iter().any(|name| name == "dns"), "in an engine the proxy has it");
        assert!(!names(1000, true).iter().any(|name| name.starts_with("tunnel")), "they would be half a million");
    }
}
