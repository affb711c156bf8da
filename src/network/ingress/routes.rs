//! Which backend a request has, from the Ingresses: host, then the longest path. Must not know services nor sockets.

use std::collections::HashMap;
use std::sync::Arc;

use k8s_openapi::api::networking::v1::{HTTPIngressPath, Ingress, IngressBackend};
use kube::ResourceExt;
use regex::Regex;

use crate::network::table::Name;

/// Replaces the path on the way to the backend.
const REWRITE: &str = "nginx.ingress.kubernetes.io/rewrite-target";
/// `false` leaves plain HTTP as it is though the host has TLS.
const REDIRECT: &str = "nginx.ingress.kubernetes.io/ssl-redirect";

/// A service and its port, by number or by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Backend {
    pub(super) service: Name,
    pub(super) port: Port,
}

/// How a backend names the service's port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Port {
    Number(u16),
    Name(String),
}

/// What is done with a request.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) backend: Backend,
    /// Plain HTTP is sent to HTTPS.
    pub(super) redirect: bool,
    rewrite: Option<(Regex, String)>,
}

/// Every rule, by host.
#[derive(Debug, Default)]
pub(super) struct Routes {
    /// The empty host is every other.
    hosts: HashMap<String, Vec<Rule>>,
    default: Option<Backend>,
    /// The Secrets with the certificates of hosts, the first given first.
    pub(super) certificates: Vec<(String, Name)>,
}

#[derive(Debug)]
struct Rule {
    path: Path,
    route: Route,
}

#[derive(Debug)]
enum Path {
    Exact(String),
    Prefix(String),
    Pattern(Regex, usize),
}

impl Routes {
    /// The rules of these Ingresses; where two say the same, the older one counts.
    pub(super) fn new(ingresses: &[Arc<Ingress>]) -> Self {
        let mut ingresses: Vec<&Arc<Ingress>> = ingresses.iter().collect();
        ingresses.sort_by_key(|ingress| (ingress.creation_timestamp(), ingress.namespace(), ingress.name_any()));
        let mut routes = Self::default();
        for ingress in ingresses {
            routes.add(ingress);
        }
        for rules in routes.hosts.values_mut() {
            // Stable: equal paths keep their age.
            rules.sort_by_key(|rule| std::cmp::Reverse(rule.path.weight()));
        }
        routes
    }

    /// What is done with a request for a host and a path; `None` when no rule and no default takes it.
    pub(super) fn find(&self, host: &str, path: &str) -> Option<Route> {
        let host = host.to_lowercase();
        let wildcard = host.split_once('.').map(|(_, rest)| format!("*.{rest}"));
        let rules = self.hosts.get(&host).or_else(|| self.hosts.get(&wildcard?)).or_else(|| self.hosts.get(""));
        let found = rules.into_iter().flatten().find(|rule| rule.path.takes(path));
        let default = || {
            let backend = self.default.clone()?;
            Some(Route { backend, redirect: false, rewrite: None })
        };
        found.map(|rule| rule.route.clone()).or_else(default)
    }

    fn add(&mut self, ingress: &Ingress) {
        let namespace = ingress.namespace().unwrap_or_default();
        let Some(spec) = &ingress.spec else { return };
        let secure: Vec<&String> = spec.tls.iter().flatten().flat_map(|tls| tls.hosts.iter().flatten()).collect();
        for tls in spec.tls.iter().flatten() {
            let Some(secret) = &tls.secret_name else { continue };
            let hosts =
                tls.hosts.iter().flatten().map(|host| (host.to_lowercase(), (namespace.clone(), secret.clone())));
            self.certificates.extend(hosts);
        }
        let redirects = ingress.annotations().get(REDIRECT).is_none_or(|value| value != "false");
        for rule in spec.rules.iter().flatten() {
            let host = rule.host.clone().unwrap_or_default();
            let redirect = redirects && secure.contains(&&host);
            for path in rule.http.iter().flat_map(|http| &http.paths) {
                let Some(rule) = rule_of(ingress, &namespace, path, redirect) else { continue };
                self.hosts.entry(host.to_lowercase()).or_default().push(rule);
            }
        }
        let default = spec.default_backend.as_ref().and_then(|backend| Backend::new(&namespace, backend));
        self.default = self.default.take().or(default);
    }
}

fn rule_of(ingress: &Ingress, namespace: &str, path: &HTTPIngressPath, redirect: bool) -> Option<Rule> {
    let backend = Backend::new(namespace, &path.backend)?;
    let text = path.path.clone().unwrap_or_else(|| "/".into());
    if let Some(target) = ingress.annotations().get(REWRITE) {
        let pattern = Regex::new(&format!("(?i)^{text}")).ok()?;
        let rewrite = Some((pattern.clone(), braced(target)));
        return Some(Rule { path: Path::Pattern(pattern, text.len()), route: Route { backend, redirect, rewrite } });
    }
    let path = if path.path_type == "Exact" { Path::Exact(text) } else { Path::Prefix(text) };
    Some(Rule { path, route: Route { backend, redirect, rewrite: None } })
}

/// `/$2` as the regex crate writes it: `/${2}`.
fn braced(target: &str) -> String {
    Regex::new(r"\$(\d)").map_or_else(|_| target.into(), |group| group.replace_all(target, "$${$1}").into_owned())
}

