//! What the containers of an embedded pod share: address, host name and volumes. Must not run anything.

use std::collections::HashMap;
use std::sync::Arc;

use crate::kubelet::programs::files::{Layout, Tree, Volume};
use crate::kubelet::runtime::{ContainerSpec, SandboxSpec};

/// A pod's sandbox.
pub(super) struct Sandbox {
    pub(super) spec: Arc<SandboxSpec>,
    pub(super) volumes: HashMap<String, Volume>,
}

impl Sandbox {
    pub(super) fn new(spec: SandboxSpec) -> Self {
        let volumes = spec.volumes.iter().map(|volume| (volume.name.clone(), Volume::new(&volume.source))).collect();
        Self { spec: Arc::new(spec), volumes }
    }

    /// The files that a container sees: its own few, and the volumes where they are mounted.
    pub(super) fn files(self: &Arc<Self>, container: &Arc<ContainerSpec>) -> Tree {
        let (sandbox, spec) = (self.clone(), container.clone());
        let tree = Tree::later(move || sandbox.layout(&spec));
        // A part of a volume stays as it is when the container starts.
        if container.mounts.iter().any(|mount| !mount.sub_path.is_empty()) { tree.lay_out() } else { tree }
    }

    fn layout(&self, container: &ContainerSpec) -> Layout {
        let mut tree = Layout::default();
        // Every image has them, empty; a tree of one's own refuses nothing.
        let _ = ["/root", "/tmp"].map(|folder| tree.make_directory(folder));
        tree.seed("/etc/hostname", format!("{}\n", self.spec.hostname));
        tree.seed("/etc/hosts", self.hosts());
        tree.seed("/etc/resolv.conf", self.resolv());
        for mount in &container.mounts {
            if let Some(volume) = self.volumes.get(&mount.volume) {
                tree.mount(&mount.path, volume.clone(), &mount.sub_path, mount.read_only);
            }
        }
        tree
    }

    fn hosts(&self) -> String {
        let mut text = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n".to_owned();
        text.push_str(&format!("{}\t{}\n", self.spec.ip, self.spec.hostname));
        for (ip, names) in &self.spec.hosts {
            text.push_str(&format!("{ip}\t{}\n", names.join("\t")));
        }
        text
    }

    fn resolv(&self) -> String {
        let dns = &self.spec.dns;
        let mut text = format!("search {}\n", dns.searches.join(" "));
        for server in &dns.servers {
            text.push_str(&format!("nameserver {server}\n"));
        }
        text.push_str(&format!("options {}\n", dns.options.join(" ")));
        text
    }
}
