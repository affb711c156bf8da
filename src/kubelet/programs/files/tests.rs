//! Volumes and trees.

use super::*;
use crate::kubelet::runtime::File;

#[test]
fn volumes_are_shared_and_cover_what_is_below() {
    let shared = Volume::new(&VolumeSource::Empty { memory: true, limit: Some(5) });
    let (mut one, mut other) = (Layout::default(), Layout::default());
    one.seed("/etc/hostname", "a".into());
    one.mount("/data", shared.clone(), "", false);
    other.mount("/datos/dentro", shared, "sub", true);
    one.write("/data/sub/x", "hola".into()).unwrap();
    assert_eq!(other.read("/datos/../datos/dentro/x").unwrap(), "hola");
    assert_eq!(other.write("/datos/dentro/x", "y".into()).unwrap_err().kind(), ErrorKind::ReadOnlyFilesystem);
    assert_eq!(one.write("/data/y", "1234".into()).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(one.list("/").unwrap(), ["data", "etc"]);
    assert_eq!(one.list("/data").unwrap(), ["sub"]);
    assert_eq!(other.list("/datos").unwrap(), ["dentro"]);
    assert_eq!(one.list("/nada"), None);
}

#[test]
fn directories_are_made_walked_and_removed() {
    let tree = Layout::default();
    tree.make_directory("/tmp/vacio").unwrap();
    tree.write("/tmp/a/b", "1".into()).unwrap();
    assert_eq!(tree.list("/tmp/vacio").unwrap(), Vec::<String>::new());
    let walked: Vec<String> = tree.walk("/tmp").into_iter().map(|(name, _)| name).collect();
    assert_eq!(walked, ["a/", "a/b", "vacio/"]);
    assert_eq!(tree.write("/tmp/a", "x".into()).unwrap_err().kind(), ErrorKind::IsADirectory);
    assert!(tree.remove("/tmp/a") && tree.read("/tmp/a/b").is_none() && !tree.remove("/tmp/a"));
}

#[test]
fn files_of_the_kubelet_are_replaced_at_once_but_not_where_a_part_is_mounted() {
    let files =
        |text: &str| -> Files { [("clave".to_owned(), File { data: text.to_owned().into(), mode: 0o644 })].into() };
    let volume = Volume::new(&VolumeSource::Files(files("antes")));
    let mut tree = Layout::default();
    tree.mount("/config", volume.clone(), "", false);
    tree.mount("/uno", volume.clone(), "clave", false);
    volume.replace(&files("después"));
    assert_eq!(
        (&*tree.read("/config/clave").unwrap(), &*tree.read("/uno").unwrap()),
        ("después".as_bytes(), "antes".as_bytes())
    );
    assert_eq!(tree.write("/config/clave", "x".into()).unwrap_err().kind(), ErrorKind::ReadOnlyFilesystem);
}

#[test]
fn a_persistent_volume_outlives_who_wrote_it_and_a_host_path_is_only_read() {
    let folder = tempfile::tempdir().unwrap();
    let mount = |source: VolumeSource| {
        let mut tree = Layout::default();
        tree.mount("/datos", Volume::new(&source), "", false);
        tree
    };
    let path = folder.path().join("pvc-1");
    mount(VolumeSource::Disk(path.clone())).write("/datos/a/b", "queda".into()).unwrap();
    let later = mount(VolumeSource::Disk(path.clone()));
    assert_eq!(later.read("/datos/a/b").unwrap(), "queda");
    assert_eq!(later.list("/datos").unwrap(), ["a"]);
    let host = mount(VolumeSource::Host(path));
    assert_eq!(host.read("/datos/a/b").unwrap(), "queda");
    assert_eq!(host.write("/datos/c", "x".into()).unwrap_err().kind(), ErrorKind::ReadOnlyFilesystem);
}
