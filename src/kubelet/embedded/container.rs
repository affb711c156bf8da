//! One embedded container: a program's task, its signals, output, files and use. Must not know pods' policies.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::io::AsyncRead;
use tokio::sync::{SetOnce, mpsc};
use tokio_util::io::StreamReader;

use super::log::Log;
use crate::base::clock::Clock;
use crate::kubelet::programs::files::Tree;
use crate::kubelet::programs::world::{Host, World};
use crate::kubelet::runtime::{ContainerSpec, Exit};

/// Memory of a program that asks for none, so that the figures are not absurd.
const BASE_MEMORY: u64 = 4 << 20;
/// Longest termination message (kubelet `MaxContainerTerminationMessageLogLength`).
const MESSAGE: usize = 2048;

/// How often burnt processor time is counted.
const BURNT_AT_ONCE: Duration = Duration::from_millis(500);
const KILL: i32 = 9;

/// What the runtime and the program share about one container.
pub(super) struct Container {
    pub(super) id: String,
    pub(super) image_id: String,
    pub(super) spec: Arc<ContainerSpec>,
    pub(super) started_at: Timestamp,
    pub(super) log: Arc<Log>,
    /// Its files, which every process in it shares.
    pub(super) files: Tree,
    input: Mutex<Option<mpsc::UnboundedSender<Bytes>>>,
    typed: Mutex<Option<mpsc::UnboundedReceiver<Bytes>>>,
    pub(super) used: Used,
    /// SIGTERM came.
    term: SetOnce<()>,
    /// SIGKILL came.
    kill: SetOnce<()>,
    exit: SetOnce<Exit>,
}

/// What a container has used.
#[derive(Default)]
pub(super) struct Used {
    pub(super) cpu_nanos: AtomicU64,
    memory: AtomicU64,
    out_of_memory: AtomicBool,
}

impl Container {
    pub(super) fn new(id: String, image_id: String, spec: Arc<ContainerSpec>, files: Tree, clock: &Clock) -> Self {
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
            term: SetOnce::new(),
            kill: SetOnce::new(),
            exit: SetOnce::new(),
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

    /// Waits for its end.
    pub(super) async fn ended(&self) {
        self.exit.wait().await;
    }

    pub(super) fn exit(&self) -> Option<Exit> {
        self.exit.get().cloned()
    }

    /// SIGTERM, then SIGKILL after the grace; waits for the end.
    pub(super) async fn stop(&self, grace: Duration) {
        self.terminate();
        if tokio::time::timeout(grace, self.ended()).await.is_err() {
            self.kill();
            self.ended().await;
        }
    }

    // A second signal of a kind says nothing new.
    fn terminate(&self) {
        let _ = self.term.set(());
    }

    pub(super) fn kill(&self) {
        let _ = self.kill.set(());
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
            &() = self.kill.wait() => 137,
            code = metered => code,
        };
        world.tasks.cancel();
        self.log.close();
        let oom_killed = self.used.out_of_memory.load(Ordering::Relaxed);
        let exit = Exit { code, oom_killed, message: self.termination_message(code), at: world.clock.now() };
        let _ = self.exit.set(exit.clone());
        exit
    }

    /// What the container left in `/dev/termination-log`; the last of its output when that is empty and it failed.
    fn termination_message(&self, code: i32) -> String {
        let written = self.files.read("/dev/termination-log").unwrap_or_default();
        if !written.is_empty() || code == 0 || !self.spec.message_from_log {
            let end = written.len().min(MESSAGE * 2);
            return String::from_utf8_lossy(&written[..end]).into_owned();
        }
        self.log.tail(MESSAGE)
    }
}

#[async_trait]
impl Host for Container {
    fn write(&self, stderr: bool, data: &[u8]) {
        self.log.write(stderr, data);
    }

    fn stdin(&self) -> Box<dyn AsyncRead + Send + Unpin> {
        let Some(typed) = self.typed.lock().take() else { return Box::new(tokio::io::empty()) };
        let pieces = stream::unfold(typed, |mut typed| async { Some((io::Result::Ok(typed.recv().await?), typed)) });
        Box::new(StreamReader::new(Box::pin(pieces)))
    }

    async fn terminated(&self) {
        self.term.wait().await;
    }

    /// The only process that there is to signal is the container's own.
    fn signal(&self, process: i32, signal: i32) -> io::Result<()> {
        match (process, signal) {
            (1, 0) => {}
            (1, KILL) => self.kill(),
            (1, _) => self.terminate(),
            _ => return Err(io::ErrorKind::NotFound.into()),
        }
        Ok(())
    }

    fn allocate(&self, bytes: u64) {
        self.used.memory.fetch_add(bytes, Ordering::Relaxed);
        let limit = self.spec.resources.memory_limit.and_then(|limit| u64::try_from(limit).ok());
        if limit.is_some_and(|limit| self.memory() > limit) {
            self.used.out_of_memory.store(true, Ordering::Relaxed);
            self.kill();
        }
    }

    /// It is only counted, not spent: the machine is the learner's.
    async fn work(&self, time: Duration) {
        tokio::time::sleep(time).await;
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.used.cpu_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Counted, as work is.
    async fn burn(&self, milli: u64) {
        let limit = self.spec.resources.cpu_limit.and_then(|limit| u64::try_from(limit).ok());
        let milli = limit.map_or(milli, |limit| milli.min(limit));
        loop {
            tokio::time::sleep(BURNT_AT_ONCE).await;
            let nanos = u64::try_from(BURNT_AT_ONCE.as_nanos()).unwrap_or_default() / 1_000 * milli;
            self.used.cpu_nanos.fetch_add(nanos, Ordering::Relaxed);
        }
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
