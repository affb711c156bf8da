//! Which endpoint a connection gets, as kube-proxy's `CategorizeEndpoints` and its session affinity decide it.
//! Must not know addresses of services.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::service::Endpoint;

/// Clients whose endpoints are remembered before old ones are forgotten.
const REMEMBERED: usize = 4096;

/// Whose turn it is at one port, and which client keeps which endpoint until when.
#[derive(Debug, Default)]
pub(super) struct Turns {
    next: AtomicUsize,
    kept: Mutex<HashMap<IpAddr, (SocketAddr, Duration)>>,
}

/// The endpoints that take part: the ready ones; without any, those that still serve while they end. Only those of
/// `node`, where that is asked.
pub(super) fn usable<'a>(endpoints: &'a [Endpoint], node: Option<&str>) -> Vec<&'a Endpoint> {
    let near = || endpoints.iter().filter(|endpoint| node.is_none_or(|node| endpoint.node == node));
    let ready: Vec<_> = near().filter(|endpoint| endpoint.ready).collect();
    if ready.is_empty() { near().filter(|endpoint| endpoint.serving_out).collect() } else { ready }
}

impl Turns {
    /// The next one in turn, or the one that the client keeps.
    pub(super) fn pick(
        &self,
        usable: &[&Endpoint],
        keep: Option<(IpAddr, Duration)>,
        now: Duration,
    ) -> Option<SocketAddr> {
        let Some((client, long)) = keep else { return self.next(usable) };
        let mut kept = self.kept.lock();
        let known = kept.get(&client).filter(|(at, until)| *until > now && usable.iter().any(|one| one.at == *at));
        let chosen = known.map(|(at, _)| *at).or_else(|| self.next(usable))?;
        if kept.len() >= REMEMBERED {
            kept.retain(|_, (_, until)| *until > now);
        }
        kept.insert(client, (chosen, now + long));
        Some(chosen)
    }

    fn next(&self, usable: &[&Endpoint]) -> Option<SocketAddr> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        usable.get(turn % usable.len().max(1)).map(|endpoint| endpoint.at)
    }
}
