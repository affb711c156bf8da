//! What is typed to and shown by a shell: in a container, or on this machine. Must not draw: the view parses what comes.

mod exec;
mod local;

use tokio::sync::mpsc;

use super::Shared;
use crate::tui::model::failure::Failure;
use crate::tui::msg::{Reply, ShellAt, Ticket};

/// Keys on their way to a shell.
const QUEUE: usize = 256;
/// Bytes shown at once.
const CHUNK: usize = 16 * 1024;

/// What goes to a shell.
#[derive(Debug)]
pub enum Input {
    /// Typed.
    Bytes(Vec<u8>),
    /// Columns and rows of its terminal.
    Size((u16, u16)),
}

/// Where to type; one end for the runner, the other for the shell.
pub fn line() -> (mpsc::Sender<Input>, mpsc::Receiver<Input>) {
    mpsc::channel(QUEUE)
}

/// Runs a shell until it ends or its view is closed.
pub async fn run(shared: Shared, ticket: Ticket, session: ShellAt, size: (u16, u16), inbox: mpsc::Receiver<Input>) {
    let ended: Result<String, Failure> = match session {
        ShellAt::Exec { namespace, pod, container } => {
            exec::run(&shared, ticket, (&namespace, &pod, container), size, inbox).await
        }
        ShellAt::Local { kubeconfig, context } => {
            local::run(&shared, ticket, kubeconfig, context, size, inbox).await.map_err(Failure::broken)
        }
    };
    shared.reply(ticket, Reply::ShellEnd(ended)).await;
}
