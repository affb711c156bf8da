//! `get` in all its forms.

use super::World;

async fn two_pods() -> World {
    let mut world = World::new().await;
    world.says("run uno --image=nginx --labels=app=uno", "pod/uno created\n").await;
    world.ok("run dos --image=nginx --labels=app=dos,capa=web").await;
    world.ok("create service clusterip api --tcp=80:8080").await;
    world
}

#[tokio::test(start_paused = true)]
async fn columns_come_from_the_server() {
    let mut world = two_pods().await;
    tokio::time::sleep(std::time::Duration::from_secs(20)).await;
    world.says("get pods", "NAME   READY   STATUS    RESTARTS   AGE\ndos    1/1     Running   0          20s\nuno    1/1     Running   0          20s\n").await;
    world
        .says(
            "get po -L app,capa --no-headers",
            "dos   1/1   Running   0     20s   dos   web\nuno   1/1   Running   0     20s   uno   \n",
        )
        .await;
    world.says("get pods -l capa=web --show-labels", "NAME   READY   STATUS    RESTARTS   AGE   LABELS\ndos    1/1     Running   0          20s   app=dos,capa=web\n").await;
    let several = world.ok("get pods/uno svc/api").await;
    let lines: Vec<&str> = several.lines().collect();
    assert!(lines[1].starts_with("pod/uno   1/1     Running") && lines[2].is_empty(), "{several}");
    assert!(
        lines[3].starts_with("NAME          TYPE        CLUSTER-IP") && lines[4].starts_with("service/api"),
        "{several}"
    );
    let everywhere = world.ok("get svc -A").await;
    let head: Vec<&str> = everywhere.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["NAMESPACE", "NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_and_mistakes_are_told_as_kubectl_tells_them() {
    let mut world = World::new().await;
    world.says("get pods", "No resources found in default namespace.\n").await;
    world.says("get pods -n otra", "No resources found in otra namespace.\n").await;
    world.says("get nodes -l a=b", "No resources found\n").await;
    world.says("get pods -l a=b --ignore-not-found", "").await;
    world.says("get pod nadie", "Error from server (NotFound): pods \"nadie\" not found\n[1]\n").await;
    world.says("get pood", "error: the server doesn't have a resource type \"pood\"\n[1]\n").await;
    world.says("get pods --foo", "error: unknown flag: --foo\nSee 'kubectl get --help' for usage.\n[1]\n").await;
    world
        .says("get pods -z", "error: unknown shorthand flag: 'z' in -z\nSee 'kubectl get --help' for usage.\n[1]\n")
        .await;
    world
        .says("get pods -n", "error: flag needs an argument: 'n' in -n\nSee 'kubectl get --help' for usage.\n[1]\n")
        .await;
    world
        .says("gett", "error: unknown command \"gett\" for \"kubectl\"\n\nDid you mean this?\n\tset\n\tget\n[1]\n")
        .await;
    world.says("get pods/x pods y", "error: there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'\n[1]\n").await;
    world.says("get pods --field-selector=spec.color=azul", "Error from server (BadRequest): Unable to find \"/v1, Resource=pods\" that match label selector \"\", field selector \"spec.color=azul\": field label not supported: spec.color\n[1]\n").await;
    world.says("get pods,nodes x", "Error from server (NotFound): pods \"x\" not found\nError from server (NotFound): nodes \"x\" not found\n[1]\n").await;
}

#[tokio::test(start_paused = true)]
async fn every_format_of_o() {
    let mut world = two_pods().await;
    world.says("get pods -o name", "pod/dos\npod/uno\n").await;
    world.says("get pods -o jsonpath='{.items[*].metadata.name}'", "dos uno").await;
    world.says("get pod dos -o jsonpath='{.metadata.labels}'", "{\"app\":\"dos\",\"capa\":\"web\"}").await;
    world
        .says(
            "get pod dos -o custom-columns=N:.metadata.name,CAPA:.metadata.labels.capa,X:.nada",
            "N     CAPA   X\ndos   web    <none>\n",
        )
        .await;
    world.says("get pods -o go-template='{{range .items}}{{.metadata.name}} {{end}}'", "dos uno ").await;
    let yaml = world.ok("get pod dos -o yaml").await;
    assert!(yaml.starts_with("apiVersion: v1\nkind: Pod\nmetadata:\n  creationTimestamp: \""), "{yaml}");
    assert!(!yaml.contains("managedFields"), "{yaml}");
    assert!(
        world.ok("get pod dos -o yaml --show-managed-fields").await.contains("  managedFields:\n  - apiVersion: v1\n")
    );
    let list = world.ok("get pods -o json").await;
    assert!(list.starts_with("{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n        {\n"), "{list}");
    assert!(list.ends_with(
        "    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n"
    ));
    world.says("get pods -o rojo", "error: unable to match a printer suitable for the output format \"rojo\", allowed formats are: custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,wide,yaml\n[1]\n").await;
}

#[tokio::test(start_paused = true)]
async fn a_watch_goes_on_under_one_head() {
    let mut world = two_pods().await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let client = world.cluster.client();
    let watching = async {
        let line = "get pod uno -w -o jsonpath='{.metadata.labels.color} '";
        let watch = timonel::kubectl::run_line(line, &mut world.io, &client);
        let _ = tokio::time::timeout(std::time::Duration::from_secs(5), watch).await;
        world.io.take()
    };
    let painting = async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let mut io = timonel::kubectl::Memory::new(world.cluster.clock());
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: uno, labels: {color: rojo}}}";
        io = io.with_input(pod);
        timonel::kubectl::run_line("apply --server-side -f -", &mut io, &client).await
    };
    let (seen, code) = tokio::join!(watching, painting);
    assert_eq!((seen.trim(), code), ("rojo", 0));
}

