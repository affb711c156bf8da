//! `kubectl rollout history`. Must not change anything.

use std::collections::BTreeMap;

use clap::Args;

use super::About;
use super::past::Revision;
use crate::kubectl::commands::describe::template;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::Output;
use crate::kubectl::grammar;
use crate::kubectl::print::tabs::Tabs;
use crate::kubectl::print::{self, Chosen};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `rollout history`.
#[derive(Args, Debug)]
pub(crate) struct History {
    #[command(flatten)]
    about: About,
    /// Muestra el molde de esta revisión.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = grammar::int)]
    revision: i64,
    #[command(flatten)]
    output: Output,
}

impl Verb for History {
    const NAME: &'static str = "history";
    const ABOUT: &'static str = "Muestra las revisiones anteriores";
    const USAGE: &'static str = "TIPO NOMBRE [--revision=N]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        if self.revision < 0 {
            return Err(Failure::error(format!("revision must be a positive integer: {}", self.revision)));
        }
        let chosen = Chosen::of(&self.output, session)?;
        let (pasts, mut failures) = self.about.pasts(session).await?;
        for (info, past) in &pasts {
            if chosen.is_whole() {
                let found = past.get(&self.revision).or_else(|| past.values().next_back());
                let object = found.map(|one| one.object.clone()).unwrap_or_default();
                session.done(&chosen, &self.output, &object, "")?;
                continue;
            }
            match self.told(past) {
                Ok(text) => {
                    let with =
                        if self.revision > 0 { format!("with revision #{}", self.revision) } else { String::new() };
                    session.line(format!("{} {with}\n{text}", print::name(&info.object)))?;
                }
                Err(failure) => failures.push(failure),
            }
        }
        Failure::all(failures)
    }
}

impl History {
    fn told(&self, past: &BTreeMap<i64, Revision>) -> Outcome<String> {
        if past.is_empty() {
            return Ok("No rollout history found.".into());
        }
        if self.revision == 0 {
            return Ok(table(past));
        }
        let revision =
            past.get(&self.revision).ok_or_else(|| Failure::error("unable to find the specified revision"))?;
        let mut page = template::page(&revision.template);
        if let Some(cause) = &revision.cause {
            page = page.replacen(
                "Containers:",
                &format!("Annotations:\tkubernetes.io/change-cause: {cause}\n  Containers:"),
                1,
            );
        }
        Ok(page)
    }
}

fn table(past: &BTreeMap<i64, Revision>) -> String {
    let cause = |revision: &Revision| revision.cause.clone().unwrap_or_else(|| "<none>".into());
    let rows = past.iter().fold("REVISION\tCHANGE-CAUSE\n".to_owned(), |rows, (number, revision)| {
        format!("{rows}{number}\t{}\n", cause(revision))
    });
    Tabs::describe().align(&rows)
}
