//! Which Ingresses are this controller's, and the classes by which they say so. Must not route anything.

use std::time::Duration;

use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use kube::api::PostParams;
use kube::{Api, ResourceExt};
use serde_json::json;

/// `spec.controller` of our classes.
const CONTROLLER: &str = "timonel.dev/ingress-controller";
/// Before there were classes.
const ANNOTATION: &str = "kubernetes.io/ingress.class";
/// On the class of Ingresses that name none.
const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";
/// Our classes, and whether they are the default one. Most manifests that people find say `nginx`.
const CLASSES: [(&str, bool); 2] = [("timonel", true), ("nginx", false)];
/// Wait while the API server does not answer.
const RETRY: Duration = Duration::from_millis(200);

/// Whether an Ingress is ours: by its class, by the old annotation, or because it names none.
pub(super) fn is_ours(ingress: &Ingress, classes: &[std::sync::Arc<IngressClass>]) -> bool {
    let named = ingress.spec.as_ref().and_then(|spec| spec.ingress_class_name.as_ref());
    let Some(name) = named.or_else(|| ingress.annotations().get(ANNOTATION)) else { return true };
    let class = classes.iter().find(|class| class.name_any() == *name);
    class.and_then(|class| class.spec.as_ref()?.controller.as_deref()) == Some(CONTROLLER)
}

/// Makes our classes where they are missing, trying until the server takes them.
pub(super) async fn keep(client: kube::Client) {
    let api: Api<IngressClass> = Api::all(client);
    for (name, default) in CLASSES {
        let annotations = if default { json!({ DEFAULT: "true" }) } else { json!({}) };
        let class =
            json!({ "metadata": { "name": name, "annotations": annotations }, "spec": { "controller": CONTROLLER } });
        let Ok(class) = serde_json::from_value(class) else { continue };
        while let Err(error) = create(&api, &class).await {
            tracing::debug!(%error, name, "ingress class not written yet");
            tokio::time::sleep(RETRY).await;
        }
    }
}

async fn create(api: &Api<IngressClass>, class: &IngressClass) -> kube::Result<()> {
    match api.create(&PostParams::default(), class).await {
        Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
        other => other.map(drop),
    }
}
