//! The built-in shell and programs: the same in memory and, where no registry answers, in Docker.

use futures::SinkExt;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::api::{AttachParams, LogParams, TerminalSize};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::lifecycle::restarts;
use super::world::{World, eventually, ready};

pub async fn the_demo_has_a_shell(world: &World) {
    world.demo("web", "worker-1").await;
    let spec = json!({ "selector": { "app": "web" }, "ports": [{ "port": 8080, "targetPort": 80 }] });
    world.create::<Service>(json!({ "metadata": { "name": "web" }, "spec": spec })).await;
    world.demo("otra", "worker-2").await;
    world.until_said("otra", "wget -qO- http://web:8080/", "Hola desde web").await;
    let cluster_ip = world.api::<Service>().get("web").await.unwrap().spec.unwrap().cluster_ip.unwrap();
    world.until_said("otra", "nslookup web", &cluster_ip).await;
    let table = [
        ("ls / | grep -c tmp", "1\n", 0),
        ("env | grep ^HOSTNAME=", "HOSTNAME=otra\n", 0),
        ("cd /tmp; echo uno > nota; echo dos >> nota; cat nota | wc -l; ls", "2\nnota\n", 0),
        ("wget -qO- http://localhost/ | grep -c Hola", "1\n", 0),
        ("id -u; exit 3", "0\n", 3),
        ("noexiste", "sh: noexiste: not found\n", 127),
    ];
    for (script, said, code) in table {
        assert_eq!(world.run("otra", "c", script).await, (said.into(), code), "{script}");
    }
    assert_eq!(world.run_with("otra", "c", "wc -l", b"a\nb\n").await, ("2\n".into(), 0));
    nobody_waits_for_an_input_that_is_not_read(world).await;
    world.run("otra", "c", "kill 1").await;
    let pod = world.until("otra", |pod| restarts(pod, "c") == 1 && ready(pod)).await;
    assert_eq!(pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"], 0);
}

async fn nobody_waits_for_an_input_that_is_not_read(world: &World) {
    let params = AttachParams::default().stdin(true).stdout(true).stderr(false);
    let mut process = world.pods().exec("otra", ["sh", "-c", "echo hola"], &params).await.unwrap();
    let (_open, mut said) = (process.stdin().unwrap(), String::new());
    process.stdout().unwrap().read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "hola\n");
}

pub async fn a_shell_in_a_terminal_outlives_control_c(world: &World) {
    world.demo("web", "worker-3").await;
    let mut process = world.pods().exec("web", ["sh"], &AttachParams::interactive_tty()).await.unwrap();
    let mut sizes = process.terminal_size().unwrap();
    sizes.send(TerminalSize { width: 91, height: 17 }).await.unwrap();
    let mut terminal = Terminal { keys: process.stdin().unwrap(), screen: process.stdout().unwrap() };
    terminal.until("# ").await;
    // A size arrives by a way of its own.
    while !terminal.answer("stty size\n", "# ").await.contains("17 91") {}
    terminal.answer("sleep 1000\n", "sleep 1000").await;
    terminal.answer("\x03", "# ").await;
    terminal.answer("echo $((6*7)) $?\n", "42 130").await;
    // Ctrl-D and exit end it, though the person's own keyboard stays open.
    terminal.answer("\x04", "").await;
    ended(process.take_status().unwrap().await, "Success");
    let mut process = world.pods().exec("web", ["sh"], &AttachParams::interactive_tty()).await.unwrap();
    let mut terminal = Terminal { keys: process.stdin().unwrap(), screen: process.stdout().unwrap() };
    terminal.until("# ").await;
    terminal.answer("exit 3\n", "exit 3").await;
    let status = process.take_status().unwrap();
    let status = tokio::time::timeout(std::time::Duration::from_secs(20), status).await.expect("exit ends the shell");
    ended(status, "Failure");
}

