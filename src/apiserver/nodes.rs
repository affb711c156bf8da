//! Where others are reached: the kubelets by their node's name, the other components by theirs. Must not know what is
//! said to them.

use std::collections::HashMap;

use parking_lot::RwLock;

use crate::base::pipe::Dialer;

/// Name → the way there.
#[derive(Debug, Default)]
pub struct Nodes(RwLock<HashMap<String, Dialer>>);

impl Nodes {
    /// Says how one is reached, replacing an earlier way.
    pub fn register(&self, name: &str, way: Dialer) {
        self.0.write().insert(name.into(), way);
    }

    /// Forgets how one is reached.
    pub fn forget(&self, name: &str) {
        self.0.write().remove(name);
    }

    pub(super) fn get(&self, name: &str) -> Option<Dialer> {
        self.0.read().get(name).cloned()
    }
}
