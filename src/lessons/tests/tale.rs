//! The replay that answers a prediction.

use super::super::tale::Tale;
use super::super::world::World;
use super::*;

fn told(story: Vec<Moment>) -> Vec<String> {
    let (mut tale, mut world) = (Tale::default(), World::default());
    for moment in &story {
        tale.tell(&world, moment);
        world.absorb(moment);
    }
    tale.lines().into_iter().map(|(at, line)| format!("{:.1} {line}", at.as_secs_f64())).collect()
}

fn on(node: &str, name: &str, ready: bool) -> Value {
    let mut pod = pod(name, ready);
    pod["spec"] = json!({"nodeName": node});
    pod
}

#[test]
fn a_pods_life_is_told_with_its_seconds() {
    let mut leaving = on("worker-1", "a", true);
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    let story = vec![
        at(1_000, object(Was::Created, pod("a", false))),
        at(1_200, object(Was::Updated, on("worker-1", "a", false))),
        at(4_000, object(Was::Updated, on("worker-1", "a", true))),
        at(4_100, object(Was::Updated, on("worker-1", "a", true))),
        at(9_000, object(Was::Leaving, leaving.clone())),
        at(9_500, object(Was::Deleted, leaving)),
    ];
    let lines = ["0.0 nace el pod a", "0.2 a: le toca worker-1", "3.0 a: listo", "8.0 el pod a se despide"];
    assert_eq!(told(story)[..4], lines);
}

#[test]
fn a_pod_of_a_lost_worker_is_told_from_one_that_fails() {
    let ready = |pod: bool, container: bool| {
        let mut pod = on("worker-1", "a", pod);
        pod["status"]["containerStatuses"] = json!([{ "name": "c", "ready": container }]);
        Change::Object(Was::Updated, Arc::new(pod))
    };
    let story = |container| vec![at(0, ready(true, true)), at(100, ready(false, container))];
    assert_eq!(told(story(true)), ["0.0 a: se da por no listo, porque su worker no informa"]);
    assert_eq!(told(story(false)), ["0.0 a: deja de estar listo"]);
}

#[test]
fn requests_are_told_when_they_turn() {
    let story = (0..60).map(|tenth| at(tenth * 100, request(!(20..30).contains(&tenth)))).collect();
    assert_eq!(
        told(story),
        ["0.0 peticiones a web: empiezan a fallar", "2.1 peticiones a web: se responden todas otra vez"]
    );
}

#[test]
fn what_happens_in_the_second_cluster_is_told_as_of_there() {
    let mut far = deployment(1);
    far["metadata"]["namespace"] = "prod/leccion-6-2".into();
    assert_eq!(told(vec![at(0, object(Was::Deleted, far))]), ["0.0 en prod: desaparece Deployment web"]);
}

#[test]
fn a_deployment_is_told_by_what_it_wants() {
    let story = vec![
        at(0, Change::Known(Arc::new(deployment(1)))),
        at(100, object(Was::Updated, deployment(3))),
        at(200, object(Was::Updated, deployment(3))),
    ];
    assert_eq!(told(story), ["0.0 Deployment web: ahora quiere 3"]);
}
