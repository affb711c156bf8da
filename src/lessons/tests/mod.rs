//! The lessons room without any cluster.

mod catalogue;
mod monitor;
mod progress;
mod record;
mod recorder;
mod review;
mod session;
mod tale;
mod teacher;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::predicate::Was;
use super::*;

fn lesson(id: &str) -> Arc<Lesson> {
    Arc::clone(Catalogue::embedded().unwrap().get(id).unwrap())
}

fn pod(name: &str, ready: bool) -> Value {
    let status = if ready { "True" } else { "False" };
    json!({
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "web"}},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": status}]},
    })
}

fn deployment(replicas: u32) -> Value {
    json!({"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": replicas}})
}

fn object(was: Was, object: Value) -> Change {
    Change::Object(was, Arc::new(object))
}

fn request(answered: bool) -> Change {
    Change::Request { to: "web".into(), answered }
}

fn at(millis: u64, change: Change) -> Moment {
    Moment { at: Duration::from_millis(millis), change }
}
