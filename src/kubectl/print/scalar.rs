//! How one text stands in YAML, by go-yaml's rules (`resolve.go`, `emitterc.go`). Must not write documents.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Number;

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// Words that YAML 1.1 reads as a boolean, null, a number or a merge.
const WORDS: &[&str] = &[
    "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", "n", "N", "no", "No", "NO", "false",
    "False", "FALSE", "off", "Off", "OFF", "", "~", "null", "Null", "NULL", ".nan", ".NaN", ".NAN", ".inf", ".Inf",
    ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", "<<",
];

/// Integers, floats, timestamps and base 60, as go-yaml reads them.
static NUMBERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let int = "[-+]?(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|[1-9][0-9_]*|0)";
    let float = r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?";
    let time =
        r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})?)?";
    let sixty = r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?";
    Regex::new(&format!("^({int}|{float}|{time}|{sixty})$")).ok()
});

/// How a text is written, as a key or as a value.
pub(super) fn style(text: &str, is_key: bool) -> Style {
    let facts = Facts::of(text);
    if text.contains('\n') {
        return if facts.is_literal() && !is_key { Style::Literal } else { Style::Double };
    }
    let reads_otherwise = WORDS.contains(&text) || NUMBERS.as_ref().is_some_and(|numbers| numbers.is_match(text));
    if reads_otherwise || facts.special {
        Style::Double
    } else if facts.indicators || facts.outer_blank {
        Style::Single
    } else {
        Style::Plain
    }
}

/// What libyaml's `analyze_scalar` finds.
#[derive(Default)]
struct Facts {
    indicators: bool,
    special: bool,
    outer_blank: bool,
    trailing_blank: bool,
    blank_before_break: bool,
}

impl Facts {
    fn of(text: &str) -> Self {
        let letters: Vec<char> = text.chars().collect();
        let mut facts = Self {
            indicators: text.starts_with("---") || text.starts_with("..."),
            outer_blank: text.starts_with(' ') || text.ends_with(' '),
            trailing_blank: text.ends_with(' '),
            ..Self::default()
        };
        for (at, &letter) in letters.iter().enumerate() {
            let next_blank = letters.get(at + 1).is_none_or(|next| is_blank(*next));
            let after_blank = at == 0 || is_blank(letters[at - 1]);
            facts.indicators |= match letter {
                '#' if at > 0 => after_blank,
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                    at == 0
                }
                ':' => next_blank,
                '?' | '-' => at == 0 && next_blank,
                _ => false,
            };
            facts.special |= !is_printable(letter);
            facts.blank_before_break |= letter == ' ' && letters.get(at + 1) == Some(&'\n');
        }
        facts
    }

    fn is_literal(&self) -> bool {
        !self.special && !self.trailing_blank && !self.blank_before_break
    }
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r')
}

fn is_printable(letter: char) -> bool {
    matches!(letter, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
        || (letter > '\u{ffff}')
}

/// One letter inside double quotes.
pub(super) fn escape(letter: char, out: &mut String) {
    match letter {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        '\0' => out.push_str("\\0"),
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{b}' => out.push_str("\\v"),
        '\u{c}' => out.push_str("\\f"),
        '\u{1b}' => out.push_str("\\e"),
        '\u{85}' => out.push_str("\\N"),
        '\u{2028}' => out.push_str("\\L"),
        '\u{2029}' => out.push_str("\\P"),
        other if is_printable(other) => out.push(other),
        other if u32::from(other) <= 0xff => out.push_str(&format!("\\x{:02X}", u32::from(other))),
        other if u32::from(other) <= 0xffff => out.push_str(&format!("\\u{:04X}", u32::from(other))),
        other => out.push_str(&format!("\\U{:08X}", u32::from(other))),
    }
}

/// A number as Go writes it.
pub(super) fn number(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e21 => format!("{float:.0}"),
        _ => number.to_string(),
    }
}

/// go-yaml's order of keys: numbers inside them count as numbers, letters come after all else.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(a, b)| a != b) else { return a.len().cmp(&b.len()) };
    match (a[at].is_alphabetic(), b[at].is_alphabetic()) {
        (true, true) => a[at].cmp(&b[at]),
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => compare_numbers(&a, &b, at),
    }
}

fn compare_numbers(a: &[char], b: &[char], at: usize) -> Ordering {
    let within_number = a[..at].iter().rev().take_while(|letter| letter.is_ascii_digit()).any(|digit| *digit != '0');
    let lead = if within_number && (a[at] == '0' || b[at] == '0') { "1" } else { "" };
    let digits = |letters: &[char]| letters[at..].iter().take_while(|c| c.is_ascii_digit()).collect::<String>();
    let (da, db) = (digits(a), digits(b));
    let value = |digits: &str| format!("{lead}{digits}").parse::<u128>().unwrap_or_default();
    value(&da).cmp(&value(&db)).then(da.len().cmp(&db.len())).then(a[at].cmp(&b[at]))
}
