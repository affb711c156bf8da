//! What is tied to an object without owning it: who selects it, who mounts it, what it uses, where it runs.

use serde_json::Value;

use super::tree::owned;
use super::{Link, heading, link};
use crate::tui::model::catalog::{Target, find};
use crate::tui::model::light::Light;
use crate::tui::model::world::{World, carries, each, name, namespace, satisfies, text};
use crate::tui::state::State;

/// One section: its heading and its lines.
type Section = (&'static str, Vec<Link>);

/// Everything tied to an object, section by section; those without lines are left out.
pub fn relations(object: &Value, world: &World, state: &State) -> Vec<Link> {
    let around = Around { object, world, state };
    let sections: Vec<Section> = vec![
        ("corre en", around.runs_on()),
        ("corren aquí", around.runs_here()),
        ("lo eligen por sus etiquetas", around.selected_by()),
        ("elige por etiquetas", around.selects()),
        ("le pertenecen", around.owns()),
        ("usa", around.uses()),
        ("lo usan", around.used_by()),
        ("lo escala", around.scaled_by()),
        ("lleva tráfico a", around.routes_to()),
        ("le llega tráfico de", around.routed_from()),
        ("almacenamiento", around.stored()),
        ("permisos", around.bound()),
    ];
    let full = sections.into_iter().filter(|(_, lines)| !lines.is_empty());
    full.flat_map(|(title, lines)| std::iter::once(heading(title)).chain(lines)).collect()
}

struct Around<'a> {
    object: &'a Value,
    world: &'a World,
    state: &'a State,
}

