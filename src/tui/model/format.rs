//! How figures and names are written: Spanish thousands, kubectl's ages, names cut in their middle. Pure.

use std::cmp::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// An age as kubectl writes it (apimachinery `duration.HumanDuration`).
pub fn age(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        ..0 => "0s".into(),
        0..120 => format!("{seconds}s"),
        120..600 => with_rest(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => with_rest(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => with_rest(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        _ => with_rest(days / 365, "y", days % 365, "d"),
    }
}

/// The age that a list shows: between two and ten minutes in steps of ten seconds, as nobody reads them one by one.
pub fn unhurried(seconds: i64) -> i64 {
    if (120..600).contains(&seconds) { seconds / 10 * 10 } else { seconds }
}

/// After how long the age of the youngest in a list may read otherwise.
pub fn until_older(youngest: i64) -> Duration {
    Duration::from_secs(match youngest {
        ..120 => 1,
        120..600 => 10,
        600..28_800 => 60,
        _ => 3600,
    })
}

fn with_rest(whole: i64, unit: &str, rest: i64, small: &str) -> String {
    if rest == 0 { format!("{whole}{unit}") } else { format!("{whole}{unit}{rest}{small}") }
}

/// Whole seconds from one moment to a later one.
pub fn seconds_between(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs()
}

/// «hace 3 s», «hace 2 min».
pub fn ago(from: Timestamp, now: Timestamp) -> String {
    match seconds_between(from, now).max(0) {
        seconds @ 0..120 => format!("hace {seconds} s"),
        seconds @ 120..7200 => format!("hace {} min", seconds / 60),
        seconds @ 7200..172_800 => format!("hace {} h", seconds / 3600),
        seconds => format!("hace {} días", seconds / 86_400),
    }
}

/// A whole number with Spanish thousands: `1 284`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// One decimal with a comma: `1,8`; whole from ten on.
pub fn decimal(number: f64) -> String {
    if number >= 9.95 { format!("{number:.0}") } else { format!("{number:.1}").replace('.', ",") }
}

/// CPU from thousandths: `760m`, `2`, `1,5`.
pub fn cpu(milli: i64) -> String {
    match milli {
        whole if whole % 1000 == 0 => (whole / 1000).to_string(),
        part => format!("{part}m"),
    }
}

/// Bytes in binary units: `96 KiB`, `4 GiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut power = 0;
    let mut scaled = count;
    while scaled >= 1024 && power + 1 < UNITS.len() {
        scaled /= 1024;
        power += 1;
    }
    let unit = 1_u64 << (10 * power);
    let tenths = count * 10 / unit % 10;
    if scaled < 10 && tenths > 0 {
        format!("{scaled},{tenths} {}", UNITS[power])
    } else {
        format!("{scaled} {}", UNITS[power])
    }
}

/// The order in which people count: numbers inside a text by their value, the rest by its letters.
pub fn natural(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.as_bytes(), other.as_bytes());
    while let ([a, ..], [b, ..]) = (left, right) {
        let order = match (number(left), number(right)) {
            ((x, rest_x), (y, rest_y)) if !x.is_empty() && !y.is_empty() => {
                (left, right) = (rest_x, rest_y);
                let (x, y) = (significant(x), significant(y));
                x.len().cmp(&y.len()).then_with(|| x.cmp(y))
            }
            _ => {
                (left, right) = (&left[1..], &right[1..]);
                a.cmp(b)
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    // What differs only in leading zeros is not the same.
    left.len().cmp(&right.len()).then_with(|| one.cmp(other))
}

/// The digits that a text begins with, and the rest.
fn number(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

fn significant(digits: &[u8]) -> &[u8] {
    &digits[digits.iter().take_while(|digit| **digit == b'0').count()..]
}

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text with a capital at its beginning.
pub fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

/// The text cut at its end to fit, with `…`.
pub fn fit(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_string();
    }
    if room == 0 { String::new() } else { format!("{}…", head(text, room - 1)) }
}

/// The text cut in its middle to fit: the end of a pod's name is what tells it from its siblings.
pub fn fit_middle(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_string();
    }
    if room < 8 {
        return fit(text, room);
    }
    let tail_room = (room - 1) * 3 / 5;
    let tail: String = {
        let reversed: String = text.chars().rev().collect();
        head(&reversed, tail_room).chars().rev().collect()
    };
    format!("{}…{tail}", head(text, room - 1 - width(&tail)))
}

/// The text filled with blanks to its width, or cut to it.
pub fn pad(text: &str, room: usize) -> String {
    let cut = fit(text, room);
    let blanks = room - width(&cut);
    cut + &" ".repeat(blanks)
}

fn head(text: &str, room: usize) -> String {
    let mut used = 0;
    text.chars()
        .take_while(|letter| {
            used += letter.width().unwrap_or(0);
            used <= room
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn people_count_two_before_ten() {
        let mut names = ["worker-10", "worker-2", "worker-1", "worker", "worker-2b", "a1", "worker-02"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["a1", "worker", "worker-1", "worker-02", "worker-2", "worker-2b", "worker-10"]);
    }

    proptest! {
        #[test]
        fn the_order_of_names_is_one(a in "[a0-2-]{0,5}", b in "[a0-2-]{0,5}", c in "[a0-2-]{0,5}") {
            prop_assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
            prop_assert_eq!(natural(&a, &b) == Ordering::Equal, a == b);
            if natural(&a, &b) != Ordering::Greater && natural(&b, &c) != Ordering::Greater {
                prop_assert_ne!(natural(&a, &c), Ordering::Greater);
            }
        }
    }
}
