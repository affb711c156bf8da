//! The schemas that a document's kinds reach, with the extensions that clients read. Must not know paths.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::describe;
use super::super::types::{self, Field, ListType, Ty, TypeDef};
use super::{Resource, reference};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";
/// What paths refer to beside the kinds themselves.
const SHARED: [&str; 6] = ["APIResourceList", "DeleteOptions", "ListMeta", "Patch", "Status", "WatchEvent"];

pub(super) fn of(resources: &[Resource]) -> Map<String, Value> {
    let mut found = BTreeMap::new();
    for name in SHARED {
        reach(types::get(&format!("{META}.{name}")), &mut found);
    }
    for resource in resources {
        reach(types::get(resource.schema), &mut found);
        resource.subresources.iter().for_each(|sub| reach(types::get(sub.schema), &mut found));
    }
    let mut schemas: Map<String, Value> =
        found.into_iter().map(|(name, def)| (name.to_owned(), structure(def, resources))).collect();
    for resource in resources.iter().filter(|resource| resource.is_listed()) {
        schemas.insert(format!("{}List", resource.schema), list(resource));
    }
    schemas
}

fn reach(def: Option<&'static TypeDef>, found: &mut BTreeMap<&'static str, &'static TypeDef>) {
    let Some(def) = def else { return };
    if found.insert(def.name, def).is_some() {
        return;
    }
    for field in def.fields() {
        reach(component(innermost(field.ty)), found);
    }
}

fn innermost(ty: Ty) -> Ty {
    match ty {
        Ty::List(element) | Ty::Map(element) => innermost(*element),
        ty => ty,
    }
}

/// The type's own schema, where it has one: structures and the scalars that the API names.
fn component(ty: Ty) -> Option<&'static TypeDef> {
    match ty {
        Ty::Ref(id) => Some(id.get()),
        Ty::Quantity | Ty::IntOrString | Ty::Time | Ty::MicroTime | Ty::Raw | Ty::Fields | Ty::Any(_) => {
            types::all().iter().find(|def| def.scalar == Some(ty))
        }
        _ => None,
    }
}

fn structure(def: &'static TypeDef, resources: &[Resource]) -> Value {
    let mut schema = def.scalar.map_or_else(|| json!({"type": "object"}), named_scalar);
    schema["description"] = Value::from(describe::of_type(def.name));
    if def.scalar.is_none() && !def.fields().is_empty() {
        let properties = def.fields().iter().map(|field| (field.name.to_owned(), property(def, field)));
        schema["properties"] = Value::Object(properties.collect());
    }
    let required: Vec<&str> = def.fields().iter().filter(|field| field.required).map(|field| field.name).collect();
    if !required.is_empty() {
        schema["required"] = Value::from(required);
    }
    if def.atomic {
        schema["x-kubernetes-map-type"] = Value::from("atomic");
    }
    let kinds: Vec<Value> = kinds_of(def, resources);
    if !kinds.is_empty() {
        schema["x-kubernetes-group-version-kind"] = Value::from(kinds);
    }
    schema
}

/// The kinds that are of this type: the document's, or for meta's `DeleteOptions` and `Status` a kind of every group.
fn kinds_of(def: &TypeDef, resources: &[Resource]) -> Vec<Value> {
    let own: Vec<Value> = resources.iter().filter(|resource| resource.schema == def.name).map(Resource::gvk).collect();
    // A kind's own `kind` is not on the wire; `OwnerReference` has one that is.
    let is_kind = def.field("kind").is_some_and(|field| field.number.own == 0);
    match own.is_empty() && is_kind {
        true if def.name.starts_with(META) => vec![json!({"group": "", "version": "v1", "kind": def.short_name()})],
        true => vec![type_gvk(def)],
        false => own,
    }
}

/// The kind that a type's name tells: `io.k8s.api.autoscaling.v1.Scale` is autoscaling/v1's Scale.
pub(super) fn type_gvk(def: &TypeDef) -> Value {
    let mut parts = def.name.rsplit('.');
    let (kind, version, group) = (parts.next(), parts.next(), parts.next());
    let group = match group.unwrap_or_default() {
        "core" => String::new(),
        group @ ("apps" | "autoscaling" | "batch" | "policy") => group.to_owned(),
        "rbac" => "rbac.authorization.k8s.io".to_owned(),
        group => format!("{group}.k8s.io"),
    };
    json!({"group": group, "version": version, "kind": kind})
}

