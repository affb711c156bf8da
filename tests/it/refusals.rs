//! Bad input at the command line: each gets a clear message in Spanish, says what to do, and loses nothing.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, PostParams};
use serde_json::json;

use crate::server::{Server, binary};

/// Runs the binary to its end; it must end by itself.
fn run(args: &[&str]) -> (String, i32) {
    let Output { status, stdout, stderr } =
        Command::new("timeout").arg("60").arg(binary()).args(args).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    (text, status.code().unwrap_or(-1))
}

#[track_caller]
fn refuses(args: &[&str], words: &[&str]) {
    let (text, code) = run(args);
    assert!(code == 1 || code == 2, "exit {code}: {text}");
    for word in words {
        assert!(text.contains(word), "no «{word}» in: {text}");
    }
    assert!(!text.contains("panicked"), "{text}");
}

fn server(data_dir: &Path, more: &[&str]) -> Vec<String> {
    let mut args = vec!["server", "--runtime", "embedded", "--data-dir", data_dir.to_str().unwrap()];
    args.extend(more);
    args.iter().map(ToString::to_string).collect()
}

fn refuses_server(data_dir: &Path, more: &[&str], words: &[&str]) {
    let args = server(data_dir, more);
    refuses(&args.iter().map(String::as_str).collect::<Vec<_>>(), words);
}

#[test]
fn a_port_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    refuses_server(folder.path(), &["--listen", &at], &["ya está en uso", "qué hacer", "--listen"]);
}

#[test]
fn an_address_of_another_machine() {
    let folder = tempfile::tempdir().unwrap();
    refuses_server(folder.path(), &["--listen", "0.0.0.0:0"], &["127.0.0.0/8"]);
}

#[test]
fn a_data_directory_that_is_not_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archivo");
    fs::write(&file, "mío").unwrap();
    refuses_server(&file, &["--listen", "127.0.0.1:0"], &["carpeta de datos", "--data-dir"]);
    assert_eq!(fs::read_to_string(file).unwrap(), "mío");
}

#[test]
fn a_data_directory_where_another_runs() {
    let running = Server::start(&["--runtime", "embedded", "--store", "memory", "--workers", "1"]);
    refuses_server(&running.data_dir(), &["--listen", "127.0.0.1:0"], &["Ya hay un Timonel", "KUBECONFIG="]);
}

#[test]
fn a_damaged_store_is_left_as_it_is() {
    let first = Server::start(&["--runtime", "embedded", "--workers", "1"]);
    let folder = first.kill();
    let data = folder.path().join("data");
    let db = data.join("store/data/db");
    let mut bytes = fs::read(&db).unwrap();
    let middle = bytes.len().min(16 * 1024) / 2;
    bytes.iter_mut().skip(middle).step_by(7).for_each(|byte| *byte ^= 0x5a);
    fs::write(&db, &bytes).unwrap();
    refuses_server(&data, &["--listen", "127.0.0.1:0"], &["almacén", "qué hacer", "No se ha tocado nada"]);
    assert_eq!(fs::read(&db).unwrap(), bytes);
}

#[test]
fn quantities_and_ranges_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    refuses_server(folder.path(), &["--listen", "127.0.0.1:0", "--worker-cpu", "mucha"], &["«mucha»", "--worker-cpu"]);
    refuses_server(folder.path(), &["--listen", "127.0.0.1:0", "--pod-cidr", "10.0/99"], &["10.0/99", "--pod-cidr"]);
}

#[test]
fn a_frame_without_a_cluster_or_of_an_unknown_view() {
    let folder = tempfile::tempdir().unwrap();
    refuses(&["frame", "--data-dir", folder.path().to_str().unwrap()], &["no hay un clúster", "timonel server"]);
    let server = Server::start(&["--runtime", "embedded", "--store", "memory", "--workers", "1"]);
    let kubeconfig = server.kubeconfig();
    refuses(&["frame", "--view", "inexistente", "--kubeconfig", kubeconfig.to_str().unwrap()], &["inexistente"]);
    let (text, code) = run(&["frame", "--size", "20x5", "--kubeconfig", kubeconfig.to_str().unwrap()]);
    assert_eq!(code, 0, "{text}");
    assert!(text.lines().count() <= 5 && !text.trim().is_empty(), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_ten_megabytes() {
    let server = Server::start(&["--runtime", "embedded", "--store", "memory", "--workers", "1"]);
    let client = timonel::client::remote(Some(&server.kubeconfig()), None).await.unwrap();
    let maps = Api::<ConfigMap>::default_namespaced(client);
    let big = json!({"metadata": {"name": "grande"}, "data": {"a": "x".repeat(10 << 20)}});
    let refused = maps.create(&PostParams::default(), &serde_json::from_value(big).unwrap()).await.unwrap_err();
    let kube::Error::Api(status) = refused else { panic!("{refused}") };
    assert_eq!((status.code, status.reason.as_str()), (413, "RequestEntityTooLarge"));
    assert!(maps.get_opt("grande").await.unwrap().is_none());
}
