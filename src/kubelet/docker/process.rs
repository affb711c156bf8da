//! Processes whose streams we hold: exec and attach. Must not lose the order of a stream's bytes.

use std::pin::Pin;

use bollard::container::{AttachContainerResults, LogOutput};
use bollard::errors::Error as EngineError;
use bollard::exec::{CreateExecOptions, ResizeExecOptions, StartExecOptions, StartExecResults};
use bollard::query_parameters::{AttachContainerOptions, ResizeContainerTTYOptions, WaitContainerOptions};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use tokio::io::{AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::{mpsc, oneshot};

use super::error::refused;
use super::guest_image::PAUSE;
use super::{DockerRuntime, bodies, logs};
use crate::base::tasks::Tasks;
use crate::kubelet::runtime::{AttachRequest, ExecRequest, Process, RuntimeError};

/// Bytes that a stream may be ahead of its reader.
const BUFFER: usize = 16 * 1024;

type Output = BoxStream<'static, Result<LogOutput, EngineError>>;
type Input = Pin<Box<dyn AsyncWrite + Send>>;

impl DockerRuntime {
    pub(super) async fn exec_in(&self, id: &str, request: ExecRequest) -> Result<Process, RuntimeError> {
        let refused = refused(RuntimeError::Other);
        let options = CreateExecOptions {
            attach_stdin: Some(request.stdin),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(request.tty),
            cmd: Some(request.command),
            ..CreateExecOptions::default()
        };
        let exec = self.docker.create_exec(id, options).await.map_err(&refused)?.id;
        let start = StartExecOptions { detach: false, tty: request.tty, output_capacity: None };
        let StartExecResults::Attached { output, input } =
            self.docker.start_exec(&exec, Some(start)).await.map_err(&refused)?
        else {
            return Err(RuntimeError::Other("the engine detached from the process".into()));
        };
        let (docker, resized) = (self.docker.clone(), exec.clone());
        let resize = self.on_resize(move |width, height| {
            let (docker, exec) = (docker.clone(), resized.clone());
            async move { drop(docker.resize_exec(&exec, ResizeExecOptions { height, width }).await) }.boxed()
        });
        let docker = self.docker.clone();
        let exit = async move {
            let ended = docker.inspect_exec(&exec).await.map_err(&refused)?;
            Ok(ended.exit_code.and_then(|code| i32::try_from(code).ok()).unwrap_or_default())
        };
        Ok(self.process(output, request.stdin.then_some(input), request.tty, resize, exit))
    }

    /// Runs one of our own programs in one of our own containers; what it says.
    pub(super) async fn guest_in(
        &self,
        container: &str,
        args: impl Iterator<Item = &str>,
    ) -> Result<String, RuntimeError> {
        let refused = refused(RuntimeError::Other);
        let command = ["/timonel", "guest"].into_iter().chain(args).map(String::from).collect();
        let options = CreateExecOptions {
            cmd: Some(command),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..CreateExecOptions::default()
        };
        let exec = self.docker.create_exec(container, options).await.map_err(&refused)?.id;
        let mut said = String::new();
        if let StartExecResults::Attached { mut output, .. } =
            self.docker.start_exec(&exec, None).await.map_err(&refused)?
        {
            while let Some(Ok(piece)) = output.next().await {
                said += &piece.to_string();
            }
        }
        let ended = self.docker.inspect_exec(&exec).await.map_err(&refused)?;
        if ended.exit_code == Some(0) { Ok(said) } else { Err(RuntimeError::Other(said)) }
    }

    /// Runs one of our own programs in the network of a container that is not ours to run it in, to its end.
    pub(super) async fn guest_beside(&self, container: &str, args: &[&str]) -> Result<(), RuntimeError> {
        let refused = refused(RuntimeError::Other);
        let image = self.guests.tag(PAUSE).await?;
        let body = bodies::route(&self.config.cluster, &image, container, args);
        let id = self.run(None, body).await.map_err(&refused)?;
        let outcome = match self.docker.wait_container(&id, None::<WaitContainerOptions>).next().await {
            Some(Ok(_)) => Ok(()),
            _ => Err(RuntimeError::Other(logs::end(&self.docker, &id).await)),
        };
        self.force_remove(&id).await.map_err(&refused)?;
        outcome
    }

    pub(super) async fn attach_to(&self, id: &str, request: AttachRequest) -> Result<Process, RuntimeError> {
        let refused = refused(RuntimeError::Other);
        let options = AttachContainerOptions {
            stream: true,
            stdin: request.stdin,
            stdout: true,
            stderr: true,
            ..AttachContainerOptions::default()
        };
        let AttachContainerResults { output, input } =
            self.docker.attach_container(id, Some(options)).await.map_err(&refused)?;
        let (docker, resized) = (self.docker.clone(), id.to_string());
        let resize = self.on_resize(move |width, height| {
            let (docker, id) = (docker.clone(), resized.clone());
            let options = ResizeContainerTTYOptions { w: width.into(), h: height.into() };
            async move { drop(docker.resize_container_tty(&id, options).await) }.boxed()
        });
        let mut waiting = self.docker.wait_container(id, None::<WaitContainerOptions>);
        let exit = async move {
            match waiting.next().await {
                Some(Ok(ended)) => Ok(i32::try_from(ended.status_code).unwrap_or_default()),
                Some(Err(EngineError::DockerContainerWaitError { code, .. })) => Ok(i32::try_from(code).unwrap_or(1)),
                Some(Err(error)) => Err(refused(error)),
                None => Err(RuntimeError::Unavailable("the engine stopped waiting".into())),
            }
        };
        Ok(self.process(output, request.stdin.then_some(input), request.tty, resize, exit))
    }

    /// Puts a process together: its output is carried to the reader, and only then its exit code is asked for.
    fn process(
        &self,
        output: Output,
        input: Option<Input>,
        tty: bool,
        resize: mpsc::Sender<(u16, u16)>,
        exit: impl Future<Output = Result<i32, RuntimeError>> + Send + 'static,
    ) -> Process {
        let (stdout, to_stdout) = duplex(BUFFER);
        let (stderr, to_stderr) = duplex(BUFFER);
        let (ended, end) = oneshot::channel();
        self.tasks.spawn(async move {
            carry(output, to_stdout, to_stderr).await;
            let _ = ended.send(());
        });
        let exit = async move {
            // Without an answer the runtime stops: then the code is asked for at once.
            let _ = end.await;
            exit.await
        };
        Process {
            stdin: input.map(|input| feed(&self.tasks, input)),
            stdout: Box::new(stdout),
            stderr: (!tty).then(|| Box::new(stderr) as _),
            resize,
            exit: exit.boxed(),
        }
    }

    /// Where new terminal sizes are sent; one that comes too late, or for no terminal, is lost.
    fn on_resize(
        &self,
        resize: impl Fn(u16, u16) -> BoxFuture<'static, ()> + Send + 'static,
    ) -> mpsc::Sender<(u16, u16)> {
        let (sender, mut sizes) = mpsc::channel(1);
        self.tasks.spawn(async move {
            while let Some((width, height)) = sizes.recv().await {
                resize(width, height).await;
            }
        });
        sender
    }
}

/// Carries frames to their streams; a reader that is gone does not stop the other stream.
async fn carry(mut output: Output, mut stdout: DuplexStream, mut stderr: DuplexStream) {
    while let Some(Ok(frame)) = output.next().await {
        let _ = match frame {
            LogOutput::StdErr { message } => stderr.write_all(&message).await,
            other => stdout.write_all(&other.into_bytes()).await,
        };
    }
}

/// A standard input whose end is told to the process when it is dropped.
fn feed(tasks: &Tasks, mut input: Input) -> Box<dyn AsyncWrite + Send + Unpin> {
    let (ours, mut theirs) = duplex(BUFFER);
    tasks.spawn(async move {
        let _ = tokio::io::copy(&mut theirs, &mut input).await;
        let _ = input.shutdown().await;
    });
    Box::new(ours)
}
