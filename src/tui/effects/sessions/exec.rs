//! A shell in a container, as `kubectl exec -it` runs it.

use futures::SinkExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::{AttachParams, TerminalSize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::{CHUNK, Input, Shared};
use crate::client::pod::Pod;
use crate::tui::model::failure::Failure;
use crate::tui::msg::{Reply, Ticket};

/// The shell that nearly every image with a shell has.
const SHELL: &str = "sh";

/// Runs it; the answer says how it ended.
pub async fn run(
    shared: &Shared,
    ticket: Ticket,
    (namespace, pod, container): (&str, &str, Option<String>),
    size: (u16, u16),
    mut inbox: mpsc::Receiver<Input>,
) -> Result<String, Failure> {
    let pods: Api<Pod> = Api::namespaced(shared.client.clone(), namespace);
    let params = AttachParams { stdin: true, stdout: true, stderr: false, tty: true, container, ..Default::default() };
    let mut process = pods.exec(pod, [SHELL], &params).await?;
    let (Some(mut stdin), Some(mut stdout)) = (process.stdin(), process.stdout()) else {
        return Err(Failure::broken("the stream has no channels"));
    };
    let (mut sizes, status) = (process.terminal_size(), process.take_status());
    let ended = async {
        match status {
            Some(status) => status.await,
            None => None,
        }
    };
    tokio::pin!(ended);
    resize(sizes.as_mut(), size).await;
    let mut chunk = vec![0; CHUNK];
    loop {
        tokio::select! {
            // The status comes after all output, and the stream may stay open behind it.
            biased;
            read = stdout.read(&mut chunk) => match read {
                Ok(count) if count > 0 => shared.reply(ticket, Reply::Bytes(chunk[..count].to_vec())).await,
                _ => break,
            },
            input = inbox.recv() => match input {
                Some(Input::Bytes(bytes)) => {
                    stdin.write_all(&bytes).await.map_err(Failure::broken)?;
                    stdin.flush().await.map_err(Failure::broken)?;
                }
                Some(Input::Size(size)) => resize(sizes.as_mut(), size).await,
                None => break,
            },
            status = &mut ended => return told(status),
        }
    }
    told(ended.await)
}

async fn resize(sizes: Option<&mut futures::channel::mpsc::Sender<TerminalSize>>, (width, height): (u16, u16)) {
    if let Some(sizes) = sizes {
        // A shell that has ended needs no size any more.
        let _ended = sizes.send(TerminalSize { width, height }).await;
    }
}

/// How the server says that it ended.
fn told(status: Option<Status>) -> Result<String, Failure> {
    let Some(status) = status else { return Ok("terminó".into()) };
    let causes = status.details.as_ref().and_then(|details| details.causes.as_ref());
    let code = causes.into_iter().flatten().find(|cause| cause.reason.as_deref() == Some("ExitCode"));
    match (status.status.as_deref(), code.and_then(|code| code.message.as_deref())) {
        (Some("Success"), _) => Ok("terminó".into()),
        (_, Some(code)) => Ok(format!("terminó con código {code}")),
        (_, None) => Err(Failure::broken(status.message.unwrap_or_default())),
    }
}
