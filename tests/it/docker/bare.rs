//! Pods of one container, which have no pause container: nothing of what a pod is promised may be lost by it.

use super::*;

/// The containers that the engine has of a cluster, with what `docker ps` says of each.
fn containers(world: &World, format: &str) -> Vec<String> {
    let label = format!("label=dev.timonel.cluster={}", world.config.cluster);
    docker(&["ps", "-a", "--filter", &label, "--format", format]).lines().map(String::from).collect()
}

/// A pod whose names are not the usual ones.
fn with_names(world: &World, number: u8) -> SandboxSpec {
    let dns = timonel::kubelet::runtime::Dns {
        servers: vec![world.ip(53)],
        searches: vec!["default.svc.cluster.local".into()],
        options: vec!["ndots:5".into()],
    };
    let volumes = vec![Volume { name: "host".into(), source: VolumeSource::Host(world.config.data_dir.clone()) }];
    let hosts = vec![([10, 9, 8, 7].into(), vec!["db".into()])];
    SandboxSpec { hostname: "otro".into(), hosts, dns, ..world.alone(number, volumes) }
}

/// A container of [`with_names`], which mounts what is there.
fn mounting(world: &World, number: u8, attempt: u32) -> ContainerSpec {
    let mount = Mount { volume: "host".into(), path: "/mnt/host".into(), sub_path: String::new(), read_only: true };
    ContainerSpec { mounts: vec![mount], ..world.demo(number, attempt) }
}

/// What the engine was told of a container's network, names and volumes.
fn promised(id: &str) -> String {
    let format = "{{.Config.Hostname}} {{.HostConfig.ExtraHosts}} {{.HostConfig.Dns}} {{.HostConfig.DnsSearch}} \
                  {{.HostConfig.DnsOptions}} {{index .Config.Labels \"app\"}} {{(index .HostConfig.Binds 1)}}";
    docker(&["inspect", "-f", format, id])
}

#[test]
#[ignore = "needs Docker"]
fn a_pod_of_one_container_is_one_container() {
    scenario(11, async |world| {
        let runtime = world.connect().await.unwrap();
        let mut events = runtime.events(NODE);
        runtime.run_sandbox(world.alone(5, Vec::new())).await.unwrap();
        assert_eq!(containers(world, "{{.ID}}").len(), 0);
        let first = runtime.start(world.demo(5, 0)).await.unwrap();
        assert_eq!(runtime.start(world.demo(5, 0)).await.unwrap(), first, "what runs is not started again");
        assert_eq!(containers(world, "{{.ID}}").len(), 1);
        let answer = get(world.ip(5), "/").await;
        assert!(answer.contains("web-5") && answer.contains("10.201.11.5"), "{answer}");

        docker(&["kill", &first]);
        let Some(Event::Exited { id, exit, .. }) = events.next().await else { panic!("no exit") };
        assert_eq!((id, exit.code), (first.clone(), 137));
        let found = runtime.list(NODE).await.unwrap();
        assert_eq!((found[0].ready, found[0].ip), (true, Some(world.ip(5))), "its address waits for the next attempt");

        let second = runtime.start(world.demo(5, 1)).await.unwrap();
        assert!(get(world.ip(5), "/").await.contains("web-5"));
        assert!(log(&runtime, &first, LogOptions::default()).await.contains("GET / 200"), "the previous log is kept");

        docker(&["rm", "-f", &second]);
        let Some(Event::Exited { id, exit, .. }) = events.next().await else { panic!("no exit") };
        assert_eq!((id, exit.code), (second, 137));
        let third = runtime.start(world.demo(5, 2)).await.unwrap();
        assert!(get(world.ip(5), "/").await.contains("web-5"));
        let usage = runtime.stats(NODE).await.unwrap();
        assert!(usage.len() == 1 && usage[0].id == third, "{usage:?}");

        let fourth = runtime.start(world.demo(5, 3)).await.unwrap();
        assert_eq!(runtime.list(NODE).await.unwrap()[0].containers.len(), 2, "a newer attempt displaces one that runs");
        runtime.stop(&fourth, Duration::from_secs(10)).await.unwrap();
        runtime.stop_sandbox(&world.pod(5).uid).await.unwrap();
        runtime.run_sandbox(SandboxSpec { ip: world.ip(5), ..world.alone(6, Vec::new()) }).await.unwrap();
        runtime.start(world.demo(6, 0)).await.unwrap();
        runtime.remove_sandbox(&world.pod(5).uid).await.unwrap();
        runtime.remove_sandbox(&world.pod(5).uid).await.unwrap();
        assert_eq!(containers(world, "{{.ID}}").len(), 1, "only the other pod's is left");
    });
}

