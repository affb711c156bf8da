//! Which objects a command is about: from its words, files and selectors to targets, and from targets to objects.
//! Must not print.

pub(crate) mod words;

use std::sync::Arc;

use serde_json::{Value, json};

use super::discovery::{Discovery, Resource};
use super::failure::{Failure, Outcome};
use super::flags::Files;
use super::manifests::{self, Manifest};
use super::rest::Ask;
use super::session::Session;
use words::Words;

/// What a command names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query<'q> {
    pub args: &'q [String],
    pub files: Files,
    pub selector: Option<&'q str>,
    pub fields: Option<&'q str>,
    /// All objects of the kinds.
    pub all: bool,
    pub all_namespaces: bool,
    /// A kind alone means all of its objects, as for `get`.
    pub kind_alone: bool,
    /// Manifests must say their kind.
    pub validate: bool,
}

/// One object by name, or all of a kind that fit.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub resource: Arc<Resource>,
    /// `None` is every namespace, or none at all.
    pub namespace: Option<String>,
    /// `None` is a list.
    pub name: Option<String>,
    pub source: String,
    /// As the file has it.
    pub manifest: Value,
    pub selector: Option<String>,
    pub fields: Option<String>,
}

impl Target {
    fn named(resource: Arc<Resource>, namespace: &str, name: &str) -> Self {
        let namespace = resource.namespaced.then(|| namespace.to_string());
        let name = Some(name.to_string());
        let (source, manifest) = (String::new(), Value::Null);
        Self { resource, namespace, name, source, manifest, selector: None, fields: None }
    }

    /// The request that reads it.
    pub fn ask(&self) -> Ask {
        let path = self.resource.path(self.namespace.as_deref());
        match &self.name {
            Some(name) => Ask::get(format!("{path}/{name}")),
            None => {
                Ask::get(path).maybe("labelSelector", self.selector.clone()).maybe("fieldSelector", self.fields.clone())
            }
        }
    }

    /// Where the object is.
    pub fn path(&self) -> String {
        let path = self.resource.path(self.namespace.as_deref());
        format!("{path}/{}", self.name.as_deref().unwrap_or_default())
    }

    /// What kubectl adds to a bad request's error.
    pub fn explain(&self, failure: Failure) -> Failure {
        if self.name.is_some() || failure.reason() != "BadRequest" {
            return failure;
        }
        let (selector, fields) = (self.selector.as_deref().unwrap_or(""), self.fields.as_deref().unwrap_or(""));
        let resource = &self.resource;
        let at = format!("{}/{}, Resource={}", resource.group, resource.version, resource.plural);
        if selector.is_empty() && fields.is_empty() {
            return failure;
        }
        failure.before(&format!(
            "Unable to find {at:?} that match label selector {selector:?}, field selector {fields:?}: "
        ))
    }
}

/// An object that the server has, or a file.
#[derive(Clone, Debug)]
pub(crate) struct Info {
    pub resource: Arc<Resource>,
    /// Empty for cluster-scoped kinds.
    pub namespace: String,
    pub name: String,
    pub source: String,
    pub object: Value,
}

impl Info {
    /// Where it is.
    pub fn path(&self) -> String {
        self.resource.item(&self.namespace, &self.name)
    }

    /// Where others of its kind are.
    pub fn list_path(&self) -> String {
        self.resource.path(Some(&self.namespace))
    }

    /// `deployment.apps/web`.
    pub fn label(&self) -> String {
        format!("{}/{}", self.resource.label(), self.name)
    }

    fn of(target: &Target, object: Value) -> Self {
        let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_string();
        let (namespace, name) = (text("namespace"), text("name"));
        let (resource, source) = (target.resource.clone(), target.source.clone());
        Self { resource, namespace, name, source, object }
    }
}

/// Nothing was named.
pub(crate) fn nothing_named() -> Failure {
    Failure::error(
        "You must provide one or more resources by argument or filename.\n\
         Example resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   \
         '<resource> <name>'\n   '<resource>'",
    )
}

/// The targets that a query names, and what is wrong with the others.
pub(crate) async fn targets(session: &mut Session<'_>, query: &Query<'_>) -> Outcome<(Vec<Target>, Vec<Failure>)> {
    if query.files.is_empty() {
        return Ok((of_words(session, query).await?, Vec::new()));
    }
    if !query.args.is_empty() {
        return Err(Failure::error(
            "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well",
        ));
    }
    let (manifests, mut failures) = manifests::read(session, &query.files, query.validate).await?;
    let mut targets = Vec::new();
    for manifest in manifests {
        match of_manifest(session, manifest).await {
            Ok(target) => targets.push(target),
            Err(failure) => failures.push(failure),
        }
    }
    Ok((targets, failures))
}

async fn of_words(session: &mut Session<'_>, query: &Query<'_>) -> Outcome<Vec<Target>> {
    let chosen = query.selector.is_some() || query.fields.is_some();
    if query.all && query.selector.is_some() {
        return Err(Failure::error("setting 'all' parameter but found a non empty selector. "));
    }
    match words::read(query.args)? {
        Words::Nothing if chosen => Err(Failure::error("at least one resource must be specified to use a selector")),
        Words::Nothing => Err(nothing_named()),
        Words::Types(types) if chosen || query.all || query.kind_alone => lists(session, query, &types).await,
        Words::Types(types) => {
            let discovery = session.discovery().await?;
            expand(&discovery, &types)?;
            Err(Failure::error("resource(s) were provided, but no name was specified"))
        }
        Words::Named(_) if chosen || query.all => {
            Err(Failure::error("name cannot be provided when a selector is specified"))
        }
        Words::Named(_) if query.all_namespaces => {
            Err(Failure::error("a resource cannot be retrieved by name across all namespaces"))
        }
        Words::Named(pairs) => named(session, &pairs).await,
    }
}

