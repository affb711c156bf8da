//! The kinds that a server serves, as its discovery tells them, and how their addresses are built. No IO.

use std::sync::Arc;

use super::scope::Scope;

/// One kind of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resource {
    /// API group; empty for the core.
    pub group: String,
    /// Version in the group.
    pub version: String,
    /// Kind, such as `Pod`.
    pub kind: String,
    /// Plural in addresses, such as `pods`.
    pub plural: String,
    /// Singular, such as `pod`.
    pub singular: String,
    /// Short names, such as `po`.
    pub short: Vec<String>,
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// What can be done, such as `list`.
    pub verbs: Vec<String>,
    /// Whether it has the `scale` subresource.
    pub scalable: bool,
}

impl Resource {
    /// `v1` or `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Whether a word names it, as kubectl takes it: plural, singular, short name, kind, or `plural.group`.
    pub fn answers_to(&self, word: &str) -> bool {
        let word = word.to_lowercase();
        let qualified = || word.strip_prefix(&self.plural).and_then(|rest| rest.strip_prefix('.')) == Some(&self.group);
        [&self.plural, &self.singular].contains(&&word)
            || self.short.contains(&word)
            || self.kind.to_lowercase() == word
            || (!self.group.is_empty() && qualified())
    }

    /// Whether the verb is allowed by discovery.
    pub fn can(&self, verb: &str) -> bool {
        self.verbs.iter().any(|known| known == verb)
    }

    /// The address of the collection, in one namespace or in all.
    pub fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() { "/api" } else { "/apis" };
        let middle = match namespace.filter(|_| self.namespaced) {
            Some(namespace) => format!("/namespaces/{namespace}"),
            None => String::new(),
        };
        format!("{root}/{}{middle}/{}", self.api_version(), self.plural)
    }

    /// Whether its pods can be restarted one by one.
    pub fn restartable(&self) -> bool {
        self.group == "apps" && ["Deployment", "StatefulSet", "DaemonSet"].contains(&self.kind.as_str())
    }
}

/// A list to show: a kind, in some namespaces or in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The kind.
    pub resource: Arc<Resource>,
    /// The namespaces.
    pub scope: Scope,
    /// Only the object of this name.
    pub name: Option<String>,
    /// Only objects with these labels, as `app=web,env!=prod`; all when empty.
    pub labels: String,
    /// As it was at this revision, and then no more changes; as it is when absent.
    pub revision: Option<u64>,
}

impl Listing {
    /// Everything of a kind in some namespaces, live.
    pub fn of(resource: Arc<Resource>, scope: Scope) -> Self {
        Self { resource, scope, name: None, labels: String::new(), revision: None }
    }

    /// One object, live.
    pub fn single(target: &Target) -> Self {
        let scope = target.namespace.as_deref().map(Scope::one).unwrap_or_default();
        Self { name: Some(target.name.clone()), ..Self::of(target.resource.clone(), scope) }
    }

    /// What is asked for: one list, or one in each of several namespaces.
    pub fn parts(&self) -> Vec<Option<String>> {
        if self.resource.namespaced { self.scope.parts() } else { vec![None] }
    }
}

/// One object by its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The kind.
    pub resource: Arc<Resource>,
    /// Its namespace, if it lives in one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl Target {
    /// Its address on the server.
    pub fn path(&self) -> String {
        format!("{}/{}", self.resource.path(self.namespace.as_deref()), self.name)
    }

    /// `deployment/web`, as kubectl names it.
    pub fn short(&self) -> String {
        format!("{}/{}", self.resource.singular, self.name)
    }
}

/// The kind that a word names; the preferred group wins, then the core.
pub fn find(catalog: &[Arc<Resource>], word: &str) -> Option<Arc<Resource>> {
    catalog.iter().find(|resource| resource.answers_to(word)).cloned()
}

/// The kind of an object's `apiVersion` and `kind`.
pub fn by_kind(catalog: &[Arc<Resource>], api_version: &str, kind: &str) -> Option<Arc<Resource>> {
    catalog.iter().find(|resource| resource.kind == kind && resource.api_version() == api_version).cloned()
}

/// The few kinds that every cluster has, known before discovery answers.
pub fn essentials() -> Vec<Arc<Resource>> {
    const CORE: &[(&str, &str, &str, bool)] = &[
        ("Pod", "pods", "po", true),
        ("Service", "services", "svc", true),
        ("Node", "nodes", "no", false),
        ("Namespace", "namespaces", "ns", false),
        ("Event", "events", "ev", true),
        ("ConfigMap", "configmaps", "cm", true),
    ];
    const APPS: &[(&str, &str, &str, bool)] =
        &[("Deployment", "deployments", "deploy", true), ("ReplicaSet", "replicasets", "rs", true)];
    let make = |group: &str, &(kind, plural, short, namespaced): &(&str, &str, &str, bool)| {
        Arc::new(Resource {
            group: group.into(),
            version: "v1".into(),
            kind: kind.into(),
            plural: plural.into(),
            singular: kind.to_lowercase(),
            short: vec![short.into()],
            namespaced,
            verbs: ["get", "list", "watch", "delete", "create", "patch"].map(Into::into).to_vec(),
            scalable: group == "apps",
        })
    };
    let core = CORE.iter().map(|row| make("", row));
    core.chain(APPS.iter().map(|row| make("apps", row))).collect()
}
