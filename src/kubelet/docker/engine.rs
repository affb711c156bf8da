//! The connection to the engine. Must not assume an API version newer than the engine's own.

use std::time::Duration;

use bollard::Docker;

use super::error::DockerError;

/// The engine's usual socket.
const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";
/// How long the first conversation may take: a socket that accepts and stays silent is no engine.
const PATIENCE: Duration = Duration::from_secs(5);

/// An engine that answered.
#[derive(Clone, Debug)]
pub(super) struct Engine {
    pub docker: Docker,
    /// Such as `20.10.24`.
    pub version: String,
    /// Processors of the engine's machine: it refuses limits above them.
    pub cpus: i64,
}

/// Where the engine is: `DOCKER_HOST`, or the usual socket.
pub(super) fn host() -> String {
    std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty()).unwrap_or_else(|| DEFAULT_HOST.into())
}

/// Connects to the engine at a `unix://` address and agrees on a version of its API.
pub(super) async fn connect_to(host: &str) -> Result<Engine, DockerError> {
    if !(host.starts_with("unix://") || host.starts_with("npipe://")) {
        return Err(DockerError::Remote(host.into()));
    }
    let failed = |source| DockerError::connecting(host, source);
    let docker = Docker::connect_with_host(host).map_err(failed)?;
    let usual = docker.timeout();
    let docker = docker.with_timeout(PATIENCE).negotiate_version().await.map_err(failed)?;
    let info = docker.info().await.map_err(failed)?;
    Ok(Engine {
        docker: docker.with_timeout(usual),
        version: info.server_version.unwrap_or_default(),
        cpus: info.ncpu.unwrap_or(1),
    })
}

/// Whether an engine answers and may be used by this user; its version.
///
/// # Errors
/// [`DockerError::NoEngine`], [`DockerError::Forbidden`] or [`DockerError::Remote`] say why not.
pub async fn available() -> Result<String, DockerError> {
    connect_to(&host()).await.map(|engine| engine.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn says_why_there_is_no_engine() {
        let folder = tempfile::tempdir().unwrap();
        let socket = format!("unix://{}/docker.sock", folder.path().display());
        assert!(matches!(connect_to(&socket).await, Err(DockerError::NoEngine { .. })));
        assert!(matches!(connect_to("tcp://10.0.0.1:2375").await, Err(DockerError::Remote(_))));
    }

    #[tokio::test]
    async fn an_abandoned_socket_is_no_engine() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let answer = connect_to(&format!("unix://{}", path.display())).await;
        assert!(matches!(answer, Err(DockerError::NoEngine { .. })), "{answer:?}");
    }
}
