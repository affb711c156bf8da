//! What the server serves, and what a word for a kind means: `po`, `deployment.apps`, `deployments.v1.apps`, `all`.
//! Must not know any kind by name: the server says them.

use std::sync::Arc;

use serde_json::Value;

use super::failure::{Failure, Outcome};
use super::rest::Ask;
use super::session::Session;

/// Aggregated discovery where there is one, else the plain lists.
const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                      application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// A kind that the server serves, in one version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resource {
    pub group: String,
    pub version: String,
    pub kind: String,
    pub plural: String,
    pub singular: String,
    pub short: Vec<String>,
    pub categories: Vec<String>,
    pub namespaced: bool,
    pub verbs: Vec<String>,
    pub subresources: Vec<String>,
}

impl Resource {
    /// `v1`, `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `pods`, `deployments.apps`.
    pub fn qualified(&self) -> String {
        dotted(&self.plural, &self.group)
    }

    /// `pod`, `deployment.apps`: what stands before the slash in kubectl's answers.
    pub fn label(&self) -> String {
        dotted(&self.kind.to_lowercase(), &self.group)
    }

    /// `apps/v1, Kind=Deployment`, as Go prints a `GroupVersionKind`.
    pub fn gvk(&self) -> String {
        format!("{}/{}, Kind={}", self.group, self.version, self.kind)
    }

    /// Where its objects are: of one namespace, or of all.
    pub fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() { "/api" } else { "/apis" };
        let within = namespace.filter(|_| self.namespaced).map(|name| format!("/namespaces/{name}"));
        format!("{root}/{}{}/{}", self.api_version(), within.unwrap_or_default(), self.plural)
    }

    /// Where one object is.
    pub fn item(&self, namespace: &str, name: &str) -> String {
        format!("{}/{name}", self.path(Some(namespace)))
    }

    pub fn can(&self, verb: &str) -> bool {
        self.verbs.iter().any(|own| own == verb)
    }

    /// Whether a word names it: plural, singular, kind or a short name.
    fn is_called(&self, word: &str) -> bool {
        self.plural == word || self.singular == word || self.kind.eq_ignore_ascii_case(word)
    }
}

fn dotted(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_string() } else { format!("{name}.{group}") }
}

/// Everything that the server serves, each group's preferred version first.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    pub resources: Vec<Arc<Resource>>,
    /// `v1`, `apps/v1`, …: also those without resources.
    pub versions: Vec<String>,
}

impl Discovery {
    /// Asks the server.
    pub async fn ask(session: &mut Session<'_>) -> Outcome<Self> {
        let mut found = Self::default();
        for root in ["/api", "/apis"] {
            let list = session.ask(Ask::get(root).accept(ACCEPT)).await?;
            match list["kind"].as_str() {
                Some("APIGroupDiscoveryList") => found.aggregated(&list),
                Some("APIVersions") => found.plain(session, &items(&list["versions"]), "/api").await?,
                _ => found.plain(session, &group_versions(&list), "/apis").await?,
            }
        }
        Ok(found)
    }

    fn aggregated(&mut self, list: &Value) {
        for group in items(&list["items"]) {
            let name = text(&group["metadata"]["name"]);
            for version in items(&group["versions"]) {
                let number = text(&version["version"]);
                self.versions.push(if name.is_empty() { number.clone() } else { format!("{name}/{number}") });
                let resources = items(&version["resources"]);
                self.resources.extend(resources.iter().map(|found| Arc::new(from_aggregated(found, &name, &number))));
            }
        }
    }

    async fn plain(&mut self, session: &mut Session<'_>, versions: &[Value], root: &str) -> Outcome {
        for version in versions.iter().filter_map(Value::as_str) {
            self.versions.push(version.into());
            // A group whose server is away is left out, as kubectl does.
            let Ok(list) = session.ask(Ask::get(format!("{root}/{version}"))).await else { continue };
            let all = items(&list["resources"]);
            let top = all.iter().filter(|found| !text(&found["name"]).contains('/'));
            self.resources.extend(top.map(|found| Arc::new(from_plain(found, version, &all))));
        }
        Ok(())
    }

