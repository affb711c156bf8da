//! `metav1.Time` and `MicroTime`: RFC 3339 in, Kubernetes' form in UTC out, and Go's words for what is not a time.
//! Must not ask what time it is.

use jiff::Timestamp;

#[derive(Clone, Copy)]
pub(super) enum Format {
    Seconds,
    Micros,
}

impl Format {
    fn layout(self) -> &'static str {
        match self {
            Self::Seconds => "2006-01-02T15:04:05Z07:00",
            Self::Micros => "2006-01-02T15:04:05.000000Z07:00",
        }
    }
}

pub(super) fn normalize(text: &str, format: Format) -> Result<String, String> {
    let fail = |rest: &str, piece: &str| {
        let layout = format.layout();
        format!("parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {piece:?}")
    };
    let rest = prefix(text).map_err(|(rest, piece)| fail(rest, piece))?;
    let zone = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let Ok(instant) = text.parse::<Timestamp>() else {
        let out_of_range = zone == "Z" || (zone.len() == 6 && zone.starts_with(['+', '-']));
        return Err(if out_of_range { range_error(text) } else { fail(zone, "Z07:00") });
    };
    Ok(match format {
        Format::Seconds => instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Format::Micros => instant.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string(),
    })
}

/// Reads up to the seconds as Go does, piece by piece; the piece that fails is named.
fn prefix(text: &str) -> Result<&str, (&str, &'static str)> {
    let mut rest = text;
    for piece in ["2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05"] {
        let digits = piece.len() > 1;
        let fits = rest
            .get(..piece.len())
            .is_some_and(|head| if digits { head.bytes().all(|byte| byte.is_ascii_digit()) } else { head == piece });
        if !fits {
            return Err((rest, piece));
        }
        rest = &rest[piece.len()..];
    }
    Ok(rest)
}

fn range_error(text: &str) -> String {
    let number = |at: std::ops::Range<usize>| text.get(at).and_then(|digits| digits.parse::<u8>().ok()).unwrap_or(0);
    let part = match (number(5..7), number(11..13), number(14..16)) {
        (month, _, _) if !(1..=12).contains(&month) => "month",
        (_, hour, _) if hour > 23 => "hour",
        (_, _, minute) if minute > 59 => "minute",
        _ if number(17..19) > 59 => "second",
        _ => "day",
    };
    format!("parsing time {text:?}: {part} out of range")
}
