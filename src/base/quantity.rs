//! Kubernetes quantities (`100m`, `64Mi`), exact. Must not use floating point.
//!
//! A quantity is a whole number of billionths and the family of suffixes it was written with, as in
//! `k8s.io/apimachinery/pkg/api/resource`: finer digits round away from zero, sizes stop at 2^63-1.

use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, Sub};

#[cfg(test)]
mod tests;

const NANO: i128 = 1_000_000_000;
/// Kubernetes caps what it stores at the largest 64-bit integer.
const MAX: i128 = i64::MAX as i128 * NANO;
const DECIMAL: &[(&str, i32)] =
    &[("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: &[&str] = &["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// Why a text is not a quantity; the texts are Kubernetes'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// The text as a whole has not the form of a quantity.
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Format,
    /// The suffix is none of Kubernetes'.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

/// The family of suffixes that a quantity is written with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Family {
    #[default]
    Decimal,
    Binary,
    Exponent,
}

/// An exact amount of a resource. Ordered and compared by amount only: `1` equals `1000m`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quantity {
    nano: i128,
    family: Family,
}

impl Quantity {
    /// Reads a quantity as a manifest writes it.
    ///
    /// # Errors
    /// When the text has not the form of a quantity, or its suffix is unknown.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let (negative, number, suffix) = split(text)?;
        let (family, scale) = Scale::of(suffix)?;
        let nano = scale.apply(number);
        Ok(Self { nano: if negative { -nano } else { nano }, family })
    }

    /// A whole number of units.
    #[must_use]
    pub fn from_value(value: i64) -> Self {
        Self { nano: i128::from(value) * NANO, family: Family::Decimal }
    }

    /// A number of thousandths (millicores, for processors).
    #[must_use]
    pub fn from_milli(milli: i64) -> Self {
        Self { nano: i128::from(milli) * (NANO / 1000), family: Family::Decimal }
    }

    /// A number of bytes, written with binary suffixes.
    #[must_use]
    pub fn from_bytes(bytes: i64) -> Self {
        Self { nano: i128::from(bytes) * NANO, family: Family::Binary }
    }

    /// Thousandths, rounded away from zero.
    #[must_use]
    pub fn milli(&self) -> i64 {
        saturate(div_up(self.nano, NANO / 1000))
    }

    /// Whole units, rounded away from zero.
    #[must_use]
    pub fn value(&self) -> i64 {
        saturate(div_up(self.nano, NANO))
    }

    /// Whether the amount is exactly zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.nano == 0
    }

    /// Whether the amount is below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.nano < 0
    }

    /// Whether the amount is a whole number of units.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.nano % NANO == 0
    }

    fn combine(self, other: Self, nano: i128) -> Self {
        let family = if self.is_zero() { other.family } else { self.family };
        Self { nano: nano.clamp(-MAX, MAX), family }
    }
}

/// The sign, the digits and the suffix of a quantity.
fn split(text: &str) -> Result<(bool, &str, &str), QuantityError> {
    if text.is_empty() {
        return Err(QuantityError::Format);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, rest) = span(unsigned, |b| b.is_ascii_digit());
    let fraction = rest.strip_prefix('.').map_or(0, |f| 1 + span(f, |b| b.is_ascii_digit()).0.len());
    let (number, suffix) = unsigned.split_at(whole.len() + fraction);
    let (_, exponent) = span(suffix, |b| b"eEinumkKMGTP".contains(&b));
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    if exponent.bytes().all(|b| b.is_ascii_digit()) {
        Ok((text.starts_with('-'), number, suffix))
    } else {
        Err(QuantityError::Format)
    }
}

