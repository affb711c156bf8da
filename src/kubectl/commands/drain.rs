//! `kubectl drain`: a node is closed and its pods are asked to go. Must not delete what evictions may refuse, unless told.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::cordon::Nodes;
use crate::kubectl::duration;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::DryRun;
use crate::kubectl::grammar;
use crate::kubectl::rest::Ask;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;
use crate::kubectl::watching;

/// Before an eviction that a budget refused is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// Arguments of `drain`.
#[derive(Args, Debug)]
pub(crate) struct Drain {
    #[command(flatten)]
    nodes: Nodes,
    /// Sigue aunque haya pods de DaemonSets, que se quedan.
    #[arg(long)]
    ignore_daemonsets: bool,
    /// Sigue aunque haya pods con datos en emptyDir, que se pierden.
    #[arg(long)]
    delete_emptydir_data: bool,
    /// Sigue aunque haya pods sin dueño, que no vuelven.
    #[arg(long)]
    force: bool,
    /// Segundos que tienen para despedirse.
    #[arg(long, value_name = "SEGUNDOS", default_value_t = -1, hide_default_value = true, value_parser = grammar::int)]
    grace_period: i64,
    /// Cuánto se espera como mucho.
    #[arg(long, value_name = "TIEMPO", value_parser = duration::parse)]
    timeout: Option<Duration>,
    /// Borra los pods sin preguntar a ningún `PodDisruptionBudget`.
    #[arg(long)]
    disable_eviction: bool,
    /// Solo los pods con estas etiquetas.
    #[arg(long, value_name = "SELECTOR")]
    pod_selector: Option<String>,
}

impl Verb for Drain {
    const NAME: &'static str = "drain";
    const ABOUT: &'static str = "Vacía un nodo: lo cierra y saca sus pods";
    const USAGE: &'static str = "NODO… [OPCIONES]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let dry_run = self.nodes.dry_run.read()?;
        let (infos, failures) = self.nodes.infos(session).await?;
        Failure::all(failures)?;
        self.nodes.mark(&infos, true, session).await?;
        let (mut remaining, mut fatal) = (Vec::new(), Vec::new());
        for info in &infos {
            match self.one(&info.name, dry_run, session).await {
                Ok(()) => session.line(format!("node/{} {}", info.name, dry_run.did("drained")))?,
                Err(failure) => {
                    let why = failure.message();
                    session.note(format!(
                        "error: unable to drain node {:?} due to error: {why}, continuing command...",
                        info.name
                    ))?;
                    remaining.push(info.name.clone());
                    fatal.push(failure);
                }
            }
        }
        if !remaining.is_empty() {
            session.note("There are pending nodes to be drained:")?;
            for name in remaining {
                session.note(format!(" {name}"))?;
            }
        }
        super::change::together(fatal)
    }
}

/// The pods of a node: those that go, what is warned of, and why others keep the node from being drained.
#[derive(Debug, Default)]
struct Sorted {
    go: Vec<Value>,
    warnings: BTreeMap<&'static str, Vec<String>>,
    errors: BTreeMap<&'static str, Vec<String>>,
}

impl Drain {
    async fn one(&self, node: &str, dry_run: DryRun, session: &mut Session<'_>) -> Outcome {
        let sorted = self.sorted(node, session).await?;
        if !sorted.errors.is_empty() {
            let errors = sorted.errors.iter().map(|(why, pods)| Failure::error(format!("{why}: {}", pods.join(", "))));
            return Err(Failure::Several(errors.collect()));
        }
        if !sorted.warnings.is_empty() {
            let told: Vec<String> =
                sorted.warnings.iter().map(|(what, pods)| format!("{what}: {}", pods.join(", "))).collect();
            session.note(format!("Warning: {}", told.join("; ")))?;
        }
        if dry_run.is_client() {
            for pod in &sorted.go {
                session.line(format!("evicting pod {} (dry run)", full_name(pod)))?;
            }
            return Ok(());
        }
        let emptied = match self.timeout.filter(|limit| !limit.is_zero()) {
            None => self.empty(&sorted.go, dry_run, session).await,
            Some(limit) => timeout(limit, self.empty(&sorted.go, dry_run, session))
                .await
                .unwrap_or_else(|_| Err(Failure::error(format!("drain did not complete within {limit:?}")))),
        };
        if let Err(failure) = emptied {
            self.tell_pending(node, &failure, session).await?;
            return Err(failure);
        }
        Ok(())
    }

    /// Removes the pods, and waits until they are gone.
    async fn empty(&self, pods: &[Value], dry_run: DryRun, session: &mut Session<'_>) -> Outcome {
        let mut failures = Vec::new();
        for pod in pods {
            failures.extend(self.remove(pod, dry_run, session).await.err());
        }
        if dry_run == DryRun::None && failures.is_empty() {
            for pod in pods {
                failures.extend(self.gone(pod, session).await.err());
            }
        }
        super::change::together(failures)
    }

    async fn tell_pending(&self, node: &str, failure: &Failure, session: &mut Session<'_>) -> Outcome {
        let left = self.sorted(node, session).await?.go;
        if left.is_empty() {
            return Ok(());
        }
        session
            .note(format!("There are pending pods in node {node:?} when an error occurred: {}", failure.message()))?;
        for pod in &left {
            session.note(format!("pod/{}", text(&pod["metadata"]["name"])))?;
        }
        Ok(())
    }

