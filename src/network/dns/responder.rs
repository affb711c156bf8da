//! From a query's bytes to an answer's. Must not know how they travel.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use hickory_proto::op::{Message, MessageType, Metadata, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;

use super::zone::{Found, Zone};
use crate::network::table::ServiceTable;

/// Largest message over TCP, whose length has two bytes.
pub(super) const OVER_TCP: usize = u16::MAX as usize;
/// How long another server may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers queries.
#[derive(Clone)]
pub(crate) struct Responder {
    pub(crate) table: ServiceTable,
    /// Such as `cluster.local`.
    pub(crate) domain: String,
    /// Who knows the names that are not the cluster's; without anybody they do not exist.
    pub(crate) upstream: Option<SocketAddr>,
}

impl Responder {
    /// The answer to a query that may be so long (over UDP, as long as the query says); none for what is no query.
    pub(crate) async fn answer(&self, query: &[u8], limit: Option<usize>) -> Option<Bytes> {
        let asked =
            Message::from_vec(query).ok().filter(|message| message.metadata.message_type == MessageType::Query)?;
        let question = asked.queries.first()?.clone();
        let mut reply = reply_to(&asked);
        match self.zone().find(question.name(), question.query_type()) {
            Found::Records { answers, additionals } => {
                let alias = alias(&answers, question.query_type());
                reply.add_answers(answers).add_additionals(additionals);
                if let Some(target) = alias {
                    reply.add_answers(self.chase(&target, question.query_type()).await);
                }
                if reply.answers.is_empty() {
                    reply.add_authorities(self.zone().authority());
                }
            }
            Found::Nothing => self.refuse(&mut reply),
            Found::Elsewhere => match self.upstream {
                Some(server) => match ask(server, query).await {
                    Ok(answer) => return Some(answer),
                    Err(_) => reply.metadata.response_code = ResponseCode::ServFail,
                },
                None => self.refuse(&mut reply),
            },
        }
        encode(&reply, limit.unwrap_or_else(|| usize::from(asked.max_payload())))
    }

    fn zone(&self) -> Zone<'_> {
        Zone { table: &self.table, domain: &self.domain }
    }

    fn refuse(&self, reply: &mut Message) {
        reply.metadata.response_code = ResponseCode::NXDomain;
        reply.add_authorities(self.zone().authority());
    }

    /// What the target of an alias leads to.
    async fn chase(&self, target: &Name, kind: RecordType) -> Vec<Record> {
        match (self.zone().find(target, kind), self.upstream) {
            (Found::Records { answers, .. }, _) => answers,
            (Found::Elsewhere, Some(server)) => {
                let mut query = Message::query();
                query.metadata.recursion_desired = true;
                query.add_query(Query::query(target.clone(), kind));
                let Ok(query) = query.to_vec() else { return Vec::new() };
                let answer = ask(server, &query).await.ok().and_then(|bytes| Message::from_vec(&bytes).ok());
                answer.map(|answer| answer.answers).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}

fn reply_to(asked: &Message) -> Message {
    let mut reply = Message::response(asked.metadata.id, asked.metadata.op_code);
    reply.metadata = Metadata::response_from_request(&asked.metadata);
    (reply.metadata.authoritative, reply.metadata.recursion_available) = (true, true);
    reply.add_queries(asked.queries.iter().take(1).cloned());
    reply
}

/// The target that still has to be looked up.
fn alias(answers: &[Record], kind: RecordType) -> Option<Name> {
    match answers {
        [Record { data: RData::CNAME(target), .. }] if kind != RecordType::CNAME => Some(target.0.clone()),
        _ => None,
    }
}

fn encode(reply: &Message, limit: usize) -> Option<Bytes> {
    let whole = reply.to_vec().ok()?;
    if whole.len() <= limit { Some(whole.into()) } else { reply.truncate().to_vec().ok().map(Bytes::from) }
}

/// Passes a query on to another server.
async fn ask(server: SocketAddr, query: &[u8]) -> io::Result<Bytes> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    socket.connect(server).await?;
    socket.send(query).await?;
    let mut space = vec![0; OVER_TCP];
    let length = tokio::time::timeout(PATIENCE, socket.recv(&mut space)).await??;
    space.truncate(length);
    Ok(space.into())
}
