//! The shape of a kind: its names, columns and subresources as data, its behaviour as [`Rules`]. Must not know one kind in particular.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::validate::{FieldError, NameRule};

/// One kind of the API in one version.
pub struct Kind {
    /// The API group; empty for the core.
    pub group: &'static str,
    /// The version, as `v1`.
    pub version: &'static str,
    /// The name in manifests, as `Pod`.
    pub kind: &'static str,
    /// The name in paths, as `pods`.
    pub plural: &'static str,
    /// The name for people, as `pod`.
    pub singular: &'static str,
    /// What kubectl also understands, as `po`.
    pub short_names: &'static [&'static str],
    /// Groups for kubectl, as `all`.
    pub categories: &'static [&'static str],
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// The name of its schema, as `io.k8s.api.core.v1.Pod`.
    pub schema: &'static str,
    /// What hangs under its objects.
    pub subresources: &'static [Subresource],
    /// What can be asked of it.
    pub verbs: &'static [&'static str],
    /// What it is for a learner, one line in Spanish.
    pub about: &'static str,
    /// What every answer about it warns of; empty for kinds that are not deprecated.
    pub deprecated: &'static str,
    /// The columns of its table, as kubectl prints it.
    pub columns: &'static [Column],
    /// How its objects are defaulted, validated, updated and shown.
    pub rules: &'static dyn Rules,
}

/// The group of the kinds that Kubernetes does not have: the switchboard, which is no part of the cluster.
pub const TIMONEL: &str = "timonel.dev";

/// The verbs of a kind that is stored.
pub const STORED: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
/// The verbs of a kind that is only asked (a review).
pub const ASKED: &[&str] = &["create"];

impl Kind {
    /// What most kinds share: core/v1, namespaced, stored, nothing under it.
    pub(super) const BASE: Self = Self {
        group: "",
        version: "v1",
        kind: "",
        plural: "",
        singular: "",
        short_names: &[],
        categories: &[],
        namespaced: true,
        schema: "",
        subresources: &[],
        verbs: STORED,
        about: "",
        deprecated: "",
        columns: &[NAME, AGE],
        rules: &Plain,
    };

    /// `v1`, `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The name with its group, as in `Deployment.apps "x" is invalid`.
    #[must_use]
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.kind.to_owned() } else { format!("{}.{}", self.kind, self.group) }
    }

    /// Whether objects of this kind are kept in the store, and not only asked.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.verbs.contains(&"watch")
    }

    /// Whether it belongs to the switchboard: its objects are kept apart, and can be read and written while etcd or
    /// the API server are switched off, as nobody could switch them on again otherwise.
    #[must_use]
    pub fn is_switchboard(&self) -> bool {
        self.group == TIMONEL
    }

    /// Whether the kind has a subresource.
    #[must_use]
    pub fn has(&self, subresource: Subresource) -> bool {
        self.subresources.contains(&subresource)
    }

    /// Where its objects are served: `/apis/apps/v1/namespaces/NAMESPACE/deployments`; kinds without namespaces have none.
    #[must_use]
    pub fn path(&self, namespace: &str) -> String {
        let root = if self.group.is_empty() { "/api" } else { "/apis" };
        let namespace = if self.namespaced { format!("/namespaces/{namespace}") } else { String::new() };
        format!("{root}/{}{namespace}/{}", self.api_version(), self.plural)
    }

    /// Where its objects are in the store: Kubernetes' own prefixes (`pkg/kubeapiserver/default_storage_factory_builder.go`
    /// and the storage of each kind), ended by a slash.
    #[must_use]
    pub fn storage_prefix(&self) -> String {
        let folder = match (self.group, self.plural) {
            ("", "services") => "services/specs",
            ("", "endpoints") => "services/endpoints",
            ("", "nodes") => "minions",
            ("", "replicationcontrollers") => "controllers",
            ("events.k8s.io", "events") => "events",
            ("networking.k8s.io", "ingresses") => "ingress",
            ("apiregistration.k8s.io" | "apiextensions.k8s.io", plural) => &format!("{}/{plural}", self.group),
            (_, plural) => plural,
        };
        format!("/registry/{folder}/")
    }
}

