//! The bridge's figures from facts.

use super::{scene, why_unscheduled};
use crate::tui::model::cluster::{Change, Cluster, Source};
use crate::tui::model::light::Light;
use crate::tui::model::scope::Scope;
use crate::tui::tests::fixture::{changes, node, now, pod};

fn cluster() -> Cluster {
    let mut cluster = Cluster::default();
    let waiting = crate::tui::model::facts::Pod { light: Light::Waiting, serving: false, ..pod("b", "web", "", "") };
    changes(vec![pod("a", "web", "worker-1", "10.244.1.2"), waiting])
        .into_iter()
        .for_each(|change| cluster.apply(change));
    cluster
}

#[test]
fn requests_of_a_worker_are_those_of_its_pods() {
    let cluster = cluster();
    let scene = scene(&cluster, &Scope::default(), now());
    assert_eq!((scene.workers[0].cpu, scene.workers[1].cpu), (250, 0));
    assert_eq!(scene.waiting.len(), 1);
    assert_eq!(scene.waiting[0].why, "esperando al scheduler");
}

#[test]
fn another_namespace_hides_pods_but_not_what_they_ask_of_workers() {
    let cluster = cluster();
    let scene = scene(&cluster, &Scope::one("tienda"), now());
    assert!(scene.workers[0].pods.is_empty() && scene.services.is_empty() && scene.waiting.is_empty());
    assert_eq!(scene.workers[0].cpu, 250);
}

#[test]
fn a_silent_scheduler_is_why_nobody_chooses() {
    let mut cluster = cluster();
    let later = now() + jiff::SignedDuration::from_secs(60);
    let scene = scene(&cluster, &Scope::default(), later);
    assert_eq!(scene.masters[2].light, Light::Bad);
    assert!(scene.waiting[0].why.contains("no da señales"), "{}", scene.waiting[0].why);
    cluster.apply(Change::Replace(Source::Leases, Vec::new()));
    assert_eq!(super::scene(&cluster, &Scope::default(), later).masters[2].light, Light::Unknown);
}

#[test]
fn a_node_that_is_not_ready_leaves_its_loop_unsettled() {
    let mut cluster = cluster();
    let loops = scene(&cluster, &Scope::default(), now()).masters[1].loops.clone();
    assert_eq!((loops[0].name, loops[0].done, loops[0].total, loops[0].light), ("node", 2, 3, Light::Busy));
    cluster.apply(Change::Put(crate::tui::model::facts::Fact::Node(node("worker-3", "True", "").into())));
    assert_eq!(scene(&cluster, &Scope::default(), now()).masters[1].loops[0].light, Light::Good);
}

#[test]
fn a_service_says_why_nobody_answers() {
    let cluster = cluster();
    let scene = scene(&cluster, &Scope::default(), now());
    let trouble: Vec<_> = scene.services.iter().map(|line| line.trouble.as_deref().unwrap_or("")).collect();
    assert_eq!(trouble, ["", "ningún pod tiene app=tiend", ""]);
}

#[test]
fn refusals_of_the_scheduler_in_spanish() {
    let text = "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. preemption: none.";
    assert_eq!(why_unscheduled(text, None), "de 3 workers: 1 sin CPU libre suficiente, 2 acordonados");
    assert_eq!(why_unscheduled("something new", None), "something new");
}
