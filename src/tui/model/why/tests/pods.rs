//! Pods that fail, as the scheduler, the kubelet and the controllers write them.

use serde_json::{Value, json};

use super::{Example, condition, worker};

/// A pod whose status and spec are merged over the usual ones.
fn pod(spec: Value, status: Value) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web-1", "namespace": "tienda", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "timonel/demo:v1"}]}, "status": {"phase": "Pending"}});
    for (field, extra) in [("spec", spec), ("status", status)] {
        for (name, value) in extra.as_object().unwrap() {
            object[field][name] = value.clone();
        }
    }
    object
}

/// A pod that the scheduler refused in these words.
fn refused(spec: Value, reasons: &str) -> Example {
    let message = format!(
        "0/3 nodes are available: {reasons}. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    );
    Example::new(pod(spec, json!({"conditions": [condition("PodScheduled", "False", "Unschedulable", &message)]})))
}

fn unscheduled(spec: Value, reason: &str, message: &str) -> Example {
    Example::new(pod(spec, json!({"conditions": [condition("PodScheduled", "False", reason, message)]})))
}

/// A pod on a worker, with the status of its container.
fn placed(phase: &str, state: Value) -> Value {
    let mut status = json!({"name": "web", "image": "timonel/demo:v1", "ready": false, "restartCount": 0});
    for (name, value) in state.as_object().unwrap() {
        status[name] = value.clone();
    }
    pod(json!({"nodeName": "worker-1"}), json!({"phase": phase, "containerStatuses": [status]}))
}

fn on_worker(object: Value) -> Example {
    Example::new(object).beside(worker("worker-1"))
}

fn waiting(reason: &str, message: &str) -> Example {
    on_worker(placed("Pending", json!({"state": {"waiting": {"reason": reason, "message": message}}})))
}

/// A container that ended so and waits to be started again.
fn crashed(code: i64, reason: &str) -> Example {
    on_worker(placed(
        "Running",
        json!({"restartCount": 4,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 1m20s restarting failed container=web pod=web-1_tienda(1)"}},
            "lastState": {"terminated": {"exitCode": code, "reason": reason}}}),
    ))
}

fn pulling(why: &str) -> Example {
    waiting("ImagePullBackOff", &format!("Back-off pulling image \"timonel/demo:v9\": ErrImagePull: {why}"))
}

pub fn examples() -> Vec<(&'static str, Example)> {
    [scheduling(), images(), starting(), running(), ending()].into_iter().flatten().collect()
}

fn scheduling() -> Vec<(&'static str, Example)> {
    let asks = |resource: &str, amount: &str| json!({"containers": [{"name": "web", "resources": {"requests": {resource: amount}}}]});
    let affinity = |field: &str| json!({"affinity": {field: {"requiredDuringSchedulingIgnoredDuringExecution": []}}});
    let mut tainted = worker("worker-2");
    tainted["spec"]["taints"] = json!([{"key": "mantenimiento", "value": "si", "effect": "NoSchedule"}]);
    let mut closed = worker("worker-1");
    closed["spec"]["unschedulable"] = json!(true);
    let silent = json!({"kind": "Lease", "metadata": {"name": "kube-scheduler", "namespace": "kube-system"},
        "spec": {"holderIdentity": "a", "leaseDurationSeconds": 15, "renewTime": "2026-05-01T11:58:00.000000Z"}});
    let mut unseen = pod(json!({}), json!({}));
    unseen["metadata"]["creationTimestamp"] = json!("2026-05-01T11:59:00Z");
    let preempted = condition(
        "DisruptionTarget",
        "True",
        "PreemptionByScheduler",
        "default-scheduler: preempting to accommodate a higher priority pod",
    );
    vec![
        ("sin-cpu", refused(asks("cpu", "900m"), "3 Insufficient cpu")),
        ("sin-memoria", refused(asks("memory", "8Gi"), "1 Insufficient cpu, 2 Insufficient memory")),
        ("sin-recurso", refused(json!({}), "3 Insufficient nvidia.com/gpu")),
        ("sin-sitio", refused(json!({}), "3 Too many pods")),
        ("acordonado", refused(json!({}), "1 node(s) were unschedulable, 2 Insufficient cpu").beside(closed)),
        ("taint", refused(json!({}), "3 node(s) had untolerated taint(s)").beside(tainted)),
        (
            "nodo-sin-etiqueta",
            refused(json!({"nodeSelector": {"disco": "cinta"}}), "3 node(s) didn't match Pod's node affinity/selector"),
        ),
        ("anti-afinidad", refused(affinity("podAntiAffinity"), "3 node(s) didn't match pod anti-affinity rules")),
        ("afinidad", refused(affinity("podAffinity"), "3 node(s) didn't match pod affinity rules")),
        ("reparto", refused(json!({}), "3 node(s) didn't match pod topology spread constraints")),
        (
            "puerto-ocupado",
            refused(
                json!({"containers": [{"name": "web", "ports": [{"hostPort": 8088}]}]}),
                "3 node(s) didn't have free ports for the requested pod ports",
            ),
        ),
        ("volumen-lejos", refused(json!({}), "3 node(s) didn't match PersistentVolume's node affinity")),
        ("pvc-sin-volumen", refused(json!({}), "3 node(s) didn't find available persistent volumes to bind")),
        ("otro-nodo", refused(json!({}), "3 node(s) didn't match the requested node name")),
        ("filtro", refused(json!({}), "3 node(s) didn't satisfy plugin(s) [Otro]")),
        (
            "pvc-que-falta",
            unscheduled(
                json!({"volumes": [{"name": "datos", "persistentVolumeClaim": {"claimName": "no-hay"}}]}),
                "Unschedulable",
                "0/3 nodes are available: persistentvolumeclaim \"no-hay\" not found. not found",
            ),
        ),
        ("sin-workers", unscheduled(json!({}), "Unschedulable", "no nodes available to schedule pods")),
        (
            "con-puerta",
            unscheduled(
                json!({"schedulingGates": [{"name": "ejemplo.com/espera"}]}),
                "SchedulingGated",
                "Scheduling is blocked due to non-empty scheduling gates",
            ),
        ),
        ("otro-scheduler", Example::new(pod(json!({"schedulerName": "mio"}), json!({})))),
        ("sin-mirar", Example::new(unseen)),
        ("scheduler-apagado", Example::new(pod(json!({}), json!({}))).beside(silent)),
        ("scheduler-apagado", Example::new(pod(json!({}), json!({}))).without("scheduler")),
        ("nodo-inexistente", Example::new(pod(json!({"nodeName": "no-existe"}), json!({}))).beside(worker("worker-1"))),
        (
            "desalojado-por-prioridad",
            on_worker(pod(json!({"nodeName": "worker-1"}), json!({"phase": "Failed", "conditions": [preempted]}))),
        ),
    ]
}

fn images() -> Vec<(&'static str, Example)> {
    vec![
        (
            "imagen-que-no-existe",
            pulling(
                "failed to pull and unpack image \"docker.io/timonel/demo:v9\": docker.io/timonel/demo:v9: not found",
            ),
        ),
        (
            "imagen-sin-permiso",
            pulling(
                "failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized: authentication required",
            ),
        ),
        ("registro-que-no-existe", pulling("dial tcp: lookup registro.interno on 10.96.0.10:53: no such host")),
        ("registro-inalcanzable", pulling("dial tcp 10.0.0.9:443: i/o timeout")),
        ("imagen-no-se-baja", pulling("toomanyrequests: You have reached your pull rate limit")),
        (
            "imagen-nunca-se-baja",
            waiting(
                "ErrImageNeverPull",
                "Container image \"timonel/demo:v1\" is not present with pull policy of Never",
            ),
        ),
        (
            "imagen-mal-escrita",
            waiting(
                "InvalidImageName",
                "Failed to apply default image tag \"MI IMAGEN\": couldn't parse image name \"MI IMAGEN\": invalid reference format",
            ),
        ),
    ]
}

fn starting() -> Vec<(&'static str, Example)> {
    let config = |message: &str| waiting("CreateContainerConfigError", message);
    let creating = || waiting("ContainerCreating", "");
    let exec = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: \"servidor\": executable file not found in $PATH: unknown";
    let init = {
        let mut object = placed("Pending", json!({"state": {"waiting": {"reason": "PodInitializing"}}}));
        object["spec"]["initContainers"] = json!([{"name": "espera-db", "image": "busybox"}]);
        object["status"]["initContainerStatuses"] =
            json!([{"name": "espera-db", "ready": false, "state": {"running": {"startedAt": "2026-05-01T11:50:00Z"}}}]);
        on_worker(object)
    };
    vec![
        ("configmap-que-falta", config("configmap \"ajustes\" not found")),
        ("secret-que-falta", config("secret \"clave\" not found")),
        ("clave-que-falta", config("couldn't find key COLOR in ConfigMap tienda/ajustes")),
        ("corre-como-root", config("container has runAsNonRoot and image will run as root (pod: \"web-1_tienda(1)\", container: web)")),
        ("configuracion-mala", config("services have not yet been read at least once, cannot construct envvars")),
        ("comando-que-no-existe", on_worker(placed("Running", json!({"restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
            "lastState": {"terminated": {"exitCode": 128, "reason": "StartError", "message": exec}}})))),
        ("contenedor-no-arranca", waiting("RunContainerError", "failed to start container: permission denied")),
        ("volumen-sin-configmap", creating().event("FailedMount", "MountVolume.SetUp failed for volume \"conf\" : configmap \"ajustes\" not found")),
        ("volumen-sin-secret", creating().event("FailedMount", "MountVolume.SetUp failed for volume \"conf\" : secret \"clave\" not found")),
        ("volumen-sin-clave", creating().event("FailedMount", "MountVolume.SetUp failed for volume \"conf\" : references non-existent config key: app.conf")),
        ("volumen-no-se-monta", creating().event("FailedMount", "MountVolume.SetUp failed for volume \"datos\" : mount failed: exit status 32")),
        ("sin-red-de-pod", creating().event("FailedCreatePodSandBox", "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: no podCIDR")),
        ("espera-a-init", init),
    ]
}

fn running() -> Vec<(&'static str, Example)> {
    let limited = {
        let Example { mut object, .. } = crashed(137, "OOMKilled");
        object["spec"]["containers"] = json!([{"name": "web", "resources": {"limits": {"memory": "64Mi"}}}]);
        on_worker(object)
    };
    let up = |message: &str, reason: &str| {
        let mut object = placed("Running", json!({"state": {"running": {}}}));
        object["status"]["conditions"] = json!([condition("Ready", "False", reason, message)]);
        object["spec"]["containers"] =
            json!([{"name": "web", "readinessProbe": {"httpGet": {"path": "/listo", "port": 8080}}}]);
        on_worker(object)
    };
    let unready = "containers with unready status: [web]";
    let init = {
        let mut object = placed("Pending", json!({"state": {"waiting": {"reason": "PodInitializing"}}}));
        object["spec"]["initContainers"] = json!([{"name": "migra"}]);
        object["status"]["initContainerStatuses"] = json!([{"name": "migra", "ready": false, "restartCount": 2,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 2, "reason": "Error"}}}]);
        on_worker(object)
    };
    vec![
        ("sin-memoria-propia", limited),
        (
            "sonda-de-vida",
            crashed(137, "Error").event("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500"),
        ),
        (
            "sonda-de-arranque",
            crashed(137, "Error")
                .event("Unhealthy", "Startup probe failed: dial tcp 10.244.1.5:8080: connect: connection refused"),
        ),
        (
            "sonda-de-listo",
            up(unready, "ContainersNotReady")
                .event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404"),
        ),
        ("aun-no-listo", up(unready, "ContainersNotReady")),
        (
            "readiness-gate",
            up(
                "corresponding condition of pod readiness gate \"balanceador\" does not exist.",
                "ReadinessGatesNotReady",
            ),
        ),
        ("orden-no-encontrada", crashed(127, "Error")),
        ("matado", crashed(137, "Error")),
        ("se-rompe", crashed(139, "Error")),
        ("termina-y-vuelve", crashed(0, "Completed")),
        ("se-cae", crashed(1, "Error")),
        ("init-falla", init),
    ]
}

