//! Switches, terminals, port-forwards and contexts.

use super::fixture::{Driver, SIZES, golden, part};
use super::lists::pods;
use crate::tui::model::cluster::{Change, Source};
use crate::tui::model::failure::Failure;
use crate::tui::msg::{ContextLine, Deed, Effect, ForwardNews, Msg, Reply, ShellAt, Ticket};

fn shell(effect: &Effect) -> Option<Ticket> {
    if let Effect::Shell(ticket, ..) = effect { Some(*ticket) } else { None }
}

fn typed(driver: &Driver) -> Vec<u8> {
    let bytes = driver.effects.iter().filter_map(|effect| match effect {
        Effect::Type(_, bytes) => Some(bytes.clone()),
        _ => None,
    });
    bytes.flatten().collect()
}

#[test]
fn golden_switches() {
    for size in SIZES {
        golden("switches", Driver::new(size).press("o down down"));
    }
}

#[test]
fn a_part_is_switched_off_after_saying_what_will_be_seen() {
    let mut driver = Driver::new((120, 40));
    driver.press("backtab backtab backtab backtab right right o");
    driver.shows("Interruptores · 2 de 15 apagados");
    driver.press("enter");
    driver.shows("¿Apagar scheduler?");
    driver.shows("Los pods nuevos se quedan sin worker");
    driver.press("s");
    let asked = |effect: &Effect| matches!(effect, Effect::Change { change: Deed::Switch(false), target, .. } if target.name == "scheduler");
    assert!(driver.effects.iter().any(asked));
    driver.send(Msg::Cluster(vec![Change::Put(part("scheduler", "control", "", false))]));
    driver.shows("apagado");
    driver.press("esc");
    driver.shows("apagado: tecla o");
}

#[test]
fn controllers_that_are_off_are_named_on_the_bridge() {
    let mut driver = Driver::new((120, 40));
    driver.send(Msg::Cluster(vec![Change::Put(part(
        "endpointslice-controller",
        "control",
        "controller-manager",
        false,
    ))]));
    driver.shows("apagados: endpointslice");
    driver.shows("kubelet apagado");
    driver.shows("túneles 1/2");
}

#[test]
fn a_cluster_without_switches_says_so() {
    let mut driver = Driver::new((120, 40));
    let missing = Failure { code: 404, ..Failure::default() };
    driver.send(Msg::Cluster(vec![
        Change::Replace(Source::Components, Vec::new()),
        Change::Lost(Source::Components, missing),
    ]));
    driver.press("o");
    driver.shows("Este clúster no tiene interruptores");
}

#[test]
fn golden_terminal() {
    for size in SIZES {
        let mut driver = pods(size);
        driver.press("down s");
        let screen = b"\x1b[1m/ #\x1b[m ls\r\n\x1b[34mbin\x1b[m  \x1b[32mdev\x1b[m  etc\r\n/ # \xc3\xb1";
        driver.answer(shell, Reply::Bytes(screen.to_vec()));
        golden("terminal", &mut driver);
    }
}

#[test]
fn every_key_is_the_shells_but_the_one_that_leaves() {
    let mut driver = pods((120, 40));
    driver.press("down s");
    driver.shows("Terminal · default · migracion-9x8x7");
    driver.shows("$ kubectl exec -it migracion-9x8x7 -- sh");
    driver.write("q?:").press("esc ctrl-c enter");
    driver.send(Msg::Paste("ls\n".into()));
    assert_eq!(typed(&driver), b"q?:\x1b\x03\rls\r");
    driver.send(Msg::Resize(100, 30));
    assert!(driver.effects.iter().any(|effect| matches!(effect, Effect::Fit(_, (100, 27)))));
    driver.press("ctrl-q");
    driver.shows("CrashLoopBackOff");
    assert!(matches!(driver.effects.last(), Some(Effect::Stop(_))));
}

/// The terminal of a pod with two containers.
pub fn which(size: (u16, u16)) -> Driver {
    let mut driver = pods(size);
    driver.press("s");
    let message = "a container name must be specified for pod api, choose one of: [web sidecar]".into();
    driver.answer(shell, Reply::ShellEnd(Err(Failure { code: 400, message, ..Failure::default() })));
    driver
}

#[test]
fn a_pod_of_several_containers_asks_which() {
    let mut driver = which((120, 40));
    driver.shows("¿En qué contenedor?");
    driver.press("down enter");
    let asked = |effect: &Effect| matches!(effect, Effect::Shell(_, ShellAt::Exec { container: Some(name), .. }, _) if name == "sidecar");
    assert!(driver.effects.iter().any(asked));
    driver.answer(shell, Reply::ShellEnd(Ok("terminó con código 3".into())));
    driver.shows("terminó con código 3");
    driver.press("esc");
    driver.shows("CrashLoopBackOff");
}

