//! A pod's volumes as the runtime mounts them, from its spec and what it refers to. Must not do IO.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use k8s_openapi::api::core::v1::{
    ConfigMap, Container, DownwardAPIVolumeFile, KeyToPath, PersistentVolume, Secret, Volume as Declared,
    VolumeProjection,
};

use super::fields;
use super::pod::spec;
use super::sources::{Sources, Wanted};
use crate::base::quantity::Quantity;
use crate::client::api_access::{mounted_by, volumes};
use crate::client::pod::Pod;
use crate::kubelet::runtime::{File, Mount, Volume, VolumeSource};

/// Permissions of files whose volume sets none.
const MODE: u32 = 0o644;
/// Where the local provisioner keeps volumes: virtual nodes share this machine's disk, so each has this folder apart.
const PROVISIONED: &str = "/opt/local-path-provisioner";

/// What the contents of volumes follow from besides the pod.
pub(crate) struct Facts<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) host_ip: IpAddr,
    pub(crate) sources: &'a Sources,
    pub(crate) node: &'a fields::Node,
    /// Where the node's own disk lies on this machine.
    pub(crate) disk: &'a Path,
}

type Tree = BTreeMap<String, File>;

/// Names of what the pod's volumes refer to.
pub(crate) fn wanted(pod: &Pod) -> Wanted {
    let mut wanted = Wanted::default();
    for volume in volumes(spec::spec(pod)) {
        wanted.config_maps.extend(volume.config_map.iter().map(|it| it.name.clone()));
        wanted.secrets.extend(volume.secret.iter().filter_map(|it| it.secret_name.clone()));
        wanted.claims.extend(claim_of(&volume, pod).map(|(claim, _)| claim));
        for source in volume.projected.iter().flat_map(|it| it.sources.iter().flatten()) {
            wanted.config_maps.extend(source.config_map.iter().map(|it| it.name.clone()));
            wanted.secrets.extend(source.secret.iter().map(|it| it.name.clone()));
            let token = source.service_account_token.as_ref();
            wanted.token = wanted.token.or(token.map(|it| it.expiration_seconds.unwrap_or(3600)));
        }
    }
    wanted
}

/// The claim of a volume, and whether it may only be read; that of an ephemeral one is called after both.
fn claim_of(volume: &Declared, pod: &Pod) -> Option<(String, bool)> {
    if let Some(it) = &volume.persistent_volume_claim {
        return Some((it.claim_name.clone(), it.read_only.unwrap_or(false)));
    }
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    volume.ephemeral.as_ref().map(|_| (format!("{name}-{}", volume.name), false))
}

/// The volumes, or the message of `FailedMount`.
pub(crate) fn resolve(facts: &Facts) -> Result<Vec<Volume>, String> {
    let declared = volumes(spec::spec(facts.pod));
    declared.map(|volume| Ok(Volume { name: volume.name.clone(), source: source(&volume, facts)? })).collect()
}

/// Where a container of the pod mounts them.
pub(crate) fn mounts(pod: &Pod, container: &Container) -> Vec<Mount> {
    let mounts = container.volume_mounts.iter().flatten();
    let mount = |it: &k8s_openapi::api::core::v1::VolumeMount| Mount {
        volume: mounted_by(spec::spec(pod), it).into(),
        path: it.mount_path.clone(),
        sub_path: it.sub_path.clone().unwrap_or_default(),
        read_only: it.read_only.unwrap_or(false),
    };
    mounts.map(mount).collect()
}

fn source(volume: &Declared, facts: &Facts) -> Result<VolumeSource, String> {
    let failed = |cause: String| format!("MountVolume.SetUp failed for volume \"{}\" : {cause}", volume.name);
    let mut tree = Tree::new();
    if let Some(it) = &volume.config_map {
        let items = Items { list: it.items.as_deref(), optional: it.optional, mode: it.default_mode };
        config_map(&it.name, &items, facts, &mut tree).map_err(failed)?;
    } else if let Some(it) = &volume.secret {
        let items = Items { list: it.items.as_deref(), optional: it.optional, mode: it.default_mode };
        secret(it.secret_name.as_deref().unwrap_or_default(), &items, facts, &mut tree).map_err(failed)?;
    } else if let Some(it) = &volume.downward_api {
        downward(it.items.as_deref().unwrap_or_default(), it.default_mode, facts, &mut tree).map_err(failed)?;
    } else if let Some(it) = &volume.projected {
        for source in it.sources.iter().flatten() {
            projection(source, it.default_mode, facts, &mut tree).map_err(failed)?;
        }
    } else if let Some(it) = &volume.empty_dir {
        let limit = it.size_limit.as_ref().and_then(|limit| Quantity::parse(&limit.0).ok());
        let limit = limit.and_then(|limit| u64::try_from(limit.value()).ok()).filter(|limit| *limit > 0);
        return Ok(VolumeSource::Empty { memory: it.medium.as_deref() == Some("Memory"), limit });
    } else if let Some(it) = &volume.host_path {
        return Ok(VolumeSource::Host(PathBuf::from(&it.path)));
    } else if let Some((claim, read_only)) = claim_of(volume, facts.pod) {
        let found = facts.sources.volumes.get(&claim).and_then(Option::as_ref);
        let found = found.ok_or_else(|| failed(format!("persistentvolumeclaim \"{claim}\" is not bound")))?;
        return persistent(found, facts.disk).map(|path| disk(path, read_only)).map_err(failed);
    } else {
        return Err(failed("this kind of volume is not supported by this node".into()));
    }
    Ok(VolumeSource::Files(tree.into_iter().collect()))
}

