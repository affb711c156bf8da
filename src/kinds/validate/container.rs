//! Containers of a pod: regular, init and ephemeral (`validateContainers`). Must not know the kind that holds the pod.

use super::common::{choice, dns_label, port_number, protocol, required};
use super::volume::Volumes;
use super::{FieldError, env, mounts, port_name, probe, resources, security};
use crate::kinds::at::At;

type Errors = Vec<FieldError>;

const PULL_POLICIES: &[&str] = &["Always", "IfNotPresent", "Never"];
const MESSAGE_POLICIES: &[&str] = &["File", "FallbackToLogsOnError"];
const RESTART_POLICIES: &[&str] = &["Always", "Never", "OnFailure"];
const RULE_ACTIONS: &[&str] = &["Restart", "RestartAllContainers"];

/// What the containers of one pod share.
pub(super) struct Pod<'a> {
    pub(super) spec: &'a At<'a>,
    pub(super) volumes: &'a Volumes<'a>,
}

impl Pod<'_> {
    pub(super) fn grace(&self) -> Option<i64> {
        self.spec.field("terminationGracePeriodSeconds").number()
    }

    pub(super) fn host_users(&self) -> bool {
        self.spec.field("hostUsers").value != &serde_json::Value::Bool(false)
    }
}

pub(super) fn containers(pod: &Pod) -> Errors {
    let list = pod.spec.field("containers");
    if list.is_empty() {
        return vec![list.required("")];
    }
    let (mut errors, mut names) = (Vec::new(), Vec::new());
    for container in list.items() {
        errors.extend(common(&container, pod));
        errors.extend(unique_name(&container, &mut names));
        errors.extend(lifecycle_and_probes(&container, pod));
        errors.extend(restart_policy(&container));
    }
    errors.extend(host_port_conflicts(list.items()));
    errors
}

pub(super) fn init_containers(pod: &Pod) -> Errors {
    let regular = pod.spec.field("containers");
    let mut names: Vec<&str> = regular.items().map(|container| container.field("name").text()).collect();
    let mut errors = Vec::new();
    for container in pod.spec.field("initContainers").items() {
        errors.extend(common(&container, pod));
        errors.extend(restart_policy(&container));
        errors.extend(unique_name(&container, &mut names));
        errors.extend(host_port_conflicts(std::iter::once(container.clone())));
        if container.field("restartPolicy").text() == "Always" {
            errors.extend(lifecycle_and_probes(&container, pod));
        } else {
            errors.extend(only_for_sidecars(&container));
        }
    }
    errors
}

pub(super) fn ephemeral_containers(pod: &Pod) -> Errors {
    const REFUSED: &str = "cannot be set for an Ephemeral Container";
    let others: Vec<&str> = ["containers", "initContainers"]
        .into_iter()
        .flat_map(|list| pod.spec.field(list).items())
        .map(|container| container.field("name").text())
        .collect();
    let (mut names, mut errors) = (others.clone(), Vec::new());
    for container in pod.spec.field("ephemeralContainers").items() {
        errors.extend(common(&container, pod));
        errors.extend(untrimmed_image(&container));
        errors.extend(unique_name(&container, &mut names));
        let target = container.field("targetContainerName");
        if !target.is_empty() && !others.contains(&target.text()) {
            errors.push(target.not_found());
        }
        for name in
            ["ports", "resources", "resizePolicy", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"]
        {
            let field = container.field(name);
            if !field.is_empty() {
                errors.push(field.forbidden(REFUSED));
            }
        }
        for mount in container.field("volumeMounts").items() {
            let paths = ["subPath", "subPathExpr"].into_iter().map(|name| mount.field(name));
            errors.extend(paths.filter(|path| !path.is_empty()).map(|path| path.forbidden(REFUSED)));
        }
    }
    errors
}

/// Pods, but not templates, refuse spaces around an image's name.
pub(super) fn untrimmed_image(container: &At) -> Option<FieldError> {
    let image = container.field("image");
    (image.text().trim() != image.text()).then(|| image.invalid("must not have leading or trailing whitespace"))
}

fn common(container: &At, pod: &Pod) -> Errors {
    let name = container.field("name");
    let mut errors = if name.is_empty() { vec![name.required("")] } else { dns_label(&name) };
    errors.extend(required(&container.field("image")));
    errors.extend(choice(&container.field("terminationMessagePolicy"), MESSAGE_POLICIES));
    errors.extend(ports(&container.field("ports")));
    errors.extend(env::env(&container.field("env")));
    errors.extend(env::env_from(&container.field("envFrom")));
    errors.extend(mounts::mounts(container, pod.volumes));
    errors.extend(mounts::devices(container, pod.volumes));
    errors.extend(choice(&container.field("imagePullPolicy"), PULL_POLICIES));
    errors.extend(resources::requirements(&container.field("resources"), pod.spec));
    errors.extend(resize_policy(&container.field("resizePolicy"), pod.spec));
    errors.extend(security::container(&container.field("securityContext"), pod.host_users()));
    errors
}

fn unique_name<'a>(container: &At<'a>, names: &mut Vec<&'a str>) -> Option<FieldError> {
    let name = container.field("name");
    let taken = names.contains(&name.text()) && !name.is_empty();
    names.push(name.text());
    taken.then(|| name.duplicate())
}

