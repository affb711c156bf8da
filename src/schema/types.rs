//! The table of types: what every field of the API is. Read once from `assets/schema/types.txt` (Kubernetes' own,
//! generated) and `assets/schema/timonel-types.txt` (ours), whose strings it borrows; descriptions live apart
//! (`describe`). Must not know any kind by name.

use std::sync::LazyLock;

mod parse;
#[cfg(test)]
mod tests;

/// Kubernetes' types, generated, after Timonel's own: ordered by name, and `dev` comes before `io`.
const TEXT: &str =
    concat!(include_str!("../../assets/schema/timonel-types.txt"), include_str!("../../assets/schema/types.txt"));

static TABLE: LazyLock<Box<[TypeDef]>> = LazyLock::new(|| parse::table(TEXT));

/// A type by its OpenAPI name, such as `io.k8s.api.core.v1.Pod`.
#[must_use]
pub fn get(name: &str) -> Option<&'static TypeDef> {
    TABLE.binary_search_by(|def| def.name.cmp(name)).ok().map(|at| &TABLE[at])
}

/// The type of a kind as it is written in `apiVersion` and `kind`; every group shares meta's own (`DeleteOptions`).
#[must_use]
pub fn by_kind(api_version: &str, kind: &str) -> Option<&'static TypeDef> {
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("core", api_version));
    let package = group.split('.').next().unwrap_or(group);
    get(&format!("io.k8s.api.{package}.{version}.{kind}"))
        .or_else(|| get(&format!("io.k8s.{package}-apiserver.pkg.apis.{package}.{version}.{kind}")))
        .or_else(|| get(&format!("{}.{version}.{kind}", reversed(group))))
        .or_else(|| get(&format!("io.k8s.kube-aggregator.pkg.apis.{package}.{version}.{kind}")))
        .or_else(|| get(&format!("io.k8s.apimachinery.pkg.apis.meta.v1.{kind}")))
}

/// `timonel.dev` → `dev.timonel`, as the schemas of groups outside Kubernetes are named.
fn reversed(group: &str) -> String {
    group.rsplit('.').collect::<Vec<_>>().join(".")
}

/// Every type, ordered by name.
#[must_use]
pub fn all() -> &'static [TypeDef] {
    &TABLE
}

/// A type of the API: a structure of fields, or a named scalar such as `Quantity`.
#[derive(Debug)]
pub struct TypeDef {
    /// The OpenAPI name, such as `io.k8s.api.apps.v1.Deployment`.
    pub name: &'static str,
    /// What the type is when it has no fields of its own.
    pub scalar: Option<Ty>,
    /// Server-side apply owns the whole value (`x-kubernetes-map-type: atomic`).
    pub atomic: bool,
    fields: Box<[Field]>,
}

impl TypeDef {
    /// The fields, ordered by name.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field of that JSON name; Kubernetes is strict about case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.binary_search_by(|field| field.name.cmp(name)).ok().map(|at| &self.fields[at])
    }

    /// The kind's or structure's bare name: `Deployment`.
    #[must_use]
    pub fn short_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }

    /// What Go calls the type in its errors: package and name, `v1.Container`.
    #[must_use]
    pub fn go_name(&self) -> &'static str {
        self.name.rmatch_indices('.').nth(1).map_or(self.name, |(dot, _)| &self.name[dot + 1..])
    }
}

/// One field of a structure, with every fact that decoding, merging, applying and documenting need.
#[derive(Debug)]
// Independent facts of the API, each read alone.
#[allow(clippy::struct_excessive_bools)]
pub struct Field {
    /// The name in JSON.
    pub name: &'static str,
    /// What it holds.
    pub ty: Ty,
    /// Where protobuf keeps it.
    pub number: Number,
    /// The API says that it must be given.
    pub required: bool,
    /// A pointer in Go: zero and absent differ.
    pub pointer: bool,
    /// Go writes it even when it is empty (no `omitempty`, or a structure by value).
    pub always: bool,
    /// How server-side apply merges the list.
    pub list: ListType,
    /// Server-side apply owns the whole structure or map.
    pub atomic: bool,
    /// Server-side apply owns it field by field, although its type is atomic elsewhere.
    pub granular: bool,
    /// The key by which strategic merge pairs the elements of the list.
    pub merge_key: Option<&'static str>,
    /// What strategic merge does with it.
    pub strategies: Strategies,
    /// The default of the published schema, as JSON text.
    pub default: Option<&'static str>,
    /// The type's name in Go's errors where it is not derivable, such as `v1.Protocol`.
    pub go: Option<&'static str>,
    /// The allowed values, where the API closes the set.
    pub values: &'static [&'static str],
}

/// The place of a field in protobuf: its number, inside an inlined message when Go embeds one (0: not inlined).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// The number of the inlined message within the outer one, or 0.
    pub inline: u16,
    /// The field's own number, or 0 when it is not on the wire.
    pub own: u16,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ty {
    /// A string.
    String,
    /// A 32-bit integer.
    Int32,
    /// A 64-bit integer.
    Int64,
    /// A boolean.
    Boolean,
    /// A double.
    Number,
    /// A quantity such as `100m`.
    Quantity,
    /// An integer or a string (a percentage or a port's name).
    IntOrString,
    /// A time with seconds (RFC 3339).
    Time,
    /// A time with microseconds.
    MicroTime,
    /// Bytes, base64 in JSON.
    Bytes,
    /// Any JSON: an embedded object (`RawExtension`).
    Raw,
    /// A set of fields (`FieldsV1`).
    Fields,
    /// Any JSON, by the name that the API gives it.
    Any(Any),
    /// A structure of the table.
    Ref(TypeId),
    /// A list.
    List(&'static Ty),
    /// A map with string keys.
    Map(&'static Ty),
}

/// Why a field holds any JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Any {
    /// It is a value of somebody's.
    Json,
    /// A schema, or a list of them.
    SchemaOrArray,
    /// A schema, or yes or no.
    SchemaOrBool,
    /// A schema, or a list of strings.
    SchemaOrStrings,
}

impl Ty {
    /// The structure that this type is, or that its elements are.
    #[must_use]
    pub fn structure(self) -> Option<&'static TypeDef> {
        match self {
            Self::Ref(id) => Some(id.get()),
            Self::List(element) | Self::Map(element) => element.structure(),
            _ => None,
        }
    }
}

/// A type's place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(u16);

impl TypeId {
    /// The type itself.
    #[must_use]
    pub fn get(self) -> &'static TypeDef {
        &TABLE[usize::from(self.0)]
    }
}

/// How server-side apply merges a list (`x-kubernetes-list-type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListType {
    /// Nothing said, which means atomic.
    Unset,
    /// One owner replaces the whole list.
    Atomic,
    /// Each scalar is owned alone.
    Set,
    /// Elements are paired by these keys.
    Map(&'static [&'static str]),
}

/// Strategic merge's strategies (`x-kubernetes-patch-strategy`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Strategies {
    /// Lists are merged element by element.
    pub merge: bool,
    /// Keys that `$retainKeys` does not name are cleared.
    pub retain_keys: bool,
    /// Replaced as a whole.
    pub replace: bool,
}
