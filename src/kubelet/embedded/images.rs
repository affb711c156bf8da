//! Image references and what can be «pulled» without any registry. Must not start programs.

use sha2::{Digest, Sha256};

use crate::kubelet::runtime::{Image, RuntimeError};

/// An image reference in its parts, as Docker's `distribution/reference` normalizes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// Registry host, `docker.io` when none is written.
    pub(super) registry: String,
    /// Repository without `library/`.
    pub(super) repository: String,
    /// Tag, `latest` when none is written; a digest counts as a tag.
    pub(super) tag: String,
}

impl Reference {
    /// Parses `registry/path:tag`.
    pub(super) fn parse(text: &str) -> Result<Self, RuntimeError> {
        let invalid = || {
            let message = format!(
                "Failed to apply default image tag \"{text}\": couldn't parse image name \"{text}\": invalid reference format"
            );
            RuntimeError::InvalidImage(message)
        };
        let (registry, rest) = match text.split_once('/') {
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (host, rest),
            _ => ("docker.io", text),
        };
        let (repository, tag) = rest.split_once('@').or_else(|| rest.rsplit_once(':')).unwrap_or((rest, "latest"));
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/".contains(&byte);
        let edges = |text: &str| text.starts_with(['.', '/', '-']) || text.ends_with(['.', '/', '-']);
        if repository.is_empty() || tag.is_empty() || !repository.bytes().all(legal) || edges(repository) {
            return Err(invalid());
        }
        let repository = repository.strip_prefix("library/").unwrap_or(repository);
        Ok(Self { registry: registry.into(), repository: repository.into(), tag: tag.into() })
    }

    /// `docker.io/library/nginx:latest`.
    fn canonical(&self) -> String {
        let library = if self.registry == "docker.io" && !self.repository.contains('/') { "library/" } else { "" };
        format!("{}/{library}{}:{}", self.registry, self.repository, self.tag)
    }
}

/// Tags of the images that are known whole: any other tag of theirs does not exist.
const KNOWN: &[(&str, &[&str])] = &[("timonel/demo", &["v1", "v2", "latest"])];

/// What a pull gives. No registry is asked: every image is «there», except what could never be: names under the
/// reserved domain `.invalid` (RFC 6761), and tags that our own images do not have.
pub(super) fn pull(text: &str) -> Result<Image, RuntimeError> {
    let reference = Reference::parse(text)?;
    let canonical = reference.canonical();
    let failed = |cause: String| {
        let prefix =
            format!("failed to pull and unpack image \"{canonical}\": failed to resolve reference \"{canonical}\"");
        Err(RuntimeError::Pull(format!("{prefix}: {cause}")))
    };
    let host = reference.registry.split(':').next().unwrap_or_default();
    if host == "invalid" || host.ends_with(".invalid") {
        let path = format!("https://{}/v2/{}/manifests/{}", reference.registry, reference.repository, reference.tag);
        return failed(format!("failed to do request: Head \"{path}\": dial tcp: lookup {host}: no such host"));
    }
    let tags = KNOWN.iter().find(|(name, _)| *name == reference.repository).map(|(_, tags)| tags);
    if tags.is_some_and(|tags| !tags.contains(&reference.tag.as_str())) {
        return failed(format!("{canonical}: not found"));
    }
    let digest = Sha256::digest(canonical.as_bytes());
    let hex = digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    Ok(Image { id: format!("{}@sha256:{hex}", canonical.rsplit_once(':').map_or("", |(name, _)| name)), size: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_docker_reads_them() {
        let read = |text| Reference::parse(text).map(|it| format!("{} {} {}", it.registry, it.repository, it.tag));
        assert_eq!(read("nginx").unwrap(), "docker.io nginx latest");
        assert_eq!(read("timonel/demo:v2").unwrap(), "docker.io timonel/demo v2");
        assert_eq!(read("localhost:5000/a/b:1.2").unwrap(), "localhost:5000 a/b 1.2");
        assert!(["", "Nginx", "nginx:", "a b"].into_iter().all(|bad| read(bad).is_err()));
    }

    #[test]
    fn what_cannot_exist_cannot_be_pulled() {
        assert!(pull("ejemplo.invalid/x").unwrap_err().to_string().contains("lookup ejemplo.invalid: no such host"));
        assert!(pull("timonel/demo:v9").unwrap_err().to_string().ends_with("docker.io/timonel/demo:v9: not found"));
        assert!(pull("empresa/loquesea:1").is_ok());
    }
}
