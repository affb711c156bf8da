//! Schedules as github.com/robfig/cron reads them, which is how a `CronJob` is written: with its texts and its quirks.
//! Must not know what is scheduled.

mod next;
#[cfg(test)]
mod tests;

use std::time::Duration;

/// A field of a schedule: bounds and names.
struct Bounds {
    low: i64,
    high: i64,
    names: &'static [&'static str],
}

const MINUTES: Bounds = Bounds { low: 0, high: 59, names: &[] };
const HOURS: Bounds = Bounds { low: 0, high: 23, names: &[] };
const DAYS: Bounds = Bounds { low: 1, high: 31, names: &[] };
const MONTHS: Bounds = Bounds {
    low: 1,
    high: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const WEEKDAYS: Bounds = Bounds { low: 0, high: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

/// The fields in their order.
const FIELDS: [&Bounds; 5] = [&MINUTES, &HOURS, &DAYS, &MONTHS, &WEEKDAYS];

/// What stands for five fields.
const DESCRIPTORS: &[(&str, &str)] = &[
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// When something happens, again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// At these minutes, hours, days, months and weekdays.
    At(Times),
    /// Every so often, in whole seconds (`@every 90m`).
    Every(Duration),
}

/// The values of each field as bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
}

/// The values that a field allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Field {
    bits: u64,
    /// Whether it was written `*`: then the other field of days decides alone.
    any: bool,
}

impl Field {
    fn has(self, value: i8) -> bool {
        u32::try_from(value).is_ok_and(|value| self.bits & (1 << value) != 0)
    }
}

impl Schedule {
    /// Reads a schedule of five fields, or a descriptor such as `@daily` or `@every 5m`. A leading `TZ=` is skipped.
    ///
    /// # Errors
    /// With robfig's own text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = match text.strip_prefix("TZ=").or(text.strip_prefix("CRON_TZ=")) {
            Some(zoned) => zoned.split_once(' ').map_or("", |(_, rest)| rest.trim()),
            None => text,
        };
        if let Some(every) = text.strip_prefix("@every ") {
            let failed = || format!("failed to parse duration {text}: time: invalid duration {every:?}");
            return duration(every).map(Self::Every).ok_or_else(failed);
        }
        if text.starts_with('@') {
            let known = DESCRIPTORS.iter().find(|(name, _)| *name == text);
            return known.map_or_else(|| Err(format!("unrecognized descriptor: {text}")), |(_, all)| Self::parse(all));
        }
        let texts: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = texts[..] else {
            return Err(format!("expected exactly 5 fields, found {}: [{}]", texts.len(), texts.join(" ")));
        };
        let read = |text: &str, at: usize| field(text, FIELDS[at]);
        Ok(Self::At(Times {
            minutes: read(minutes, 0)?,
            hours: read(hours, 1)?,
            days: read(days, 2)?,
            months: read(months, 3)?,
            weekdays: read(weekdays, 4)?,
        }))
    }
}

fn field(text: &str, bounds: &Bounds) -> Result<Field, String> {
    let parts = text.split(',').filter(|part| !part.is_empty());
    parts.map(|part| range(part, bounds)).try_fold(Field::default(), |all, part| {
        let part = part?;
        Ok(Field { bits: all.bits | part.bits, any: all.any | part.any })
    })
}

/// `*`, `5`, `1-5`, each with an optional `/step`.
fn range(text: &str, bounds: &Bounds) -> Result<Field, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let ends: Vec<&str> = parts.first().copied().unwrap_or_default().split('-').collect();
    let first = ends.first().copied().unwrap_or_default();
    let any = matches!(first, "*" | "?");
    let (start, mut end) = if any {
        (bounds.low, bounds.high)
    } else {
        let start = number_or_name(first, bounds)?;
        match ends[..] {
            [_] => (start, start),
            [_, last] => (start, number_or_name(last, bounds)?),
            _ => return Err(format!("too many hyphens: {text}")),
        }
    };
    let step = match parts[..] {
        [_] => 1,
        [_, step] => number(step)?,
        _ => return Err(format!("too many slashes: {text}")),
    };
    if parts.len() == 2 && ends.len() == 1 {
        end = bounds.high;
    }
    check(text, (start, end, step), bounds)?;
    let values = (start..=end).step_by(usize::try_from(step).unwrap_or(1));
    Ok(Field { bits: values.fold(0, |bits, value| bits | 1 << value), any: any && step == 1 })
}

fn check(text: &str, (start, end, step): (i64, i64, i64), bounds: &Bounds) -> Result<(), String> {
    if start < bounds.low {
        Err(format!("beginning of range ({start}) below minimum ({}): {text}", bounds.low))
    } else if end > bounds.high {
        Err(format!("end of range ({end}) above maximum ({}): {text}", bounds.high))
    } else if start > end {
        Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"))
    } else if step == 0 {
        Err(format!("step of range should be a positive number: {text}"))
    } else {
        Ok(())
    }
}

fn number_or_name(text: &str, bounds: &Bounds) -> Result<i64, String> {
    let named = bounds.names.iter().position(|name| *name == text.to_lowercase());
    named.and_then(|index| i64::try_from(index).ok()).map_or_else(|| number(text), |index| Ok(index + bounds.low))
}

fn number(text: &str) -> Result<i64, String> {
    let failed = || format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax");
    let number: i64 = text.parse().map_err(|_| failed())?;
    if number < 0 { Err(format!("negative number ({number}) not allowed: {text}")) } else { Ok(number) }
}

/// Go's `time.ParseDuration` without a sign, rounded as `cron.Every` does: whole seconds, at least one.
fn duration(text: &str) -> Option<Duration> {
    if !super::syntax::matches(r"([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+", text) {
        return None;
    }
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        seconds += number.parse::<f64>().ok()? * unit_seconds(unit);
        rest = after;
    }
    Duration::try_from_secs_f64(seconds.floor().max(1.0)).ok()
}

fn unit_seconds(unit: &str) -> f64 {
    match unit {
        "h" => 3600.0,
        "m" => 60.0,
        "s" => 1.0,
        "ms" => 1e-3,
        "ns" => 1e-9,
        _ => 1e-6,
    }
}
