//! `kubectl explain`: what a field is, as the server's OpenAPI documents say. Must not know any kind.

use clap::Args;
use serde_json::Value;

use crate::kubectl::discovery::Resource;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::rest::Ask;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Letters of a line, without what it stands inwards.
const WIDTH: usize = 76;
/// Values of an enumeration that a list of fields tells.
const FEW: usize = 4;

/// Arguments of `explain`.
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// TIPO[.CAMPO…].
    #[arg(value_name = "TIPO", hide = true)]
    args: Vec<String>,
    /// También los campos de los campos, sin decir qué son.
    #[arg(long)]
    recursive: bool,
    /// Grupo y versión, por ejemplo apps/v1.
    #[arg(long, value_name = "VERSIÓN")]
    api_version: Option<String>,
    /// Se acepta y no cambia nada.
    #[arg(long, value_name = "FORMATO", hide = true)]
    output: Option<String>,
}

impl Verb for Explain {
    const NAME: &'static str = "explain";
    const ABOUT: &'static str = "Explica los campos de un tipo";
    const USAGE: &'static str = "TIPO[.CAMPO…] [--recursive]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let [word] = self.args.as_slice() else {
            return Err(match self.args.len() {
                0 => Failure::error(
                    "You must specify the type of resource to explain. Use \"kubectl api-resources\" for a complete list of supported resources.",
                ),
                _ => Failure::error("We accept only this format: explain RESOURCE"),
            });
        };
        let (resource, path) =
            self.resource(word, session).await.map_err(|failure| Failure::Worded(failure.message()))?;
        let version = resource.api_version();
        let root = if resource.group.is_empty() { "api" } else { "apis" };
        let document = session.ask(Ask::get(format!("/openapi/v3/{root}/{version}"))).await;
        let document =
            document.map_err(|_| Failure::error(format!("couldn't find resource for \"{}\"", resource.gvk())))?;
        let types = Types(&document["components"]["schemas"]);
        let top = types
            .of_kind(&resource)
            .ok_or_else(|| Failure::error(format!("couldn't find resource for \"{}\"", resource.gvk())))?;
        session.print(head(&resource))?;
        let text = types.told(top, &path, self.recursive).map_err(Failure::error)?;
        session.print(text)
    }
}

impl Explain {
    /// The resource of the longest beginning that names one, and the fields after it.
    async fn resource(
        &self,
        word: &str,
        session: &mut Session<'_>,
    ) -> Outcome<(std::sync::Arc<Resource>, Vec<String>)> {
        let word = word.trim_end_matches('.');
        let (name, fields) = word.split_once('.').unwrap_or((word, ""));
        let discovery = session.discovery().await?;
        let path = |text: &str| text.split('.').filter(|field| !field.is_empty()).map(Into::into).collect();
        if let Some(version) = &self.api_version {
            let (group, number) = version.split_once('/').unwrap_or(("", version));
            let named = discovery.named(name)?;
            let found = discovery
                .resources
                .iter()
                .find(|own| own.kind == named.kind && own.group == group && own.version == number);
            let found = found.cloned().ok_or_else(|| {
                Failure::error(format!("couldn't find resource for \"{group}/{number}, Kind={}\"", named.kind))
            })?;
            return Ok((found, path(fields)));
        }
        // `deployments.apps.spec`: groups have dots too.
        let mut parts: Vec<&str> = word.split('.').collect();
        let mut rest: Vec<&str> = Vec::new();
        while parts.len() > 1 {
            let whole = parts.join(".");
            if let Ok(found) = discovery.named(&whole)
                && parts[1..].join(".") == found.group
            {
                rest.reverse();
                return Ok((found, rest.into_iter().map(Into::into).collect()));
            }
            rest.extend(parts.pop());
        }
        Ok((discovery.named(name)?, path(fields)))
    }
}

fn head(resource: &Resource) -> String {
    let group = if resource.group.is_empty() { String::new() } else { format!("GROUP:      {}\n", resource.group) };
    format!("{group}KIND:       {}\nVERSION:    {}\n\n", resource.kind, resource.version)
}

/// The types of a document.
struct Types<'d>(&'d Value);

