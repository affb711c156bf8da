//! `timonel guest pause [VOLUME…]`: holds a pod's network namespace until it is told to end, and first opens the pod's
//! empty volumes to every user, as an emptyDir is. Must not do anything else: the containers have their own process
//! namespaces, so there is nobody to reap.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

pub(super) fn run(volumes: &[String]) -> io::Result<ExitCode> {
    for volume in volumes {
        fs::set_permissions(volume, Permissions::from_mode(0o777))?;
    }
    super::block_on(terminated())?;
    Ok(ExitCode::SUCCESS)
}

/// Waits for the engine's request to end. Process 1 has no default handlers: unheard, SIGTERM would be lost.
async fn terminated() -> io::Result<()> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = term.recv() => Ok(()),
        _ = int.recv() => Ok(()),
    }
}
