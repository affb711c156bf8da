//! `kubectl top`: what nodes and pods use, as `metrics.k8s.io` says. Must not measure.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::Value;

use crate::base::quantity::Quantity;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::print::tabs::Tabs;
use crate::kubectl::rest::Ask;
use crate::kubectl::session::Session;
use crate::kubectl::verb::{Command, Verb};

/// The commands under `top`.
pub(super) const TABLE: &[Command] =
    &[Command::of::<Node>().called(&["nodes", "no"]), Command::of::<Pod>().called(&["pods", "po"])];

const METRICS: &str = "/apis/metrics.k8s.io/v1beta1";
const MEBI: i64 = 1024 * 1024;

/// What both take.
#[derive(Args, Debug)]
struct Shown {
    /// Nombre.
    #[arg(value_name = "NOMBRE", hide = true)]
    args: Vec<String>,
    /// Solo los que tengan estas etiquetas.
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
    /// Sin la fila de títulos.
    #[arg(long)]
    no_headers: bool,
    /// Ordena por cpu o memory, lo mayor primero.
    #[arg(long, value_name = "CAMPO")]
    sort_by: Option<String>,
    /// Se acepta y no cambia nada.
    #[arg(long, hide = true)]
    use_protocol_buffers: bool,
}

/// Arguments of `top node`.
#[derive(Args, Debug)]
pub(crate) struct Node {
    #[command(flatten)]
    shown: Shown,
    /// Compara con todo lo que el nodo tiene, no con lo que deja a los pods.
    #[arg(long)]
    show_capacity: bool,
}

/// Arguments of `top pod`.
#[derive(Args, Debug)]
pub(crate) struct Pod {
    #[command(flatten)]
    shown: Shown,
    /// Cada contenedor por separado.
    #[arg(long)]
    containers: bool,
    /// En todos los espacios de nombres.
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// Solo los que tengan estos campos.
    #[arg(long, value_name = "SELECTOR")]
    field_selector: Option<String>,
    /// Una última línea con la suma.
    #[arg(long)]
    sum: bool,
}

/// Milli-CPUs and bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Used {
    cpu: i64,
    memory: i64,
}

impl Used {
    fn of(usage: &Value) -> Self {
        let amount = |name: &str| usage[name].as_str().and_then(|text| Quantity::parse(text).ok());
        let cpu = amount("cpu").map(|quantity| quantity.milli()).unwrap_or_default();
        Self { cpu, memory: amount("memory").map(|quantity| quantity.value()).unwrap_or_default() }
    }

    fn plus(self, other: Self) -> Self {
        Self { cpu: self.cpu + other.cpu, memory: self.memory + other.memory }
    }

    fn cells(self) -> String {
        format!("{}m\t{}Mi\t", self.cpu, self.memory / MEBI)
    }

    /// What is sorted by, the largest first; names otherwise.
    fn key(self, by: Option<&str>) -> i64 {
        match by {
            Some("cpu") => -self.cpu,
            Some("memory") => -self.memory,
            _ => 0,
        }
    }
}

impl Shown {
    fn check(&self, session: &Session<'_>) -> Outcome {
        if self.args.len() > 1 {
            return Err(session.usage(format!("only one argument is allowed, got {}", self.args.len())));
        }
        if !self.args.is_empty() && self.selector.is_some() {
            return Err(session.usage("only one of NAME or --selector can be provided"));
        }
        match self.sort_by.as_deref() {
            None | Some("" | "cpu" | "memory") => Ok(()),
            Some(_) => Err(Failure::error("--sort-by accepts only cpu or memory")),
        }
    }

