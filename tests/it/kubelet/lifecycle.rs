//! Pods from their birth to their end.

use std::time::Duration;

use futures::{AsyncBufReadExt, TryStreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{AttachParams, DeleteParams, LogParams};
use serde_json::json;
use timonel::base::clock::{Clock, Timing};
use tokio::io::AsyncReadExt;

use super::{cluster, condition, create, ready, state};

#[tokio::test(start_paused = true)]
async fn a_pod_runs_is_ready_and_tells_all_of_itself() {
    let cluster = cluster().await;
    cluster.pod("web", json!({ "containers": [{ "name": "c", "image": "timonel/demo:v1" }] })).await;
    let pod = cluster.until("web", ready).await;
    let status = &pod["status"];
    assert_eq!((&status["phase"], &status["podIP"]), (&json!("Running"), &json!("10.244.4.2")));
    assert_eq!((&status["hostIP"], &status["qosClass"]), (&json!("192.168.0.1"), &json!("BestEffort")));
    for kind in ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"] {
        assert_eq!(condition(&pod, kind), "True", "{kind}");
    }
    let container = &status["containerStatuses"][0];
    assert_eq!(
        (&container["ready"], &container["started"], &container["restartCount"]),
        (&json!(true), &json!(true), &json!(0))
    );
    assert!(container["containerID"].as_str().unwrap().starts_with("embedded://"));
    let log = cluster.logs("web", &LogParams::default()).await;
    assert!(log.contains("demo: escuchando en 10.244.4.2:80"), "{log}");
    for text in
        ["Pulling: Pulling image \"timonel/demo:v1\"", "Created: Created container: c", "Started: Started container c"]
    {
        cluster.until_told("web", text).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_pod_ends_in_order_and_its_object_goes() {
    let cluster = cluster().await;
    cluster.pod("web", json!({ "containers": [{ "name": "c", "image": "timonel/demo:v1" }] })).await;
    cluster.until("web", ready).await;
    cluster.pods().delete("web", &DeleteParams::default()).await.unwrap();
    cluster.until_gone("web").await;
    cluster.until_told("web", "Killing: Stopping container c").await;
    let refused = cluster.net.dial(None, "10.244.4.2:80".parse().unwrap()).await.err().unwrap();
    assert_eq!(refused.kind(), std::io::ErrorKind::HostUnreachable);
}

#[tokio::test(start_paused = true)]
async fn the_wait_of_a_crashing_container_grows_to_five_minutes_and_no_more() {
    let cluster = cluster().await;
    let container = json!({ "name": "c", "image": "busybox", "command": ["false"] });
    cluster.pod("malo", json!({ "containers": [container] })).await;
    let mut waits = Vec::new();
    for count in 1..=8 {
        let crashed = |pod: &serde_json::Value| {
            state(pod)["waiting"]["reason"] == "CrashLoopBackOff"
                && pod["status"]["containerStatuses"][0]["restartCount"] == count
        };
        let pod = cluster.until_within(Duration::from_secs(400), "malo", crashed).await;
        let message = state(&pod)["waiting"]["message"].as_str().unwrap().to_owned();
        waits.push(message.split(' ').nth(1).unwrap().to_owned());
    }
    assert_eq!(waits, ["10s", "20s", "40s", "1m20s", "2m40s", "5m0s", "5m0s", "5m0s"]);
}

#[tokio::test(start_paused = true)]
async fn a_crashing_container_waits_longer_each_time() {
    let cluster = cluster().await;
    let begun = Clock::new(Timing::Real);
    let container = json!({ "name": "c", "image": "busybox", "command": ["sh", "-c", "echo caigo; exit 3"] });
    cluster.pod("malo", json!({ "containers": [container] })).await;
    let waiting = |pod: &serde_json::Value, count: u64| {
        state(pod)["waiting"]["reason"] == "CrashLoopBackOff"
            && pod["status"]["containerStatuses"][0]["restartCount"] == count
    };
    let pod = cluster.until("malo", |pod| waiting(pod, 1)).await;
    let uid = pod["metadata"]["uid"].as_str().unwrap();
    let message = format!("back-off 10s restarting failed container=c pod=malo_default({uid})");
    assert_eq!(state(&pod)["waiting"]["message"], message);
    let last = &pod["status"]["containerStatuses"][0]["lastState"]["terminated"];
    assert_eq!((&last["exitCode"], &last["reason"]), (&json!(3), &json!("Error")));
    assert_eq!((&pod["status"]["phase"], condition(&pod, "Ready")), (&json!("Running"), "False"));
    let pod = cluster.until("malo", |pod| waiting(pod, 3)).await;
    assert!(state(&pod)["waiting"]["message"].as_str().unwrap().starts_with("back-off 40s"));
    let elapsed = begun.elapsed().as_secs();
    assert!((30..=33).contains(&elapsed), "10 s and 20 s were waited: {elapsed}");
    let previous = LogParams { previous: true, ..LogParams::default() };
    assert_eq!(cluster.logs("malo", &previous).await, "caigo\n");
    let event = format!("BackOff: Back-off restarting failed container c in pod malo_default({uid})");
    assert!(cluster.events("malo").await.contains(&event));
}

#[tokio::test(start_paused = true)]
async fn a_program_that_is_not_in_the_image_is_tried_again_like_one_that_crashes() {
    let cluster = cluster().await;
    let container = json!({ "name": "c", "image": "busybox", "command": ["/no-existe"] });
    cluster.pod("malo", json!({ "containers": [container] })).await;
    let pod = cluster.until("malo", |pod| state(pod)["waiting"]["reason"] == "RunContainerError").await;
    assert!(state(&pod)["waiting"]["message"].as_str().unwrap().contains("/no-existe"), "{pod}");
    let looping = |pod: &serde_json::Value| {
        state(pod)["waiting"]["reason"] == "CrashLoopBackOff"
            && pod["status"]["containerStatuses"][0]["restartCount"] == 3
    };
    let pod = cluster.until_within(Duration::from_secs(100), "malo", looping).await;
    let last = &pod["status"]["containerStatuses"][0]["lastState"]["terminated"];
    assert_eq!((&last["exitCode"], &last["reason"]), (&json!(128), &json!("StartError")));
    let once = json!({ "restartPolicy": "Never", "containers": [container] });
    cluster.pod("una-vez", once).await;
    let pod = cluster.until("una-vez", |pod| pod["status"]["phase"] == "Failed").await;
    assert_eq!(state(&pod)["terminated"]["reason"], "StartError");
}

#[tokio::test(start_paused = true)]
async fn an_image_that_cannot_exist_is_asked_for_again_and_again() {
    let cluster = cluster().await;
    cluster.pod("nada", json!({ "containers": [{ "name": "c", "image": "ejemplo.invalid/x:1" }] })).await;
    let pod = cluster.until("nada", |pod| state(pod)["waiting"]["reason"] == "ErrImagePull").await;
    assert!(state(&pod)["waiting"]["message"].as_str().unwrap().contains("no such host"));
    let pod = cluster.until("nada", |pod| state(pod)["waiting"]["reason"] == "ImagePullBackOff").await;
    assert_eq!(pod["status"]["phase"], "Pending");
    let error = cluster.pods().logs("nada", &LogParams::default()).await.unwrap_err().to_string();
    assert!(
        error.contains("container \"c\" in pod \"nada\" is waiting to start: trying and failing to pull image"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_config_map_is_waited_for() {
    let cluster = cluster().await;
    let from = json!([{ "configMapRef": { "name": "ajustes" } }]);
    let command = json!(["sh", "-c", "echo $COLOR; sleep 100"]);
    let container = json!({ "name": "c", "image": "busybox", "command": command, "envFrom": from });
    cluster.pod("web", json!({ "containers": [container] })).await;
    let pod = cluster.until("web", |pod| state(pod)["waiting"]["reason"] == "CreateContainerConfigError").await;
    assert_eq!(state(&pod)["waiting"]["message"], "configmap \"ajustes\" not found");
    let api: Api<ConfigMap> = Api::namespaced(cluster.client.clone(), "default");
    create(&api, json!({ "metadata": { "name": "ajustes" }, "data": { "COLOR": "azul" } })).await;
    cluster.until("web", ready).await;
    let follow = LogParams { follow: true, ..LogParams::default() };
    let mut lines = cluster.pods().log_stream("web", &follow).await.unwrap().lines();
    assert_eq!(lines.try_next().await.unwrap().as_deref(), Some("azul"));
    assert_eq!(cluster.logs("web", &LogParams::default()).await, "azul\n");
}

#[tokio::test(start_paused = true)]
async fn init_containers_run_in_order_before_the_others_and_sidecars_beside_them() {
    let cluster = cluster().await;
    let init = |name: &str, script: &str| {
        json!({ "name": name, "image": "busybox", "command": ["sh", "-c", script],
        "volumeMounts": [{ "name": "datos", "mountPath": "/datos" }] })
    };
    let mut sidecar = init("lado", "sleep 1000");
    sidecar["restartPolicy"] = json!("Always");
    let spec = json!({
        "volumes": [{ "name": "datos", "emptyDir": {} }],
        "initContainers": [init("uno", "sleep 5; echo uno >> /datos/x"), sidecar, init("dos", "echo dos >> /datos/x")],
        "containers": [init("c", "cat /datos/x; sleep 1000")],
    });
    cluster.pod("web", spec).await;
    let pod =
        cluster.until("web", |pod| pod["status"]["initContainerStatuses"][0]["state"]["running"].is_object()).await;
    assert_eq!((&pod["status"]["phase"], condition(&pod, "Initialized")), (&json!("Pending"), "False"));
    assert_eq!(state(&pod)["waiting"]["reason"], "PodInitializing");
    let pod = cluster.until("web", ready).await;
    let states = pod["status"]["initContainerStatuses"].as_array().unwrap();
    assert_eq!(states[0]["state"]["terminated"]["reason"], "Completed");
    assert!(states[1]["state"]["running"].is_object() && condition(&pod, "Initialized") == "True");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let params = LogParams { container: Some("c".into()), ..LogParams::default() };
    assert_eq!(cluster.logs("web", &params).await, "uno\ndos\n");
}

#[tokio::test(start_paused = true)]
async fn what_is_meant_to_end_ends() {
    let cluster = cluster().await;
    let job = |script: &str| {
        json!({ "restartPolicy": "Never",
        "containers": [{ "name": "c", "image": "busybox", "command": ["sh", "-c", script] }] })
    };
    cluster.pod("bien", job("echo hecho")).await;
    cluster.pod("mal", job("exit 2")).await;
    cluster
        .pod(
            "ajena",
            json!({ "restartPolicy": "OnFailure", "containers": [{ "name": "c", "image": "empresa/lote:1" }] }),
        )
        .await;
    let pod = cluster.until("bien", |pod| pod["status"]["phase"] == "Succeeded").await;
    assert_eq!(state(&pod)["terminated"]["reason"], "Completed");
    let pod = cluster.until("mal", |pod| pod["status"]["phase"] == "Failed").await;
    assert_eq!(
        (&state(&pod)["terminated"]["exitCode"], &state(&pod)["terminated"]["reason"]),
        (&json!(2), &json!("Error"))
    );
    cluster.until("ajena", |pod| pod["status"]["phase"] == "Succeeded").await;
    assert!(cluster.logs("ajena", &LogParams::default()).await.contains("se simula"));
    assert_eq!(cluster.logs("bien", &LogParams::default()).await, "hecho\n");
}

#[tokio::test(start_paused = true)]
async fn commands_run_in_a_container_with_their_exit_code() {
    let cluster = cluster().await;
    cluster.pod("web", json!({ "containers": [{ "name": "c", "image": "nginx" }] })).await;
    cluster.until("web", ready).await;
    let params = AttachParams::default().stdin(false).stderr(true);
    let command = ["sh", "-c", "wget -qO- localhost | grep -c nginx; echo mal >&2; exit 7"];
    let mut process = cluster.pods().exec("web", command, &params).await.unwrap();
    let status = process.take_status().unwrap();
    let (mut out, mut err) = (String::new(), String::new());
    let (mut stdout, mut stderr) = (process.stdout().unwrap(), process.stderr().unwrap());
    let (read, other) = tokio::join!(stdout.read_to_string(&mut out), stderr.read_to_string(&mut err));
    read.and(other).unwrap();
    let status = status.await.unwrap();
    assert_eq!((out.as_str(), err.as_str(), status.reason.as_deref()), ("3\n", "mal\n", Some("NonZeroExitCode")));
}

#[tokio::test(start_paused = true)]
async fn files_follow_a_config_map_and_environments_do_not() {
    let cluster = cluster().await;
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client.clone(), "default");
    create::<ConfigMap>(&maps, json!({ "metadata": { "name": "saludo" }, "data": { "texto": "antes" } })).await;
    let from = json!([{ "configMapRef": { "name": "saludo" } }]);
    let mount = json!([{ "name": "v", "mountPath": "/config" }]);
    let container = json!({
        "name": "c", "image": "busybox", "command": ["sleep", "infinity"], "envFrom": from, "volumeMounts": mount
    });
    let volume = json!({ "name": "v", "configMap": { "name": "saludo" } });
    cluster.pod("web", json!({ "containers": [container], "volumes": [volume] })).await;
    cluster.until("web", ready).await;
    let patch = kube::api::Patch::Merge(json!({ "data": { "texto": "ahora" } }));
    maps.patch("saludo", &kube::api::PatchParams::default(), &patch).await.unwrap();
    let said = "echo $texto; cat /config/texto";
    assert_eq!(cluster.run("web", said).await, "antes\nantes[0]");
    tokio::time::sleep(Duration::from_secs(62)).await;
    assert_eq!(cluster.run("web", said).await, "antes\nahora[0]");
    maps.delete("saludo", &DeleteParams::default()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(62)).await;
    assert_eq!(cluster.run("web", said).await, "antes\nahora[0]");
}
