//! `kubectl api-resources`: what the server serves. Must not know any kind.

use std::collections::BTreeSet;

use clap::Args;

use crate::kubectl::discovery::Resource;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::print::tabs::Tabs;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `api-resources`.
#[derive(Args, Debug)]
pub(crate) struct ApiResources {
    #[arg(hide = true)]
    args: Vec<String>,
    /// Solo los de este grupo.
    #[arg(long, value_name = "GRUPO")]
    api_group: Option<String>,
    /// Solo los que viven en espacios de nombres (o los que no: --namespaced=false).
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    namespaced: Option<bool>,
    /// Solo los que admiten todos estos verbos.
    #[arg(long, value_name = "VERBOS", value_delimiter = ',')]
    verbs: Vec<String>,
    /// Solo los de estas categorías.
    #[arg(long, value_name = "CATEGORÍAS", value_delimiter = ',')]
    categories: Vec<String>,
    /// Ordena por name o kind.
    #[arg(long, value_name = "CAMPO")]
    sort_by: Option<String>,
    /// wide o name.
    #[arg(short, long, value_name = "FORMATO")]
    output: Option<String>,
    /// Sin la fila de títulos.
    #[arg(long)]
    no_headers: bool,
    /// Se acepta y no cambia nada.
    #[arg(long, hide = true)]
    cached: bool,
}

impl Verb for ApiResources {
    const NAME: &'static str = "api-resources";
    const ABOUT: &'static str = "Muestra los tipos de objetos que sirve el API";
    const USAGE: &'static str = "[--api-group=GRUPO] [--namespaced] [-o wide|name]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        if !self.args.is_empty() {
            return Err(session.usage(format!("unexpected arguments: [{}]", self.args.join(" "))));
        }
        let output = self.output.as_deref().unwrap_or_default();
        if !matches!(output, "" | "wide" | "name") {
            return Err(Failure::error(format!("--output {output} is not available")));
        }
        let discovery = session.discovery().await?;
        let mut found: Vec<&Resource> = discovery.resources.iter().map(AsRef::as_ref).collect();
        let mut seen = BTreeSet::new();
        // Of several versions only the preferred one, which comes first.
        found.retain(|own| seen.insert((&own.group, &own.plural)) && self.fits(own));
        match self.sort_by.as_deref() {
            None => found.sort_by(|a, b| (&a.group, &a.plural).cmp(&(&b.group, &b.plural))),
            Some("name") => found.sort_by(|a, b| a.plural.cmp(&b.plural)),
            Some("kind") => found.sort_by(|a, b| a.kind.cmp(&b.kind)),
            Some(_) => return Err(Failure::error("--sort-by accepts only name or kind")),
        }
        if output == "name" {
            return found.iter().try_for_each(|own| session.line(own.qualified()));
        }
        let wide = output == "wide";
        let mut text = String::new();
        if !self.no_headers {
            text += "NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND";
            text += if wide { "\tVERBS\tCATEGORIES\n" } else { "\n" };
        }
        found.iter().for_each(|own| text += &row(own, wide));
        session.print(Tabs::table().align(&text))
    }
}

impl ApiResources {
    fn fits(&self, own: &Resource) -> bool {
        self.api_group.as_ref().is_none_or(|group| own.group == *group)
            && self.namespaced.is_none_or(|namespaced| own.namespaced == namespaced)
            && self.verbs.iter().all(|verb| own.can(verb))
            && self.categories.iter().all(|category| own.categories.contains(category))
    }
}

fn row(own: &Resource, wide: bool) -> String {
    let (short, version) = (own.short.join(","), own.api_version());
    let row = format!("{}\t{short}\t{version}\t{}\t{}", own.plural, own.namespaced, own.kind);
    if wide { format!("{row}\t{}\t{}\n", own.verbs.join(","), own.categories.join(",")) } else { row + "\n" }
}
