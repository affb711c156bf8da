//! Durations as Go reads and writes them (`1h30m`, `5m0s`) and ages as kubectl shows them. Must not ask for the time.

use std::time::Duration;

/// Reads Go's form: `300ms`, `1.5h`, `2h45m`, `0`.
///
/// # Errors
/// `time: invalid duration "x"`, in Go's words.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let (mut rest, mut total) = (text.strip_prefix('+').unwrap_or(text), 0.0);
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..end].parse().map_err(|_| invalid())?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let seconds = match &rest[..end] {
            "" => return Err(format!("time: missing unit in duration {text:?}")),
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            unit => return Err(format!("time: unknown unit {unit:?} in duration {text:?}")),
        };
        total += number * seconds;
        rest = &rest[end..];
    }
    Duration::try_from_secs_f64(total).map_err(|_| invalid())
}

/// As [`parse`]; a bare number is seconds, 0 none at all.
///
/// # Errors
/// As [`parse`].
pub(crate) fn seconds_or_duration(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_secs).or_else(|_| parse(text))
}

/// An age as kubectl writes it (apimachinery `duration.HumanDuration`).
pub(crate) fn human(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        ..-1 => "<invalid>".into(),
        -1..0 => "0s".into(),
        0..120 => format!("{seconds}s"),
        120..600 => with_rest(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => with_rest(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => with_rest(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => with_rest(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

fn with_rest(whole: i64, unit: &str, rest: i64, small: &str) -> String {
    if rest == 0 { format!("{whole}{unit}") } else { format!("{whole}{unit}{rest}{small}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, seconds) in [("90s", 90.0), ("1h30m", 5400.0), ("1.5h", 5400.0), ("0", 0.0), ("250ms", 0.25)] {
            assert_eq!(parse(text).unwrap(), Duration::from_secs_f64(seconds));
        }
        assert_eq!(parse("5").unwrap_err(), r#"time: missing unit in duration "5""#);
        assert_eq!(parse("").unwrap_err(), r#"time: invalid duration """#);
        assert_eq!(parse("5x").unwrap_err(), r#"time: unknown unit "x" in duration "5x""#);
        assert_eq!(seconds_or_duration("5").unwrap(), Duration::from_secs(5));
    }

    #[test]
    fn ages_shrink_to_two_units() {
        let ages =
            [(0, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (600, "10m"), (90_000, "25h"), (180_000, "2d2h")];
        for (seconds, text) in ages {
            assert_eq!(human(seconds), text);
        }
    }
}
