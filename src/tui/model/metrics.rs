//! The server's `/metrics` text → requests a second, latency, revision, keys. Pure.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::failure::Failure;

/// Readings kept for the sparkline.
const KEPT: usize = 60;

/// One reading: counters since the server started.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Requests answered.
    pub requests: f64,
    /// Seconds spent on them, watches apart.
    pub seconds: f64,
    /// How many of them the seconds are about.
    pub timed: f64,
    /// Revision of the store, where the server tells it.
    pub revision: Option<f64>,
    /// Objects kept.
    pub objects: Option<f64>,
    /// Bytes kept.
    pub bytes: Option<f64>,
}

/// What the readings say together.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// Whether none will come: of a moment gone by there are no figures.
    pub gone_by: bool,
    last: Option<(Timestamp, Sample)>,
    /// Requests a second between the last two readings.
    pub rate: Option<f64>,
    /// Mean milliseconds of a request between the last two readings.
    pub latency: Option<f64>,
    /// The rates, oldest first.
    pub history: VecDeque<f64>,
    /// Why there are no readings.
    pub failure: Option<Failure>,
}

impl Metrics {
    /// The last reading.
    pub fn sample(&self) -> Option<&Sample> {
        self.last.as_ref().map(|(_, sample)| sample)
    }

    /// Takes in a reading.
    pub fn take(&mut self, now: Timestamp, sample: Sample) {
        if let Some((before, old)) = self.last {
            let seconds = now.duration_since(before).as_secs_f64();
            let count = sample.requests - old.requests;
            if seconds > 0.0 && count >= 0.0 {
                self.rate = Some(count / seconds);
                self.history.push_back(count / seconds);
            }
            let timed = sample.timed - old.timed;
            if timed > 0.0 {
                self.latency = Some((sample.seconds - old.seconds) * 1000.0 / timed);
            }
        }
        if self.history.len() > KEPT {
            self.history.pop_front();
        }
        self.last = Some((now, sample));
        self.failure = None;
    }
}

/// Reads Prometheus text.
pub fn parse(text: &str) -> Sample {
    let mut sample = Sample::default();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((series, value)) = line.rsplit_once(' ').and_then(|(series, value)| Some((series, number(value)?)))
        else {
            continue;
        };
        let name = series.split('{').next().unwrap_or_default();
        match name {
            "apiserver_request_total" => sample.requests += value,
            "apiserver_request_duration_seconds_sum" if !long(series) => sample.seconds += value,
            "apiserver_request_duration_seconds_count" if !long(series) => sample.timed += value,
            "timonel_store_revision" => sample.revision = Some(value),
            "timonel_store_bytes" | "apiserver_storage_size_bytes" => add(&mut sample.bytes, value),
            "apiserver_storage_objects" | "apiserver_resource_objects" if value >= 0.0 => {
                add(&mut sample.objects, value);
            }
            _ => {}
        }
    }
    sample
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// Watches and streams last as long as their client wants; they say nothing about how fast the server is.
fn long(series: &str) -> bool {
    ["\"WATCH\"", "\"CONNECT\"", "\"WATCHLIST\""].iter().any(|verb| series.contains(verb))
}

fn add(total: &mut Option<f64>, value: f64) {
    *total = Some(total.unwrap_or_default() + value);
}

/// Bars of growing height for the last `room` values, the highest being full.
pub fn sparkline(values: &VecDeque<f64>, room: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let shown = values.iter().skip(values.len().saturating_sub(room));
    let top = shown.clone().fold(1.0_f64, |top, value| top.max(*value));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ value ≤ top")]
    shown.map(|value| BARS[((value / top * 7.0).round() as usize).min(7)]).collect()
}
