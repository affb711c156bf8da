//! Who may do what: anonymous, roles, impersonation, reviews.

use k8s_openapi::api::core::v1::{ConfigMap, Node};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::Api;
use kube::api::{ListParams, PostParams};
use serde_json::json;
use timonel::base::pipe::Identity;
use timonel::client;

use super::{refusal, world};

#[tokio::test(start_paused = true)]
async fn a_role_gives_what_it_says_and_no_more() {
    let world = world().await;
    let ana = client::embedded(world.dialer.clone(), Identity::new("ana", &[]));
    let maps: Api<ConfigMap> = Api::namespaced(ana.clone(), "default");
    let (code, reason, text) = refusal(maps.list(&ListParams::default()).await);
    assert_eq!((code, reason.as_str()), (403, "Forbidden"));
    let said = "configmaps is forbidden: User \"ana\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\"";
    assert_eq!(text, said);
    let rules = json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"] }]);
    let role = json!({ "metadata": { "name": "lector" }, "rules": rules });
    world.api::<Role>().create(&PostParams::default(), &serde_json::from_value(role).unwrap()).await.unwrap();
    let group = "rbac.authorization.k8s.io";
    let binding = json!({
        "metadata": { "name": "ana" }, "roleRef": { "apiGroup": group, "kind": "Role", "name": "lector" },
        "subjects": [{ "apiGroup": group, "kind": "User", "name": "ana" }],
    });
    world.api::<RoleBinding>().create(&PostParams::default(), &serde_json::from_value(binding).unwrap()).await.unwrap();
    maps.list(&ListParams::default()).await.unwrap();
    let (_, _, text) = refusal(maps.delete("x", &kube::api::DeleteParams::default()).await);
    assert!(text.starts_with("configmaps \"x\" is forbidden: User \"ana\" cannot delete resource"), "{text}");
    let nodes: Api<Node> = Api::all(ana);
    let (_, _, text) = refusal(nodes.list(&ListParams::default()).await);
    assert!(text.ends_with("cannot list resource \"nodes\" in API group \"\" at the cluster scope"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn reviews_and_impersonation_tell_the_same() {
    let world = world().await;
    let body =
        json!({ "spec": { "resourceAttributes": { "verb": "delete", "resource": "pods", "namespace": "default" } } });
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let (code, review) = world.raw("POST", path, "application/json", &body.to_string()).await;
    assert_eq!((code, &review["status"]["allowed"]), (201, &json!(true)));
    let request = http::Request::post(path)
        .header("content-type", "application/json")
        .header("impersonate-user", "nadie")
        .body(body.to_string().into_bytes())
        .unwrap();
    let review: serde_json::Value = world.client.request(request).await.unwrap();
    assert_eq!(review["status"]["allowed"], false);
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let (_, review) = world.raw("POST", path, "application/json", "{}").await;
    assert_eq!(review["status"]["userInfo"]["username"], "kubernetes-admin");
}

#[tokio::test(start_paused = true)]
async fn nobody_sees_only_health_and_version() {
    let world = world().await;
    let nobody = client::embedded(world.dialer.clone(), Identity::default());
    nobody.apiserver_version().await.unwrap();
    let (code, _, text) = refusal(nobody.list_api_groups().await);
    assert_eq!((code, text.as_str()), (403, "forbidden: User \"system:anonymous\" cannot get path \"/apis\""));
}
