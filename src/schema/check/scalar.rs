//! Decodes what is not a structure, list or map. `Quantity`, `Time` and `IntOrString` have decoders of their own in
//! Go, whose errors stop at once. Must not know paths.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};

use super::super::types::Ty;
use super::{Decoded, Decoder, go, time};
use crate::base::quantity::Quantity;

const BAD_QUANTITY: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

pub(super) fn decode(decoder: &mut Decoder, ty: Ty, known: Option<&str>, value: Value) -> Decoded {
    match (ty, value) {
        (Ty::Quantity, value) => quantity(&value).map(Some),
        (Ty::Time | Ty::MicroTime, value) => instant(decoder, ty, &value),
        (Ty::IntOrString, value) => int_or_string(decoder, value),
        (Ty::Bytes, Value::String(text)) => Ok(bytes(decoder, text)),
        (Ty::Int32 | Ty::Int64, Value::Number(number)) => Ok(integer(decoder, ty, known, &number)),
        (Ty::Raw | Ty::Fields | Ty::Any(_), value)
        | (Ty::String, value @ Value::String(_))
        | (Ty::Boolean, value @ Value::Bool(_))
        | (Ty::Number, value @ Value::Number(_)) => Ok(Some(value)),
        (ty, value) => Ok(decoder.mismatch(go::word(&value), &go::name(ty, known))),
    }
}

fn integer(decoder: &mut Decoder, ty: Ty, known: Option<&str>, number: &Number) -> Option<Value> {
    match number.as_i64() {
        Some(value) if ty == Ty::Int64 || i32::try_from(value).is_ok() => Some(Value::from(value)),
        _ => decoder.mismatch(&format!("number {number}"), &go::name(ty, known)),
    }
}

/// `intstr.IntOrString`: what is not a string must be an int32, and Go stops there if it is not.
fn int_or_string(decoder: &mut Decoder, value: Value) -> Decoded {
    let found = match &value {
        Value::String(_) => return Ok(Some(value)),
        Value::Number(number) if number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()) => return Ok(Some(value)),
        Value::Number(number) => format!("number {number}"),
        other => go::word(other).to_owned(),
    };
    Err(decoder.stop(&found, "int32"))
}

/// A quantity in canonical form; a bare number is one too.
fn quantity(value: &Value) -> Result<Value, String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return Err(BAD_QUANTITY.to_owned()),
    };
    let quantity = Quantity::parse(&text).map_err(|error| error.to_string())?;
    Ok(Value::from(quantity.to_string()))
}

fn instant(decoder: &mut Decoder, ty: Ty, value: &Value) -> Decoded {
    let Value::String(text) = value else { return Err(decoder.stop(go::word(value), "string")) };
    let format = if ty == Ty::Time { time::Format::Seconds } else { time::Format::Micros };
    time::normalize(text, format).map(|text| Some(Value::from(text)))
}

fn bytes(decoder: &mut Decoder, text: String) -> Option<Value> {
    match STANDARD.decode(&text) {
        Ok(_) => Some(Value::from(text)),
        Err(error) => {
            decoder.first_error.get_or_insert(format!("illegal base64 data at input byte {}", offset(&error, &text)));
            None
        }
    }
}

/// Go names the byte where decoding stopped.
fn offset(error: &base64::DecodeError, text: &str) -> usize {
    match error {
        base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => *at,
        _ => text.len() / 4 * 4,
    }
}