#[test]
#[ignore = "needs Docker"]
fn an_adopted_container_is_restarted_with_all_that_was_promised() {
    scenario(12, async |world| {
        let before = world.connect().await.unwrap();
        before.run_sandbox(with_names(world, 7)).await.unwrap();
        let first = before.start(mounting(world, 7, 0)).await.unwrap();
        let wanted = promised(&first);
        for part in
            ["otro", "[db:10.9.8.7]", "10.201.12.53", "default.svc.cluster.local", "ndots:5", "web", "/mnt/host"]
        {
            assert!(wanted.contains(part), "{part} in {wanted}");
        }
        drop(before);

        let after = world.connect().await.unwrap();
        let found = after.list(NODE).await.unwrap();
        assert_eq!((&found[0].pod, found[0].ip, found[0].ready), (&world.pod(7), Some(world.ip(7)), true));
        assert_eq!(found[0].containers[0].id, first);
        after.stop(&first, Duration::ZERO).await.unwrap();
        let second = after.start(mounting(world, 7, 1)).await.unwrap();
        assert_eq!(promised(&second), wanted);
        assert!(get(world.ip(7), "/").await.contains("10.201.12.7"));

        docker(&["rm", "-f", &first, &second]);
        assert!(after.list(NODE).await.unwrap().is_empty(), "without a container, there is no sandbox");
        assert_eq!(after.remove_other_nodes(&["worker-2".to_string()]).await.unwrap(), 0);
    });
}

#[test]
#[ignore = "needs Docker"]
fn a_container_alone_is_cut_off_and_let_through() {
    scenario(13, async |world| {
        let runtime = world.connect().await.unwrap();
        runtime.run_sandbox(world.alone(5, Vec::new())).await.unwrap();
        let first = runtime.start(world.demo(5, 0)).await.unwrap();
        assert!(get(world.ip(5), "/").await.contains("web-5"));
        // The engine's own address, from which we ask, is in the upper half.
        let beyond = "10.201.13.128/25";
        let is_cut = async |number| {
            let asked = tokio::time::timeout(Duration::from_millis(500), get(world.ip(number), "/")).await;
            asked.is_err()
        };
        runtime.cut(NODE, beyond, true).await.unwrap();
        assert!(is_cut(5).await);
        runtime.stop(&first, Duration::ZERO).await.unwrap();
        runtime.start(world.demo(5, 1)).await.unwrap();
        runtime.run_sandbox(world.alone(6, Vec::new())).await.unwrap();
        runtime.start(world.demo(6, 0)).await.unwrap();
        assert!(is_cut(5).await && is_cut(6).await, "what is started behind a cut is cut off too");
        runtime.cut(NODE, beyond, false).await.unwrap();
        assert!(get(world.ip(5), "/").await.contains("web-5") && get(world.ip(6), "/").await.contains("web-6"));
        let roles = containers(world, "{{.Label \"dev.timonel.role\"}}");
        assert!(!roles.contains(&"route".to_string()), "{roles:?}");
    });
}

#[test]
#[ignore = "needs Docker"]
fn a_start_that_nobody_waits_for_leaves_nothing() {
    scenario(14, async |world| {
        let runtime = world.connect().await.unwrap();
        for patience in [1, 3, 10, 30] {
            runtime.run_sandbox(world.alone(5, Vec::new())).await.unwrap();
            let start = runtime.start(world.demo(5, 0));
            let _ = tokio::time::timeout(Duration::from_millis(patience), start).await;
            runtime.remove_sandbox(&world.pod(5).uid).await.unwrap();
        }
        // The engine says to nobody that it has ended what it had begun.
        while !containers(world, "{{.ID}}").is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
}
