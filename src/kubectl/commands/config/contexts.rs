//! The current context: which, another one, another name.

use clap::Args;

use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `config current-context`.
#[derive(Args, Debug)]
pub(crate) struct CurrentContext {}

impl Verb for CurrentContext {
    const NAME: &'static str = "current-context";
    const ABOUT: &'static str = "Muestra el contexto actual";
    const USAGE: &'static str = "";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let name = session.config()?.current_context();
        if name.is_empty() { Err(Failure::error("current-context is not set")) } else { session.line(name) }
    }
}

/// Arguments of `config use-context`.
#[derive(Args, Debug)]
pub(crate) struct UseContext {
    #[arg(hide = true)]
    args: Vec<String>,
}

impl Verb for UseContext {
    const NAME: &'static str = "use-context";
    const ABOUT: &'static str = "Cambia de contexto";
    const USAGE: &'static str = "CONTEXTO";
    const ALIASES: &'static [&'static str] = &["use"];

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let [name] = self.args.as_slice() else {
            return Err(Failure::error(format!("Unexpected args: [{}]", self.args.join(" "))));
        };
        let mut config = session.config()?.clone();
        if !config.has_context(name) {
            return Err(Failure::error(format!("no context exists with the name: {name:?}")));
        }
        config.set_current(name);
        config.save(session.io)?;
        session.line(format!("Switched to context {name:?}."))
    }
}

/// Arguments of `config rename-context`.
#[derive(Args, Debug)]
pub(crate) struct RenameContext {
    #[arg(hide = true)]
    args: Vec<String>,
}

impl Verb for RenameContext {
    const NAME: &'static str = "rename-context";
    const ABOUT: &'static str = "Da otro nombre a un contexto";
    const USAGE: &'static str = "NOMBRE OTRO_NOMBRE";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let [old, new] = self.args.as_slice() else {
            return Err(Failure::error(format!("Unexpected args: [{}]", self.args.join(" "))));
        };
        let mut config = session.config()?.clone();
        let Some(content) = config.entry("contexts", old) else {
            return Err(Failure::error(format!(
                "cannot rename the context {old:?}, it's not in {}",
                config.main_file()
            )));
        };
        if config.has_context(new) {
            let file = config.main_file();
            return Err(Failure::error(format!(
                "cannot rename the context {old:?}, the context {new:?} already exists in {file}"
            )));
        }
        let was_current = config.current_context() == *old;
        config.remove_entry("contexts", old);
        config.set_entry("contexts", new, |context| {
            context.extend(content.as_object().cloned().unwrap_or_default());
        });
        if was_current {
            config.set_current(new);
        }
        config.save(session.io)?;
        session.line(format!("Context {old:?} renamed to {new:?}."))
    }
}
