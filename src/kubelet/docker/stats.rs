//! What the running containers of a node use. Must not wait for a second sample: the reader computes rates.

use bollard::Docker;
use bollard::models::{ContainerMemoryStats, ContainerStatsResponse};
use bollard::query_parameters::StatsOptions;
use futures::{StreamExt, TryStreamExt, stream};

use super::error::{found, refused};
use super::{AT_ONCE, labels, state};
use crate::kubelet::runtime::{RuntimeError, Usage};

/// The usage of every running container of a node's pods.
pub(super) async fn of_node(docker: &Docker, cluster: &str, node: &str) -> Result<Vec<Usage>, RuntimeError> {
    let wanted = [(labels::CLUSTER, cluster), (labels::NODE, node), (labels::ROLE, labels::CONTAINER)];
    let running = state::running(docker, &wanted).await.map_err(refused(RuntimeError::Other))?;
    let usages = running.into_iter().filter_map(|one| {
        let pod_uid = labels::text(&one.labels?, labels::POD_UID);
        Some(usage(docker, one.id?, pod_uid))
    });
    let usages: Vec<_> = stream::iter(usages).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(usages.into_iter().flatten().collect())
}

async fn usage(docker: &Docker, id: String, pod_uid: String) -> Result<Option<Usage>, RuntimeError> {
    let options = StatsOptions { stream: false, one_shot: true };
    let sample = docker.stats(&id, Some(options)).try_next().await;
    let sample = found(sample).map_err(refused(RuntimeError::Other))?.flatten();
    Ok(sample.and_then(|sample| measured(&sample, id, pod_uid)))
}

/// A container that ended meanwhile has a sample without time or usage.
fn measured(sample: &ContainerStatsResponse, id: String, pod_uid: String) -> Option<Usage> {
    let at = sample.read.as_deref()?.parse().ok()?;
    let cpu_nanos = sample.cpu_stats.as_ref()?.cpu_usage.as_ref()?.total_usage?;
    Some(Usage { pod_uid, id, cpu_nanos, memory: working_set(sample.memory_stats.as_ref()?)?, at })
}

/// Usage less the page cache that the kernel may take back (cAdvisor's working set; cgroup v2 and v1 names).
fn working_set(memory: &ContainerMemoryStats) -> Option<u64> {
    let stat = |name: &str| memory.stats.as_ref().and_then(|stats| stats.get(name)).copied();
    let inactive = stat("inactive_file").or_else(|| stat("total_inactive_file")).unwrap_or_default();
    Some(memory.usage?.saturating_sub(inactive))
}
