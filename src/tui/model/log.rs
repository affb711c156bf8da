//! What several containers wrote, in the order of its time and within bounds; and how a line is read. Pure; must not draw.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use super::rows::Filter;

/// Bytes kept.
const MOST_BYTES: usize = 8 << 20;
/// The longest line kept whole.
const LONGEST: usize = 16 << 10;
/// Fields of a line in JSON that say how grave it is, what happened and when, by the loggers in use.
const LEVEL: &[&str] = &["level", "lvl", "severity", "nivel"];
const MESSAGE: &[&str] = &["msg", "message", "mensaje"];
const TIME: &[&str] = &["time", "timestamp", "ts", "@timestamp", "hora"];

/// A line and who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The number of its stream.
    pub source: u64,
    /// Its time, as the server writes it before the line, a blank, and what was written.
    pub text: String,
}

/// The lines kept.
#[derive(Debug)]
pub struct Log {
    lines: VecDeque<Line>,
    bytes: usize,
    most: usize,
    dropped: bool,
}

/// Which lines are shown.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// What they say.
    pub filter: &'a Filter,
    /// Who wrote them; anybody when absent.
    pub source: Option<u64>,
    /// Lines before and after each that passes.
    pub around: usize,
}

impl Log {
    /// An empty log that keeps so many lines.
    pub fn new(most: usize) -> Self {
        Self { lines: VecDeque::new(), bytes: 0, most: most.max(1), dropped: false }
    }

    /// Takes in what a stream wrote: each line in its place by its time.
    pub fn take(&mut self, source: u64, new: Vec<String>) {
        for mut text in new {
            cut(&mut text);
            self.bytes += text.len();
            let at = self.place(time(&text));
            self.lines.insert(at, Line { source, text });
        }
        while self.lines.len() > self.most || self.bytes > MOST_BYTES {
            let Some(old) = self.lines.pop_front() else { break };
            self.bytes -= old.text.len();
            self.dropped = true;
        }
    }

    /// Where a line of that time belongs; at the end without one.
    fn place(&self, at: &str) -> usize {
        let later = self.lines.iter().rev().take_while(|line| !at.is_empty() && time(&line.text) > at);
        self.lines.len() - later.count()
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Self::new(self.most);
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether older lines had to go.
    pub fn dropped(&self) -> bool {
        self.dropped
    }

    /// A line, by its place.
    pub fn line(&self, place: usize) -> Option<&Line> {
        self.lines.get(place)
    }

    /// The places of the lines that are shown, in order.
    pub fn shown(&self, wanted: &Wanted) -> Vec<usize> {
        let own = |line: &Line| wanted.source.is_none_or(|source| source == line.source);
        let all: Vec<usize> =
            self.lines.iter().enumerate().filter(|(_, line)| own(line)).map(|(place, _)| place).collect();
        if wanted.filter.open() {
            return all;
        }
        let passes = |place: &usize| wanted.filter.passes(&self.lines[*place].text);
        let found: Vec<usize> = (0..all.len()).filter(|index| passes(&all[*index])).collect();
        let mut shown = Vec::new();
        for index in found {
            let from = index.saturating_sub(wanted.around).max(shown.last().map_or(0, |last: &usize| *last + 1));
            shown.extend(from..=(index + wanted.around).min(all.len() - 1));
        }
        shown.into_iter().map(|index| all[index]).collect()
    }

    /// The lines that are shown as a text, each begun by its label.
    pub fn text(&self, wanted: &Wanted, label: impl Fn(u64) -> String) -> String {
        let shown = self.shown(wanted).into_iter().filter_map(|place| self.line(place));
        shown.flat_map(|line| [label(line.source), line.text.clone(), "\n".to_owned()]).collect()
    }
}

fn cut(line: &mut String) {
    if line.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|&at| line.is_char_boundary(at)).unwrap_or(0);
        line.truncate(end);
        line.push('…');
    }
}

/// When it was written, to compare: with more or fewer digits of a second.
fn time(line: &str) -> &str {
    split(line).0.map_or("", |time| time.trim_end_matches('Z'))
}

