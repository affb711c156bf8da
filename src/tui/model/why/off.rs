//! What is not done because a part of the cluster is switched off: the part that would do it, of each kind.

use super::{Case, Finding, causes};
use crate::tui::model::parts;

causes! {
    PART: "parte-apagada", "«{parte}» está apagado. {efecto}",
        ["Enciéndelo: en el puente, tecla «o». Lo que hayas pedido mientras tanto queda escrito, y se hará cuando vuelva."],
        "kubectl get components", "2.3";
}

/// Kind → the parts that look after its objects; `{nodo}` is the worker where it is, or which it is.
const PARTS: &[(&str, &[&str])] = &[
    ("Pod", &["kubelet-{nodo}"]),
    ("Node", &["kubelet-{nodo}", "controller-manager", "node-lifecycle-controller"]),
    ("Deployment", &["controller-manager", "deployment-controller", "replicaset-controller"]),
    ("ReplicaSet", &["controller-manager", "replicaset-controller"]),
    ("ReplicationController", &["controller-manager", "replicationcontroller-controller"]),
    ("StatefulSet", &["controller-manager", "statefulset-controller"]),
    ("DaemonSet", &["controller-manager", "daemonset-controller"]),
    ("Job", &["controller-manager", "job-controller"]),
    ("CronJob", &["controller-manager", "cronjob-controller"]),
    ("Service", &["kube-proxy", "controller-manager", "endpointslice-controller"]),
    ("PersistentVolumeClaim", &["controller-manager", "persistentvolume-binder-controller"]),
    ("HorizontalPodAutoscaler", &["controller-manager", "horizontal-pod-autoscaler-controller"]),
    ("Namespace", &["controller-manager", "namespace-controller"]),
];

/// Each part that would look after the object and is switched off.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let of_kind = PARTS.iter().find(|(kind, _)| *kind == case.kind());
    let node = if case.kind() == "Node" { case.name() } else { case.text("/spec/nodeName") };
    let names = of_kind.into_iter().flat_map(|(_, parts)| *parts).map(|part| part.replace("{nodo}", node));
    names.filter(|part| case.is_off(part)).map(|part| told(case, &part)).collect()
}

fn told(case: &Case, part: &str) -> Finding {
    proven(PART.found(case).with("parte", part).with("efecto", parts::seen(part)), part)
}

/// The switch itself, as the proof.
pub(super) fn proven(finding: Finding, part: &str) -> Finding {
    finding.proof(format!("component/{part} spec.enabled"), "false")
}
