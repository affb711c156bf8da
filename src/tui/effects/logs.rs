//! A container's log, followed. Must not keep it: the view does, within its bounds.

use std::time::Duration;

use futures::{AsyncBufReadExt, StreamExt};
use kube::Api;
use kube::api::LogParams;

use super::Shared;
use crate::client::pod::Pod;
use crate::tui::model::failure::Failure;
use crate::tui::msg::{LogRequest, Reply, Ticket};

/// Lines put together in one message at most.
const BATCH: usize = 256;
/// While a container starts its log is refused; how often to ask again, and how many times.
const RETRY: (Duration, usize) = (Duration::from_millis(500), 60);

/// Follows a log until it ends or its view is closed.
pub async fn follow(shared: Shared, ticket: Ticket, number: u64, request: LogRequest) {
    let mut end = None;
    for _ in 0..RETRY.1 {
        end = stream(&shared, (ticket, number), &request).await.err();
        match &end {
            Some(failure) if starting(failure) => tokio::time::sleep(RETRY.0).await,
            _ => break,
        }
    }
    shared.reply(ticket, Reply::LogEnd(number, end)).await;
}

/// The server's way to say that there is no log yet.
fn starting(failure: &Failure) -> bool {
    failure.code == 400
        && (failure.message.contains("ContainerCreating") || failure.message.contains("PodInitializing"))
}

async fn stream(shared: &Shared, (ticket, number): (Ticket, u64), request: &LogRequest) -> Result<(), Failure> {
    let pods: Api<Pod> = Api::namespaced(shared.client.clone(), &request.namespace);
    let params = LogParams {
        container: request.container.clone(),
        follow: !request.previous,
        previous: request.previous,
        since_seconds: (request.minutes > 0).then(|| i64::from(request.minutes) * 60),
        tail_lines: (request.minutes == 0).then_some(request.tail.into()),
        timestamps: true,
        ..LogParams::default()
    };
    let mut lines = pods.log_stream(&request.pod, &params).await?.lines().ready_chunks(BATCH);
    while let Some(batch) = lines.next().await {
        let batch: Result<Vec<String>, _> = batch.into_iter().collect();
        shared.reply(ticket, Reply::Lines(number, batch.map_err(Failure::broken)?)).await;
    }
    Ok(())
}
