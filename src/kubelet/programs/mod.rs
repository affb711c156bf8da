//! The built-in programs: one file each and one line in [`ALL`]. Must not pretend: what is simulated says so; nor know
//! whether they run in memory or in an engine's container.

mod demo;
pub(super) mod files;
mod http;
pub(super) mod input;
mod load;
mod postgres;
mod redis;
pub(super) mod reference;
mod resolver;
pub(super) mod shell;
mod standin;
pub(super) mod terminal;
mod welcome;
pub(super) mod world;

use futures::future::BoxFuture;

use super::runtime::RuntimeError;
use reference::Reference;
use world::World;

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

/// Whether images of this repository run a program of ours.
pub(super) fn knows(repository: &str) -> bool {
    ALL.iter().any(|entry| entry.repository == repository)
}

fn known(world: &World) -> Option<&'static Entry> {
    let repository = repository(world)?;
    ALL.iter().find(|entry| entry.repository == repository)
}

/// The repository of the container's image.
fn repository(world: &World) -> Option<String> {
    Reference::parse(&world.spec.image).ok().map(|reference| reference.repository)
}

/// What a container runs: its command in the shell's words, or its image's own program.
pub(super) fn of(world: &World) -> Main {
    let spec = &world.spec;
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
    let spec = &world.spec;
    match spec.command.first().filter(|program| known(world).is_some() && !shell::has(world, program)) {
        None => Ok(()),
        Some(program) => Err(RuntimeError::Start(shell::not_found(program))),
    }
}
