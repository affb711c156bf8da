//! The provider of load balancers, and the Secrets with tokens of accounts.

use std::sync::Arc;

use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec};
use k8s_openapi::api::core::v1::{Event, Secret, Service, ServiceAccount};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::Cluster;

/// Name and address of each balancer.
fn balancers(services: &[Arc<Service>]) -> Vec<(String, String)> {
    let address = |service: &Arc<Service>| {
        let ingress = service.status.as_ref()?.load_balancer.as_ref()?.ingress.as_ref()?;
        Some((service.name_any(), ingress.first()?.ip.clone()?))
    };
    services.iter().filter_map(address).collect()
}

#[tokio::test(start_paused = true)]
async fn each_balancer_has_an_address_until_it_is_one_no_more() {
    let cluster = Cluster::start(0).await;
    let (services, events) = (cluster.see::<Service>(), cluster.see::<Event>());
    for name in ["a", "b"] {
        let spec = json!({"type": "LoadBalancer", "selector": {"app": name}, "ports": [{"port": 80}]});
        cluster.create::<Service>(json!({"metadata": {"name": name}, "spec": spec})).await;
        services.until(|services| balancers(services).iter().any(|(has, _)| has == name)).await;
    }
    let given = [("a".to_owned(), "127.8.0.1".to_owned()), ("b".to_owned(), "127.8.0.2".to_owned())];
    assert_eq!(balancers(&services.informer.list()), given);
    let api: Api<Service> = cluster.world.api();
    api.delete("a", &DeleteParams::default()).await.unwrap();
    services.until(|services| !services.iter().any(|service| service.name_any() == "a")).await;
    let patch = Patch::Merge(json!({"spec": {"type": "ClusterIP"}}));
    api.patch("b", &PatchParams::default(), &patch).await.unwrap();
    let released = |services: &[Arc<Service>]| {
        balancers(services).is_empty() && services.iter().all(|service| service.finalizers().is_empty())
    };
    services.until(released).await;
    for reason in ["EnsuringLoadBalancer", "EnsuredLoadBalancer", "DeletingLoadBalancer", "DeletedLoadBalancer"] {
        events.until(|events| events.iter().any(|event| event.reason.as_deref() == Some(reason))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_holds_a_token_as_long_as_its_account_lives() {
    let cluster = Cluster::start(0).await;
    let secrets = cluster.see::<Secret>();
    cluster.create::<ServiceAccount>(json!({"metadata": {"name": "robot"}})).await;
    let annotations = json!({"kubernetes.io/service-account.name": "robot"});
    let secret = json!({"metadata": {"name": "llave", "annotations": annotations},
        "type": "kubernetes.io/service-account-token"});
    cluster.create::<Secret>(secret).await;
    let token = |secrets: &[Arc<Secret>]| {
        let secret = secrets.iter().find(|secret| secret.name_any() == "llave")?;
        Some(String::from_utf8(secret.data.as_ref()?.get("token")?.0.clone()).unwrap())
    };
    let filled = secrets.until(|secrets| token(secrets).is_some()).await;
    assert_eq!(
        filled.iter().find(|it| it.name_any() == "llave").unwrap().data.as_ref().unwrap()["ca.crt"].0,
        b"a certificate"
    );
    let token = token(&filled).unwrap();
    let review = || async {
        let api: Api<TokenReview> = Api::all(cluster.world.client.clone());
        let spec = TokenReviewSpec { token: token.clone(), ..TokenReviewSpec::default() };
        let review = TokenReview { spec, ..TokenReview::default() };
        let status = api.create(&PostParams::default(), &review).await.unwrap().status.unwrap();
        status.user.and_then(|user| user.username)
    };
    assert_eq!(review().await.as_deref(), Some("system:serviceaccount:default:robot"));
    let accounts: Api<ServiceAccount> = cluster.world.api();
    accounts.delete("robot", &DeleteParams::default()).await.unwrap();
    secrets.until(|secrets| !secrets.iter().any(|secret| secret.name_any() == "llave")).await;
    assert_eq!(review().await, None, "the token went with the account");
}
