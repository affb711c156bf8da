//! Which Secrets, ConfigMaps, claims and accounts the pods of each node use, kept up with the store: with thousands of
//! pods no request may read them all. Must not decide who may what.

use std::collections::{HashMap, HashSet};

use parking_lot::Mutex;
use serde_json::Value;

use super::super::{Meta, call, object, respond};
use crate::kinds;
use crate::store::{Event, Record, Store, Watch};

/// Where pods name what they use: (resource, field that holds the reference, field of the name in it).
const REFERENCES: [(&str, &str, &str); 11] = [
    ("secrets", "secret", "secretName"),
    ("secrets", "secret", "name"),
    ("secrets", "secretKeyRef", "name"),
    ("secrets", "secretRef", "name"),
    ("secrets", "imagePullSecrets", "name"),
    ("secrets", "nodePublishSecretRef", "name"),
    ("configmaps", "configMap", "name"),
    ("configmaps", "configMapKeyRef", "name"),
    ("configmaps", "configMapRef", "name"),
    ("persistentvolumeclaims", "persistentVolumeClaim", "claimName"),
    ("serviceaccounts", "serviceAccountName", ""),
];

/// A resource and the name of one of its objects.
type Used = (&'static str, String);

/// The uses of every node's pods. Its readers never wait for more than what was written since the last one.
#[derive(Debug, Default)]
pub(in super::super) struct Graph(Mutex<Option<Known>>);

#[derive(Debug)]
struct Known {
    watch: Watch<Meta>,
    /// By a pod's key in the store: its node, its namespace, what it uses.
    pods: HashMap<String, (String, String, HashSet<Used>)>,
    /// How many pods of a node use an object of a namespace.
    uses: HashMap<(String, String, Used), usize>,
}

impl Graph {
    /// Whether some pod of a node uses an object.
    pub(super) fn uses(
        &self,
        store: &Store<Meta>,
        node: &str,
        resource: &str,
        (namespace, name): (&str, &str),
    ) -> bool {
        let Some(resource) = REFERENCES.iter().map(|(kind, ..)| *kind).find(|kind| *kind == resource) else {
            return false;
        };
        let mut known = self.0.lock();
        let followed = known.as_mut().is_some_and(Known::follow);
        if !followed {
            *known = Known::read(store);
        }
        let asked = (node.to_owned(), namespace.to_owned(), (resource, name.to_owned()));
        known.as_ref().is_some_and(|known| known.uses.contains_key(&asked))
    }
}

impl Known {
    /// Everything as it is now; `None` when the store forgets faster than it is read.
    fn read(store: &Store<Meta>) -> Option<Self> {
        let prefix = call::prefix(kinds::find("", "v1", "pods")?, "");
        let page = store.list(&prefix, None, None);
        let watch = store.watch(&prefix, page.revision).ok()?;
        let mut known = Self { watch, pods: HashMap::new(), uses: HashMap::new() };
        page.records.iter().for_each(|record| known.put(record));
        Some(known)
    }

    /// Takes what was written since; false when that is no longer known.
    fn follow(&mut self) -> bool {
        loop {
            match self.watch.try_next() {
                Ok(Some(event)) => self.take(&event),
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    fn take(&mut self, event: &Event<Meta>) {
        if event.deleted {
            self.forget(&event.record.key);
        } else {
            self.put(&event.record);
        }
    }

    fn put(&mut self, record: &Record<Meta>) {
        let node = record.meta.text("spec.nodeName").to_owned();
        let same = self.pods.get(&*record.key).is_some_and(|(known, ..)| *known == node);
        // What a pod uses does not change while it lives.
        if node.is_empty() || same {
            return;
        }
        self.forget(&record.key);
        let Ok(pod) = respond::parse(&record.value.bytes()) else { return };
        let mut used = HashSet::new();
        collect(object::at(&pod, &["spec"]), &mut used);
        let namespace = record.meta.namespace().to_owned();
        for one in &used {
            *self.uses.entry((node.clone(), namespace.clone(), one.clone())).or_default() += 1;
        }
        self.pods.insert(record.key.to_string(), (node, namespace, used));
    }

    fn forget(&mut self, key: &str) {
        let Some((node, namespace, used)) = self.pods.remove(key) else { return };
        for one in used {
            let place = (node.clone(), namespace.clone(), one);
            match self.uses.get_mut(&place) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(self.uses.remove(&place)),
            }
        }
    }
}

/// Everything that a pod's spec names.
fn collect(value: &Value, found: &mut HashSet<Used>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => {
            for (key, value) in fields {
                for (resource, _, field) in REFERENCES.iter().filter(|(_, holder, _)| holder == key) {
                    names(value, field, &mut |name| {
                        found.insert((resource, name.to_owned()));
                    });
                }
                collect(value, found);
            }
        }
        _ => {}
    }
}

fn names(value: &Value, field: &str, found: &mut impl FnMut(&str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| names(item, field, found)),
        value if field.is_empty() => value.as_str().into_iter().for_each(found),
        value => value[field].as_str().into_iter().for_each(found),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_pod_names_it_uses() {
        let spec = json!({
            "serviceAccountName": "robot", "imagePullSecrets": [{ "name": "registro" }],
            "volumes": [
                { "secret": { "secretName": "llave" } }, { "persistentVolumeClaim": { "claimName": "datos" } },
                { "projected": { "sources": [{ "configMap": { "name": "ca" } }] } },
            ],
            "containers": [{ "envFrom": [{ "configMapRef": { "name": "entorno" } }] }],
        });
        let mut found = HashSet::new();
        collect(&spec, &mut found);
        let wanted = [
            ("serviceaccounts", "robot"),
            ("secrets", "registro"),
            ("secrets", "llave"),
            ("persistentvolumeclaims", "datos"),
            ("configmaps", "ca"),
            ("configmaps", "entorno"),
        ];
        assert_eq!(found, wanted.map(|(resource, name)| (resource, name.to_owned())).into());
    }
}
