//! How pods begin, go on and end.

use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, LogParams, Patch, PatchParams};
use serde_json::{Value, json};
use timonel::base::clock::{Clock, Timing};

use super::world::{World, eventually, ip, ready};

/// How often a container was started again.
pub fn restarts(pod: &Value, container: &str) -> i64 {
    let statuses = pod["status"]["containerStatuses"].as_array().map(Vec::as_slice).unwrap_or_default();
    statuses.iter().find(|it| it["name"] == container).and_then(|it| it["restartCount"].as_i64()).unwrap_or_default()
}

pub async fn two_containers_share_localhost(world: &World) {
    let demo = json!({ "name": "web", "image": "timonel/demo:v1" });
    world.pod("par", json!({ "containers": [demo, world.idle("c")] })).await;
    let pod = world.until_ready("par").await;
    world.until_said("par", "wget -qO- http://localhost/", "Hola desde par").await;
    let (own, _) = world.run("par", "c", "hostname -i").await;
    assert!(own.contains(pod["status"]["podIP"].as_str().unwrap()), "{own}");
}

/// A pod of one container: in Docker, nothing holds its place while it does not run.
pub async fn a_crash_changes_neither_address_nor_names(world: &World) {
    let demo = json!({ "name": "web", "image": "timonel/demo:v1" });
    let spec = json!({ "containers": [demo], "hostAliases": [{ "ip": "10.9.8.7", "hostnames": ["db"] }] });
    world.pod("solo", spec).await;
    let address = ip(&world.until_ready("solo").await);
    world.client_pod("cliente", "worker-2").await;
    world.until_said("cliente", &format!("timeout 2 wget -qO- http://{address}/"), "Hola desde solo").await;
    world.run("cliente", "c", &format!("timeout 2 wget -qO- http://{address}/crash")).await;
    let pod = world.until("solo", |pod| restarts(pod, "web") == 1 && ready(pod)).await;
    assert_eq!(ip(&pod), address);
    world.until_said("cliente", &format!("timeout 2 wget -qO- http://{address}/"), "Hola desde solo").await;
    let previous = LogParams { previous: true, ..LogParams::default() };
    assert!(world.pods().logs("solo", &previous).await.unwrap().contains("/crash"));

    let again = world.script("c", "cat /etc/hosts; hostname; sleep 1; exit 1");
    let alias = json!([{ "ip": "10.9.8.7", "hostnames": ["db"] }]);
    world.pod("terco", json!({ "hostname": "otro", "containers": [again], "hostAliases": alias })).await;
    let pod = world.until("terco", |pod| restarts(pod, "c") >= 1 && ready(pod)).await;
    let said = world.pods().logs("terco", &LogParams::default()).await.unwrap();
    for part in ["10.9.8.7", "db", "otro", &ip(&pod)] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

pub async fn init_containers_run_in_order(world: &World) {
    let mount = json!([{ "name": "diario", "mountPath": "/diario" }]);
    let mounted = |mut container: Value| {
        container["volumeMounts"] = mount.clone();
        container
    };
    let step = |name: &str| mounted(world.script(name, &format!("sleep 0.2; echo {name} >> /diario/orden")));
    let spec = json!({
        "initContainers": [step("uno"), step("dos"), step("tres")],
        "containers": [mounted(world.idle("c"))],
        "volumes": [{ "name": "diario", "emptyDir": {} }],
    });
    world.pod("ordenado", spec).await;
    world.until("ordenado", |pod| pod["status"]["phase"] == "Pending").await;
    world.until_ready("ordenado").await;
    assert_eq!(world.run("ordenado", "c", "cat /diario/orden").await, ("uno\ndos\ntres\n".into(), 0));
}

pub async fn probes_decide_who_is_ready_and_who_restarts(world: &World) {
    let probe =
        |path: &str| json!({ "httpGet": { "path": path, "port": 80 }, "periodSeconds": 1, "failureThreshold": 1 });
    let demo = json!({
        "name": "web", "image": "timonel/demo:v1", "env": [{ "name": "READY", "value": "off" }, { "name": "GRPC_PORT", "value": "9090" }],
        "readinessProbe": probe("/ready"), "livenessProbe": probe("/healthz"),
        "startupProbe": { "grpc": { "port": 9090 }, "periodSeconds": 1, "failureThreshold": 30 },
    });
    let mut beside = world.idle("c");
    beside["readinessProbe"] = json!({ "exec": { "command": ["true"] }, "periodSeconds": 1 });
    world.pod("sondeado", json!({ "containers": [demo, beside] })).await;
    // Both: a command runs in the one beside, which the engine may start later.
    world.until("sondeado", |pod| (0..2).all(|one| pod["status"]["containerStatuses"][one]["started"] == true)).await;
    world.until_said("sondeado", "wget -qO- http://localhost/ready/on; echo $?", "0").await;
    world.until_ready("sondeado").await;
    world.run("sondeado", "c", "wget -qO- http://localhost/ready/off").await;
    world.until("sondeado", |pod| !ready(pod)).await;
    assert_eq!(world.run("sondeado", "c", "wget -qO- http://localhost/healthz/off").await.1, 0);
    world.until("sondeado", |pod| restarts(pod, "web") == 1).await;
    eventually("Unhealthy", async || {
        let events = world.events("sondeado").await;
        let told = |text: &str| events.iter().any(|event| event.starts_with(text));
        (told("Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503")
            && told("Killing: Container web failed liveness probe, will be restarted"))
        .then_some(())
    })
    .await;
}

pub async fn a_config_change_reaches_the_file(world: &World) {
    world.create::<ConfigMap>(json!({ "metadata": { "name": "ajustes" }, "data": { "color": "azul" } })).await;
    let mut container = world.idle("c");
    container["volumeMounts"] = json!([{ "name": "ajustes", "mountPath": "/ajustes" }]);
    let volumes = json!([{ "name": "ajustes", "configMap": { "name": "ajustes" } }]);
    world.pod("lector", json!({ "containers": [container], "volumes": volumes })).await;
    world.until_ready("lector").await;
    assert_eq!(world.run("lector", "c", "cat /ajustes/color").await, ("azul".into(), 0));
    let patch = Patch::Merge(json!({ "data": { "color": "verde" } }));
    world.api::<ConfigMap>().patch("ajustes", &PatchParams::default(), &patch).await.unwrap();
    world.until_said("lector", "cat /ajustes/color", "verde").await;
}

pub async fn a_full_volume_evicts_its_pod(world: &World) {
    let mut container = world.script("c", "dd if=/dev/zero of=/datos/lleno bs=1M count=3; sleep 1000");
    container["volumeMounts"] = json!([{ "name": "datos", "mountPath": "/datos" }]);
    let volumes = json!([{ "name": "datos", "emptyDir": { "sizeLimit": "1Mi" } }]);
    world.pod("gloton", json!({ "containers": [container], "volumes": volumes })).await;
    let pod = world.until("gloton", |pod| pod["status"]["phase"] == "Failed").await;
    let status = &pod["status"];
    assert_eq!(status["reason"], "Evicted");
    assert_eq!(status["message"], "Usage of EmptyDir volume \"datos\" exceeds the limit \"1Mi\". ");
    let conditions = status["conditions"].as_array().unwrap();
    let disrupted = conditions.iter().find(|one| one["type"] == "DisruptionTarget").unwrap();
    assert_eq!((&disrupted["status"], &disrupted["reason"]), (&json!("True"), &json!("TerminationByKubelet")));
}

pub async fn hooks_run_and_sigterm_may_be_ignored(world: &World) {
    let mut stubborn = world.script("c", "trap '' TERM; echo sordo; while true; do sleep 1; done");
    stubborn["lifecycle"] = json!({ "postStart": { "exec": { "command": ["sh", "-c", "echo hola > /tmp/gancho"] } } });
    let spec = json!({ "terminationGracePeriodSeconds": 2, "containers": [stubborn] });
    world.pod("terco", spec).await;
    world.until_ready("terco").await;
    assert_eq!(world.run("terco", "c", "cat /tmp/gancho").await, ("hola\n".into(), 0));
    let begun = Clock::new(Timing::Real);
    world.pods().delete("terco", &DeleteParams::default()).await.unwrap();
    eventually("the end", async || world.pods().get_opt("terco").await.unwrap().is_none().then_some(())).await;
    assert!(begun.elapsed() >= Duration::from_secs(2), "killed only after its grace");

    let mut failing = world.idle("c");
    failing["lifecycle"] = json!({ "postStart": { "exec": { "command": ["false"] } } });
    world.pod("fallido", json!({ "containers": [failing] })).await;
    world.until("fallido", |pod| restarts(pod, "c") >= 1).await;
    let told = "FailedPostStartHook: PostStartHook failed".to_owned();
    eventually("the event", async || world.events("fallido").await.contains(&told).then_some(())).await;
}

pub async fn an_image_that_does_not_exist_says_so(world: &World) {
    world.pod("nadie", json!({ "containers": [{ "name": "c", "image": "ejemplo.invalid/nadie:1" }] })).await;
    let reason = |pod: &Value| pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].clone();
    world.until("nadie", |pod| reason(pod) == "ErrImagePull").await;
    world.until("nadie", |pod| reason(pod) == "ImagePullBackOff").await;
    let events = world.events("nadie").await;
    assert!(events.iter().any(|event| event.starts_with("Failed: Failed to pull image \"ejemplo.invalid/nadie:1\"")));
}
