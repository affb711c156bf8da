//! The Docker engine as `docker` sees it. Every test that uses it has a subnet of its own there.

use std::process::Command;

const CLUSTER: &str = "dev.timonel.cluster";

/// What `docker` says, without what surrounds it.
#[track_caller]
pub fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().unwrap();
    assert!(output.status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Makes room for a test that is to have `subnet`: removes what an earlier run of it left when it was killed.
///
/// Only a cluster of Timonel's is removed: of anything else that is in the way the test itself complains.
pub fn make_room(subnet: &str) {
    let format = format!("{{{{(index .IPAM.Config 0).Subnet}}}} {{{{index .Labels \"{CLUSTER}\"}}}}");
    for network in docker(&["network", "ls", "-q", "--filter", &format!("label={CLUSTER}")]).lines() {
        let said = docker(&["network", "inspect", "-f", &format, network]);
        if let Some((_, cluster)) = said.split_once(' ').filter(|(found, _)| *found == subnet) {
            remove(cluster);
        }
    }
}

fn remove(cluster: &str) {
    let label = format!("label={CLUSTER}={cluster}");
    for id in docker(&["ps", "-aq", "--filter", &label]).lines() {
        docker(&["rm", "-fv", id]);
    }
    for id in docker(&["network", "ls", "-q", "--filter", &label]).lines() {
        docker(&["network", "rm", id]);
    }
    for name in docker(&["volume", "ls", "-q", "--filter", &label]).lines() {
        docker(&["volume", "rm", name]);
    }
}
