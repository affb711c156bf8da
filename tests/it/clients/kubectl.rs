//! Every kubectl from 1.30 to 1.33 does what people type. A line is run as typed; its answer must hold each of some words.

use std::path::PathBuf;
use std::process::Command;

use crate::server::{Server, Shell, kubectl};

/// The versions that are installed side by side; else the one kubectl that there is.
fn programs() -> Vec<PathBuf> {
    let listed = Command::new("dpkg").args(["-L", "kubectl"]).output();
    let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let wanted = ["30", "31", "32", "33"].map(|minor| format!("/kubectl.1.{minor}"));
    let found: Vec<PathBuf> =
        listed.lines().filter(|line| wanted.iter().any(|end| line.ends_with(end))).map(PathBuf::from).collect();
    if found.is_empty() { vec![kubectl()] } else { found }
}

const DEPLOYMENT: &str = "\
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
      - {name: web, image: 'nginx:1.27', ports: [{containerPort: 80}]}
";

/// A line, the words that its answer must hold, and its exit status.
type Step = (&'static str, &'static [&'static str], i32);

const STEPS: &[Step] = &[
    ("kubectl apply -f web.yaml", &["deployment.apps/web created"], 0),
    ("kubectl apply -f web.yaml", &["deployment.apps/web unchanged"], 0),
    ("kubectl rollout status deployment/web --timeout=60s", &["successfully rolled out"], 0),
    ("kubectl apply --server-side --force-conflicts -f web.yaml", &["deployment.apps/web serverside-applied"], 0),
    ("sed 's/replicas: 2/replicas: 3/' web.yaml | kubectl diff -f -", &["-  replicas: 2", "+  replicas: 3"], 1),
    (
        "KUBE_EDITOR=\"sed -i 's/replicas: 2/replicas: 1/'\" kubectl edit deployment web",
        &["deployment.apps/web edited"],
        0,
    ),
    ("kubectl create deployment otra --image=nginx --replicas=1", &["deployment.apps/otra created"], 0),
    ("kubectl create configmap datos --from-literal=a=1", &["configmap/datos created"], 0),
    ("kubectl create secret generic clave --from-literal=a=1", &["secret/clave created"], 0),
    ("kubectl create serviceaccount robot && kubectl create token robot --duration=10m | tr -dc . | wc -c", &["2"], 0),
    ("kubectl create role lector --verb=get --resource=pods", &["role.rbac.authorization.k8s.io/lector created"], 0),
    ("kubectl create rolebinding lector --role=lector --user=ana", &["lector created"], 0),
    ("kubectl auth can-i get pods --as=ana", &["yes"], 0),
    ("kubectl auth can-i delete pods --as=ana", &["no"], 1),
    ("kubectl auth whoami", &["kubernetes-admin"], 0),
    ("kubectl explain deployment.spec.strategy", &["rollingUpdate", "RollingUpdate"], 0),
    ("kubectl explain pods.spec.containers.imagePullPolicy", &["IfNotPresent"], 0),
    (
        "kubectl get pods -w > mirado & p=$!; kubectl run mirado --image=nginx; kubectl wait --for=condition=Ready pod/mirado --timeout=60s; \
      for i in $(seq 50); do grep -q 'mirado.*Running' mirado && break; sleep 0.1; done; kill $p; cat mirado",
        &["mirado", "Running"],
        0,
    ),
    ("kubectl exec mirado -- sh -c 'echo dentro'", &["dentro"], 0),
    ("kubectl exec mirado -- sh -c 'exit 7'", &["exit code 7"], 7),
    ("echo entra | kubectl exec -i mirado -- cat", &["entra"], 0),
    ("kubectl cp web.yaml mirado:/tmp/web.yaml && kubectl exec mirado -- cat /tmp/web.yaml", &["kind: Deployment"], 0),
    (
        "kubectl port-forward pod/mirado 0:80 > puerto & p=$!; for i in $(seq 100); do grep -q Forwarding puerto && break; sleep 0.1; done; \
      curl -s http://127.0.0.1:$(sed -n 's/.*127.0.0.1:\\([0-9]*\\).*/\\1/p' puerto | head -1)/; kill $p",
        &["html"],
        0,
    ),
    ("timeout 3 kubectl logs -f mirado; kubectl logs mirado --tail=1", &["GET / HTTP"], 0),
    ("kubectl top pod mirado", &["CPU(cores)", "mirado"], 0),
    ("kubectl top node", &["worker-1"], 0),
    ("kubectl scale deployment web --replicas=2", &["deployment.apps/web scaled"], 0),
    ("kubectl autoscale deployment web --min=2 --max=4 && kubectl delete hpa web", &["autoscaled", "deleted"], 0),
    (
        "kubectl rollout restart deployment web && kubectl rollout status deployment web --timeout=60s",
        &["restarted", "rolled out"],
        0,
    ),
    ("kubectl rollout history deployment web", &["REVISION"], 0),
    ("kubectl rollout undo deployment web", &["rolled back"], 0),
    (
        "kubectl label pod mirado color=azul && kubectl get pods -l color=azul -o name",
        &["pod/mirado labeled", "pod/mirado"],
        0,
    ),
    ("kubectl annotate pod mirado nota='hola mundo'", &["annotated"], 0),
    ("kubectl patch deployment web -p '{\"spec\":{\"replicas\":1}}'", &["patched"], 0),
    (
        "kubectl patch deployment web --type=json -p '[{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":2}]'",
        &["patched"],
        0,
    ),
    (
        "kubectl get configmap datos -o yaml | sed 's/a: \"1\"/a: \"2\"/' | kubectl replace -f - && kubectl get configmap datos -o jsonpath='{.data.a}'",
        &["replaced", "2"],
        0,
    ),
    ("kubectl expose pod mirado --port=80 --name=mirado && kubectl describe service mirado", &["Endpoints"], 0),
    ("kubectl set image deployment/web web=nginx:1.28", &["image updated"], 0),
    (
        "kubectl drain worker-1 --ignore-daemonsets --force --delete-emptydir-data --timeout=60s && kubectl uncordon worker-1",
        &["drained", "uncordoned"],
        0,
    ),
    ("kubectl delete pod mirado --ignore-not-found --wait=true", &[], 0),
    ("kubectl get all -o name", &["deployment.apps/web", "service/mirado"], 0),
    ("kubectl api-resources --api-group=apps -o name && kubectl api-versions", &["deployments.apps", "batch/v1"], 0),
    ("kubectl get --raw /readyz", &["ok"], 0),
];

#[test]
#[ignore = "needs kubectl"]
fn every_kubectl_does_what_people_type() {
    let server = Server::start(&["--runtime", "embedded", "--store", "memory"]);
    let mut problems = Vec::new();
    for program in programs() {
        let name = program.file_name().unwrap().to_string_lossy().into_owned();
        let namespace = name.replace('.', "-");
        let shell = Shell::with(&server.kubeconfig(), &program);
        shell.write("web.yaml", DEPLOYMENT);
        let (text, _) = shell.run(&format!(
            "kubectl create namespace {namespace} && kubectl config set-context --current --namespace={namespace} && \
             kubectl wait --for=jsonpath='{{.metadata.name}}'=default serviceaccount/default --timeout=30s"
        ));
        assert!(text.contains("condition met"), "{name}: {text}");
        for (line, words, status) in STEPS {
            let (text, code) = shell.run(line);
            if code != *status || !words.iter().all(|word| text.contains(word)) {
                problems.push(format!("{name}: $ {line}\n{text}[{code}]"));
            }
        }
        shell.run(&format!("kubectl delete namespace {namespace} --wait=false"));
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}
