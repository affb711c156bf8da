//! Each controller off: what it was doing stays undone, and is done once it is on.

use http::Request;
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::PostParams;
use serde_json::{Value, json};

use super::{Whole, eventually, pass, whole};

/// A controller, what is asked of the cluster while it is off, and what shows that it was done.
struct Case {
    controller: &'static str,
    /// Requests: method, path (`$` is the namespace), body.
    ask: Vec<(&'static str, &'static str, Value)>,
    /// Where to look, and what to see there.
    look: (&'static str, fn(&Value) -> bool),
}

fn items(list: &Value) -> usize {
    list["items"].as_array().map_or(0, Vec::len)
}

fn template(restart: &str) -> Value {
    let container = json!({ "name": "c", "image": "timonel/demo:v1" });
    json!({ "metadata": { "labels": { "app": "x" } }, "spec": { "restartPolicy": restart, "containers": [container] } })
}

/// An object of apps or batch whose pods are labelled `app=x`.
fn workload(kind: &str, more: Value) -> Value {
    let mut spec = json!({ "selector": { "matchLabels": { "app": "x" } }, "template": template("Always") });
    json_patch::merge(&mut spec, &more);
    json!({ "kind": kind, "metadata": { "name": "x" }, "spec": spec })
}

fn job(command: &[&str], more: Value) -> Value {
    let container = json!({ "name": "c", "image": "busybox", "command": command });
    let mut spec = json!({ "template": { "spec": { "restartPolicy": "Never", "containers": [container] } } });
    json_patch::merge(&mut spec, &more);
    json!({ "kind": "Job", "metadata": { "name": "x" }, "spec": spec })
}

fn workloads() -> Vec<Case> {
    let apps = |plural: &str| -> &'static str { format!("/apis/apps/v1/namespaces/$/{plural}").leak() };
    let pods = ("/api/v1/namespaces/$/pods", (|list| items(list) == 1) as fn(&Value) -> bool);
    let set = workload("StatefulSet", json!({ "serviceName": "x" }));
    let replication = json!({ "spec": { "replicas": 1, "selector": { "app": "x" }, "template": template("Always") } });
    let every_minute = json!({ "schedule": "* * * * *", "jobTemplate": { "spec": job(&["true"], json!({}))["spec"] } });
    vec![
        Case {
            controller: "deployment-controller",
            ask: vec![("POST", apps("deployments"), workload("Deployment", json!({})))],
            look: (apps("replicasets"), |list| items(list) == 1),
        },
        Case {
            controller: "replicaset-controller",
            ask: vec![("POST", apps("replicasets"), workload("ReplicaSet", json!({})))],
            look: pods,
        },
        Case {
            controller: "replicationcontroller-controller",
            ask: vec![("POST", "/api/v1/namespaces/$/replicationcontrollers", {
                let mut object = replication;
                object["metadata"] = json!({ "name": "x" });
                object
            })],
            look: pods,
        },
        Case {
            controller: "daemonset-controller",
            ask: vec![("POST", apps("daemonsets"), workload("DaemonSet", json!({})))],
            look: ("/api/v1/namespaces/$/pods", |list| items(list) == 2),
        },
        Case { controller: "statefulset-controller", ask: vec![("POST", apps("statefulsets"), set)], look: pods },
        Case {
            controller: "job-controller",
            ask: vec![("POST", "/apis/batch/v1/namespaces/$/jobs", job(&["true"], json!({})))],
            look: ("/apis/batch/v1/namespaces/$/jobs/x", |job| job["status"]["succeeded"] == 1),
        },
        Case {
            controller: "cronjob-controller",
            ask: vec![(
                "POST",
                "/apis/batch/v1/namespaces/$/cronjobs",
                json!({ "metadata": { "name": "x" }, "spec": every_minute }),
            )],
            look: ("/apis/batch/v1/namespaces/$/jobs", |list| items(list) > 0),
        },
        Case {
            controller: "ttl-after-finished-controller",
            ask: vec![(
                "POST",
                "/apis/batch/v1/namespaces/$/jobs",
                job(&["true"], json!({ "ttlSecondsAfterFinished": 1 })),
            )],
            look: ("/apis/batch/v1/namespaces/$/jobs", |list| items(list) == 0),
        },
    ]
}

fn services() -> Vec<Case> {
    let service =
        json!({ "metadata": { "name": "x" }, "spec": { "selector": { "app": "x" }, "ports": [{ "port": 80 }] } });
    let asked = || vec![("POST", "/api/v1/namespaces/$/services", service.clone())];
    vec![
        Case {
            controller: "endpoints-controller",
            ask: asked(),
            look: ("/api/v1/namespaces/$/endpoints", |list| items(list) == 1),
        },
        Case {
            controller: "endpointslice-controller",
            ask: asked(),
            look: ("/apis/discovery.k8s.io/v1/namespaces/$/endpointslices", |list| items(list) == 1),
        },
    ]
}

fn namespaces() -> Vec<Case> {
    let quota = json!({ "metadata": { "name": "x" }, "spec": { "hard": { "pods": "3" } } });
    let owner = json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "nadie", "uid": "1-2-3" }]);
    let orphan = json!({ "metadata": { "name": "huerfano", "ownerReferences": owner } });
    vec![
        Case {
            controller: "serviceaccount-controller",
            ask: vec![("DELETE", "/api/v1/namespaces/$/serviceaccounts/default", Value::Null)],
            look: ("/api/v1/namespaces/$/serviceaccounts", |list| items(list) == 1),
        },
        Case {
            controller: "root-ca-certificate-publisher-controller",
            ask: vec![("DELETE", "/api/v1/namespaces/$/configmaps/kube-root-ca.crt", Value::Null)],
            look: ("/api/v1/namespaces/$/configmaps/kube-root-ca.crt", |map| map["data"].is_object()),
        },
        Case {
            controller: "resourcequota-controller",
            ask: vec![("POST", "/api/v1/namespaces/$/resourcequotas", quota)],
            look: ("/api/v1/namespaces/$/resourcequotas/x", |quota| quota["status"]["used"]["pods"] == "0"),
        },
        Case {
            controller: "garbage-collector-controller",
            ask: vec![("POST", "/api/v1/namespaces/$/configmaps", orphan)],
            look: ("/api/v1/namespaces/$/configmaps/huerfano", |map| map["code"] == 404),
        },
        Case {
            controller: "namespace-controller",
            ask: vec![("DELETE", "/api/v1/namespaces/$", Value::Null)],
            look: ("/api/v1/namespaces/$", |namespace| namespace["code"] == 404),
        },
    ]
}