fn named_scalar(ty: Ty) -> Value {
    match ty {
        Ty::Quantity => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
        Ty::IntOrString => json!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}),
        Ty::Time | Ty::MicroTime => json!({"type": "string", "format": "date-time"}),
        Ty::Any(_) => json!({}),
        _ => json!({"type": "object"}),
    }
}

/// What a field holds, without the field's own words.
fn shape(ty: Ty) -> Value {
    match ty {
        Ty::String => json!({"type": "string"}),
        Ty::Int32 => json!({"type": "integer", "format": "int32"}),
        Ty::Int64 => json!({"type": "integer", "format": "int64"}),
        Ty::Boolean => json!({"type": "boolean"}),
        Ty::Number => json!({"type": "number", "format": "double"}),
        Ty::Bytes => json!({"type": "string", "format": "byte"}),
        Ty::List(element) => json!({"type": "array", "items": shape(*element)}),
        Ty::Map(element) => json!({"type": "object", "additionalProperties": shape(*element)}),
        ty => component(ty).map_or_else(|| json!({"type": "object"}), |def| reference(def.name)),
    }
}

fn property(def: &TypeDef, field: &Field) -> Value {
    let mut schema = match component(field.ty) {
        Some(target) => json!({"allOf": [reference(target.name)]}),
        None => shape(field.ty),
    };
    let description = describe::published(def.name, field);
    if !description.is_empty() {
        schema["description"] = Value::from(description);
    }
    if let Some(default) = field.default.and_then(|text| serde_json::from_str::<Value>(text).ok()) {
        schema["default"] = default;
    } else if field.always && matches!(field.ty, Ty::Ref(_)) {
        schema["default"] = json!({});
    }
    if !field.values.is_empty() {
        let holder = match field.ty {
            Ty::List(_) => &mut schema["items"],
            Ty::Map(_) => &mut schema["additionalProperties"],
            _ => &mut schema,
        };
        holder["enum"] = Value::from(field.values);
    }
    extensions(field, &mut schema);
    // A reference that says nothing more stands alone.
    match (component(field.ty), schema.as_object().map(Map::len)) {
        (Some(target), Some(1)) => reference(target.name),
        _ => schema,
    }
}

fn extensions(field: &Field, schema: &mut Value) {
    match field.list {
        ListType::Unset => {}
        ListType::Atomic => schema["x-kubernetes-list-type"] = Value::from("atomic"),
        ListType::Set => schema["x-kubernetes-list-type"] = Value::from("set"),
        ListType::Map(keys) => {
            schema["x-kubernetes-list-type"] = Value::from("map");
            schema["x-kubernetes-list-map-keys"] = Value::from(keys);
        }
    }
    if field.atomic || field.granular {
        schema["x-kubernetes-map-type"] = Value::from(if field.atomic { "atomic" } else { "granular" });
    }
    if let Some(key) = field.merge_key {
        schema["x-kubernetes-patch-merge-key"] = Value::from(key);
    }
    let strategies: Vec<&str> = [
        (field.strategies.replace, "replace"),
        (field.strategies.merge, "merge"),
        (field.strategies.retain_keys, "retainKeys"),
    ]
    .into_iter()
    .filter_map(|(has, name)| has.then_some(name))
    .collect();
    if !strategies.is_empty() {
        schema["x-kubernetes-patch-strategy"] = Value::from(strategies.join(","));
    }
}

fn list(resource: &Resource) -> Value {
    let kind = format!("{}List", resource.kind);
    let meta = format!("{META}.ListMeta");
    json!({
        "description": format!("{kind} is a list of {}", resource.kind),
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string", "description": describe::of_field(resource.schema, "apiVersion")},
            "items": {"type": "array", "items": reference(resource.schema)},
            "kind": {"type": "string", "description": describe::of_field(resource.schema, "kind")},
            "metadata": {"default": {}, "allOf": [reference(&meta)]},
        },
        "x-kubernetes-group-version-kind": [{"group": resource.group, "version": resource.version, "kind": kind}],
    })
}
