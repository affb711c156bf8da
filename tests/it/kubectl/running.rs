//! `run`, `expose`, `scale`: what runs, and how many of it.

use super::World;

#[tokio::test(start_paused = true)]
async fn pods_and_their_services() {
    let mut world = World::new().await;
    world.says("run uno --image=nginx", "pod/uno created\n").await;
    world.says("run uno --image=nginx", "Error from server (AlreadyExists): pods \"uno\" already exists\n[1]\n").await;
    world.says("run dos --image=nginx --port=80 --expose -l app=dos", "service/dos created\npod/dos created\n").await;
    world.says("get svc dos -o jsonpath='{.spec.selector} {.spec.ports[0].port}'", "{\"app\":\"dos\"} 80").await;
    world.says("expose pod uno --port=8080 --name=u --type=NodePort", "service/u exposed\n").await;
    world.says("expose node worker-1 --port=1", "error: cannot expose a Node\n[1]\n").await;
    world.says("create deployment api --image=nginx --replicas=2", "deployment.apps/api created\n").await;
    world.says("expose deployment api", "error: couldn't find port via --port flag or introspection\n[1]\n").await;
    world.says("expose deployment api --port=80", "service/api exposed\n").await;
    world
        .says(
            "expose deployment api --port=80",
            "Error from server (AlreadyExists): services \"api\" already exists\n[1]\n",
        )
        .await;
    world
        .says(
            "expose deployment nadie --port=80",
            "Error from server (NotFound): deployments.apps \"nadie\" not found\n[1]\n",
        )
        .await;
    world
        .says(
            "run tres --image=nginx --overrides='{\"spec\":{\"nodeName\":\"worker-2\"}}' --env=A=b -- a b",
            "pod/tres created\n",
        )
        .await;
    let shown = "{.spec.nodeName} {.spec.containers[0].args} {.spec.containers[0].env}";
    let line = format!("get pod tres -o jsonpath='{shown}'");
    world.says(&line, "worker-2 [\"a\",\"b\"] [{\"name\":\"A\",\"value\":\"b\"}]").await;
}

#[tokio::test(start_paused = true)]
async fn scaling_with_and_without_expectations() {
    let mut world = World::new().await;
    world.ok("create deployment web --image=nginx --replicas=2").await;
    world.says("scale deploy web --replicas=4 --timeout=1m", "deployment.apps/web scaled\n").await;
    world.says("get deploy web -o jsonpath={.status.replicas}", "4").await;
    world
        .says("scale deploy/web --replicas=3 --current-replicas=9", "error: Expected replicas to be 9, was 4\n[1]\n")
        .await;
    world
        .says(
            "scale deploy nadie --replicas=2",
            "error: no objects passed to scale deployments.apps \"nadie\" not found\n[1]\n",
        )
        .await;
    world.says("scale deploy web --replicas=uno", "error: invalid argument \"uno\" for \"--replicas\" flag: strconv.ParseInt: parsing \"uno\": invalid syntax\nSee 'kubectl scale --help' for usage.\n[1]\n").await;
    world.says("scale deploy web", "error: required flag(s) \"replicas\" not set\n[1]\n").await;
}

#[tokio::test(start_paused = true)]
async fn deleting_waits_until_it_is_gone() {
    let mut world = World::new().await;
    world.ok("create deployment web --image=nginx").await;
    world.ok("run suelto --image=nginx").await;
    world.says("delete pod suelto", "pod \"suelto\" deleted\n").await;
    world.says("get pod suelto", "Error from server (NotFound): pods \"suelto\" not found\n[1]\n").await;
    world.says("delete pod suelto --ignore-not-found", "").await;
    world.says("delete pod", "error: resource(s) were provided, but no name was specified\n[1]\n").await;
    world.says("delete deploy web --cascade=orphan", "deployment.apps \"web\" deleted\n").await;
    assert!(world.ok("get rs -o name").await.starts_with("replicaset.apps/web-"));
    world.ok("run tenaz --image=nginx --overrides='{\"metadata\":{\"finalizers\":[\"ejemplo.com/no\"]}}'").await;
    world
        .says(
            "delete pod tenaz --timeout=2s",
            "pod \"tenaz\" deleted\nerror: timed out waiting for the condition on pods/tenaz\n[1]\n",
        )
        .await;
    world.says("delete pod tenaz --force --wait=false", "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.\npod \"tenaz\" force deleted\n").await;
    world.says("delete cm -l nada=x", "No resources found\n").await;
}
