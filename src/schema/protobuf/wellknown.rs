//! The messages that JSON writes as scalars: quantities, times, int-or-string and embedded JSON.
//! Must not decode structures.

use jiff::Timestamp;
use serde_json::Value;

use super::super::types::Ty;
use super::wire::{self, Entry, Payload, Reader};

pub(super) fn decode(ty: Ty, bytes: &[u8]) -> Result<Value, String> {
    match ty {
        Ty::Quantity => quantity(bytes),
        Ty::Time | Ty::MicroTime => time(bytes),
        Ty::IntOrString => int_or_string(bytes),
        Ty::Raw | Ty::Fields | Ty::Any(_) => embedded(bytes),
        _ => Err("protobuf: wrong wire type for field".to_owned()),
    }
}

fn quantity(bytes: &[u8]) -> Result<Value, String> {
    for entry in Reader::new(bytes) {
        if let Entry { number: 1, payload: Payload::Bytes(text) } = entry? {
            return Ok(Value::from(if text.is_empty() { "0".to_owned() } else { wire::text(text)? }));
        }
    }
    Ok(Value::from("0"))
}

/// Seconds (1) and nanoseconds (2); neither is Go's zero time, which JSON writes as null.
fn time(bytes: &[u8]) -> Result<Value, String> {
    let (mut seconds, mut nanos) = (0_i64, 0_i64);
    for entry in Reader::new(bytes) {
        match entry? {
            Entry { number: 1, payload: Payload::Varint(value) } => seconds = value.cast_signed(),
            Entry { number: 2, payload: Payload::Varint(value) } => nanos = value.cast_signed(),
            _ => {}
        }
    }
    if (seconds, nanos) == (0, 0) {
        return Ok(Value::Null);
    }
    let nanos = i32::try_from(nanos).unwrap_or(0);
    Timestamp::new(seconds, nanos).map(|time| Value::from(time.to_string())).map_err(|error| error.to_string())
}

/// The kind (1: 0 for an integer, 1 for a string), the integer (2) and the string (3).
fn int_or_string(bytes: &[u8]) -> Result<Value, String> {
    let (mut is_text, mut number, mut text) = (false, 0_i64, String::new());
    for entry in Reader::new(bytes) {
        match entry? {
            Entry { number: 1, payload: Payload::Varint(value) } => is_text = value == 1,
            Entry { number: 2, payload: Payload::Varint(value) } => number = value.cast_signed(),
            Entry { number: 3, payload: Payload::Bytes(bytes) } => text = wire::text(bytes)?,
            _ => {}
        }
    }
    Ok(if is_text { Value::from(text) } else { Value::from(number) })
}

/// JSON in a field of bytes (1).
fn embedded(bytes: &[u8]) -> Result<Value, String> {
    for entry in Reader::new(bytes) {
        if let Entry { number: 1, payload: Payload::Bytes(raw) } = entry? {
            return serde_json::from_slice(raw).map_err(|error| error.to_string());
        }
    }
    Ok(Value::Null)
}
