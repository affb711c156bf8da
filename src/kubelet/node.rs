//! The Node object and its Lease: who this worker is, what it has, that it lives. Must not look at pods.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::{
    ContainerImage, DaemonEndpoint, Node, NodeAddress, NodeCondition, NodeDaemonEndpoints, NodeStatus, NodeSystemInfo,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, OwnerReference};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::context::Context;
use super::pod::status::{merge_diff, time};

/// Kubernetes' version that this kubelet stands for.
pub(crate) const VERSION: &str = "v1.36.0";
/// Namespace of the nodes' Leases.
const LEASES: &str = "kube-node-lease";
/// How often the Lease is renewed (kubelet: a quarter of its duration).
const RENEW: Duration = Duration::from_secs(10);
/// How long a Lease is good for (kubelet `nodeLeaseDurationSeconds`).
const LEASE_SECONDS: i32 = 40;
/// How often the status is reported though nothing changed (kubelet `nodeStatusReportFrequency`).
const REPORT: Duration = Duration::from_secs(300);
/// Images that the status lists.
const MOST_IMAGES: usize = 50;
/// Wait while the node has no podCIDR or the server does not answer.
const RETRY: Duration = Duration::from_millis(100);
/// Conditions that are fine when False, with kubelet's reasons and messages.
const PRESSURES: [(&str, &str, &str); 3] = [
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
];

/// Registers the node and keeps its status and Lease fresh.
pub(crate) async fn keep(context: Arc<Context>) {
    let node = Box::pin(register(&context)).await;
    let lease = async {
        loop {
            if let Err(error) = Box::pin(renew(&context)).await {
                tracing::debug!(%error, node = context.node, "lease not renewed");
                tokio::time::sleep(RETRY * 10).await;
                continue;
            }
            tokio::time::sleep(RENEW).await;
        }
    };
    tokio::join!(lease, report(&context, node));
}