fn ending() -> Vec<(&'static str, Example)> {
    let failed = |reason: &str, message: &str| {
        on_worker(pod(
            json!({"nodeName": "worker-1", "activeDeadlineSeconds": 30}),
            json!({"phase": "Failed", "reason": reason, "message": message}),
        ))
    };
    let mut silent = worker("worker-1");
    silent["status"]["conditions"] =
        json!([condition("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")]);
    let leaving = |finalizers: Value| {
        let mut object = placed("Running", json!({"ready": true, "state": {"running": {}}}));
        object["metadata"]["deletionTimestamp"] = json!("2026-05-01T12:00:20Z");
        object["metadata"]["deletionGracePeriodSeconds"] = json!(30);
        object["metadata"]["finalizers"] = finalizers;
        on_worker(object)
    };
    let namespace = json!({"kind": "Namespace", "metadata": {"name": "vieja"}, "status": {"phase": "Terminating", "conditions":
        [condition("NamespaceContentRemaining", "True", "SomeResourcesRemain", "Some resources are remaining: pods. has 1 resource instances")]}});
    vec![
        (
            "desalojado",
            failed("Evicted", "The node was low on resource: memory. Threshold quantity: 100Mi, available: 30Mi."),
        ),
        (
            "rechazado-por-el-kubelet",
            failed(
                "OutOfcpu",
                "Pod was rejected: Node didn't have enough resource: cpu, requested: 900, used: 1500, capacity: 2000",
            ),
        ),
        ("plazo-del-pod", failed("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")),
        (
            "nodo-caido",
            Example::new(placed("Running", json!({"ready": true, "state": {"running": {}}}))).beside(silent),
        ),
        ("no-se-va-finalizer", leaving(json!(["ejemplo.com/limpieza"]))),
        ("yendose", leaving(json!([]))),
        ("namespace-no-se-va", Example::new(namespace)),
    ]
}

#[test]
fn a_pod_of_a_deployment_is_repaired_in_its_deployment() {
    let mut example = pulling("timonel/demo:v9: not found");
    example.object["metadata"]["ownerReferences"] =
        json!([{"kind": "ReplicaSet", "name": "web-6f7d9c8b54", "controller": true}]);
    let found = example.found();
    assert_eq!(found[0].command, "kubectl set image deployment/web web=IMAGEN -n tienda");
    assert!(found[0].cause.contains("«timonel/demo:v1»"), "{}", found[0].cause);
}

#[test]
fn each_refusal_of_the_scheduler_is_told_the_most_frequent_first() {
    let found = refused(json!({}), "1 node(s) were unschedulable, 2 Insufficient cpu").found();
    let told: Vec<&str> = found.iter().map(|finding| finding.id).collect();
    assert_eq!(told, ["sin-cpu", "acordonado"]);
    assert!(found[0].cause.contains("2 de 3 workers"), "{}", found[0].cause);
}