fn lifecycle_and_probes(container: &At, pod: &Pod) -> Errors {
    let mut errors = probe::lifecycle(&container.field("lifecycle"), pod);
    errors.extend(probe::liveness(&container.field("livenessProbe"), pod));
    errors.extend(probe::readiness(&container.field("readinessProbe"), pod));
    errors.extend(probe::liveness(&container.field("startupProbe"), pod));
    errors
}

fn only_for_sidecars(container: &At) -> Errors {
    let fields = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"].map(|name| container.field(name));
    let text = "may not be set for init containers without restartPolicy=Always";
    fields.iter().filter(|field| field.is_set()).map(|field| field.forbidden(text)).collect()
}

fn restart_policy(container: &At) -> Errors {
    let (policy, rules) = (container.field("restartPolicy"), container.field("restartPolicyRules"));
    let mut errors: Errors = Vec::new();
    if policy.is_set() {
        errors.extend(policy.one_of(RESTART_POLICIES));
    } else if !rules.is_empty() {
        errors.push(policy.required("must specify restartPolicy when restart rules are used"));
    }
    if rules.len() > 20 {
        errors.push(rules.too_many(20));
    }
    for rule in rules.items() {
        errors.extend(rule.field("action").one_of(RULE_ACTIONS));
        let codes = rule.field("exitCodes");
        if codes.is_null() {
            errors.push(codes.required("must be specified"));
        } else {
            errors.extend(codes.field("operator").one_of(&["In", "NotIn"]));
            let values = codes.field("values");
            errors.extend((values.len() > 255).then(|| values.too_many(255)));
        }
    }
    errors
}

fn ports(ports: &At) -> Errors {
    let (mut errors, mut names) = (Vec::new(), Vec::new());
    for port in ports.items() {
        let (name, number, host) = (port.field("name"), port.field("containerPort"), port.field("hostPort"));
        if !name.is_empty() {
            let wrong = name.all(port_name(name.text()));
            if wrong.is_empty() && names.contains(&name.text()) {
                errors.push(name.duplicate());
            }
            errors.extend(wrong);
            names.push(name.text());
        }
        if number.int() == 0 {
            errors.push(number.required(""));
        } else {
            errors.extend(port_number(&number));
        }
        if host.int() != 0 {
            errors.extend(port_number(&host));
        }
        errors.extend(protocol(&port.field("protocol")));
    }
    errors
}

fn host_port_conflicts<'a>(containers: impl Iterator<Item = At<'a>>) -> Errors {
    let (mut errors, mut taken) = (Vec::new(), Vec::new());
    for port in containers.flat_map(|container| container.field("ports").items()) {
        let host = port.field("hostPort");
        if host.int() == 0 {
            continue;
        }
        let key = format!("{}/{}/{}", port.field("protocol").text(), port.field("hostIP").text(), host.int());
        if taken.contains(&key) {
            errors.push(host.duplicate_as(key.as_str()));
        }
        taken.push(key);
    }
    errors
}

fn resize_policy(policies: &At, spec: &At) -> Errors {
    let never = spec.field("restartPolicy").text() == "Never";
    let (mut errors, mut seen) = (Vec::new(), Vec::new());
    for policy in policies.items() {
        let (name, restart) = (policy.field("resourceName"), policy.field("restartPolicy"));
        if seen.contains(&name.text()) {
            errors.push(policy.duplicate_as(name.text()));
        }
        seen.push(name.text());
        // Kubernetes names the list, not the element.
        errors.extend(choice(&At::named(&policies.path, name.value), &["cpu", "memory"]));
        errors.extend(choice(&At::named(&policies.path, restart.value), &["NotRequired", "RestartContainer"]));
        if never && restart.text() != "NotRequired" {
            let text = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
            errors.push(policies.invalid_as(restart.text(), text));
        }
    }
    errors
}
