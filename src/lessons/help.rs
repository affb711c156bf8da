//! Hints that open up after an attempt or a pause, never all at once. Must not count aloud how many remain.

use std::time::Duration;

use super::format::{Hint, Hints};
use super::monitor;
use super::world::{Change, Moment, World};

/// Without progress for this long, the next hint is offered.
const PAUSE: Duration = Duration::from_secs(30);

/// How much help a step has given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Help {
    given: usize,
    /// Since the last progress or hint.
    since: Duration,
    tried: bool,
}

impl Help {
    /// Help for a step that begins now.
    #[must_use]
    pub fn starting(at: Duration) -> Self {
        Self { since: at, ..Self::default() }
    }

    /// The learner tried something that did not get on.
    pub fn tried(&mut self) {
        self.tried = true;
    }

    /// The learner got on: the pause begins anew.
    pub fn progressed(&mut self, at: Duration) {
        (self.since, self.tried) = (at, false);
    }

    /// Whether another hint may be asked for.
    #[must_use]
    pub fn available(&self, now: Duration) -> bool {
        self.given < LEVELS && (self.tried || now.saturating_sub(self.since) >= PAUSE)
    }

    /// Gives the next hint, if one may be asked for.
    pub fn give(&mut self, now: Duration) -> bool {
        let available = self.available(now);
        if available {
            self.given += 1;
            self.progressed(now);
        }
        available
    }

    /// How many were given: the progress file keeps it.
    #[must_use]
    pub fn given(&self) -> usize {
        self.given
    }

    /// What was given, as it fits the state now.
    #[must_use]
    pub fn shown<'a>(&self, hints: &'a Hints, world: &World) -> Vec<(&'static str, &'a str)> {
        let levels: [(&str, Option<&str>); LEVELS] = [
            ("mira", fitting(&hints.mira, world)),
            ("piensa", fitting(&hints.piensa, world)),
            ("casi", fitting(&hints.casi, world)),
            ("solución", Some(&hints.solution)),
        ];
        levels.into_iter().take(self.given).filter_map(|(name, text)| Some((name, text?))).collect()
    }
}

/// `mira`, `piensa`, `casi` and the solution.
const LEVELS: usize = 4;

fn fitting<'a>(hint: &'a Hint, world: &World) -> Option<&'a str> {
    let now = Moment { at: world.now(), change: Change::Tick };
    match hint {
        Hint::Plain(text) => Some(text),
        Hint::ByState(variants) => variants
            .iter()
            .find(|variant| variant.when.as_ref().is_none_or(|when| monitor::now(when, world, &now)))
            .map(|variant| variant.text.as_str()),
    }
}
