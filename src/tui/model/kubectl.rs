//! The `kubectl` command that would do the same as an action of the dashboard. Pure.

use super::catalog::{Listing, Target};
use crate::tui::msg::{Deed, LogRequest};

/// The namespace as kubectl wants it; none for the one it takes by itself.
fn namespace(namespace: Option<&str>) -> String {
    match namespace {
        None | Some("" | "default") => String::new(),
        Some(other) => format!(" -n {other}"),
    }
}

/// `kubectl get pods -A -l app=web`; for several namespaces, which kubectl cannot ask for, one command each.
pub fn list(listing: &Listing) -> String {
    let labels = if listing.labels.is_empty() { String::new() } else { format!(" -l {}", listing.labels) };
    let one = |part: Option<String>| {
        let scope = match &part {
            _ if !listing.resource.namespaced => String::new(),
            None => " -A".into(),
            Some(name) => namespace(Some(name)),
        };
        format!("kubectl get {}{scope}{labels}", listing.resource.plural)
    };
    listing.parts().into_iter().map(one).collect::<Vec<_>>().join(" && ")
}

/// `kubectl describe pod web -n tienda`.
pub fn read(verb: &str, target: &Target, flags: &str) -> String {
    let name = format!("{} {}", target.resource.singular, target.name);
    format!("kubectl {verb} {name}{}{flags}", namespace(target.namespace.as_deref()))
}

/// `kubectl events --for pod/web`.
pub fn events(target: &Target) -> String {
    format!("kubectl events --for {}{}", target.short(), namespace(target.namespace.as_deref()))
}

/// A change of an object.
pub fn deed(target: &Target, deed: &Deed) -> String {
    let scope = namespace(target.namespace.as_deref());
    match deed {
        Deed::Delete => format!("kubectl delete {} {}{scope}", target.resource.singular, target.name),
        Deed::Scale(replicas) => format!("kubectl scale {} --replicas={replicas}{scope}", target.short()),
        Deed::Restart => format!("kubectl rollout restart {}{scope}", target.short()),
        Deed::Undo(None) => format!("kubectl rollout undo {}{scope}", target.short()),
        Deed::Undo(Some(revision)) => {
            format!("kubectl rollout undo {} --to-revision={revision}{scope}", target.short())
        }
        Deed::Pause(on) => {
            format!("kubectl rollout {} {}{scope}", if *on { "pause" } else { "resume" }, target.short())
        }
        Deed::Cordon(on) => format!("kubectl {} {}", if *on { "cordon" } else { "uncordon" }, target.name),
        Deed::Drain => format!("kubectl drain {} --ignore-daemonsets --delete-emptydir-data", target.name),
        Deed::Suspend(on) => {
            format!("kubectl patch {} -p '{{\"spec\":{{\"suspend\":{on}}}}}'{scope}", target.short())
        }
        Deed::Switch(on) => {
            format!("kubectl patch {} --type merge -p '{{\"spec\":{{\"enabled\":{on}}}}}'", target.short())
        }
        Deed::Trigger => format!("kubectl create job {0}-manual --from=cronjob/{0}{scope}", target.name),
        Deed::Image { container, image } => {
            format!("kubectl set image {} {container}={image}{scope}", target.short())
        }
        Deed::Label { key, value: Some(value) } => {
            format!("kubectl label {} {key}={value} --overwrite{scope}", target.short())
        }
        Deed::Label { key, value: None } => format!("kubectl label {} {key}-{scope}", target.short()),
    }
}

/// The same change of several objects of one kind, as few commands as kubectl needs: one a namespace.
pub fn deeds(targets: &[Target], change: &Deed) -> String {
    let mut spaces: Vec<Option<&str>> = targets.iter().map(|target| target.namespace.as_deref()).collect();
    spaces.sort_unstable();
    spaces.dedup();
    let one = |space: Option<&str>| {
        let within: Vec<&Target> = targets.iter().filter(|target| target.namespace.as_deref() == space).collect();
        let Some((first, rest)) = within.split_first() else { return String::new() };
        let command = deed(first, change);
        let more: String = rest
            .iter()
            .map(|target| match change {
                Deed::Delete => format!(" {}", target.name),
                _ => format!(" {}", target.short()),
            })
            .collect();
        let name = if matches!(change, Deed::Delete) { first.name.clone() } else { first.short() };
        command.replacen(&name, &format!("{name}{more}"), 1)
    };
    spaces.into_iter().map(one).collect::<Vec<_>>().join(" && ")
}

/// `kubectl logs web -c app -f`.
pub fn logs(request: &LogRequest) -> String {
    let container = request.container.as_ref().map(|name| format!(" -c {name}")).unwrap_or_default();
    let how = how(request.previous, request.minutes);
    format!("kubectl logs {}{container}{how}{}", request.pod, namespace(Some(&request.namespace)))
}

/// `kubectl logs deployment/web --all-pods --all-containers --prefix -f`; of a pod, its containers.
pub fn all_logs(of: &Target, previous: bool, minutes: u32) -> String {
    let (name, pods) = if of.resource.kind == "Pod" { (of.name.clone(), "") } else { (of.short(), " --all-pods") };
    let how = how(previous, minutes);
    format!("kubectl logs {name}{pods} --all-containers --prefix{how}{}", namespace(of.namespace.as_deref()))
}

fn how(previous: bool, minutes: u32) -> String {
    let since = if minutes > 0 { format!(" --since={minutes}m") } else { String::new() };
    format!("{}{since}", if previous { " --previous" } else { " -f" })
}
