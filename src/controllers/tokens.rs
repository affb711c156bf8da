//! Fills Secrets that ask for the token of a service account, and removes those whose account is gone. Must not make
//! accounts; tokens that pods mount are others, which the kubelet asks for.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::{Api, ResourceExt};

use super::signer::TokenSubject;
use super::{Manager, Outcome, unless_gone};
use crate::client::object::{Key, is_deleting, uid_of};
use crate::client::queue::Next;

/// Reconciles at once (`--concurrent-serviceaccount-token-syncs`).
const WORKERS: usize = 5;
/// The account whose token a Secret holds: its name and its uid.
const ACCOUNT: &str = "kubernetes.io/service-account.name";
const ACCOUNT_UID: &str = "kubernetes.io/service-account.uid";

pub(super) async fn run(manager: Arc<Manager>) {
    let queue = manager.queue();
    manager.informers.service_accounts.wait_synced().await;
    manager.informers.token_secrets.wait_synced().await;
    let keys = queue.clone();
    manager.informers.token_secrets.on_change(move |change| keys.add(Key::of(&**change.object())));
    let (secrets, keys) = (manager.informers.token_secrets.clone(), queue.clone());
    manager.informers.service_accounts.on_change(move |change| {
        let account = change.object();
        let own = secrets.in_namespace(account.metadata.namespace.as_deref().unwrap_or_default());
        let own = own.iter().filter(|secret| secret.annotations().get(ACCOUNT) == account.metadata.name.as_ref());
        keys.add_all(own.map(|secret| Key::of(&**secret)));
    });
    queue.run(WORKERS, |key| reconcile(&manager, key)).await;
}

async fn reconcile(manager: &Manager, key: Key) -> Outcome {
    let Some(secret) = manager.informers.token_secrets.get(&key) else { return Ok(Next::Done) };
    let Some(name) = secret.annotations().get(ACCOUNT).filter(|name| !name.is_empty()) else { return Ok(Next::Done) };
    if is_deleting(&secret.metadata) {
        return Ok(Next::Done);
    }
    let account = match manager.informers.service_accounts.get(&Key::new(key.namespace.clone(), name.clone())) {
        Some(account) => Some((*account).clone()),
        // The cache may be behind: a token is only taken away when the server has no account either.
        None => Api::namespaced(manager.client.clone(), &key.namespace).get_opt(name).await?,
    };
    let api: Api<Secret> = Api::namespaced(manager.client.clone(), &key.namespace);
    let Some(account) = account.filter(|account| speaks_for(&secret, account)) else {
        let preconditions = Some(Preconditions { uid: secret.uid(), resource_version: secret.resource_version() });
        let params = DeleteParams { preconditions, ..DeleteParams::default() };
        unless_gone(api.delete(&key.name, &params).await)?;
        return Ok(Next::Done);
    };
    let token = |secret: &Secret| {
        let account = (account.metadata.name.as_deref().unwrap_or_default(), uid_of(&account.metadata));
        let subject = TokenSubject { namespace: &key.namespace, account, secret: &secret.name_any() };
        manager.config.signer.as_ref().and_then(|signer| signer.token(subject))
    };
    if let Some(filled) = fill(&secret, &account, &manager.config.root_ca, token) {
        unless_gone(api.replace(&key.name, &PostParams::default(), &filled).await)?;
    }
    Ok(Next::Done)
}

/// Whether a Secret is of this account, and not of an earlier one of the name.
fn speaks_for(secret: &Secret, account: &ServiceAccount) -> bool {
    secret.annotations().get(ACCOUNT_UID).is_none_or(|uid| uid.is_empty() || uid == uid_of(&account.metadata))
}

/// The Secret with what it lacks; `None` when it has all.
fn fill(
    secret: &Secret,
    account: &ServiceAccount,
    root_ca: &str,
    token: impl FnOnce(&Secret) -> Option<String>,
) -> Option<Secret> {
    let mut filled = secret.clone();
    let namespace = secret.namespace().unwrap_or_default();
    let data: &mut BTreeMap<String, ByteString> = filled.data.get_or_insert_default();
    for (name, text) in [("ca.crt", root_ca), ("namespace", namespace.as_str())] {
        if !text.is_empty() && data.get(name).is_none_or(|now| now.0 != text.as_bytes()) {
            data.insert(name.into(), ByteString(text.into()));
        }
    }
    if data.get("token").is_none_or(|token| token.0.is_empty())
        && let Some(token) = token(secret)
    {
        data.insert("token".into(), ByteString(token.into_bytes()));
    }
    filled.metadata.annotations.get_or_insert_default().insert(ACCOUNT_UID.into(), uid_of(&account.metadata).into());
    (filled != *secret).then_some(filled)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_gets_what_it_lacks_once() {
        let account: ServiceAccount =
            serde_json::from_value(json!({"metadata": {"name": "robot", "uid": "u"}})).unwrap();
        let secret: Secret = serde_json::from_value(json!({
            "metadata": {"name": "s", "namespace": "n", "annotations": {(ACCOUNT): "robot"}},
            "type": "kubernetes.io/service-account-token",
        }))
        .unwrap();
        let filled = fill(&secret, &account, "a ca", |_| Some("jwt".into())).unwrap();
        let data = filled.data.clone().unwrap();
        let texts: Vec<_> = data.values().map(|value| String::from_utf8(value.0.clone()).unwrap()).collect();
        assert_eq!(texts, ["a ca", "n", "jwt"]);
        assert_eq!(filled.annotations()[ACCOUNT_UID], "u");
        assert!(speaks_for(&filled, &account));
        assert_eq!(fill(&filled, &account, "a ca", |_| panic!("it has one")), None);
        let another: ServiceAccount =
            serde_json::from_value(json!({"metadata": {"name": "robot", "uid": "v"}})).unwrap();
        assert!(!speaks_for(&filled, &another));
    }
}
