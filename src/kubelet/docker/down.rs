//! Removes from the engine all that a cluster made, and only that. Must not need the cluster to run.

use std::path::Path;

use bollard::Docker;
use bollard::errors::Error as EngineError;
use bollard::query_parameters::{ListImagesOptions, ListNetworksOptions, RemoveImageOptions};

use super::error::{Class, DockerError, classify, settled};
use super::volumes::Volumes;
use super::{engine, labels, sandbox, state};

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Containers, pause containers included.
    pub containers: usize,
    /// Networks.
    pub networks: usize,
    /// Volumes.
    pub volumes: usize,
    /// Images made from our executable; they stay while another cluster has something in the engine.
    pub images: usize,
}

/// Removes the containers, volumes and networks that carry a cluster's label, what its pods left in its data directory,
/// and our images unless another cluster uses the engine.
///
/// # Errors
/// That there is no engine, or what it refused; whatever was removed before stays removed, and it may be tried again.
pub async fn remove_all(cluster: &str, data_dir: &Path) -> Result<Removed, DockerError> {
    let docker = engine::connect_to(&engine::host()).await?.docker;
    let wanted = [(labels::CLUSTER, cluster)];
    let (containers, volumes) = sandbox::clear(&docker, &wanted).await?;
    let networks = clear_networks(&docker, &wanted).await?;
    let images = if is_used(&docker).await? { 0 } else { clear_images(&docker).await? };
    Volumes::new(data_dir).remove_all().map_err(DockerError::Data)?;
    Ok(Removed { containers, networks, volumes, images })
}

async fn networks(docker: &Docker, filter: ListNetworksOptions) -> Result<Vec<String>, EngineError> {
    let found = docker.list_networks(Some(filter)).await?;
    Ok(found.into_iter().filter_map(|network| network.id).collect())
}

async fn clear_networks(docker: &Docker, wanted: &[(&str, &str)]) -> Result<usize, EngineError> {
    let ids = networks(docker, ListNetworksOptions { filters: Some(labels::filter(wanted)) }).await?;
    for id in &ids {
        settled(docker.remove_network(id).await)?;
    }
    Ok(ids.len())
}

/// Whether any cluster has a container or its network in the engine.
async fn is_used(docker: &Docker) -> Result<bool, EngineError> {
    let any = [("label".to_string(), vec![labels::CLUSTER.to_string()])];
    let nets = networks(docker, ListNetworksOptions { filters: Some(any.into()) }).await?;
    Ok(!nets.is_empty() || !state::any_containers(docker).await?.is_empty())
}

async fn clear_images(docker: &Docker) -> Result<usize, EngineError> {
    let ours = [("label".to_string(), vec![labels::GUEST.to_string()])];
    let options = ListImagesOptions { filters: Some(ours.into()), ..ListImagesOptions::default() };
    let mut removed = 0;
    for tag in docker.list_images(Some(options)).await?.into_iter().flat_map(|image| image.repo_tags) {
        match docker.remove_image(&tag, None::<RemoveImageOptions>, None).await {
            // Somebody runs it by hand: it is theirs now.
            Err(error) if classify(&error) == Class::Refused(409) => {}
            answer => removed += usize::from(!settled(answer)?.is_empty()),
        }
    }
    Ok(removed)
}
