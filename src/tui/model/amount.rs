//! Quantities of the API as plain numbers; what cannot be read counts as nothing.

use crate::base::quantity::Quantity;

/// Thousandths, such as CPU.
pub fn milli(text: &str) -> i64 {
    Quantity::parse(text).map_or(0, |quantity| quantity.milli())
}

/// Units, such as bytes.
pub fn whole(text: &str) -> i64 {
    Quantity::parse(text).map_or(0, |quantity| quantity.value())
}
