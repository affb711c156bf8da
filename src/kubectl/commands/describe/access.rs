//! Roles and bindings. Must not judge who may do what.

use serde_json::Value;

use super::name;
use super::page::{Page, items, text};

fn words(value: &Value) -> Vec<String> {
    items(value).map(text).collect()
}

fn bracketed(words: &[String]) -> String {
    format!("[{}]", words.join(" "))
}

pub(super) fn role(page: &mut Page, object: &Value) {
    page.field("Name", name(object));
    page.marks(object);
    page.line(0, "PolicyRule:");
    page.line(1, "Resources\tNon-Resource URLs\tResource Names\tVerbs");
    page.line(1, "---------\t-----------------\t--------------\t-----");
    rows(&object["rules"]).into_iter().for_each(|row| page.line(1, row));
}

/// A row a rule: resource, paths, names, verbs.
pub(in crate::kubectl::commands) fn rows(all: &Value) -> Vec<String> {
    let row = |rule: &Rule| {
        let told = [&rule.urls, &rule.names, &rule.verbs].map(|words| bracketed(words));
        format!("{}\t{}", rule.what(), told.join("\t"))
    };
    rules(all).iter().map(row).collect()
}

/// A rule about one resource or path.
#[derive(Clone, Default, PartialEq)]
struct Rule {
    verbs: Vec<String>,
    groups: Vec<String>,
    resources: Vec<String>,
    names: Vec<String>,
    urls: Vec<String>,
}

impl Rule {
    /// As Go prints it, which is also how kubectl orders rules.
    fn printed(&self) -> String {
        let [verbs, groups, resources, names, urls] =
            [&self.verbs, &self.groups, &self.resources, &self.names, &self.urls].map(|words| bracketed(words));
        format!("Verbs:{verbs},APIGroups:{groups},Resources:{resources},ResourceNames:{names},NonResourceURLs:{urls},")
    }

    /// `deployments.apps/scale`.
    fn what(&self) -> String {
        let (group, resource) = (self.groups.join(","), self.resources.join(","));
        match (group.as_str(), resource.split_once('/')) {
            ("", _) => resource,
            (group, Some((plural, below))) => format!("{plural}.{group}/{below}"),
            (group, None) => format!("{resource}.{group}"),
        }
    }
}

/// Rules taken apart, one a resource, and simple ones about the same put together (rbac `BreakdownRule`, `CompactRules`).
fn rules(rules: &Value) -> Vec<Rule> {
    let mut found: Vec<Rule> = Vec::new();
    for rule in items(rules) {
        let (verbs, names) = (words(&rule["verbs"]), words(&rule["resourceNames"]));
        for group in words(&rule["apiGroups"]) {
            for resource in words(&rule["resources"]) {
                let own = Rule {
                    verbs: verbs.clone(),
                    groups: vec![group.clone()],
                    resources: vec![resource],
                    names: names.clone(),
                    urls: Vec::new(),
                };
                add(&mut found, own);
            }
        }
        let url = |url: String| Rule { verbs: verbs.clone(), urls: vec![url], ..Rule::default() };
        found.extend(words(&rule["nonResourceURLs"]).into_iter().map(url));
    }
    found.sort_by_key(Rule::printed);
    found
}

fn add(found: &mut Vec<Rule>, rule: Rule) {
    let is_same = |known: &&mut Rule| {
        known.names.is_empty()
            && known.urls.is_empty()
            && known.groups == rule.groups
            && known.resources == rule.resources
    };
    match found.iter_mut().find(is_same).filter(|_| rule.names.is_empty()) {
        Some(known) => {
            let new = rule.verbs.into_iter().filter(|verb| !known.verbs.contains(verb)).collect::<Vec<_>>();
            known.verbs.extend(new);
        }
        None => found.push(rule),
    }
}

pub(super) fn binding(page: &mut Page, object: &Value) {
    page.field("Name", name(object));
    page.marks(object);
    page.line(0, "Role:");
    page.line(1, format!("Kind:\t{}", text(&object["roleRef"]["kind"])));
    page.line(1, format!("Name:\t{}", text(&object["roleRef"]["name"])));
    page.line(0, "Subjects:");
    page.line(1, "Kind\tName\tNamespace");
    page.line(1, "----\t----\t---------");
    for subject in items(&object["subjects"]) {
        page.line(1, ["kind", "name", "namespace"].map(|field| text(&subject[field])).join("\t"));
    }
}
