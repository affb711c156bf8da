//! One request for a resource, understood. Must not answer it.

use std::sync::LazyLock;

use http::HeaderMap;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Meta;
use super::authn::User;
use super::body::FieldValidation;
use super::errors::ApiResult;
use super::negotiate::Form;
use super::params::Params;
use super::request::{ResourceRequest, Verb};
use super::respond;
use super::server::ApiServer;
use crate::kinds::{self, Kind, Subresource};
use crate::store::Store;

/// What a handler needs to know of a request.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) server: ApiServer,
    pub(super) user: User,
    pub(super) verb: Verb,
    pub(super) kind: &'static Kind,
    pub(super) request: ResourceRequest,
    pub(super) subresource: Option<Subresource>,
    pub(super) params: Params,
    pub(super) headers: HeaderMap,
    pub(super) form: Form,
}

impl Call {
    /// A stored object in the version that was asked for.
    pub(super) fn read(&self, bytes: &[u8]) -> ApiResult<Value> {
        let mut value = respond::parse(bytes)?;
        if is_converted(self.kind) {
            self.kind.rules.to_served(&mut value);
        }
        Ok(value)
    }

    /// Whether the stored bytes are what the client may see.
    pub(super) fn shows_stored(&self) -> bool {
        !is_converted(self.kind)
    }

    /// Where the objects of this call's kind live.
    pub(super) fn store(&self) -> &Store<Meta> {
        if self.kind.is_switchboard() { &self.server.board } else { &self.server.store }
    }

    /// Until when that store answers.
    pub(super) fn storage(&self) -> ApiResult<CancellationToken> {
        if self.kind.is_switchboard() { Ok(CancellationToken::new()) } else { self.server.gate.etcd() }
    }

    /// The store's key of an object of this call's kind and namespace.
    pub(super) fn key(&self, name: &str) -> String {
        key(self.kind, &self.request.namespace, name)
    }

    /// The prefix of what a list or watch of this call covers.
    pub(super) fn prefix(&self) -> String {
        prefix(self.kind, &self.request.namespace)
    }

    /// Whether this write is only tried.
    pub(super) fn dry_run(&self) -> ApiResult<bool> {
        self.params.dry_run(self.options_kind())
    }

    /// How unknown fields are treated.
    pub(super) fn field_validation(&self) -> ApiResult<FieldValidation> {
        FieldValidation::from_params(&self.params, self.options_kind())
    }

    /// Who this write belongs to in managedFields: `?fieldManager=`, or the start of the user agent.
    pub(super) fn manager(&self) -> String {
        if let Some(manager) = self.params.get("fieldManager") {
            return manager.into();
        }
        let agent = self.headers.get(http::header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        let agent = agent.and_then(|agent| agent.split('/').next()).filter(|agent| !agent.is_empty());
        agent.map_or_else(|| component(&self.user.name), Into::into)
    }

    fn options_kind(&self) -> &'static str {
        match self.verb {
            Verb::Create => "CreateOptions",
            Verb::Update => "UpdateOptions",
            Verb::Patch => "PatchOptions",
            Verb::Delete | Verb::DeleteCollection => "DeleteOptions",
            Verb::Get | Verb::List | Verb::Watch => "ListOptions",
        }
    }
}

/// Kinds that are stored in another version than their own.
static CONVERTED: LazyLock<Vec<&'static Kind>> = LazyLock::new(|| {
    let changes = |kind: &Kind| {
        let mut probe = json!({ "apiVersion": kind.api_version(), "kind": kind.kind });
        kind.rules.to_stored(&mut probe);
        probe["apiVersion"] != kind.api_version()
    };
    kinds::ALL.iter().copied().filter(|kind| changes(kind)).collect()
});

/// Whether a kind is stored in another version than its own.
pub(super) fn is_converted(kind: &Kind) -> bool {
    CONVERTED.iter().any(|one| std::ptr::eq(*one, kind))
}

/// The program that a component's user name stands for: `kubelet`, `kube-scheduler`.
fn component(user: &str) -> String {
    match user.strip_prefix("system:") {
        Some(rest) if rest.starts_with("node:") => "kubelet".into(),
        Some(rest) if rest.starts_with("serviceaccount:kube-system:") && rest.ends_with("-controller") => {
            "kube-controller-manager".into()
        }
        Some(rest) if !rest.contains(':') => rest.into(),
        _ => "unknown".into(),
    }
}

/// The store's key of an object.
pub(super) fn key(kind: &Kind, namespace: &str, name: &str) -> String {
    format!("{}{name}", prefix(kind, namespace))
}

/// The store's prefix of a kind, or of a kind in a namespace.
pub(super) fn prefix(kind: &Kind, namespace: &str) -> String {
    let prefix = kind.storage_prefix();
    if kind.namespaced && !namespace.is_empty() { format!("{prefix}{namespace}/") } else { prefix }
}
