//! Everything that is no pod: workloads, jobs, services, ingresses, workers, claims, autoscalers.

use serde_json::{Value, json};

use super::{Example, condition, worker};

fn object(kind: &str, spec: Value, status: Value) -> Value {
    json!({"kind": kind, "metadata": {"name": "web", "namespace": "tienda", "generation": 1}, "spec": spec, "status": status})
}

fn deployment(spec: Value, status: Value) -> Value {
    let mut all = object(
        "Deployment",
        json!({"replicas": 3, "selector": {"matchLabels": {"app": "web"}}}),
        json!({"observedGeneration": 1}),
    );
    for (field, extra) in [("spec", spec), ("status", status)] {
        for (name, value) in extra.as_object().unwrap() {
            all[field][name] = value.clone();
        }
    }
    all
}

fn pod(name: &str, ready: bool, ports: Value) -> Value {
    json!({"kind": "Pod", "metadata": {"name": name, "namespace": "tienda", "labels": {"app": "web"}},
        "spec": {"nodeName": "worker-1", "containers": [{"name": "web", "ports": ports}]},
        "status": {"phase": "Running", "conditions": [condition("Ready", if ready { "True" } else { "False" }, "ContainersNotReady", "containers with unready status: [web]")]}})
}

pub fn examples() -> Vec<(&'static str, Example)> {
    [workloads(), jobs(), services(), ingresses(), workers(), claims(), scalers(), parts()]
        .into_iter()
        .flatten()
        .collect()
}

fn workloads() -> Vec<(&'static str, Example)> {
    let failure = |message: &str| {
        let message = format!("pods \"web-abcde\" is forbidden: {message}");
        Example::new(deployment(
            json!({}),
            json!({"conditions": [condition("ReplicaFailure", "True", "FailedCreate", &message)]}),
        ))
    };
    let stalled = condition(
        "Progressing",
        "False",
        "ProgressDeadlineExceeded",
        "ReplicaSet \"web-6f7d9\" has timed out progressing.",
    );
    let set = object(
        "StatefulSet",
        json!({"replicas": 3, "selector": {"matchLabels": {"app": "web"}}}),
        json!({"replicas": 1, "observedGeneration": 1}),
    );
    let daemon = object(
        "DaemonSet",
        json!({"template": {"spec": {"nodeSelector": {"disco": "cinta"}}}}),
        json!({"desiredNumberScheduled": 0, "observedGeneration": 1}),
    );
    vec![
        ("cuota", failure("exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3")),
        ("limitrange", failure("maximum cpu usage per Container is 1, but limit is 2")),
        ("pod-security", failure("violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false")),
        (
            "cuenta-que-falta",
            failure("error looking up service account tienda/robot: serviceaccount \"robot\" not found"),
        ),
        ("pods-rechazados", failure("node selector label conflicts")),
        ("despliegue-atascado", Example::new(deployment(json!({}), json!({"conditions": [stalled]})))),
        ("pausado", Example::new(deployment(json!({"paused": true}), json!({})))),
        ("cero-replicas", Example::new(deployment(json!({"replicas": 0}), json!({})))),
        ("nadie-lo-mira", Example::new(deployment(json!({}), json!({"observedGeneration": 0})))),
        ("en-orden", Example::new(set).beside(pod("web-0", false, json!([])))),
        ("ningun-worker-cumple", Example::new(daemon)),
    ]
}

fn jobs() -> Vec<(&'static str, Example)> {
    let failed = |reason: &str, message: &str| {
        let status =
            json!({"failed": 7, "failedIndexes": "1,4", "conditions": [condition("Failed", "True", reason, message)]});
        Example::new(object("Job", json!({"backoffLimit": 6, "activeDeadlineSeconds": 60}), status))
    };
    let cron = || Example::new(object("CronJob", json!({"schedule": "61 * * * *"}), json!({})));
    vec![
        ("job-agoto-intentos", failed("BackoffLimitExceeded", "Job has reached the specified backoff limit")),
        ("job-fuera-de-plazo", failed("DeadlineExceeded", "Job was active longer than specified deadline")),
        (
            "job-por-politica",
            failed(
                "PodFailurePolicy",
                "Container web for pod tienda/web-1 failed with exit code 42 matching FailJob rule at index 0",
            ),
        ),
        ("job-indices", failed("FailedIndexes", "Job has failed indexes")),
        ("suspendido", Example::new(object("Job", json!({"suspend": true}), json!({})))),
        (
            "cronjob-ocupado",
            cron().event(
                "JobAlreadyActive",
                "Not starting job because prior execution is running and concurrency policy is Forbid",
            ),
        ),
        (
            "cronjob-horario",
            cron().event(
                "UnparseableSchedule",
                "unparseable schedule: \"61 * * * *\" : end of range (61) above maximum (59): 61",
            ),
        ),
        (
            "cronjob-perdido",
            cron().event("MissSchedule", "Missed scheduled time to start a job: Fri, 01 May 2026 11:00:00 +0000"),
        ),
    ]
}

