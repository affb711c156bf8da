//! Who asks: the connection's identity, a bearer token, or nobody; then impersonation. Must not say what they may do.

use std::collections::BTreeMap;

use axum::extract::Request;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::access::Authorization;
use super::authz::{self, Question};
use super::errors::{ApiError, ApiResult};
use super::params::percent_decode;
use super::server::ApiServer;
use crate::base::pipe::Identity;

/// A caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) groups: Vec<String>,
    pub(super) extra: BTreeMap<String, Vec<String>>,
}

/// The group of everybody with credentials.
const AUTHENTICATED: &str = "system:authenticated";
/// The prefix of a service account's user name.
pub(super) const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

impl User {
    /// Whoever has no credentials.
    pub(super) fn anonymous() -> Self {
        Self { name: "system:anonymous".into(), groups: vec!["system:unauthenticated".into()], ..Self::default() }
    }

    /// A user with credentials.
    pub(super) fn authenticated(name: &str, groups: &[String]) -> Self {
        let mut groups = groups.to_vec();
        if !groups.iter().any(|group| group == AUTHENTICATED) {
            groups.push(AUTHENTICATED.into());
        }
        Self { name: name.into(), groups, ..Self::default() }
    }

    /// A service account with the groups that all of them have.
    pub(super) fn service_account(namespace: &str, name: &str) -> Self {
        let groups = ["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
        Self::authenticated(&format!("{SERVICE_ACCOUNT}{namespace}:{name}"), &groups)
    }

    /// Whether the user belongs to a group.
    pub(super) fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }
}

/// The caller of a request, as whom the rest of the server sees them.
pub(super) fn user(server: &ApiServer, request: &Request) -> ApiResult<User> {
    let user = authenticate(server, request)?;
    impersonate(server, user, request.headers())
}

/// A certificate tells first, as in Kubernetes; then a token, which must be a good one; then nothing does.
fn authenticate(server: &ApiServer, request: &Request) -> ApiResult<User> {
    if let Some(identity) = request.extensions().get::<Identity>().filter(|identity| !identity.user.is_empty()) {
        return Ok(User::authenticated(&identity.user, &identity.groups));
    }
    let bearer = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(token) = bearer.and_then(bearer_token) {
        let known = server.access.tokens.user(token).or_else(|| server.tokens.authenticate(server, token));
        return known.ok_or_else(ApiError::unauthorized);
    }
    match server.access.authorization {
        Authorization::Rbac => Ok(User::anonymous()),
        // Where everybody may do everything, nobody stays unknown (kube-apiserver resets `--anonymous-auth` then).
        Authorization::AlwaysAllow => Err(ApiError::unauthorized()),
    }
}

/// The token of `Bearer TOKEN`; the scheme's case does not matter.
fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}

/// The headers of a request that asks to be seen as somebody else.
const HEADER_USER: &str = "impersonate-user";
const HEADER_GROUP: &str = "impersonate-group";
const HEADER_UID: &str = "impersonate-uid";
const HEADER_EXTRA: &str = "impersonate-extra-";

fn impersonate(server: &ApiServer, user: User, headers: &HeaderMap) -> ApiResult<User> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
    let groups: Vec<String> =
        headers.get_all(HEADER_GROUP).iter().filter_map(|value| value.to_str().ok()).map(Into::into).collect();
    let extra = extra(headers);
    let Some(name) = text(HEADER_USER) else {
        if groups.is_empty() && extra.is_empty() && text(HEADER_UID).is_none() {
            return Ok(user);
        }
        return Err(ApiError::internal("requested [{Group}] without impersonating a user"));
    };
    let mut seen = match name.strip_prefix(SERVICE_ACCOUNT).and_then(|rest| rest.split_once(':')) {
        Some((namespace, account)) if groups.is_empty() => User::service_account(namespace, account),
        _ => User::authenticated(name, &groups),
    };
    seen.uid = text(HEADER_UID).unwrap_or_default().into();
    seen.extra = extra;
    may_impersonate(server, &user, name, &groups, &seen)?;
    Ok(seen)
}

fn extra(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        let Some(key) = name.as_str().strip_prefix(HEADER_EXTRA) else { continue };
        let value = value.to_str().unwrap_or_default();
        extra.entry(percent_decode(key, false)).or_default().push(value.into());
    }
    extra
}

fn may_impersonate(server: &ApiServer, user: &User, name: &str, groups: &[String], seen: &User) -> ApiResult<()> {
    let core = |resource: &str, namespace: &str, name: &str| Question {
        verb: "impersonate".into(),
        resource: resource.into(),
        namespace: namespace.into(),
        name: name.into(),
        ..Question::default()
    };
    let mut questions = vec![match name.strip_prefix(SERVICE_ACCOUNT).and_then(|rest| rest.split_once(':')) {
        Some((namespace, account)) => core("serviceaccounts", namespace, account),
        None => core("users", "", name),
    }];
    questions.extend(groups.iter().map(|group| core("groups", "", group)));
    let of_authentication = |question: Question| Question { group: "authentication.k8s.io".into(), ..question };
    if !seen.uid.is_empty() {
        questions.push(of_authentication(core("uids", "", &seen.uid)));
    }
    for (key, values) in &seen.extra {
        let one = |value| Question { subresource: key.clone(), ..of_authentication(core("userextras", "", value)) };
        questions.extend(values.iter().map(|value| one(value)));
    }
    questions.iter().try_for_each(|question| authz::check(server, user, question))
}
