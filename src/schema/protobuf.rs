//! Kubernetes' protobuf, decoded by the table into the JSON that the rest of the server speaks; kubectl's generators
//! send it. Bounded in depth, never panicking. Must not know any message by name: there is no encoder either, since
//! every client accepts JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::check::check;
use super::types::{self, Field, Ty, TypeDef};
use wire::{Entry, Payload, Reader};

#[cfg(test)]
mod tests;
mod wellknown;
mod wire;

/// What opens every body of `application/vnd.kubernetes.protobuf`.
const MAGIC: &[u8] = b"k8s\0";
/// Go's generated decoders have no bound; objects nest fewer than twenty levels, schemas of definitions a few more.
const MAX_DEPTH: usize = 100;

/// Decodes a body (magic and `runtime.Unknown`) into an object with its `apiVersion` and `kind`.
///
/// # Errors
/// When the bytes are not such an envelope, name an unknown kind, or are malformed.
pub fn decode(bytes: &[u8]) -> Result<Value, String> {
    let body = bytes.strip_prefix(MAGIC).ok_or("provided data does not appear to be a protobuf message")?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for entry in Reader::new(body) {
        match entry? {
            Entry { number: 1, payload: Payload::Bytes(meta) } => (api_version, kind) = type_meta(meta)?,
            Entry { number: 2, payload: Payload::Bytes(bytes) } => raw = bytes,
            _ => {}
        }
    }
    let unknown = || format!("no kind {kind:?} is registered for version {api_version:?}");
    let def = types::by_kind(&api_version, &kind).ok_or_else(unknown)?;
    let mut object = decode_as(def.name, raw)?;
    object["apiVersion"] = Value::from(api_version);
    object["kind"] = Value::from(kind);
    Ok(object)
}

/// Decodes a bare message of that type, as Go would after a round trip through its structures.
///
/// # Errors
/// When the type is unknown or the bytes are malformed.
pub fn decode_as(type_name: &str, bytes: &[u8]) -> Result<Value, String> {
    let def = types::get(type_name).ok_or_else(|| format!("no type {type_name} is known"))?;
    let mut object = Map::new();
    message(def, 0, bytes, &mut object, MAX_DEPTH)?;
    Ok(check(type_name, Value::Object(object))?.value)
}

fn type_meta(bytes: &[u8]) -> Result<(String, String), String> {
    let (mut api_version, mut kind) = (String::new(), String::new());
    for entry in Reader::new(bytes) {
        match entry? {
            Entry { number: 1, payload: Payload::Bytes(bytes) } => api_version = wire::text(bytes)?,
            Entry { number: 2, payload: Payload::Bytes(bytes) } => kind = wire::text(bytes)?,
            _ => {}
        }
    }
    Ok((api_version, kind))
}

/// Reads one message into `object`; `inline` is the number of the message that Go embeds there, or 0.
fn message(
    def: &TypeDef,
    inline: u16,
    bytes: &[u8],
    object: &mut Map<String, Value>,
    depth: usize,
) -> Result<(), String> {
    let depth = depth.checked_sub(1).ok_or("protobuf: message nested too deeply")?;
    for entry in Reader::new(bytes) {
        let Entry { number, payload } = entry?;
        if let Some(field) = field(def, inline, number) {
            store(field, payload, object, depth)?;
        } else if inline == 0
            && let Payload::Bytes(bytes) = payload
            && def.fields().iter().any(|field| field.number.inline == number)
        {
            message(def, number, bytes, object, depth)?;
        }
    }
    Ok(())
}

fn field(def: &TypeDef, inline: u16, number: u16) -> Option<&Field> {
    def.fields().iter().find(|field| field.number.own == number && field.number.inline == inline)
}

fn store(field: &Field, payload: Payload<'_>, object: &mut Map<String, Value>, depth: usize) -> Result<(), String> {
    match field.ty {
        Ty::List(element) => {
            let items = object.entry(field.name).or_insert_with(|| Value::Array(Vec::new()));
            let Value::Array(items) = items else { return Ok(()) };
            elements(*element, payload, items, depth)
        }
        Ty::Map(element) => {
            let map = object.entry(field.name).or_insert_with(|| Value::Object(Map::new()));
            let (Value::Object(map), Payload::Bytes(bytes)) = (map, payload) else { return Ok(()) };
            map_entry(*element, bytes, map, depth)
        }
        ty => {
            object.insert(field.name.to_owned(), single(ty, payload, depth)?);
            Ok(())
        }
    }
}

/// One element, or several packed numbers.
fn elements(ty: Ty, payload: Payload<'_>, items: &mut Vec<Value>, depth: usize) -> Result<(), String> {
    if let (Ty::Int32 | Ty::Int64 | Ty::Boolean, Payload::Bytes(mut packed)) = (ty, payload) {
        while !packed.is_empty() {
            let value = wire::varint(&mut packed)?;
            items.push(single(ty, Payload::Varint(value), depth)?);
        }
        return Ok(());
    }
    items.push(single(ty, payload, depth)?);
    Ok(())
}

/// A map travels as entries of a key (1) and a value (2), either of which may be missing.
fn map_entry(ty: Ty, bytes: &[u8], map: &mut Map<String, Value>, depth: usize) -> Result<(), String> {
    let (mut key, mut value) = (String::new(), Value::Null);
    for entry in Reader::new(bytes) {
        match entry? {
            Entry { number: 1, payload: Payload::Bytes(bytes) } => key = wire::text(bytes)?,
            Entry { number: 2, payload } => value = single(ty, payload, depth)?,
            _ => {}
        }
    }
    map.insert(key, value);
    Ok(())
}

fn single(ty: Ty, payload: Payload<'_>, depth: usize) -> Result<Value, String> {
    Ok(match (ty, payload) {
        (Ty::Int32 | Ty::Int64, Payload::Varint(value)) => Value::from(value.cast_signed()),
        (Ty::Boolean, Payload::Varint(value)) => Value::Bool(value != 0),
        (Ty::Number, Payload::Fixed(bits)) => Value::from(f64::from_bits(bits)),
        (Ty::String, Payload::Bytes(bytes)) => Value::from(wire::text(bytes)?),
        (Ty::Bytes, Payload::Bytes(bytes)) => Value::from(STANDARD.encode(bytes)),
        (Ty::Ref(id), Payload::Bytes(bytes)) => {
            let mut object = Map::new();
            message(id.get(), 0, bytes, &mut object, depth)?;
            Value::Object(object)
        }
        // A list inside a map is a message of items (1), such as authentication's ExtraValue.
        (Ty::List(element), Payload::Bytes(bytes)) => {
            let mut items = Vec::new();
            for entry in Reader::new(bytes) {
                elements(*element, entry?.payload, &mut items, depth)?;
            }
            Value::Array(items)
        }
        (ty, Payload::Bytes(bytes)) => wellknown::decode(ty, bytes)?,
        (_, Payload::Varint(_) | Payload::Fixed(_)) => return Err("protobuf: wrong wire type for field".to_owned()),
    })
}
