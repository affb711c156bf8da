//! The bridge: what it looks like, and moving over it.

use super::fixture::{Driver, SIZES, golden, node, now, pod};
use crate::tui::model::cluster::{Change, Source};
use crate::tui::model::facts::{Fact, Happening, Key};
use crate::tui::model::failure::Failure;
use crate::tui::model::light::Light;
use crate::tui::msg::{Effect, Msg, Reply, Ticket};

#[test]
fn golden_bridge() {
    for size in SIZES {
        golden("bridge", &mut Driver::new(size));
    }
}

#[test]
fn golden_bridge_with_a_thousand_pods() {
    for size in SIZES {
        golden("bridge_1000", &mut Driver::with(size, many(1000)));
    }
}

fn many(count: usize) -> Vec<crate::tui::model::facts::Pod> {
    let each = |index: usize| {
        let node = format!("worker-{}", 1 + index % 3);
        let mut pod = pod(&format!("web-6f7d9c8b54-{index:05}"), "web", &node, "10.244.1.9");
        (pod.cpu, pod.memory) = (5, 8 << 20);
        if index.is_multiple_of(41) {
            (pod.light, pod.status) = (Light::Bad, "CrashLoopBackOff".into());
        }
        if index.is_multiple_of(97) {
            (pod.light, pod.status) = (Light::Busy, "ContainerCreating".into());
        }
        pod
    };
    (0..count).map(each).collect()
}

#[test]
fn golden_bridge_without_a_cluster() {
    golden("bridge_empty", &mut Driver::empty((80, 24)));
}

#[test]
fn twenty_workers_stand_in_order_and_say_how_many_are_seen() {
    let mut driver = Driver::new((120, 40));
    let nodes = (1..=20).map(|number| Fact::Node(node(&format!("worker-{number}"), "True", "").into())).collect();
    driver.send(Msg::Cluster(vec![Change::Replace(Source::Nodes, nodes)]));
    driver.shows("workers 1–5 de 20");
    driver.shows("● worker-2 ");
    driver.hides("worker-10 ");
    driver.press("tab right right right right right right right");
    driver.shows("workers 6–10 de 20");
}

#[test]
fn a_pod_that_runs_but_is_not_ready_is_among_those_that_fail() {
    let mut driver = Driver::new((120, 40));
    let mut lame = pod("coja-7d4b9c6f5-zzzzz", "web", "worker-2", "10.244.2.9");
    (lame.light, lame.serving, lame.ready) = (Light::Busy, false, 0);
    let event = Happening {
        key: Key::new("default", "e77"),
        at: Some(now()),
        reason: "Unhealthy".into(),
        message: "Readiness probe failed: HTTP probe failed with statuscode: 503".into(),
        kind: "Pod".into(),
        object: "coja-7d4b9c6f5-zzzzz".into(),
        ..Happening::default()
    };
    driver.send(Msg::Cluster(vec![Change::Put(Fact::Pod(lame.clone().into()))]));
    driver.hides("readinessProbe falla");
    driver.send(Msg::Cluster(vec![Change::Put(Fact::Event(event.into()))]));
    driver.shows("sin tráfico, su readinessProbe falla: HTTP probe failed with statuscode");
    (lame.light, lame.serving) = (Light::Good, true);
    driver.send(Msg::Cluster(vec![Change::Put(Fact::Pod(lame.into()))]));
    driver.hides("readinessProbe falla");
}

#[test]
fn of_a_server_that_does_not_answer_nothing_is_known() {
    let mut driver = Driver::new((120, 40));
    driver.shows("workers 2/3");
    driver.send(Msg::Cluster(vec![Change::Lost(Source::Pods, Failure::broken("se cortó"))]));
    driver.shows("workers ?   pods ?");
    driver.shows("? Controller Manager");
    driver.shows("? Scheduler");
    driver.shows("? worker-1 sin noticias");
}

#[test]
fn leaving_tells_what_stays_switched_off() {
    let mut driver = Driver::new((120, 40));
    driver.press("esc");
    driver.shows("Queda apagado");
    driver.shows("kubelet-worker-3");
    driver.hides("No queda nada a medias");
}

#[test]
fn logs_of_what_has_pods_are_those_of_all_of_them_together() {
    let mut driver = Driver::new((120, 40));
    driver.press("tab G l");
    let asked = |driver: &Driver| {
        let names = driver.effects.iter().filter_map(|effect| match effect {
            Effect::Object(_, pod) => Some(pod.name.clone()),
            _ => None,
        });
        names.collect::<Vec<_>>()
    };
    let names = ["a1b2c", "c3d4e", "f5g6h", "x2x8k"].map(|end| format!("web-6f7d9c8b54-{end}"));
    assert_eq!(asked(&driver), names);
    let of = |effect: &Effect| -> Option<Ticket> {
        if let Effect::Object(ticket, _) = effect { Some(*ticket) } else { None }
    };
    for name in &names[..2] {
        let pod = serde_json::json!({ "metadata": { "name": name }, "spec": { "containers": [{ "name": "c" }] } });
        driver.answer(of, Reply::Object(Ok(pod)));
    }
    driver.answer(of, Reply::Lines(2, vec!["2026-05-01T12:00:02Z segunda".into()]));
    driver.answer(
        of,
        Reply::Lines(1, vec!["2026-05-01T12:00:01Z primera".into(), "2026-05-01T12:00:03Z tercera".into()]),
    );
    golden("logs_together", &mut driver);
    driver.press("tab");
    driver.hides("segunda");
    driver.press("c");
    driver.shows("copiado: kubectl logs web-6f7d9c8b54-a1b2c -f");
    driver.press("tab tab c");
    driver.shows("--all-pods --all-containers --prefix -f");
}

#[test]
fn a_pod_that_comes_later_joins_the_logs() {
    let mut driver = Driver::new((120, 40));
    driver.press("tab G l");
    let new = super::fixture::pod("web-6f7d9c8b54-zzzzz", "web", "worker-1", "10.244.1.77");
    driver.send(Msg::Cluster(vec![Change::Put(Fact::Pod(new.into()))]));
    assert!(
        driver.effects.iter().any(|effect| matches!(effect, Effect::Object(_, pod) if pod.name.ends_with("zzzzz")))
    );
}

#[test]
fn the_choice_moves_through_sections_columns_and_pods() {
    let mut driver = Driver::new((120, 40));
    driver.press("tab down");
    golden("bridge_chosen", &mut driver);
    driver.press("ctrl-c n");
    driver.press("right");
    driver.press("tab");
    golden("bridge_service", &mut driver);
}
