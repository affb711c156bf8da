//! Each namespace has the `ConfigMap`s with the certificates that its pods check servers by. Must not hold keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::PostParams;

use super::informers::{Informers, ROOT_CA, SERVICE_CA};
use super::{Config, Manager, Outcome, is_active_namespace, unless_gone, unless_there};
use crate::client::informer::Informer;
use crate::client::object::Key;
use crate::client::queue::Next;

/// A `ConfigMap` that every namespace has.
struct Published {
    name: &'static str,
    annotation: (&'static str, &'static str),
    key: &'static str,
    content: fn(&Config) -> String,
    cache: fn(&Informers) -> &Informer<ConfigMap>,
}

/// The API server's authority, and the place of one for services, which nobody fills here (docs/decisions.md).
static PUBLISHED: [Published; 2] = [
    Published {
        name: ROOT_CA,
        annotation: (
            "kubernetes.io/description",
            "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as \
             the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of \
             Kubernetes clusters.",
        ),
        key: "ca.crt",
        content: |config| config.root_ca.clone(),
        cache: |informers| &informers.root_cas,
    },
    Published {
        name: SERVICE_CA,
        annotation: ("service.beta.openshift.io/inject-cabundle", "true"),
        key: "service-ca.crt",
        content: |_| String::new(),
        cache: |informers| &informers.service_cas,
    },
];

pub(super) async fn run(manager: Arc<Manager>) {
    let queue = manager.queue();
    manager.informers.namespaces.wait_synced().await;
    for published in &PUBLISHED {
        (published.cache)(&manager.informers).wait_synced().await;
    }
    let keys = queue.clone();
    manager.informers.namespaces.on_change(move |change| keys.add(Key::of(&**change.object()).name));
    for published in &PUBLISHED {
        let keys = queue.clone();
        let cache = (published.cache)(&manager.informers);
        cache.on_change(move |change| keys.add(Key::of(&**change.object()).namespace));
    }
    queue.run(1, |namespace| reconcile(&manager, namespace)).await;
}

async fn reconcile(manager: &Manager, namespace: String) -> Outcome {
    if is_active_namespace(manager, &namespace) {
        for published in &PUBLISHED {
            publish(manager, &namespace, published).await?;
        }
    }
    Ok(Next::Done)
}

async fn publish(manager: &Manager, namespace: &str, published: &Published) -> kube::Result<()> {
    let name = published.name;
    let data = BTreeMap::from([(published.key.to_owned(), (published.content)(&manager.config))]);
    let api: Api<ConfigMap> = Api::namespaced(manager.client.clone(), namespace);
    match (published.cache)(&manager.informers).get(&Key::new(namespace, name)) {
        Some(there) if there.data.as_ref() == Some(&data) => {}
        Some(there) => {
            let repaired = ConfigMap { data: Some(data), ..(*there).clone() };
            unless_gone(api.replace(name, &PostParams::default(), &repaired).await)?;
        }
        None => {
            let (key, value) = published.annotation;
            let annotations = Some(BTreeMap::from([(key.into(), value.into())]));
            let metadata = ObjectMeta { name: Some(name.into()), annotations, ..ObjectMeta::default() };
            let map = ConfigMap { metadata, data: Some(data), ..ConfigMap::default() };
            unless_there(api.create(&PostParams::default(), &map).await)?;
        }
    }
    Ok(())
}
