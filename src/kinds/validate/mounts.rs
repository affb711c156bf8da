//! Where a container mounts the pod's volumes (`ValidateVolumeMounts`). Must not judge the volumes themselves.

use super::FieldError;
use super::common::{local_path, no_backsteps, required};
use super::volume::Volumes;
use crate::kinds::at::At;

type Errors = Vec<FieldError>;

const PROPAGATIONS: &[&str] = &["Bidirectional", "HostToContainer", "None"];

pub(super) fn mounts(container: &At, volumes: &Volumes) -> Errors {
    let list = container.field("volumeMounts");
    let devices = container.field("volumeDevices");
    let (mut errors, mut paths) = (Vec::new(), Vec::new());
    for mount in list.items() {
        let (name, path) = (mount.field("name"), mount.field("mountPath"));
        errors.extend(required(&name));
        if !volumes.has(name.text()) {
            errors.push(name.not_found());
        }
        errors.extend(required(&path));
        if paths.contains(&path.text()) {
            errors.push(path.invalid("must be unique"));
        }
        paths.push(path.text());
        if devices.items().any(|device| device.field("name").text() == name.text()) {
            errors.push(name.invalid("must not already exist in volumeDevices"));
        }
        if devices.items().any(|device| device.field("devicePath").text() == path.text()) {
            errors.push(path.invalid("must not already exist as a path in volumeDevices"));
        }
        errors.extend(options(&mount, &list, container));
    }
    errors
}

/// Subpaths and propagation. Kubernetes names the list here, not the element.
fn options(mount: &At, list: &At, container: &At) -> Errors {
    let named = |name: &str| At::named(format!("{}.{name}", list.path), mount.field(name).value);
    let (sub, expression) = (mount.field("subPath"), mount.field("subPathExpr"));
    let mut errors = Vec::new();
    if !sub.is_empty() {
        errors.extend(local_path(&named("subPath")));
    }
    if !expression.is_empty() {
        if !sub.is_empty() {
            errors.push(expression.invalid("subPathExpr and subPath are mutually exclusive"));
        }
        errors.extend(local_path(&named("subPathExpr")));
    }
    let propagation = named("mountPropagation");
    if propagation.is_set() {
        errors.extend(propagation.one_of(PROPAGATIONS));
        if propagation.text() == "Bidirectional" && !container.field("securityContext.privileged").flag() {
            let text = "Bidirectional mount propagation is available only to privileged containers";
            errors.push(propagation.forbidden(text));
        }
    }
    let recursive = named("recursiveReadOnly");
    match recursive.text() {
        "Enabled" | "IfPossible" if !mount.field("readOnly").flag() => {
            errors.push(recursive.forbidden("may only be specified when readOnly is true"));
        }
        "" | "Disabled" | "Enabled" | "IfPossible" => {}
        _ => errors.push(recursive.unsupported(&["Disabled", "Enabled", "IfPossible"])),
    }
    errors
}

pub(super) fn devices(container: &At, volumes: &Volumes) -> Errors {
    let mounts = container.field("volumeMounts");
    let (mut errors, mut names, mut paths) = (Vec::new(), Vec::new(), Vec::new());
    for device in container.field("volumeDevices").items() {
        let (name, path) = (device.field("name"), device.field("devicePath"));
        errors.extend(required(&name));
        if names.contains(&name.text()) {
            errors.push(name.invalid("must be unique"));
        }
        match volumes.is_block(name.text()) {
            Some(true) => {}
            Some(false) => errors.push(
                name.invalid("can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"),
            ),
            None => errors.push(name.not_found()),
        }
        errors.extend(required(&path));
        if paths.contains(&path.text()) {
            errors.push(path.invalid("must be unique"));
        }
        if no_backsteps(&path).is_some() {
            errors.push(path.invalid("can not contain backsteps ('..')"));
        }
        if mounts.items().any(|mount| mount.field("name").text() == name.text()) {
            errors.push(name.invalid("must not already exist in volumeMounts"));
        }
        if mounts.items().any(|mount| mount.field("mountPath").text() == path.text()) {
            errors.push(path.invalid("must not already exist as a path in volumeMounts"));
        }
        names.push(name.text());
        paths.push(path.text());
    }
    errors
}
