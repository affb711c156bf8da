//! How objects are printed: `-o` and what it may be. Must not choose what is printed.

pub(crate) mod columns;
pub(crate) mod go;
pub(crate) mod json;
pub(crate) mod jsonpath;
mod scalar;
pub(crate) mod table;
pub(crate) mod tabs;
pub(crate) mod template;
pub(crate) mod yaml;

use serde_json::Value;

use super::discovery::Resource;
use super::failure::{Failure, Outcome, go_words};
use super::flags::Output;
use super::session::Session;
use columns::Columns;
use tabs::Tabs;

/// Formats that every command has, in the order in which kubectl tells them.
const COMMON: &[&str] = &[
    "go-template",
    "go-template-file",
    "json",
    "jsonpath",
    "jsonpath-as-json",
    "jsonpath-file",
    "name",
    "template",
    "templatefile",
    "yaml",
];
/// Those that `get` has beside them.
const OF_GET: &[&str] = &["custom-columns", "custom-columns-file", "wide"];

/// How an object is printed.
#[derive(Debug)]
pub(crate) enum Format {
    Json,
    Yaml,
    Name,
    JsonPath(jsonpath::Template),
    JsonPathAsJson(jsonpath::Template),
    Columns(Columns),
    Template(template::Template),
}

/// What `-o` asks for.
#[derive(Debug)]
pub(crate) enum Chosen {
    /// A sentence, or columns.
    Human {
        /// With more columns.
        wide: bool,
    },
    Object(Format),
}

impl Chosen {
    /// What the flags of a command other than `get` ask for.
    pub fn of(output: &Output, session: &Session<'_>) -> Outcome<Self> {
        choose(output, session, false)
    }

    /// What the flags of `get` ask for.
    pub fn of_get(output: &Output, session: &Session<'_>) -> Outcome<Self> {
        choose(output, session, true)
    }

    /// Whether the object itself is shown, not a sentence or its name.
    pub fn is_whole(&self) -> bool {
        !matches!(self, Self::Human { .. } | Self::Object(Format::Name))
    }
}

fn choose(output: &Output, session: &Session<'_>, of_get: bool) -> Outcome<Chosen> {
    let text = match (&output.output, &output.template) {
        (None, None) => return Ok(Chosen::Human { wide: false }),
        (None, Some(_)) => "go-template".to_string(),
        (Some(text), _) => text.clone(),
    };
    let (name, argument) = text.split_once('=').unwrap_or((&text, ""));
    let takes_argument = !matches!(name, "json" | "yaml" | "name" | "wide");
    let known = COMMON.contains(&name) || (of_get && OF_GET.contains(&name));
    if !known || (!takes_argument && !argument.is_empty()) {
        return Err(unknown(&text, of_get));
    }
    let argument = match (argument, &output.template) {
        ("", Some(template)) => template.clone(),
        (argument, _) => argument.to_string(),
    };
    let argument = if name.ends_with("-file") || name == "templatefile" { file(session, &argument)? } else { argument };
    Ok(match name {
        "wide" => Chosen::Human { wide: true },
        name => Chosen::Object(format(name, &argument)?),
    })
}

fn file(session: &Session<'_>, path: &str) -> Outcome<String> {
    let read = session.io.read(path.as_ref());
    let read = read.map_err(|error| {
        Failure::error(format!("error reading --template {path}, open {path}: {}\n", go_words(&error)))
    })?;
    Ok(String::from_utf8_lossy(&read).into_owned())
}

fn format(name: &str, argument: &str) -> Outcome<Format> {
    let needed = || {
        if argument.is_empty() {
            Err(Failure::error("template format specified but no template given"))
        } else {
            Ok(())
        }
    };
    let path = || {
        needed()?;
        jsonpath::Template::parse(argument)
            .map_err(|error| Failure::error(format!("error parsing jsonpath {argument}, {error}\n")))
    };
    Ok(match name {
        "json" => Format::Json,
        "yaml" => Format::Yaml,
        "name" => Format::Name,
        "jsonpath" | "jsonpath-file" => Format::JsonPath(path()?),
        "jsonpath-as-json" => Format::JsonPathAsJson(path()?),
        "custom-columns" => Format::Columns(Columns::parse(argument).map_err(Failure::error)?),
        "custom-columns-file" => Format::Columns(Columns::parse_file(argument).map_err(Failure::error)?),
        _ => {
            needed()?;
            let template = template::Template::parse(argument);
            Format::Template(template.map_err(|error| {
                Failure::error(format!("error parsing template {argument}, template: output:1: {error}\n"))
            })?)
        }
    })
}

