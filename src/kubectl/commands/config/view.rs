//! `config view`: the kubeconfig as it holds, secrets hidden.

use clap::Args;
use serde_json::Value;

use crate::kubectl::config::Config;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::Output;
use crate::kubectl::print::{Chosen, Format, Printer};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// What is not shown, and what stands for it.
const HIDDEN: &[(&str, &str)] = &[
    ("certificate-authority-data", "DATA+OMITTED"),
    ("client-certificate-data", "DATA+OMITTED"),
    ("client-key-data", "DATA+OMITTED"),
    ("token", "REDACTED"),
    ("password", "REDACTED"),
];

/// Arguments of `config view`.
#[derive(Args, Debug)]
pub(crate) struct View {
    /// Solo lo que usa el contexto actual.
    #[arg(long)]
    minify: bool,
    /// Con los certificados y los tokens.
    #[arg(long)]
    raw: bool,
    /// Se acepta y no cambia nada.
    #[arg(long, hide = true)]
    flatten: bool,
    #[command(flatten)]
    output: Output,
}

impl Verb for View {
    const NAME: &'static str = "view";
    const ABOUT: &'static str = "Muestra el kubeconfig";
    const USAGE: &'static str = "[--minify] [--raw] [-o FORMATO]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let context = session.globals.context.clone();
        let mut whole = session.config()?.merged();
        if self.minify {
            minify(&mut whole, session.config()?, context.as_deref())?;
        }
        if !self.raw {
            hide(&mut whole);
        }
        for list in ["clusters", "contexts", "users"] {
            if whole[list].as_array().is_some_and(Vec::is_empty) {
                whole[list] = Value::Null;
            }
        }
        let chosen = Chosen::of(&self.output, session)?;
        let format = if let Chosen::Object(format) = &chosen { format } else { &Format::Yaml };
        let text = Printer::new(format, &self.output).text(&whole)?;
        session.print(text)
    }
}

fn minify(whole: &mut Value, config: &Config, context: Option<&str>) -> Outcome {
    let name = context.map_or_else(|| config.current_context(), Into::into);
    if name.is_empty() {
        return Err(Failure::error("current-context must exist in order to minify"));
    }
    let missing = || Failure::error(format!("cannot locate context {name}"));
    let context = config.entry("contexts", &name).ok_or_else(missing)?;
    whole["current-context"] = name.as_str().into();
    let used = [("contexts", &Value::from(name)), ("clusters", &context["cluster"]), ("users", &context["user"])];
    for (list, name) in used {
        if let Some(entries) = whole[list].as_array_mut() {
            entries.retain(|entry| entry["name"] == *name);
        }
    }
    Ok(())
}

fn hide(whole: &mut Value) {
    for (list, field) in [("clusters", "cluster"), ("users", "user")] {
        for entry in whole[list].as_array_mut().into_iter().flatten() {
            for (name, instead) in HIDDEN {
                if let Some(secret) = entry[field].get_mut(*name) {
                    *secret = (*instead).into();
                }
            }
        }
    }
}
