//! ConfigMaps, Secrets, accounts, namespaces and what limits them. Must not ask the server, nor show what Secrets hold.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::name;
use super::page::{Page, items, text};

fn decoded(value: &Value) -> Vec<u8> {
    STANDARD.decode(text(value)).unwrap_or_default()
}

fn sorted(value: &Value) -> Vec<(&String, &Value)> {
    static NOTHING: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    let mut pairs: Vec<(&String, &Value)> = value.as_object().unwrap_or(&NOTHING).iter().collect();
    pairs.sort_by_key(|(key, _)| *key);
    pairs
}

pub(super) fn config_map(page: &mut Page, object: &Value) {
    page.identity(object);
    page.marks(object);
    page.raw("\nData\n====\n");
    for (key, value) in sorted(&object["data"]) {
        page.raw(&format!("{key}:\n----\n{}\n\n", text(value)));
    }
    page.raw("\nBinaryData\n====\n");
    for (key, value) in sorted(&object["binaryData"]) {
        page.raw(&format!("{key}: {} bytes\n", decoded(value).len()));
    }
    page.raw("\n");
}

pub(super) fn secret(page: &mut Page, object: &Value) {
    page.identity(object);
    page.marks(object);
    page.raw("\n");
    page.field("Type", text(&object["type"]));
    page.raw("\nData\n====\n");
    for (key, value) in sorted(&object["data"]) {
        let held = decoded(value);
        let is_token = key == "token" && object["type"] == "kubernetes.io/service-account-token";
        page.field(
            key,
            if is_token { String::from_utf8_lossy(&held).into_owned() } else { format!("{} bytes", held.len()) },
        );
    }
}

pub(super) fn service_account(page: &mut Page, object: &Value, secrets: &[Value]) {
    page.identity(object);
    page.marks(object);
    let own = name(object);
    let tokens = secrets.iter().filter(|secret| {
        secret["type"] == "kubernetes.io/service-account-token"
            && secret["metadata"]["annotations"]["kubernetes.io/service-account.name"] == own.as_str()
    });
    let named = |list: &Value| items(list).map(|one| text(&one["name"])).collect::<Vec<_>>();
    for (label, names) in [
        ("Image pull secrets", named(&object["imagePullSecrets"])),
        ("Mountable secrets", named(&object["secrets"])),
        ("Tokens", tokens.map(name).collect()),
    ] {
        if names.is_empty() {
            page.field(label, "<none>");
        }
        for (index, one) in names.iter().enumerate() {
            let missing = if secrets.iter().any(|secret| name(secret) == *one) { "" } else { " (not found)" };
            let head = if index == 0 { format!("{label}:") } else { String::new() };
            page.line(0, format!("{head}\t{one}{missing}"));
        }
    }
}

pub(super) fn namespace(page: &mut Page, object: &Value, quotas: &[Value], limits: &[Value]) {
    page.field("Name", name(object));
    page.marks(object);
    page.field("Status", text(&object["status"]["phase"]));
    if items(&object["status"]["conditions"]).next().is_some() {
        page.line(0, "Conditions:\n  Type\tStatus\tLastTransitionTime\tReason\tMessage");
        page.line(1, "----\t------\t------------------\t------\t-------");
        for one in items(&object["status"]["conditions"]) {
            let told =
                [&one["type"], &one["status"], &one["lastTransitionTime"], &one["reason"], &one["message"]].map(text);
            page.line(1, told.join("\t"));
        }
    }
    if quotas.is_empty() {
        page.raw("\nNo resource quota.\n");
    } else {
        page.raw("\nResource Quotas\n");
        for quota in quotas {
            page.line(1, format!("Name:\t{}", name(quota)));
            page.line(1, "Resource\tUsed\tHard\n  --------\t---\t---");
            rows(page, 1, quota);
        }
    }
    if limits.is_empty() {
        page.raw("\nNo LimitRange resource.\n");
    } else {
        page.raw(
            "\nResource Limits\n Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio\n",
        );
        page.raw(" ----\t--------\t---\t---\t---------------\t-------------\t-----------------------\n");
        limits.iter().for_each(|range| ranges(page, " ", range));
    }
}

fn rows(page: &mut Page, level: usize, quota: &Value) {
    let status = &quota["status"];
    for (resource, hard) in sorted(&status["hard"]) {
        page.line(level, format!("{resource}\t{}\t{}", text(&status["used"][resource]), text(hard)));
    }
}

pub(super) fn quota(page: &mut Page, object: &Value) {
    page.identity(object);
    let scopes: Vec<String> = items(&object["spec"]["scopes"]).map(text).collect();
    if !scopes.is_empty() {
        page.field("Scopes", scopes.join(", "));
    }
    page.line(0, "Resource\tUsed\tHard");
    page.line(0, "--------\t----\t----");
    rows(page, 0, object);
}

pub(super) fn limit_range(page: &mut Page, object: &Value) {
    page.identity(object);
    page.line(0, "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio");
    page.line(0, "----\t--------\t---\t---\t---------------\t-------------\t-----------------------");
    ranges(page, "", object);
}

fn ranges(page: &mut Page, indent: &str, range: &Value) {
    for limit in items(&range["spec"]["limits"]) {
        let parts = ["min", "max", "defaultRequest", "default", "maxLimitRequestRatio"];
        let mut resources: Vec<&String> =
            parts.iter().flat_map(|part| limit[part].as_object().into_iter().flat_map(Map::keys)).collect();
        resources.sort();
        resources.dedup();
        for resource in resources {
            let cells = parts.map(|part| limit[part][resource].as_str().unwrap_or("-"));
            page.raw(&format!("{indent}{}\t{resource}\t{}\n", text(&limit["type"]), cells.join("\t")));
        }
    }
}
