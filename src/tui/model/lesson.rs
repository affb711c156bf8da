//! What the terminal keeps of a lesson under way: its news, its traffic, the catalogue. Pure.

use std::collections::VecDeque;
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use crate::lessons::{Catalogue, Change, Moment};

/// Seconds of traffic that are shown.
const SECONDS: usize = 30;
/// Heights of a second in the little chart.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What happens with a lesson.
#[derive(Debug)]
pub enum News {
    /// It is set up: it begins now.
    Started,
    /// Things happened, in order.
    Moments(Vec<Moment>),
    /// What a key of the lesson applied was refused.
    Refused { reason: String, text: String },
    /// A key of the lesson did not do what it should: an attempt all the same.
    Tried,
    /// It could not be set up; why, in Spanish.
    Failed(String),
    /// It is no longer being watched.
    Ended,
}

static CHOSEN: OnceLock<Catalogue> = OnceLock::new();

/// Shows these lessons instead of those in the executable, from now on.
pub fn choose(catalogue: Catalogue) {
    // The first choice holds: a program shows one catalogue.
    let _again = CHOSEN.set(catalogue);
}

/// The lessons to show: those chosen, else those in the executable; read once.
pub fn catalogue() -> Result<&'static Catalogue, String> {
    static READ: LazyLock<Result<Catalogue, String>> =
        LazyLock::new(|| Catalogue::embedded().map_err(|error| error.to_string()));
    CHOSEN.get().map_or_else(|| READ.as_ref().map_err(Clone::clone), Ok)
}

/// Synthetic requests by whom they ask, in the order in which these were heard of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meters(Vec<Meter>);

impl Meters {
    /// Takes in what happened, if it is a request.
    pub fn take(&mut self, moment: &Moment) {
        let Change::Request { to, answered } = &moment.change else { return };
        let at = self.0.iter().position(|meter| *meter.to == **to).unwrap_or(self.0.len());
        if at == self.0.len() {
            self.0.push(Meter { to: to.to_string(), ..Meter::default() });
        }
        self.0[at].count(moment.at, *answered);
    }

    /// Each of them.
    pub fn all(&self) -> &[Meter] {
        &self.0
    }
}

/// Synthetic requests to one service, second by second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// The service asked.
    pub to: String,
    /// Answered since the lesson's start.
    pub answered: usize,
    /// Not answered since then.
    pub failed: usize,
    /// Second, answered and failed in it; the latest last.
    seconds: VecDeque<(u64, usize, usize)>,
}

impl Meter {
    fn count(&mut self, at: Duration, answered: bool) {
        if self.seconds.back().is_none_or(|(second, ..)| *second != at.as_secs()) {
            self.seconds.push_back((at.as_secs(), 0, 0));
            let extra = self.seconds.len().saturating_sub(SECONDS);
            self.seconds.drain(..extra);
        }
        let Some((_, good, bad)) = self.seconds.back_mut() else { return };
        if answered {
            (*good, self.answered) = (*good + 1, self.answered + 1);
        } else {
            (*bad, self.failed) = (*bad + 1, self.failed + 1);
        }
    }

    /// The share answered in the last second or two, in percent; nothing is known without requests.
    pub fn percent(&self) -> Option<usize> {
        let (good, bad) = self.seconds.iter().rev().take(2).fold((0, 0), |(good, bad), it| (good + it.1, bad + it.2));
        (good * 100).checked_div(good + bad)
    }

    /// One bar a second, the latest at the right: its share answered, and whether any failed.
    pub fn bars(&self, room: usize) -> Vec<(char, bool)> {
        let skipped = self.seconds.len().saturating_sub(room);
        let bar = |(_, good, bad): &(u64, usize, usize)| {
            let height = (good * (BARS.len() - 1)).checked_div(good + bad).unwrap_or(0);
            (BARS[height], *bad > 0)
        };
        self.seconds.iter().skip(skipped).map(bar).collect()
    }
}