impl<'d> Types<'d> {
    fn of_kind(&self, resource: &Resource) -> Option<&'d Value> {
        let is_it = |one: &Value| {
            one["group"] == resource.group.as_str()
                && one["version"] == resource.version.as_str()
                && one["kind"] == resource.kind.as_str()
        };
        let has = |schema: &&Value| {
            schema["x-kubernetes-group-version-kind"].as_array().is_some_and(|all| all.iter().any(is_it))
        };
        self.0.as_object()?.values().find(has)
    }

    /// A reference followed to the type that it names.
    fn resolved(&self, schema: &'d Value) -> &'d Value {
        let reference = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str());
        let name = reference.and_then(|reference| reference.rsplit('/').next());
        name.map_or(schema, |name| &self.0[name])
    }

    /// The type whose fields a field has: of its elements where it is a list or map.
    fn inner(&self, schema: &'d Value) -> &'d Value {
        let schema = self.resolved(schema);
        for below in ["items", "additionalProperties"] {
            if schema[below].is_object() {
                return self.inner(&schema[below]);
            }
        }
        schema
    }

    /// `string`, `[]Container`, `map[string]string`.
    fn type_name(&self, schema: &'d Value) -> String {
        let reference = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str());
        if let Some(name) = reference {
            // What is a plain text in JSON has no name of its own.
            if let Some(plain) = self.resolved(schema)["type"].as_str().filter(|plain| *plain != "object") {
                return plain.into();
            }
            return name.rsplit('.').next().unwrap_or(name).into();
        }
        match schema["type"].as_str() {
            Some("array") => format!("[]{}", self.type_name(&schema["items"])),
            Some("object") if schema["additionalProperties"].is_object() => {
                format!("map[string]{}", self.type_name(&schema["additionalProperties"]))
            }
            Some("object") | None => "Object".into(),
            Some(other) => other.into(),
        }
    }

    fn told(&self, top: &'d Value, path: &[String], recursive: bool) -> Result<String, String> {
        let (mut schema, mut line) = (top, String::new());
        for (index, name) in path.iter().enumerate() {
            let holder = self.inner(schema);
            let Some(field) = holder["properties"].get(name) else {
                return Err(format!("field {name:?} does not exist"));
            };
            if index + 1 == path.len() {
                let values = values(field).unwrap_or_default();
                let values = values.iter().fold(String::new(), |all, value| all + "    " + value + "\n");
                let below = if values.is_empty() { "\n".into() } else { format!("ENUM:\n{values}") };
                line = format!("FIELD: {name} <{}>\n{below}\n", self.type_name(field));
            }
            schema = field;
        }
        let mut text = format!("{line}DESCRIPTION:\n{}", self.description(schema));
        let fields = self.inner(schema);
        if fields["properties"].is_object() {
            text += "FIELDS:\n";
            text += &self.fields(fields, 1, recursive, &mut Vec::new());
        }
        text.push('\n');
        Ok(text)
    }

    /// What a field is, and what its type is where that says more.
    fn description(&self, schema: &'d Value) -> String {
        let (own, inner) = (&schema["description"], self.inner(schema));
        let mut parts: Vec<&str> = own.as_str().into_iter().collect();
        if !std::ptr::eq(inner, schema)
            && let Some(more) = inner["description"].as_str().filter(|more| Some(*more) != own.as_str())
        {
            parts.push(more);
        }
        if parts.is_empty() {
            parts.push("<empty>");
        }
        let told: String = parts.into_iter().map(|part| indented(&wrapped(part), 4)).collect();
        told + "    \n"
    }

    fn fields(&self, schema: &'d Value, level: usize, recursive: bool, seen: &mut Vec<&'d Value>) -> String {
        let mut text = String::new();
        let properties = schema["properties"].as_object().into_iter().flatten();
        let mut properties: Vec<(&String, &'d Value)> = properties.collect();
        properties.sort_by_key(|(name, _)| *name);
        let indent = "  ".repeat(level);
        for (name, field) in properties {
            let required = if is_required(schema, name) { " -required-" } else { "" };
            text += &format!("{indent}{name}\t<{}>{required}\n", self.type_name(field));
            if let Some(values) = values(field) {
                let few: Vec<&str> = values.iter().take(FEW).map(String::as_str).collect();
                let more = if values.len() > FEW { ", ...." } else { "" };
                text += &format!("{indent}enum: {}{more}\n", few.join(", "));
            }
            if !recursive {
                let own = field["description"]
                    .as_str()
                    .map(Into::into)
                    .or_else(|| self.resolved(field)["description"].as_str().map(str::to_owned));
                text += &indented(&wrapped(&own.unwrap_or_else(|| "<empty>".into())), 4);
                text.push('\n');
                continue;
            }
            let inner = self.inner(field);
            if inner["properties"].is_object() && !seen.iter().any(|known| std::ptr::eq(*known, inner)) {
                seen.push(inner);
                text += &self.fields(inner, level + 1, recursive, seen);
                seen.pop();
            }
        }
        text
    }
}

fn is_required(holder: &Value, name: &str) -> bool {
    holder["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name))
}

fn values(field: &Value) -> Option<Vec<String>> {
    let all = field["enum"].as_array().or_else(|| field["items"]["enum"].as_array())?;
    let mut values: Vec<String> =
        all.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), Into::into)).collect();
    values.sort();
    Some(values)
}

/// Lines of at most so many letters, each paragraph by itself.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    for line in text.split('\n') {
        let mut length = 0;
        for (index, word) in line.split(' ').enumerate() {
            let letters = word.chars().count();
            if index > 0 && length + 1 + letters > WIDTH {
                out.push('\n');
                length = 0;
            } else if index > 0 {
                out.push(' ');
                length += 1;
            }
            out += word;
            length += letters;
        }
        out.push('\n');
    }
    out
}

fn indented(text: &str, by: usize) -> String {
    let indent = " ".repeat(by);
    text.lines().fold(String::new(), |all, line| all + &indent + line + "\n")
}