fn unknown(text: &str, of_get: bool) -> Failure {
    let mut allowed: Vec<&str> = COMMON.iter().chain(OF_GET.iter().filter(|_| of_get)).copied().collect();
    allowed.sort_unstable();
    Failure::error(format!(
        "unable to match a printer suitable for the output format {text:?}, allowed formats are: {}",
        allowed.join(",")
    ))
}

/// Prints objects one after the other.
#[derive(Debug)]
pub(crate) struct Printer<'f> {
    format: &'f Format,
    show_managed_fields: bool,
    no_headers: bool,
    printed: usize,
}

impl<'f> Printer<'f> {
    pub fn new(format: &'f Format, output: &Output) -> Self {
        Self { format, show_managed_fields: output.show_managed_fields, no_headers: output.no_headers, printed: 0 }
    }

    /// The object, or list, as text.
    pub fn text(&mut self, object: &Value) -> Outcome<String> {
        self.printed += 1;
        Ok(match self.format {
            Format::Json => json::document(&self.trimmed(object)),
            Format::Yaml => {
                let between = if self.printed > 1 { "---\n" } else { "" };
                format!("{between}{}", yaml::document(&self.trimmed(object)))
            }
            Format::Name => parts(object).into_iter().map(|item| name(item) + "\n").collect(),
            Format::JsonPath(template) => template.execute(object).map_err(Failure::error)?,
            Format::JsonPathAsJson(template) => {
                let found = template.find(object).map_err(Failure::error)?;
                json::document(&found.into_iter().cloned().collect())
            }
            Format::Columns(columns) => self.columns(columns, object).map_err(Failure::error)?,
            Format::Template(template) => template.execute(object).map_err(Failure::error)?,
        })
    }

    fn columns(&self, columns: &Columns, object: &Value) -> Result<String, String> {
        let mut text = if self.printed > 1 || self.no_headers { String::new() } else { columns.head() };
        for item in parts(object) {
            text += &columns.row(item)?;
        }
        Ok(Tabs::table().align(&text))
    }

    fn trimmed(&self, object: &Value) -> Value {
        let mut object = object.clone();
        if !self.show_managed_fields {
            forget_managed_fields(&mut object);
            object["items"].as_array_mut().into_iter().flatten().for_each(forget_managed_fields);
        }
        if object["items"].is_null() {
            object.as_object_mut().map(|fields| fields.remove("items"));
        }
        object
    }
}

fn forget_managed_fields(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
}

/// The items of a list, or the object itself.
fn parts(object: &Value) -> Vec<&Value> {
    let is_list = object["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
    match object["items"].as_array() {
        Some(items) if is_list => items.iter().collect(),
        _ => vec![object],
    }
}

/// `deployment.apps/web`, from what the object says of itself.
pub(crate) fn name(object: &Value) -> String {
    let (version, kind) = (object["apiVersion"].as_str().unwrap_or_default(), object["kind"].as_str());
    let group = version.rsplit_once('/').map_or("", |(group, _)| group);
    let resource = Resource { group: group.into(), kind: kind.unwrap_or_default().into(), ..Resource::default() };
    format!("{}/{}", resource.label(), object["metadata"]["name"].as_str().unwrap_or_default())
}

impl Session<'_> {
    /// Prints what was done to an object: a sentence, or the object as `-o` asks.
    pub fn done(&mut self, chosen: &Chosen, output: &Output, object: &Value, did: &str) -> Outcome {
        match chosen {
            Chosen::Human { .. } => self.line(format!("{} {did}", name(object))),
            Chosen::Object(format) => {
                let text = Printer::new(format, output).text(object)?;
                self.print(text)
            }
        }
    }
}
