//! The metrics API, read every few seconds while somebody looks. Must not keep readings: the view does.

use std::time::Duration;

use super::Shared;
use crate::tui::model::failure::Failure;
use crate::tui::msg::{Reply, Ticket};

/// How often: metrics-server measures every fifteen seconds by default, and faster readings cost little.
const EVERY: Duration = Duration::from_secs(5);

/// Reads a path until it is told to stop, or the server does not have it.
pub async fn follow(shared: Shared, ticket: Ticket, path: String) {
    loop {
        let answer = shared.get(&path).await;
        let hopeless = answer.as_ref().is_err_and(|failure| failure.missing() || failure.denied());
        shared.reply(ticket, Reply::Usage(answer.map_err(unnamed))).await;
        if hopeless {
            return;
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// «Not found» of the whole API comes without a reason of Kubernetes' own; it means the same.
fn unnamed(failure: Failure) -> Failure {
    if failure.code == 503 { Failure { code: 404, ..failure } } else { failure }
}
