//! `kubectl describe`: an object and what belongs to it on a page. One file a family of kinds; asking the server happens
//! here, the pages are pure. What has no page of its own is told field by field.

pub(super) mod access;
mod config;
mod events;
mod generic;
mod network;
mod node;
mod page;
mod pod;
mod scale;
mod storage;
pub(super) mod template;
mod workloads;

use clap::Args;
use serde_json::Value;

use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::{Files, Selectors};
use crate::kubectl::rest::Ask;
use crate::kubectl::select::{self, Info, Query, words};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;
use page::{Page, text};

/// Arguments of `describe`.
#[derive(Args, Debug)]
pub(crate) struct Describe {
    /// Qué describir.
    #[arg(value_name = "TIPO", hide = true)]
    args: Vec<String>,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    selectors: Selectors,
    /// Sin los eventos, con =false.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = crate::kubectl::grammar::boolean)]
    show_events: Option<bool>,
    /// Se acepta y no cambia nada.
    #[arg(long, value_name = "N", hide = true)]
    chunk_size: Option<String>,
}

impl Verb for Describe {
    const NAME: &'static str = "describe";
    const ABOUT: &'static str = "Cuenta todo de uno o varios objetos";
    const USAGE: &'static str = "TIPO [NOMBRE…] | TIPO/NOMBRE… | -f ARCHIVO";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        if self.args.is_empty() && self.files.is_empty() {
            return Err(Failure::error(
                "You must specify the type of resource to describe. Use \"kubectl api-resources\" for a complete list of supported resources.",
            ));
        }
        let query = Query {
            args: &self.args,
            files: self.files.clone(),
            selector: self.selectors.selector.as_deref(),
            fields: self.selectors.field_selector.as_deref(),
            all_namespaces: self.selectors.all_namespaces,
            kind_alone: true,
            ..Query::default()
        };
        let (mut infos, mut failures) = select::infos(session, &query).await?;
        if infos.is_empty() && failures.iter().all(Failure::is_not_found) && !failures.is_empty() {
            infos = self.beginning_so(session).await?;
            if !infos.is_empty() {
                failures.clear();
            }
        }
        let mut first = true;
        for info in &infos {
            let told = self.one(info, session).await?;
            session.print(if first { told } else { format!("\n\n{told}") })?;
            first = false;
        }
        if infos.is_empty() && failures.is_empty() {
            let place = if self.selectors.all_namespaces {
                String::new()
            } else {
                format!(" in {} namespace", session.namespace().await?)
            };
            session.note(format!("No resources found{place}."))?;
        }
        Failure::all(failures)
    }
}

impl Describe {
    /// A name that nobody has may be the beginning of several.
    async fn beginning_so(&self, session: &mut Session<'_>) -> Outcome<Vec<Info>> {
        let Ok(words::Words::Named(pairs)) = words::read(&self.args) else { return Ok(Vec::new()) };
        let [(kind, prefix)] = pairs.as_slice() else { return Ok(Vec::new()) };
        let args = [kind.clone()];
        let query = Query { args: &args, kind_alone: true, ..Query::default() };
        let (mut infos, _) = select::infos(session, &query).await?;
        infos.retain(|info| info.name.starts_with(prefix));
        Ok(infos)
    }

    async fn one(&self, info: &Info, session: &mut Session<'_>) -> Outcome<String> {
        let mut page = Page::default();
        tell(&mut page, info, session).await?;
        let wanted = self.show_events.unwrap_or(true) && !EVENTLESS.contains(&info.resource.kind.as_str());
        if wanted {
            let found = events::of(info, session).await?;
            events::tell(&mut page, &found, session.io.now());
        }
        Ok(page.aligned())
    }
}

/// Kinds whose pages end without events.
const EVENTLESS: [&str; 9] = [
    "Secret",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ResourceQuota",
    "LimitRange",
    "Namespace",
    "NetworkPolicy",
];

