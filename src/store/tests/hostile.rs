//! Backends that fail, are slow, or crash between commit and publication.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;

use super::*;

/// What a disk would hold, shared with the test.
type Disk = Arc<Mutex<(Revision, BTreeMap<Arc<str>, Saved>)>>;

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Answers an error without having written.
    Refuse,
    /// Writes, then answers an error.
    WriteAndFail,
    /// Writes, then panics: the process dies before anyone is answered.
    WriteAndCrash,
}

struct Hostile {
    disk: Disk,
    fault: Arc<Mutex<Fault>>,
    delay: Duration,
}

impl Hostile {
    fn new() -> (Self, Disk, Arc<Mutex<Fault>>) {
        let (disk, fault) = (Disk::default(), Arc::new(Mutex::new(Fault::None)));
        (Self { disk: Arc::clone(&disk), fault: Arc::clone(&fault), delay: Duration::ZERO }, disk, fault)
    }
}

impl Backend for Hostile {
    fn load(&mut self) -> Result<Snapshot, OpenError> {
        let disk = self.disk.lock();
        let records = disk.1.iter().map(|(key, saved)| (Arc::clone(key), saved.clone())).collect();
        Ok(Snapshot { revision: disk.0, records })
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), BackendError> {
        let fault = *self.fault.lock();
        std::thread::sleep(self.delay);
        if fault != Fault::Refuse {
            let mut disk = self.disk.lock();
            disk.0 = batch.revision;
            for (key, saved) in &batch.writes {
                match saved {
                    Some(saved) => disk.1.insert(Arc::clone(key), saved.clone()),
                    None => disk.1.remove(key),
                };
            }
            assert_eq!(disk.1.len(), batch.count, "the batch says how many records there are");
        }
        match fault {
            Fault::None => Ok(()),
            Fault::Refuse | Fault::WriteAndFail => Err(BackendError::Failed("no space left".into())),
            Fault::WriteAndCrash => panic!("crash"),
        }
    }

    fn blocks(&self) -> bool {
        self.delay > Duration::ZERO
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_write_is_neither_visible_nor_watched_and_its_revision_is_not_reused() {
    let (backend, _, fault) = Hostile::new();
    let store = open(backend, Limits::default()).await;
    let mut watch = store.watch("/", 0).unwrap();
    *fault.lock() = Fault::Refuse;
    let refused = store.put("/a", Expect::Absent, value("1")).await;
    assert!(matches!(refused, Err(WriteError::Backend(BackendError::Failed(_)))));
    assert!(store.get("/a").is_none() && store.revision() == 0);
    *fault.lock() = Fault::None;
    assert_eq!(store.put("/b", Expect::Absent, value("2")).await.unwrap().modified, 2);
    assert_eq!(&*watch.next().await.unwrap().record.key, "/b");
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_commit_left_on_disk_is_undone_by_the_next_one() {
    let (backend, disk, fault) = Hostile::new();
    let store = open(backend, Limits::default()).await;
    store.put("/old", Expect::Absent, value("old")).await.unwrap();
    *fault.lock() = Fault::WriteAndFail;
    store.put("/ghost", Expect::Absent, value("boo")).await.unwrap_err();
    assert!(disk.lock().1.contains_key("/ghost"));
    store.put("/old", Expect::Exists, value("new")).await.unwrap_err();
    *fault.lock() = Fault::None;
    store.put("/b", Expect::Absent, value("2")).await.unwrap();
    let disk = disk.lock();
    assert_eq!(disk.1.keys().map(|key| &**key).collect::<Vec<_>>(), ["/b", "/old"]);
    assert_eq!(disk.1["/old"].value, "old");
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_the_commit_loses_nothing_that_was_answered() {
    let (backend, disk, fault) = Hostile::new();
    let store = open(backend, Limits::default()).await;
    store.put("/a", Expect::Absent, value("1")).await.unwrap();
    *fault.lock() = Fault::WriteAndCrash;
    let unanswered = store.put("/b", Expect::Absent, value("2")).await;
    assert!(matches!(unanswered, Err(WriteError::Backend(BackendError::Closed))));
    assert!(store.get("/b").is_none(), "not published");
    let (mut again, _, _) = Hostile::new();
    again.disk = disk;
    let store = open(again, Limits::default()).await;
    assert_eq!(store.get("/a").unwrap().value.bytes(), "1");
    assert_eq!(
        (store.get("/b").unwrap().value.bytes(), store.revision()),
        (Bytes::from("2"), 2),
        "unknown outcome: it happened"
    );
    assert_eq!(store.watch("/", 1).unwrap_err(), TooOld { oldest: 2 });
    assert_eq!(store.put("/c", Expect::Absent, value("3")).await.unwrap().modified, 3);
}

#[tokio::test]
async fn a_slow_disk_holds_up_no_reader_and_makes_large_groups() {
    let (mut backend, _, _) = Hostile::new();
    backend.delay = Duration::from_millis(20);
    let store = open(backend, Limits::default()).await;
    let names: Vec<_> = (0..200).map(|n| format!("/{n}")).collect();
    let started = tokio::time::sleep(Duration::from_secs(2));
    let writes = futures::future::join_all(names.iter().map(|key| store.put(key, Expect::Absent, value("x"))));
    let reads = async {
        while store.count("/") < 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        (written, ()) = async { tokio::join!(writes, reads) } => assert!(written.iter().all(Result::is_ok)),
        () = started => panic!("200 writes in one-by-one flushes"),
    }
}
