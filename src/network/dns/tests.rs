//! Questions and answers over the wire, against services as the API gives them.

use std::sync::Arc;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use serde_json::{Value, json};

use super::*;
use crate::network::table::{Change, Service};

/// Takes a service with the given endpoints, each its last octet and host name.
fn service(table: &ServiceTable, name: &str, spec: Value, endpoints: &[(u8, &str)]) {
    let object = json!({ "metadata": { "name": name, "namespace": "a" }, "spec": spec });
    let endpoint = |(last, hostname): &(u8, &str)| {
        let mut endpoint = json!({ "addresses": [format!("10.244.1.{last}")], "conditions": { "ready": *last < 100 } });
        if !hostname.is_empty() {
            endpoint["hostname"] = json!(hostname);
        }
        endpoint
    };
    let slice = json!({ "metadata": {}, "addressType": "IPv4", "ports": [{ "name": "http", "port": 8080 }],
        "endpoints": endpoints.iter().map(endpoint).collect::<Vec<_>>() });
    let slices = [Arc::new(serde_json::from_value(slice).unwrap())];
    table.apply(Change::Service(Service::new(&serde_json::from_value(object).unwrap(), &slices)));
}

fn responder() -> Responder {
    let table = ServiceTable::default();
    let ports = json!([{ "name": "http", "port": 80, "protocol": "TCP" }]);
    service(
        &table,
        "web",
        json!({ "clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9"], "ports": ports }),
        &[(2, "")],
    );
    let headless = json!({ "clusterIP": "None", "clusterIPs": ["None"], "ports": ports });
    service(&table, "db", headless, &[(3, "db-0"), (4, ""), (105, "db-2")]);
    service(&table, "fuera", json!({ "type": "ExternalName", "externalName": "ejemplo.com" }), &[]);
    service(&table, "dentro", json!({ "type": "ExternalName", "externalName": "web.a.svc.cluster.local" }), &[]);
    Responder { table, domain: DOMAIN.into(), upstream: None }
}

/// Asks over the wire; the answers as text, or why there are none.
async fn ask(name: &str, kind: RecordType) -> Vec<String> {
    let mut query = Message::query();
    query.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    let answer = responder().answer(&query.to_vec().unwrap(), None).await.unwrap();
    let answer = Message::from_vec(&answer).unwrap();
    assert_eq!((answer.metadata.id, answer.queries.len()), (query.metadata.id, 1));
    if answer.metadata.response_code != ResponseCode::NoError {
        assert_eq!(answer.authorities.len(), 1, "a refusal says who is in charge");
        return vec![answer.metadata.response_code.to_string()];
    }
    answer.answers.iter().map(|record| record.data.to_string()).collect()
}

#[tokio::test]
async fn services_have_their_address_and_headless_ones_their_ready_pods() {
    assert_eq!(ask("web.a.svc.cluster.local.", RecordType::A).await, ["10.96.0.9"]);
    assert_eq!(ask("WEB.a.svc.Cluster.local.", RecordType::A).await, ["10.96.0.9"]);
    assert_eq!(ask("db.a.svc.cluster.local.", RecordType::A).await, ["10.244.1.3", "10.244.1.4"]);
    assert_eq!(ask("db-0.db.a.svc.cluster.local.", RecordType::A).await, ["10.244.1.3"]);
    assert_eq!(ask("10-244-1-4.db.a.svc.cluster.local.", RecordType::A).await, ["10.244.1.4"]);
    assert_eq!(ask("1-2-3-4.a.pod.cluster.local.", RecordType::A).await, ["1.2.3.4"]);
}

#[tokio::test]
async fn what_is_not_there_is_told_from_what_has_nothing_of_that_kind() {
    for name in [
        "nadie.a.svc.cluster.local.",
        "web.b.svc.cluster.local.",
        "db-2.db.a.svc.cluster.local.",
        "b.svc.cluster.local.",
        "x.a.pod.cluster.local.",
        "ejemplo.com.",
    ] {
        assert_eq!(ask(name, RecordType::A).await, ["Non-Existent Domain"], "{name}");
    }
    for (name, kind) in [
        ("web.a.svc.cluster.local.", RecordType::AAAA),
        ("a.svc.cluster.local.", RecordType::A),
        ("cluster.local.", RecordType::A),
    ] {
        assert!(ask(name, kind).await.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn ports_are_found_by_their_names() {
    let of = |name: &'static str| ask(name, RecordType::SRV);
    assert_eq!(of("_http._tcp.web.a.svc.cluster.local.").await, ["0 100 80 web.a.svc.cluster.local."]);
    let both = ["0 50 8080 db-0.db.a.svc.cluster.local.", "0 50 8080 10-244-1-4.db.a.svc.cluster.local."];
    assert_eq!(of("_http._tcp.db.a.svc.cluster.local.").await, both);
    assert_eq!(of("_http._udp.web.a.svc.cluster.local.").await, ["Non-Existent Domain"]);
}

#[tokio::test]
async fn aliases_are_followed_while_they_stay_inside() {
    assert_eq!(ask("fuera.a.svc.cluster.local.", RecordType::A).await, ["ejemplo.com."]);
    assert_eq!(ask("dentro.a.svc.cluster.local.", RecordType::A).await, ["web.a.svc.cluster.local.", "10.96.0.9"]);
}

#[tokio::test]
async fn addresses_lead_back_to_names() {
    let back = |name: &'static str| ask(name, RecordType::PTR);
    assert_eq!(back("9.0.96.10.in-addr.arpa.").await, ["web.a.svc.cluster.local."]);
    assert_eq!(back("3.1.244.10.in-addr.arpa.").await, ["db-0.db.a.svc.cluster.local."]);
    assert_eq!(back("1.1.1.1.in-addr.arpa.").await, ["Non-Existent Domain"]);
}

#[tokio::test]
async fn what_is_too_long_for_a_datagram_says_so_and_comes_whole_over_tcp() {
    let responder = responder();
    let endpoints: Vec<(u8, &str)> = (1..90).map(|last| (last, "")).collect();
    service(&responder.table, "muchos", json!({ "clusterIP": "None" }), &endpoints);
    let mut query = Message::query();
    query.add_query(Query::query(Name::from_ascii("muchos.a.svc.cluster.local.").unwrap(), RecordType::A));
    let query = query.to_vec().unwrap();
    let short = Message::from_vec(&responder.answer(&query, None).await.unwrap()).unwrap();
    assert!(short.metadata.truncation && short.answers.is_empty());
    let (mut client, server) = tokio::io::duplex(OVER);
    let talk = async {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        client.write_u16(u16::try_from(query.len()).unwrap()).await.unwrap();
        client.write_all(&query).await.unwrap();
        let mut whole = vec![0; client.read_u16().await.unwrap().into()];
        client.read_exact(&mut whole).await.unwrap();
        drop(client);
        whole
    };
    let (whole, served) = tokio::join!(talk, serve::conversation(Box::new(server), &responder));
    served.unwrap();
    assert_eq!(Message::from_vec(&whole).unwrap().answers.len(), 89);
}

/// Bytes that fit in a pipe.
const OVER: usize = 64 * 1024;

#[tokio::test]
async fn nonsense_is_not_answered() {
    assert!(responder().answer(b"GET / HTTP/1.1", None).await.is_none());
}
