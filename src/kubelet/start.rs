//! Makes sandboxes and starts containers: what a pod's plan asks for, carried out. Must not decide what to start.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Container;

use super::context::{CLUSTER_DOMAIN, Context};
use super::handler::Target;
use super::pod::backoff::{Backoff, go_duration, signed};
use super::pod::spec::{self, Restart};
use super::pod::state::{Failure, Instance, NOT_RUN};
use super::refresh::Refresh;
use super::runtime::{ContainerSpec, Dns, HostPort, Image, Resources, RuntimeError, SandboxSpec};
use super::sources::Sources;
use super::{env, stop, volumes};
use crate::base::net::door_of;
use crate::base::quantity::Quantity;
use crate::client::pod::Pod;

/// Wait before what depends on other objects is tried again (kubelet's sync period after an error).
const RETRY: Duration = Duration::from_secs(2);

/// Makes the pod's sandbox with its volumes; answers its address and what its volumes hold.
pub(crate) async fn sandbox(context: &Context, pod: &Pod) -> Result<(IpAddr, Refresh), Failure> {
    let (spec, refresh) = sandbox_spec(context, pod).await.map_err(|message| {
        context.recorder.warning(pod, "FailedMount", message.clone());
        failure(context, "ContainerCreating", message)
    })?;
    let ip = spec.ip;
    context.runtime.run_sandbox(spec).await.map_err(|error| {
        let message = format!("Failed to create pod sandbox: {error}");
        context.recorder.warning(pod, "FailedCreatePodSandBox", message.clone());
        failure(context, "ContainerCreating", message)
    })?;
    Ok((ip, refresh))
}

async fn sandbox_spec(context: &Context, pod: &Pod) -> Result<(SandboxSpec, Refresh), String> {
    let sources = context.reader.read(pod, &volumes::wanted(pod)).await.map_err(|error| error.to_string())?;
    let facts = volumes::Facts {
        pod,
        host_ip: context.host.ip,
        sources: &sources,
        node: &context.allocatable,
        disk: &context.disk,
    };
    let volumes = volumes::resolve(&facts)?;
    let refresh = Refresh::made(context, pod, &volumes, &sources);
    let id = spec::id(pod);
    let ip = context.ipam.lock().allocate(&id.uid)?;
    let spec = spec::spec(pod);
    let aliases = spec.host_aliases.iter().flatten();
    let spec = SandboxSpec {
        ip,
        hostname: spec.hostname.clone().unwrap_or_else(|| id.name.clone()),
        labels: pod.metadata.labels.clone().unwrap_or_default(),
        hosts: aliases.filter_map(|it| Some((it.ip.parse().ok()?, it.hostnames.clone()?))).collect(),
        dns: dns(context, pod, &id.namespace),
        host_ports: host_ports(pod, own_door(context.host.ip)),
        alone: spec::all_containers(pod).count() == 1,
        volumes,
        pod: id,
    };
    Ok((spec, refresh))
}

fn dns(context: &Context, pod: &Pod, namespace: &str) -> Dns {
    let spec = spec::spec(pod);
    let mut dns = Dns::default();
    if matches!(spec.dns_policy.as_deref(), None | Some("ClusterFirst" | "ClusterFirstWithHostNet")) {
        let searches = [format!("{namespace}.svc.{CLUSTER_DOMAIN}"), format!("svc.{CLUSTER_DOMAIN}")];
        dns.servers.extend(context.cluster_dns);
        dns.searches = searches.into_iter().chain([CLUSTER_DOMAIN.to_owned()]).collect();
        dns.options = vec!["ndots:5".into()];
    }
    if let Some(extra) = &spec.dns_config {
        dns.servers.extend(extra.nameservers.iter().flatten().filter_map(|it| it.parse::<IpAddr>().ok()));
        dns.searches.extend(extra.searches.iter().flatten().cloned());
        let option = |it: &k8s_openapi::api::core::v1::PodDNSConfigOption| {
            let name = it.name.clone().unwrap_or_default();
            it.value.as_ref().map_or(name.clone(), |value| format!("{name}:{value}"))
        };
        dns.options.extend(extra.options.iter().flatten().map(option));
    }
    dns
}

/// The worker's address on this machine. Only Linux gives the whole of 127.0.0.0/8 away.
fn own_door(node: IpAddr) -> Option<IpAddr> {
    door_of(node).filter(|_| cfg!(target_os = "linux"))
}

