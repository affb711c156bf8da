//! The ingress controller on this machine, in front of embedded pods.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use kube::Api;
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use timonel::base::clock::{Clock, Timing};
use timonel::base::tasks::Tasks;
use timonel::network::ingress::{Config, Doors, INSIDE, start};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::services::{demo, eventually, service};
use super::{Cluster, cluster, create};

fn controller(cluster: &Cluster, tasks: &Tasks) -> Doors {
    let anywhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let (client, net, clock) = (cluster.client.clone(), cluster.net.clone(), Clock::new(Timing::Real));
    start(Config { client, net, http: anywhere, https: anywhere, clock }, tasks).unwrap()
}

async fn ingress(cluster: &Cluster, name: &str, spec: Value) {
    let api: Api<Ingress> = Api::namespaced(cluster.client.clone(), "default");
    create(&api, json!({ "metadata": { "name": name }, "spec": spec })).await;
}

fn path(path: &str, service: &str) -> Value {
    let backend = json!({ "service": { "name": service, "port": { "number": 80 } } });
    json!({ "path": path, "pathType": "Prefix", "backend": backend })
}

/// Asks over a connection; status line and body.
async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, host: &str, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // A peer that ends without TLS' goodbye has said all that it has.
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

async fn get(door: SocketAddr, host: &str, path: &str) -> String {
    ask(TcpStream::connect(door).await.unwrap(), host, path).await
}

async fn until(door: SocketAddr, host: &str, path: &str, wanted: &str) -> String {
    eventually(async || Some(get(door, host, path).await).filter(|answer| answer.contains(wanted))).await
}

#[tokio::test]
async fn hosts_and_paths_lead_to_services_and_the_rest_is_not_found() {
    let (cluster, tasks) = (cluster().await, Tasks::new());
    for name in ["uno", "dos"] {
        demo(&cluster, name).await;
        service(&cluster, name, json!({ "ports": [{ "port": 80 }] }), 80, &[name]).await;
    }
    service(&cluster, "vacio", json!({ "ports": [{ "port": 80 }] }), 80, &[]).await;
    let paths = json!([path("/", "uno"), path("/ready", "dos"), path("/vacio", "vacio"), path("/nadie", "nadie")]);
    ingress(&cluster, "web", json!({ "rules": [{ "host": "app.localhost", "http": { "paths": paths } }] })).await;
    ingress(&cluster, "ajeno", json!({ "ingressClassName": "otra", "defaultBackend": path("", "dos")["backend"] }))
        .await;
    let doors = controller(&cluster, &tasks);
    until(doors.http, "app.localhost", "/", "Hola desde uno").await;
    until(doors.http, "app.localhost:8080", "/ready", "ok\n").await;
    until(doors.http, "app.localhost", "/vacio", "503 Service Temporarily Unavailable").await;
    until(doors.http, "app.localhost", "/nadie/x", "503 Service Temporarily Unavailable").await;
    let unknown = get(doors.http, "otra.localhost", "/").await;
    assert!(
        unknown.starts_with("HTTP/1.1 404 Not Found\r\n") && unknown.contains("<center>nginx</center>"),
        "{unknown}"
    );
    let inside = cluster.net.dial(None, INSIDE).await.unwrap();
    assert!(ask(inside, "app.localhost", "/").await.contains("Hola desde uno"), "pods have a door of their own");
    let api: Api<Ingress> = Api::namespaced(cluster.client.clone(), "default");
    let address = async |name: &str| {
        let status = api.get(name).await.unwrap().status.and_then(|status| status.load_balancer);
        status.and_then(|status| status.ingress).and_then(|ingress| ingress.into_iter().next()?.ip)
    };
    assert_eq!(eventually(async || address("web").await).await, "127.0.0.1");
    assert_eq!(address("ajeno").await, None, "it says another class");
    let classes: Api<IngressClass> = Api::all(cluster.client.clone());
    eventually(async || classes.get_opt("timonel").await.unwrap()).await;
    tasks.stop().await;
}

#[tokio::test]
async fn a_host_with_a_secret_shows_its_certificate_and_sends_plain_requests_there() {
    let (cluster, tasks) = (cluster().await, Tasks::new());
    demo(&cluster, "web").await;
    service(&cluster, "web", json!({ "ports": [{ "port": 80 }] }), 80, &["web"]).await;
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["app.localhost".into()]).unwrap().self_signed(&key).unwrap();
    let data = BTreeMap::from([("tls.crt", certificate.pem()), ("tls.key", key.serialize_pem())]);
    let secrets: Api<Secret> = Api::namespaced(cluster.client.clone(), "default");
    create(&secrets, json!({ "metadata": { "name": "cert" }, "type": "kubernetes.io/tls", "stringData": data })).await;
    let tls = json!([{ "hosts": ["app.localhost"], "secretName": "cert" }]);
    let rules = json!([{ "host": "app.localhost", "http": { "paths": [path("/", "web")] } }]);
    ingress(&cluster, "web", json!({ "tls": tls, "rules": rules })).await;
    let doors = controller(&cluster, &tasks);
    let redirected = until(doors.http, "app.localhost", "/x?y=1", "308 Permanent Redirect").await;
    let location = format!("location: https://app.localhost:{}/x?y=1\r\n", doors.https.port());
    assert!(redirected.contains(&location), "{redirected}");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let connector = TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()));
    let secure = async |name: &'static str| {
        let stream = TcpStream::connect(doors.https).await.unwrap();
        connector.connect(ServerName::try_from(name).unwrap(), stream).await
    };
    let stream = eventually(async || secure("app.localhost").await.ok()).await;
    assert!(ask(stream, "app.localhost", "/").await.contains("Hola desde web"));
    assert!(secure("otra.localhost").await.is_err(), "others get a certificate that nobody trusts");
    tasks.stop().await;
}
