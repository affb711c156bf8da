//! Whether a user may do what they ask. Must not know who they are nor answer the request.

use http::Method;

use super::access::Authorization;
use super::authn::User;
use super::errors::{ApiError, ApiResult};
use super::server::ApiServer;
use crate::base::pipe::Identity;

pub(super) mod escalation;
mod graph;
pub(super) mod node;
mod rbac;
pub(super) mod reviews;

pub(super) use graph::Graph;
pub(super) use rbac::rules;

/// What somebody wants to do, as authorization sees it.
#[derive(Clone, Debug, Default)]
pub(super) struct Question {
    pub(super) verb: String,
    pub(super) group: String,
    pub(super) resource: String,
    pub(super) subresource: String,
    pub(super) namespace: String,
    pub(super) name: String,
    /// A path outside of resources; the fields above are empty then, but for the verb.
    pub(super) path: String,
}

/// Everybody in this group may do everything (`user.SystemPrivilegedGroup`).
const MASTERS: &str = "system:masters";

/// Our own components, which Kubernetes' bootstrap roles would let do all that ours do.
const COMPONENTS: [&str; 4] =
    ["system:apiserver", "system:kube-controller-manager", "system:kube-proxy", "system:kube-scheduler"];

/// Paths that everybody may read (`system:public-info-viewer`).
const PUBLIC: [&str; 4] = ["/healthz", "/livez", "/readyz", "/version"];

/// Whether the answer to a question is yes.
pub(super) fn allowed(server: &ApiServer, user: &User, question: &Question) -> bool {
    decide(server, user, question).is_ok()
}

/// Why the answer is yes, or why it is no; either may be without words.
fn decide(server: &ApiServer, user: &User, question: &Question) -> Result<String, String> {
    if server.access.authorization == Authorization::AlwaysAllow
        || user.is_in(MASTERS)
        || user.is_in(Identity::CONTROLLERS)
        || COMPONENTS.contains(&user.name.as_str())
    {
        return Ok(String::new());
    }
    let of_node = node::of(user).map_or(Ok(false), |node| node::allowed(server, node, question));
    if of_node == Ok(true) {
        return Ok(String::new());
    }
    rbac::grant(server, user, question).ok_or_else(|| of_node.err().unwrap_or_default())
}

/// Refuses what is not allowed, in Kubernetes' words.
pub(super) fn check(server: &ApiServer, user: &User, question: &Question) -> ApiResult<()> {
    decide(server, user, question).map(drop).map_err(|why| forbidden(user, question, &why))
}

/// Refuses a path outside of resources.
pub(super) fn check_path(server: &ApiServer, user: &User, method: &Method, path: &str) -> ApiResult<()> {
    let public = PUBLIC
        .iter()
        .any(|public| path == *public || path.strip_prefix(public).is_some_and(|rest| rest.starts_with('/')));
    if public && method == Method::GET {
        return Ok(());
    }
    let verb = method.as_str().to_ascii_lowercase();
    let path = if path.is_empty() { "/" } else { path };
    let discovery =
        ["/api", "/apis", "/openapi"].iter().any(|root| path == *root || path.starts_with(&format!("{root}/")));
    if discovery && verb == "get" && user.is_in("system:authenticated") {
        return Ok(());
    }
    check(server, user, &Question { verb, path: path.into(), ..Question::default() })
}

fn forbidden(user: &User, question: &Question, reason: &str) -> ApiError {
    let Question { verb, group, resource, subresource, namespace, name, path } = question;
    if !path.is_empty() {
        return ApiError::forbidden_path(format!("forbidden: User {:?} cannot {verb} path {path:?}", user.name));
    }
    let whole = if subresource.is_empty() { resource.clone() } else { format!("{resource}/{subresource}") };
    let place = if namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {namespace:?}")
    };
    let mut why = format!("User {:?} cannot {verb} resource {whole:?} in API group {group:?} {place}", user.name);
    if !reason.is_empty() {
        why = format!("{why}: {reason}");
    }
    ApiError::forbidden_resource(group, resource, name, &why)
}