    async fn sorted(&self, node: &str, session: &mut Session<'_>) -> Outcome<Sorted> {
        let ask = Ask::get("/api/v1/pods")
            .with("fieldSelector", format!("spec.nodeName={node}"))
            .maybe("labelSelector", self.pod_selector.clone());
        let list = session.list(ask).await?;
        let mut sorted = Sorted::default();
        for pod in list["items"].as_array().into_iter().flatten() {
            self.sort(pod, &mut sorted, session).await?;
        }
        Ok(sorted)
    }

    /// kubectl's filters in their order (`pkg/drain/filters.go`).
    async fn sort(&self, pod: &Value, sorted: &mut Sorted, session: &mut Session<'_>) -> Outcome {
        let name = full_name(pod);
        let ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        let owner = controller(pod);
        if let Some(owner) = owner.filter(|owner| owner["kind"] == "DaemonSet" && !ended) {
            let path = format!(
                "/apis/apps/v1/namespaces/{}/daemonsets/{}",
                text(&pod["metadata"]["namespace"]),
                text(&owner["name"])
            );
            match session.ask(Ask::get(path)).await {
                Ok(_) if self.ignore_daemonsets => {
                    sorted.warnings.entry("ignoring DaemonSet-managed Pods").or_default().push(name);
                    return Ok(());
                }
                Ok(_) => {
                    let why = "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)";
                    sorted.errors.entry(why).or_default().push(name);
                    return Ok(());
                }
                Err(failure) if failure.is_not_found() && self.force => {}
                Err(failure) => return Err(failure),
            }
        }
        if !pod["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_null() {
            return Ok(());
        }
        let local = pod["spec"]["volumes"].as_array().into_iter().flatten().any(|volume| !volume["emptyDir"].is_null());
        if local && !ended && !self.delete_emptydir_data {
            let why = "cannot delete Pods with local storage (use --delete-emptydir-data to override)";
            sorted.errors.entry(why).or_default().push(name);
            return Ok(());
        }
        if local && !ended {
            sorted.warnings.entry("deleting Pods with local storage").or_default().push(name.clone());
        }
        if owner.is_none() && !ended {
            if !self.force {
                let why = "cannot delete Pods that declare no controller (use --force to override)";
                sorted.errors.entry(why).or_default().push(name);
                return Ok(());
            }
            sorted.warnings.entry("deleting Pods that declare no controller").or_default().push(name);
        }
        sorted.go.push(pod.clone());
        Ok(())
    }

    /// Evicts a pod, again and again while a budget refuses.
    async fn remove(&self, pod: &Value, dry_run: DryRun, session: &mut Session<'_>) -> Outcome {
        let deed = if self.disable_eviction { "deleting" } else { "evicting" };
        session.note(format!("{deed} pod {}", full_name(pod)))?;
        let (namespace, name) = (text(&pod["metadata"]["namespace"]), text(&pod["metadata"]["name"]));
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
        let mut options = json!({});
        if self.grace_period >= 0 {
            options["gracePeriodSeconds"] = self.grace_period.into();
        }
        let ask = if self.disable_eviction {
            Ask::delete(path, &options)
        } else {
            let metadata = json!({ "name": name, "namespace": namespace });
            let eviction = json!({ "apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata, "deleteOptions": options });
            Ask::post(format!("{path}/eviction"), &eviction)
        };
        let ask = ask.maybe("dryRun", dry_run.parameter());
        loop {
            match session.ask(ask.clone()).await {
                Ok(_) => return Ok(()),
                Err(failure) if failure.is_not_found() => return Ok(()),
                Err(failure) if failure.reason() == "TooManyRequests" => {
                    session.note(format!(
                        "error when evicting pods/{name:?} -n {namespace:?} (will retry after 5s): {}",
                        failure.message()
                    ))?;
                    sleep(AGAIN).await;
                }
                Err(failure) => {
                    return Err(failure.before(&format!("error when {deed} pods/{name:?} -n {namespace:?}: ")));
                }
            }
        }
    }

    async fn gone(&self, pod: &Value, session: &mut Session<'_>) -> Outcome {
        let (namespace, name) = (text(&pod["metadata"]["namespace"]), text(&pod["metadata"]["name"]));
        let uid = text(&pod["metadata"]["uid"]);
        let path = format!("/api/v1/namespaces/{namespace}/pods");
        let is_same = |object: &Value| object["metadata"]["uid"] == uid.as_str();
        let waiting =
            watching::until(session, &path, &name, |_, object| Ok((!object.is_some_and(is_same)).then_some(())));
        waiting.await.map_err(|failure| {
            failure.before(&format!("error when waiting for pod {name:?} in namespace {namespace:?} to terminate: "))
        })?;
        session.line(format!("pod/{name} {}", if self.disable_eviction { "deleted" } else { "evicted" }))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().into()
}

/// `default/web-1`.
fn full_name(pod: &Value) -> String {
    format!("{}/{}", text(&pod["metadata"]["namespace"]), text(&pod["metadata"]["name"]))
}

/// Who makes this pod anew.
fn controller(pod: &Value) -> Option<&Value> {
    pod["metadata"]["ownerReferences"].as_array()?.iter().find(|owner| owner["controller"] == true)
}
