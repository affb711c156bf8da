//! Which kinds the server serves, short names included. Must not keep them: the app does.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{APIResource, APIResourceList};

use super::Shared;
use crate::tui::model::catalog::Resource;
use crate::tui::model::failure::Failure;
use crate::tui::msg::Msg;

/// The pause before asking a server that could not be reached again.
const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// Requests in flight at a time.
const AT_ONCE: usize = 8;

/// Asks until the server is there, and answers with the catalogue.
pub async fn run(shared: Shared) {
    let mut answer = catalog(&shared).await;
    while answer.as_ref().is_err_and(Failure::unreachable) {
        tokio::time::sleep(AGAIN_AFTER).await;
        answer = catalog(&shared).await;
    }
    shared.send(Msg::Catalog(answer)).await;
}

/// The core first, then each group in its preferred version. A group that does not answer is left out.
async fn catalog(shared: &Shared) -> Result<Vec<Arc<Resource>>, Failure> {
    let client = &shared.client;
    let core = client.list_core_api_resources("v1").await?;
    let groups = client.list_api_groups().await?.groups;
    let versions = groups.into_iter().filter_map(|group| {
        let preferred = group.preferred_version.or_else(|| group.versions.first().cloned());
        preferred.map(|version| version.group_version)
    });
    let lists = stream::iter(versions)
        .map(|version| async move { client.list_api_group_resources(&version).await.ok() })
        .buffered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect::<Vec<APIResourceList>>()
        .await;
    Ok(std::iter::once(&core).chain(&lists).flat_map(resources).collect())
}

fn resources(list: &APIResourceList) -> Vec<Arc<Resource>> {
    let (group, version) = list.group_version.split_once('/').unwrap_or(("", &list.group_version));
    let scalable = |plural: &str| list.resources.iter().any(|other| other.name.strip_prefix(plural) == Some("/scale"));
    let top = list.resources.iter().filter(|resource| !resource.name.contains('/'));
    top.map(|found| Arc::new(resource(found, group, version, scalable(&found.name)))).collect()
}

fn resource(found: &APIResource, group: &str, version: &str, scalable: bool) -> Resource {
    let singular = if found.singular_name.is_empty() { found.kind.to_lowercase() } else { found.singular_name.clone() };
    Resource {
        group: group.into(),
        version: version.into(),
        kind: found.kind.clone(),
        plural: found.name.clone(),
        singular,
        short: found.short_names.clone().unwrap_or_default(),
        namespaced: found.namespaced,
        verbs: found.verbs.clone(),
        scalable,
    }
}
