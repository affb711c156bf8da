//! Certificates as the server and its clients use them.

use std::fs;

use axum::routing::get;
use axum::{Extension, Router};
use jiff::SignedDuration;
use tokio::net::TcpListener;

use super::*;
use crate::apiserver::{kubeconfig, listen};
use crate::base::clock::{Clock, Timing};
use crate::base::pipe::{Identity, pipe};
use crate::base::tasks::Tasks;

fn now() -> Timestamp {
    Clock::new(Timing::Real).now()
}

fn later(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

#[test]
fn certificates_are_made_once_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("pki");
    let made = Pki::load_or_create(&dir, now()).unwrap();
    let found = Pki::load_or_create(&dir, now()).unwrap();
    assert_eq!((&made.ca, &made.server.key, &made.admin.key), (&found.ca, &found.server.key, &found.admin.key));
    assert_eq!(made.tokens.id(), found.tokens.id());
}

#[cfg(unix)]
#[test]
fn private_keys_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("pki");
    let pki = Pki::load_or_create(&dir, now()).unwrap();
    let config = folder.path().join("kubeconfig");
    kubeconfig::write(&config, "https://127.0.0.1:1", &pki).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for key in ["ca.key", "apiserver.key", "admin.key", "sa.key"] {
        assert_eq!(mode(&dir.join(key)), 0o600, "{key}");
    }
    assert_eq!((mode(&dir), mode(&config)), (0o700, 0o600));
}

#[test]
fn near_their_end_certificates_are_renewed_and_the_authority_keeps_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let first = Pki::load_or_create(folder.path(), now()).unwrap();
    let same = Pki::load_or_create(folder.path(), later(330)).unwrap();
    assert_eq!(same.server.certificate, first.server.certificate);
    let renewed = Pki::load_or_create(folder.path(), later(340)).unwrap();
    assert_ne!(renewed.server.certificate, first.server.certificate);
    assert_ne!(renewed.admin.certificate, first.admin.certificate);
    assert_eq!(renewed.ca, first.ca);
    let after_years = Pki::load_or_create(folder.path(), later(3640)).unwrap();
    assert_ne!(after_years.ca, first.ca);
    assert!(
        issue::is_signed_by(&after_years.server.certificate, &first.ca).unwrap(),
        "who trusts the old one still does"
    );
}

#[test]
fn a_certificate_of_another_authority_is_issued_anew() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Pki::load_or_create(here.path(), now()).unwrap();
    Pki::load_or_create(there.path(), now()).unwrap();
    for file in ["ca.crt", "ca.key"] {
        fs::copy(there.path().join(file), here.path().join(file)).unwrap();
    }
    let pki = Pki::load_or_create(here.path(), now()).unwrap();
    assert!(issue::is_signed_by(&pki.server.certificate, &pki.ca).unwrap());
}

#[test]
fn what_is_damaged_or_incomplete_is_said_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = |file: &str| folder.path().join(file);
    Pki::load_or_create(folder.path(), now()).unwrap();
    for file in ["ca.crt", "ca.key", "apiserver.crt", "admin.key", "sa.key"] {
        let whole = fs::read(path(file)).unwrap();
        fs::write(path(file), "garbage").unwrap();
        let refused = Pki::load_or_create(folder.path(), now()).unwrap_err();
        assert!(matches!(&refused, PkiError::Damaged { path: named, .. } if *named == path(file)), "{file}: {refused}");
        assert_eq!(fs::read(path(file)).unwrap(), b"garbage");
        fs::write(path(file), whole).unwrap();
    }
    fs::remove_file(path("ca.key")).unwrap();
    let refused = Pki::load_or_create(folder.path(), now()).unwrap_err();
    assert!(matches!(refused, PkiError::Incomplete { path: missing } if missing == path("ca.key")));
}

#[test]
fn tokens_are_signed_as_json_web_tokens_want_it() {
    let folder = tempfile::tempdir().unwrap();
    let key = Pki::load_or_create(folder.path(), now()).unwrap().tokens;
    let signature = key.sign(b"header.claims").unwrap();
    assert_eq!(signature.len(), 64);
    assert!(key.verifies(b"header.claims", &signature));
    assert!(!key.verifies(b"header.forged", &signature));
    let (x, y) = key.public_point();
    assert_eq!((x.len(), y.len()), (32, 32));
}

/// A router that says in `/version` who asks.
fn who() -> Router {
    let answer = async |identity: Option<Extension<Identity>>| {
        let who =
            identity.map_or("anonymous".into(), |Extension(who)| format!("{} {}", who.user, who.groups.join(",")));
        let version = serde_json::json!({
            "major": "1", "minor": "36", "gitVersion": who, "gitCommit": "", "gitTreeState": "", "buildDate": "",
            "goVersion": "", "compiler": "", "platform": "",
        });
        version.to_string()
    };
    Router::new().route("/version", get(answer))
}

async fn serve(pki: &Pki, tasks: &Tasks) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("https://{}", listener.local_addr().unwrap());
    listen::serve_tls(listener, pki.server_config().unwrap(), who(), tasks);
    server
}

async fn asks(config: &str, folder: &Path) -> Result<String, kube::Error> {
    let path = folder.join("kubeconfig");
    fs::write(&path, config).unwrap();
    let client = crate::client::remote(Some(&path), None).await.unwrap();
    client.apiserver_version().await.map(|version| version.git_version)
}

#[tokio::test]
async fn the_kubeconfig_lets_the_administrator_in() {
    let folder = tempfile::tempdir().unwrap();
    let pki = Pki::load_or_create(&folder.path().join("pki"), now()).unwrap();
    let tasks = Tasks::new();
    let config = kubeconfig::kubeconfig(&serve(&pki, &tasks).await, &pki);
    assert_eq!(asks(&config, folder.path()).await.unwrap(), "kubernetes-admin system:masters");
    let mut without: serde_json::Value = serde_yaml::from_str(&config).unwrap();
    without["users"][0]["user"] = serde_json::json!({});
    assert_eq!(asks(&without.to_string(), folder.path()).await.unwrap(), "anonymous");
    tasks.stop().await;
}

#[tokio::test]
async fn a_client_of_another_authority_is_not_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let pki = Pki::load_or_create(&folder.path().join("pki"), now()).unwrap();
    let other = Pki::load_or_create(&folder.path().join("other"), now()).unwrap();
    let tasks = Tasks::new();
    let server = serve(&pki, &tasks).await;
    let forged = Pki { admin: other.admin.clone(), ..pki.clone() };
    assert!(asks(&kubeconfig::kubeconfig(&server, &forged), folder.path()).await.is_err());
    assert!(asks(&kubeconfig::kubeconfig(&server, &other), folder.path()).await.is_err(), "nor does it trust us");
    tasks.stop().await;
}

#[tokio::test(start_paused = true)]
async fn over_the_pipe_the_dialler_is_known() {
    let (dialer, listener) = pipe();
    let tasks = Tasks::new();
    listen::serve_pipe(listener, who(), &tasks);
    let client = crate::client::embedded(dialer, Identity::node("worker-1"));
    assert_eq!(client.apiserver_version().await.unwrap().git_version, "system:node:worker-1 system:nodes");
    tasks.stop().await;
}