fn span(text: &str, keep: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|b| !keep(b)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// What a suffix multiplies by.
enum Scale {
    Ten(i32),
    Two(u32),
}

impl Scale {
    fn of(suffix: &str) -> Result<(Family, Self), QuantityError> {
        if let Some((_, ten)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
            return Ok((Family::Decimal, Self::Ten(*ten)));
        }
        if let Some(step) = BINARY.iter().position(|name| *name == suffix) {
            let two = u32::try_from(step).unwrap_or_default() * 10 + 10;
            return Ok((Family::Binary, Self::Two(two)));
        }
        let exponent = suffix.strip_prefix(['e', 'E']).ok_or(QuantityError::Suffix)?;
        let exponent: i64 = exponent.parse().map_err(|_| QuantityError::Suffix)?;
        let ten = i32::try_from(exponent.clamp(-100_000, 100_000)).unwrap_or_default();
        Ok((Family::Exponent, Self::Ten(ten)))
    }

    /// The number (digits with at most one point) at this scale, in billionths, rounded up and capped.
    fn apply(&self, number: &str) -> i128 {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        match self {
            Self::Ten(ten) => decimal(whole, fraction, ten + 9),
            Self::Two(two) => binary(whole, fraction, *two),
        }
    }
}

/// `whole.fraction * 10^ten`, rounded up, at most [`MAX`]: the point is moved, digit by digit.
fn decimal(whole: &str, fraction: &str, ten: i32) -> i128 {
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).skip_while(|b| *b == b'0').collect();
    let skipped = whole.len() + fraction.len() - digits.len();
    let point = i64::try_from(whole.len()).unwrap_or(i64::MAX / 2) + i64::from(ten)
        - i64::try_from(skipped).unwrap_or(i64::MAX / 2);
    let mut total: i128 = 0;
    for place in 0..point.min(40) {
        let digit = usize::try_from(place).ok().and_then(|place| digits.get(place)).map_or(0, |b| b - b'0');
        total = (total * 10 + i128::from(digit)).min(MAX);
    }
    let kept = usize::try_from(point.max(0)).unwrap_or(usize::MAX);
    let lost = digits.iter().skip(kept).any(|b| *b != b'0');
    (total + i128::from(lost)).min(MAX)
}

/// `whole.fraction * 2^two` in billionths, rounded up, at most [`MAX`].
fn binary(whole: &str, fraction: &str, two: u32) -> i128 {
    let factor = 1_i128 << two;
    let whole = decimal(whole, "", 9).checked_mul(factor).unwrap_or(MAX);
    whole.saturating_add(binary_fraction(fraction, factor)).min(MAX)
}

/// `0.fraction * factor` in billionths, rounded up. Eighteen digits are exact; a digit beyond only rounds up.
fn binary_fraction(fraction: &str, factor: i128) -> i128 {
    let exact = fraction.len().min(18);
    let (near, far) = fraction.split_at(exact);
    let scale = 10_i128.pow(u32::try_from(exact).unwrap_or_default());
    let near: i128 = near.parse().unwrap_or_default();
    let far = far.bytes().any(|b| b != b'0');
    // 10^18 * 2^60 fits 128 bits, but not times 10^9 too: split the product before scaling.
    let product = near * factor;
    let (units, rest) = (product / scale, product % scale);
    let billionths = rest * NANO;
    units * NANO + div_up(billionths, scale) + i128::from(far && billionths % scale == 0)
}

fn div_up(value: i128, by: i128) -> i128 {
    let rest = value % by;
    value / by + if rest == 0 { 0 } else { rest.signum() }
}

fn saturate(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

impl fmt::Display for Quantity {
    /// The canonical form: no fraction, the largest suffix that loses nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let small = self.nano.abs() < 1024 * NANO;
        match self.family {
            Family::Binary if !small => fmt_binary(self.nano, f),
            Family::Exponent => fmt_decimal(self.nano, f, |ten, f| if ten == 0 { Ok(()) } else { write!(f, "e{ten}") }),
            _ => fmt_decimal(self.nano, f, |ten, f| {
                let suffix = DECIMAL.iter().find(|(_, power)| *power == ten).map_or("", |(name, _)| name);
                f.write_str(suffix)
            }),
        }
    }
}

fn fmt_binary(nano: i128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut value = div_up(nano, NANO);
    let mut suffix = "";
    for name in BINARY {
        if value % 1024 != 0 {
            break;
        }
        (value, suffix) = (value / 1024, name);
    }
    write!(f, "{value}{suffix}")
}

fn fmt_decimal(
    nano: i128,
    f: &mut fmt::Formatter<'_>,
    suffix: impl Fn(i32, &mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    if nano == 0 {
        return f.write_str("0");
    }
    let (mut value, mut ten) = (nano, -9);
    while value % 1000 == 0 && ten < 18 {
        (value, ten) = (value / 1000, ten + 3);
    }
    write!(f, "{value}")?;
    suffix(ten, f)
}

impl Add for Quantity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.combine(other, self.nano + other.nano)
    }
}

impl Sub for Quantity {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.combine(other, self.nano - other.nano)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nano.cmp(&other.nano)
    }
}