fn nodes() -> Vec<Case> {
    let lost = json!({ "metadata": { "name": "perdido" } });
    let pod = json!({ "metadata": { "name": "x" }, "spec": {
        "nodeName": "nadie", "containers": [{ "name": "c", "image": "timonel/demo:v1" }] } });
    let taint = json!({ "spec": { "taints": [{ "key": "fuera", "effect": "NoExecute" }] } });
    let pinned = json!({ "metadata": { "name": "x" }, "spec": {
        "nodeName": "worker-2", "containers": [{ "name": "c", "image": "timonel/demo:v1" }] } });
    vec![
        Case {
            controller: "node-ipam-controller",
            ask: vec![("POST", "/api/v1/nodes", lost)],
            look: ("/api/v1/nodes/perdido", |node| node["spec"]["podCIDR"].is_string()),
        },
        Case {
            controller: "node-lifecycle-controller",
            ask: vec![(
                "PATCH",
                "/apis/timonel.dev/v1alpha1/components/kubelet-worker-1",
                json!({ "spec": { "enabled": false } }),
            )],
            look: ("/api/v1/nodes/worker-1", |node| !super::is(node, "Ready")),
        },
        Case {
            controller: "pod-garbage-collector-controller",
            ask: vec![("POST", "/api/v1/namespaces/$/pods", pod)],
            look: ("/api/v1/namespaces/$/pods", |list| items(list) == 0),
        },
        Case {
            controller: "taint-eviction-controller",
            ask: vec![("POST", "/api/v1/namespaces/$/pods", pinned), ("PATCH", "/api/v1/nodes/worker-2", taint)],
            look: ("/api/v1/namespaces/$/pods", |list| items(list) == 0),
        },
    ]
}

/// Asks; the answer, whatever its code.
async fn ask(whole: &Whole, method: &str, path: &str, body: &Value) -> Value {
    let media = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = Request::builder().method(method).uri(path).header("content-type", media);
    let response = whole.client.send(request.body(kube::client::Body::from(body)).unwrap()).await.unwrap();
    let bytes = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

impl Case {
    async fn play(&self, whole: &Whole) {
        let name = format!("caso-{}", self.controller);
        let at = |path: &str| path.replace('$', &name);
        let namespace = serde_json::from_value(json!({ "metadata": { "name": name } })).unwrap();
        Api::<Namespace>::all(whole.client.clone()).create(&PostParams::default(), &namespace).await.unwrap();
        eventually(async || {
            let account = ask(whole, "GET", &at("/api/v1/namespaces/$/serviceaccounts/default"), &Value::Null).await;
            let root = ask(whole, "GET", &at("/api/v1/namespaces/$/configmaps/kube-root-ca.crt"), &Value::Null).await;
            (account["code"].is_null() && root["code"].is_null()).then_some(())
        })
        .await;
        whole.switch(self.controller, false).await;
        for (method, path, body) in &self.ask {
            let answer = ask(whole, method, &at(path), body).await;
            assert!(answer["code"].as_u64().is_none_or(|code| code < 400), "{}: {answer}", self.controller);
        }
        pass(90).await;
        let (path, done) = self.look;
        let seen = ask(whole, "GET", &at(path), &Value::Null).await;
        assert!(!done(&seen), "{} is off, and yet: {seen}", self.controller);
        whole.switch(self.controller, true).await;
        eventually(async || done(&ask(whole, "GET", &at(path), &Value::Null).await).then_some(())).await;
    }
}

async fn play(cases: Vec<Case>) {
    let whole = whole(2).await;
    for case in cases {
        assert!(timonel::controllers::all().any(|(name, _)| name == case.controller), "{}", case.controller);
        case.play(&whole).await;
    }
    whole.stop().await;
}

#[tokio::test(start_paused = true)]
async fn workloads_stand_still_without_their_controllers() {
    play(workloads()).await;
}

#[tokio::test(start_paused = true)]
async fn services_and_namespaces_stand_still_without_their_controllers() {
    play(services().into_iter().chain(namespaces()).collect()).await;
}

#[tokio::test(start_paused = true)]
async fn nodes_stand_still_without_their_controllers() {
    play(nodes()).await;
}
