//! The audit and the history as streams of lines.

use std::time::Duration;

use http_body_util::BodyExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;
use timonel::client::streams::{AUDIT, AuditLine, HISTORY, HistoryLine, Window};

use crate::api::{World, world};

/// The lines of a stream, as they come.
struct Lines {
    body: kube::client::Body,
    text: String,
}

impl Lines {
    async fn open(world: &World, path: &str) -> Self {
        let request = http::Request::get(path).body(kube::client::Body::empty()).unwrap();
        let response = world.client.send(request).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        Self { body: response.into_body(), text: String::new() }
    }

    /// The next line; `None` at the end.
    async fn next<T: serde::de::DeserializeOwned>(&mut self) -> Option<T> {
        loop {
            if let Some(end) = self.text.find('\n') {
                let rest = self.text.split_off(end + 1);
                let line = std::mem::replace(&mut self.text, rest);
                let line = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
                return Some(line);
            }
            let waited = tokio::time::timeout(Duration::from_secs(3600), self.body.frame()).await;
            let frame = waited.expect("a line never came")?.ok()?;
            self.text.push_str(std::str::from_utf8(frame.data_ref()?).unwrap());
        }
    }

    async fn all(mut self) -> Vec<HistoryLine> {
        let mut lines = Vec::new();
        while let Some(line) = self.next().await {
            lines.push(line);
        }
        lines
    }
}

#[tokio::test(start_paused = true)]
async fn the_audit_tells_who_asked_what_as_it_happens() {
    let world = world().await;
    let mut lines = Lines::open(&world, AUDIT).await;
    let mut creations = Lines::open(&world, &format!("{AUDIT}?verb=create&resource=configmaps")).await;
    world.api::<ConfigMap>().get_opt("nada").await.unwrap();
    world.config_map("uno").await;
    let mut told = Vec::new();
    while told.len() < 2 {
        let AuditLine::Request(request) = lines.next().await.unwrap() else { panic!("nothing was missed") };
        if request.resource == "configmaps" {
            told.push((request.user, request.verb, request.name, request.namespace, request.code));
        }
    }
    let by_admin =
        |verb: &str, name: &str, code| ("kubernetes-admin".into(), verb.into(), name.into(), "default".into(), code);
    assert_eq!(told, [by_admin("get", "nada", 404), by_admin("create", "", 201)]);
    let AuditLine::Request(only) = creations.next().await.unwrap() else { panic!("nothing was missed") };
    assert_eq!((only.verb.as_str(), only.time.to_string().as_str()), ("create", "2026-01-01T00:00:00Z"));
}

#[tokio::test(start_paused = true)]
async fn who_reads_too_slowly_is_told_how_much_was_missed() {
    let world = world().await;
    let mut lines = Lines::open(&world, &format!("{AUDIT}?resource=configmaps")).await;
    for _ in 0..5000 {
        world.api::<ConfigMap>().get_opt("nada").await.unwrap();
    }
    let mut seen = 0;
    while seen < 5000 {
        seen += match lines.next().await.unwrap() {
            AuditLine::Request(_) => 1,
            AuditLine::Missed { missed } => missed,
        };
    }
    assert_eq!(seen, 5000, "each request is told or counted");
}

#[tokio::test(start_paused = true)]
async fn the_history_holds_each_revision_and_goes_on() {
    let world = world().await;
    let maps = world.api::<ConfigMap>();
    let from = world.server.store().revision();
    let prefix = "/registry/configmaps/default/";
    world.config_map("uno").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let patch = Patch::Merge(json!({ "data": { "a": "2" } }));
    maps.patch("uno", &PatchParams::default(), &patch).await.unwrap();
    maps.delete("uno", &DeleteParams::default()).await.unwrap();
    let mut following = Lines::open(&world, &format!("{HISTORY}?from={from}&prefix={prefix}&watch=true")).await;
    let lines = Lines::open(&world, &format!("{HISTORY}?from={from}&prefix={prefix}")).await.all().await;
    let HistoryLine::Bookmark(Window { oldest: 0, revision }) = lines[0] else { panic!("{:?}", lines[0]) };
    assert_eq!(revision, from + 3);
    let [HistoryLine::Added(added), HistoryLine::Modified(changed), HistoryLine::Deleted(gone)] = &lines[1..] else {
        panic!("{lines:#?}")
    };
    assert_eq!((added.revision, changed.revision, gone.revision), (from + 1, from + 2, from + 3));
    assert_eq!((added.key.as_str(), &added.object["data"]["a"]), ("/registry/configmaps/default/uno", &json!("1")));
    assert_eq!((&changed.object["data"]["a"], &gone.object["data"]["a"]), (&json!("2"), &json!("2")));
    let seconds = changed.time.unwrap().duration_since(added.time.unwrap()).as_secs();
    assert_eq!(seconds, 5);
    for line in &lines {
        assert_eq!(following.next::<HistoryLine>().await.as_ref(), Some(line));
    }
    world.config_map("dos").await;
    let Some(HistoryLine::Added(next)) = following.next().await else { panic!("it goes on") };
    assert_eq!(next.revision, from + 4);
    world.server.gate().set_etcd(false);
    assert!(following.next::<HistoryLine>().await.is_none(), "without etcd it ends");
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_is_gone() {
    let world = world().await;
    world.config_map("uno").await;
    let now = world.server.store().revision();
    world.server.store().compact(now);
    let (status, answer) = world.raw("GET", &format!("{HISTORY}?from=1"), "", "").await;
    assert_eq!((status, answer["reason"].as_str()), (410, Some("Expired")), "{answer}");
    let lines = Lines::open(&world, HISTORY).await.all().await;
    assert_eq!(lines, [HistoryLine::Bookmark(Window { oldest: now, revision: now })], "what is left, and from where");
}
