//! The images made from our own executable. Must not pull anything nor hold the image in memory.
//!
//! The tags carry a digest of the contents, so that a new build is imported beside the old one.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bollard::Docker;
use bollard::models::ImageInspect;
use bollard::query_parameters::ImportImageOptions;
use bytes::Bytes;
use futures::{TryStreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell, mpsc};

use super::error::{DockerError, found};
use super::labels;
use super::rootfs::{EXECUTABLE, Layer, RootFs, sha256};
use crate::base::tasks::Tasks;
use crate::kubelet::programs::shell;

/// A chunk of the archive on its way to the engine, and how many may wait.
const CHUNK: usize = 256 * 1024;
const CHUNKS: usize = 8;
/// How much of the digest stands in a tag.
const SHORT: usize = 12;

/// One of our images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Guest {
    /// Repository and, if it has one, version.
    pub name: &'static str,
    version: &'static str,
    program: &'static str,
}

/// The container that owns a pod's network.
pub(super) const PAUSE: Guest = Guest { name: "timonel/pause", version: "", program: "pause" };
/// The demo program.
const DEMO: Guest = Guest { name: "timonel/demo", version: "v1", program: "image" };
const DEMO_V2: Guest = Guest { version: "v2", ..DEMO };
/// The load generator.
const LOAD: Guest = Guest { name: "timonel/carga", version: "", program: "image" };
/// What stands in for a known image, which its containers are told.
pub(super) const STAND_IN: Guest = Guest { name: "timonel/simulada", version: "", program: "image" };
/// Kube-proxy and DNS.
pub(super) const PROXY: Guest = Guest { name: "timonel/proxy", version: "", program: "proxy" };

const ALL: &[Guest] = &[PAUSE, DEMO, DEMO_V2, LOAD, STAND_IN, PROXY];

impl Guest {
    /// Our image of this name and tag; no tag and `latest` are the first version, and one without versions has any.
    pub fn find(name: &str, tag: Option<&str>) -> Option<Self> {
        let tag = tag.filter(|&tag| tag != "latest");
        let fits = |guest: &&Self| guest.version.is_empty() || tag.is_none_or(|tag| tag == guest.version);
        ALL.iter().filter(|guest| guest.name == name).find(fits).copied()
    }

    fn tag(self, digest: &str) -> String {
        let short = &digest[..SHORT.min(digest.len())];
        match self.version {
            "" => format!("{}:{short}", self.name),
            version => format!("{}:{version}-{short}", self.name),
        }
    }

    fn reference(self) -> String {
        if self.version.is_empty() { self.name.into() } else { format!("{}:{}", self.name, self.version) }
    }

    /// The image's configuration (OCI image specification, `application/vnd.oci.image.config`).
    fn config(self, contents: &Contents) -> Value {
        json!({
            "created": "1970-01-01T00:00:00Z",
            "architecture": architecture(),
            "os": "linux",
            "config": {
                "Entrypoint": [EXECUTABLE, "guest", self.program],
                "Env": [
                    format!("PATH={}", shell::PATH),
                    format!("LD_LIBRARY_PATH={}", contents.root.library_path()),
                    format!("TIMONEL_IMAGE={}", self.reference()),
                ],
                "Labels": { labels::GUEST: contents.layer.digest },
                "StopSignal": "SIGTERM",
            },
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", contents.layer.digest)] },
            "history": [{ "created": "1970-01-01T00:00:00Z", "created_by": "timonel" }],
        })
    }
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[derive(Debug)]
struct Contents {
    root: RootFs,
    layer: Layer,
}

/// Our images in an engine, imported when they are first needed.
#[derive(Debug)]
pub(super) struct Guests {
    executable: PathBuf,
    contents: OnceCell<Arc<Contents>>,
    importing: Mutex<()>,
    /// What the engine said of them, by tag: a tag tells the contents, and one that is missed is imported as it was.
    images: Mutex<HashMap<String, ImageInspect>>,
}

impl Guests {
    /// Images made from this executable, which must be linked like the running process.
    pub fn new(executable: PathBuf) -> Self {
        Self { executable, contents: OnceCell::new(), importing: Mutex::default(), images: Mutex::default() }
    }

    /// The tag under which the engine has, or will have, one of our images.
    pub async fn tag(&self, guest: Guest) -> Result<String, DockerError> {
        Ok(guest.tag(&self.contents().await?.layer.digest))
    }

    /// Imports our images unless the engine has all of them.
    pub async fn import(&self, docker: &Docker) -> Result<(), DockerError> {
        let contents = self.contents().await?;
        let _one_at_a_time = self.importing.lock().await;
        for guest in ALL {
            let tag = guest.tag(&contents.layer.digest);
            if found(docker.inspect_image(&tag).await)?.is_none() {
                return load(docker, contents).await;
            }
        }
        Ok(())
    }

