//! The world as a program sees it: its container, its pod, files, network and time. Must not know which runtime made it.

use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::AsyncRead;

use super::files::Tree;
use super::shell::{Session, Sink};
use super::terminal::Keyboard;
use crate::base::clock::Clock;
use crate::base::net::PodNet;
use crate::base::tasks::Tasks;
use crate::kubelet::runtime::{ContainerSpec, SandboxSpec};

/// The world of one program.
#[derive(Clone)]
pub(in crate::kubelet) struct World {
    /// Its container.
    pub spec: Arc<ContainerSpec>,
    /// Its pod.
    pub sandbox: Arc<SandboxSpec>,
    /// What it runs on.
    pub host: Arc<dyn Host>,
    /// The pod network.
    pub net: Arc<dyn PodNet>,
    /// The container's files.
    pub files: Tree,
    /// Time.
    pub clock: Clock,
    /// For connections and background work; ends with the program.
    pub tasks: Tasks,
}

/// What a program runs on: a container in memory, or a process in a container of an engine.
#[async_trait]
pub(in crate::kubelet) trait Host: Send + Sync {
    /// Writes to the program's own standard output, or error.
    fn write(&self, stderr: bool, data: &[u8]);

    /// The program's own standard input, once; an empty one when there is none.
    fn stdin(&self) -> Box<dyn AsyncRead + Send + Unpin>;

    /// Its standard input for a shell that reads what is typed; `echo` is where a terminal shows it.
    fn keyboard(&self, echo: Option<Sink>, tasks: &Tasks) -> Keyboard {
        Keyboard::new(self.stdin(), echo, tasks)
    }

    /// Waits for SIGTERM.
    async fn terminated(&self);

    /// Sends a signal to a process of the container.
    fn signal(&self, process: i32, signal: i32) -> io::Result<()>;

    /// The number of the program's own process.
    fn process(&self) -> u32 {
        1
    }

    /// Columns and rows of its terminal, where the system knows them.
    fn size(&self) -> Option<(u16, u16)> {
        None
    }

    /// Runs a program that is an executable file, to its end; `None` when there is no such file.
    async fn run(&self, _shell: &Session, _words: &[String]) -> Option<i32> {
        None
    }

    /// Takes more memory and keeps it; over the container's limit the program is killed.
    fn allocate(&self, bytes: u64);

    /// Computes for so long, of a whole processor.
    async fn work(&self, time: Duration);

    /// Takes so many thousandths of a processor, as far as the container's limit lets it, until it is dropped.
    async fn burn(&self, milli: u64);
}

impl World {
    /// A variable of the container's environment.
    pub fn env(&self, name: &str) -> Option<&str> {
        self.spec.env.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A line on standard output.
    pub fn say(&self, line: impl Display) {
        self.host.write(false, format!("{line}\n").as_bytes());
    }

    /// A line on standard error.
    pub fn complain(&self, line: impl Display) {
        self.host.write(true, format!("{line}\n").as_bytes());
    }

    /// Waits for SIGTERM.
    pub async fn terminated(&self) {
        self.host.terminated().await;
    }
}
