//! Templates as they stand in tutorials.

use serde_json::json;

use super::Template;

#[track_caller]
fn shows(template: &str, expected: &str) {
    let document = json!({
        "items": [{"name": "a", "n": 1, "labels": {"x": "1"}}, {"name": "b", "n": 2}],
        "spec": {"containers": [{"image": "nginx"}, {"image": "busybox"}]},
        "data": {"key": "aG9sYQ==", "a.b": "dotted"},
    });
    assert_eq!(Template::parse(template).unwrap().execute(&document).unwrap(), expected);
}

#[test]
fn ranges_and_fields() {
    shows("{{range .spec.containers}}{{.image}} {{end}}", "nginx busybox ");
    shows("{{range $i, $it := .items}}{{$i}}={{$it.name}};{{end}}", "0=a;1=b;");
    shows("{{range .nope}}x{{else}}none{{end}}", "none");
    shows("{{range $k, $v := .data}}{{$k}} {{end}}", "a.b key ");
}

#[test]
fn conditions_and_variables() {
    shows("{{range .items}}{{if gt .n 1.0}}{{.name}}{{else if .labels}}<{{.labels.x}}>{{end}}{{end}}", "<1>b");
    shows("{{with .spec}}{{len .containers}}{{end}}{{$x := .items}}{{(index $x 1).name}}", "2b");
    shows("{{if and .data (not .nope)}}yes{{end}}", "yes");
}

#[test]
fn pipes_functions_and_trimming() {
    shows("{{.data.key | base64decode}} {{index .data \"a.b\"}}", "hola dotted");
    shows("{{printf \"%-5s|%3d|%q\" \"ab\" 7 \"c\"}}", "ab   |  7|\"c\"");
    shows("a  {{- \"x\" -}}  b{{/* note */}}{{\"\\n\"}}", "axb\n");
    shows("{{.nope}} {{.data.key}}", "<no value> aG9sYQ==");
}

#[test]
fn mistakes_are_told() {
    for wrong in ["{{.x", "{{if .x}}", "{{end}}", "{{}}"] {
        assert!(Template::parse(wrong).is_err(), "{wrong}");
    }
    let run = |text: &str| Template::parse(text).unwrap().execute(&json!({})).unwrap_err();
    assert!(run("{{.a.b}}").contains("nil pointer evaluating interface {}.b"));
    assert!(run("{{shout .a}}").contains("function \"shout\" not defined"));
}
