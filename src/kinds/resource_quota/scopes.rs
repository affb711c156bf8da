//! The scopes of a quota (`validateResourceQuotaScopes`, `validateScopeSelector`). Must not apply them.

use crate::kinds::at::At;
use crate::kinds::validate::FieldError;

type Errors = Vec<FieldError>;

const SCOPES: &[&str] = &[
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
];
/// Scopes that contradict each other.
const PAIRS: &[(&str, &str)] = &[("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")];
/// Scopes that a pod has or has not.
const FLAGS: &[&str] = &["BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "Terminating"];
const COMPUTE: &[&str] = &["cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"];
const CLAIMS: &[&str] = &["persistentvolumeclaims", "requests.storage"];
/// Names that a quota limits without a prefix or a domain, and no scope fits.
const OTHERS: &[&str] = &[
    "configmaps",
    "ephemeral-storage",
    "limits.ephemeral-storage",
    "replicationcontrollers",
    "requests.ephemeral-storage",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
];

/// Whether a scope makes sense for what a quota limits; names of add-ons fit any.
fn fits(scope: &str, name: &str) -> bool {
    let standard = name == "pods" || [COMPUTE, CLAIMS, OTHERS].iter().any(|names| names.contains(&name));
    let fit = match scope {
        "BestEffort" => name == "pods",
        "VolumeAttributesClass" => CLAIMS.contains(&name),
        _ if SCOPES.contains(&scope) => name == "pods" || COMPUTE.contains(&name),
        _ => true,
    };
    fit || !standard
}

pub(super) fn plain(spec: &At) -> Errors {
    let (scopes, hard) = (spec.field("scopes"), spec.field("hard"));
    let mut errors = Errors::new();
    for scope in scopes.items() {
        if !SCOPES.contains(&scope.text()) {
            errors.push(scopes.invalid("unsupported scope"));
        }
        let unfit = hard.entries().filter(|(name, _)| !fits(scope.text(), name));
        errors.extend(unfit.map(|_| scopes.invalid("unsupported scope applied to resource")));
    }
    let named: Vec<&str> = scopes.items().map(|scope| scope.text()).collect();
    errors.extend(conflicts(&named).map(|()| scopes.invalid("conflicting scopes")));
    errors
}

fn conflicts(named: &[&str]) -> impl Iterator<Item = ()> {
    PAIRS.iter().filter(|(one, other)| named.contains(one) && named.contains(other)).map(|_| ())
}

pub(super) fn selector(spec: &At) -> Errors {
    let selector = spec.field("scopeSelector");
    let requirements = selector.field("matchExpressions");
    let mut errors = Errors::new();
    for requirement in requirements.items() {
        // Kubernetes names the list, not the element.
        let part = |name: &str| At::named(format!("{}.{name}", requirements.path), requirement.field(name).value);
        let scope = part("scopeName");
        if !SCOPES.contains(&scope.text()) {
            errors.push(scope.invalid("unsupported scope"));
        }
        let unfit = spec.field("hard").entries().filter(|(name, _)| !fits(scope.text(), name)).count();
        let list = At::named(requirements.path.clone(), selector.value);
        errors.extend((0..unfit).map(|_| list.invalid("unsupported scope applied to resource")));
        errors.extend(operator(scope.text(), &part("operator"), &part("values")));
    }
    let named: Vec<&str> = requirements.items().map(|one| one.field("scopeName").text()).collect();
    let list = At::named(requirements.path.clone(), selector.value);
    errors.extend(conflicts(&named).map(|()| list.invalid("conflicting scopes")));
    errors
}

fn operator(scope: &str, operator: &At, values: &At) -> Errors {
    let mut errors = Errors::new();
    if FLAGS.contains(&scope) && operator.text() != "Exists" {
        errors.push(operator.invalid(
            "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, \
             ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or \
             ResourceQuotaScopeCrossNamespacePodAffinity",
        ));
    }
    match operator.text() {
        "In" | "NotIn" if values.is_empty() => errors
            .push(values.required("must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")),
        "Exists" | "DoesNotExist" if !values.is_empty() => errors
            .push(values.invalid("must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector")),
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        _ => errors.push(operator.invalid("not a valid selector operator")),
    }
    errors
}
