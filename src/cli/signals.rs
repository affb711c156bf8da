//! The system's requests to end. Must not end anything itself.

use tokio::signal::unix::{SignalKind, signal};

/// Waits until the system or the user asks to end: SIGINT, SIGTERM or SIGHUP.
pub async fn asked_to_end() -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}