async fn lists(session: &mut Session<'_>, query: &Query<'_>, types: &[String]) -> Outcome<Vec<Target>> {
    let discovery = session.discovery().await?;
    let namespace = if query.all_namespaces { None } else { Some(session.namespace().await?) };
    let list = |resource: Arc<Resource>| Target {
        namespace: namespace.clone().filter(|_| resource.namespaced),
        resource,
        name: None,
        source: String::new(),
        manifest: Value::Null,
        selector: query.selector.map(Into::into),
        fields: query.fields.map(Into::into),
    };
    Ok(expand(&discovery, types)?.into_iter().map(list).collect())
}

/// Kinds and categories as resources.
fn expand(discovery: &Discovery, types: &[String]) -> Outcome<Vec<Arc<Resource>>> {
    let mut resources: Vec<Arc<Resource>> = Vec::new();
    for word in types {
        let members = discovery.category(word);
        let names = if members.is_empty() { vec![word.clone()] } else { members };
        for name in names {
            let resource = discovery.named(&name)?;
            if !resources.contains(&resource) {
                resources.push(resource);
            }
        }
    }
    Ok(resources)
}

async fn named(session: &mut Session<'_>, pairs: &[(String, String)]) -> Outcome<Vec<Target>> {
    let discovery = session.discovery().await?;
    let namespace = session.namespace().await?;
    let target = |(kind, name): &(String, String)| Ok(Target::named(discovery.named(kind)?, &namespace, name));
    pairs.iter().map(target).collect()
}

async fn of_manifest(session: &mut Session<'_>, manifest: Manifest) -> Outcome<Target> {
    let Manifest { source, mut object } = manifest;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let (version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
    let (name, own) = (text(&object["metadata"]["name"]), text(&object["metadata"]["namespace"]));
    if kind.is_empty() {
        let shown = super::print::json::compact(&object);
        return Err(Failure::error(format!("unable to decode {source:?}: Object 'Kind' is missing in '{shown}'")));
    }
    let Some(resource) = session.discovery().await?.of_kind(&version, &kind) else {
        return Err(Failure::error(format!(
            "resource mapping not found for name: {name:?} namespace: {own:?} from {source:?}: no matches for kind {kind:?} in version {version:?}\nensure CRDs are installed first"
        )));
    };
    let namespace = namespace_of(session, &resource, &own).await?;
    if let Some(namespace) = &namespace
        && own.is_empty()
    {
        if !object["metadata"].is_object() {
            object["metadata"] = json!({});
        }
        object["metadata"]["namespace"] = namespace.as_str().into();
    }
    Ok(Target { resource, namespace, name: Some(name), source, manifest: object, selector: None, fields: None })
}

async fn namespace_of(session: &mut Session<'_>, resource: &Resource, own: &str) -> Outcome<Option<String>> {
    if !resource.namespaced {
        return Ok(None);
    }
    match session.globals.namespace.clone() {
        Some(asked) if !own.is_empty() && own != asked => Err(Failure::error(format!(
            "the namespace from the provided object {own:?} does not match the namespace {asked:?}. You must pass '--namespace={own}' to perform this operation."
        ))),
        _ if !own.is_empty() => Ok(Some(own.into())),
        _ => session.namespace().await.map(Some),
    }
}

/// The objects themselves, read from the server; what fails is told beside them.
pub(crate) async fn infos(session: &mut Session<'_>, query: &Query<'_>) -> Outcome<(Vec<Info>, Vec<Failure>)> {
    let (targets, mut failures) = targets(session, query).await?;
    let mut infos = Vec::new();
    for target in targets {
        match fetch(session, &target).await {
            Ok(found) => infos.extend(found),
            Err(failure) => failures.push(failure),
        }
    }
    Ok((infos, failures))
}

/// The object, or the objects of the list.
pub(crate) async fn fetch(session: &mut Session<'_>, target: &Target) -> Outcome<Vec<Info>> {
    if target.name.is_some() {
        let object = session.ask(target.ask()).await?;
        return Ok(vec![Info { source: target.source.clone(), ..Info::of(target, object) }]);
    }
    let mut list = session.list(target.ask()).await.map_err(|failure| target.explain(failure))?;
    let items = list["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let (version, kind) = (target.resource.api_version(), target.resource.kind.clone());
    let typed = |mut item: Value| {
        item["apiVersion"] = version.as_str().into();
        item["kind"] = kind.as_str().into();
        Info::of(target, item)
    };
    Ok(items.into_iter().map(typed).collect())
}

/// What a file says, without asking the server.
pub(crate) fn from_file(target: Target) -> Info {
    Info {
        resource: target.resource,
        namespace: target.namespace.unwrap_or_default(),
        name: target.name.unwrap_or_default(),
        source: target.source,
        object: target.manifest,
    }
}
