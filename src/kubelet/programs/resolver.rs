//! How a program in a container finds an address: `/etc/hosts`, then the nameservers of `/etc/resolv.conf` with its
//! search list. Must not know any name by itself.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::world::World;

/// How long a nameserver may take, and how often it is asked (resolv.conf(5): `timeout`, `attempts`).
const PATIENCE: Duration = Duration::from_secs(5);
const ATTEMPTS: u32 = 2;
const PORT: u16 = 53;

/// What the nameservers say of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kubelet) enum Answer {
    /// Records of the first form of the name that has any, and that form.
    Found { name: String, records: Vec<Record> },
    /// No form of the name exists, or none has what was asked.
    NoName,
    /// No nameserver answers, or there is none.
    NoServer,
}

/// The first address of a name, as `getaddrinfo` finds it.
pub(in crate::kubelet) async fn address(world: &World, name: &str) -> Option<IpAddr> {
    if let Ok(ip) = name.parse() {
        return Some(ip);
    }
    if let Some(ip) = from_hosts(world, name) {
        return Some(ip);
    }
    let Answer::Found { records, .. } = query(world, name, RecordType::A).await else { return None };
    records.iter().find_map(address_of)
}

/// The address that a record carries.
pub(in crate::kubelet) fn address_of(record: &Record) -> Option<IpAddr> {
    match &record.data {
        RData::A(a) => Some(a.0.into()),
        RData::AAAA(a) => Some(a.0.into()),
        _ => None,
    }
}

fn from_hosts(world: &World, name: &str) -> Option<IpAddr> {
    let sandbox = &world.sandbox;
    if name == "localhost" {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    if name == sandbox.hostname {
        return Some(sandbox.ip);
    }
    sandbox.hosts.iter().find(|(_, names)| names.iter().any(|it| it == name)).map(|(ip, _)| *ip)
}

/// Asks the nameservers for each form of a name until one has what is asked.
pub(in crate::kubelet) async fn query(world: &World, name: &str, kind: RecordType) -> Answer {
    let dns = &world.sandbox.dns;
    for form in forms(name, &dns.searches, ndots(&dns.options)) {
        let Ok(full) = Name::from_ascii(&form) else { continue };
        let Some(reply) = ask(world, &full, kind).await else { return Answer::NoServer };
        if reply.metadata.response_code == ResponseCode::NoError && !reply.answers.is_empty() {
            return Answer::Found { name: form.trim_end_matches('.').into(), records: reply.answers };
        }
    }
    Answer::NoName
}

/// The forms of a name in the order in which they are tried: with fewer dots than `ndots`, the search list first.
fn forms(name: &str, searches: &[String], ndots: usize) -> Vec<String> {
    if name.ends_with('.') {
        return vec![name.into()];
    }
    let whole = std::iter::once(format!("{name}."));
    let searched = searches.iter().map(|search| format!("{name}.{}.", search.trim_end_matches('.')));
    if name.matches('.').count() >= ndots { whole.chain(searched).collect() } else { searched.chain(whole).collect() }
}

fn ndots(options: &[String]) -> usize {
    options.iter().find_map(|option| option.strip_prefix("ndots:")?.parse().ok()).unwrap_or(1)
}

/// Asks one nameserver after the other.
async fn ask(world: &World, name: &Name, kind: RecordType) -> Option<Message> {
    let mut query = Message::query();
    query.metadata.recursion_desired = true;
    query.add_query(Query::query(name.clone(), kind));
    let query = query.to_vec().ok()?;
    for _ in 0..ATTEMPTS {
        for server in &world.sandbox.dns.servers {
            let answered = tokio::time::timeout(PATIENCE, exchange(world, (*server, PORT).into(), &query)).await;
            if let Ok(Ok(reply)) = answered {
                return Some(reply);
            }
        }
    }
    None
}

/// A query in a datagram; over a connection when the answer does not fit.
async fn exchange(world: &World, server: SocketAddr, query: &[u8]) -> io::Result<Message> {
    let own = world.sandbox.ip;
    let socket = world.net.bind(Some(SocketAddr::new(own, 0)))?;
    socket.send(query.to_vec().into(), server).await?;
    let (reply, _) = socket.receive().await?;
    let reply = Message::from_vec(&reply).map_err(io::Error::other)?;
    if !reply.metadata.truncation {
        return Ok(reply);
    }
    let mut stream = world.net.dial(Some(own), server).await?;
    stream.write_u16(u16::try_from(query.len()).map_err(io::Error::other)?).await?;
    stream.write_all(query).await?;
    let mut whole = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut whole).await?;
    Message::from_vec(&whole).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_searched_before_they_are_taken_as_they_are() {
        let searches = ["a.svc.cluster.local".to_owned(), "svc.cluster.local".to_owned()];
        let expected = ["web.a.svc.cluster.local.", "web.svc.cluster.local.", "web."];
        assert_eq!(forms("web", &searches, 5), expected);
        assert_eq!(forms("ejemplo.com", &searches, 1)[0], "ejemplo.com.");
        assert_eq!(forms("web.a.svc.cluster.local.", &searches, 5), ["web.a.svc.cluster.local."]);
        assert_eq!(ndots(&["edns0".into(), "ndots:5".into()]), 5);
    }
}