    /// The metrics asked for: of one object, or a list.
    async fn ask(&self, path: &str, fields: Option<String>, session: &mut Session<'_>) -> Outcome<Vec<Value>> {
        let groups = session.discovery().await?;
        if !groups.versions.iter().any(|version| version == "metrics.k8s.io/v1beta1") {
            return Err(Failure::error("Metrics API not available"));
        }
        if let Some(name) = self.args.first() {
            return Ok(vec![session.ask(Ask::get(format!("{path}/{name}"))).await?]);
        }
        let ask = Ask::get(path).maybe("labelSelector", self.selector.clone()).maybe("fieldSelector", fields);
        let mut list = session.ask(ask).await?;
        Ok(list["items"].as_array_mut().map(std::mem::take).unwrap_or_default())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().into()
}

impl Verb for Node {
    const NAME: &'static str = "node";
    const ABOUT: &'static str = "Muestra cuánta CPU y memoria usan los nodos";
    const USAGE: &'static str = "[NOMBRE | -l SELECTOR]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        self.shown.check(session)?;
        let metrics = self.shown.ask(&format!("{METRICS}/nodes"), None, session).await?;
        let nodes = session.list(Ask::get("/api/v1/nodes")).await?;
        let part = if self.show_capacity { "capacity" } else { "allocatable" };
        let whole: BTreeMap<String, Used> = nodes["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|node| (text(&node["metadata"]["name"]), Used::of(&node["status"][part])))
            .collect();
        if metrics.is_empty() {
            return Err(Failure::error("metrics not available yet"));
        }
        let mut rows: Vec<(String, Used)> =
            metrics.iter().map(|one| (text(&one["metadata"]["name"]), Used::of(&one["usage"]))).collect();
        rows.sort_by_key(|(name, used)| (used.key(self.shown.sort_by.as_deref()), name.clone()));
        let mut table = String::new();
        if !self.shown.no_headers {
            table += "NAME\tCPU(cores)\tCPU(%)\tMEMORY(bytes)\tMEMORY(%)\t\n";
        }
        for (name, used) in rows {
            let of = whole.get(&name).copied().unwrap_or_default();
            let percent = |part: i64, of: i64| (part * 100).checked_div(of).unwrap_or_default();
            let (cpu, memory) = (percent(used.cpu, of.cpu), percent(used.memory, of.memory));
            table += &format!("{name}\t{}m\t{cpu}%\t{}Mi\t{memory}%\t\n", used.cpu, used.memory / MEBI);
        }
        session.print(Tabs::table().align(&table))
    }
}

impl Verb for Pod {
    const NAME: &'static str = "pod";
    const ABOUT: &'static str = "Muestra cuánta CPU y memoria usan los pods";
    const USAGE: &'static str = "[NOMBRE | -l SELECTOR] [-A] [--containers]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        self.shown.check(session)?;
        let namespace = session.namespace().await?;
        let path = if self.all_namespaces {
            format!("{METRICS}/pods")
        } else {
            format!("{METRICS}/namespaces/{namespace}/pods")
        };
        let metrics = self.shown.ask(&path, self.field_selector.clone(), session).await?;
        if metrics.is_empty() {
            let place = if self.all_namespaces { String::new() } else { format!(" in {namespace} namespace") };
            return session.note(format!("No resources found{place}."));
        }
        let table = self.table(&metrics);
        session.print(Tabs::table().align(&table))
    }
}

impl Pod {
    fn table(&self, metrics: &[Value]) -> String {
        let mut rows: Vec<(Used, String, &Value)> =
            metrics.iter().map(|one| (total(one), text(&one["metadata"]["name"]), one)).collect();
        rows.sort_by_key(|(used, name, one)| {
            (used.key(self.shown.sort_by.as_deref()), text(&one["metadata"]["namespace"]), name.clone())
        });
        let place =
            |one: &Value| if self.all_namespaces { text(&one["metadata"]["namespace"]) + "\t" } else { String::new() };
        let mut table = String::new();
        if !self.shown.no_headers {
            table += if self.all_namespaces { "NAMESPACE\t" } else { "" };
            table += if self.containers { "POD\tNAME\t" } else { "NAME\t" };
            table += "CPU(cores)\tMEMORY(bytes)\t\n";
        }
        let mut sum = Used::default();
        for (used, name, one) in rows {
            sum = sum.plus(used);
            if !self.containers {
                table += &format!("{}{name}\t{}\n", place(one), used.cells());
                continue;
            }
            for container in one["containers"].as_array().into_iter().flatten() {
                let cells = Used::of(&container["usage"]).cells();
                table += &format!("{}{name}\t{}\t{cells}\n", place(one), text(&container["name"]));
            }
        }
        if self.sum {
            let columns = 1 + usize::from(self.all_namespaces) + usize::from(self.containers);
            table +=
                &format!("{}________\t________\t\n{}{}\n", "\t".repeat(columns), "\t".repeat(columns), sum.cells());
        }
        table
    }
}

fn total(metrics: &Value) -> Used {
    let containers = metrics["containers"].as_array().into_iter().flatten();
    containers.fold(Used::default(), |sum, one| sum.plus(Used::of(&one["usage"])))
}