fn host_ports(pod: &Pod, own: Option<IpAddr>) -> Vec<HostPort> {
    let ports = spec::all_containers(pod).flat_map(|container| container.ports.iter().flatten());
    let host_port = |port: &k8s_openapi::api::core::v1::ContainerPort| {
        Some(HostPort {
            host_ip: port.host_ip.as_ref().and_then(|ip| ip.parse().ok()).filter(IpAddr::is_loopback).or(own),
            host_port: u16::try_from(port.host_port?).ok()?,
            container_port: u16::try_from(port.container_port).ok()?,
            udp: port.protocol.as_deref() == Some("UDP"),
        })
    };
    ports.filter_map(host_port).collect()
}

/// What a start needs to know of the earlier ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    pub(crate) attempt: u32,
    pub(crate) pull: Backoff,
    pub(crate) ip: IpAddr,
}

/// Pulls the image if needed and starts the container.
pub(crate) async fn container(
    context: &Context,
    pod: &Pod,
    container: &Container,
    before: Before,
) -> Result<Instance, (Failure, Backoff)> {
    let keep = |failure| (failure, before.pull);
    let image = ensure_image(context, pod, container, before.pull).await?;
    let spec = container_spec(context, pod, container, before).await.map_err(|message| {
        context.container_event(pod, &container.name, true, "Failed", format!("Error: {message}"));
        keep(failure(context, "CreateContainerConfigError", message))
    })?;
    let hash = spec.hash.clone();
    let id = context.runtime.start(spec).await.map_err(|error| {
        let message = error.to_string();
        context.container_event(pod, &container.name, true, "Failed", format!("Error: {message}"));
        keep(failure(context, NOT_RUN, message))
    })?;
    context.container_event(pod, &container.name, false, "Created", format!("Created container: {}", container.name));
    context.container_event(pod, &container.name, false, "Started", format!("Started container {}", container.name));
    let condemned = post_start(context, pod, container, &id, before.ip).await;
    Ok(Instance {
        id,
        condemned,
        image: container.image.clone().unwrap_or_default(),
        image_id: image.id,
        attempt: before.attempt,
        hash,
        started_at: context.clock.now(),
        started: container.startup_probe.is_none(),
        ready: container.readiness_probe.is_none(),
        ..Instance::default()
    })
}

/// Runs the postStart hook: nothing else of the pod goes on before it ends. A hook that fails condemns the container;
/// answers the message of its `Killing` event.
async fn post_start(context: &Context, pod: &Pod, container: &Container, id: &str, ip: IpAddr) -> Option<String> {
    let hook = container.lifecycle.as_ref()?.post_start.as_ref()?;
    let target = Target { container: container.clone(), id: id.to_owned(), ip };
    let cause = stop::run_hook(context, &target, hook).await.err()?;
    tracing::debug!(cause, container = container.name, "postStart hook failed");
    context.container_event(pod, &container.name, true, "FailedPostStartHook", "PostStartHook failed".into());
    Some("FailedPostStartHook".into())
}

async fn container_spec(
    context: &Context,
    pod: &Pod,
    container: &Container,
    before: Before,
) -> Result<ContainerSpec, String> {
    let wanted = env::wanted(container);
    let sources = if wanted == super::sources::Wanted::default() {
        Sources::default()
    } else {
        context.reader.read(pod, &wanted).await.map_err(|error| error.to_string())?
    };
    let id = spec::id(pod);
    let services = context.services_for(&id.namespace);
    let facts = env::Facts {
        pod,
        ip: before.ip,
        host_ip: context.host.ip,
        sources: &sources,
        services: &services,
        node: &context.allocatable,
    };
    let env = env::resolve(container, &facts)?;
    let lookup = |name: &str| env.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let expanded = |words: &Option<Vec<String>>| words.iter().flatten().map(|it| env::expand(it, lookup)).collect();
    Ok(ContainerSpec {
        name: container.name.clone(),
        image: container.image.clone().unwrap_or_default(),
        attempt: before.attempt,
        hash: spec::hash(container),
        command: expanded(&container.command),
        args: expanded(&container.args),
        working_dir: container.working_dir.clone().unwrap_or_default(),
        mounts: volumes::mounts(pod, container),
        ports: container.ports.iter().flatten().filter_map(|it| u16::try_from(it.container_port).ok()).collect(),
        resources: resources(container),
        tty: container.tty.unwrap_or(false),
        stdin: container.stdin.unwrap_or(false),
        stdin_once: container.stdin_once.unwrap_or(false),
        user: user(pod, container),
        message_from_log: container.termination_message_policy.as_deref() == Some("FallbackToLogsOnError"),
        finite: spec::restart(pod) != Restart::Always,
        env,
        pod: id,
    })
}

