//! `config set` and `unset`: one value of the kubeconfig by its path, such as `contexts.web.namespace`.

use clap::Args;
use serde_json::Value;

use crate::kubectl::config::{Config, LISTS};
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `config set`.
#[derive(Args, Debug)]
pub(crate) struct Set {
    #[arg(hide = true)]
    args: Vec<String>,
}

impl Verb for Set {
    const NAME: &'static str = "set";
    const ABOUT: &'static str = "Pone un valor del kubeconfig";
    const USAGE: &'static str = "PROPIEDAD VALOR";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let [path, value] = self.args.as_slice() else {
            return Err(Failure::error(format!("unexpected args: [{}]", self.args.join(" "))));
        };
        change(path, Some(value), session)?;
        session.line(format!("Property {path:?} set."))
    }
}

/// Arguments of `config unset`.
#[derive(Args, Debug)]
pub(crate) struct Unset {
    #[arg(hide = true)]
    args: Vec<String>,
}

impl Verb for Unset {
    const NAME: &'static str = "unset";
    const ABOUT: &'static str = "Quita un valor del kubeconfig";
    const USAGE: &'static str = "PROPIEDAD";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let [path] = self.args.as_slice() else {
            return Err(Failure::error(format!("unexpected args: [{}]", self.args.join(" "))));
        };
        change(path, None, session)?;
        session.line(format!("Property {path:?} unset."))
    }
}

fn change(path: &str, value: Option<&str>, session: &mut Session<'_>) -> Outcome {
    let mut config = session.config()?.clone();
    apply(&mut config, path, value)?;
    config.save(session.io)
}

/// The name of an entry may hold dots: the field is what follows the last one.
fn apply(config: &mut Config, path: &str, value: Option<&str>) -> Outcome {
    if path == "current-context" {
        config.set_current(value.unwrap_or_default());
        return Ok(());
    }
    let (list, rest) = path.split_once('.').unwrap_or((path, ""));
    if !LISTS.iter().any(|(known, _)| *known == list) || rest.is_empty() {
        return Err(Failure::error(format!("unable to parse path {path:?} at {list:?}")));
    }
    let Some((name, field)) = rest.rsplit_once('.') else {
        if value.is_none() {
            config.remove_entry(list, rest);
            return Ok(());
        }
        return Err(Failure::error(format!("unable to parse path {path:?} at {rest:?}")));
    };
    config.set_entry(list, name, |content| match value {
        Some(value) => {
            let typed = if field.starts_with("insecure-") { Value::from(value == "true") } else { value.into() };
            content.insert(field.into(), typed);
        }
        None => drop(content.remove(field)),
    });
    Ok(())
}
