//! Watches: replay, order, falling behind, compaction.

use super::super::value::noise;
use super::*;

async fn put(store: &Store<usize>, key: &str, text: &'static str) -> Revision {
    let expect = if store.get(key).is_some() { Expect::Exists } else { Expect::Absent };
    store.put(key, expect, value(text)).await.unwrap().modified
}

#[tokio::test(start_paused = true)]
async fn replays_the_past_then_follows() {
    let store = memory().await;
    let start = put(&store, "/p/a", "1").await;
    put(&store, "/q/b", "1").await;
    put(&store, "/p/a", "2").await;
    let mut watch = store.watch("/p/", start).unwrap();
    assert_eq!(watch.progress(), None);
    let seen = watch.next().await.unwrap();
    assert_eq!(
        (seen.revision, &*seen.record.value.bytes(), seen.previous.as_ref().unwrap().modified),
        (3, &b"2"[..], 1)
    );
    assert_eq!(watch.progress(), Some(3));
    put(&store, "/q/c", "1").await;
    assert_eq!(watch.progress(), Some(4));
    store.delete("/p/a", Expect::Exists, value("last")).await.unwrap();
    assert_eq!(watch.progress(), None);
    let gone = watch.next().await.unwrap();
    assert_eq!((gone.revision, gone.deleted, &*gone.record.value.bytes()), (5, true, &b"last"[..]));
}

#[tokio::test(start_paused = true)]
async fn compaction_makes_the_past_too_old() {
    let store = memory().await;
    for text in ["1", "2", "3", "4"] {
        put(&store, "/a", text).await;
    }
    store.compact(2);
    assert_eq!(store.watch("/", 1).unwrap_err(), TooOld { oldest: 2 });
    assert_eq!(store.history(0).unwrap_err(), TooOld { oldest: 2 });
    assert!(store.list_at("/", None, None, 1).is_err());
    let kept: Vec<_> = store.history(2).unwrap().iter().map(|event| event.revision).collect();
    assert_eq!(kept, [3, 4]);
    store.compact(Revision::MAX);
    assert_eq!(store.history(4).unwrap().len(), 0);
    assert_eq!(put(&store, "/a", "5").await, 5);
    assert_eq!(store.history(4).unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn history_is_bounded_by_events_and_by_bytes() {
    let few = open(MemoryBackend, Limits { history_events: 3, ..Limits::default() }).await;
    let small = open(MemoryBackend, Limits { history_bytes: 4096, ..Limits::default() }).await;
    for round in 0..10 {
        put(&few, "/a", "1").await;
        // What is alike would take less.
        let text = noise(round, 1400);
        let expect = if small.get("/a").is_some() { Expect::Exists } else { Expect::Absent };
        small.put("/a", expect, value(text)).await.unwrap();
    }
    assert_eq!(few.history(7).unwrap().len(), 3);
    assert_eq!(few.history(6).unwrap_err(), TooOld { oldest: 7 });
    assert_eq!(small.history(8).unwrap().len(), 2);
    assert!(small.history(7).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_slow_watcher_catches_up_while_the_history_reaches_back() {
    let store = open(MemoryBackend, Limits { watch_events: 2, ..Limits::default() }).await;
    let mut watch = store.watch("/", 0).unwrap();
    for _ in 0..50 {
        put(&store, "/a", "1").await;
    }
    for revision in 1..=50 {
        assert_eq!(watch.next().await.unwrap().revision, revision);
    }
    let next = put(&store, "/a", "1").await;
    assert_eq!(watch.next().await.unwrap().revision, next);
}

#[tokio::test(start_paused = true)]
async fn a_watcher_that_fell_behind_the_history_ends_and_writers_never_wait() {
    let store = open(MemoryBackend, Limits { watch_events: 2, history_events: 5, ..Limits::default() }).await;
    let mut watch = store.watch("/", 0).unwrap();
    for _ in 0..50 {
        put(&store, "/a", "1").await;
    }
    assert_eq!(watch.next().await.unwrap().revision, 1);
    assert_eq!(watch.next().await.unwrap().revision, 2);
    assert!(watch.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_watch_from_the_future_starts_there() {
    let store = memory().await;
    let mut watch = store.watch("/", 2).unwrap();
    for _ in 0..3 {
        put(&store, "/a", "1").await;
    }
    assert_eq!(watch.next().await.unwrap().revision, 3);
}

#[tokio::test(start_paused = true)]
async fn a_watcher_of_some_events_hears_of_those_alone() {
    let store = memory().await;
    // Values of more than one byte are wanted; others do not take a place, however many there are.
    let limits = Limits::default().watch_events;
    let mut watch = store.watch_some("/p/", 0, wants(|event| *event.record.meta > 1)).unwrap();
    for _ in 0..limits * 2 {
        put(&store, "/p/a", "1").await;
    }
    put(&store, "/p/b", "two").await;
    put(&store, "/q/c", "three").await;
    let seen = watch.try_next().unwrap().unwrap();
    assert_eq!((&*seen.record.key, &*seen.record.value.bytes()), ("/p/b", &b"two"[..]));
    assert_eq!((watch.try_next().unwrap().is_none(), watch.progress()), (true, Some(store.revision())));
    drop(watch);
    let mut other = store.watch_some("/p/", store.revision(), wants(|_| false)).unwrap();
    put(&store, "/p/a", "changed").await;
    assert!(other.try_next().unwrap().is_none());
}

fn wants(picks: impl Fn(&Event<usize>) -> bool + Send + Sync + 'static) -> Wants<usize> {
    Wants { picks: Arc::new(picks), place: None }
}

/// Those records whose value is so many bytes long, as a kubelet wants those of its node.
fn of_length(length: usize) -> Wants<usize> {
    const NAMES: [&str; 4] = ["0", "1", "2", "3"];
    let of: Arc<dyn Fn(&usize) -> &str + Send + Sync> = Arc::new(|meta| NAMES[*meta]);
    let place = Some(Place { by: "length".into(), of, name: NAMES[length].into() });
    let picks = move |event: &Event<usize>| {
        *event.record.meta == length || event.previous.as_ref().is_some_and(|previous| *previous.meta == length)
    };
    Wants { place, ..wants(picks) }
}

#[tokio::test(start_paused = true)]
async fn a_watcher_of_a_place_hears_of_what_comes_and_goes_there() {
    let store = memory().await;
    let watch = |length| store.watch_some("/p/", store.revision(), of_length(length)).unwrap();
    let (mut one, mut two, gone) = (watch(1), watch(2), watch(2));
    drop(gone);
    for value in ["a", "b", "cc", "ddd"] {
        put(&store, "/p/a", value).await;
    }
    let heard = |watch: &mut Watch<usize>| {
        std::iter::from_fn(|| watch.try_next().unwrap()).map(|event| event.revision).collect::<Vec<_>>()
    };
    assert_eq!((heard(&mut one), heard(&mut two)), (vec![1, 2, 3], vec![3, 4]));
}
