//! A small honest shell for `busybox` and `alpine`, for the commands of manifests and for exec, in both runtimes.
//! Must not pretend: what it does not know is «not found», with 127.

#![expect(clippy::unused_async, reason = "every applet has the signature of the table, whether it waits or not")]

mod applets;
mod archive;
mod builtin;
mod clients;
mod expand;
mod lex;
mod net;
mod parse;
mod run;
mod sink;
mod system;
mod test;
mod text;
mod words;

use crate::kubelet::programs::input::Input;
use crate::kubelet::programs::terminal::interact;
use crate::kubelet::programs::world::World;
pub(in crate::kubelet) use run::Session;
pub(in crate::kubelet) use sink::Sink;

/// Where programs are looked for: as in every image.
pub(in crate::kubelet) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Names of the shell itself.
const SHELLS: [&str; 3] = ["sh", "ash", "bash"];

/// Every name under which a program of ours is called.
pub(in crate::kubelet) fn names() -> impl Iterator<Item = &'static str> {
    SHELLS.into_iter().chain(applets::names())
}

/// A program's name without its directory.
pub(in crate::kubelet) fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

fn is_shell(program: &str) -> bool {
    SHELLS.contains(&base_name(program))
}

/// Whether a command is a shell that is told neither a script nor a file: it reads its commands as they come.
pub(in crate::kubelet) fn converses(words: &[String]) -> bool {
    let [program, flags @ ..] = words else { return false };
    is_shell(program) && flags.iter().all(|flag| flag.starts_with('-') && !flag.contains('c'))
}

/// Whether a container has this program.
pub(in crate::kubelet) fn has(world: &World, program: &str) -> bool {
    is_shell(program) || applets::find(world, base_name(program)).is_some()
}

/// Whether arguments without a command are themselves a command (`args: [sleep, "3600"]` in busybox).
pub(super) fn runs(world: &World, args: &[String]) -> bool {
    args.first().is_some_and(|program| has(world, program))
}

/// An IO error in the C library's words.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "Connection refused".into(),
        std::io::ErrorKind::HostUnreachable => "No route to host".into(),
        std::io::ErrorKind::TimedOut => "Connection timed out".into(),
        _ => {
            let words = error.to_string();
            words.split(" (os error").next().unwrap_or_default().into()
        }
    }
}

/// What runc says of a program that is not there.
pub(in crate::kubelet) fn not_found(program: &str) -> String {
    format!(
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: \
         unable to start container process: error during container init: exec: \"{program}\": executable file not found in $PATH"
    )
}

/// A container's own command; SIGTERM ends it with 143.
pub(in crate::kubelet) async fn command(world: World) -> i32 {
    let words: Vec<String> = world.spec.command.iter().chain(&world.spec.args).cloned().collect();
    if world.spec.stdin && converses(&words) {
        return interactive(world).await;
    }
    let input = if world.spec.stdin { Input::stream(world.host.stdin()) } else { Input::default() };
    let session = session(&world, input);
    until_told(&world, session, &words).await
}

fn session(world: &World, input: Input) -> Session {
    Session::new(world.clone(), Sink::own(world, false), Sink::own(world, true), input)
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

/// The images' own command, an interactive shell: without an open standard input it ends at once, as in life.
pub(super) async fn interactive(world: World) -> i32 {
    let (session, terminal) = (session(&world, Input::default()), world.spec.tty);
    let keyboard = world.host.keyboard(terminal.then(|| session.out.clone()), &world.tasks);
    tokio::select! {
        code = interact(session, keyboard, terminal) => code,
        () = world.terminated() => 143,
    }
}
