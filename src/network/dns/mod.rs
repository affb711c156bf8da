//! The cluster's DNS (CoreDNS): names of services and pods, in the pod network. Must not invent names: the services and
//! their slices give them.

mod register;
mod responder;
mod serve;
#[cfg(test)]
mod tests;
mod zone;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, UdpSocket};

pub(crate) use self::responder::Responder;
use super::feed::Feed;
use super::table::ServiceTable;
use crate::base::clock::Clock;
use crate::base::net::PodNet;
use crate::base::tasks::Tasks;

/// The domain of the cluster's names.
pub const DOMAIN: &str = "cluster.local";
/// The port of DNS.
pub(crate) const PORT: u16 = 53;
/// Where the server is in the network in memory: on a machine that is no worker.
pub(super) const OWN: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 255, 10));

/// What DNS is started with.
pub struct Config {
    /// Client that may read services and slices, and write the service `kube-system/kube-dns`.
    pub client: kube::Client,
    /// Where it answers.
    pub net: Arc<dyn PodNet>,
    /// The address of the service, which pods have as their nameserver.
    pub address: IpAddr,
    /// Time.
    pub clock: Clock,
}

/// Says in the API where DNS is, for a server that answers elsewhere.
pub fn announce(client: kube::Client, address: IpAddr, server: IpAddr, tasks: &Tasks) {
    tasks.spawn(register::keep(client, address, server));
}

/// Answers at a real address.
pub(super) async fn serve_on_host(at: SocketAddr, responder: Responder, tasks: &Tasks) -> io::Result<()> {
    let responder = Arc::new(responder);
    let (socket, listener) = (UdpSocket::bind(at).await?, TcpListener::bind(at).await?);
    tasks.spawn(serve::host_datagrams(socket, responder.clone(), tasks.clone()));
    tasks.spawn(serve::host_connections(listener, responder, tasks.clone()));
    Ok(())
}

/// Starts DNS in the network in memory.
pub fn start(config: Config, tasks: &Tasks) {
    let Config { client, net, address, clock } = config;
    let table = ServiceTable::new(clock);
    let responder = Responder { table: table.clone(), domain: DOMAIN.into(), upstream: None };
    let mut feed = Feed::start(&client, tasks);
    tasks.spawn(register::keep(client, address, OWN));
    tasks.spawn(async move { while !feed.next(&table).await.is_empty() {} });
    net.attach(OWN, "");
    listen(&*net, &Arc::new(responder), tasks);
}

fn listen(net: &dyn PodNet, responder: &Arc<Responder>, tasks: &Tasks) {
    let at = SocketAddr::new(OWN, PORT);
    match (net.bind(Some(at)), net.listen(at)) {
        (Ok(socket), Ok(listener)) => {
            tasks.spawn(serve::datagrams(socket, responder.clone(), tasks.clone()));
            tasks.spawn(serve::connections(listener, responder.clone(), tasks.clone()));
        }
        (Err(error), _) | (_, Err(error)) => tracing::warn!(%error, "the cluster's DNS cannot listen at {at}"),
    }
}
