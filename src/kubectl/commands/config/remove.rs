//! Taking clusters, contexts and users out of the kubeconfig.

use clap::Args;

use crate::kubectl::config::Config;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `config delete-context`.
#[derive(Args, Debug)]
pub(crate) struct DeleteContext {
    #[arg(hide = true)]
    args: Vec<String>,
}

impl Verb for DeleteContext {
    const NAME: &'static str = "delete-context";
    const ABOUT: &'static str = "Quita un contexto";
    const USAGE: &'static str = "NOMBRE";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let was_current = self.args.first().is_some_and(|name| *name == current(session));
        if was_current {
            session.note("warning: this removed your active context, use \"kubectl config use-context\" to select a different one")?;
        }
        remove("contexts", "context", &self.args, session)
    }
}

/// Arguments of `config delete-cluster`.
#[derive(Args, Debug)]
pub(crate) struct DeleteCluster {
    #[arg(hide = true)]
    args: Vec<String>,
}

impl Verb for DeleteCluster {
    const NAME: &'static str = "delete-cluster";
    const ABOUT: &'static str = "Quita un clúster";
    const USAGE: &'static str = "NOMBRE";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        remove("clusters", "cluster", &self.args, session)
    }
}

/// Arguments of `config delete-user`.
#[derive(Args, Debug)]
pub(crate) struct DeleteUser {
    #[arg(hide = true)]
    args: Vec<String>,
}

impl Verb for DeleteUser {
    const NAME: &'static str = "delete-user";
    const ABOUT: &'static str = "Quita un usuario";
    const USAGE: &'static str = "NOMBRE";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        remove("users", "user", &self.args, session)
    }
}

fn current(session: &mut Session<'_>) -> String {
    session.config().map(Config::current_context).unwrap_or_default()
}

fn remove(list: &str, what: &str, args: &[String], session: &mut Session<'_>) -> Outcome {
    let [name] = args else { return Err(Failure::error(format!("Unexpected args: [{}]", args.join(" ")))) };
    let mut config = session.config()?.clone();
    let Some(file) = config.remove_entry(list, name) else {
        let file = config.main_file();
        return Err(Failure::error(format!("cannot delete {what} {name}, not in {file}")));
    };
    config.save(session.io)?;
    session.line(format!("deleted {what} {name} from {}", file.display()))
}
