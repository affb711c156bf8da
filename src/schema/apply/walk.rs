//! Walks values by their schema, path element by path element: which fields a value has, what changed between two,
//! how two merge, how one is taken out. Must not know managers.

use serde_json::{Map, Value};

use super::super::types::{Field, ListType, Ty, TypeDef};
use super::set::{Path, Set};

/// How server-side apply sees a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Owned as a whole: scalars and whatever is atomic.
    Leaf,
    /// Owned field by field.
    Struct(&'static TypeDef),
    /// Owned key by key.
    Map(&'static Ty),
    /// A list whose scalars are owned one by one.
    Set,
    /// A list whose elements are owned by their keys.
    Assoc(&'static TypeDef, &'static [&'static str]),
}

impl Shape {
    fn of_type(ty: Ty) -> Self {
        match ty {
            Ty::Ref(id) if !id.get().atomic && id.get().scalar.is_none() => Self::Struct(id.get()),
            Ty::Map(element) => Self::Map(element),
            _ => Self::Leaf,
        }
    }

    fn of_field(field: &Field) -> Self {
        match (field.ty, field.list) {
            _ if field.atomic => Self::Leaf,
            (Ty::Ref(id), _) if field.granular => Self::Struct(id.get()),
            (Ty::List(_), ListType::Set) => Self::Set,
            (Ty::List(element), ListType::Map(keys)) => {
                element.structure().map_or(Self::Leaf, |def| Self::Assoc(def, keys))
            }
            (ty, _) => Self::of_type(ty),
        }
    }

    /// Of a structure's or map's entry, or of any element of a list.
    fn below(self, name: &str) -> Self {
        match self {
            Self::Struct(def) => def.field(name).map_or(Self::Leaf, Self::of_field),
            Self::Map(element) => Self::of_type(*element),
            Self::Assoc(def, _) if !def.atomic => Self::Struct(def),
            _ => Self::Leaf,
        }
    }

    /// Go holds the field by value or writes its null: it is there before anybody sets it.
    fn is_always_there(self, name: &str) -> bool {
        matches!(self, Self::Struct(def) if def.field(name).is_some_and(|field| field.always))
    }

    /// Entries that are items of their own, not fields of a structure.
    fn has_items(self) -> bool {
        !matches!(self, Self::Struct(_) | Self::Leaf)
    }
}

struct Child<'v> {
    element: String,
    name: &'v str,
    value: &'v Value,
    shape: Shape,
}

/// The parts of a value with their path elements; none when the value is not what the schema says.
fn children(shape: Shape, value: &Value) -> Vec<Child<'_>> {
    match (shape, value) {
        (Shape::Struct(_) | Shape::Map(_), Value::Object(map)) => map
            .iter()
            .map(|(name, value)| Child { element: format!("f:{name}"), name, value, shape: shape.below(name) })
            .collect(),
        (Shape::Set | Shape::Assoc(..), Value::Array(items)) => items
            .iter()
            .map(|value| Child { element: element(shape, value), name: "", value, shape: shape.below("") })
            .collect(),
        _ => Vec::new(),
    }
}

/// An element's own name: its value in a set, its keys (with their defaults) in a keyed list.
fn element(shape: Shape, item: &Value) -> String {
    let Shape::Assoc(def, keys) = shape else { return format!("v:{item}") };
    let default = |key: &str| def.field(key)?.default.and_then(|text| serde_json::from_str(text).ok());
    let value = |key: &str| item.get(key).cloned().or_else(|| default(key));
    let keys: Map<String, Value> = keys.iter().filter_map(|key| Some(((*key).to_owned(), value(key)?))).collect();
    format!("k:{}", Value::Object(keys))
}

fn is_granular(shape: Shape, value: &Value) -> bool {
    match shape {
        Shape::Leaf => false,
        Shape::Struct(_) | Shape::Map(_) => value.is_object(),
        Shape::Set | Shape::Assoc(..) => value.is_array(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The fields that a configuration sets (`ToFieldSet`).
pub(super) fn fields(def: &'static TypeDef, value: &Value) -> Set {
    let mut set = Set::default();
    collect(Shape::Struct(def), value, &mut Vec::new(), &mut set);
    set
}

fn collect(shape: Shape, value: &Value, path: &mut Path, set: &mut Set) {
    for child in children(shape, value) {
        path.push(child.element);
        let granular = is_granular(child.shape, child.value);
        if granular {
            collect(child.shape, child.value, path, set);
        }
        if !granular || shape.has_items() || (child.value.is_object() && is_empty(child.value)) {
            set.insert(path);
        }
        path.pop();
    }
}

/// What differs between two values (`Compare`).
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) added: Set,
    pub(super) modified: Set,
    pub(super) removed: Set,
}

impl Changes {
    pub(super) fn without(self, fields: &[&str]) -> Self {
        let Self { added, modified, removed } = self;
        Self { added: added.without(fields), modified: modified.without(fields), removed: removed.without(fields) }
    }
}

pub(super) fn compare(def: &'static TypeDef, old: &Value, new: &Value) -> Changes {
    let mut changes = Changes::default();
    differ(Shape::Struct(def), Some(old), Some(new), &mut Vec::new(), &mut changes);
    changes
}

fn differ(shape: Shape, old: Option<&Value>, new: Option<&Value>, path: &mut Path, changes: &mut Changes) {
    let before = old.map(|old| children(shape, old)).unwrap_or_default();
    let after = new.map(|new| children(shape, new)).unwrap_or_default();
    for child in &after {
        let was = before.iter().find(|other| other.element == child.element).map(|other| other.value);
        path.push(child.element.clone());
        visit(child.shape, was, Some(child.value), shape.is_always_there(child.name), path, changes);
        path.pop();
    }
    for child in before.iter().filter(|child| !after.iter().any(|other| other.element == child.element)) {
        path.push(child.element.clone());
        visit(child.shape, Some(child.value), None, shape.is_always_there(child.name), path, changes);
        path.pop();
    }
}

fn visit(shape: Shape, old: Option<&Value>, new: Option<&Value>, always: bool, path: &mut Path, changes: &mut Changes) {
    let whole = |value: Option<&Value>| value.is_none_or(|value| is_empty(value) || !is_granular(shape, value));
    match (old, new) {
        // Nothing below can differ either.
        (Some(old), Some(new)) if old == new => return,
        (Some(_), Some(_)) if whole(old) && whole(new) => changes.modified.insert(path),
        (None, Some(_)) if !always || whole(new) => changes.added.insert(path),
        (Some(_), None) if !always || whole(old) => changes.removed.insert(path),
        _ => {}
    }
    if !whole(old) || !whole(new) {
        differ(shape, old, new, path, changes);
    }
}

/// Merges a configuration over a value (`Merge`): keyed elements keep their place, new ones follow.
pub(super) fn merge(shape: Shape, live: Option<Value>, config: Value) -> Value {
    match (live, config) {
        (Some(Value::Object(mut live)), Value::Object(config)) if is_map(shape) => {
            for (name, value) in config {
                let old = live.remove(&name);
                let merged = merge(shape.below(&name), old, value);
                live.insert(name, merged);
            }
            Value::Object(live)
        }
        (Some(Value::Array(live)), Value::Array(config)) if shape.has_items() => merge_lists(shape, live, config),
        (_, config) => config,
    }
}

fn is_map(shape: Shape) -> bool {
    matches!(shape, Shape::Struct(_) | Shape::Map(_))
}

/// The configuration's elements in its order, with the live ones among them where they stood.
fn merge_lists(shape: Shape, live: Vec<Value>, config: Vec<Value>) -> Value {
    let names: Vec<String> = config.iter().map(|item| element(shape, item)).collect();
    let mut merged = Vec::with_capacity(live.len() + config.len());
    let mut ours: Vec<Option<Value>> = Vec::with_capacity(live.len());
    let mut order = Vec::with_capacity(live.len());
    for item in live {
        order.push(element(shape, &item));
        ours.push(Some(item));
    }
    let mut taken = 0;
    for (name, item) in names.iter().zip(config) {
        let place = order.iter().position(|other| other == name);
        for at in taken..place.unwrap_or(taken) {
            if !names.contains(&order[at]) {
                merged.extend(ours[at].take());
            }
        }
        taken = taken.max(place.unwrap_or(taken));
        let old = place.and_then(|at| ours[at].take());
        merged.push(merge(shape.below(""), old, item));
    }
    merged.extend(ours.into_iter().flatten());
    Value::Array(merged)
}

/// Takes the value at `path` out, and the structures above it that it leaves empty and nobody owns.
pub(super) fn remove(shape: Shape, value: &mut Value, path: &[String], owned: &Set) {
    take_out(shape, value, path, 0, owned);
}

fn take_out(shape: Shape, value: &mut Value, path: &[String], depth: usize, owned: &Set) {
    let Some(wanted) = path.get(depth) else { return };
    let is_last = depth + 1 == path.len();
    match value {
        Value::Object(map) if is_map(shape) => {
            let Some(name) = wanted.strip_prefix("f:") else { return };
            let Some(below) = map.get_mut(name) else { return };
            take_out(shape.below(name), below, path, depth + 1, owned);
            if is_last || (is_empty(below) && !owned.covers(&path[..=depth])) {
                map.remove(name);
            }
        }
        Value::Array(items) if shape.has_items() => {
            let Some(at) = items.iter().position(|item| element(shape, item) == *wanted) else { return };
            if is_last {
                items.remove(at);
            } else {
                take_out(shape.below(""), &mut items[at], path, depth + 1, owned);
            }
        }
        _ => {}
    }
}
