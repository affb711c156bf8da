//! Pods that hold more than their emptyDirs may (kubelet `localStorageEviction`). Must not stop anything: it says why.

use std::collections::BTreeMap;
use std::time::Duration;

use super::pod::spec;
use crate::base::quantity::Quantity;
use crate::client::pod::Pod;

/// How often the volumes are measured (the eviction manager's `monitoringInterval`).
pub(crate) const PERIOD: Duration = Duration::from_secs(10);

/// The emptyDirs on disk that have a limit, with the limit's own words. Those in memory cannot grow beyond theirs.
fn limited(pod: &Pod) -> impl Iterator<Item = (&str, &str)> {
    spec::spec(pod).volumes.iter().flatten().filter_map(|volume| {
        let empty = volume.empty_dir.as_ref().filter(|empty| empty.medium.as_deref() != Some("Memory"))?;
        Some((volume.name.as_str(), empty.size_limit.as_ref()?.0.as_str()))
    })
}

/// Whether there is anything to measure.
pub(crate) fn is_limited(pod: &Pod) -> bool {
    limited(pod).next().is_some()
}

/// Why the pod has to go, from the bytes that each of its empty volumes holds.
pub(crate) fn reason(pod: &Pod, usage: &BTreeMap<String, u64>) -> Option<String> {
    limited(pod).find_map(|(name, limit)| {
        let most = Quantity::parse(limit).ok().and_then(|it| u64::try_from(it.value()).ok()).filter(|it| *it > 0)?;
        let held = usage.get(name).copied().unwrap_or_default();
        (held > most).then(|| format!("Usage of EmptyDir volume \"{name}\" exceeds the limit \"{limit}\". "))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_disks_over_their_limit_count() {
        let volumes = json!([
            { "name": "cache", "emptyDir": { "sizeLimit": "1Mi" } },
            { "name": "ram", "emptyDir": { "medium": "Memory", "sizeLimit": "1Mi" } },
            { "name": "libre", "emptyDir": {} },
        ]);
        let pod: Pod = serde_json::from_value(json!({ "spec": { "containers": [], "volumes": volumes } })).unwrap();
        let usage = |name: &str, bytes: u64| BTreeMap::from([(name.to_owned(), bytes)]);
        assert!(is_limited(&pod));
        assert_eq!(reason(&pod, &usage("cache", 1 << 20)), None);
        let message = "Usage of EmptyDir volume \"cache\" exceeds the limit \"1Mi\". ";
        assert_eq!(reason(&pod, &usage("cache", (1 << 20) + 1)).as_deref(), Some(message));
        assert_eq!(reason(&pod, &usage("ram", 1 << 30)), None);
        assert_eq!(reason(&pod, &usage("libre", 1 << 30)), None);
    }
}
