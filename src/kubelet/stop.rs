//! Ends one container in order: preStop hook, SIGTERM, and SIGKILL when the grace is over. Must not choose which.

use std::time::Duration;

use k8s_openapi::api::core::v1::LifecycleHandler;

use super::context::Context;
use super::handler::{self, Target};
use crate::client::pod::Pod;

/// Shortest time that the process itself gets after a long hook (kubelet `minimumGracePeriodInSeconds`).
const LEAST: Duration = Duration::from_secs(2);

/// Stops a container; failures are logged, as the plan will ask again.
pub(crate) async fn container(context: &Context, pod: &Pod, target: &Target, grace: Duration) {
    let begun = context.clock.elapsed();
    let hook = target.container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
    if let Some(hook) = hook.filter(|_| !grace.is_zero()) {
        let outcome = tokio::time::timeout(grace, run_hook(context, target, hook)).await;
        if outcome.is_err() || matches!(outcome, Ok(Err(_))) {
            context.container_event(
                pod,
                &target.container.name,
                true,
                "FailedPreStopHook",
                "PreStopHook failed".into(),
            );
        }
    }
    let spent = context.clock.elapsed().saturating_sub(begun);
    let left = if spent.is_zero() { grace } else { grace.saturating_sub(spent).max(LEAST.min(grace)) };
    if let Err(error) = context.runtime.stop(&target.id, left).await {
        tracing::warn!(container = target.container.name, %error, "container could not be stopped");
    }
}

/// Runs a postStart or preStop handler.
pub(crate) async fn run_hook(context: &Context, target: &Target, hook: &LifecycleHandler) -> Result<(), String> {
    if let Some(action) = &hook.exec {
        handler::exec(context, target, action).await
    } else if let Some(action) = &hook.http_get {
        handler::http_get(context, target, action).await
    } else if let Some(action) = &hook.sleep {
        tokio::time::sleep(Duration::from_secs(u64::try_from(action.seconds).unwrap_or(0))).await;
        Ok(())
    } else if let Some(action) = &hook.tcp_socket {
        handler::tcp(context, target, action.host.as_deref(), &action.port).await
    } else {
        Ok(())
    }
}
