//! The store at its boundary. Must not look inside.

mod durable;
mod hostile;
mod model;
mod watch;

use bytes::Bytes;

use super::*;

/// A store whose `M` is the value's length, over a backend.
async fn open(backend: impl Backend, limits: Limits) -> Store<usize> {
    Store::open(Box::new(backend), |_, value| value.len(), limits, &Tasks::new()).await.unwrap()
}

async fn memory() -> Store<usize> {
    open(MemoryBackend, Limits::default()).await
}

/// An encoder of a fixed value.
fn value(text: impl Into<Bytes>) -> impl FnOnce(Revision) -> (Bytes, usize) + Send + 'static {
    let bytes = text.into();
    move |_| (bytes.clone(), bytes.len())
}

fn keys(page: &Page<usize>) -> Vec<&str> {
    page.records.iter().map(|record| &*record.key).collect()
}

#[tokio::test(start_paused = true)]
async fn compare_and_swap_lets_one_writer_win() {
    let store = memory().await;
    let first = store.put("/a", Expect::Absent, value("1")).await.unwrap();
    assert_eq!((first.created, first.modified), (1, 1));
    let again = store.put("/a", Expect::Absent, value("2")).await;
    assert!(matches!(again, Err(WriteError::Conflict { current: Some(current) }) if current.value.bytes() == "1"));
    let second = store.put("/a", Expect::Revision(1), value("2")).await.unwrap();
    assert_eq!((second.created, second.modified), (1, 2));
    assert!(store.put("/a", Expect::Revision(1), value("3")).await.is_err());
    assert!(store.put("/b", Expect::Exists, value("3")).await.is_err());
    assert!(store.delete("/b", Expect::Exists, value("")).await.is_err());
    assert_eq!(store.get("/a").unwrap().value.bytes(), "2");
}

#[tokio::test(start_paused = true)]
async fn one_group_sees_its_own_writes() {
    let store = memory().await;
    let (created, twice, changed, gone) = tokio::join!(
        store.put("/a", Expect::Absent, value("1")),
        store.put("/a", Expect::Absent, value("2")),
        store.put("/a", Expect::Exists, value("3")),
        store.delete("/a", Expect::Exists, value("last")),
    );
    assert!(created.is_ok() && twice.is_err() && changed.is_ok());
    assert_eq!(gone.unwrap().modified, 3);
    assert_eq!((store.get("/a").is_none(), store.bytes(), store.revision()), (true, 0, 3));
}

#[tokio::test(start_paused = true)]
async fn the_encoder_is_told_its_revision() {
    let store = memory().await;
    for revision in 1..=3 {
        let record = store
            .put("/a", if revision == 1 { Expect::Absent } else { Expect::Exists }, |at| (at.to_string().into(), 0));
        assert_eq!(record.await.unwrap().value.bytes(), revision.to_string());
    }
}

#[tokio::test(start_paused = true)]
async fn pages_of_one_list_show_one_revision() {
    let store = memory().await;
    for key in ["/p/a", "/p/b", "/p/c", "/p/d", "/q/z", "/pz"] {
        store.put(key, Expect::Absent, value("x")).await.unwrap();
    }
    let first = store.list("/p/", None, Some(2));
    assert_eq!((keys(&first), first.remaining, first.revision), (vec!["/p/a", "/p/b"], 2, 6));
    store.delete("/p/c", Expect::Exists, value("x")).await.unwrap();
    store.put("/p/e", Expect::Absent, value("x")).await.unwrap();
    store.put("/p/d", Expect::Exists, value("changed")).await.unwrap();
    let second = store.list_at("/p/", Some("/p/b"), None, first.revision).unwrap();
    assert_eq!((keys(&second), second.remaining, second.revision), (vec!["/p/c", "/p/d"], 0, 6));
    assert_eq!(second.records[1].value.bytes(), "x");
    assert_eq!(keys(&store.list("/p/", Some("/p/b"), None)), ["/p/d", "/p/e"]);
    assert_eq!((store.count("/p/"), store.count("/")), (4, 6));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_store_refuses_writes_and_still_reads() {
    let tasks = Tasks::new();
    let store = Store::open(Box::new(MemoryBackend), |_, _| (), Limits::default(), &tasks).await.unwrap();
    store.put("/a", Expect::Absent, |_| ("1".into(), ())).await.unwrap();
    tasks.stop().await;
    let refused = store.put("/b", Expect::Absent, |_| ("1".into(), ())).await;
    assert!(matches!(refused, Err(WriteError::Backend(BackendError::Closed))));
    assert!(store.get("/a").is_some());
}
