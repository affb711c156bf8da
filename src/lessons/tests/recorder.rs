//! A watch's events as changes.

use kube::core::DynamicObject;
use kube::discovery::ApiResource;
use kube::runtime::watcher::Event;

use super::super::recorder::Recorder;
use super::*;

fn recorder() -> Recorder {
    Recorder::new(ApiResource::erase::<k8s_openapi::api::core::v1::Pod>(&()), None)
}

fn seen(name: &str, version: u32) -> DynamicObject {
    serde_json::from_value(json!({"metadata": {"name": name, "resourceVersion": version.to_string()}})).unwrap()
}

fn leaving(name: &str, version: u32) -> DynamicObject {
    let metadata =
        json!({"name": name, "resourceVersion": version.to_string(), "deletionTimestamp": "2026-01-01T00:00:00Z"});
    serde_json::from_value(json!({"metadata": metadata})).unwrap()
}

/// What the events amount to, one word each.
fn told(recorder: &mut Recorder, events: Vec<Event<DynamicObject>>) -> Vec<String> {
    let changes = events.into_iter().flat_map(|event| recorder.absorb(event)).collect::<Vec<_>>();
    let word = |change: &Change| match change {
        Change::Known(object) => format!("known {}", object["metadata"]["name"].as_str().unwrap()),
        Change::Object(was, object) => format!("{was:?} {}", object["metadata"]["name"].as_str().unwrap()),
        other => panic!("{other:?}"),
    };
    assert!(
        changes.iter().all(|change| matches!(change, Change::Known(o) | Change::Object(_, o) if o["kind"] == "Pod"))
    );
    changes.iter().map(word).collect()
}

fn first_list(recorder: &mut Recorder) {
    let events = vec![Event::Init, Event::InitApply(seen("a", 1)), Event::InitApply(seen("b", 2)), Event::InitDone];
    assert_eq!(told(recorder, events), ["known a", "known b"]);
    assert!(recorder.synced());
}

#[test]
fn a_deletion_is_asked_for_and_then_done() {
    let mut recorder = recorder();
    first_list(&mut recorder);
    let events = vec![
        Event::Apply(seen("a", 3)),
        Event::Apply(leaving("a", 4)),
        Event::Apply(leaving("a", 5)),
        Event::Delete(leaving("a", 6)),
    ];
    assert_eq!(told(&mut recorder, events), ["Updated a", "Leaving a", "Updated a", "Deleted a"]);
    assert_eq!(told(&mut recorder, vec![Event::Delete(seen("b", 7))]), ["Leaving b", "Deleted b"], "by force");
}

#[test]
fn what_comes_from_the_second_cluster_says_so() {
    let pods = ApiResource::erase::<k8s_openapi::api::core::v1::Pod>(&());
    let mut recorder = Recorder::new(pods, Some("prod/tienda".into()));
    let changes = recorder.absorb(Event::InitApply(seen("a", 1)));
    assert!(
        matches!(&changes[..], [Change::Known(pod)] if pod["metadata"]["namespace"] == "prod/tienda"),
        "{changes:?}"
    );
}

#[test]
fn a_watch_that_begins_again_tells_what_was_missed_and_nothing_twice() {
    let mut recorder = recorder();
    first_list(&mut recorder);
    let events = vec![Event::Init, Event::InitApply(seen("b", 2)), Event::InitApply(seen("c", 9)), Event::InitDone];
    assert_eq!(told(&mut recorder, events), ["Created c", "Leaving a", "Deleted a"]);
    assert_eq!(told(&mut recorder, vec![Event::Apply(seen("c", 9))]), Vec::<String>::new());
}