async fn tell(page: &mut Page, info: &Info, session: &mut Session<'_>) -> Outcome {
    let object = &info.object;
    match info.resource.kind.as_str() {
        "Pod" => pod::tell(page, object),
        "Deployment" => {
            let sets = within(info, "/apis/apps/v1", "replicasets", session).await?;
            workloads::deployment(page, object, &sets);
        }
        "ReplicaSet" | "ReplicationController" | "DaemonSet" | "StatefulSet" => {
            let pods = within(info, "/api/v1", "pods", session).await?;
            workloads::set(page, object, &info.resource.kind, &pods);
        }
        "Job" => workloads::job(page, object),
        "CronJob" => workloads::cron_job(page, object),
        "Service" => network::service(page, object, &slices(info, session).await?),
        "Ingress" => {
            let services = within(info, "/api/v1", "services", session).await?;
            let slices = within(info, "/apis/discovery.k8s.io/v1", "endpointslices", session).await?;
            network::ingress(page, object, &services, &slices);
        }
        "NetworkPolicy" => network::policy(page, object),
        "Endpoints" => network::endpoints_page(page, object),
        "EndpointSlice" => network::slice(page, object),
        "PriorityClass" => scale::priority(page, object),
        "ConfigMap" => config::config_map(page, object),
        "Secret" => config::secret(page, object),
        "ServiceAccount" => config::service_account(page, object, &within(info, "/api/v1", "secrets", session).await?),
        "Namespace" => {
            let path = |kind: &str| format!("/api/v1/namespaces/{}/{kind}", info.name);
            let quotas = all(session.list(Ask::get(path("resourcequotas"))).await?);
            let limits = all(session.list(Ask::get(path("limitranges"))).await?);
            config::namespace(page, object, &quotas, &limits);
        }
        "ResourceQuota" => config::quota(page, object),
        "LimitRange" => config::limit_range(page, object),
        "Node" => describe_node(page, info, session).await?,
        "Role" | "ClusterRole" => access::role(page, object),
        "RoleBinding" | "ClusterRoleBinding" => access::binding(page, object),
        "HorizontalPodAutoscaler" => scale::autoscaler(page, object),
        "PodDisruptionBudget" => scale::budget(page, object),
        "PersistentVolume" => storage::volume(page, object),
        "PersistentVolumeClaim" => {
            storage::claim(page, object, &within(info, "/api/v1", "pods", session).await?);
        }
        "StorageClass" => storage::class(page, object),
        _ => generic::tell(page, object),
    }
    Ok(())
}

/// The objects of a kind in the object's namespace.
async fn within(info: &Info, root: &str, plural: &str, session: &mut Session<'_>) -> Outcome<Vec<Value>> {
    let ask = Ask::get(format!("{root}/namespaces/{}/{plural}", info.namespace));
    session.list(ask).await.map(all)
}

fn all(mut list: Value) -> Vec<Value> {
    list["items"].as_array_mut().map(std::mem::take).unwrap_or_default()
}

async fn slices(info: &Info, session: &mut Session<'_>) -> Outcome<Vec<Value>> {
    let path = format!("/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices", info.namespace);
    let ask = Ask::get(path).with("labelSelector", format!("kubernetes.io/service-name={}", info.name));
    session.list(ask).await.map(all)
}

async fn describe_node(page: &mut Page, info: &Info, session: &mut Session<'_>) -> Outcome {
    let fields = format!("spec.nodeName={},status.phase!=Succeeded,status.phase!=Failed", info.name);
    let pods = session.list(Ask::get("/api/v1/pods").with("fieldSelector", fields)).await.map(all)?;
    let lease = format!("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{}", info.name);
    let lease = session.ask(Ask::get(lease)).await.unwrap_or_default();
    node::tell(page, &info.object, &lease, &pods, session.io.now());
    Ok(())
}

/// The name of an object.
fn name(object: &Value) -> String {
    text(&object["metadata"]["name"])
}