fn ended(status: Option<Status>, how: &str) {
    assert_eq!(status.as_ref().and_then(|status| status.status.as_deref()), Some(how), "{status:?}");
}

/// A person at a terminal.
struct Terminal<K, S> {
    keys: K,
    screen: S,
}

impl<K: AsyncWrite + Unpin, S: AsyncRead + Unpin> Terminal<K, S> {
    /// Types, and reads until something is shown.
    async fn answer(&mut self, typed: &str, shown: &str) -> String {
        self.keys.write_all(typed.as_bytes()).await.unwrap();
        self.until(shown).await
    }

    async fn until(&mut self, shown: &str) -> String {
        let mut said = String::new();
        while !said.contains(shown) {
            let mut space = [0; 256];
            let length = self.screen.read(&mut space).await.unwrap();
            assert_ne!(length, 0, "no {shown:?} in {said:?}");
            said += &String::from_utf8_lossy(&space[..length]);
        }
        said
    }
}

/// Known images without a registry run programs of ours, with a command or without.
pub async fn known_images_need_no_registry(world: &World) {
    let ready_when =
        |command: &[&str]| json!({ "exec": { "command": command }, "periodSeconds": 1, "timeoutSeconds": 5 });
    let script = "trap 'echo adiós; exit 7' TERM; echo hola $0 $1; while true; do sleep 1; done";
    let with = |name: &str, image: &str| json!({ "name": name, "image": image });
    let mut loop_of = with("bucle", "busybox:1.36");
    loop_of["command"] = json!(["sh", "-c", script, "uno", "dos"]);
    let mut nginx = with("web", "nginx:1.28");
    nginx["readinessProbe"] = json!({ "httpGet": { "path": "/", "port": 80 }, "periodSeconds": 1 });
    let mut redis = with("datos", "redis:7");
    redis["readinessProbe"] = ready_when(&["redis-cli", "ping"]);
    let mut postgres = with("base", "postgres:16");
    postgres["readinessProbe"] = ready_when(&["pg_isready"]);
    let mut load = with("carga", "timonel/carga");
    load["env"] = json!([{ "name": "URL", "value": "http://localhost/" }]);
    world.pod("varios", json!({ "containers": [loop_of, nginx, redis, postgres, load] })).await;
    world.until_ready("varios").await;
    let logs = async |container: &str| {
        let params = LogParams { container: Some(container.into()), ..LogParams::default() };
        world.pods().logs("varios", &params).await.unwrap()
    };
    assert_eq!(logs("bucle").await, "hola uno dos\n");
    for simulated in ["web", "datos", "base"] {
        assert!(logs(simulated).await.contains("simulado"), "{simulated}");
    }
    let (page, _) = world.run("varios", "bucle", "wget -qO- http://localhost/").await;
    assert!(page.contains("Welcome to nginx!"), "{page}");
    assert_eq!(world.run("varios", "datos", "redis-cli incr visitas; redis-cli incr visitas").await.0, "1\n2\n");
    eventually("an answer to the load", async || logs("carga").await.contains("respondidas=1").then_some(())).await;
    world.run("varios", "bucle", "kill 1").await;
    let pod = world.until("varios", |pod| restarts(pod, "bucle") == 1).await;
    let ended = pod["status"]["containerStatuses"].as_array().unwrap().iter().find(|it| it["name"] == "bucle").unwrap();
    assert_eq!(ended["lastState"]["terminated"]["exitCode"], 7, "{ended}");

    let mut wrong = with("c", "busybox");
    wrong["command"] = json!(["noexiste"]);
    world.pod("mal", json!({ "containers": [wrong] })).await;
    eventually("Failed", async || {
        let missing = "exec: \"noexiste\": executable file not found in $PATH";
        world
            .events("mal")
            .await
            .iter()
            .any(|event| event.starts_with("Failed: ") && event.contains(missing))
            .then_some(())
    })
    .await;
}
