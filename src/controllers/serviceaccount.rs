//! Each namespace has a service account `default`. Must not make tokens.

use std::sync::Arc;

use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::PostParams;

use super::{Manager, Outcome, is_active_namespace, unless_there};
use crate::client::object::Key;
use crate::client::queue::Next;

const NAME: &str = "default";

pub(super) async fn run(manager: Arc<Manager>) {
    let queue = manager.queue();
    manager.informers.namespaces.wait_synced().await;
    manager.informers.service_accounts.wait_synced().await;
    let keys = queue.clone();
    manager.informers.namespaces.on_change(move |change| keys.add(Key::of(&**change.object()).name));
    let keys = queue.clone();
    manager.informers.service_accounts.on_change(move |change| {
        if change.after().is_none() {
            keys.add(Key::of(&**change.object()).namespace);
        }
    });
    queue.run(1, |namespace| reconcile(&manager, namespace)).await;
}

async fn reconcile(manager: &Manager, namespace: String) -> Outcome {
    let there = manager.informers.service_accounts.get(&Key::new(namespace.clone(), NAME)).is_some();
    if there || !is_active_namespace(manager, &namespace) {
        return Ok(Next::Done);
    }
    let account = ServiceAccount {
        metadata: ObjectMeta { name: Some(NAME.into()), ..ObjectMeta::default() },
        ..ServiceAccount::default()
    };
    let api: Api<ServiceAccount> = Api::namespaced(manager.client.clone(), &namespace);
    unless_there(api.create(&PostParams::default(), &account).await)?;
    Ok(Next::Done)
}
