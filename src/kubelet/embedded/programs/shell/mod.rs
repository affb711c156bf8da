//! A small honest shell for `busybox` and `alpine`, for the commands of manifests and for exec.
//! Must not pretend: what it does not know is «not found», with 127.

#![expect(clippy::unused_async, reason = "every applet has the signature of the table, whether it waits or not")]

mod applets;
mod archive;
mod clients;
mod expand;
mod lex;
mod net;
mod parse;
mod run;
mod sink;
mod test;
mod text;

use bytes::Bytes;

use crate::kubelet::embedded::container::World;
use crate::kubelet::embedded::terminal::{Keyboard, interact};
pub(in crate::kubelet::embedded) use run::Session;
pub(in crate::kubelet::embedded) use sink::Sink;

/// Names of the shell itself.
const SHELLS: [&str; 3] = ["sh", "ash", "bash"];

/// A program's name without its directory.
fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// Whether a container has this program.
pub(in crate::kubelet::embedded) fn has(world: &World, program: &str) -> bool {
    SHELLS.contains(&base_name(program)) || applets::find(world, base_name(program)).is_some()
}

/// Whether arguments without a command are themselves a command (`args: [sleep, "3600"]` in busybox).
pub(super) fn runs(world: &World, args: &[String]) -> bool {
    args.first().is_some_and(|program| has(world, program))
}

/// What runc says of a program that is not there.
pub(in crate::kubelet::embedded) fn not_found(program: &str) -> String {
    format!(
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: \
         unable to start container process: error during container init: exec: \"{program}\": executable file not found in $PATH"
    )
}

/// A container's own command; SIGTERM ends it with 143.
pub(super) async fn command(world: World) -> i32 {
    let words: Vec<String> = world.container.spec.command.iter().chain(&world.container.spec.args).cloned().collect();
    let (out, err) = (Sink::log(&world.container.log, false), Sink::log(&world.container.log, true));
    let session = Session::new(world.clone(), out, err, Bytes::new());
    let shell_alone = matches!(words.as_slice(), [program] if Session::is_shell(program));
    if shell_alone && world.container.spec.stdin {
        return conversation(&world, session).await;
    }
    until_told(&world, session, &words).await
}

/// Runs a command; SIGTERM ends it, unless its script has set a trap for it.
async fn until_told(world: &World, session: Session, words: &[String]) -> i32 {
    let mut running = session.clone();
    let mut work = std::pin::pin!(running.program(words));
    tokio::select! {
        code = &mut work => return code,
        () = world.terminated() => {}
    }
    let trap = session.trap.lock().clone();
    match trap {
        None => 143,
        Some(script) => {
            let mut handler = session;
            let code = handler.script(&script).await;
            if handler.left() { code } else { work.await }
        }
    }
}

/// A shell over the container's own input, which `attach` types into.
async fn conversation(world: &World, session: Session) -> i32 {
    let Some(stdin) = world.container.stdin() else { return 0 };
    let terminal = world.container.spec.tty;
    let keyboard = Keyboard::new(stdin, terminal.then(|| session.out.clone()), &world.tasks);
    tokio::select! {
        code = interact(session, keyboard, terminal) => code,
        () = world.terminated() => 143,
    }
}

/// The images' own command, an interactive shell: without an open standard input it ends at once, as in life.
pub(super) async fn interactive(world: World) -> i32 {
    let (out, err) = (Sink::log(&world.container.log, false), Sink::log(&world.container.log, true));
    let session = Session::new(world.clone(), out, err, Bytes::new());
    conversation(&world, session).await
}
