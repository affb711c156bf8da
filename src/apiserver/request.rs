//! URL and method → what is asked for, as apiserver's `RequestInfo`. Must not know which kinds exist.

use http::Method;

use super::params::Params;

/// What a request does to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

impl Verb {
    /// Kubernetes' word.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }

    /// Whether it changes nothing.
    pub(super) fn reads(self) -> bool {
        matches!(self, Self::Get | Self::List | Self::Watch)
    }
}

/// A request for a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ResourceRequest {
    pub(super) group: String,
    pub(super) version: String,
    /// Empty for a cluster-scoped resource or all namespaces.
    pub(super) namespace: String,
    pub(super) resource: String,
    pub(super) name: String,
    pub(super) subresource: String,
    /// What follows the subresource (proxies).
    pub(super) rest: String,
    /// Whether it is under `watch/`.
    pub(super) watched: bool,
}

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A resource of `/api/v1` or `/apis/GROUP/VERSION`.
    Resource(ResourceRequest),
    /// The resources of a group and version; the group is empty for `/api/v1`.
    GroupVersion(String, String),
    /// The versions of a group.
    Group(String),
    /// Anything else.
    Path,
}

/// Reads a path.
pub(super) fn target(path: &str) -> Target {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["api", version] => Target::GroupVersion(String::new(), (*version).into()),
        ["apis", group] => Target::Group((*group).into()),
        ["apis", group, version] => Target::GroupVersion((*group).into(), (*version).into()),
        // The old way to watch, before `?watch=true`.
        ["api", version, "watch", rest @ ..] if !rest.is_empty() => watched(resource("", version, rest, false)),
        ["apis", group, version, "watch", rest @ ..] if !rest.is_empty() => {
            watched(resource(group, version, rest, false))
        }
        ["api", version, rest @ ..] => resource("", version, rest, path.ends_with('/')),
        ["apis", group, version, rest @ ..] => resource(group, version, rest, path.ends_with('/')),
        _ => Target::Path,
    }
}

fn watched(target: Target) -> Target {
    match target {
        Target::Resource(request) => Target::Resource(ResourceRequest { watched: true, ..request }),
        other => other,
    }
}

/// Subresources of a namespace itself; other words after its name are resources inside it.
const NAMESPACE_SUBRESOURCES: [&str; 2] = ["status", "finalize"];

fn resource(group: &str, version: &str, parts: &[&str], trailing_slash: bool) -> Target {
    let mut request = ResourceRequest { group: group.into(), version: version.into(), ..ResourceRequest::default() };
    let parts = match parts {
        ["namespaces", name, sub, ..] if NAMESPACE_SUBRESOURCES.contains(sub) => {
            request.namespace = decode(name);
            parts
        }
        ["namespaces", name] => {
            request.namespace = decode(name);
            parts
        }
        ["namespaces", namespace, inner @ ..] => {
            request.namespace = decode(namespace);
            inner
        }
        other => other,
    };
    let at = |index: usize| parts.get(index).map(|part| decode(part)).unwrap_or_default();
    (request.resource, request.name, request.subresource) = (at(0), at(1), at(2));
    if parts.len() > 3 {
        request.rest = parts[3..].join("/");
    }
    if trailing_slash && parts.len() > 2 {
        request.rest.push('/');
    }
    Target::Resource(request)
}

fn decode(part: &str) -> String {
    super::params::percent_decode(part, false)
}

/// The verb of a method on a resource; `None` for a method that no resource has.
pub(super) fn verb(method: &Method, request: &ResourceRequest, params: &Params) -> Option<Verb> {
    let collection = request.name.is_empty();
    Some(match *method {
        Method::GET if request.watched => Verb::Watch,
        Method::GET | Method::HEAD if collection && params.flag("watch") => Verb::Watch,
        Method::GET | Method::HEAD if collection => Verb::List,
        Method::GET | Method::HEAD => Verb::Get,
        Method::POST => Verb::Create,
        Method::PUT => Verb::Update,
        Method::PATCH => Verb::Patch,
        Method::DELETE if collection => Verb::DeleteCollection,
        Method::DELETE => Verb::Delete,
        _ => return None,
    })
}