/// What can hang under an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subresource {
    /// `status`: only the status is written.
    Status,
    /// `scale`: replicas as autoscaling/v1 Scale.
    Scale,
    /// `log`: what a container wrote.
    Log,
    /// `exec`: a command in a container.
    Exec,
    /// `attach`: the streams of a container.
    Attach,
    /// `portforward`: connections to a pod.
    PortForward,
    /// `proxy`: HTTP to a pod, service or node.
    Proxy,
    /// `binding`: gives a pod its node.
    Binding,
    /// `eviction`: deletes a pod if its disruption budget allows it.
    Eviction,
    /// `ephemeralcontainers`: debugging containers.
    EphemeralContainers,
    /// `token`: signs a token for a service account.
    Token,
    /// `approval`: approves or denies a certificate request.
    Approval,
    /// `finalize`: the finalizers of a namespace.
    Finalize,
    /// `resize`: resources of a running pod.
    Resize,
}

/// One column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The heading.
    pub name: &'static str,
    /// `string`, `integer`, `boolean` or `date`.
    pub kind: &'static str,
    /// `name` for the column that names the object, else empty.
    pub format: &'static str,
    /// 0 always shown, 1 only with `-o wide`.
    pub priority: i32,
}

impl Column {
    /// A column of text, always shown.
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: "string", format: "", priority: 0 }
    }

    /// A column of whole numbers, always shown.
    #[must_use]
    pub const fn integer(name: &'static str) -> Self {
        Self { name, kind: "integer", format: "", priority: 0 }
    }

    /// A column of yes or no, always shown.
    #[must_use]
    pub const fn boolean(name: &'static str) -> Self {
        Self { name, kind: "boolean", format: "", priority: 0 }
    }

    /// A column of text that only `-o wide` shows.
    #[must_use]
    pub const fn wide(name: &'static str) -> Self {
        Self { name, kind: "string", format: "", priority: 1 }
    }
}

/// The column that names the object.
pub const NAME: Column = Column { name: "Name", kind: "string", format: "name", priority: 0 };
/// The column of the age.
pub const AGE: Column = Column::text("Age");
/// The column of the moment of creation, for kinds without a printer of their own.
pub const CREATED_AT: Column = Column { name: "Created At", kind: "date", format: "", priority: 0 };

/// When `metadata.generation` rises.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Generation {
    /// The kind does not count generations.
    #[default]
    None,
    /// With each change of the spec.
    Spec,
    /// With each change of the spec or the annotations (Deployments).
    SpecAndAnnotations,
    /// With each change of anything but the metadata.
    Content,
}

/// What a kind does with its objects. Values were type-checked before, but no rule may panic on odd shapes.
pub trait Rules: Sync {
    /// Whether the status is written through its own subresource, and dropped from everything else.
    fn has_status(&self) -> bool {
        false
    }

    /// When `metadata.generation` rises.
    fn generation(&self) -> Generation {
        Generation::None
    }

    /// Which names its objects may have.
    fn name_rule(&self) -> NameRule {
        NameRule::Subdomain
    }

    /// The status that a new object starts with.
    fn first_status(&self, _object: &Value) -> Value {
        json!({})
    }

    /// The cells of the table, one for each column.
    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value>;

    /// Fills in what the manifest left out.
    fn default(&self, _object: &mut Value) {}

    /// Before a new object is validated: the client's status is dropped, generations start at 1.
    fn prepare_create(&self, object: &mut Value) {
        prepare_create(self, object);
    }

    /// Before an update is validated: the status stays, the generation rises.
    fn prepare_update(&self, new: &mut Value, old: &Value) {
        prepare_update(self, new, old);
    }

    /// Before an update of the status is validated: all but the status stays (metadata may change, as in Kubernetes).
    fn prepare_status(&self, new: &mut Value, old: &Value) {
        prepare_status(new, old);
    }

    /// What is wrong with an object, metadata included by the caller through `validate::metadata`.
    fn validate(&self, _object: &Value) -> Vec<FieldError> {
        Vec::new()
    }

    /// What is wrong with a change. The caller validates the new object's metadata too.
    fn validate_update(&self, new: &Value, _old: &Value) -> Vec<FieldError> {
        self.validate(new)
    }

