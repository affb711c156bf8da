//! Informers fed with watch events by hand.

use futures::stream;
use k8s_openapi::api::core::v1::ConfigMap;

use super::*;

fn map(name: &str, version: &str) -> ConfigMap {
    let mut map = ConfigMap::default();
    (map.metadata.name, map.metadata.namespace) = (Some(name.into()), Some("ns".into()));
    (map.metadata.uid, map.metadata.resource_version) = (Some(name.into()), Some(version.into()));
    map
}

fn log_of(informer: &Informer<ConfigMap>) -> Arc<Mutex<Vec<String>>> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let written = log.clone();
    informer.on_change(move |change| {
        let verb = match change {
            Change::Added(_) => "+",
            Change::Updated { .. } => "~",
            Change::Deleted(_) => "-",
        };
        written.lock().push(format!("{verb}{}", Key::of(&**change.object()).name));
    });
    log
}

async fn feed(informer: &Informer<ConfigMap>, events: Vec<Event<ConfigMap>>) {
    informer.clone().follow(stream::iter(events.into_iter().map(Ok))).await;
}

#[tokio::test]
async fn a_second_list_tells_only_what_changed() {
    let informer = Informer::default();
    let log = log_of(&informer);
    feed(&informer, vec![Event::Init, Event::InitApply(map("a", "1")), Event::InitApply(map("b", "2"))]).await;
    assert!(!informer.is_synced());
    let list = [("a", "1"), ("b", "2")].map(|(name, version)| Event::InitApply(map(name, version)));
    feed(&informer, [vec![Event::Init], list.into(), vec![Event::InitDone]].into_iter().flatten().collect()).await;
    informer.wait_synced().await;
    let again = [("b", "5"), ("c", "6")].map(|(name, version)| Event::InitApply(map(name, version)));
    feed(&informer, [vec![Event::Init], again.into(), vec![Event::InitDone]].into_iter().flatten().collect()).await;
    assert_eq!(*log.lock(), ["+a", "+b", "-a", "~b", "+c"]);
    assert_eq!(informer.in_namespace("ns").len(), 2);
    assert!(informer.in_namespace("n").is_empty());
}

#[tokio::test]
async fn a_late_subscriber_hears_of_everything_once() {
    let informer = Informer::default();
    feed(&informer, vec![Event::Apply(map("a", "1"))]).await;
    let log = log_of(&informer);
    feed(&informer, vec![Event::Apply(map("a", "1")), Event::Apply(map("a", "2")), Event::Delete(map("a", "3"))]).await;
    assert_eq!(*log.lock(), ["+a", "~a", "-a"]);
}

#[tokio::test]
async fn a_reused_name_is_a_deletion_and_a_birth() {
    let informer = Informer::default();
    let log = log_of(&informer);
    let mut other = map("a", "9");
    other.metadata.uid = Some("another".into());
    feed(&informer, vec![Event::Apply(map("a", "1")), Event::Apply(other)]).await;
    assert_eq!(*log.lock(), ["+a", "-a", "+a"]);
}

#[tokio::test]
async fn indexes_follow_changes() {
    let informer = Informer::<ConfigMap>::default()
        .indexed("version", |map| map.metadata.resource_version.clone().into_iter().collect());
    feed(&informer, vec![Event::Apply(map("a", "1")), Event::Apply(map("b", "1")), Event::Apply(map("a", "2"))]).await;
    let names = |value| informer.by_index("version", value).iter().map(|map| Key::of(&**map).name).collect::<Vec<_>>();
    assert_eq!((names("1"), names("2"), names("3")), (vec!["b".into()], vec!["a".into()], vec![]));
}

#[tokio::test]
async fn what_a_stopped_scope_subscribed_to_is_told_no_more() {
    let informer = Informer::default();
    let tasks = Tasks::new();
    let owned = Arc::new(());
    let (log, kept) = (log_of(&informer.scoped(&tasks)), owned.clone());
    informer.scoped(&tasks).on_change(move |_| drop(kept.clone()));
    feed(&informer, vec![Event::Apply(map("a", "1"))]).await;
    tasks.stop().await;
    feed(&informer, vec![Event::Apply(map("b", "1"))]).await;
    assert_eq!(*log.lock(), ["+a"]);
    assert_eq!(Arc::strong_count(&owned), 1, "nothing of the handlers is left");
}
