//! One embedded container: a program's task, its signals, output, files and use. Must not know pods' policies.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::io::AsyncRead;
use tokio::sync::{mpsc, watch};
use tokio_util::io::StreamReader;
use tokio_util::sync::CancellationToken;

use super::files::Tree;
use super::log::Log;
use super::sandbox::Sandbox;
use crate::base::clock::Clock;
use crate::base::net::PodNet;
use crate::base::tasks::Tasks;
use crate::kubelet::runtime::{ContainerSpec, Exit};

/// Memory of a program that asks for none, so that the figures are not absurd.
const BASE_MEMORY: u64 = 4 << 20;
/// Longest termination message (kubelet `MaxContainerTerminationMessageLogLength`).
const MESSAGE: usize = 2048;

/// What the runtime and the program share about one container.
pub(super) struct Container {
    pub(super) id: String,
    pub(super) image_id: String,
    pub(super) spec: ContainerSpec,
    pub(super) started_at: Timestamp,
    pub(super) log: Arc<Log>,
    /// Its files, which every process in it shares.
    pub(super) files: Tree,
    input: Mutex<Option<mpsc::UnboundedSender<Bytes>>>,
    typed: Mutex<Option<mpsc::UnboundedReceiver<Bytes>>>,
    pub(super) used: Used,
    term: CancellationToken,
    kill: CancellationToken,
    exit: watch::Sender<Option<Exit>>,
}

/// What a container has used.
#[derive(Default)]
pub(super) struct Used {
    pub(super) cpu_nanos: AtomicU64,
    memory: AtomicU64,
    out_of_memory: AtomicBool,
}

/// The world as a program sees it.
#[derive(Clone)]
pub(super) struct World {
    pub(super) container: Arc<Container>,
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) net: Arc<dyn PodNet>,
    pub(super) files: Tree,
    pub(super) clock: Clock,
    /// For connections and background work; ends with the container.
    pub(super) tasks: Tasks,
}

impl Container {
    pub(super) fn new(id: String, image_id: String, spec: ContainerSpec, files: Tree, clock: &Clock) -> Self {
        let (input, typed) = spec.stdin.then(mpsc::unbounded_channel).unzip();
        Self {
            files,
            input: Mutex::new(input),
            typed: Mutex::new(typed),
            id,
            image_id,
            spec,
            started_at: clock.now(),
            log: Arc::new(Log::new(*clock)),
            used: Used::default(),
            term: CancellationToken::new(),
            kill: CancellationToken::new(),
            exit: watch::Sender::new(None),
        }
    }

    /// Types into its standard input; false when nobody reads it any more.
    pub(super) fn type_in(&self, data: Bytes) -> bool {
        self.input.lock().as_ref().is_some_and(|input| input.send(data).is_ok())
    }

    /// Its standard input ends.
    pub(super) fn close_input(&self) {
        self.input.lock().take();
    }

    /// Its standard input, for its own program, once; none when the spec keeps none open.
    pub(super) fn stdin(&self) -> Option<impl AsyncRead + Send + Unpin + use<>> {
        let typed = self.typed.lock().take()?;
        let pieces = stream::unfold(typed, |mut typed| async { Some((io::Result::Ok(typed.recv().await?), typed)) });
        Some(StreamReader::new(Box::pin(pieces)))
    }

    /// Waits for its end.
    pub(super) async fn ended(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.exit.subscribe().wait_for(Option::is_some).await;
    }

    pub(super) fn exit(&self) -> Option<Exit> {
        self.exit.borrow().clone()
    }

    /// SIGTERM, then SIGKILL after the grace; waits for the end.
    pub(super) async fn stop(&self, grace: Duration) {
        self.term.cancel();
        let mut exit = self.exit.subscribe();
        if tokio::time::timeout(grace, exit.wait_for(Option::is_some)).await.is_err() {
            self.kill.cancel();
            let _ = exit.wait_for(Option::is_some).await;
        }
    }

    /// `kill 1`, or `kill -9 1`, from inside.
    pub(super) fn signal(&self, kill: bool) {
        if kill { self.kill.cancel() } else { self.term.cancel() }
    }

    pub(super) fn kill(&self) {
        self.kill.cancel();
    }

    /// Resident bytes.
    pub(super) fn memory(&self) -> u64 {
        BASE_MEMORY + self.used.memory.load(Ordering::Relaxed)
    }

    /// Runs the program to its end or its kill, and says how it ended.
    pub(super) async fn run(self: &Arc<Self>, program: impl Future<Output = i32> + Send, world: &World) -> Exit {
        let metered = Metered { program: Box::pin(program), container: self.clone(), clock: world.clock };
        let code = tokio::select! {
            biased;
            () = self.kill.cancelled() => 137,
            code = metered => code,
        };
        world.tasks.cancel();
        self.log.close();
        let oom_killed = self.used.out_of_memory.load(Ordering::Relaxed);
        let exit = Exit { code, oom_killed, message: world.termination_message(code), at: world.clock.now() };
        self.exit.send_replace(Some(exit.clone()));
        exit
    }
}

impl World {
    /// SIGTERM arrived.
    pub(super) async fn terminated(&self) {
        self.container.term.cancelled().await;
    }

    /// A variable of the container's environment.
    pub(super) fn env(&self, name: &str) -> Option<&str> {
        self.container.spec.env.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Counts time that a program is said to compute, though here it only waits.
    pub(super) fn compute(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.container.used.cpu_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Takes more memory; over the container's limit the kernel kills it, as in life.
    pub(super) fn allocate(&self, bytes: u64) {
        self.container.used.memory.fetch_add(bytes, Ordering::Relaxed);
        let limit = self.container.spec.resources.memory_limit.and_then(|limit| u64::try_from(limit).ok());
        if limit.is_some_and(|limit| self.container.memory() > limit) {
            self.container.used.out_of_memory.store(true, Ordering::Relaxed);
            self.container.kill();
        }
    }

    /// What the container left in `/dev/termination-log`; the last of its output when that is empty and it failed.
    fn termination_message(&self, code: i32) -> String {
        let written = self.files.read("/dev/termination-log").unwrap_or_default();
        if !written.is_empty() || code == 0 || !self.container.spec.message_from_log {
            let end = written.len().min(MESSAGE * 2);
            return String::from_utf8_lossy(&written[..end]).into_owned();
        }
        self.container.log.tail(MESSAGE)
    }
}

/// Counts the time that a program really computes.
struct Metered<F> {
    program: Pin<Box<F>>,
    container: Arc<Container>,
    clock: Clock,
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let before = self.clock.elapsed();
        let poll = self.program.as_mut().poll(cx);
        let spent = self.clock.elapsed().saturating_sub(before);
        let nanos = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
        self.container.used.cpu_nanos.fetch_add(nanos, Ordering::Relaxed);
        poll
    }
}
