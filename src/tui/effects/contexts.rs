//! The contexts of a kubeconfig. Must not connect to any.

use std::path::PathBuf;

use kube::config::Kubeconfig;

use super::Shared;
use crate::base::tasks::Tasks;
use crate::tui::msg::{ContextLine, Reply, Ticket};

/// Reads a file, or those that kubectl would read.
pub async fn read(shared: Shared, ticket: Ticket, path: Option<PathBuf>) {
    let read = Tasks::blocking(move || match path {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    });
    let lines = read.await.map(|config| lines(&config)).map_err(|error| error.to_string());
    shared.reply(ticket, Reply::Contexts(lines)).await;
}

fn lines(config: &Kubeconfig) -> Vec<ContextLine> {
    let server = |name: &str| {
        let cluster = config.clusters.iter().find(|cluster| cluster.name == name);
        cluster.and_then(|cluster| cluster.cluster.as_ref()?.server.clone()).unwrap_or_default()
    };
    let line = |named: &kube::config::NamedContext| {
        let context = named.context.clone().unwrap_or_default();
        ContextLine {
            server: server(&context.cluster),
            cluster: context.cluster,
            user: context.user.unwrap_or_default(),
            namespace: context.namespace.unwrap_or_default(),
            current: config.current_context.as_deref() == Some(&named.name),
            name: named.name.clone(),
        }
    };
    config.contexts.iter().map(line).collect()
}
