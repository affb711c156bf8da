//! The pod-template-hash, digit for digit as Kubernetes computes it. Must not do IO.

use std::fmt;

use k8s_openapi::api::core::v1::PodTemplateSpec;

use crate::base::names::safe_encode;
use crate::schema::godump::dump;

#[cfg(test)]
mod tests;

/// FNV-1a of 32 bits, of whatever is written to it.
struct Fnv(u32);

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    }
}

impl fmt::Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.add(text.as_bytes());
        Ok(())
    }
}

/// The hash of Go's dump of a defaulted template, and of the collisions so far, in Kubernetes' safe alphabet
/// (`controller.ComputeHash`).
pub(in crate::controllers) fn pod_template_hash(template: &PodTemplateSpec, collisions: Option<i32>) -> String {
    let mut hash = Fnv(0x811c_9dc5);
    // A template always serializes (its keys are text), and the hash takes every text.
    let template = serde_json::to_value(template).unwrap_or_default();
    let _ = dump(&mut hash, "v1.PodTemplateSpec", &template);
    if let Some(count) = collisions {
        hash.add(&count.to_le_bytes());
        hash.add(&[0; 4]);
    }
    safe_encode(&hash.0.to_string())
}
