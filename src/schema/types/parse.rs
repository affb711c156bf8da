//! Reads the compact text of the table. A line without indentation opens a type (`name`, `name atomic`,
//! `name = scalar`); an indented line is a field: name, protobuf number, type and flags, split by tabs.
//! The text is ours and tested whole: a line that it cannot read is skipped, never a panic.

use super::{Any, Field, ListType, Number, Strategies, Ty, TypeDef, TypeId};

pub(super) fn table(text: &'static str) -> Box<[TypeDef]> {
    let names: Vec<&str> = text.lines().filter(|line| !line.starts_with(' ')).map(type_name).collect();
    let mut types: Vec<TypeDef> = Vec::with_capacity(names.len());
    let mut fields: Vec<Field> = Vec::new();
    for line in text.lines() {
        if let Some(line) = line.strip_prefix(' ') {
            fields.extend(field(line, &names));
            continue;
        }
        close(&mut types, &mut fields);
        types.push(head(line, &names));
    }
    close(&mut types, &mut fields);
    types.into_boxed_slice()
}

fn close(types: &mut [TypeDef], fields: &mut Vec<Field>) {
    if let Some(open) = types.last_mut() {
        open.fields = std::mem::take(fields).into_boxed_slice();
    }
}

fn type_name(line: &str) -> &str {
    line.split(' ').next().unwrap_or(line)
}

fn head(line: &'static str, names: &[&str]) -> TypeDef {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let scalar = rest.strip_prefix("= ").and_then(|text| ty(text, names));
    TypeDef { name, scalar, atomic: rest == "atomic", fields: Box::default() }
}

fn field(line: &'static str, names: &[&str]) -> Option<Field> {
    let mut columns = line.split('\t');
    let (name, place, kind) = (columns.next()?, columns.next()?, columns.next()?);
    let mut field = Field {
        name,
        ty: ty(kind, names)?,
        number: number(place)?,
        required: false,
        pointer: false,
        always: false,
        list: ListType::Unset,
        atomic: false,
        granular: false,
        merge_key: None,
        strategies: Strategies::default(),
        default: None,
        go: None,
        values: &[],
    };
    columns.for_each(|text| flag(&mut field, text));
    Some(field)
}

fn flag(field: &mut Field, text: &'static str) {
    match text.split_once('=').map_or((text, ""), |(key, value)| (key, value)) {
        ("!", _) => field.required = true,
        ("*", _) => field.pointer = true,
        ("+", _) => field.always = true,
        ("set", _) => field.list = ListType::Set,
        ("atomic", _) if matches!(field.ty, Ty::List(_)) => field.list = ListType::Atomic,
        ("atomic", _) => field.atomic = true,
        ("granular", _) => field.granular = true,
        ("map", keys) => field.list = ListType::Map(split(keys, ',')),
        ("merge", key) => field.merge_key = Some(key),
        ("strategy", names) => field.strategies = strategies(names),
        ("default", json) => field.default = Some(json),
        ("go", name) => field.go = Some(name),
        ("enum", values) => field.values = split(values, '|'),
        _ => {}
    }
}

/// The table lives as long as the process, so its small lists do too.
fn split(text: &'static str, separator: char) -> &'static [&'static str] {
    Vec::leak(text.split(separator).collect())
}

fn strategies(names: &str) -> Strategies {
    let has = |wanted| names.split(',').any(|name| name == wanted);
    Strategies { merge: has("merge"), retain_keys: has("retainKeys"), replace: has("replace") }
}

fn number(text: &str) -> Option<Number> {
    let (inline, own) = text.split_once('.').unwrap_or(("0", text));
    Some(Number { inline: inline.parse().ok()?, own: own.parse().ok()? })
}

fn ty(text: &str, names: &[&str]) -> Option<Ty> {
    if let Some(element) = text.strip_prefix("[]") {
        return Some(Ty::List(Box::leak(Box::new(ty(element, names)?))));
    }
    if let Some(element) = text.strip_prefix("{}") {
        return Some(Ty::Map(Box::leak(Box::new(ty(element, names)?))));
    }
    Some(match text {
        "string" => Ty::String,
        "int32" => Ty::Int32,
        "int64" => Ty::Int64,
        "boolean" => Ty::Boolean,
        "number" => Ty::Number,
        "quantity" => Ty::Quantity,
        "intorstring" => Ty::IntOrString,
        "time" => Ty::Time,
        "microtime" => Ty::MicroTime,
        "bytes" => Ty::Bytes,
        "raw" => Ty::Raw,
        "fields" => Ty::Fields,
        "json" => Ty::Any(Any::Json),
        "schema-or-array" => Ty::Any(Any::SchemaOrArray),
        "schema-or-bool" => Ty::Any(Any::SchemaOrBool),
        "schema-or-strings" => Ty::Any(Any::SchemaOrStrings),
        name => Ty::Ref(TypeId(u16::try_from(names.binary_search(&name).ok()?).ok()?)),
    })
}
