//! Image references in their parts. Must not know which images there are.

use crate::kubelet::runtime::RuntimeError;

/// An image reference in its parts, as Docker's `distribution/reference` normalizes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kubelet) struct Reference {
    /// Registry host, `docker.io` when none is written.
    pub registry: String,
    /// Repository without `library/`.
    pub repository: String,
    /// Tag, `latest` when none is written; a digest counts as a tag.
    pub tag: String,
}

impl Reference {
    /// Parses `registry/path:tag`.
    pub fn parse(text: &str) -> Result<Self, RuntimeError> {
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
    pub fn canonical(&self) -> String {
        let library = if self.registry == "docker.io" && !self.repository.contains('/') { "library/" } else { "" };
        format!("{}/{library}{}:{}", self.registry, self.repository, self.tag)
    }
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
}