fn services() -> Vec<(&'static str, Example)> {
    let service = |app: &str, target: Value| {
        object(
            "Service",
            json!({"type": "ClusterIP", "selector": {"app": app}, "ports": [{"port": 80, "targetPort": target}]}),
            json!({}),
        )
    };
    let listens = || json!([{"containerPort": 8080, "name": "http"}]);
    let slice = |pod: &str| {
        json!({"kind": "EndpointSlice", "metadata": {"name": "web-x", "labels": {"kubernetes.io/service-name": "web"}},
            "endpoints": [{"targetRef": {"name": pod}, "conditions": {"ready": true}}]})
    };
    let balancer =
        object("Service", json!({"type": "LoadBalancer", "selector": {"app": "web"}}), json!({"loadBalancer": {}}));
    vec![
        ("selector-sin-pods", Example::new(service("wed", json!(8080))).beside(pod("web-1", true, listens()))),
        ("pods-no-listos", Example::new(service("web", json!(8080))).beside(pod("web-1", false, listens()))),
        (
            "puerto-que-nadie-escucha",
            Example::new(service("web", json!(80))).beside(pod("web-1", true, listens())).beside(slice("web-1")),
        ),
        (
            "puerto-sin-nombre",
            Example::new(service("web", json!("web"))).beside(pod("web-1", true, listens())).beside(slice("web-1")),
        ),
        (
            "sin-selector",
            Example::new(object("Service", json!({"type": "ClusterIP", "ports": [{"port": 80}]}), json!({}))),
        ),
        ("sin-balanceador", Example::new(balancer).beside(pod("web-1", true, listens())).beside(slice("web-1"))),
        (
            "endpoints-atrasados",
            Example::new(service("web", json!(8080))).beside(pod("web-2", true, listens())).beside(slice("web-1")),
        ),
    ]
}

fn ingresses() -> Vec<(&'static str, Example)> {
    let ingress = |class: &str, port: i64| {
        let backend = json!({"service": {"name": "web", "port": {"number": port}}});
        object(
            "Ingress",
            json!({"ingressClassName": class, "tls": [{"secretName": "cert"}],
            "rules": [{"host": "tienda.local", "http": {"paths": [{"path": "/", "backend": backend}]}}]}),
            json!({}),
        )
    };
    let class = || json!({"kind": "IngressClass", "metadata": {"name": "timonel"}});
    let service = || json!({"kind": "Service", "metadata": {"name": "web", "namespace": "tienda"}, "spec": {"ports": [{"port": 80}]}});
    vec![
        ("ingress-sin-clase", Example::new(ingress("", 80)).beside(class())),
        ("clase-que-no-existe", Example::new(ingress("nginx", 80)).beside(class())),
        ("ingress-sin-service", Example::new(ingress("timonel", 80)).beside(class())),
        ("ingress-puerto", Example::new(ingress("timonel", 8080)).beside(class()).beside(service())),
        ("ingress-sin-nadie", Example::new(ingress("timonel", 80)).beside(class()).beside(service())),
        ("ingress-sin-certificado", Example::new(ingress("timonel", 80)).beside(class())),
    ]
}