#[tokio::test(start_paused = true)]
async fn what_the_server_serves() {
    let mut world = World::new().await;
    world
        .says(
            "api-resources --api-group=batch --no-headers",
            "cronjobs   cj    batch/v1   true   CronJob\njobs             batch/v1   true   Job\n",
        )
        .await;
    world.says("api-resources --categories=all -o name", "pods\nreplicationcontrollers\nservices\ndaemonsets.apps\ndeployments.apps\nreplicasets.apps\nstatefulsets.apps\nhorizontalpodautoscalers.autoscaling\ncronjobs.batch\njobs.batch\n").await;
    assert!(world.ok("api-versions").await.lines().any(|line| line == "apps/v1"));
    world.says("get --raw /healthz", "ok").await;
    world
        .says(
            "get --raw /apis/no.existe/v1",
            "Error from server (NotFound): the server could not find the requested resource\n[1]\n",
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_kubeconfig_says_where() {
    let mut world = World::new().await;
    world.ok("config set-cluster casa --server=https://casa.example").await;
    world.says("config set-context casa --cluster=casa --user=yo --namespace=mia", "Context \"casa\" created.\n").await;
    world.says("config use-context casa", "Switched to context \"casa\".\n").await;
    world.says("config current-context", "casa\n").await;
    world.says("get pods", "No resources found in mia namespace.\n").await;
    world.says("config set-context --current --namespace=otra", "Context \"casa\" modified.\n").await;
    world.says("get pods", "No resources found in otra namespace.\n").await;
    world
        .says(
            "get pods --context=nada",
            "Error in configuration: context was not found for specified context: nada\n[1]\n",
        )
        .await;
    world
        .says(
            "config get-contexts",
            "CURRENT   NAME   CLUSTER   AUTHINFO   NAMESPACE\n*         casa   casa      yo         otra\n",
        )
        .await;
    world.says("config view -o jsonpath='{.clusters[0].cluster.server}'", "https://casa.example").await;
    world.says("config delete-context casa", "warning: this removed your active context, use \"kubectl config use-context\" to select a different one\ndeleted context casa from .kube/config\n").await;
}

#[tokio::test(start_paused = true)]
async fn a_line_is_read_as_a_shell_would_as_far_as_it_can() {
    let mut world = two_pods().await;
    world.says("kubectl get pods -o name > nombres.txt", "").await;
    assert_eq!(world.io.file("nombres.txt").unwrap(), b"pod/dos\npod/uno\n");
    world.says("kubectl get pods | wc -l", "Aquí no hay un shell: «|» no se entiende. Escribe una sola orden de kubectl, o ponlo entre comillas si es parte de un texto.\n[2]\n").await;
    let help = world.ok("kubectl --help").await;
    assert!(help.contains("Comandos:") && help.contains("  get "), "{help}");
    assert!(world.run("kubectl kustomize .").await.contains("no trae «kubectl kustomize»"));
}
