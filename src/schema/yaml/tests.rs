//! YAML 1.1 as Kubernetes reads it, duplicates, errors by line, and bombs.

use proptest::prelude::*;
use serde_json::json;

use super::parse;
use crate::schema::json;

#[track_caller]
#[allow(clippy::needless_pass_by_value)] // the cases read better without borrows
fn reads(text: &str, value: serde_json::Value) {
    assert_eq!(parse(text.as_bytes()).unwrap().value, value);
}

#[test]
fn plain_scalars_are_those_of_yaml_1_1() {
    reads("a: yes\nb: off # no\nc: 'yes'\nd: \"no\"\n", json!({"a": true, "b": false, "c": "yes", "d": "no"}));
    reads("- on\n- - no\n- name: n\n", json!([true, [false], {"name": false}]));
    reads("{a: [yes, no, si], b: 0644, c: x}", json!({"a": [true, false, "si"], "b": 420, "c": "x"}));
    reads("defaultMode: 0400\nport: 0\nversion: 1.0\n", json!({"defaultMode": 256, "port": 0, "version": 1}));
    reads("a: |\n  yes: no\n  b: on\nb: on\n", json!({"a": "yes: no\nb: on\n", "b": true}));
    reads(
        "a: \"x\n  b: yes\n  c: no\"\nd: it's ok\ne: yes\n",
        json!({"a": "x b: yes c: no", "d": "it's ok", "e": true}),
    );
    reads("a: {b: yes, c: \"no, yes,\", d: 'on'}", json!({"a": {"b": true, "c": "no, yes,", "d": "on"}}));
    reads("a: echo [yes, no]\nb: 2.5\n", json!({"a": "echo [yes, no]", "b": 2.5}));
    reads("1: a\ntrue: b\n", json!({"1": "a", "true": "b"}));
}

#[test]
fn duplicates_are_named_by_path() {
    let parsed = parse(b"data:\n  a: '1'\n  a: '2'\nlist:\n- {x: 1, x: 2}\n").unwrap();
    assert_eq!(parsed.duplicates, [r#"duplicate field "data.a""#, r#"duplicate field "list[0].x""#]);
    assert_eq!(parsed.value, json!({"data": {"a": "2"}, "list": [{"x": 2}]}));
    let parsed = json::parse(br#"{"a":{"b":1,"b":2}}"#).unwrap();
    assert_eq!(parsed.duplicates, [r#"duplicate field "a.b""#]);
}

#[test]
fn errors_tell_the_line_as_kubectl_does() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: roto\n   labels: {a: b}\n";
    assert_eq!(parse(text.as_bytes()).unwrap_err(), "yaml: line 5: mapping values are not allowed in this context");
    assert_eq!(json::parse(b"").unwrap_err(), "unexpected end of JSON input");
    assert_eq!(json::parse(b"{a}").unwrap_err(), "invalid character 'a' looking for beginning of object key string");
}

#[test]
fn bombs_are_defused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let again = format!("*a{}, ", level - 1).repeat(10);
        bomb += &format!("a{level}: &a{level} [{again}]\n");
    }
    assert_eq!(parse(bomb.as_bytes()).unwrap_err(), "yaml: document contains excessive aliasing");
    assert!(parse("[".repeat(100_000).as_bytes()).is_err());
    assert!(json::parse("[".repeat(100_000).as_bytes()).is_err());
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
        let _ = json::parse(&bytes);
    }

    #[test]
    fn random_yaml_never_panics(text in "[a-c:\\-{}\\[\\], \n\"'#|>&*!yesno0-9]{0,80}") {
        let _ = parse(text.as_bytes());
    }
}
