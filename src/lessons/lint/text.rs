//! Whether texts fit the smallest screen, 80x24. Must agree with `tui::views::lesson`, which a test there holds.

use super::Around;
use crate::lessons::format::{Lesson, Question, Step};

/// A step's text may be no longer.
const WORDS: usize = 120;
/// Columns inside the panel at 80x24.
const COLUMNS: usize = 76;
/// Columns for code, which is set in a little and never broken.
const CODE: usize = COLUMNS - 2;
/// Rows inside the panel at 80x24.
const ROWS: usize = 19;
/// Kinds whose desired and actual replicas are shown when they are to be looked at.
const GAUGED: &[&str] = &["Deployment/", "ReplicaSet/", "StatefulSet/"];

pub(super) fn lint(lesson: &Lesson, _: Around<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let clusters = 1 + usize::from(lesson.setup.second.is_some());
    let metered = !lesson.setup.traffic.is_empty();
    for (number, step) in lesson.steps.iter().enumerate() {
        found.extend(of_step(step, metered, clusters).into_iter().map(|what| format!("paso {}: {what}", number + 1)));
    }
    for (place, text) in lesson.texts() {
        let long = text.lines().filter_map(|line| line.strip_prefix("    ")).find(|line| width(line) > CODE);
        found.extend(long.map(|line| format!("{place}: la línea de código no cabe en 80 columnas: {line}")));
    }
    let cards = lesson.cards.iter().filter_map(|card| card.scene.as_ref()).flat_map(|scene| scene.lines());
    let wide = cards.filter(|line| width(line) > CODE);
    found.extend(wide.map(|line| format!("la escena de una tarjeta no cabe en 80 columnas: {line}")));
    found
}

fn of_step(step: &Step, metered: bool, clusters: usize) -> Vec<String> {
    let mut found = Vec::new();
    let words = step.text.split_whitespace().count();
    if words > WORDS {
        found.push(format!("el texto tiene {words} palabras; como mucho {WORDS}"));
    }
    let page = page(step, metered, clusters);
    // Its title and a blank stand above the text.
    let text = 2 + rows(&step.text, COLUMNS);
    if text > page {
        found.push(format!("el texto ocupa {text} filas y en 80x24 caben {page}: acórtalo o acorta los objetivos"));
    }
    if let Some(question) = &step.question {
        let asked = asked(question);
        if asked > page {
            found.push(format!("«{}» ocupa {asked} filas y en 80x24 caben {page}", question.id));
        }
    }
    for hint in step.levels().flat_map(crate::lessons::format::Hint::texts) {
        let hint = 1 + rows(hint, COLUMNS);
        if hint > page {
            found.push(format!("una pista ocupa {hint} filas y en 80x24 caben {page}"));
        }
    }
    found
}

/// Rows that the foot leaves: a rule, the traffic, desired against actual in each cluster, the sub-goals, what the next key does.
fn page(step: &Step, metered: bool, clusters: usize) -> usize {
    let goals: usize = step.goals.iter().map(|goal| rows(&goal.text, COLUMNS - 2)).sum();
    let gauged = step.look.iter().any(|place| GAUGED.iter().any(|kind| place.starts_with(kind)));
    ROWS.saturating_sub(2 + usize::from(metered) + usize::from(gauged) * clusters + goals)
}

fn asked(question: &Question) -> usize {
    let items = question.options.iter().map(|option| &option.text).chain(&question.order);
    rows(&question.text, COLUMNS) + items.map(|item| rows(item, COLUMNS - 4)).sum::<usize>()
}

/// Rows that a text takes: paragraphs flow, list items hang, code stays.
fn rows(text: &str, room: usize) -> usize {
    let mut rows = 0;
    let mut used = None;
    for line in text.lines() {
        let (lead, rest) = lead(line);
        match used {
            _ if line.trim().is_empty() => (rows, used) = (rows + 1, None),
            _ if line.starts_with("    ") => (rows, used) = (rows + 1, None),
            Some((indent, column)) if lead == 0 => used = Some((indent, flow(rest, indent, column, room, &mut rows))),
            _ => {
                rows += 1;
                used = Some((lead, flow(rest, lead, lead, room, &mut rows)));
            }
        }
    }
    rows
}

/// Puts words one after another; the column behind the last one.
fn flow(text: &str, indent: usize, mut column: usize, room: usize, rows: &mut usize) -> usize {
    for word in text.split_whitespace() {
        let wide = width(&word.replace("**", "").replace('`', ""));
        if column == indent {
            column += wide;
        } else if column + 1 + wide <= room {
            column += 1 + wide;
        } else {
            *rows += 1;
            column = indent + wide;
        }
    }
    column
}

/// The columns of what a list item begins with, and the rest of the line.
fn lead(line: &str) -> (usize, &str) {
    let rest = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let digits = line.len() - rest.len();
    match rest.strip_prefix(". ").filter(|_| digits > 0).or_else(|| line.strip_prefix("- ")) {
        Some(rest) => (line.len() - rest.len(), rest),
        None => (0, line),
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_as_they_are_drawn() {
        let source = "Uno **dos**\ntres `cuatro`.\n\n1. Primero esto\n2. Luego\n\n    kind:  Pod\n";
        assert_eq!(rows(source, 12), 8);
        assert_eq!(rows("", 12), 0);
    }
}
