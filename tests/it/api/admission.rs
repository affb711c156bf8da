//! What the server adds to a write or refuses in it: accounts, tolerations, addresses, ports, quotas, limits, standards.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{LimitRange, Namespace, ResourceQuota, Service};
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{World, refusal, world};
use timonel::client::pod::Pod;

async fn create<K>(world: &World, value: Value) -> kube::Result<K>
where
    K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope> + serde::Serialize + DeserializeOwned + Clone,
    K: std::fmt::Debug,
    K::DynamicType: Default,
{
    world.api::<K>().create(&PostParams::default(), &serde_json::from_value(value).unwrap()).await
}

fn service(name: &str, spec: Value) -> Value {
    json!({ "metadata": { "name": name }, "spec": spec })
}

#[tokio::test(start_paused = true)]
async fn a_pod_gets_its_account_its_token_and_its_tolerations() {
    let world = world().await;
    let spec = world.pod("uno").await.spec.unwrap();
    assert_eq!(spec.service_account_name.as_deref(), Some("default"));
    let volume = &spec.volumes.as_ref().unwrap()[0];
    assert!(volume.name.starts_with("kube-api-access-") && volume.projected.is_some());
    let mount = &spec.containers[0].volume_mounts.as_ref().unwrap()[0];
    assert_eq!(mount.mount_path, "/var/run/secrets/kubernetes.io/serviceaccount");
    assert_eq!(spec.tolerations.as_ref().unwrap().len(), 2);
    assert_eq!((spec.priority, spec.preemption_policy.as_deref()), (Some(0), Some("PreemptLowerPriority")));
    let of = |field: Value| {
        let mut spec = json!({ "containers": [{ "name": "c", "image": "nginx" }] });
        spec.as_object_mut().unwrap().extend(field.as_object().unwrap().clone());
        json!({ "metadata": { "name": "dos" }, "spec": spec })
    };
    let (_, _, text) = refusal(create::<Pod>(&world, of(json!({ "serviceAccountName": "nadie" }))).await);
    let said =
        "pods \"dos\" is forbidden: error looking up service account default/nadie: serviceaccount \"nadie\" not found";
    assert_eq!(text, said);
    let (_, _, text) = refusal(create::<Pod>(&world, of(json!({ "priorityClassName": "nada" }))).await);
    assert_eq!(text, "pods \"dos\" is forbidden: no PriorityClass with name nada was found");
    let urgent: Pod = create(&world, of(json!({ "priorityClassName": "system-node-critical" }))).await.unwrap();
    assert_eq!(urgent.spec.unwrap().priority, Some(2_000_001_000));
}

#[tokio::test(start_paused = true)]
async fn services_get_addresses_and_ports_of_their_own() {
    let world = world().await;
    let kubernetes = world.api::<Service>().get("kubernetes").await.unwrap();
    assert_eq!(kubernetes.spec.unwrap().cluster_ip.as_deref(), Some("10.96.0.1"));
    let ports = json!([{ "port": 80 }]);
    let one: Service = create(&world, service("uno", json!({ "ports": ports }))).await.unwrap();
    let address = one.spec.unwrap().cluster_ip.unwrap();
    let octets = address.parse::<std::net::Ipv4Addr>().unwrap().octets();
    assert!(octets[0] == 10 && (96..112).contains(&octets[1]), "{address}");
    let same = service("dos", json!({ "ports": ports, "clusterIP": address }));
    let (code, _, text) = refusal(create::<Service>(&world, same).await);
    assert_eq!(code, 422);
    assert!(text.contains(&format!("failed to allocate IP {address}: provided IP is already allocated")), "{text}");
    let headless: Service =
        create(&world, service("tres", json!({ "ports": ports, "clusterIP": "None" }))).await.unwrap();
    assert_eq!(headless.spec.unwrap().cluster_ips.unwrap(), ["None"]);
}

