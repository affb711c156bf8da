//! Places, checks and explanations, on the refusals of a real Kubernetes 1.36.

use std::sync::Arc;

use super::check::{Known, check};
use super::places::{nearest, places};
use super::{Finder, explain, refusal, templates};
use crate::tui::model::catalog::{Resource, essentials};
use crate::tui::model::failure::{Cause, Failure};

fn catalog() -> Vec<Arc<Resource>> {
    essentials()
}

/// The problems of a text, as `line:column finder english`.
fn found(text: &str) -> Vec<String> {
    let catalog = catalog();
    let report = check(text, Known { catalog: Some(&catalog), namespace: "default" });
    report
        .problems
        .iter()
        .map(|it| format!("{}:{} {:?} {}", it.line + 1, it.column + 1, it.finder, it.english))
        .collect()
}

#[test]
fn places_of_blocks_lists_braces_and_texts() {
    let text = "a: 1\nb:\n- c: x\n  d: {e: [1, {f: 2}], \"g\": z}\n- h\ni: |\n  j: no\nk:\n    - - l: 1\n# m: 1\nn:\n  o: # q: 1\n    p: 'x: y' # z\n";
    let found = places(text);
    let at = |path: &str| found.iter().find(|place| place.path == path).map(|place| (place.line, place.column));
    assert_eq!(at("b[0].c"), Some((2, 2)));
    assert_eq!(at("b[0].d.e[1].f"), Some((3, 14)));
    assert_eq!(at("b[0].d.g"), Some((3, 22)));
    assert_eq!(at("b[1]"), Some((4, 0)));
    assert_eq!((at("i"), at("j"), at("i.j")), (Some((5, 0)), None, None));
    assert_eq!(at("k[0][0].l"), Some((8, 8)));
    assert_eq!(at("n.o.p"), Some((12, 4)));
    assert_eq!(found.iter().find(|place| place.path == "n.o.p").unwrap().value, Some((12, 7, 6)));
    assert_eq!(nearest(&found, "n.o.nothing[3].x").unwrap().path, "n.o");
    assert!(at("m").is_none());
}

#[test]
fn the_notes_manifest_ladder() {
    let notes = templates::text("apuntes").unwrap();
    assert_eq!(found(notes), ["1:1 Client no matches for kind \"Deployment\" in version \"v1\""]);
    let step1 = notes.replace("apiVersion: v1", "apiVersion: apps/v1");
    assert_eq!(found(&step1), ["3:1 Client resource name may not be empty"]);
    let step2 = step1.replace("metadata:", "metadata:\n  name: backend");
    assert_eq!(
        found(&step2),
        ["5:3 Schema unknown field \"metadata.app\"", "8:3 Schema unknown field \"spec.containers\""]
    );
}

#[test]
fn a_wrong_type_is_told_at_its_value() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers:\n    - name: a\n      env: [{name: A, value: \"1\"}]\n    - name: b\n      env:\n        - name: B\n          value: true\n";
    let text = found(text);
    assert!(text[0].starts_with("11:18 Schema json: cannot unmarshal bool"), "{text:?}");
}

#[test]
fn kubectl_refuses_what_names_no_kind() {
    assert_eq!(
        found("metadata: {name: x}\n"),
        ["1:1 Client error validating data: [apiVersion not set, kind not set]"]
    );
    assert_eq!(
        found("apiVersion: v1\nkind: Pood\nmetadata: {name: x}\n"),
        ["2:1 Client no matches for kind \"Pood\" in version \"v1\""]
    );
}

#[test]
fn a_broken_yaml_is_told_at_its_line_also_in_a_later_document() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: roto\n   labels: {a: b}\n";
    assert_eq!(found(text), ["5:4 Syntax yaml: line 5: mapping values are not allowed in this context"]);
    let later = format!("# uno\n---\n{text}");
    assert!(found(&later)[0].starts_with("7:4 Syntax"), "{:?}", found(&later));
}

#[test]
fn a_repeated_field_is_told_at_the_second() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: doble}\ndata:\n  a: \"1\"\n  a: \"2\"\n";
    assert_eq!(found(text), ["6:3 Schema duplicate field \"data.a\""]);
}

#[test]
fn a_refusal_of_the_server_finds_its_lines() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: backend\nspec:\n  template:\n    spec:\n      containers: []\n";
    let catalog = catalog();
    let report = check(text, Known { catalog: Some(&catalog), namespace: "default" });
    let cause = |field: &str, message: &str| Cause { field: field.into(), message: message.into() };
    let failure = Failure {
        code: 422,
        reason: "Invalid".into(),
        message: "Deployment.apps \"backend\" is invalid: […]".into(),
        causes: vec![
            cause("spec.selector", "Required value"),
            cause("spec.template.metadata.labels", "Invalid value: null: `selector` does not match template `labels`"),
            cause("spec.template.spec.containers", "Required value"),
        ],
    };
    let lines: Vec<_> =
        refusal::problems(&failure, &report.ready[0]).iter().map(|it| (it.line + 1, it.finder)).collect();
    assert_eq!(lines, [(5, Finder::Server), (6, Finder::Server), (8, Finder::Server)]);
}

#[test]
fn every_refusal_of_a_real_server_has_its_own_explanation() {
    const REFUSALS: &[&str] = &[
        "no matches for kind \"Deployment\" in version \"v1\"",
        "resource name may not be empty",
        "unknown field \"metadata.app\"",
        "unknown field \"spec.containers\"",
        "spec.selector: Required value",
        "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`",
        "spec.template.spec.containers: Required value",
        "json: cannot unmarshal bool into Go struct field EnvVar.spec.template.spec.containers.env.value of type string",
        "yaml: line 5: mapping values are not allowed in this context",
        "error validating data: [apiVersion not set, kind not set]",
        "no matches for kind \"Deployment\" in version \"apps/v1beta1\"",
        "json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
        "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
        "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        "spec.containers[1].image: Required value",
        "spec.containers[1].name: Duplicate value: \"c\"",
        "spec.restartPolicy: Unsupported value: \"Siempre\": supported values: \"Always\", \"OnFailure\", \"Never\"",
        "metadata.labels: Invalid value: \"con espacio\": a valid label must be an empty string or consist of",
        "metadata.labels: Invalid value: \"mal/la/clave\": a valid label key must consist of alphanumeric characters",
        "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        "spec.containers[0].volumeMounts[0].name: Not found: \"nada\"",
        "spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
        "metadata.name: Invalid value: \"MALO\": a lowercase RFC 1123 subdomain must consist of lower case",
        "pods \"nadie\" not found",
        "the server could not find the requested resource",
    ];
    let (all, valid) = explain::sizes();
    assert_eq!(all, valid, "una expresión de la tabla no es válida");
    for refusal in REFUSALS {
        let text = explain::explain(refusal);
        assert!(
            !text.contains("por la razón que da abajo") && !text.contains("Invalid") && !text.contains('$'),
            "{refusal} → {text}"
        );
    }
}

#[test]
fn no_text_breaks_the_scan() {
    let mut rng = fastrand::Rng::with_seed(3);
    let alphabet: Vec<char> = "ab:-{}[],\"'#|> \n\té&*!".chars().collect();
    for _ in 0..3000 {
        let text: String = (0..rng.usize(..60)).map(|_| alphabet[rng.usize(..alphabet.len())]).collect();
        let lines = text.lines().count();
        assert!(places(&text).iter().all(|place| place.line < lines.max(1)), "{text:?}");
        found(&text);
    }
}
