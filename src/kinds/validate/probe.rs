//! Probes and lifecycle hooks of a container (`validateProbe`, `validateHandler`). Must not look elsewhere.

use super::FieldError;
use super::common::{nonnegatives, port_or_name, required};
use super::container::Pod;
use crate::base::syntax;
use crate::kinds::at::At;

type Errors = Vec<FieldError>;

/// Liveness and startup probes: one success is enough.
pub(super) fn liveness(probe: &At, pod: &Pod) -> Errors {
    if probe.is_null() {
        return Vec::new();
    }
    let mut errors = common(probe, pod);
    let success = probe.field("successThreshold");
    if success.int() != 1 {
        errors.push(success.invalid_as(success.int(), "must be 1"));
    }
    errors
}

pub(super) fn readiness(probe: &At, pod: &Pod) -> Errors {
    if probe.is_null() {
        return Vec::new();
    }
    let mut errors = common(probe, pod);
    let grace = probe.field("terminationGracePeriodSeconds");
    if grace.is_set() {
        errors.push(grace.invalid("must not be set for readinessProbes"));
    }
    errors
}

fn common(probe: &At, pod: &Pod) -> Errors {
    let mut errors = handler(probe, pod);
    errors.extend(nonnegatives(
        probe,
        &["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"],
    ));
    let grace = probe.field("terminationGracePeriodSeconds");
    if grace.number().is_some_and(|grace| grace <= 0) {
        errors.push(grace.invalid("must be greater than 0"));
    }
    errors
}

pub(super) fn lifecycle(lifecycle: &At, pod: &Pod) -> Errors {
    let hooks = ["postStart", "preStop"].map(|name| lifecycle.field(name));
    let mut errors: Errors = hooks.iter().filter(|hook| hook.is_set()).flat_map(|hook| handler(hook, pod)).collect();
    let (signal, os) = (lifecycle.field("stopSignal"), pod.spec.field("os.name"));
    if signal.is_set() && os.is_empty() {
        errors.push(signal.forbidden("may not be set for containers with empty `spec.os.name`"));
    }
    errors
}

/// Exactly one way to ask.
fn handler(at: &At, pod: &Pod) -> Errors {
    let handlers = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"].map(|name| at.field(name));
    let mut set = handlers.iter().filter(|handler| handler.is_set());
    let Some(first) = set.next() else { return vec![at.required("must specify a handler type")] };
    let mut errors = match first.path.rsplit('.').next() {
        Some("exec") => required(&first.field("command")).into_iter().collect(),
        Some("httpGet") => http_get(first),
        Some("sleep") => sleep(first, pod.grace()).into_iter().collect(),
        _ => port_or_name(&first.field("port")),
    };
    errors.extend(set.map(|more| more.forbidden("may not specify more than 1 handler type")));
    errors
}

fn http_get(http: &At) -> Errors {
    const NAME: &str = "[-A-Za-z0-9]+";
    let mut errors: Errors = required(&http.field("path")).into_iter().collect();
    errors.extend(port_or_name(&http.field("port")));
    errors.extend(http.field("scheme").one_of(&["HTTP", "HTTPS"]));
    let headers = http.field("httpHeaders");
    for header in headers.items() {
        let name = header.field("name");
        if !syntax::matches(NAME, name.text()) {
            let rule = "a valid HTTP header must consist of alphanumeric characters or '-'";
            errors.push(headers.invalid_as(name.text(), syntax::regex_error(rule, NAME, &["X-Header-Name"])));
        }
    }
    errors
}

fn sleep(sleep: &At, grace: Option<i64>) -> Option<FieldError> {
    let (seconds, grace) = (sleep.field("seconds").int(), grace?);
    let text = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
    (seconds < 0 || seconds > grace).then(|| sleep.invalid_as(seconds, text))
}