impl<'a> Around<'a> {
    fn kind(&self) -> &'a str {
        text(self.object, "/kind")
    }

    fn link(&self, object: &Value, note: &str) -> Link {
        link(object, note, self.state)
    }

    /// The line of an object known only by name: lit when it is around, bad when it ought to be and is not.
    fn by_name(&self, kind: &str, word: &str, wanted: &str, note: &str) -> Link {
        if let Some(found) = self.world.named(kind, namespace(self.object), wanted) {
            return self.link(found, note);
        }
        let resource = find(&self.state.catalog, word);
        let listed = self.world.knows(kind) && self.world.of(kind).next().is_some();
        let target = resource.filter(|_| !listed).map(|resource| {
            let namespace = resource.namespaced.then(|| namespace(self.object).to_string());
            Target { resource, namespace, name: wanted.into() }
        });
        let (light, note) =
            if listed { (Some(Light::Bad), format!("{note} · no existe")) } else { (None, note.into()) };
        Link { label: format!("{}/{wanted}", kind.to_lowercase()), note, light, target, ..Link::default() }
    }

    /// The pod's spec, or that of the template.
    fn pod_spec(&self) -> &'a Value {
        pod_spec(self.object)
    }

    fn pod_labels(&self) -> &'a Value {
        match self.kind() {
            "Pod" => &self.object["metadata"]["labels"],
            _ => &self.object["spec"]["template"]["metadata"]["labels"],
        }
    }

    fn runs_on(&self) -> Vec<Link> {
        let node = text(self.object, "/spec/nodeName");
        if self.kind() != "Pod" || node.is_empty() {
            return Vec::new();
        }
        vec![self.by_name("Node", "nodes", node, "")]
    }

    fn runs_here(&self) -> Vec<Link> {
        if self.kind() != "Node" {
            return Vec::new();
        }
        self.world.of("Pod").map(|pod| self.link(pod, namespace(pod))).collect()
    }

    fn selected_by(&self) -> Vec<Link> {
        let labels = self.pod_labels();
        if labels.is_null() {
            return Vec::new();
        }
        let services = self.world.of("Service").filter(|service| carries(labels, &service["spec"]["selector"]));
        let budgets = self.world.of("PodDisruptionBudget").filter(|it| satisfies(labels, &it["spec"]["selector"]));
        let policies = self.world.of("NetworkPolicy").filter(|it| satisfies(labels, &it["spec"]["podSelector"]));
        services.chain(budgets).chain(policies).map(|each| self.link(each, "")).collect()
    }

    fn selects(&self) -> Vec<Link> {
        let spec = &self.object["spec"];
        let chosen = |pod: &&Value| match self.kind() {
            "Service" => carries(&pod["metadata"]["labels"], &spec["selector"]),
            "PodDisruptionBudget" => satisfies(&pod["metadata"]["labels"], &spec["selector"]),
            "NetworkPolicy" => satisfies(&pod["metadata"]["labels"], &spec["podSelector"]),
            _ => false,
        };
        self.world.of("Pod").filter(chosen).map(|pod| self.link(pod, "")).collect()
    }

    /// What it made, and what that made: a Deployment's ReplicaSets and their pods.
    fn owns(&self) -> Vec<Link> {
        let made = owned(self.object, self.world);
        let each = made
            .flat_map(|child| std::iter::once((child, "")).chain(owned(child, self.world).map(|it| (it, name(child)))));
        each.map(|(it, by)| self.link(it, &if by.is_empty() { String::new() } else { format!("de {by}") })).collect()
    }

    /// What a pod needs by name.
    fn uses(&self) -> Vec<Link> {
        let spec = self.pod_spec();
        let mut lines: Vec<Link> =
            needs(spec).into_iter().map(|(kind, word, wanted, how)| self.by_name(kind, word, wanted, how)).collect();
        let account = text(spec, "/serviceAccountName");
        if !account.is_empty() {
            lines.push(self.by_name("ServiceAccount", "serviceaccounts", account, "su identidad"));
        }
        lines
    }

    /// The pods and templates that need this object by name.
    fn used_by(&self) -> Vec<Link> {
        let (kind, own) = (self.kind(), name(self.object));
        let mine = |how: &(&str, &str, &str, &'static str)| how.0 == kind && how.2 == own;
        let users = self.world.objects.iter().filter_map(|other| {
            let spec = pod_spec(other);
            let how = needs(spec).into_iter().find(mine).map(|need| need.3);
            let account = kind == "ServiceAccount" && spec["serviceAccountName"] == own;
            how.or(account.then_some("su identidad")).map(|how| self.link(other, how))
        });
        users.collect()
    }

    fn scaled_by(&self) -> Vec<Link> {
        let mine = |scaler: &&Value| {
            text(scaler, "/spec/scaleTargetRef/kind") == self.kind()
                && text(scaler, "/spec/scaleTargetRef/name") == name(self.object)
        };
        self.world.of("HorizontalPodAutoscaler").filter(mine).map(|each| self.link(each, "")).collect()
    }

    fn routes_to(&self) -> Vec<Link> {
        if self.kind() != "Ingress" {
            return Vec::new();
        }
        backends(self.object)
            .into_iter()
            .map(|(path, service)| self.by_name("Service", "services", service, &path))
            .collect()
    }

    fn routed_from(&self) -> Vec<Link> {
        let own = name(self.object);
        let names: Vec<&str> = match self.kind() {
            "Service" => vec![own],
            _ => return Vec::new(),
        };
        let routes = self.world.of("Ingress").flat_map(|ingress| {
            backends(ingress)
                .into_iter()
                .filter(|(_, service)| names.contains(service))
                .map(move |(path, _)| (ingress, path))
        });
        routes.map(|(ingress, path)| self.link(ingress, &path)).collect()
    }

    fn stored(&self) -> Vec<Link> {
        let spec = &self.object["spec"];
        let class = || {
            let class = text(spec, "/storageClassName");
            (!class.is_empty()).then(|| self.by_name("StorageClass", "storageclasses", class, "su clase"))
        };
        match self.kind() {
            "PersistentVolumeClaim" => {
                let volume = text(spec, "/volumeName");
                let volume = (!volume.is_empty()).then(|| self.by_name("PersistentVolume", "pv", volume, "su volumen"));
                volume.into_iter().chain(class()).collect()
            }
            "PersistentVolume" => {
                let claim = &spec["claimRef"];
                let claims = self.world.of("PersistentVolumeClaim").filter(|it| {
                    it["metadata"]["name"] == claim["name"] && it["metadata"]["namespace"] == claim["namespace"]
                });
                claims.map(|it| self.link(it, "lo reclamó")).chain(class()).collect()
            }
            "StorageClass" => {
                let own = name(self.object);
                let of = |object: &&Value| text(object, "/spec/storageClassName") == own;
                self.world.objects.iter().filter(of).map(|each| self.link(each, "")).collect()
            }
            _ => Vec::new(),
        }
    }

    fn bound(&self) -> Vec<Link> {
        let (kind, own, space) = (self.kind(), name(self.object), namespace(self.object));
        let mine = |binding: &&Value| match kind {
            "ServiceAccount" => each(binding, "/subjects")
                .any(|subject| subject["kind"] == kind && subject["name"] == own && subject["namespace"] == space),
            "Role" | "ClusterRole" => text(binding, "/roleRef/kind") == kind && text(binding, "/roleRef/name") == own,
            _ => false,
        };
        let bindings = self.world.of("RoleBinding").chain(self.world.of("ClusterRoleBinding")).filter(mine);
        bindings.map(|each| self.link(each, &format!("da {}", text(each, "/roleRef/name")))).collect()
    }
}

