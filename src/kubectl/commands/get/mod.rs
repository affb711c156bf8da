//! `kubectl get`: the server's columns, or the objects in any format. Must not change anything.

mod objects;
mod sort;
mod tables;
mod watch;

use clap::Args;

use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::{Files, Output, Selectors};
use crate::kubectl::print::Chosen;
use crate::kubectl::rest::Ask;
use crate::kubectl::select::{self, Query, Target};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `get`.
#[derive(Args, Debug)]
pub(crate) struct Get {
    /// Qué mostrar: TIPO, TIPO NOMBRE, TIPO/NOMBRE o varios tipos con comas.
    #[arg(value_name = "TIPO", hide = true)]
    args: Vec<String>,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    selectors: Selectors,
    #[command(flatten)]
    output: Output,
    /// Sin la fila de títulos.
    #[arg(long)]
    no_headers: bool,
    /// Una columna con todas las etiquetas.
    #[arg(long)]
    show_labels: bool,
    /// Una columna por cada etiqueta, separadas por comas.
    #[arg(short = 'L', long, value_name = "ETIQUETAS", value_delimiter = ',')]
    label_columns: Vec<String>,
    /// El tipo delante de cada nombre.
    #[arg(long)]
    show_kind: bool,
    /// Ordena por un campo, por ejemplo .metadata.name.
    #[arg(long, value_name = "CAMPO")]
    sort_by: Option<String>,
    /// Sigue mostrando los cambios.
    #[arg(short, long)]
    watch: bool,
    /// Como -w, pero sin la lista del principio.
    #[arg(long)]
    watch_only: bool,
    /// Con -w, qué pasó con cada objeto.
    #[arg(long)]
    output_watch_events: bool,
    /// Que no exista no es un error.
    #[arg(long)]
    ignore_not_found: bool,
    /// Pide esta dirección al servidor y muestra la respuesta tal cual.
    #[arg(long, value_name = "RUTA")]
    raw: Option<String>,
    /// Se acepta y no cambia nada.
    #[arg(long, value_name = "N", hide = true)]
    chunk_size: Option<String>,
    /// Se acepta y no cambia nada: las columnas son siempre las del servidor.
    #[arg(long, hide = true)]
    server_print: bool,
    /// Lee un subrecurso, por ejemplo status o scale.
    #[arg(long, value_name = "NOMBRE")]
    subresource: Option<String>,
}

impl Verb for Get {
    const NAME: &'static str = "get";
    const ABOUT: &'static str = "Muestra uno o varios objetos";
    const USAGE: &'static str = "TIPO[,TIPO…] [NOMBRE…] | TIPO/NOMBRE… | -f ARCHIVO";

    async fn run(mut self, session: &mut Session<'_>) -> Outcome {
        if let Some(path) = &self.raw {
            let bytes = session.bytes(Ask::get(path.clone())).await?;
            return session.print(bytes);
        }
        self.output.no_headers = self.no_headers;
        let chosen = Chosen::of_get(&self.output, session)?;
        if self.args.is_empty() && self.files.is_empty() {
            return Err(untyped(session)?);
        }
        let (targets, failures) = select::targets(session, &self.query()).await?;
        if self.watch || self.watch_only {
            Failure::all(failures)?;
            return watch::follow(&self, &targets, &chosen, session).await;
        }
        match &chosen {
            Chosen::Human { wide } => tables::print(&self, &targets, failures, *wide, session).await,
            Chosen::Object(format) => objects::print(&self, &targets, failures, format, session).await,
        }
    }
}

impl Get {
    fn query(&self) -> Query<'_> {
        Query {
            args: &self.args,
            files: self.files.clone(),
            selector: self.selectors.selector.as_deref(),
            fields: self.selectors.field_selector.as_deref(),
            all_namespaces: self.selectors.all_namespaces,
            kind_alone: true,
            ..Query::default()
        }
    }

    /// A request for a target, of its subresource if one was asked for.
    fn ask(&self, target: &Target) -> Ask {
        match &self.subresource {
            Some(name) if target.name.is_some() => Ask::get(format!("{}/{name}", target.path())),
            _ => target.ask(),
        }
    }

    /// Failures that count, now that missing objects may be allowed.
    fn counted(&self, mut failures: Vec<Failure>) -> Outcome {
        if self.ignore_not_found {
            failures.retain(|failure| !failure.is_not_found());
        }
        Failure::all(failures)
    }
}

fn untyped(session: &mut Session<'_>) -> Outcome<Failure> {
    session.note(
        "You must specify the type of resource to get. Use \"kubectl api-resources\" for a complete list of supported resources.\n",
    )?;
    Ok(session.usage(
        "Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource (e.g. kubectl explain pods).",
    ))
}