/// Where a volume lies on this machine: one of the local provisioner on the node's own disk, any other folder where it says.
fn persistent(volume: &PersistentVolume, disk: &Path) -> Result<PathBuf, String> {
    let spec = volume.spec.clone().unwrap_or_default();
    let path = spec.host_path.map(|it| it.path).or(spec.local.map(|it| it.path));
    let Some(path) = path else { return Err("this kind of volume is not supported by this node".into()) };
    let path = PathBuf::from(path);
    if !path.starts_with(PROVISIONED) {
        return Ok(path);
    }
    let inside: PathBuf = path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    Ok(disk.join(inside))
}

fn disk(path: PathBuf, read_only: bool) -> VolumeSource {
    if read_only { VolumeSource::Host(path) } else { VolumeSource::Disk(path) }
}

fn projection(source: &VolumeProjection, mode: Option<i32>, facts: &Facts, tree: &mut Tree) -> Result<(), String> {
    if let Some(it) = &source.config_map {
        config_map(&it.name, &Items { list: it.items.as_deref(), optional: it.optional, mode }, facts, tree)?;
    }
    if let Some(it) = &source.secret {
        secret(&it.name, &Items { list: it.items.as_deref(), optional: it.optional, mode }, facts, tree)?;
    }
    if let Some(it) = &source.downward_api {
        downward(it.items.as_deref().unwrap_or_default(), mode, facts, tree)?;
    }
    if let (Some(it), Some(token)) = (&source.service_account_token, &facts.sources.token) {
        tree.insert(it.path.clone(), file(token.clone(), mode));
    }
    Ok(())
}

/// Which keys of an object become which files.
struct Items<'a> {
    list: Option<&'a [KeyToPath]>,
    optional: Option<bool>,
    mode: Option<i32>,
}

fn config_map(name: &str, items: &Items, facts: &Facts, tree: &mut Tree) -> Result<(), String> {
    let data = |map: &Arc<ConfigMap>| {
        let keys = map.data.iter().flatten().map(|(key, _)| key);
        let text = keys.map(|key| (key.clone(), Bytes::from_owner(Text { map: Arc::clone(map), key: key.clone() })));
        let binary = map.binary_data.iter().flatten().map(|(key, value)| (key.clone(), Bytes::from(value.0.clone())));
        text.chain(binary).collect()
    };
    let found = facts.sources.config_maps.get(name).cloned().flatten();
    place(&format!("configmap \"{name}\""), found.map(|map| data(&map)), items, tree)
}

/// A text of a ConfigMap, which all pods that were made of one answer share.
struct Text {
    map: Arc<ConfigMap>,
    key: String,
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        let text = self.map.data.as_ref().and_then(|data| data.get(&self.key));
        text.map(String::as_bytes).unwrap_or_default()
    }
}

fn secret(name: &str, items: &Items, facts: &Facts, tree: &mut Tree) -> Result<(), String> {
    let data = |secret: &Secret| {
        secret.data.iter().flatten().map(|(key, value)| (key.clone(), Bytes::from(value.0.clone()))).collect()
    };
    let found = facts.sources.secrets.get(name).cloned().flatten();
    place(&format!("secret \"{name}\""), found.map(|secret| data(&secret)), items, tree)
}

fn place(what: &str, data: Option<BTreeMap<String, Bytes>>, items: &Items, tree: &mut Tree) -> Result<(), String> {
    let optional = items.optional.unwrap_or(false);
    let data = match data {
        Some(data) => data,
        None if optional => return Ok(()),
        None => return Err(format!("{what} not found")),
    };
    let Some(list) = items.list.filter(|list| !list.is_empty()) else {
        tree.extend(data.into_iter().map(|(key, value)| (key, file(value, items.mode))));
        return Ok(());
    };
    for item in list {
        match data.get(&item.key) {
            Some(value) => drop(tree.insert(item.path.clone(), file(value.clone(), item.mode.or(items.mode)))),
            None if optional => {}
            None => return Err(format!("references non-existent config key: {}", item.key)),
        }
    }
    Ok(())
}

fn downward(items: &[DownwardAPIVolumeFile], mode: Option<i32>, facts: &Facts, tree: &mut Tree) -> Result<(), String> {
    for item in items {
        let text = if let Some(it) = &item.field_ref {
            fields::field(facts.pod, &it.field_path, (None, facts.host_ip))?
        } else if let Some(it) = &item.resource_field_ref {
            let name = it.container_name.as_deref().unwrap_or_default();
            let container = spec::container(facts.pod, name).ok_or_else(|| format!("container {name} not found"))?;
            fields::resource(container, &it.resource, it.divisor.as_ref().map(|it| it.0.as_str()), facts.node)?
        } else {
            continue;
        };
        tree.insert(item.path.clone(), file(text, item.mode.or(mode)));
    }
    Ok(())
}

fn file(data: impl Into<Bytes>, mode: Option<i32>) -> File {
    File { data: data.into(), mode: mode.and_then(|mode| u32::try_from(mode).ok()).unwrap_or(MODE) }
}

#[cfg(test)]
mod tests;
