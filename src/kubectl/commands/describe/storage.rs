//! Volumes, claims and classes. Must not ask the server.

use serde_json::Value;

use super::page::{Page, items, joined, or_none, or_unset, text};
use super::{name, template};

const MODES: [(&str, &str); 4] =
    [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];

fn modes(value: &Value) -> String {
    let short = |mode: &Value| {
        MODES.iter().find(|(long, _)| mode == long).map_or_else(|| text(mode), |(_, short)| (*short).into())
    };
    items(value).map(short).collect::<Vec<String>>().join(",")
}

fn phase(object: &Value) -> String {
    if object["metadata"]["deletionTimestamp"].is_null() {
        return text(&object["status"]["phase"]);
    }
    "Terminating (lasts <invalid>)".into()
}

fn finalizers(object: &Value) -> String {
    let all: Vec<String> = items(&object["metadata"]["finalizers"]).map(text).collect();
    format!("[{}]", all.join(" "))
}

pub(super) fn claim(page: &mut Page, object: &Value, pods: &[Value]) {
    let (spec, status) = (&object["spec"], &object["status"]);
    page.identity(object);
    page.field("StorageClass", text(&spec["storageClassName"]));
    page.field("Status", phase(object));
    page.field("Volume", text(&spec["volumeName"]));
    page.marks(object);
    page.field("Finalizers", finalizers(object));
    let bound = !text(&spec["volumeName"]).is_empty();
    page.field("Capacity", if bound { text(&status["capacity"]["storage"]) } else { String::new() });
    page.field("Access Modes", if bound { modes(&status["accessModes"]) } else { String::new() });
    page.maybe("VolumeMode", &spec["volumeMode"]);
    let own = name(object);
    let uses = |pod: &&Value| {
        items(&pod["spec"]["volumes"]).any(|one| one["persistentVolumeClaim"]["claimName"] == own.as_str())
    };
    let users: Vec<String> = pods.iter().filter(uses).map(name).collect();
    page.field("Used By", or_none(users.join("\n\t")));
}

pub(super) fn volume(page: &mut Page, object: &Value) {
    let (spec, status) = (&object["spec"], &object["status"]);
    page.field("Name", name(object));
    page.marks(object);
    page.field("Finalizers", finalizers(object));
    page.field("StorageClass", text(&spec["storageClassName"]));
    page.field("Status", phase(object));
    let claim = &spec["claimRef"];
    page.field(
        "Claim",
        if claim.is_object() { format!("{}/{}", text(&claim["namespace"]), name_of(claim)) } else { String::new() },
    );
    page.field("Reclaim Policy", text(&spec["persistentVolumeReclaimPolicy"]));
    page.field("Access Modes", modes(&spec["accessModes"]));
    page.maybe("VolumeMode", &spec["volumeMode"]);
    page.field("Capacity", text(&spec["capacity"]["storage"]));
    affinity(page, &spec["nodeAffinity"]["required"]);
    page.field("Message", text(&status["message"]));
    page.line(0, "Source:");
    for kind in ["hostPath", "local", "nfs", "csi"] {
        if spec[kind].is_object() {
            template::volume_source(page, kind, &spec[kind]);
        }
    }
}

fn name_of(reference: &Value) -> String {
    text(&reference["name"])
}

fn affinity(page: &mut Page, required: &Value) {
    if !required.is_object() {
        return page.field("Node Affinity", "<none>");
    }
    page.line(0, "Node Affinity:");
    page.line(1, "Required Terms:");
    for (index, term) in items(&required["nodeSelectorTerms"]).enumerate() {
        let one = |rule: &Value| {
            let operator = text(&rule["operator"]).to_lowercase();
            let values: Vec<String> = items(&rule["values"]).map(text).collect();
            format!("{} {operator} [{}]", text(&rule["key"]), values.join(", "))
        };
        let told: Vec<String> = items(&term["matchExpressions"]).map(one).collect();
        page.line(2, format!("Term {index}:\t{}", or_none(told.join("\n                   "))));
    }
}

pub(super) fn class(page: &mut Page, object: &Value) {
    page.field("Name", name(object));
    let annotations = &object["metadata"]["annotations"];
    let default = annotations["storageclass.kubernetes.io/is-default-class"] == "true";
    page.field("IsDefaultClass", if default { "Yes" } else { "No" });
    let told: Vec<String> =
        annotations.as_object().into_iter().flatten().map(|(key, value)| format!("{key}={}", text(value))).collect();
    page.field("Annotations", or_none(told.join(",")));
    page.field("Provisioner", text(&object["provisioner"]));
    let parameters: Vec<String> = object["parameters"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", text(value)))
        .collect();
    page.field("Parameters", or_none(parameters.join(",")));
    page.field(
        "AllowVolumeExpansion",
        or_unset(&object["allowVolumeExpansion"]).replace("true", "True").replace("false", "False"),
    );
    let options = joined(&object["mountOptions"]);
    if options.is_empty() {
        page.field("MountOptions", "<none>");
    } else {
        page.field("MountOptions", options);
    }
    page.maybe("ReclaimPolicy", &object["reclaimPolicy"]);
    page.maybe("VolumeBindingMode", &object["volumeBindingMode"]);
}