/// Creates the Node, or finds the one that is there.
async fn register(context: &Context) -> Arc<Node> {
    let api: Api<Node> = Api::all(context.clients.client());
    loop {
        let found = match api.create(&PostParams::default(), &new_node(context)).await {
            Err(kube::Error::Api(status)) if status.code == 409 => api.get(&context.node).await,
            other => other,
        };
        match found {
            Ok(node) => return context.nodes.share(node),
            Err(error) => tracing::debug!(%error, node = context.node, "node not registered yet"),
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// What the kubelet knows of its Node.
struct Known {
    node: Arc<Node>,
    /// When the status was last written.
    reported: Duration,
    /// Whether the Node has given a range for pods.
    ranged: bool,
}

/// Writes the status when it changes, asks for the podCIDR until it is there.
async fn report(context: &Context, node: Arc<Node>) {
    let mut known = Known { node, reported: context.clock.elapsed(), ranged: false };
    let mut wait = RETRY;
    loop {
        // Boxed: a thousand kubelets sleep most of their time, and need no room for a request meanwhile.
        let written = Box::pin(write(context, &mut known)).await;
        if !written {
            known.node = Box::pin(register(context)).await;
            continue;
        }
        tokio::time::sleep(if known.ranged { RENEW } else { wait }).await;
        // A thousand kubelets that ask ten times a second would keep the server from giving ranges.
        wait = (wait * 2).min(RENEW / 10);
        if let Some(node) = Box::pin(look(context, known.ranged)).await {
            known.node = node;
        }
    }
}

/// Writes what is new of the status; false when there is no such Node any more.
async fn write(context: &Context, known: &mut Known) -> bool {
    let Known { node, reported, ranged } = known;
    *ranged = take_range(context, node);
    let now = context.clock.now();
    let ready = readiness(context, *ranged).await;
    let mut wanted = status(context, node, ready, now, context.clock.elapsed().saturating_sub(*reported) >= REPORT);
    wanted.images = images(context).await.or(wanted.images);
    let value = |status: &_| serde_json::to_value(status).unwrap_or_default();
    let old = node.status.clone().unwrap_or_default();
    let Some(patch) = merge_diff(&value(&old), &value(&wanted)) else { return true };
    let body = Patch::Merge(json!({ "status": patch }));
    let api: Api<Node> = Api::all(context.clients.client());
    match api.patch_status(&context.node, &PatchParams::default(), &body).await {
        Ok(updated) => (*node, *reported) = (context.nodes.share(updated), context.clock.elapsed()),
        Err(kube::Error::Api(status)) if status.code == 404 => return false,
        Err(error) => tracing::debug!(%error, node = context.node, "node status not written"),
    }
    true
}

/// The Node as it is now; made anew when somebody deleted it.
async fn look(context: &Context, ranged: bool) -> Option<Arc<Node>> {
    let api: Api<Node> = Api::all(context.clients.client());
    match api.get_opt(&context.node).await {
        Ok(Some(found)) => Some(context.nodes.share(found)),
        _ if ranged => Some(register(context).await),
        _ => None,
    }
}

/// The largest images on this machine (kubelet `nodeStatusMaxImages`).
async fn images(context: &Context) -> Option<Vec<ContainerImage>> {
    let mut images = context.runtime.images().await.ok()?;
    images.sort_by(|one, other| (other.1, &one.0).cmp(&(one.1, &other.0)));
    images.truncate(MOST_IMAGES);
    let image =
        |(names, size): (Vec<String>, u64)| ContainerImage { names: Some(names), size_bytes: i64::try_from(size).ok() };
    Some(images.into_iter().map(image).collect())
}

/// Takes the node's podCIDR once it has one.
fn take_range(context: &Context, node: &Node) -> bool {
    let mut ipam = context.ipam.lock();
    if !ipam.is_ready()
        && let Some(cidr) = node.spec.as_ref().and_then(|spec| spec.pod_cidr.as_deref())
    {
        ipam.set_range(cidr);
    }
    ipam.is_ready()
}

/// Status, reason and message of the Ready condition.
async fn readiness(context: &Context, ranged: bool) -> (bool, &'static str, String) {
    if let Err(error) = context.runtime.check().await {
        return (false, "KubeletNotReady", error.to_string());
    }
    if !ranged {
        let message = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady \
                       message:Network plugin returns error: node has no podCIDR";
        return (false, "KubeletNotReady", message.into());
    }
    (true, "KubeletReady", "kubelet is posting ready status".into())
}

fn new_node(context: &Context) -> Node {
    let arch = go_arch();
    let labels = [
        ("beta.kubernetes.io/arch", arch),
        ("beta.kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", arch),
        ("kubernetes.io/hostname", &context.node),
        ("kubernetes.io/os", "linux"),
    ];
    let mut node = Node::default();
    node.metadata.name = Some(context.node.clone());
    node.metadata.labels = Some(labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    node.status =
        Some(status(context, &node, (false, "KubeletNotReady", "starting".into()), context.clock.now(), false));
    node
}

fn status(context: &Context, node: &Node, ready: (bool, &str, String), now: Timestamp, heartbeat: bool) -> NodeStatus {
    let old = node.status.clone().unwrap_or_default();
    let resources = [
        ("cpu", context.capacity.cpu.clone()),
        ("ephemeral-storage", "20Gi".to_owned()),
        ("hugepages-1Gi", "0".to_owned()),
        ("hugepages-2Mi", "0".to_owned()),
        ("memory", context.capacity.memory.clone()),
        ("pods", context.capacity.pods.to_string()),
    ];
    let resources: BTreeMap<_, _> = resources.map(|(name, value)| (name.to_owned(), Quantity(value))).into();
    let address = |kind: &str, address: String| NodeAddress { type_: kind.into(), address };
    NodeStatus {
        addresses: Some(vec![
            address("InternalIP", context.host.ip.to_string()),
            address("Hostname", context.node.clone()),
        ]),
        capacity: Some(resources.clone()),
        allocatable: Some(resources),
        conditions: Some(conditions(&old, ready, now, heartbeat)),
        daemon_endpoints: Some(NodeDaemonEndpoints { kubelet_endpoint: Some(DaemonEndpoint { port: 10250 }) }),
        node_info: Some(info(context)),
        ..old
    }
}

fn conditions(old: &NodeStatus, ready: (bool, &str, String), now: Timestamp, heartbeat: bool) -> Vec<NodeCondition> {
    let own = PRESSURES.iter().map(|(name, reason, message)| (*name, (false, *reason, (*message).to_owned())));
    let own = own.chain([("Ready", ready)]);
    let condition = |(name, (truth, reason, message)): (&str, (bool, &str, String))| {
        let status = if truth { "True" } else { "False" };
        let before = old.conditions.iter().flatten().find(|condition| condition.type_ == name);
        let same = before.filter(|condition| condition.status == status);
        NodeCondition {
            type_: name.into(),
            status: status.into(),
            reason: Some(reason.into()),
            message: Some(message),
            last_transition_time: same.and_then(|it| it.last_transition_time.clone()).or(Some(time(now))),
            last_heartbeat_time: same
                .filter(|_| !heartbeat)
                .and_then(|it| it.last_heartbeat_time.clone())
                .or(Some(time(now))),
        }
    };
    own.map(condition).collect()
}

fn info(context: &Context) -> NodeSystemInfo {
    let id = crate::base::names::safe_encode(&context.node);
    NodeSystemInfo {
        architecture: go_arch().into(),
        boot_id: id.clone(),
        container_runtime_version: context.runtime.version(),
        kernel_version: "virtual".into(),
        kube_proxy_version: String::new(),
        kubelet_version: VERSION.into(),
        machine_id: id.clone(),
        operating_system: "linux".into(),
        os_image: "Timonel (nodo virtual)".into(),
        system_uuid: id,
        ..NodeSystemInfo::default()
    }
}

/// This machine's architecture in Go's words.
fn go_arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Renews the node's Lease, or makes it.
async fn renew(context: &Context) -> kube::Result<()> {
    let api: Api<Lease> = Api::namespaced(context.clients.client(), LEASES);
    let renewed = Some(MicroTime(context.clock.now()));
    let patch = Patch::Merge(json!({ "spec": { "renewTime": renewed } }));
    match api.patch(&context.node, &PatchParams::default(), &patch).await {
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        other => return other.map(drop),
    }
    // Asked anew: a Node that was deleted came back as another, and a Lease of the old one would be collected.
    let nodes: Api<Node> = Api::all(context.clients.client());
    let Some(node) = nodes.get_opt(&context.node).await? else { return Ok(()) };
    let owner = OwnerReference {
        api_version: "v1".into(),
        kind: "Node".into(),
        name: context.node.clone(),
        uid: node.uid().unwrap_or_default(),
        ..OwnerReference::default()
    };
    let spec = LeaseSpec {
        holder_identity: Some(context.node.clone()),
        lease_duration_seconds: Some(LEASE_SECONDS),
        renew_time: renewed,
        ..LeaseSpec::default()
    };
    let metadata =
        ObjectMeta { name: Some(context.node.clone()), owner_references: Some(vec![owner]), ..ObjectMeta::default() };
    api.create(&PostParams::default(), &Lease { metadata, spec: Some(spec) }).await.map(drop)
}
