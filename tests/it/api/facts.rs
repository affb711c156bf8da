//! What the server says of its kinds, against facts of a real Kubernetes 1.36 (`tests/facts/`): no prose, only names,
//! types, keys and columns. The kinds that are not served here are not in those files.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{World, world};

async fn get(world: &World, path: &str, accept: &str) -> Value {
    let request = http::Request::get(path).header("accept", accept).body(Vec::new()).unwrap();
    world.client.request(request).await.unwrap()
}

/// Every line that only one side has.
#[track_caller]
fn agree(ours: &[String], facts: &str) {
    let theirs: Vec<&str> = facts.lines().collect();
    let missing = theirs.iter().filter(|line| !ours.iter().any(|own| own == *line)).map(|line| format!("- {line}"));
    let extra = ours.iter().filter(|own| !theirs.contains(&own.as_str())).map(|own| format!("+ {own}"));
    let differences: Vec<String> = missing.chain(extra).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn words(value: &Value) -> String {
    let words: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    words.join(",")
}

/// `string`, `[]Container`, `{}Quantity`.
fn shape(property: &Value) -> String {
    if let Some(reference) = property["$ref"].as_str() {
        return reference.rsplit('.').next().unwrap_or(reference).to_owned();
    }
    if let Some(first) = property["allOf"].get(0) {
        return shape(first);
    }
    if property["type"] == "array" {
        return format!("[]{}", shape(&property["items"]));
    }
    if !property["additionalProperties"].is_null() {
        return format!("{{}}{}", shape(&property["additionalProperties"]));
    }
    let named = property["format"].as_str().or(property["type"].as_str());
    named.unwrap_or("any").to_owned()
}

fn field(name: &str, property: &Value, schema: &Value) -> String {
    let mut line = vec![format!(" {name}"), shape(property)];
    if schema["required"].as_array().is_some_and(|list| list.iter().any(|one| one == name)) {
        line.push("!".into());
    }
    match text(property, "x-kubernetes-list-type") {
        "" => {}
        "map" => line.push(format!("map={}", words(&property["x-kubernetes-list-map-keys"]))),
        other => line.push(other.into()),
    }
    for (extension, mark) in [
        ("x-kubernetes-map-type", "~"),
        ("x-kubernetes-patch-merge-key", "merge="),
        ("x-kubernetes-patch-strategy", "strategy="),
    ] {
        if let Some(value) = property[extension].as_str() {
            line.push(format!("{mark}{value}"));
        }
    }
    let holders = [property, &property["items"], &property["additionalProperties"]];
    if let Some(values) = holders.iter().find_map(|holder| holder["enum"].as_array()) {
        line.push(format!("enum={}", values.len()));
    }
    line.join(" ")
}

fn head(name: &str, schema: &Value) -> String {
    let mut line = name.to_owned();
    if let Some(kind) = schema["x-kubernetes-map-type"].as_str() {
        line += &format!(" ~{kind}");
    }
    let kinds = schema["x-kubernetes-group-version-kind"].as_array().into_iter().flatten();
    let mut kinds: Vec<String> =
        kinds.map(|one| [text(one, "group"), text(one, "version"), text(one, "kind")].join("/")).collect();
    kinds.sort();
    // Of every group, which each document lists as far as it goes.
    if !kinds.is_empty() && !name.ends_with("DeleteOptions") && !name.ends_with("WatchEvent") {
        line += &format!(" {}", kinds.join(","));
    }
    line
}

/// The group of our own switches, probes and snapshots: no real server has it.
const OWN: &str = "timonel.dev";

/// The documents of the groups that a real server's were recorded of; metrics, older versions and our own were not.
fn is_recorded(document: &str) -> bool {
    let unrecorded = ["apis/apiregistration.k8s.io/v1", "apis/autoscaling/v1", "apis/metrics.k8s.io/v1beta1"];
    !unrecorded.contains(&document) && !document.starts_with(&format!("apis/{OWN}/"))
}

#[tokio::test(start_paused = true)]
async fn openapi_holds_every_type_and_field() {
    let world = world().await;
    let index = get(&world, "/openapi/v3", "application/json").await;
    let mut types: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut documents, mut fields) = (0, 0);
    for name in index["paths"].as_object().unwrap().keys().filter(|name| is_recorded(name)) {
        documents += 1;
        let document = get(&world, &format!("/openapi/v3/{name}"), "application/json").await;
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let own = properties.map(|(field_name, property)| field(field_name, property, schema));
            types.entry(name.clone()).or_insert_with(|| std::iter::once(head(name, schema)).chain(own).collect());
        }
    }
    // A field is told by the lines above it too.
    let mut ours = Vec::new();
    for (name, lines) in &types {
        fields += lines.len() - 1;
        ours.push(lines[0].clone());
        ours.extend(lines[1..].iter().map(|line| format!("{name}{line}")));
    }
    let mut name = "";
    let facts = include_str!("../../facts/openapi.txt").lines().map(|line| {
        if let Some(field) = line.strip_prefix(' ') {
            return format!("{name} {field}");
        }
        name = line.split(' ').next().unwrap_or(line);
        line.to_owned()
    });
    agree(&ours, &facts.collect::<Vec<_>>().join("\n"));
    assert_eq!((documents, types.len(), fields), (16, 454, 1973));
}

#[tokio::test(start_paused = true)]
async fn discovery_names_what_a_real_server_names() {
    let world = world().await;
    let mut ours = Vec::new();
    for path in ["/api", "/apis"] {
        let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
        for group in get(&world, path, accept).await["items"].as_array().unwrap() {
            for version in group["versions"].as_array().unwrap() {
                let place = format!("{}/{}", text(&group["metadata"], "name"), text(version, "version"));
                // The metrics server is another server there.
                if !place.starts_with("metrics.k8s.io") && !place.starts_with(OWN) {
                    version["resources"].as_array().unwrap().iter().for_each(|one| ours.extend(resource(&place, one)));
                }
            }
        }
    }
    agree(&ours, include_str!("../../facts/discovery.txt"));
}

fn resource(place: &str, resource: &Value) -> Vec<String> {
    let head = format!(
        "{place}/{} {} {} {} {} short={} categories={}",
        text(resource, "resource"),
        text(&resource["responseKind"], "kind"),
        text(resource, "singularResource"),
        text(resource, "scope"),
        words(&resource["verbs"]),
        words(&resource["shortNames"]),
        words(&resource["categories"]),
    );
    let under = resource["subresources"].as_array().into_iter().flatten().map(|one| {
        let kind = &one["responseKind"];
        let kind = [text(kind, "group"), text(kind, "version"), text(kind, "kind")].join("/");
        format!(" {} {kind} {}", text(one, "subresource"), words(&one["verbs"]))
    });
    std::iter::once(head).chain(under).collect()
}

#[tokio::test(start_paused = true)]
async fn tables_have_the_columns_of_a_real_server() {
    let world = world().await;
    let mut ours = Vec::new();
    for line in include_str!("../../facts/columns.txt").lines() {
        let place = line.split(' ').next().unwrap();
        let root = if place.matches('/').count() == 1 { "api" } else { "apis" };
        let accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
        let table = get(&world, &format!("/{root}/{place}"), accept).await;
        let columns: Vec<String> = table["columnDefinitions"].as_array().unwrap().iter().map(column).collect();
        ours.push(format!("{place} {}", columns.join("; ")));
    }
    agree(&ours, include_str!("../../facts/columns.txt"));
}

fn column(column: &Value) -> String {
    format!("{},{},{},{}", text(column, "name"), text(column, "type"), text(column, "format"), column["priority"])
}
