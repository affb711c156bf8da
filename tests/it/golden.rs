//! Replays `tests/golden/*.txt`, what a real Kubernetes 1.36 answered to kubectl 1.33, against the real binary.
//!
//! A transcript writes manifests (`@file NAME` … `@end`) and runs lines (`$ LINE`, compared; `$? LINE`, set-up) in a
//! namespace of its own. Times, uids, random suffixes and addresses are erased on both sides before comparing.

use std::fs;
use std::path::Path;

use regex::Regex;

use crate::server::{Server, Shell, binary, kubectl};

const ERASE: &[(&str, &str)] = &[
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uid>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
    (r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "<time>"),
    (r"-[0-9a-z]{6,10}-[0-9a-z]{5}\b", "-<rs>-<id>"),
    (r#"((?:pod|replicaset\.apps)[/ ]"?[a-z0-9-]*?)-[a-z]*\d[0-9a-z]{5,9}\b"#, "$1-<rs>"),
    (r"pod-template-hash=[0-9a-z]+", "pod-template-hash=<rs>"),
    (r"\b10\.(9[6-9]|10\d|11[01])\.\d+\.\d+", "<clusterIP>"),
    (r"\b10\.(244|112)\.\d+\.\d+(/\d+)?", "<podIP>"),
    (r"\b192\.168\.0\.\d+|\b127\.0\.0\.1\b", "<hostIP>"),
    (r"\bworker-\d\b", "<node>"),
    (r"\b(\d+(d|h|m|s)){1,3}\b( ago)?", "<age>"),
    (r"<invalid>", "<age>"),
    (r":3\d{4}/", ":<nodePort>/"),
    (r"(NodePort:\s+\S+\s+)3\d{4}", "$1<nodePort>"),
    (r#""?resourceVersion"?: ?"\d+""#, "resourceVersion: \"<rv>\""),
    (r"v1\.\d+\.\d+(\+\S+)?", "<version>"),
    (r"/tmp/[A-Za-z0-9_./-]+", "<tmp>"),
    (r"[ \t]+", " "),
];

enum Step {
    File(String, String),
    SetUp(String),
    Run(String, Vec<String>),
}

struct Eraser(Vec<(Regex, &'static str)>);

impl Eraser {
    fn new() -> Self {
        Self(ERASE.iter().map(|(pattern, to)| (Regex::new(pattern).unwrap(), *to)).collect())
    }

    fn lines(&self, text: &str) -> Vec<String> {
        let erase = |text: String, (pattern, to): &(Regex, &str)| pattern.replace_all(&text, *to).into_owned();
        let text = self.0.iter().fold(text.to_string(), erase);
        text.lines().map(|line| line.trim_end().to_string()).filter(|line| !line.trim().is_empty()).collect()
    }
}

fn parse(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("@file ") {
            let body: Vec<_> = lines.by_ref().take_while(|line| *line != "@end").collect();
            steps.push(Step::File(name.trim().into(), body.join("\n") + "\n"));
        } else if let Some(command) = line.strip_prefix("$? ") {
            steps.push(Step::SetUp(command.into()));
        } else if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step::Run(command.into(), Vec::new()));
        } else if let Some(Step::Run(_, answer)) = steps.last_mut() {
            answer.push(line.into());
        }
    }
    steps
}

/// Runs one transcript; a description of each answer that differs, and how many were compared.
fn replay(path: &Path, server: &Server, kubectl: &Path, eraser: &Eraser) -> (Vec<String>, usize) {
    let namespace = format!("g-{}", path.file_stem().unwrap().to_string_lossy());
    let shell = Shell::with(&server.kubeconfig(), kubectl);
    shell.run(&format!("kubectl create namespace {namespace} && kubectl wait --for=create serviceaccount/default -n {namespace} --timeout=20s; kubectl config set-context --current --namespace={namespace}"));
    let (mut differences, mut compared) = (Vec::new(), 0);
    for step in parse(&fs::read_to_string(path).unwrap()) {
        match step {
            Step::File(name, body) => shell.write(&name, &body),
            Step::SetUp(line) => drop(shell.run(&line)),
            Step::Run(line, answer) => {
                let (text, code) = shell.run(&line);
                let got = eraser.lines(&format!("{text}\n[{code}]"));
                let want = eraser.lines(&answer.join("\n"));
                compared += 1;
                if got != want {
                    differences.push(format!(
                        "$ {line}\n  want {}\n  got  {}",
                        want.join("\n       "),
                        got.join("\n       ")
                    ));
                }
            }
        }
    }
    shell.run(&format!("kubectl delete namespace {namespace} --wait=false"));
    (differences, compared)
}

fn transcripts() -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// How often a transcript may be played. Two answers hang on the moment at which they are asked: a `*/5` CronJob may
/// fire meanwhile, and `kubectl delete pod` waits for ever where a namesake is born before it looks (as kubectl does
/// anywhere). Each further try is on a cluster of its own; what differs by more than the moment differs in all.
const TRIES: usize = 3;

fn cluster() -> Server {
    Server::start(&["--runtime", "embedded", "--store", "memory", "--timing", "real"])
}

/// Every transcript through this kubectl: all answers agree.
fn agrees(kubectl: &Path) {
    let server = cluster();
    let eraser = Eraser::new();
    let (mut differences, mut compared) = (Vec::new(), 0);
    for path in transcripts() {
        let (mut found, count) = replay(&path, &server, kubectl, &eraser);
        for _ in 1..TRIES {
            if !found.is_empty() {
                found = replay(&path, &cluster(), kubectl, &eraser).0;
            }
        }
        println!("{}: {} of {count} agree", path.file_name().unwrap().to_string_lossy(), count - found.len());
        compared += count;
        differences.extend(found);
    }
    assert!(differences.is_empty(), "{} of {compared} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
#[ignore = "needs kubectl"]
fn kubectl_hears_what_a_real_kubernetes_says() {
    agrees(&kubectl());
}

/// Called by the name of kubectl, our program is one.
#[test]
#[ignore = "needs minutes"]
fn our_own_kubectl_says_the_same() {
    agrees(&binary());
}

#[test]
fn a_transcript_is_read_as_files_set_up_and_answers() {
    let steps = parse("# note\n@file a.yaml\nx: 1\n@end\n$? sleep 0\n$ kubectl get x\nerror\n[1]\n");
    let [Step::File(name, body), Step::SetUp(_), Step::Run(line, answer)] = steps.as_slice() else { panic!("shape") };
    assert_eq!((name.as_str(), body.as_str(), line.as_str()), ("a.yaml", "x: 1\n", "kubectl get x"));
    assert_eq!(answer, &["error", "[1]"]);
}

#[test]
fn only_noise_is_erased() {
    let eraser = Eraser::new();
    assert_eq!(eraser.lines("pod/web-5cff749868-hzd4c  created  3s"), ["pod/web-<rs>-<id> created <age>"]);
    assert_eq!(eraser.lines("spec.selector: Required value"), ["spec.selector: Required value"]);
}