fn resources(container: &Container) -> Resources {
    let declared = container.resources.clone().unwrap_or_default();
    let (requests, limits) = (declared.requests.unwrap_or_default(), declared.limits.unwrap_or_default());
    let quantity = |map: &std::collections::BTreeMap<String, _>, name: &str| {
        let found: Option<&k8s_openapi::apimachinery::pkg::api::resource::Quantity> = map.get(name);
        found.and_then(|it| Quantity::parse(&it.0).ok())
    };
    Resources {
        cpu_request: quantity(&requests, "cpu").map(|it| it.milli()),
        cpu_limit: quantity(&limits, "cpu").map(|it| it.milli()),
        memory_limit: quantity(&limits, "memory").map(|it| it.value()),
    }
}

fn user(pod: &Pod, container: &Container) -> String {
    let (own, shared) = (container.security_context.as_ref(), spec::spec(pod).security_context.as_ref());
    let user = own.and_then(|it| it.run_as_user).or(shared.and_then(|it| it.run_as_user));
    let group = own.and_then(|it| it.run_as_group).or(shared.and_then(|it| it.run_as_group));
    match (user, group) {
        (Some(user), Some(group)) => format!("{user}:{group}"),
        (Some(user), None) => user.to_string(),
        (None, _) => String::new(),
    }
}

/// The image, pulled if its policy or its absence asks for it, with the kubelet's events.
async fn ensure_image(
    context: &Context,
    pod: &Pod,
    container: &Container,
    backoff: Backoff,
) -> Result<Image, (Failure, Backoff)> {
    let reference = container.image.as_deref().unwrap_or_default();
    let event = |warning, reason, message| context.container_event(pod, &container.name, warning, reason, message);
    let policy = spec::pull_policy(container);
    match context.runtime.image(reference).await {
        Ok(Some(image)) if policy != "Always" => {
            event(false, "Pulled", format!("Container image \"{reference}\" already present on machine"));
            return Ok(image);
        }
        Ok(None) if policy == "Never" => {
            let message = format!("Container image \"{reference}\" is not present with pull policy of Never");
            event(true, "ErrImageNeverPull", message.clone());
            return Err((failure(context, "ErrImageNeverPull", message), backoff));
        }
        Err(RuntimeError::InvalidImage(message)) => {
            event(true, "InspectFailed", message.clone());
            return Err((failure(context, "InvalidImageName", message), backoff));
        }
        Ok(_) => {}
        Err(error) => return Err((failure(context, "ImageInspectError", error.to_string()), backoff)),
    }
    event(false, "Pulling", format!("Pulling image \"{reference}\""));
    let begun = context.clock.elapsed();
    match context.runtime.pull(reference).await {
        Ok(image) => {
            let took = go_duration(Duration::from_millis(
                u64::try_from(context.clock.elapsed().saturating_sub(begun).as_millis()).unwrap_or(u64::MAX).max(1),
            ));
            let size = image.size;
            let message = format!(
                "Successfully pulled image \"{reference}\" in {took} ({took} including waiting). Image size: {size} bytes."
            );
            event(false, "Pulled", message);
            Ok(image)
        }
        Err(error) => Err(pull_failed(context, pod, container, backoff, &error)),
    }
}

fn pull_failed(
    context: &Context,
    pod: &Pod,
    container: &Container,
    backoff: Backoff,
    error: &RuntimeError,
) -> (Failure, Backoff) {
    let reference = container.image.as_deref().unwrap_or_default();
    let (now, timing) = (context.clock.now(), context.clock.timing);
    let event =
        |warning, reason, message: String| context.container_event(pod, &container.name, warning, reason, message);
    event(true, "Failed", format!("Failed to pull image \"{reference}\": {error}"));
    event(true, "Failed", "Error: ErrImagePull".into());
    event(false, "BackOff", format!("Back-off pulling image \"{reference}\""));
    event(true, "Failed", "Error: ImagePullBackOff".into());
    let backoff = backoff.next(now, now, timing);
    let retry = backoff.until(now, timing).map_or(now, |(until, _)| until);
    (Failure { reason: "ErrImagePull", message: error.to_string(), at: now, retry }, backoff)
}

fn failure(context: &Context, reason: &'static str, message: String) -> Failure {
    let now: Timestamp = context.clock.now();
    Failure { reason, message, at: now, retry: now + signed(RETRY) }
}
