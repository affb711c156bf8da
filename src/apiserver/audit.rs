//! What was asked, by whom, with what outcome: counters for `/metrics` and a live stream. Must not keep bodies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use http::Method;
use http::header::USER_AGENT;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::broadcast;

use super::authn::User;
use super::params::Params;
use super::request::{Target, verb};

/// The code of a request whose connection was closed without an answer.
pub(super) const UNANSWERED: u16 = 0;

/// Entries that wait for a slow listener before it misses some.
const BACKLOG: usize = 1024;

/// One answered request.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who asked.
    pub user: String,
    /// With which program, as it names itself.
    pub agent: String,
    /// `get`, `list`, …, or the HTTP method in lower case outside of resources.
    pub verb: &'static str,
    /// The resource with its subresource, such as `pods/status`; the path outside of resources.
    pub resource: String,
    /// The namespace; empty when there is none.
    pub namespace: String,
    /// The object's name; empty for collections.
    pub name: String,
    /// The HTTP status; 0 when the connection was closed without an answer.
    pub code: u16,
    /// When the answer began.
    pub time: Timestamp,
    /// Until then.
    pub took: Duration,
}

/// Requests of one kind: how many, and their time in total.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub(super) requests: u64,
    pub(super) took: Duration,
}

/// What tells requests apart in the counters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Label {
    pub(super) verb: &'static str,
    pub(super) resource: String,
    pub(super) code: u16,
    pub(super) user: String,
}

/// Counters and stream of the answered requests.
#[derive(Debug)]
pub struct Audit {
    counts: Mutex<BTreeMap<Label, Count>>,
    stream: broadcast::Sender<Arc<Entry>>,
}

impl Default for Audit {
    fn default() -> Self {
        Self { counts: Mutex::default(), stream: broadcast::channel(BACKLOG).0 }
    }
}

impl Audit {
    /// Every request answered from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.stream.subscribe()
    }

    /// How many requests each user has made so far.
    #[must_use]
    pub fn requests_by_user(&self) -> BTreeMap<String, u64> {
        let mut users: BTreeMap<String, u64> = BTreeMap::new();
        for (label, count) in self.counts.lock().iter() {
            match users.get_mut(&label.user) {
                Some(sum) => *sum += count.requests,
                None => drop(users.insert(label.user.clone(), count.requests)),
            }
        }
        users
    }

    pub(super) fn counts(&self) -> BTreeMap<Label, Count> {
        self.counts.lock().clone()
    }

    pub(super) fn record(&self, note: Note, code: u16, took: Duration, time: Timestamp) {
        let Note { user, agent, verb, resource, namespace, name } = note;
        if self.stream.receiver_count() > 0 {
            let (user, resource) = (user.clone(), resource.clone());
            let entry = Entry { user, agent, verb, resource, namespace, name, code, time, took };
            // Nobody listens any more: nothing to tell.
            let _listeners = self.stream.send(Arc::new(entry));
        }
        let mut counts = self.counts.lock();
        let count = counts.entry(Label { verb, resource, code, user }).or_default();
        count.requests += 1;
        count.took += took;
    }
}

/// What is known of a request before it is answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Note {
    user: String,
    agent: String,
    verb: &'static str,
    resource: String,
    namespace: String,
    name: String,
}

impl Note {
    pub(super) fn new(request: &Request, target: &Target, params: &Params) -> Self {
        let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        let agent = agent.unwrap_or_default().to_owned();
        let Target::Resource(asked) = target else {
            return Self {
                agent,
                verb: method(request.method()),
                resource: first_segment(request.uri().path()),
                ..Self::default()
            };
        };
        let resource = match asked.subresource.as_str() {
            "" => asked.resource.clone(),
            subresource => format!("{}/{subresource}", asked.resource),
        };
        Self {
            user: String::new(),
            agent,
            verb: verb(request.method(), asked, params).map_or("unknown", super::request::Verb::as_str),
            resource,
            namespace: asked.namespace.clone(),
            name: asked.name.clone(),
        }
    }

    pub(super) fn user(&mut self, user: &User) {
        self.user.clone_from(&user.name);
    }
}

/// Paths outside of resources are counted by their first part, so that nobody can fill the counters up.
fn first_segment(path: &str) -> String {
    const KNOWN: [&str; 9] = ["api", "apis", "healthz", "livez", "metrics", "openapi", "readyz", "timonel", "version"];
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    if KNOWN.contains(&first) { format!("/{first}") } else { "/".into() }
}

fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "get",
        Method::HEAD => "head",
        Method::POST => "post",
        Method::PUT => "put",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "other",
    }
}
