//! Templates of kubectl's documentation and of client-go's own tests.

use serde_json::{Value, json};

use super::Template;

fn document() -> Value {
    json!({
        "kind": "List",
        "items": [
            {"metadata": {"name": "127.0.0.1", "labels": {"kubernetes.io/hostname": "a"}},
             "status": {"capacity": {"cpu": "4"}, "addresses": [{"type": "LegacyHostIP", "address": "127.0.0.1"}]}},
            {"metadata": {"name": "127.0.0.2"}, "n": 3, "ok": true,
             "status": {"capacity": {"cpu": "8"}, "addresses": [{"type": "Another", "address": "127.0.0.3"}]}},
        ],
        "users": [{"name": "myself", "user": {}}, {"name": "e2e", "user": {"username": "admin", "password": "secret"}}],
    })
}

#[track_caller]
fn shows(template: &str, expected: &str) {
    assert_eq!(Template::parse(template).unwrap().execute(&document()).unwrap(), expected);
}

#[track_caller]
fn refuses(template: &str, expected: &str) {
    let error = Template::parse(template).and_then(|template| template.execute(&document())).unwrap_err();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn fields_indexes_and_text() {
    shows("kind is {.kind}", "kind is List");
    shows("{['kind']}", "List");
    shows("{.items[*].metadata.name}", "127.0.0.1 127.0.0.2");
    shows("{.items[0].metadata.name}|{.items[-1:].metadata.name}", "127.0.0.1|127.0.0.2");
    shows("{.items[0:2].status.capacity.cpu} {.items[::2].metadata.name}", "4 8 127.0.0.1");
    shows(r"{.items[0].metadata.labels.kubernetes\.io/hostname}", "a");
    shows(r"{.items[0].metadata.labels['kubernetes\.io/hostname']}", "a");
    shows("{.users[0].user}{.items[1].n}{.items[1].ok}", "{}3true");
    shows(".kind", ".kind");
}

#[test]
fn what_is_missing_is_nothing() {
    shows("<{.nope.deeper[0]}>", "<>");
    shows("{.items[*].nope}", "");
}

#[test]
fn unions_wildcards_and_descent() {
    shows("{.items[*]['metadata.name', 'n']}", "127.0.0.1 127.0.0.2 3");
    shows("{.users[0,1].name}", "myself e2e");
    shows("{.items[*].status.capacity.*}", "4 8");
    shows("{..address}", "127.0.0.1 127.0.0.3");
}

#[test]
fn filters_compare() {
    shows(r#"{.users[?(@.name=="e2e")].user.password}"#, "secret");
    shows(r"{.users[?(@.name!='e2e')].name}", "myself");
    shows("{.items[?(@.n>2)].metadata.name}", "127.0.0.2");
    shows("{.items[?(@.n)].metadata.name}", "127.0.0.2");
    shows("{.items[?(@.ok==true)].n}", "3");
    shows(r#"{.items[*].status.addresses[?(@.type == "Another")].address}"#, "127.0.0.3");
}

#[test]
fn ranges_repeat() {
    shows(
        r#"{range .items[*]}[{.metadata.name}, {.status.capacity.cpu}]{"\n"}{end}"#,
        "[127.0.0.1, 4]\n[127.0.0.2, 8]\n",
    );
    shows("{range .items[*]}{range .status.addresses[*]}{.type};{end}{end}", "LegacyHostIP;Another;");
}

#[test]
fn mistakes_are_told() {
    refuses("{.kind", "unclosed action");
    refuses("{end}", "not in range, nothing to end");
    refuses("{.items[9]}", "array index out of bounds: index 9, length 2");
    refuses("{.users[0].user[*]}", "map[string]interface {} is not array or slice");
    refuses("{.users[?(@.name=='x']}", "unrecognized character in action: U+005D ']'");
    refuses("{.kind ~}", "unrecognized character in action: U+007E '~'");
}

#[test]
fn bare_paths_are_paths_too() {
    for path in ["kind", ".kind", "{.kind}", "{kind}"] {
        assert_eq!(Template::relaxed(path).unwrap().find(&document()).unwrap(), [&json!("List")]);
    }
    assert!(Template::relaxed("").is_err());
}
