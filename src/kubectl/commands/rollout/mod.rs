//! `kubectl rollout`: how what makes pods goes from one template to the next. One file each.

mod history;
mod past;
mod status;
mod steer;
mod undo;

use clap::Args;

use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::Files;
use crate::kubectl::select::{self, Info, Query};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Command;

/// The commands under `rollout`.
pub(super) const TABLE: &[Command] = &[
    Command::of::<history::History>(),
    Command::of::<steer::Pause>(),
    Command::of::<steer::Restart>(),
    Command::of::<steer::Resume>(),
    Command::of::<status::Status>(),
    Command::of::<undo::Undo>(),
];

/// What each of them is about.
#[derive(Args, Debug)]
struct About {
    /// De qué.
    #[arg(value_name = "TIPO", hide = true)]
    args: Vec<String>,
    /// Solo los que tengan estas etiquetas.
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
    #[command(flatten)]
    files: Files,
}

impl About {
    async fn infos(&self, session: &mut Session<'_>) -> Outcome<(Vec<Info>, Vec<Failure>)> {
        if self.args.is_empty() && self.files.is_empty() {
            return Err(Failure::error("required resource not specified"));
        }
        let query = Query {
            args: &self.args,
            files: self.files.clone(),
            selector: self.selector.as_deref(),
            kind_alone: true,
            ..Query::default()
        };
        select::infos(session, &query).await
    }
}

/// `deployments.apps "web"`, as these commands name an object that they cannot act on.
fn told(info: &Info) -> String {
    format!("{} {:?}", info.resource.qualified(), info.name)
}
