//! Scripts in a folder of this machine, as they run in an engine's container.

use std::fs;

use bytes::Bytes;

use super::*;
use crate::kubelet::programs::input::Input;
use crate::kubelet::programs::shell::{Session, Sink};

/// A script's output (both streams) and exit code, with a temporary folder for a root.
async fn run(root: &Path, script: &str, input: Input) -> (String, i32) {
    let mut world = of_process(Vec::new(), Vec::new(), &Tasks::new()).unwrap();
    world.files = Tree::disk(root);
    let (sink, buffer) = Sink::buffer();
    let mut session = Session::new(world, sink.clone(), sink, input);
    session.directory = "/".into();
    let code = session.program(&["sh".into(), "-c".into(), script.into()]).await;
    let output = String::from_utf8_lossy(&buffer.lock()).into_owned();
    (output, code)
}

#[tokio::test]
async fn scripts_write_and_read_real_files() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("tmp")).unwrap();
    let table = [
        ("echo uno > /tmp/a; echo dos >> /tmp/a; cat /tmp/a | wc -l", "2\n", 0),
        ("cd /tmp && echo tres > b; ls; pwd", "a\nb\n/tmp\n", 0),
        ("cd /nada", "sh: cd: can't cd to /nada: No such file or directory\n", 1),
        ("echo x > /tmp", "sh: can't create /tmp: Is a directory\n", 1),
        ("rm /tmp; rm -r /tmp/b; ls /tmp", "rm: can't remove '/tmp': Is a directory\na\n", 0),
        ("noexiste", "sh: noexiste: not found\n", 127),
        ("kill -0 $$; echo $?; kill 0", "0\nkill: can't kill pid 0: invalid input parameter\n", 1),
    ];
    for (script, output, code) in table {
        assert_eq!(run(root.path(), script, Input::default()).await, (output.to_owned(), code), "{script}");
    }
    assert_eq!(fs::read_to_string(root.path().join("tmp/a")).unwrap(), "uno\ndos\n");
}

#[tokio::test]
async fn files_that_can_be_executed_are_run_with_what_the_shell_has() {
    let root = tempfile::tempdir().unwrap();
    let table = [
        ("export COLOR=azul; /usr/bin/env | grep COLOR", "COLOR=azul\n", 0),
        ("echo uno dos | /usr/bin/tr a-z A-Z", "UNO DOS\n", 0),
        ("PATH=/usr/bin; expr 1 / 0 2>/dev/null", "", 2),
        ("/etc/passwd", "sh: /etc/passwd: not found\n", 127),
    ];
    for (script, output, code) in table {
        assert_eq!(run(root.path(), script, Input::default()).await, (output.to_owned(), code), "{script}");
    }
}

#[tokio::test]
async fn an_input_that_never_ends_holds_up_nobody_who_does_not_read_it() {
    let root = tempfile::tempdir().unwrap();
    let (ours, theirs) = tokio::io::duplex(64);
    assert_eq!(run(root.path(), "echo hola", Input::stream(Box::new(theirs))).await, ("hola\n".into(), 0));
    drop(ours);
    let piece = Input::from(Bytes::from_static(b"b\na\n"));
    assert_eq!(run(root.path(), "grep a; cat", piece).await, ("a\n".into(), 0));
}

#[test]
fn the_pod_is_read_from_its_files() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("etc")).unwrap();
    fs::write(root.path().join("etc/hosts"), "127.0.0.1 localhost # esta\n\n10.0.0.9\tdb db.local\n").unwrap();
    let resolv = "search a.svc b\nnameserver 127.0.0.11\nnameserver nadie\noptions ndots:5 edns0\n";
    fs::write(root.path().join("etc/resolv.conf"), resolv).unwrap();
    let pod = sandbox(PodId::default(), "p".into(), &Tree::disk(root.path()));
    assert_eq!(pod.hosts[1], ([10, 0, 0, 9].into(), vec!["db".to_owned(), "db.local".to_owned()]));
    assert_eq!((pod.dns.servers.len(), pod.dns.searches.len()), (1, 2));
    assert_eq!(pod.dns.options, ["ndots:5", "edns0"]);
}