#[test]
fn a_terminal_of_this_machine_opens_from_the_bridge() {
    let mut driver = Driver::new((120, 40));
    driver.press("s");
    assert!(driver.effects.iter().any(|effect| matches!(effect, Effect::Shell(_, ShellAt::Local { .. }, _))));
}

/// Two ports led to a pod, and the list of them.
pub fn forwards(size: (u16, u16)) -> Driver {
    let mut driver = forwarding(size);
    driver.press("enter").send(Msg::Forward(ForwardNews::Open(8080)));
    ask_for_a_port(&mut driver);
    driver.press(&"backspace ".repeat(7)).write("8081:80");
    driver.press("enter").send(Msg::Forward(ForwardNews::Open(8081)));
    driver.press("F");
    driver
}

/// About to lead a port to a pod.
pub fn forwarding(size: (u16, u16)) -> Driver {
    let mut driver = pods(size);
    ask_for_a_port(&mut driver);
    driver
}

fn ask_for_a_port(driver: &mut Driver) {
    driver.press("f");
    let object = |effect: &Effect| if let Effect::Object(ticket, _) = effect { Some(*ticket) } else { None };
    let pod = serde_json::json!({"kind": "Pod", "spec": {"containers": [{"ports": [{"containerPort": 80}]}]}});
    driver.answer(object, Reply::Object(Ok(pod)));
}

#[test]
fn a_port_is_led_to_a_pod_listed_and_closed() {
    let mut driver = pods((120, 40));
    driver.press("F");
    driver.shows("No hay ninguno abierto");
    driver.press("esc f");
    let object = |effect: &Effect| if let Effect::Object(ticket, _) = effect { Some(*ticket) } else { None };
    let pod = serde_json::json!({"kind": "Pod", "spec": {"containers": [{"ports": [{"containerPort": 80}]}]}});
    driver.answer(object, Reply::Object(Ok(pod)));
    driver.shows("$ kubectl port-forward pod/api-5c9b8d7f66-s2t3u 8080:80");
    driver.press("enter");
    assert!(driver.effects.iter().any(|effect| matches!(effect, Effect::Forward(wish) if wish.local == 8080)));
    driver.send(Msg::Forward(ForwardNews::Open(8080)));
    driver.shows("abierto: 127.0.0.1:8080");
    driver.send(Msg::Forward(ForwardNews::Begun(8080)));
    driver.send(Msg::Forward(ForwardNews::Ended(8080, Some("connection refused".into()))));
    driver.press("F");
    driver.shows("0 conexiones ahora, 1 en total   la última falló: co");
    golden("forwards", &mut driver);
    driver.press("c");
    assert!(
        driver.effects.iter().any(|effect| matches!(effect, Effect::Copy(text) if text == "http://127.0.0.1:8080"))
    );
    driver.press("ctrl-d");
    assert!(driver.effects.iter().any(|effect| matches!(effect, Effect::StopForward(8080))));
    driver.shows("No hay ninguno abierto");
}

#[test]
fn what_was_done_is_kept_as_a_script() {
    let mut driver = pods((120, 40));
    driver.app.state.data_dir = Some("datos".into());
    driver.press("C ctrl-s");
    let written = driver.effects.iter().rev().find_map(|effect| match effect {
        Effect::WriteFile { path, text, .. } => Some((path.display().to_string(), text.clone())),
        _ => None,
    });
    let (path, text) = written.unwrap();
    assert_eq!(path, "datos/comandos-20260501-120000.sh");
    assert!(text.starts_with("#!/bin/sh\n") && text.ends_with("kubectl get pods -A\n"), "{text}");
}

/// Where one may go: this cluster and another.
pub fn contexts(size: (u16, u16)) -> Driver {
    let mut driver = Driver::new(size);
    driver.press(":").write("ctx").press("enter");
    let asked = |effect: &Effect| if let Effect::Contexts(ticket, _) = effect { Some(*ticket) } else { None };
    let line = |name: &str, current| ContextLine {
        name: name.into(),
        cluster: "casa".into(),
        server: "https://127.0.0.1:6443".into(),
        current,
        ..ContextLine::default()
    };
    driver.answer(asked, Reply::Contexts(Ok(vec![line("timonel", false), line("produccion", true)])));
    driver
}

#[test]
fn another_context_is_gone_to() {
    let mut driver = contexts((120, 40));
    golden("contexts", &mut driver);
    driver.press("enter");
    driver.shows("ya estás en ese contexto");
    driver.press("down enter");
    assert_eq!(driver.app.departure().as_deref(), Some("contexto produccion"));
}
