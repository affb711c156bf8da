//! Processes beside a container's own: exec and attach over channels. Must not change the container.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};

use super::container::Container;
use crate::base::tasks::Tasks;
use crate::kubelet::programs::input::Input;
use crate::kubelet::programs::shell::{self, Session, Sink};
use crate::kubelet::programs::terminal::{Keyboard, interact};
use crate::kubelet::programs::world::World;
use crate::kubelet::runtime::{AttachRequest, ExecRequest, Process, RuntimeError};

/// Bytes of a stream that may wait to be read.
const BUFFER: usize = 16 * 1024;

/// Runs a command of the built-in shell in the container's world.
pub(super) fn exec(world: World, container: &Arc<Container>, request: ExecRequest) -> Result<Process, RuntimeError> {
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
    let (tasks, kill) = (world.tasks.clone(), container.clone());
    let stdin: Box<dyn AsyncRead + Send + Unpin> =
        if request.stdin { Box::new(theirs) } else { Box::new(tokio::io::empty()) };
    let sink = if request.tty { Sink::Terminal } else { Sink::Channel };
    let session = Session::new(world, sink(out_sender), sink(err_sender), Input::default());
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

/// A shell without a script reads its commands as they come; anything else reads its input when it wants it.
async fn drive(
    mut session: Session,
    request: &ExecRequest,
    stdin: Box<dyn AsyncRead + Send + Unpin>,
    tasks: &Tasks,
) -> i32 {
    if !request.stdin {
        return session.program(&request.command).await;
    }
    let keyboard = |stdin| Keyboard::new(stdin, request.tty.then(|| session.out.clone()), tasks);
    if shell::converses(&request.command) {
        let keyboard = keyboard(stdin);
        return interact(session, keyboard, request.tty).await;
    }
    session.input = if request.tty { keyboard(stdin).into_input() } else { Input::stream(stdin) };
    session.program(&request.command).await
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
