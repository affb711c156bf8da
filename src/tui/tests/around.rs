//! The tabs of a detail beyond its text: tree, relations, history, usage; search; going back in a rollout; undo.

use serde_json::{Value, json};

use super::fixture::{Driver, SIZES, golden, now};
use super::lists::table;
use crate::tui::model::failure::Failure;
use crate::tui::model::undo::{Repair, Undo};
use crate::tui::model::world::World;
use crate::tui::msg::{Deed, Effect, Msg, Outcome, Reply, Ticket};

fn object(effect: &Effect) -> Option<Ticket> {
    if let Effect::Object(ticket, _) = effect { Some(*ticket) } else { None }
}

fn deployment() -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "uid": "d", "creationTimestamp": "2026-05-01T11:00:00Z"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "timonel/demo:v2"}]}}},
        "status": {"readyReplicas": 1}})
}

fn set(name: &str, revision: &str, image: &str, replicas: i64, created: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": name, "namespace": "default", "uid": name, "creationTimestamp": created,
            "annotations": {"deployment.kubernetes.io/revision": revision},
            "ownerReferences": [{"kind": "Deployment", "name": "web", "uid": "d", "controller": true}]},
        "spec": {"replicas": replicas, "template": {"metadata": {"labels": {"app": "web", "pod-template-hash": name}},
            "spec": {"containers": [{"name": "web", "image": image}]}}},
        "status": {"readyReplicas": replicas}})
}

fn world() -> World {
    let pod = |name: &str, ready: bool| {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "default", "uid": name, "labels": {"app": "web"},
                "ownerReferences": [{"kind": "ReplicaSet", "name": "web-2", "uid": "web-2", "controller": true}]},
            "spec": {"nodeName": "worker-1", "containers": [{"name": "web"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}]}})
    };
    World {
        objects: vec![
            set("web-1", "1", "timonel/demo:v1", 0, "2026-05-01T11:00:00Z"),
            set("web-2", "2", "timonel/demo:v2", 2, "2026-05-01T11:50:00Z"),
            pod("web-2-aaaaa", true),
            pod("web-2-bbbbb", false),
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default", "uid": "s"},
                "spec": {"selector": {"app": "web"}}}),
        ],
        ..World::default()
    }
}

pub fn detail(size: (u16, u16), tab: &str) -> Driver {
    let mut driver = Driver::new(size);
    driver.press(":").write("deploy").press("enter").table(table()).press("enter");
    driver.answer(object, Reply::Object(Ok(deployment())));
    driver.press(tab);
    let asked = |effect: &Effect| if let Effect::World(ticket, _) = effect { Some(*ticket) } else { None };
    if ["4", "5", "6"].contains(&tab) {
        let mut world = world();
        world.objects.push(deployment());
        driver.answer(asked, Reply::World(Box::new(world)));
    }
    driver
}

#[test]
fn golden_tree_relations_history_usage() {
    for size in SIZES {
        golden("detail_tree", &mut detail(size, "4"));
        golden("detail_relations", &mut detail(size, "5"));
        golden("detail_history", &mut detail(size, "6"));
        golden("detail_usage", &mut measured(size));
    }
}

#[test]
fn entering_a_branch_opens_it_and_actions_are_about_it() {
    let mut driver = detail((120, 40), "4");
    driver.press("down down down ctrl-d");
    driver.shows("¿Borrar pod/web-2-aaaaa?");
    driver.press("n enter");
    driver.shows("default · pod/web-2-aaaaa");
}

#[test]
fn only_the_pods_of_the_selector_are_asked_for() {
    let driver = detail((120, 40), "4");
    let wants = driver.effects.iter().rev().find_map(|effect| match effect {
        Effect::World(_, wants) => Some(wants),
        _ => None,
    });
    let pods = wants.unwrap().iter().find(|want| want.resource.plural == "pods").unwrap();
    assert_eq!((pods.labels.as_str(), pods.namespace.as_deref()), ("app=web", Some("default")));
}

#[test]
fn a_revision_is_compared_and_gone_back_to() {
    let mut driver = detail((120, 40), "6");
    driver.shows("-   - image: timonel/demo:v1");
    driver.shows("+   - image: timonel/demo:v2");
    driver.press("down enter");
    driver.shows("$ kubectl rollout undo deployment/api-5c9b8d7f66-s2t3u");
    driver.shows("  --to-revision=1");
    driver.press("s");
    let asked = |effect: &Effect| matches!(effect, Effect::Change { change: Deed::Undo(Some(1)), .. });
    assert!(driver.effects.iter().any(asked));
}

pub fn measured(size: (u16, u16)) -> Driver {
    let mut driver = detail(size, "7");
    let asked = |effect: &Effect| if let Effect::Usage(ticket, Some(_)) = effect { Some(*ticket) } else { None };
    for second in 0..24_i64 {
        driver.send(Msg::Clock(now() - jiff::SignedDuration::from_secs(5 * (23 - second))));
        let cpu = 100 + (second * 37) % 90;
        let pod = |name: &str| json!({"metadata": {"name": name}, "containers": [{"name": "web", "usage": {"cpu": format!("{cpu}m"), "memory": format!("{}Mi", 40 + second)}}]});
        driver.answer(asked, Reply::Usage(Ok(json!({"items": [pod("web-2-aaaaa"), pod("web-2-bbbbb")]}))));
    }
    driver
}

#[test]
fn usage_is_a_chart_or_a_table() {
    let mut driver = measured((120, 40));
    driver.press("v");
    driver.shows("hace 5 s");
    driver.shows("web-2-bbbbb");
}

#[test]
fn a_cluster_without_metrics_says_so() {
    let mut driver = detail((120, 40), "7");
    let asked = |effect: &Effect| if let Effect::Usage(ticket, Some(_)) = effect { Some(*ticket) } else { None };
    driver.answer(asked, Reply::Usage(Err(Failure { code: 404, ..Failure::default() })));
    driver.shows("le falta la API de métricas");
}

#[test]
fn a_text_is_searched() {
    let mut driver = detail((120, 20), "2");
    driver.press("/").write("image").press("enter");
    driver.shows("1 línea");
    let first = driver.screen().lines().nth(3).unwrap().to_string();
    assert!(first.contains("image: timonel/demo:v2"), "{first}");
    driver.press("esc");
    driver.hides("1 línea");
}

#[test]
fn the_last_change_is_taken_back_after_a_question() {
    let mut driver = Driver::new((120, 40));
    driver.press("u");
    driver.shows("no hay nada que deshacer");
    let undo = Undo {
        what: "kubectl scale deployment/web --replicas=9".into(),
        command: "kubectl scale deployment/web --replicas=3".into(),
        repair: Repair::Delete { path: "/x".into() },
    };
    driver.send(Msg::Done(Outcome {
        command: undo.what.clone(),
        result: Ok("hecho".into()),
        undo: Some(undo.clone()),
    }));
    driver.press("u");
    golden("undo", &mut driver);
    driver.press("s");
    assert!(matches!(driver.effects.last(), Some(Effect::Undo(back)) if *back == undo));
    driver.press("u");
    driver.shows("no hay nada que deshacer");
}
