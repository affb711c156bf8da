//! Volumes of a pod (`ValidateVolumes`). Sources of clouds that nobody teaches with are only counted.
//! Must not look at who mounts them.

use super::FieldError;
use super::common::{dns_label, file_mode, local_unreserved_path, no_backsteps, required};
use super::env::field_ref;
use super::resources;
use crate::base::quantity::Quantity;
use crate::kinds::at::At;

type Errors = Vec<FieldError>;

/// The sources in the order in which Kubernetes reads them.
const SOURCES: &[&str] = &[
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
];

/// The volumes that are well-formed, by name.
pub(super) struct Volumes<'a>(Vec<(&'a str, At<'a>)>);

impl Volumes<'_> {
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| *found == name)
    }

    /// Whether the volume can be a raw device; nothing for an unknown volume.
    pub(super) fn is_block(&self, name: &str) -> Option<bool> {
        let (_, volume) = self.0.iter().find(|(found, _)| *found == name)?;
        Some(volume.field("persistentVolumeClaim").is_set() || volume.field("ephemeral").is_set())
    }
}

/// The well-formed volumes, and what is wrong with the others.
pub(super) fn volumes<'a>(list: &At<'a>) -> (Volumes<'a>, Errors) {
    let (mut good, mut errors) = (Volumes(Vec::new()), Vec::new());
    for volume in list.items() {
        let name = volume.field("name");
        let mut wrong = source(&volume);
        wrong.extend(if name.is_empty() { vec![name.required("")] } else { dns_label(&name) });
        if good.has(name.text()) {
            wrong.push(name.duplicate());
        }
        if wrong.is_empty() {
            good.0.push((name.text(), volume));
        } else {
            errors.extend(wrong);
        }
    }
    (good, errors)
}

/// Exactly one source.
fn source(volume: &At) -> Errors {
    let mut set = SOURCES.iter().filter(|name| volume.field(name).is_set());
    let Some(first) = set.next() else { return vec![volume.required("must specify a volume type")] };
    let mut errors = one(first, &volume.field(first));
    errors.extend(set.map(|more| volume.field(more).forbidden("may not specify more than 1 volume type")));
    errors
}

fn one(name: &str, source: &At) -> Errors {
    let needed: &[&str] = match name {
        "emptyDir" => return empty_dir(source).into_iter().collect(),
        "hostPath" => return host_path(source),
        "secret" => return files(source, "secretName"),
        "configMap" => return files(source, "name"),
        "downwardAPI" => return downward(source),
        "projected" => return projected(source),
        "nfs" => return nfs(source),
        "ephemeral" => return super::claim::ephemeral(source),
        "persistentVolumeClaim" => &["claimName"],
        "gitRepo" => &["repository"],
        "csi" => &["driver"],
        "image" => &["reference"],
        "gcePersistentDisk" => &["pdName"],
        "awsElasticBlockStore" | "cinder" | "portworxVolume" => &["volumeID"],
        "glusterfs" => &["endpoints", "path"],
        "rbd" => &["monitors", "image"],
        "iscsi" => &["targetPortal", "iqn"],
        "azureDisk" => &["diskName", "diskURI"],
        "azureFile" => &["secretName", "shareName"],
        "vsphereVolume" => &["volumePath"],
        _ => &[],
    };
    needed.iter().filter_map(|name| required(&source.field(name))).collect()
}

fn empty_dir(source: &At) -> Option<FieldError> {
    let limit = source.field("sizeLimit");
    let negative = Quantity::parse(limit.text()).is_ok_and(|limit| limit.is_negative());
    negative.then(|| limit.forbidden("SizeLimit field must be a valid resource quantity"))
}

