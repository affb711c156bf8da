//! Processes beside a container's own: exec and attach over channels. Must not change the container.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};

use super::container::{Container, World};
use super::programs::shell::{self, Session, Sink};
use super::terminal::{Keyboard, interact};
use crate::base::tasks::Tasks;
use crate::kubelet::runtime::{AttachRequest, ExecRequest, Process, RuntimeError};

/// Bytes of a stream that may wait to be read.
const BUFFER: usize = 16 * 1024;

/// Runs a command of the built-in shell in the container's world.
pub(super) fn exec(world: World, request: ExecRequest) -> Result<Process, RuntimeError> {
    let program = request.command.first().map(String::as_str).unwrap_or_default();
    if !shell::has(&world, program) {
        return Err(RuntimeError::Start(format!(
            "OCI runtime exec failed: exec failed: unable to start container process: exec: \"{program}\": \
             executable file not found in $PATH"
        )));
    }
    let (out_sender, stdout) = output(&world.tasks);
    let (err_sender, stderr) = if request.tty { (out_sender.clone(), None) } else { second(&world.tasks) };
    let (ours, theirs) = tokio::io::duplex(BUFFER);
    let (done, exit) = oneshot::channel();
    let (tasks, kill) = (world.tasks.clone(), world.container.clone());
    let stdin: Box<dyn AsyncRead + Send + Unpin> =
        if request.stdin { Box::new(theirs) } else { Box::new(tokio::io::empty()) };
    let sink = if request.tty { Sink::Terminal } else { Sink::Channel };
    let session = Session::new(world, sink(out_sender), sink(err_sender), Bytes::new());
    let resize = on_resize(&session, &tasks);
    let wants_stdin = request.stdin;
    tasks.clone().spawn(async move {
        // When the container ends, so does everything in it.
        let code = tokio::select! {
            code = drive(session, &request, stdin, &tasks) => code,
            () = kill.ended() => 137,
        };
        let _ = done.send(code);
    });
    let exit = exit.map(|code| Ok(code.unwrap_or(137))).boxed();
    Ok(Process { stdin: wants_stdin.then(|| Box::new(ours) as _), stdout, stderr, resize, exit })
}

/// A shell without a script reads its commands as they come, `cat` hands on what comes; anything else gets all its
/// input first.
async fn drive(
    mut session: Session,
    request: &ExecRequest,
    mut stdin: Box<dyn AsyncRead + Send + Unpin>,
    tasks: &Tasks,
) -> i32 {
    if request.stdin && hands_on(&request.command) {
        return hand_on(&session, stdin).await;
    }
    let alone = request.command.len() == 1 && Session::is_shell(&request.command[0]);
    if alone && request.stdin {
        let echo = request.tty.then(|| session.out.clone());
        return interact(session, Keyboard::new(stdin, echo, tasks), request.tty).await;
    }
    let mut input = Vec::new();
    // Only what reads its input waits for it; a terminal has no end of file.
    if request.stdin && !request.tty {
        let _ = stdin.read_to_end(&mut input).await;
    }
    session.set_input(input.into());
    session.program(&request.command).await
}

/// Whether a command is a bare `cat`.
fn hands_on(command: &[String]) -> bool {
    matches!(command, [program] if program.rsplit('/').next() == Some("cat")) || command == ["cat", "-"]
}

async fn hand_on(session: &Session, mut stdin: Box<dyn AsyncRead + Send + Unpin>) -> i32 {
    let mut buffer = vec![0; BUFFER];
    while let Ok(length @ 1..) = stdin.read(&mut buffer).await {
        session.out.write(&buffer[..length]);
    }
    0
}

/// Where new sizes of the terminal are sent.
fn on_resize(session: &Session, tasks: &Tasks) -> mpsc::Sender<(u16, u16)> {
    let (sender, mut sizes) = mpsc::channel(1);
    let shown = session.size.clone();
    tasks.spawn(async move {
        while let Some(size) = sizes.recv().await {
            *shown.lock() = size;
        }
    });
    sender
}

/// Joins the container's own streams: its output from now on, and its input if it keeps one open.
pub(super) fn attach(container: &Arc<Container>, request: &AttachRequest, tasks: &Tasks) -> Process {
    let mut output_of = container.log.tap();
    let (out_sender, stdout) = output(tasks);
    let (err_sender, stderr) = if request.tty { (out_sender.clone(), None) } else { second(tasks) };
    let (done, exit) = oneshot::channel();
    let ended = container.clone();
    tasks.spawn(async move {
        while let Some((stderr, data)) = output_of.recv().await {
            let sender = if stderr { &err_sender } else { &out_sender };
            if sender.send(data).is_err() {
                return;
            }
        }
        let _ = done.send(ended.exit().map_or(0, |exit| exit.code));
    });
    let (resize, _) = mpsc::channel(1);
    let exit = exit.map(|code| Ok(code.unwrap_or(0))).boxed();
    Process { stdin: request.stdin.then(|| input(container, tasks)), stdout, stderr, resize, exit }
}

/// A way into the container's input; with `stdinOnce` its end is the input's own.
fn input(container: &Arc<Container>, tasks: &Tasks) -> Box<dyn AsyncWrite + Send + Unpin> {
    let (ours, mut theirs) = tokio::io::duplex(BUFFER);
    let container = container.clone();
    tasks.spawn(async move {
        let mut space = vec![0; BUFFER];
        while let Ok(length @ 1..) = theirs.read(&mut space).await {
            if !container.type_in(Bytes::copy_from_slice(&space[..length])) {
                return;
            }
        }
        if container.spec.stdin_once {
            container.close_input();
        }
    });
    Box::new(ours)
}

type Output = (mpsc::UnboundedSender<Bytes>, Box<dyn AsyncRead + Send + Unpin>);

/// A stream fed by a channel; it ends when every sender is gone.
fn output(tasks: &Tasks) -> Output {
    let (sender, mut receiver) = mpsc::unbounded_channel::<Bytes>();
    let (mut ours, theirs) = tokio::io::duplex(BUFFER);
    tasks.spawn(async move {
        while let Some(data) = receiver.recv().await {
            if ours.write_all(&data).await.is_err() {
                return;
            }
        }
    });
    (sender, Box::new(theirs))
}

fn second(tasks: &Tasks) -> (mpsc::UnboundedSender<Bytes>, Option<Box<dyn AsyncRead + Send + Unpin>>) {
    let (sender, stream) = output(tasks);
    (sender, Some(stream))
}
