//! Completion indexes as ordered intervals, as a Job's status keeps them: `0,2-5,7`. Must not know pods.

use std::fmt;

/// A set of indexes, kept as ascending intervals that do not touch each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Indexes(Vec<(i32, i32)>);

impl Indexes {
    /// Reads the text of a status or of a rule; what lies beyond the completions, or is no number, is left out.
    pub(super) fn parse(text: &str, completions: i32) -> Self {
        let interval = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (i32, i32) = (first.parse().ok()?, last.parse().ok()?);
            (first < completions).then(|| (first, last.min(completions - 1)))
        };
        text.split(',').filter_map(interval).collect()
    }

    /// How many indexes there are.
    pub(super) fn total(&self) -> i32 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, index: i32) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < index);
        self.0.get(at).is_some_and(|(first, _)| *first <= index)
    }

    /// The indexes of both.
    pub(super) fn merged(&self, other: &Self) -> Self {
        self.0.iter().chain(&other.0).copied().collect()
    }

    /// These and some more.
    pub(super) fn with(&self, more: impl IntoIterator<Item = i32>) -> Self {
        self.merged(&more.into_iter().map(|index| (index, index)).collect())
    }

    /// How many indexes are in both.
    pub(super) fn common(&self, other: &Self) -> i32 {
        let overlap = |a: &(i32, i32), b: &(i32, i32)| (a.1.min(b.1) - a.0.max(b.0) + 1).max(0);
        self.0.iter().flat_map(|a| other.0.iter().map(move |b| overlap(a, b))).sum()
    }

    /// The first `count` indexes below `completions` that are not here.
    pub(super) fn missing(&self, count: usize, completions: i32) -> Vec<i32> {
        let mut missing = Vec::new();
        let mut next = 0;
        for (first, last) in self.0.iter().copied().chain([(completions, completions)]) {
            missing.extend((next..first.min(completions)).take(count - missing.len()));
            next = last + 1;
        }
        missing
    }
}

impl FromIterator<(i32, i32)> for Indexes {
    fn from_iter<I: IntoIterator<Item = (i32, i32)>>(intervals: I) -> Self {
        let mut intervals: Vec<(i32, i32)> = intervals.into_iter().collect();
        intervals.sort_unstable();
        let mut joined: Vec<(i32, i32)> = Vec::new();
        for (first, last) in intervals {
            match joined.last_mut() {
                Some(before) if first <= before.1 + 1 => before.1 = before.1.max(last),
                _ => joined.push((first, last)),
            }
        }
        Self(joined)
    }
}

impl fmt::Display for Indexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let interval = |(first, last): &(i32, i32)| match last - first {
            0 => first.to_string(),
            1 => format!("{first},{last}"),
            _ => format!("{first}-{last}"),
        };
        f.write_str(&self.0.iter().map(interval).collect::<Vec<_>>().join(","))
    }
}
