//! Pods that speak over the network in memory.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const POD: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 244, 1, 2));
const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 244, 2, 2));

fn at(port: u16) -> SocketAddr {
    SocketAddr::new(POD, port)
}

/// A network with a pod on each of two workers.
fn network() -> PodNetwork {
    let network = PodNetwork::default();
    network.attach(POD, "worker-1");
    network.attach(OTHER, "worker-2");
    network
}

async fn refusal(network: &PodNetwork, from: Option<IpAddr>, to: SocketAddr) -> ErrorKind {
    network.dial(from, to).await.err().map_or(ErrorKind::Other, |error| error.kind())
}

#[tokio::test]
async fn pods_reach_each_other_by_address_and_themselves_by_localhost() {
    let network = network();
    let mut listener = network.listen(at(80)).unwrap();
    for (from, to) in [(OTHER, at(80)), (POD, "127.0.0.1:80".parse().unwrap())] {
        let mut client = network.dial(Some(from), to).await.unwrap();
        let (mut server, peer) = listener.accept().await.unwrap();
        assert_eq!(peer.ip(), from);
        client.write_all(b"hola").await.unwrap();
        let mut heard = [0; 4];
        server.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"hola");
    }
}

#[tokio::test]
async fn ports_clash_inside_a_pod_and_are_free_again_when_the_listener_is_gone() {
    let network = network();
    let held = network.listen(at(80)).unwrap();
    assert_eq!(network.listen(at(80)).unwrap_err().kind(), ErrorKind::AddrInUse);
    network.listen(SocketAddr::new(OTHER, 80)).expect("another pod has its own ports");
    drop(held);
    network.listen(at(80)).expect("free again");
}

#[tokio::test]
async fn nobody_there_is_refused_and_no_pod_there_is_unreachable() {
    let network = PodNetwork::default();
    assert_eq!(refusal(&network, None, at(80)).await, ErrorKind::HostUnreachable);
    network.attach(POD, "worker-1");
    assert_eq!(refusal(&network, None, at(80)).await, ErrorKind::ConnectionRefused);
    let _listener = network.listen(at(80)).unwrap();
    network.detach(POD);
    assert_eq!(refusal(&network, None, at(80)).await, ErrorKind::HostUnreachable);
}

#[tokio::test(start_paused = true)]
async fn a_cut_tunnel_holds_what_is_on_its_way_until_it_is_mended() {
    let network = network();
    let mut listener = network.listen(at(80)).unwrap();
    let mut client = network.dial(Some(OTHER), at(80)).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    network.links().cut("worker-1", "worker-2");
    client.write_all(b"hola").await.unwrap();
    let mut heard = [0; 4];
    let silent = tokio::time::timeout(Duration::from_secs(3600), server.read_exact(&mut heard)).await;
    assert!(silent.is_err(), "nothing passes");
    assert_eq!(refusal(&network, Some(OTHER), at(80)).await, ErrorKind::TimedOut, "new connections do not come up");
    network.dial(None, at(80)).await.expect("outside of the tunnel all is well");
    network.links().mend("worker-1", "worker-2");
    server.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hola");
    drop(client);
    assert_eq!(server.read(&mut heard).await.unwrap(), 0, "the end passes too");
}

#[tokio::test(start_paused = true)]
async fn a_slow_tunnel_takes_its_time_each_way() {
    let network = network();
    let clock = network.services.clone();
    network.links().disturb("worker-1", "worker-2", Duration::from_millis(40), 0);
    let begun = clock.now();
    network.ping(OTHER, POD).await.unwrap();
    assert_eq!(clock.now().saturating_sub(begun).as_millis(), 80);
    let mut listener = network.listen(at(80)).unwrap();
    let mut client = network.dial(Some(OTHER), at(80)).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    let begun = clock.now();
    client.write_all(b"a").await.unwrap();
    server.read_u8().await.unwrap();
    server.write_all(b"b").await.unwrap();
    client.read_u8().await.unwrap();
    assert_eq!(clock.now().saturating_sub(begun).as_millis(), 80);
}

#[tokio::test(start_paused = true)]
async fn datagrams_arrive_with_their_sender_or_are_lost() {
    let network = network();
    let server = network.bind(Some(at(53))).unwrap();
    let client = network.bind(Some(SocketAddr::new(OTHER, 0))).unwrap();
    client.send("hola".into(), at(53)).await.unwrap();
    assert_eq!(server.receive().await.unwrap(), ("hola".into(), client.address()));
    assert_eq!(client.send("x".into(), at(54)).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(network.bind(Some(at(53))).err().unwrap().kind(), ErrorKind::AddrInUse);
    network.links().cut("worker-1", "worker-2");
    client.send("perdido".into(), at(53)).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(60), server.receive()).await.is_err());
    assert!(tokio::time::timeout(Duration::from_secs(60), network.ping(OTHER, POD)).await.is_err());
    network.detach(POD);
    assert_eq!(server.receive().await.unwrap_err().kind(), ErrorKind::NotConnected);
    network.attach(POD, "worker-1");
    let again = network.bind(Some(at(53))).unwrap();
    drop(server);
    network.links().mend("worker-1", "worker-2");
    client.send("otra".into(), at(53)).await.unwrap();
    assert_eq!(again.receive().await.unwrap().0, "otra");
}
