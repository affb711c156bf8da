//! What a `resource.Quantity` holds in Go after reading a text (`ParseQuantity`): a scaled integer, or a decimal where that
//! is too small, and the text itself where it is canonical already. Must not judge: the API server did.

use std::fmt::{self, Write};

/// Decimal digits that always fit in 64 bits (`maxInt64Factors`).
const DIGITS: usize = 18;
/// The digits that Go keeps behind the point.
const NANO: usize = 9;
/// A unit in billionths.
const ONE: u128 = 1_000_000_000;
/// The largest size (`maxAllowed`), in units.
const MAX: u128 = (1 << 63) - 1;
const DECIMAL: [(&str, i32); 10] =
    [("", 0), ("m", -3), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18), ("u", -6), ("n", -9)];
const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// A quantity as Go keeps it.
#[derive(Default)]
struct State {
    value: i64,
    scale: i32,
    decimal: Option<Decimal>,
    /// The text is kept beside the number.
    cached: bool,
    format: &'static str,
}

/// `inf.Dec`: a whole number of any size and how many of its digits are behind the point.
struct Decimal {
    negative: bool,
    unscaled: u128,
    scale: usize,
}

pub(super) fn dump(out: &mut dyn Write, text: &str) -> fmt::Result {
    let State { value, scale, decimal, cached, format } = parse(text).unwrap_or_default();
    write!(out, "{{i:(resource.int64Amount){{value:(int64){value} scale:(resource.Scale){scale}}} ")?;
    out.write_str("d:(resource.infDecAmount){Dec:(*inf.Dec)")?;
    match decimal {
        None => out.write_str("<nil>")?,
        Some(decimal) => decimal.dump(out)?,
    }
    let text = if cached { text } else { "" };
    write!(out, "}} s:(string){text} Format:(resource.Format){format}}}")
}

impl Decimal {
    fn dump(&self, out: &mut dyn Write) -> fmt::Result {
        write!(out, "{{unscaled:(big.Int){{neg:(bool){} abs:(big.nat)", self.negative)?;
        let (high, low) = (self.unscaled >> 64, self.unscaled & u128::from(u64::MAX));
        match (low, high) {
            (0, 0) => out.write_str("<nil>"),
            (low, 0) => write!(out, "[{low}]"),
            (low, high) => write!(out, "[{low} {high}]"),
        }?;
        write!(out, "}} scale:(inf.Scale){}}}", self.scale)
    }
}

/// A quantity's text in its parts.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    unit: Unit,
}

#[derive(Clone, Copy)]
enum Unit {
    Ten(i32, &'static str),
    Two(u32),
}

fn parse(text: &str) -> Option<State> {
    if text == "0" {
        return Some(State { cached: true, format: "DecimalSI", ..State::default() });
    }
    let parts = parts(text)?;
    let digits = format!("{}{}", parts.whole, parts.fraction);
    match parts.unit {
        Unit::Ten(exponent, format) => small_decimal(&parts, &digits, exponent, format),
        Unit::Two(exponent) => small_binary(&parts, exponent),
    }
    .or_else(|| large(&parts, &digits))
}

fn parts(text: &str) -> Option<Parts<'_>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let number = unsigned.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let (number, suffix) = unsigned.split_at(unsigned.len() - number.len());
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    Some(Parts { negative: text.starts_with('-'), whole, fraction, unit: unit(suffix)? })
}

fn unit(suffix: &str) -> Option<Unit> {
    if let Some((_, exponent)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some(Unit::Ten(*exponent, "DecimalSI"));
    }
    if let Some((_, power)) = BINARY.iter().zip(1..).find(|(name, _)| **name == suffix) {
        return Some(Unit::Two(10 * power));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some(Unit::Ten(exponent, "DecimalExponent"))
}

fn small_decimal(parts: &Parts, digits: &str, exponent: i32, format: &'static str) -> Option<State> {
    let scale = exponent.checked_sub(i32::try_from(parts.fraction.len()).ok()?)?;
    if digits.len() > DIGITS || scale < -9 {
        return None;
    }
    let value = signed(parts, digits.parse().ok()?);
    let cached = scale % 3 == 0 && !digits.ends_with("000") && !digits.starts_with('0');
    Some(State { value, scale, cached, format, decimal: None })
}

fn small_binary(parts: &Parts, exponent: u32) -> Option<State> {
    let room = 14_u32.checked_sub(exponent * 3 / 10)?;
    if !parts.fraction.is_empty() || parts.whole.len() > usize::try_from(room).ok()? {
        return None;
    }
    let number: i64 = parts.whole.parse().ok()?;
    let value = signed(parts, number.checked_mul(1 << exponent)?);
    Some(State { value, cached: number & 7 != 0, format: "BinarySI", ..State::default() })
}

fn signed(parts: &Parts, value: i64) -> i64 {
    if parts.negative { -value } else { value }
}

/// The slow way: billionths, rounded up; sizes stop at 2^63-1.
fn large(parts: &Parts, digits: &str) -> Option<State> {
    let number: u128 = digits.parse().ok()?;
    let (number, shift, format) = match parts.unit {
        Unit::Ten(exponent, format) => (number, exponent, format),
        Unit::Two(exponent) => (number.checked_mul(1 << exponent)?, 0, "BinarySI"),
    };
    let behind = i32::try_from(parts.fraction.len()).ok()?;
    let power = i32::try_from(NANO).ok()?.checked_add(shift)?.checked_sub(behind)?;
    let factor = 10_u128.checked_pow(power.unsigned_abs())?;
    let nano = if power < 0 { number.div_ceil(factor) } else { number.checked_mul(factor)? };
    let (unscaled, scale, format) = match format {
        "BinarySI" if nano > MAX * ONE => (MAX, 0, format),
        "BinarySI" if (1..ONE).contains(&nano) => (nano, NANO, "DecimalSI"),
        _ => (nano, NANO, format),
    };
    Some(State { decimal: Some(Decimal { negative: parts.negative, unscaled, scale }), format, ..State::default() })
}