fn host_path(source: &At) -> Errors {
    const TYPES: &[&str] =
        &["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    let (path, kind) = (source.field("path"), source.field("type"));
    if path.is_empty() {
        return vec![path.required("")];
    }
    no_backsteps(&path).into_iter().chain(kind.one_of(TYPES)).collect()
}

fn nfs(source: &At) -> Errors {
    let path = source.field("path");
    let mut errors: Errors = required(&source.field("server")).into_iter().chain(required(&path)).collect();
    if !path.text().starts_with('/') {
        errors.push(path.invalid_as(path.text(), "must be an absolute path"));
    }
    errors
}

/// A ConfigMap or Secret as files.
fn files(source: &At, name: &str) -> Errors {
    let mut errors: Errors = required(&source.field(name)).into_iter().collect();
    errors.extend(file_mode(&source.field("defaultMode")));
    errors.extend(source.field("items").items().flat_map(|item| key_to_path(&item)));
    errors
}

fn key_to_path(item: &At) -> Errors {
    let path = item.field("path");
    let mut errors: Errors = required(&item.field("key")).into_iter().chain(required(&path)).collect();
    errors.extend(local_unreserved_path(&path));
    errors.extend(file_mode(&item.field("mode")));
    errors
}

fn downward(source: &At) -> Errors {
    let mut errors: Errors = file_mode(&source.field("defaultMode")).into_iter().collect();
    // Kubernetes names the volume, not the element.
    let items = source.field("items");
    errors.extend(items.items().flat_map(|item| downward_file(&At::named(&source.path, item.value))));
    errors
}

fn downward_file(file: &At) -> Errors {
    const FIELDS: &[&str] =
        &["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
    let (path, field, resource) = (file.field("path"), file.field("fieldRef"), file.field("resourceFieldRef"));
    let mut errors: Errors = required(&path).into_iter().chain(local_unreserved_path(&path)).collect();
    if field.is_set() {
        errors.extend(field_ref(&field, FIELDS));
        if resource.is_set() {
            let text = "fieldRef and resourceFieldRef can not be specified simultaneously";
            errors.push(file.invalid_as("resource", text));
        }
    } else if resource.is_set() {
        errors.extend(resources::field_ref(&resource, true));
    } else {
        errors.push(file.required("one of fieldRef and resourceFieldRef is required"));
    }
    errors.extend(file_mode(&file.field("mode")));
    errors
}

fn projected(source: &At) -> Errors {
    let mut errors: Errors = file_mode(&source.field("defaultMode")).into_iter().collect();
    let mut paths = Vec::new();
    for projection in source.field("sources").items() {
        errors.extend(projection_files(&projection, source, &mut paths));
        let token = projection.field("serviceAccountToken");
        if token.is_set() {
            errors.extend(token_source(&token, source));
        }
        let kinds =
            ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"];
        if kinds.iter().filter(|kind| projection.field(kind).is_set()).count() > 1 {
            errors.push(projection.forbidden("may not specify more than 1 volume type per source"));
        }
    }
    errors
}

fn projection_files<'a>(projection: &At<'a>, volume: &At, paths: &mut Vec<&'a str>) -> Errors {
    let mut errors = Vec::new();
    for kind in ["secret", "configMap", "downwardAPI"] {
        let source = projection.field(kind);
        if source.is_null() {
            continue;
        }
        let name = source.field("name");
        if kind != "downwardAPI" {
            errors.extend(required(&name));
        }
        for item in source.field("items").items() {
            let downward = kind == "downwardAPI";
            errors.extend(if downward {
                downward_file(&At::named(&source.path, item.value))
            } else {
                key_to_path(&item)
            });
            let path = item.field("path").text();
            if !path.is_empty() && paths.contains(&path) {
                errors
                    .push(volume.invalid_as(if downward { path } else { name.text() }, "conflicting duplicate paths"));
            }
            paths.push(path);
        }
    }
    errors
}

fn token_source(token: &At, volume: &At) -> Errors {
    let seconds = token.field("expirationSeconds");
    let path = At::named(format!("{}.path", volume.path), token.field("path").value);
    let mut errors = Vec::new();
    if seconds.int() < 600 {
        errors.push(seconds.invalid("may not specify a duration less than 10 minutes"));
    }
    if seconds.int() > 1 << 32 {
        errors.push(seconds.invalid("may not specify a duration larger than 2^32 seconds"));
    }
    errors.extend(required(&path).map_or_else(|| local_unreserved_path(&path), |error| vec![error]));
    errors
}