impl Backend {
    fn new(namespace: &str, backend: &IngressBackend) -> Option<Self> {
        let service = backend.service.as_ref()?;
        let port = service.port.as_ref()?;
        let number = port.number.and_then(|number| u16::try_from(number).ok()).map(Port::Number);
        let port = number.or_else(|| port.name.clone().map(Port::Name))?;
        Some(Self { service: (namespace.into(), service.name.clone()), port })
    }
}

impl Route {
    /// The path that the backend is asked for.
    pub(super) fn path(&self, asked: &str) -> String {
        let Some((pattern, target)) = &self.rewrite else { return asked.into() };
        let mut path = String::new();
        match pattern.captures(asked) {
            Some(groups) => groups.expand(target, &mut path),
            None => path.push_str(asked),
        }
        path
    }
}

impl Path {
    /// Longer first, and Exact before what it is a prefix of.
    fn weight(&self) -> (usize, bool) {
        match self {
            Self::Exact(path) => (path.len(), true),
            Self::Prefix(path) => (path.trim_end_matches('/').len(), false),
            Self::Pattern(_, length) => (*length, false),
        }
    }

    fn takes(&self, asked: &str) -> bool {
        match self {
            Self::Exact(path) => asked == path,
            Self::Pattern(pattern, _) => pattern.is_match(asked),
            // Element by element: `/foo` takes `/foo/bar` and not `/foobar`.
            Self::Prefix(path) => {
                let rest = asked.strip_prefix(path.trim_end_matches('/'));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn backend(name: &str) -> Value {
        json!({ "service": { "name": name, "port": { "number": 80 } } })
    }

    fn path(kind: &str, path: &str, name: &str) -> Value {
        json!({ "path": path, "pathType": kind, "backend": backend(name) })
    }

    fn ingress(spec: Value, annotations: Value) -> Arc<Ingress> {
        let metadata = json!({ "name": "i", "namespace": "a", "annotations": annotations });
        Arc::new(serde_json::from_value(json!({ "metadata": metadata, "spec": spec })).unwrap())
    }

    fn rule(host: &str, paths: Value) -> Value {
        json!({ "host": host, "http": { "paths": paths } })
    }

    fn found(routes: &Routes, host: &str, path: &str) -> String {
        routes.find(host, path).map_or_else(|| "404".into(), |route| route.backend.service.1)
    }

    #[test]
    fn the_longest_path_of_the_host_takes_the_request() {
        let paths = json!([
            path("Prefix", "/", "raíz"),
            path("Prefix", "/v1/", "v1"),
            path("Exact", "/v1", "exacto"),
            path("ImplementationSpecific", "/v1/x", "x")
        ]);
        let wild = json!([path("Prefix", "/w", "w")]);
        let routes = Routes::new(&[ingress(
            json!({ "rules": [rule("App.localhost", paths), rule("*.localhost", wild)] }),
            json!({}),
        )]);
        let cases = [
            ("app.localhost", "/", "raíz"),
            ("APP.localhost", "/v10", "raíz"),
            ("app.localhost", "/v1", "exacto"),
            ("app.localhost", "/v1/", "v1"),
            ("app.localhost", "/v1/y", "v1"),
            ("app.localhost", "/v1/x/y", "x"),
            ("otra.localhost", "/w/z", "w"),
            ("otra.localhost", "/", "404"),
            ("a.b.localhost", "/w", "404"),
            ("nada", "/", "404"),
        ];
        for (host, path, expected) in cases {
            assert_eq!(found(&routes, host, path), expected, "{host}{path}");
        }
    }

    #[test]
    fn what_no_rule_takes_goes_to_the_default_backend() {
        let one = ingress(json!({ "rules": [rule("app.localhost", json!([path("Exact", "/", "raíz")]))] }), json!({}));
        let other = ingress(json!({ "defaultBackend": backend("resto") }), json!({}));
        let routes = Routes::new(&[one, other]);
        assert_eq!([found(&routes, "app.localhost", "/x"), found(&routes, "nada", "/")], ["resto", "resto"]);
    }

    #[test]
    fn hosts_with_tls_send_plain_requests_there_unless_told_not_to() {
        let spec = json!({ "tls": [{ "hosts": ["app.localhost"], "secretName": "cert" }], "rules": [rule("app.localhost", json!([path("Prefix", "/", "web")]))] });
        let routes = Routes::new(&[ingress(spec.clone(), json!({}))]);
        assert!(routes.find("app.localhost", "/").unwrap().redirect);
        assert_eq!(routes.certificates, [("app.localhost".to_owned(), ("a".to_owned(), "cert".to_owned()))]);
        let routes = Routes::new(&[ingress(spec, json!({ "nginx.ingress.kubernetes.io/ssl-redirect": "false" }))]);
        assert!(!routes.find("app.localhost", "/").unwrap().redirect);
    }

    #[test]
    fn paths_are_rewritten_with_what_they_caught() {
        let spec = json!({ "rules": [rule("", json!([path("ImplementationSpecific", "/api(/|$)(.*)", "web")]))] });
        let routes = Routes::new(&[ingress(spec, json!({ "nginx.ingress.kubernetes.io/rewrite-target": "/$2" }))]);
        let rewritten = |asked: &str| routes.find("x", asked).map(|route| route.path(asked));
        assert_eq!(rewritten("/api/uno/dos").as_deref(), Some("/uno/dos"));
        assert_eq!(rewritten("/api").as_deref(), Some("/"));
        assert_eq!(rewritten("/apis"), None);
    }
}