fn workers() -> Vec<(&'static str, Example)> {
    let sick = |kind: &str, status: &str, reason: &str, message: &str| {
        let mut node = worker("worker-1");
        node["status"]["conditions"] = json!([condition(kind, status, reason, message)]);
        Example::new(node)
    };
    let spec = |spec: Value| {
        let mut node = worker("worker-1");
        node["spec"] = spec;
        Example::new(node)
    };
    let network = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized";
    vec![
        ("kubelet-mudo", sick("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")),
        ("nodo-sin-red", sick("Ready", "False", "KubeletNotReady", network)),
        ("nodo-sin-motor", sick("Ready", "False", "KubeletNotReady", "container runtime is down")),
        (
            "presion-de-memoria",
            sick("MemoryPressure", "True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
        ),
        ("presion-de-disco", sick("DiskPressure", "True", "KubeletHasDiskPressure", "kubelet has disk pressure")),
        (
            "presion-de-procesos",
            sick("PIDPressure", "True", "KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
        ),
        ("nodo-acordonado", spec(json!({"unschedulable": true}))),
        ("nodo-con-taints", spec(json!({"taints": [{"key": "gpu", "effect": "NoSchedule"}]}))),
    ]
}

fn claims() -> Vec<(&'static str, Example)> {
    let claim = |class: &str, phase: &str| {
        object(
            "PersistentVolumeClaim",
            json!({"storageClassName": class, "volumeName": if phase == "Pending" { "" } else { "pv-1" },
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}),
            json!({"phase": phase}),
        )
    };
    let class = || json!({"kind": "StorageClass", "metadata": {"name": "rapida"}, "volumeBindingMode": "Immediate"});
    let mut leaving = claim("rapida", "Bound");
    leaving["metadata"]["deletionTimestamp"] = json!("2026-05-01T11:59:00Z");
    leaving["metadata"]["finalizers"] = json!(["kubernetes.io/pvc-protection"]);
    let mut user = pod("db-0", true, json!([]));
    user["spec"]["volumes"] = json!([{"name": "datos", "persistentVolumeClaim": {"claimName": "web"}}]);
    let pending = || Example::new(claim("rapida", "Pending")).beside(class());
    let external = "Waiting for a volume to be created either by the external provisioner 'disco.ejemplo.com' or manually by the system administrator.";
    vec![
        (
            "storageclass-que-falta",
            Example::new(claim("lenta", "Pending"))
                .event("ProvisioningFailed", "storageclass.storage.k8s.io \"lenta\" not found"),
        ),
        (
            "sin-storageclass",
            Example::new(claim("", "Pending"))
                .event("FailedBinding", "no persistent volumes available for this claim and no storage class is set"),
        ),
        (
            "espera-a-un-pod",
            pending().event("WaitForFirstConsumer", "waiting for first consumer to be created before binding"),
        ),
        ("espera-al-aprovisionador", pending().event("ExternalProvisioning", external)),
        (
            "aprovisionamiento-fallido",
            pending()
                .event("ProvisioningFailed", "failed to provision volume with StorageClass \"rapida\": quota exceeded"),
        ),
        (
            "volumen-perdido",
            Example::new(claim("rapida", "Lost"))
                .event("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!"),
        ),
        (
            "volumen-que-no-sirve",
            pending().event("VolumeMismatch", "Cannot bind to requested volume \"pv-1\": requested PV is too small"),
        ),
        ("pvc-en-uso", Example::new(leaving).beside(user)),
    ]
}

fn scalers() -> Vec<(&'static str, Example)> {
    let scaler = |kind: &str, status: &str, reason: &str, message: &str| {
        let spec = json!({"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 5});
        Example::new(object(
            "HorizontalPodAutoscaler",
            spec,
            json!({"conditions": [condition(kind, status, reason, message)]}),
        ))
    };
    vec![
        (
            "hpa-sin-objetivo",
            scaler(
                "AbleToScale",
                "False",
                "FailedGetScale",
                "the HPA controller was unable to get the target's current scale: deployments.apps \"web\" not found",
            ),
        ),
        (
            "hpa-sin-metricas",
            scaler(
                "ScalingActive",
                "False",
                "FailedGetResourceMetric",
                "the HPA was unable to compute the replica count: unable to get metrics for resource cpu: no metrics returned from resource metrics API",
            ),
        ),
        (
            "hpa-apagado",
            scaler(
                "ScalingActive",
                "False",
                "ScalingDisabled",
                "scaling is disabled since the replica count of the target is zero",
            ),
        ),
        (
            "hpa-en-su-tope",
            scaler(
                "ScalingLimited",
                "True",
                "TooManyReplicas",
                "the desired replica count is more than the maximum replica count",
            ),
        ),
    ]
}

#[test]
fn a_slip_in_a_selector_is_named() {
    let service = object("Service", json!({"selector": {"app": "wed"}, "ports": [{"port": 80}]}), json!({}));
    let found = Example::new(service).beside(pod("web-1", true, json!([]))).found();
    assert!(found[0].advice[0].contains("Hay pods con app=web: ¿era eso?"), "{}", found[0].advice[0]);
}

#[test]
fn what_fails_in_the_pods_of_a_deployment_is_told_once_with_how_many() {
    let broken = |name: &str| {
        let mut pod = pod(name, false, json!([]));
        pod["status"]["containerStatuses"] = json!([{"name": "web", "ready": false, "restartCount": 5,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}]);
        pod
    };
    let example = Example::new(deployment(json!({}), json!({})))
        .beside(worker("worker-1"))
        .beside(broken("web-1"))
        .beside(broken("web-2"))
        .beside(pod("web-3", true, json!([])));
    let found = example.found();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].cause.starts_with("2 de sus 3 pods: El contenedor «web» se cae"), "{}", found[0].cause);
    assert!(found[0].proofs[0].place.starts_with("pod/web-1 "), "{}", found[0].proofs[0].place);
}

fn parts() -> Vec<(&'static str, Example)> {
    let web = || Example::new(deployment(json!({}), json!({"readyReplicas": 3})));
    let pod = Example::new(pod("web-1", true, json!([])));
    vec![
        ("parte-apagada", web().without("controller-manager")),
        ("parte-apagada", web().without("replicaset-controller")),
        ("parte-apagada", pod.without("kubelet-worker-1")),
        ("parte-apagada", Example::new(worker("worker-2")).without("kubelet-worker-2")),
    ]
}
