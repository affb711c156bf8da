//! Which image of the engine serves an image reference. Must not let a stand-in pass for the real thing: the program
//! is told whom it simulates and says so in its log.

use std::time::Duration;

use bollard::Docker;
use bollard::models::ImageInspect;
use bollard::query_parameters::{CreateImageOptions, ListImagesOptions};
use futures::TryStreamExt;

use super::error::{found, refused, words};
use super::guest_image::{Guest, Guests, STAND_IN};
use crate::kubelet::programs;
use crate::kubelet::runtime::{Image, RuntimeError};

/// How long a registry may be silent before a stand-in takes over.
const REGISTRY_PATIENCE: Duration = Duration::from_secs(15);

/// What serves a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Served {
    /// The engine's name for it.
    pub image: String,
    /// One of ours: it is told about its pod, and which image it is.
    pub guest: bool,
}

/// A reference without its registry's default parts, and its tag.
fn split(reference: &str) -> (&str, Option<&str>) {
    let name = reference.strip_prefix("docker.io/").unwrap_or(reference);
    let name = name.strip_prefix("library/").unwrap_or(name);
    match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') && !name.contains('@') => (name, Some(tag)),
        _ => (name, None),
    }
}

fn own(reference: &str) -> Option<Guest> {
    let (name, tag) = split(reference);
    Guest::find(name, tag)
}

/// Whether a program of ours does when the engine has not got an image and cannot pull it.
fn has_stand_in(reference: &str) -> bool {
    let (name, _) = split(reference);
    programs::knows(name) && Guest::find(name, None).is_none()
}

/// The engine needs a tag: without one it would fetch every tag of the repository.
fn tagged(reference: &str) -> String {
    match split(reference) {
        (name, None) if !name.contains('@') => format!("{reference}:latest"),
        _ => reference.into(),
    }
}

/// What serves a reference now: our own image, one that the engine has, or a stand-in for a known one.
pub(super) async fn serve(docker: &Docker, guests: &Guests, reference: &str) -> Result<Served, RuntimeError> {
    if let Some(guest) = own(reference) {
        return Ok(Served { image: guests.tag(guest).await?, guest: true });
    }
    let real = Served { image: tagged(reference), guest: false };
    if !has_stand_in(reference) || local(docker, reference).await?.is_some() {
        return Ok(real);
    }
    Ok(Served { image: guests.tag(STAND_IN).await?, guest: true })
}

/// The image if the engine has it; our own ones count as present.
pub(super) async fn present(docker: &Docker, guests: &Guests, reference: &str) -> Result<Option<Image>, RuntimeError> {
    match own(reference) {
        Some(guest) => of_guest(docker, guests, guest).await.map(Some),
        None => Ok(local(docker, reference).await?.map(image)),
    }
}

/// Fetches an image. Where that fails, a known image is served by its stand-in.
pub(super) async fn pull(docker: &Docker, guests: &Guests, reference: &str) -> Result<Image, RuntimeError> {
    if let Some(guest) = own(reference) {
        return of_guest(docker, guests, guest).await;
    }
    if !has_stand_in(reference) {
        return fetch(docker, reference).await;
    }
    match tokio::time::timeout(REGISTRY_PATIENCE, fetch(docker, reference)).await {
        Ok(Ok(image)) => Ok(image),
        Ok(Err(RuntimeError::Pull(_))) | Err(_) => of_guest(docker, guests, STAND_IN).await,
        Ok(Err(other)) => Err(other),
    }
}

/// Every image of the engine that has a name.
pub(super) async fn all(docker: &Docker) -> Result<Vec<(Vec<String>, u64)>, RuntimeError> {
    let listed = docker.list_images(None::<ListImagesOptions>).await.map_err(refused(RuntimeError::Other))?;
    let named = listed.into_iter().map(|image| {
        let names = image.repo_digests.into_iter().chain(image.repo_tags).filter(|name| !name.contains("<none>"));
        (names.collect::<Vec<_>>(), u64::try_from(image.size).unwrap_or_default())
    });
    Ok(named.filter(|(names, _)| !names.is_empty()).collect())
}

async fn of_guest(docker: &Docker, guests: &Guests, guest: Guest) -> Result<Image, RuntimeError> {
    Ok(image(guests.image(docker, guest).await?))
}

async fn fetch(docker: &Docker, reference: &str) -> Result<Image, RuntimeError> {
    let options = CreateImageOptions { from_image: Some(tagged(reference)), ..CreateImageOptions::default() };
    docker.create_image(Some(options), None, None).try_collect::<Vec<_>>().await.map_err(refused(not_pulled))?;
    docker.inspect_image(&tagged(reference)).await.map(image).map_err(refused(RuntimeError::Pull))
}

fn not_pulled(words: String) -> RuntimeError {
    let malformed = words.contains("invalid reference format");
    if malformed { RuntimeError::InvalidImage(words) } else { RuntimeError::Pull(words) }
}

async fn local(docker: &Docker, reference: &str) -> Result<Option<ImageInspect>, RuntimeError> {
    match found(docker.inspect_image(&tagged(reference)).await) {
        // A malformed reference is not here; what is wrong with it is said when it is fetched.
        Err(error) if words(&error).contains("invalid reference") => Ok(None),
        answer => answer.map_err(refused(RuntimeError::Other)),
    }
}

fn image(inspected: ImageInspect) -> Image {
    let digest = inspected.repo_digests.and_then(|digests| digests.into_iter().next());
    Image {
        id: digest.or(inspected.id).unwrap_or_default(),
        size: inspected.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_split_as_the_engine_does() {
        assert_eq!(split("nginx"), ("nginx", None));
        assert_eq!(split("docker.io/library/nginx:1.27"), ("nginx", Some("1.27")));
        assert_eq!(split("localhost:5000/web"), ("localhost:5000/web", None));
        assert_eq!(split("web@sha256:abc"), ("web@sha256:abc", None));
    }

    #[test]
    fn a_reference_without_tag_means_latest() {
        assert_eq!(tagged("nginx"), "nginx:latest");
        assert_eq!(tagged("localhost:5000/web"), "localhost:5000/web:latest");
        assert_eq!(tagged("web@sha256:abc"), "web@sha256:abc");
    }

    #[test]
    fn only_known_images_have_a_stand_in() {
        assert!(has_stand_in("nginx:alpine") && has_stand_in("ricardoqsx/backend:1.0"));
        assert!(
            ["busybox", "alpine:3", "redis", "postgres:16", "docker.io/library/httpd"].into_iter().all(has_stand_in)
        );
        assert!(!has_stand_in("nginxx") && !has_stand_in("quay.io/nginx") && !has_stand_in("timonel/demo:v9"));
        assert!(
            own("timonel/demo:v2").is_some() && own("timonel/carga:v1").is_some() && own("timonel/demo:v9").is_none()
        );
    }
}
