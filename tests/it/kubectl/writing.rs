//! `apply`, `create`, `delete`: what they do and what they say of it.

use super::World;

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: nginx
          image: nginx:1.26
          env: [{name: A, value: \"1\"}, {name: B, value: \"2\"}]
";

#[tokio::test(start_paused = true)]
async fn applying_changes_only_what_the_file_says() {
    let mut world = World::new().await.with_file("web.yaml", WEB);
    world.says("apply -f web.yaml --dry-run=server", "deployment.apps/web created (server dry run)\n").await;
    world.says("apply -f web.yaml", "deployment.apps/web created\n").await;
    world.says("apply -f web.yaml", "deployment.apps/web unchanged\n").await;
    world.says("scale deployment web --replicas=4", "deployment.apps/web scaled\n").await;
    let changed = WEB.replace("1.26", "1.27").replace("{name: A, value: \"1\"}, ", "").replace("  replicas: 2\n", "");
    world.io = world.io.with_file("web.yaml", changed);
    world.says("apply -f web.yaml", "deployment.apps/web configured\n").await;
    let shown = "{.spec.template.spec.containers[0].image} {.spec.template.spec.containers[0].env} {.spec.replicas}";
    // The last applied replicas were ours: left out, they are the server's default again.
    let line = format!("get deploy web -o jsonpath='{shown}'");
    world.says(&line, "nginx:1.27 [{\"name\":\"B\",\"value\":\"2\"}] 1").await;
    world.says("delete -f web.yaml", "deployment.apps \"web\" deleted\n").await;
}

#[tokio::test(start_paused = true)]
async fn from_client_side_to_server_side() {
    let mut world = World::new().await.with_file("web.yaml", WEB);
    world.ok("apply -f web.yaml").await;
    world.says("apply --server-side -f web.yaml", "deployment.apps/web serverside-applied\n").await;
    let managers =
        world.ok("get deploy web -o jsonpath='{range .metadata.managedFields[*]}{.manager}/{.operation} {end}'").await;
    assert!(managers.contains("kubectl/Apply") && managers.contains("kubectl-last-applied/Apply"), "{managers}");
    assert!(!managers.contains("kubectl-client-side-apply"), "{managers}");
    world.io = std::mem::replace(&mut world.io, timonel::kubectl::Memory::new(world.cluster.clock()))
        .with_file("otro.yaml", WEB.replace("1.26", "1.27"));
    let refused = world.run("apply --server-side --field-manager=otro -f otro.yaml").await;
    assert!(refused.starts_with("error: Apply failed with 1 conflict: conflict with \"kubectl\": .spec.template.spec.containers[name=\"nginx\"].image\nPlease review the fields above--they currently have other managers. Here\n"), "{refused}");
    world
        .says(
            "apply --server-side --force-conflicts --field-manager=otro -f otro.yaml",
            "deployment.apps/web serverside-applied\n",
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_file_is_told_in_kubectls_words() {
    let files = [
        (
            "v1.yaml",
            "apiVersion: v1\nkind: Deployment\nmetadata: {name: x}\n",
            "error: resource mapping not found for name: \"x\" namespace: \"\" from \"v1.yaml\": no matches for kind \"Deployment\" in version \"v1\"\nensure CRDs are installed first\n[1]\n",
        ),
        (
            "sin-nombre.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {}\n",
            "error: error when retrieving current configuration of:\nResource: \"apps/v1, Resource=deployments\", GroupVersionKind: \"apps/v1, Kind=Deployment\"\nName: \"\", Namespace: \"default\"\nfrom server for: \"sin-nombre.yaml\": resource name may not be empty\n[1]\n",
        ),
        (
            "roto.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: roto\n   labels: {a: b}\n",
            "error: error parsing roto.yaml: error converting YAML to JSON: yaml: line 5: mapping values are not allowed in this context\n[1]\n",
        ),
        (
            "sin-tipo.yaml",
            "metadata: {name: x}\n",
            "error: error validating \"sin-tipo.yaml\": error validating data: [apiVersion not set, kind not set]; if you choose to ignore these errors, turn validation off with --validate=false\n[1]\n",
        ),
        (
            "campos.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, color: rojo}\n",
            "Error from server (BadRequest): error when creating \"campos.yaml\": ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"metadata.color\"\n[1]\n",
        ),
        (
            "ilegal.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: MAL}\n",
            "The ConfigMap \"MAL\" is invalid: metadata.name: Invalid value: \"MAL\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n[1]\n",
        ),
    ];
    let mut world = World::new().await;
    for (name, text, expected) in files {
        world = world.with_file(name, text);
        world.says(&format!("apply -f {name}"), expected).await;
    }
    world
        .says(
            "apply -f campos.yaml --validate=warn",
            "Warning: unknown field \"metadata.color\"\nconfigmap/x created\n",
        )
        .await;
    world.says("apply -f no-existe.yaml", "error: the path \"no-existe.yaml\" does not exist\n[1]\n").await;
    world.says("apply", "error: must specify one of -f and -k\n[1]\n").await;
    assert!(world.run("apply -k .").await.starts_with("Timonel no trae kustomize"));
}

#[tokio::test(start_paused = true)]
async fn files_folders_and_lists() {
    let map = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
    let list = "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"d\"}}]}";
    let mut world = World::new().await;
    for (path, text) in [
        ("m/a.yaml", map("a") + "---\n" + &map("b")),
        ("m/dentro/c.yml", map("c")),
        ("m/l.json", list.into()),
        ("m/leeme.txt", "x".into()),
    ] {
        world = world.with_file(path, &text);
    }
    world.says("create -f m", "configmap/a created\nconfigmap/b created\nconfigmap/d created\n").await;
    world.says("apply -R -f m -l nada=x", "error: no objects passed to apply\n[1]\n").await;
    world.says("create -R -f m", "configmap/c created\nError from server (AlreadyExists): error when creating \"m/a.yaml\": configmaps \"a\" already exists\nError from server (AlreadyExists): error when creating \"m/a.yaml\": configmaps \"b\" already exists\nError from server (AlreadyExists): error when creating \"m/l.json\": configmaps \"d\" already exists\n[1]\n").await;
    world.says("delete cm a b nada", "configmap \"a\" deleted\nconfigmap \"b\" deleted\nError from server (NotFound): configmaps \"nada\" not found\n[1]\n").await;
    world
        .says(
            "delete cm c d --dry-run=client",
            "configmap \"c\" deleted (dry run)\nconfigmap \"d\" deleted (dry run)\n",
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn generators_make_what_kubectls_make() {
    let mut world = World::new().await.with_file("f.txt", "hola");
    world.says("create deployment rapida --image=nginx --replicas=1 --port=80 --dry-run=client -o yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  creationTimestamp: null\n  labels:\n    app: rapida\n  name: rapida\nspec:\n  replicas: 1\n  selector:\n    matchLabels:\n      app: rapida\n  strategy: {}\n  template:\n    metadata:\n      creationTimestamp: null\n      labels:\n        app: rapida\n    spec:\n      containers:\n      - image: nginx\n        name: nginx\n        ports:\n        - containerPort: 80\n        resources: {}\nstatus: {}\n").await;
    world.says("create configmap cfg --from-literal=color=azul --from-file=f.txt", "configmap/cfg created\n").await;
    world.says("get cm cfg -o jsonpath='{.data}'", "{\"color\":\"azul\",\"f.txt\":\"hola\"}").await;
    world
        .says("create configmap cfg", "error: failed to create configmap: configmaps \"cfg\" already exists\n[1]\n")
        .await;
    world.says("create secret generic clave --from-literal=password=s3creto", "secret/clave created\n").await;
    world.says("get secret clave -o go-template='{{.data.password|base64decode}}'", "s3creto").await;
    world
        .says("create role lector --verb=get,list --resource=pods", "role.rbac.authorization.k8s.io/lector created\n")
        .await;
    world
        .says(
            "create rolebinding r --role=lector --serviceaccount=default:robot",
            "rolebinding.rbac.authorization.k8s.io/r created\n",
        )
        .await;
    world.says("create ingress web --rule='app.ejemplo.com/*=api:80'", "ingress.networking.k8s.io/web created\n").await;
    world.says("create quota q --hard=pods=3", "resourcequota/q created\n").await;
    world.says("create deployment", "error: required flag(s) \"image\" not set\n[1]\n").await;
    world.says("create deployment a b --image=x", "error: exactly one NAME is required, got 2\nSee 'kubectl create deployment -h' for help and examples\n[1]\n").await;
    world.says("create service nodeport fuera --tcp=80:80 --node-port=99", "error: failed to create NodePort service: Service \"fuera\" is invalid: spec.ports[0].nodePort: Invalid value: 99: provided port is not in the valid range. The range of valid ports is 30000-32767\n[1]\n").await;
    world
        .says("create cronjob tic --image=busybox --schedule='*/5 * * * *' -- date", "cronjob.batch/tic created\n")
        .await;
    world.says("create job a-mano --from=cronjob/tic", "job.batch/a-mano created\n").await;
    world.says("get job a-mano -o jsonpath='{.metadata.ownerReferences[0].kind} {.spec.template.spec.containers[0].command}'", "CronJob [\"date\"]").await;
}

#[tokio::test(start_paused = true)]
async fn who_asks_may_be_another() {
    let mut world = World::new().await;
    world.says("get nodes --as=nadie", "Error from server (Forbidden): nodes is forbidden: User \"nadie\" cannot list resource \"nodes\" in API group \"\" at the cluster scope\n[1]\n").await;
    assert!(world.ok("get nodes --as=jefa --as-group=system:masters -o name").await.starts_with("node/worker-1\n"));
}
