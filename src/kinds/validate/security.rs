//! Security contexts of pods and containers (`ValidateSecurityContext`). Policies (`PodSecurity`) are admission: it must not apply them.

use super::FieldError;
use super::common::{local_path, within};
use crate::base::syntax;
use crate::kinds::at::At;

type Errors = Vec<FieldError>;

const LARGEST_ID: i64 = 0xffff_ffff;
const PROFILES: &[&str] = &["Localhost", "RuntimeDefault", "Unconfined"];

pub(super) fn container(context: &At, host_users: bool) -> Errors {
    let mut errors: Errors = Vec::new();
    errors.extend(within(&context.field("runAsUser"), 0, LARGEST_ID));
    errors.extend(within(&context.field("runAsGroup"), 0, LARGEST_ID));
    let mount = context.field("procMount");
    if mount.is_set() {
        errors.extend(mount.one_of(&["Default", "Unmasked"]));
        if host_users && mount.text() == "Unmasked" {
            errors.push(mount.invalid("`hostUsers` must be false to use `Unmasked`"));
        }
    }
    errors.extend(profile(&context.field("seccompProfile"), "seccomp", "seccompProfile"));
    errors.extend(escalation(context));
    errors.extend(profile(&context.field("appArmorProfile"), "AppArmor", "appArmorProfile"));
    errors
}

fn escalation(context: &At) -> Errors {
    let allowed = context.field("allowPrivilegeEscalation");
    if allowed.is_null() || allowed.flag() {
        return Vec::new();
    }
    let mut errors = Vec::new();
    if context.field("privileged").flag() {
        errors.push(context.invalid("cannot set `allowPrivilegeEscalation` to false and `privileged` to true"));
    }
    if context.field("capabilities.add").items().any(|added| added.text() == "CAP_SYS_ADMIN") {
        let text = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
        errors.push(context.invalid(text));
    }
    errors
}

/// A seccomp or `AppArmor` profile: a type, and a file for the type Localhost only.
fn profile(at: &At, words: &str, name: &str) -> Errors {
    if at.is_null() {
        return Vec::new();
    }
    let (kind, file) = (at.field("type"), at.field("localhostProfile"));
    let mut errors: Errors = Vec::new();
    if kind.is_empty() {
        errors.push(kind.required(format!("type is required when {name} is set")));
    } else {
        errors.extend(kind.one_of(PROFILES));
    }
    match (kind.text() == "Localhost", file.is_set()) {
        (true, false) => errors.push(file.required(format!("must be set when {words} type is Localhost"))),
        (true, true) if words == "seccomp" => errors.extend(local_path(&file)),
        (false, true) => errors.push(file.invalid(format!("can only be set when {words} type is Localhost"))),
        _ => {}
    }
    errors
}

pub(super) fn pod(spec: &At) -> Errors {
    let context = spec.field("securityContext");
    let mut errors: Errors = Vec::new();
    for name in ["fsGroup", "runAsUser", "runAsGroup"] {
        errors.extend(within(&context.field(name), 0, LARGEST_ID));
    }
    errors.extend(context.field("supplementalGroups").items().filter_map(|group| within(&group, 0, LARGEST_ID)));
    let share = spec.field("shareProcessNamespace");
    if share.flag() && spec.field("hostPID").flag() {
        let at = At::named(format!("{}.shareProcessNamespace", context.path), share.value);
        errors.push(at.invalid("ShareProcessNamespace and HostPID cannot both be enabled"));
    }
    errors.extend(sysctls(&context.field("sysctls")));
    let policies: [(&str, &[&str]); 3] = [
        ("fsGroupChangePolicy", &["Always", "OnRootMismatch"]),
        ("supplementalGroupsPolicy", &["Merge", "Strict"]),
        ("seLinuxChangePolicy", &["MountOption", "Recursive"]),
    ];
    let [fs_group, rest @ ..] = policies;
    let policy = |(name, values): (&str, &[&str])| {
        let at = context.field(name);
        if at.is_null() { None } else { at.one_of(values) }
    };
    errors.extend(policy(fs_group));
    errors.extend(profile(&context.field("seccompProfile"), "seccomp", "seccompProfile"));
    errors.extend(profile(&context.field("appArmorProfile"), "AppArmor", "appArmorProfile"));
    errors.extend(rest.into_iter().filter_map(policy));
    errors
}

fn sysctls(sysctls: &At) -> Errors {
    const NAME: &str = r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
    let (mut errors, mut seen) = (Vec::new(), Vec::new());
    for sysctl in sysctls.items() {
        let name = sysctl.field("name");
        if name.is_empty() {
            errors.push(name.required(""));
        } else if name.text().len() > 253 || !syntax::matches(NAME, name.text()) {
            errors.push(name.invalid(format!("must have at most 253 characters and match regex ^{NAME}$")));
        } else if seen.contains(&name.text()) {
            errors.push(name.duplicate());
        }
        seen.push(name.text());
    }
    errors
}