    /// One of our images as the engine has it; it is asked once.
    pub async fn image(&self, docker: &Docker, guest: Guest) -> Result<ImageInspect, DockerError> {
        let tag = self.tag(guest).await?;
        let mut images = self.images.lock().await;
        if let Some(known) = images.get(&tag) {
            return Ok(known.clone());
        }
        self.import(docker).await?;
        let image = docker.inspect_image(&tag).await?;
        images.insert(tag, image.clone());
        Ok(image)
    }

    async fn contents(&self) -> Result<Arc<Contents>, DockerError> {
        let measure = async || {
            let executable = self.executable.clone();
            Tasks::blocking(move || read(&executable)).await.map(Arc::new)
        };
        self.contents.get_or_try_init(measure).await.cloned().map_err(DockerError::Guest)
    }
}

fn read(executable: &Path) -> io::Result<Contents> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let root = RootFs::new(executable, &maps, shell::names())?;
    let layer = root.layer()?;
    Ok(Contents { root, layer })
}

/// Streams the archive to the engine while it is being written.
async fn load(docker: &Docker, contents: Arc<Contents>) -> Result<(), DockerError> {
    let (sender, mut receiver) = mpsc::channel(CHUNKS);
    let body = stream::poll_fn(move |context| receiver.poll_recv(context)).map_ok(Bytes::from);
    let writing = Tasks::blocking(move || write_archive(&contents, io::BufWriter::with_capacity(CHUNK, Pipe(sender))));
    let options = ImportImageOptions { quiet: true, ..ImportImageOptions::default() };
    let loading = docker.import_image(options, bollard::body_try_stream(body), None).try_collect::<Vec<_>>();
    let (written, loaded) = tokio::join!(writing, loading);
    match (written, loaded) {
        // The engine closed the stream before its end: its own words say why.
        (Err(error), Err(refused)) if error.kind() == io::ErrorKind::BrokenPipe => Err(refused.into()),
        (Err(error), _) => Err(DockerError::Guest(error)),
        (Ok(()), loaded) => Ok(loaded.map(drop)?),
    }
}

/// Writes our images, which share one layer, as `docker save` would (Docker image specification v1.2).
fn write_archive(contents: &Contents, out: impl Write) -> io::Result<()> {
    const LAYER: &str = "layer.tar";
    let mut tar = tar::Builder::new(out);
    tar.get_mut().write_all(header(LAYER, contents.layer.size)?.as_bytes())?;
    // A tar is always whole blocks, so that no padding follows.
    contents.root.write(tar.get_mut())?;
    let mut manifest = Vec::new();
    for guest in ALL {
        let config = guest.config(contents).to_string();
        let name = format!("{}.json", sha256(config.as_bytes()));
        append(&mut tar, &name, config.as_bytes())?;
        let tag = guest.tag(&contents.layer.digest);
        manifest.push(json!({ "Config": name, "RepoTags": [tag], "Layers": [LAYER] }));
    }
    append(&mut tar, "manifest.json", Value::from(manifest).to_string().as_bytes())?;
    tar.into_inner()?.flush()
}

fn header(name: &str, size: u64) -> io::Result<tar::Header> {
    let mut header = tar::Header::new_gnu();
    header.set_path(name)?;
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_cksum();
    Ok(header)
}

fn append(tar: &mut tar::Builder<impl Write>, name: &str, data: &[u8]) -> io::Result<()> {
    tar.append(&header(name, data.len() as u64)?, data)
}

/// A blocking writer into an async body.
struct Pipe(mpsc::Sender<io::Result<Vec<u8>>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.blocking_send(Ok(bytes.to_vec())).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_found_and_unknown_versions_are_not() {
        assert_eq!(Guest::find("timonel/demo", None), Some(DEMO));
        assert_eq!(Guest::find("timonel/demo", Some("v2")), Some(DEMO_V2));
        assert_eq!(Guest::find("timonel/demo", Some("v9")), None);
    }

    #[test]
    fn the_archive_holds_one_layer_and_a_config_an_image() {
        let contents = read(&std::env::current_exe().unwrap()).unwrap();
        let mut bytes = Vec::new();
        write_archive(&contents, &mut bytes).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let mut sizes = std::collections::BTreeMap::new();
        for entry in archive.entries().unwrap() {
            let entry = entry.unwrap();
            sizes.insert(entry.path().unwrap().display().to_string(), entry.size());
        }
        assert_eq!(sizes.len(), 1 + ALL.len() + 1, "{sizes:?}");
        assert_eq!(sizes["layer.tar"], contents.layer.size);
        assert!(sizes.contains_key("manifest.json"));
    }
}
