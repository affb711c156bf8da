//! Two clusters of a lesson and the kubeconfig that leads to both.

use std::fs;

use tokio::runtime::Builder;

use super::*;
use crate::lessons::format::Second;

fn wish() -> Wish {
    let small = OwnCluster { workers: Some(0), ..OwnCluster::default() };
    let second = Second { context: "prod".into(), own: "pruebas".into(), cluster: small.clone(), objects: Vec::new() };
    Wish { seed: 62, own: small, second: Some(second), namespace: "default".into(), ..Wish::default() }
}

/// Runs with the clock paused, as the check does.
fn play(story: impl Future<Output = ()>) {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(story);
}

#[test]
fn two_contexts_reach_two_clusters() {
    play(async {
        let clusters = Practice::default().fresh(&wish()).await.unwrap();
        let desk = clusters.terminal().unwrap();
        assert_eq!(desk.type_line("kubectl config current-context").await.unwrap().trim(), "prod");
        desk.type_line("kubectl create configmap aviso").await.unwrap();
        desk.type_line("kubectl --context prod get configmap aviso").await.unwrap();
        let missing = desk.type_line("kubectl --context pruebas get configmap aviso").await.unwrap_err();
        assert!(missing.contains("NotFound"), "{missing}");
        desk.type_line("kubectl config use-context pruebas").await.unwrap();
        desk.type_line("kubectl get configmap aviso").await.unwrap_err();
        clusters.stop().await;
    });
}

#[test]
fn who_one_is_in_one_cluster_says_nothing_in_the_other() {
    play(async {
        let clusters = Practice::default().fresh(&wish()).await.unwrap();
        let desk = clusters.terminal().unwrap();
        let stranger = desk.type_line("kubectl --context prod --user pruebas get pods").await.unwrap_err();
        assert!(stranger.contains("Forbidden"), "{stranger}");
        clusters.stop().await;
    });
}

#[tokio::test]
async fn other_programs_find_both_in_one_kubeconfig_while_they_last() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig-leccion");
    let clusters = Practice::reachable(path.clone()).fresh(&wish()).await.unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("current-context: prod\n"), "{text}");
    for context in ["pruebas", "prod"] {
        let client = crate::client::remote(Some(&path), Some(context)).await.unwrap();
        client.apiserver_version().await.unwrap();
    }
    clusters.stop().await;
    let client = crate::client::remote(Some(&path), Some("prod")).await.unwrap();
    assert!(client.apiserver_version().await.is_err(), "nothing is left behind");
}
