//! The built-in programs: one file each and one line in [`ALL`]. Must not pretend: what is simulated says so.

mod demo;
mod http;
mod load;
mod postgres;
mod redis;
pub(super) mod shell;
mod standin;
mod welcome;

use futures::future::BoxFuture;

use super::container::World;
use super::images::Reference;
use crate::kubelet::runtime::RuntimeError;

/// A program's main function: from its world to its exit code.
pub(super) type Main = fn(World) -> BoxFuture<'static, i32>;

/// Repository (without registry) and the program that an image of it runs; images with a shell also run commands.
struct Entry {
    repository: &'static str,
    main: Main,
}

/// Every image that Timonel knows.
const ALL: &[Entry] = &[
    Entry { repository: "timonel/demo", main: |world| Box::pin(demo::main(world)) },
    Entry { repository: "ricardoqsx/backend", main: |world| Box::pin(demo::backend(world)) },
    Entry { repository: "nginx", main: |world| Box::pin(welcome::nginx(world)) },
    Entry { repository: "httpd", main: |world| Box::pin(welcome::httpd(world)) },
    Entry { repository: "redis", main: |world| Box::pin(redis::main(world)) },
    Entry { repository: "postgres", main: |world| Box::pin(postgres::main(world)) },
    Entry { repository: "timonel/carga", main: |world| Box::pin(load::main(world)) },
    Entry { repository: "busybox", main: |world| Box::pin(shell::interactive(world)) },
    Entry { repository: "alpine", main: |world| Box::pin(shell::interactive(world)) },
];

fn known(world: &World) -> Option<&'static Entry> {
    let repository = repository(world)?;
    ALL.iter().find(|entry| entry.repository == repository)
}

/// The repository of the container's image.
fn repository(world: &World) -> Option<String> {
    Reference::parse(&world.container.spec.image).ok().map(|reference| reference.repository)
}

/// What a container runs: its command in the shell's words, or its image's own program.
pub(super) fn of(world: &World) -> Main {
    let spec = &world.container.spec;
    match known(world) {
        None => |world| Box::pin(standin::main(world)),
        Some(_) if !spec.command.is_empty() || shell::runs(world, &spec.args) => {
            |world| Box::pin(shell::command(world))
        }
        Some(entry) => entry.main,
    }
}

/// Refuses a command that the image does not have, in the words of runc.
pub(super) fn check(world: &World) -> Result<(), RuntimeError> {
    let spec = &world.container.spec;
    match spec.command.first().filter(|program| known(world).is_some() && !shell::has(world, program)) {
        None => Ok(()),
        Some(program) => Err(RuntimeError::Start(shell::not_found(program))),
    }
}
