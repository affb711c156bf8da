//! Whether a toleration tolerates a taint. Must not do IO.

use k8s_openapi::api::core::v1::{Taint, Toleration};

/// `Toleration.ToleratesTaint`: an empty effect or key (with `Exists`) covers all.
#[must_use]
pub fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let covers = |part: &Option<String>, of: &str| part.as_deref().is_none_or(|part| part.is_empty() || part == of);
    if !covers(&toleration.effect, &taint.effect) || !covers(&toleration.key, &taint.key) {
        return false;
    }
    match toleration.operator.as_deref() {
        Some("Exists") => true,
        None | Some("" | "Equal") => {
            toleration.value.as_deref().unwrap_or_default() == taint.value.as_deref().unwrap_or_default()
        }
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toleration(key: &str, operator: &str, value: &str, effect: &str) -> Toleration {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
        Toleration {
            key: some(key),
            operator: some(operator),
            value: some(value),
            effect: some(effect),
            ..Toleration::default()
        }
    }

    #[test]
    fn matches_as_kubernetes() {
        let taint = Taint { key: "a".into(), value: Some("1".into()), effect: "NoSchedule".into(), time_added: None };
        assert!(tolerates(&toleration("a", "Equal", "1", "NoSchedule"), &taint));
        assert!(tolerates(&toleration("a", "", "1", ""), &taint));
        assert!(tolerates(&toleration("a", "Exists", "", ""), &taint));
        assert!(tolerates(&toleration("", "Exists", "", ""), &taint));
        assert!(!tolerates(&toleration("a", "Equal", "2", ""), &taint));
        assert!(!tolerates(&toleration("a", "Exists", "", "NoExecute"), &taint));
        assert!(!tolerates(&toleration("b", "Exists", "", ""), &taint));
    }
}