#[tokio::test(start_paused = true)]
async fn node_ports_are_in_range_and_taken_once() {
    let world = world().await;
    let of = |port: i32| json!({ "type": "NodePort", "ports": [{ "port": 80, "nodePort": port }] });
    let drawn = json!({ "type": "NodePort", "ports": [{ "port": 80 }] });
    let one: Service = create(&world, service("uno", drawn)).await.unwrap();
    let port = one.spec.unwrap().ports.unwrap()[0].node_port.unwrap();
    assert!((30_000..=32_767).contains(&port), "{port}");
    let (_, _, text) = refusal(create::<Service>(&world, service("dos", of(port))).await);
    let said = format!(
        "Service \"dos\" is invalid: spec.ports[0].nodePort: Invalid value: {port}: provided port is already allocated"
    );
    assert_eq!(text, said);
    let (_, _, text) = refusal(create::<Service>(&world, service("dos", of(99))).await);
    assert!(
        text.ends_with("provided port is not in the valid range. The range of valid ports is 30000-32767"),
        "{text}"
    );
    let back = Patch::Merge(json!({ "spec": { "type": "ClusterIP" } }));
    let changed = world.api::<Service>().patch("uno", &PatchParams::default(), &back).await.unwrap();
    assert_eq!(changed.spec.unwrap().ports.unwrap()[0].node_port, None);
    create::<Service>(&world, service("dos", of(port))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_quota_is_not_exceeded_even_by_many_at_once() {
    let world = world().await;
    let quota = json!({ "metadata": { "name": "cuota" }, "spec": { "hard": { "pods": "2" } } });
    create::<ResourceQuota>(&world, quota).await.unwrap();
    let pods = (0..6).map(|number| {
        let pod = json!({ "metadata": { "name": format!("p{number}") }, "spec": { "containers": [{ "name": "c", "image": "nginx" }] } });
        create::<Pod>(&world, pod)
    });
    let (made, refused): (Vec<_>, Vec<_>) = futures::future::join_all(pods).await.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (2, 4));
    let (code, _, text) = refusal(refused.into_iter().next().unwrap());
    assert_eq!(code, 403);
    assert!(
        text.ends_with("is forbidden: exceeded quota: cuota, requested: pods=1, used: pods=2, limited: pods=2"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn limits_are_filled_in_and_held() {
    let world = world().await;
    let limit = json!({ "type": "Container", "default": { "cpu": "200m" }, "defaultRequest": { "cpu": "100m" }, "max": { "cpu": "1" } });
    let range = json!({ "metadata": { "name": "topes" }, "spec": { "limits": [limit] } });
    create::<LimitRange>(&world, range).await.unwrap();
    let resources = world.pod("uno").await.spec.unwrap().containers[0].resources.clone().unwrap();
    assert_eq!(resources.requests.unwrap()["cpu"].0, "100m");
    assert_eq!(resources.limits.unwrap()["cpu"].0, "200m");
    let container = json!({ "name": "c", "image": "nginx", "resources": { "limits": { "cpu": "2" } } });
    let big = json!({ "metadata": { "name": "dos" }, "spec": { "containers": [container] } });
    let (_, _, text) = refusal(create::<Pod>(&world, big).await);
    assert_eq!(text, "pods \"dos\" is forbidden: maximum cpu usage per Container is 1, but limit is 2");
}

#[tokio::test(start_paused = true)]
async fn a_namespace_enforces_its_standard() {
    let world = world().await;
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    let labels = json!({ "metadata": { "labels": { "pod-security.kubernetes.io/enforce": "baseline" } } });
    namespaces.patch("default", &PatchParams::default(), &Patch::Merge(labels)).await.unwrap();
    world.pod("uno").await;
    let container = json!({ "name": "c", "image": "nginx", "securityContext": { "privileged": true } });
    let pod = json!({ "metadata": { "name": "dos" }, "spec": { "containers": [container] } });
    let (_, _, text) = refusal(create::<Pod>(&world, pod).await);
    let said = "pods \"dos\" is forbidden: violates PodSecurity \"baseline:latest\": privileged (container \"c\" must not \
                set securityContext.privileged=true)";
    assert_eq!(text, said);
}

#[tokio::test(start_paused = true)]
async fn scale_is_a_view_of_replicas() {
    let world = world().await;
    let template = json!({ "metadata": { "labels": { "a": "b" } }, "spec": { "containers": [{ "name": "c", "image": "nginx" }] } });
    let spec = json!({ "replicas": 2, "selector": { "matchLabels": { "a": "b" } }, "template": template });
    create::<Deployment>(&world, json!({ "metadata": { "name": "web" }, "spec": spec })).await.unwrap();
    let deployments = world.api::<Deployment>();
    let scale = deployments.get_scale("web").await.unwrap();
    assert_eq!((scale.spec.unwrap().replicas, scale.status.unwrap().selector.as_deref()), (Some(2), Some("a=b")));
    let patch = Patch::Merge(json!({ "spec": { "replicas": 5 } }));
    let scaled = deployments.patch_scale("web", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(scaled.spec.unwrap().replicas, Some(5));
    let deployment = deployments.get("web").await.unwrap();
    assert_eq!((deployment.spec.unwrap().replicas, deployment.metadata.generation), (Some(5), Some(2)));
}
