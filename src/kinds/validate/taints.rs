//! Taints of nodes (`validateNodeTaints`). Tolerations of pods are with the pod. Must not know the node.

use super::FieldError;
use super::affinity::EFFECTS;
use crate::base::syntax;
use crate::kinds::at::At;

pub(in crate::kinds) fn taints(taints: &At) -> Vec<FieldError> {
    let (mut errors, mut seen) = (Vec::new(), Vec::new());
    for taint in taints.items() {
        let (key, value, effect) = (taint.field("key"), taint.field("value"), taint.field("effect"));
        errors.extend(syntax::label_key(key.text()).into_iter().map(|text| key.invalid_as(key.text(), text)));
        let value_errors = syntax::label_value(value.text());
        if !value_errors.is_empty() {
            errors.push(value.invalid(value_errors.join(";")));
        }
        if effect.is_empty() {
            errors.push(effect.required(""));
        } else {
            errors.extend(effect.one_of(EFFECTS));
        }
        let pair = (key.text(), effect.text());
        if seen.contains(&pair) {
            let mut error = taint.duplicate();
            "taints must be unique by key and effect pair".clone_into(&mut error.detail);
            errors.push(error);
        }
        seen.push(pair);
    }
    errors
}
