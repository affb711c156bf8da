//! What one does to a pod from outside: logs, commands, copies, ports, a console.

use futures::{AsyncBufReadExt, TryStreamExt};
use kube::api::{AttachParams, LogParams};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::world::World;

pub async fn logs_are_followed_and_the_previous_ones_kept(world: &World) {
    let script = "echo uno; sleep 1; echo dos; sleep 1; echo tres >&2; exit 3";
    world.pod("locuaz", json!({ "containers": [world.script("c", script)] })).await;
    world.until("locuaz", |pod| pod["status"]["containerStatuses"][0]["state"]["running"].is_object()).await;
    let follow = LogParams { follow: true, ..LogParams::default() };
    let lines: Vec<String> =
        world.pods().log_stream("locuaz", &follow).await.unwrap().lines().try_collect().await.unwrap();
    assert_eq!(lines, ["uno", "dos", "tres"], "a follower hears all until the end");
    world.until("locuaz", |pod| pod["status"]["containerStatuses"][0]["restartCount"].as_i64() >= Some(1)).await;
    let previous = LogParams { previous: true, tail_lines: Some(2), ..LogParams::default() };
    assert_eq!(world.pods().logs("locuaz", &previous).await.unwrap(), "dos\ntres\n");
}

pub async fn commands_end_with_their_code(world: &World) {
    world.client_pod("obrero", "worker-1").await;
    assert_eq!(world.run("obrero", "c", "echo bien; exit 0").await, ("bien\n".into(), 0));
    assert_eq!(world.run("obrero", "c", "echo mal >&2; exit 7").await, ("mal\n".into(), 7));
    assert_eq!(world.run_with("obrero", "c", "cat", b"de vuelta").await, ("de vuelta".into(), 0));
    assert_eq!(world.run("obrero", "c", "noexiste").await.1, 127);
}

/// As `kubectl cp` does it: a tar over the streams of exec.
pub async fn files_are_copied_both_ways(world: &World) {
    world.client_pod("copista", "worker-2").await;
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(6);
    header.set_mode(0o644);
    archive.append_data(&mut header, "carpeta/carta.txt", &b"buenas"[..]).unwrap();
    let sent = archive.into_inner().unwrap();
    assert_eq!(
        world.run_with("copista", "c", "mkdir -p /tmp/d && tar xmf - -C /tmp/d", &sent).await,
        (String::new(), 0)
    );
    assert_eq!(world.run("copista", "c", "cat /tmp/d/carpeta/carta.txt").await, ("buenas".into(), 0));

    let params = AttachParams::default().stderr(false);
    let command = ["tar", "cf", "-", "-C", "/tmp/d", "carpeta"];
    let mut process = world.pods().exec("copista", command, &params).await.unwrap();
    let mut received = Vec::new();
    process.stdout().unwrap().read_to_end(&mut received).await.unwrap();
    let mut back = tar::Archive::new(&received[..]);
    let found = back.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().to_string_lossy().into_owned());
    assert!(found.collect::<Vec<_>>().contains(&"carpeta/carta.txt".to_owned()));
}

pub async fn a_port_is_forwarded(world: &World) {
    world.demo("web", "worker-3").await;
    let mut forwarder = world.pods().portforward("web", &[80]).await.unwrap();
    let mut stream = forwarder.take_stream(80).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("Hola desde web"), "{answer}");
}

pub async fn a_console_is_attached(world: &World) {
    let container = json!({ "name": "c", "image": world.shell(), "command": ["sh"], "stdin": true, "tty": true });
    world.pod("consola", json!({ "restartPolicy": "Never", "containers": [container] })).await;
    world.until("consola", |pod| pod["status"]["containerStatuses"][0]["state"]["running"].is_object()).await;
    let params = AttachParams::default().stdin(true).tty(true).stderr(false);
    let mut console = world.pods().attach("consola", &params).await.unwrap();
    let mut stdin = console.stdin().unwrap();
    stdin.write_all(b"echo $((6*7))\nexit 5\n").await.unwrap();
    let mut said = String::new();
    console.stdout().unwrap().read_to_string(&mut said).await.unwrap();
    assert!(said.contains("42"), "{said}");
    let pod = world.until("consola", |pod| pod["status"]["phase"] == "Failed").await;
    assert_eq!(pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"], 5);
}
