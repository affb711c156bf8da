//! Synthetic requests to one service: the latest one by one, all of them as sums. Must not judge their share.

use std::collections::VecDeque;
use std::time::Duration;

/// Single requests are kept for this long.
const KEPT: Duration = Duration::from_secs(60);

/// What became of the requests to one service.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests {
    latest: VecDeque<(Duration, bool)>,
    sent: u64,
    answered: u64,
}

impl Requests {
    pub(super) fn take(&mut self, at: Duration, answered: bool) {
        self.latest.push_back((at, answered));
        while self.latest.front().is_some_and(|(sent, _)| *sent + KEPT < at) {
            self.latest.pop_front();
        }
        self.sent += 1;
        self.answered += u64::from(answered);
    }

    /// How many were sent since then, and how many answered; since the start, without a moment.
    pub(super) fn since(&self, moment: Option<Duration>) -> (u64, u64) {
        let from = moment.unwrap_or_default();
        let recent = self.latest.iter().rev().take_while(|(at, _)| *at >= from);
        recent.fold((0, 0), |(sent, answered), (_, ok)| (sent + 1, answered + u64::from(*ok)))
    }

    pub(super) fn in_all(&self) -> (u64, u64) {
        (self.sent, self.answered)
    }
}
