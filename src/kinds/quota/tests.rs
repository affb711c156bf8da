//! Quotas from the outside: amounts by name, scopes, what must be stated.

use serde_json::{Value, json};

use super::*;

const PODS: Resource<'_> = Resource { group: "", plural: "pods" };
const CLAIMS_: Resource<'_> = Resource { group: "", plural: "persistentvolumeclaims" };

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

#[track_caller]
fn check(of: Resource<'_>, object: Value, wanted: &[(&str, &str)]) {
    let amounts = usage(of, &object, now());
    let shown: Vec<_> = amounts.iter().map(|(name, amount)| (name.clone(), amount.to_string())).collect();
    let wanted: Vec<_> = wanted.iter().map(|(name, amount)| ((*name).to_owned(), (*amount).to_owned())).collect();
    assert_eq!(shown, wanted);
}

fn container(cpu: &str) -> Value {
    json!({"name": cpu, "resources": {"requests": {"cpu": cpu}, "limits": {"cpu": cpu}}})
}

#[test]
fn a_pod_counts_what_runs_together_or_its_start_if_that_is_more() {
    let mut sidecar = container("50m");
    sidecar["restartPolicy"] = json!("Always");
    let spec = |first: &str| {
        json!({"containers": [container("100m"), container("200m")],
        "initContainers": [sidecar, container(first)], "overhead": {"cpu": "1m", "memory": "1Mi"}})
    };
    let cpu = |spec: Value| usage(PODS, &json!({"spec": spec}), now())["requests.cpu"].to_string();
    assert_eq!(cpu(spec("10m")), "351m");
    assert_eq!(cpu(spec("500m")), "551m");
    let mut whole = spec("10m");
    whole["resources"] = json!({"requests": {"cpu": "2"}});
    assert_eq!(cpu(whole), "2001m");
}

#[test]
fn an_ended_pod_counts_only_as_an_object() {
    let spec = json!({"containers": [{"name": "c", "resources": {"requests": {"memory": "64Mi", "x.com/gpu": "1"}}}]});
    let running = json!({"spec": spec, "status": {"phase": "Running"}});
    let all = [
        ("count/pods", "1"),
        ("memory", "64Mi"),
        ("pods", "1"),
        ("requests.memory", "64Mi"),
        ("requests.x.com/gpu", "1"),
    ];
    check(PODS, running, &all);
    check(PODS, json!({"spec": spec, "status": {"phase": "Failed"}}), &all[..1]);
    let told = json!({"deletionTimestamp": "2025-12-31T23:59:00Z", "deletionGracePeriodSeconds": 30});
    check(PODS, json!({"metadata": told, "spec": spec}), &all[..1]);
}

#[test]
fn a_claim_counts_for_its_class_too() {
    let spec = json!({"storageClassName": "oro", "resources": {"requests": {"storage": "1Gi"}}});
    let wanted = [
        ("count/persistentvolumeclaims", "1"),
        ("oro.storageclass.storage.k8s.io/persistentvolumeclaims", "1"),
        ("oro.storageclass.storage.k8s.io/requests.storage", "2Gi"),
        ("persistentvolumeclaims", "1"),
        ("requests.storage", "2Gi"),
    ];
    check(CLAIMS_, json!({"spec": spec, "status": {"allocatedResources": {"storage": "2Gi"}}}), &wanted);
}

#[test]
fn a_service_counts_the_ports_that_it_will_get() {
    let ports = json!([{"port": 80}, {"port": 81, "nodePort": 30_000}]);
    let count =
        |spec: Value| usage(Resource::core("services"), &json!({ "spec": spec }), now())["services.nodeports"].value();
    assert_eq!(count(json!({"type": "ClusterIP", "ports": ports})), 0);
    assert_eq!(count(json!({"type": "NodePort", "ports": ports})), 2);
    assert_eq!(count(json!({"type": "LoadBalancer", "ports": ports})), 2);
    assert_eq!(count(json!({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false, "ports": ports})), 1);
}

#[test]
fn names_say_whose_objects_they_count() {
    let names = [
        ("pods", Some("pods")),
        ("cpu", Some("pods")),
        ("limits.memory", Some("pods")),
        ("requests.nvidia.com/gpu", Some("pods")),
        ("hugepages-2Mi", Some("pods")),
        ("requests.storage", Some("persistentvolumeclaims")),
        ("oro.storageclass.storage.k8s.io/requests.storage", Some("persistentvolumeclaims")),
        ("services.nodeports", Some("services")),
        ("secrets", Some("secrets")),
        ("count/deployments.apps", Some("deployments.apps")),
        ("count/pods", Some("pods")),
        ("nvidia.com/gpu", None),
        ("limits.nvidia.com/gpu", None),
    ];
    for (name, wanted) in names {
        assert_eq!(counted(name).map(|it| it.qualified()).as_deref(), wanted, "{name}");
    }
}

#[test]
fn scopes_choose_the_pods() {
    let quota = |expression: Value| json!({"spec": {"scopeSelector": {"matchExpressions": [expression]}}});
    let high = quota(json!({"scopeName": "PriorityClass", "operator": "In", "values": ["alta"]}));
    let not = quota(json!({"scopeName": "PriorityClass", "operator": "NotIn", "values": ["alta"]}));
    let (urgent, plain) = (json!({"spec": {"priorityClassName": "alta"}}), json!({"spec": {}}));
    assert!(covers(&high, PODS, &urgent) && !covers(&high, PODS, &plain));
    assert!(!covers(&not, PODS, &urgent) && covers(&not, PODS, &plain));
    let both = json!({"spec": {"scopes": ["BestEffort", "NotTerminating"]}});
    assert!(covers(&both, PODS, &plain));
    assert!(!covers(&both, PODS, &json!({"spec": {"activeDeadlineSeconds": 5}})));
    assert!(!covers(&both, CLAIMS_, &plain));
}

#[test]
fn containers_must_state_what_a_quota_counts() {
    let hard = hard(&json!({"spec": {"hard": {"requests.cpu": "1", "limits.memory": "1Gi", "requests.storage": "1"}}}));
    let pod = json!({"spec": {"containers": [{"name": "b"}, container("1")], "initContainers": [{"name": "a"}]}});
    assert_eq!(unspecified(&pod, &hard), ["limits.memory for: 1,a,b", "requests.cpu for: a,b"]);
    let whole = json!({"spec": {"containers": [{"name": "b"}], "resources": {"limits": {"memory": "1Gi"}, "requests": {"cpu": "1"}}}});
    assert!(unspecified(&whole, &hard).is_empty());
}