    /// What is wrong with a change through a subresource that shows a part of the object.
    fn validate_part(&self, _part: Subresource, new: &Value, old: &Value) -> Vec<FieldError> {
        self.validate_update(new, old)
    }

    /// Whether an update may leave out the `resourceVersion` that it was made for.
    fn updates_unconditionally(&self) -> bool {
        true
    }

    /// What is wrong with a change of the status.
    fn validate_status(&self, _new: &Value, _old: &Value) -> Vec<FieldError> {
        Vec::new()
    }

    /// The fields that selectors may name, beyond `metadata.name` and `metadata.namespace`, with their values.
    fn fields(&self, _object: &Value) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Turns an object of this version into the one that is stored, where a kind has several versions.
    fn to_stored(&self, _object: &mut Value) {}

    /// Turns a stored object into one of this version.
    fn to_served(&self, _object: &mut Value) {}

    /// What kubectl prints as a warning, although the object is accepted.
    fn warnings(&self, _object: &Value) -> Vec<String> {
        Vec::new()
    }
}

/// A kind without rules of its own: name and age.
pub(super) struct Plain;

impl Rules for Plain {
    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        vec![super::show::name(object), super::show::age(object, now)]
    }
}

fn fields(object: &mut Value) -> Option<&mut Map<String, Value>> {
    object.as_object_mut()
}

pub(super) fn prepare_create<R: Rules + ?Sized>(rules: &R, object: &mut Value) {
    let status = rules.has_status().then(|| rules.first_status(object));
    let Some(fields) = fields(object) else { return };
    if let Some(status) = status {
        fields.insert("status".to_owned(), status);
    }
    let generation = (rules.generation() != Generation::None).then_some(1);
    set_generation(fields, generation);
}

fn set_generation(fields: &mut Map<String, Value>, generation: Option<i64>) {
    let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
    let Some(metadata) = metadata.as_object_mut() else { return };
    match generation {
        Some(generation) => metadata.insert("generation".to_owned(), json!(generation)),
        None => metadata.remove("generation"),
    };
}

pub(super) fn prepare_update<R: Rules + ?Sized>(rules: &R, new: &mut Value, old: &Value) {
    if rules.has_status() {
        keep(new, old, "status");
    }
    let before = old["metadata"]["generation"].as_i64();
    let changed = match rules.generation() {
        Generation::None => false,
        Generation::Spec => new["spec"] != old["spec"],
        Generation::SpecAndAnnotations => {
            new["spec"] != old["spec"] || new["metadata"]["annotations"] != old["metadata"]["annotations"]
        }
        Generation::Content => content(new) != content(old),
    };
    let Some(fields) = fields(new) else { return };
    set_generation(fields, if changed { Some(before.unwrap_or(0) + 1) } else { before });
}

fn content(object: &Value) -> Vec<(&String, &Value)> {
    object.as_object().into_iter().flatten().filter(|(name, _)| *name != "metadata").collect()
}

pub(super) fn prepare_status(new: &mut Value, old: &Value) {
    let Some(fields) = fields(new) else { return };
    fields.retain(|name, _| matches!(name.as_str(), "apiVersion" | "kind" | "metadata" | "status"));
    for (name, value) in old.as_object().into_iter().flatten() {
        if !matches!(name.as_str(), "metadata" | "status") {
            fields.insert(name.clone(), value.clone());
        }
    }
    set_generation(fields, old["metadata"]["generation"].as_i64());
}

/// Puts a field of the old object's metadata in the new one, or takes it away where the old has none.
pub(super) fn keep_metadata(new: &mut Value, old: &Value, name: &str) {
    if let Some(metadata) = new.get_mut("metadata") {
        keep(metadata, &old["metadata"], name);
    }
}

/// Puts a top-level field of the old object in the new one, or takes it away where the old has none.
pub(super) fn keep(new: &mut Value, old: &Value, name: &str) {
    let Some(fields) = fields(new) else { return };
    match old.get(name) {
        Some(value) => fields.insert(name.to_owned(), value.clone()),
        None => fields.remove(name),
    };
}