fn pod_spec(object: &Value) -> &Value {
    match text(object, "/kind") {
        "Pod" => &object["spec"],
        "CronJob" => &object["spec"]["jobTemplate"]["spec"]["template"]["spec"],
        _ => &object["spec"]["template"]["spec"],
    }
}

/// What a pod's spec names: kind, word, name and how it is used.
fn needs(spec: &Value) -> Vec<(&'static str, &'static str, &str, &'static str)> {
    const PLACES: &[(&str, &str, &str, &str)] = &[
        ("/configMap/name", "ConfigMap", "configmaps", "como volumen"),
        ("/secret/secretName", "Secret", "secrets", "como volumen"),
        ("/persistentVolumeClaim/claimName", "PersistentVolumeClaim", "pvc", "como volumen"),
    ];
    const VARIABLES: &[(&str, &str, &str)] =
        &[("configMap", "ConfigMap", "configmaps"), ("secret", "Secret", "secrets")];
    let mut found = Vec::new();
    for volume in each(spec, "/volumes") {
        let named = PLACES.iter().map(|(path, kind, word, how)| (*kind, *word, text(volume, path), *how));
        found.extend(named);
    }
    for container in each(spec, "/initContainers").chain(each(spec, "/containers")) {
        for (field, kind, word) in VARIABLES {
            let all = each(container, "/envFrom").map(|from| text(from, &format!("/{field}Ref/name")));
            let one = each(container, "/env").map(|env| text(env, &format!("/valueFrom/{field}KeyRef/name")));
            found.extend(all.chain(one).map(|name| (*kind, *word, name, "en su entorno")));
        }
    }
    found.extend(
        each(spec, "/imagePullSecrets").map(|each| ("Secret", "secrets", text(each, "/name"), "para bajar la imagen")),
    );
    found.retain(|(_, _, name, _)| !name.is_empty());
    found.sort_unstable();
    found.dedup();
    found
}

/// Host and path of each rule of an Ingress, and the service behind it.
pub fn backends(ingress: &Value) -> Vec<(String, &str)> {
    let rules = each(ingress, "/spec/rules").flat_map(|rule| {
        each(rule, "/http/paths").map(move |path| {
            let host = Some(text(rule, "/host")).filter(|host| !host.is_empty()).unwrap_or("*");
            (format!("{host}{}", text(path, "/path")), text(path, "/backend/service/name"))
        })
    });
    let default = text(ingress, "/spec/defaultBackend/service/name");
    let default = (!default.is_empty()).then(|| ("lo demás".to_string(), default));
    rules.chain(default).collect()
}