/// The time before a line, if it has one, and what was written.
pub fn split(line: &str) -> (Option<&str>, &str) {
    match line.split_once(' ') {
        Some((time, rest)) if is_time(time) => (Some(time), rest),
        None if is_time(line) => (Some(line), ""),
        _ => (None, line),
    }
}

fn is_time(word: &str) -> bool {
    word.len() >= 20 && word.ends_with('Z') && word.as_bytes()[10] == b'T'
}

/// A line in JSON as a person reads it: how grave, what happened, and the rest as `name=value`; nothing for any other.
pub fn pretty(text: &str) -> Option<String> {
    let mut fields: Map<String, Value> = serde_json::from_str(text.trim()).ok()?;
    let mut first = |names: &[&str]| names.iter().find_map(|name| fields.remove(*name)).map(|value| plain(&value));
    let (level, message, _time) = (first(LEVEL), first(MESSAGE), first(TIME));
    let lead = [level.map(|level| level.to_uppercase()), message].into_iter().flatten();
    let rest = fields.iter().map(|(name, value)| format!("{name}={}", plain(value)));
    Some(lead.chain(rest).collect::<Vec<_>>().join("  "))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), Into::into)
}

/// Terminal escapes and tabs as plain text.
pub fn readable(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => drop(letters.by_ref().find(char::is_ascii_alphabetic)),
            '\t' => out.push_str("    "),
            control if control.is_control() => {}
            plain => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[(u64, &str)]) -> Log {
        let mut log = Log::new(100);
        for (source, text) in lines {
            log.take(*source, vec![format!("2026-05-01T12:00:{text}")]);
        }
        log
    }

    fn shown(log: &Log, filter: &str, source: Option<u64>, around: usize) -> Vec<String> {
        let filter = Filter::new(filter);
        let places = log.shown(&Wanted { filter: &filter, source, around });
        places.into_iter().map(|place| split(&log.line(place).unwrap().text).1.to_owned()).collect()
    }

    #[test]
    fn lines_of_several_come_in_the_order_of_their_time() {
        let log = log(&[(1, "01Z a"), (1, "03.5Z c"), (2, "02Z b"), (2, "03.55Z d"), (2, "03.5Z after its equal")]);
        assert_eq!(shown(&log, "", None, 0), ["a", "b", "c", "after its equal", "d"]);
        assert_eq!(shown(&log, "", Some(1), 0), ["a", "c"]);
    }

    #[test]
    fn what_is_looked_for_may_bring_its_neighbours() {
        let texts = ["01Z a", "02Z b", "03Z error", "04Z d", "05Z error", "06Z f", "07Z g", "08Z h"];
        let log = log(&texts.map(|text| (1, text)));
        assert_eq!(shown(&log, "error", None, 0), ["error", "error"]);
        assert_eq!(shown(&log, "error", None, 1), ["b", "error", "d", "error", "f"]);
        assert_eq!(shown(&log, "error", None, 9).len(), texts.len());
        assert_eq!(shown(&log, "nada", None, 3), Vec::<String>::new());
    }

    #[test]
    fn neighbours_are_of_the_same_stream_when_only_one_is_shown() {
        let log = log(&[(1, "01Z a"), (2, "02Z otro"), (1, "03Z error"), (2, "04Z otro"), (1, "05Z c")]);
        assert_eq!(shown(&log, "error", Some(1), 1), ["a", "error", "c"]);
    }

    #[test]
    fn json_is_read_as_a_person_reads() {
        let line = r#"{"level":"warn","ts":1.5,"msg":"lento","ms":250,"tags":["a"]}"#;
        assert_eq!(pretty(line).as_deref(), Some(r#"WARN  lento  ms=250  tags=["a"]"#));
        assert_eq!((pretty("{no es json"), pretty("[1]"), pretty("hola")), (None, None, None));
    }

    #[test]
    fn a_line_that_only_looks_as_if_it_had_a_time_is_whole() {
        assert_eq!(split("GET /Z 200"), (None, "GET /Z 200"));
        assert_eq!(split("2026-05-01T12:00:00Z hola"), (Some("2026-05-01T12:00:00Z"), "hola"));
        assert_eq!(split("2026-05-01T12:00:00.123Z"), (Some("2026-05-01T12:00:00.123Z"), ""), "an empty line");
    }
}
