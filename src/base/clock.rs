//! The only source of «now». Must not be bypassed: `SystemTime::now` and `Instant::now` are banned elsewhere.
//!
//! Time is tokio's, so a test with the paused clock moves every timestamp, back-off and countdown together.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// How fast the slow waits of Kubernetes pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timing {
    /// Kubernetes' own defaults (node grace 40 s, eviction 300 s, back-off 10 s to 5 min).
    #[default]
    Real,
    /// The slow waits divided by [`Timing::CLASE_FACTOR`], so that a lesson does not wait minutes.
    Clase,
}

impl Timing {
    /// By how much `clase` divides the slow waits.
    pub const CLASE_FACTOR: u32 = 10;

    /// A real wait of Kubernetes as it passes under this timing.
    #[must_use]
    pub fn scale(self, real: Duration) -> Duration {
        match self {
            Self::Real => real,
            Self::Clase => real / Self::CLASE_FACTOR,
        }
    }
}

/// Wall clock and monotonic clock as one: a wall time taken once, moved on by tokio's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
    wall: Timestamp,
    /// How fast the slow waits pass.
    pub timing: Timing,
}

impl Clock {
    /// A clock that starts at the machine's wall time.
    #[must_use]
    pub fn new(timing: Timing) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
        let wall = Timestamp::now();
        Self::starting_at(wall, timing)
    }

    /// A clock that starts at a given wall time (tests, replays).
    #[must_use]
    pub fn starting_at(wall: Timestamp, timing: Timing) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place where the monotonic clock is read")]
        let origin = Instant::now();
        Self { origin, wall, timing }
    }

    /// The wall time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.wall + SignedDuration::try_from(self.origin.elapsed()).unwrap_or_default()
    }

    /// Time since this clock started.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }

    /// Waits a slow wait of Kubernetes, scaled by the timing.
    pub async fn sleep_scaled(&self, real: Duration) {
        tokio::time::sleep(self.timing.scale(real)).await;
    }
}
