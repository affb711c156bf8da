//! What rows are ordered by: read once per row, so that ordering ten thousand compares numbers instead of parsing text.

use std::cmp::Ordering;

use crate::tui::model::table::{Column, Row};

/// What a row is worth in a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Worth {
    /// A number, an age in seconds, a share of what is wanted.
    Number(f64),
    /// Anything else.
    Text(String),
}

impl Worth {
    /// What a row is worth in a column; an age by its creation, which does not change as time passes.
    pub fn of(row: &Row, index: usize, column: &Column) -> Self {
        match (row.created, row.cells.get(index)) {
            #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
            (Some(created), _) if super::is_age(column) => Self::Number(-(created.as_second() as f64)),
            (_, None) => Self::Text(String::new()),
            (_, Some(cell)) => number(cell).map_or_else(|| Self::Text(cell.into()), Self::Number),
        }
    }

    /// Numbers before texts.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}

/// The number that a cell begins with; an age in seconds (`3m20s`).
fn number(cell: &str) -> Option<f64> {
    if let Some(age) = seconds(cell) {
        return Some(age);
    }
    let end = cell.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(cell.len());
    cell[..end].parse().ok()
}

fn seconds(cell: &str) -> Option<f64> {
    let (mut total, mut digits) = (0.0, String::new());
    for letter in cell.chars() {
        let unit = match letter {
            '0'..='9' => {
                digits.push(letter);
                continue;
            }
            's' => 1.0,
            'm' => 60.0,
            'h' => 3600.0,
            'd' => 86_400.0,
            'y' => 31_536_000.0,
            _ => return None,
        };
        total += digits.parse::<f64>().ok()? * unit;
        digits.clear();
    }
    (digits.is_empty() && !cell.is_empty()).then_some(total)
}
