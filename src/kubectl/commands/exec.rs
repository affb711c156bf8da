//! `kubectl exec`. Must not interpret what is typed.

use clap::Args;
use futures::SinkExt;
use futures::channel::mpsc;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::{AttachParams, AttachedProcess, TerminalSize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::pods::{self, text};
use crate::client::pod::Pod;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::io::Input;
use crate::kubectl::rest::{self, Ask};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Bytes read at a time.
const CHUNK: usize = 8 * 1024;

/// Arguments of `exec`.
#[derive(Args, Debug)]
pub(crate) struct Exec {
    /// POD o TIPO/NOMBRE.
    #[arg(value_name = "POD", hide = true)]
    args: Vec<String>,
    /// La orden, después de --.
    #[arg(last = true, value_name = "ORDEN", hide = true)]
    command: Vec<String>,
    /// Contenedor.
    #[arg(short, long, value_name = "NOMBRE")]
    container: Option<String>,
    /// Le pasa lo que se escribe.
    #[arg(short = 'i', long)]
    stdin: bool,
    /// Con una terminal.
    #[arg(short, long)]
    tty: bool,
    /// Sin avisos.
    #[arg(short, long)]
    quiet: bool,
    /// Se acepta y no cambia nada.
    #[arg(long, value_name = "TIEMPO", hide = true)]
    pod_running_timeout: Option<String>,
}

impl Verb for Exec {
    const NAME: &'static str = "exec";
    const ABOUT: &'static str = "Ejecuta una orden dentro de un contenedor";
    const USAGE: &'static str = "POD [-c CONTENEDOR] [-it] -- ORDEN…";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let word = self.args.first().ok_or_else(|| Failure::error("pod, type/name or --filename must be specified"))?;
        if self.command.is_empty() {
            return Err(Failure::error(match self.args.len() {
                1 => "you must specify at least one command for the container",
                _ => "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead",
            }));
        }
        let info = pods::object(word, session).await?;
        let mut found = pods::of(&info, session).await?;
        let pod = found.swap_remove(0);
        let phase = text(&pod["status"]["phase"]);
        if matches!(phase.as_str(), "Succeeded" | "Failed") {
            return Err(Failure::error(format!(
                "cannot exec into a container in a completed pod; current phase is {phase}"
            )));
        }
        let container = pods::container(&pod, self.container.as_deref(), session, self.quiet)?;
        let (namespace, name) = (text(&pod["metadata"]["namespace"]), text(&pod["metadata"]["name"]));
        let process = self.start(&namespace, &name, &container, session).await?;
        self.converse(process, session).await
    }
}

impl Exec {
    fn wants_terminal(&self, session: &mut Session<'_>) -> Outcome<bool> {
        if self.tty && session.io.terminal().is_none() {
            session.note("Unable to use a TTY - input is not a terminal or the right kind of file")?;
            return Ok(false);
        }
        Ok(self.tty)
    }

    async fn start(
        &self,
        namespace: &str,
        name: &str,
        container: &str,
        session: &mut Session<'_>,
    ) -> Outcome<AttachedProcess> {
        let tty = self.wants_terminal(session)?;
        let params = AttachParams::default().container(container).stdin(self.stdin).stderr(!tty).tty(tty);
        let pods: Api<Pod> = Api::namespaced(session.client().await?, namespace);
        match pods.exec(name, self.command.clone(), &params).await {
            Ok(process) => Ok(process),
            Err(error) => {
                // An upgrade that was refused does not say why: asking again without one does.
                let ask = Ask::get(format!("/api/v1/namespaces/{namespace}/pods/{name}/exec"));
                let ask =
                    ask.with("container", container).with("command", self.command[0].clone()).with("stdout", "true");
                let failure = rest::no_upgrade(&session.client().await?, ask).await?;
                Err(if failure.reason() == "BadRequest" { Failure::error(error.to_string()) } else { failure })
            }
        }
    }

    async fn converse(&self, process: AttachedProcess, session: &mut Session<'_>) -> Outcome {
        let raw = self.tty && session.io.terminal().is_some();
        if raw {
            session.io.set_raw(true)?;
        }
        let ended = run(process, session).await;
        if raw {
            session.io.set_raw(false)?;
        }
        match code(ended?)? {
            0 => Ok(()),
            code => {
                session.note(format!("command terminated with exit code {code}"))?;
                Err(Failure::Exit(u8::try_from(code).unwrap_or(1)))
            }
        }
    }
}

/// Carries bytes both ways until the process ends.
async fn run(mut process: AttachedProcess, session: &mut Session<'_>) -> Outcome<Option<Status>> {
    let (mut stdout, mut stderr) = (process.stdout(), process.stderr());
    let (mut stdin, mut sizes) = (process.stdin(), process.terminal_size());
    if let (Some((width, height)), Some(sizes)) = (session.io.terminal(), sizes.as_mut()) {
        resize(sizes, width, height).await;
    }
    let (mut out, mut err) = (vec![0; CHUNK], vec![0; CHUNK]);
    while stdout.is_some() || stderr.is_some() {
        tokio::select! {
            read = read(&mut stdout, &mut out) => match read {
                0 => stdout = None,
                length => session.io.out(&out[..length])?,
            },
            read = read(&mut stderr, &mut err) => match read {
                0 => stderr = None,
                length => session.io.err(&err[..length])?,
            },
            typed = session.io.input(), if stdin.is_some() => match typed? {
                Input::Bytes(bytes) => {
                    let gone = match stdin.as_mut() {
                        Some(writer) => writer.write_all(&bytes).await.is_err(),
                        None => true,
                    };
                    if gone {
                        stdin = None;
                    }
                }
                Input::Resized(width, height) => {
                    if let Some(sizes) = sizes.as_mut() {
                        resize(sizes, width, height).await;
                    }
                }
                Input::End => stdin = None,
            },
        }
    }
    match process.take_status() {
        Some(status) => Ok(status.await),
        None => Ok(None),
    }
}

async fn resize(sizes: &mut mpsc::Sender<TerminalSize>, width: u16, height: u16) {
    // A process that has ended needs no size.
    let _gone = sizes.send(TerminalSize { width, height }).await;
}

/// The next bytes; 0 at the end. A stream that is not there is never ready.
async fn read(reader: &mut Option<impl AsyncRead + Unpin>, buffer: &mut [u8]) -> usize {
    match reader {
        Some(reader) => reader.read(buffer).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}

/// The process' own exit code, which becomes the command's.
fn code(status: Option<Status>) -> Outcome<i32> {
    let Some(status) = status.filter(|status| status.status.as_deref() != Some("Success")) else { return Ok(0) };
    if status.reason.as_deref() != Some("NonZeroExitCode") {
        return Err(Failure::Status(Box::new(status)));
    }
    let causes = status.details.as_ref().and_then(|details| details.causes.as_ref()).into_iter().flatten();
    let mut codes = causes.filter(|cause| cause.reason.as_deref() == Some("ExitCode"));
    Ok(codes.find_map(|cause| cause.message.as_deref()?.parse().ok()).unwrap_or(1))
}