    /// The resource that a word means, such as `po`, `deployments.apps` or `deployments.v1.apps`.
    pub fn named(&self, word: &str) -> Outcome<Arc<Resource>> {
        let lower = word.to_lowercase();
        let (name, rest) = lower.split_once('.').unwrap_or((&lower, ""));
        if let Some((version, group)) = rest.split_once('.')
            && let Some(found) = self.find(name, |own| own.version == version && own.group == group)
        {
            return Ok(found);
        }
        let exact = self.find(name, |own| rest.is_empty() || own.group == rest);
        let found = exact.or_else(|| self.find(name, |own| own.group.starts_with(rest)));
        found.ok_or_else(|| no_resource(&lower))
    }

    /// Full names win over short ones, earlier groups over later ones.
    fn find(&self, name: &str, fits: impl Fn(&Resource) -> bool) -> Option<Arc<Resource>> {
        let fitting = || self.resources.iter().filter(|own| fits(own));
        let full = fitting().find(|own| own.is_called(name));
        full.or_else(|| fitting().find(|own| own.short.iter().any(|short| short == name))).cloned()
    }

    /// The resource of a manifest.
    pub fn of_kind(&self, api_version: &str, kind: &str) -> Option<Arc<Resource>> {
        self.resources.iter().find(|own| own.kind == kind && own.api_version() == api_version).cloned()
    }

    /// What a category such as `all` stands for; nothing when it is none.
    pub fn category(&self, word: &str) -> Vec<String> {
        let belongs = |own: &&Arc<Resource>| own.categories.iter().any(|category| category == word);
        let mut names: Vec<String> = self.resources.iter().filter(belongs).map(|own| own.qualified()).collect();
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }
}

fn no_resource(word: &str) -> Failure {
    let text = match word.split_once('.') {
        None => format!("the server doesn't have a resource type {word:?}"),
        Some((name, _)) => format!("the server doesn't have a resource type {name:?}"),
    };
    Failure::error(text)
}

fn from_aggregated(found: &Value, group: &str, version: &str) -> Resource {
    Resource {
        group: group.into(),
        version: version.into(),
        kind: text(&found["responseKind"]["kind"]),
        plural: text(&found["resource"]),
        singular: text(&found["singularResource"]),
        short: texts(&found["shortNames"]),
        categories: texts(&found["categories"]),
        namespaced: found["scope"] == "Namespaced",
        verbs: texts(&found["verbs"]),
        subresources: items(&found["subresources"]).iter().map(|sub| text(&sub["subresource"])).collect(),
    }
}

fn from_plain(found: &Value, group_version: &str, all: &[Value]) -> Resource {
    let (group, version) = group_version.split_once('/').unwrap_or(("", group_version));
    let (plural, kind) = (text(&found["name"]), text(&found["kind"]));
    let singular = text(&found["singularName"]);
    let prefix = format!("{plural}/");
    let subresources = all.iter().filter_map(|own| own["name"].as_str()?.strip_prefix(&prefix).map(Into::into));
    Resource {
        group: group.into(),
        version: version.into(),
        singular: if singular.is_empty() { kind.to_lowercase() } else { singular },
        kind,
        short: texts(&found["shortNames"]),
        categories: texts(&found["categories"]),
        namespaced: found["namespaced"] == true,
        verbs: texts(&found["verbs"]),
        subresources: subresources.collect(),
        plural,
    }
}

/// Each group's versions, the preferred one first.
fn group_versions(list: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for group in items(&list["groups"]) {
        let preferred = group["preferredVersion"]["groupVersion"].clone();
        let others = items(&group["versions"]).into_iter().map(|version| version["groupVersion"].clone());
        let others: Vec<Value> = others.filter(|version| *version != preferred).collect();
        all.extend(std::iter::once(preferred).filter(|version| !version.is_null()).chain(others));
    }
    all
}

fn items(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}
