//! The sled backend: what was acknowledged survives, and what is damaged is refused and left alone.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

async fn open_at(path: &Path) -> Result<(Store<usize>, Tasks), OpenError> {
    let tasks = Tasks::new();
    let backend = Box::new(SledBackend::new(path));
    Ok((Store::open(backend, |_, value| value.len(), Limits::default(), &tasks).await?, tasks))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// A closed store of 200 records.
async fn filled(folder: &Path) -> PathBuf {
    let path = folder.join("store");
    let (store, tasks) = open_at(&path).await.unwrap();
    let names: Vec<_> = (0..200).map(|n| format!("/registry/{n:03}")).collect();
    let writes = names.iter().map(|key| store.put(key, Expect::Absent, value(vec![b'x'; 500])));
    futures::future::join_all(writes).await.into_iter().for_each(|written| drop(written.unwrap()));
    tasks.stop().await;
    path
}

#[tokio::test]
async fn acknowledged_writes_survive_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _tasks) = open_at(&folder.path().join("store")).await.unwrap();
    for n in 0..50 {
        store.put(&format!("/{n:02}"), Expect::Absent, value(vec![n; 100])).await.unwrap();
    }
    store.put("/00", Expect::Exists, value("changed")).await.unwrap();
    store.delete("/01", Expect::Exists, value("")).await.unwrap();
    // The files as a kill leaves them: nothing was closed.
    copy(&folder.path().join("store"), &folder.path().join("killed"));
    let (again, _) = open_at(&folder.path().join("killed")).await.unwrap();
    assert_eq!((again.count("/"), again.revision()), (49, 52));
    let changed = again.get("/00").unwrap();
    assert_eq!(
        (&*changed.value.bytes(), *changed.meta, changed.created, changed.modified),
        (&b"changed"[..], 7, 1, 51)
    );
    assert_eq!(again.watch("/", 51).unwrap_err(), TooOld { oldest: 52 });
    assert!(again.watch("/", 52).is_ok());
}

#[tokio::test]
async fn a_second_opener_is_told_that_it_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, _tasks) = open_at(folder.path()).await.unwrap();
    assert!(matches!(open_at(folder.path()).await, Err(OpenError::Locked { .. })));
}

#[tokio::test]
async fn another_format_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("format"), "timonel store 9").unwrap();
    let refused = open_at(folder.path()).await.unwrap_err();
    assert!(matches!(refused, OpenError::Format { found, .. } if found == "timonel store 9"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was added");
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_an_io_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "not a directory").unwrap();
    assert!(matches!(open_at(&file.join("store")).await, Err(OpenError::Io { .. })));
    assert_eq!(fs::read_to_string(&file).unwrap(), "not a directory");
}

/// Opens a damaged copy: it must be refused, or hold every record as written.
async fn damaged_is_noticed(path: &Path, what: &str) -> bool {
    let before = fs::read(path.join("data/db")).unwrap();
    match open_at(path).await {
        Err(OpenError::Corrupt { .. }) => {
            let after = fs::read(path.join("data/db")).unwrap();
            assert!(before == after, "{what}: refused, yet changed ({} bytes, then {})", before.len(), after.len());
            true
        }
        Err(other) => panic!("{what}: {other}"),
        Ok((store, tasks)) => {
            let whole = store
                .list("/", None, None)
                .records
                .iter()
                .filter(|record| record.value.bytes() == vec![b'x'; 500])
                .count();
            assert_eq!((whole, store.revision()), (200, 200), "{what}: opened, but not whole");
            tasks.stop().await;
            false
        }
    }
}

#[tokio::test]
async fn damage_is_never_taken_for_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path()).await;
    let size = fs::metadata(path.join("data/db")).unwrap().len();
    let mut noticed = 0;
    for part in 0..16 {
        let copied = folder.path().join(format!("flipped-{part}"));
        copy(&path, &copied);
        let mut bytes = fs::read(copied.join("data/db")).unwrap();
        let start = usize::try_from(size * part / 16).unwrap();
        bytes.iter_mut().skip(start).take(64).for_each(|byte| *byte ^= 0xff);
        fs::write(copied.join("data/db"), bytes).unwrap();
        noticed += u32::from(damaged_is_noticed(&copied, &format!("flipped at {start}")).await);
    }
    assert!(noticed > 0, "no flip hit a record");
}

#[tokio::test]
async fn a_lost_tail_or_file_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path()).await;
    let size = fs::metadata(path.join("data/db")).unwrap().len();
    for length in [0, 1, size / 4, size / 2, size - 1] {
        let copied = folder.path().join(format!("cut-{length}"));
        copy(&path, &copied);
        fs::File::options().write(true).open(copied.join("data/db")).unwrap().set_len(length).unwrap();
        let noticed = damaged_is_noticed(&copied, &format!("cut to {length} of {size}")).await;
        assert!(noticed || length > size / 4, "cut to {length} of {size}");
    }
    fs::remove_file(path.join("data/db")).unwrap();
    assert!(matches!(open_at(&path).await, Err(OpenError::Corrupt { .. })));
}

#[tokio::test]
async fn an_opening_that_died_is_undone_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path()).await;
    fs::rename(path.join("data"), path.join("untouched")).unwrap();
    fs::create_dir(path.join("data")).unwrap();
    fs::write(path.join("data/db"), "half repaired").unwrap();
    let (store, _tasks) = open_at(&path).await.unwrap();
    assert_eq!(store.count("/"), 200);
    assert!(!path.join("untouched").exists());
}
