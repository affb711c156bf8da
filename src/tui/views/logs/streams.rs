//! Whose logs are followed: the pods, their containers, which of them are shown, and how each came to its end. Pure.

use std::collections::HashSet;

use serde_json::Value;

use crate::tui::model::catalog::Target;
use crate::tui::model::failure::Failure;
use crate::tui::model::kubectl;
use crate::tui::msg::LogRequest;

/// Pods followed at once; kubectl stops at five.
const MOST_PODS: usize = 20;

/// Why no more lines come.
#[derive(Debug)]
pub(super) enum End {
    Whole,
    Broken(Failure),
}

/// One container's log.
#[derive(Debug)]
pub(super) struct Stream {
    /// Its number; another one each time that it is asked for.
    pub number: u64,
    pub pod: String,
    pub container: String,
    pub end: Option<End>,
}

/// A log to ask for, and the number under which it will come.
pub(super) type Asked = (u64, LogRequest);

#[derive(Debug)]
pub(super) struct Streams {
    pods: Vec<Target>,
    all: Vec<Stream>,
    /// Place of the only one shown; all when absent.
    only: Option<usize>,
    numbers: u64,
    /// How many pods there are, also those that are not followed.
    pub(super) known: usize,
    pub(super) previous: bool,
    /// Looked back so far; all when 0.
    pub(super) minutes: u32,
    /// Lines asked of what was written before.
    pub(super) tail: u32,
    /// A pod that could not be asked.
    failure: Option<Failure>,
}

impl Streams {
    pub(super) fn new(mut pods: Vec<Target>, previous: bool) -> Self {
        let known = pods.len();
        pods.truncate(MOST_PODS);
        let (all, failure) = (Vec::new(), None);
        Self { pods, all, only: None, numbers: 0, known, previous, minutes: 0, tail: 0, failure }
    }

    pub(super) fn pods(&self) -> &[Target] {
        &self.pods
    }

    pub(super) fn all(&self) -> &[Stream] {
        &self.all
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn has(&self, number: u64) -> bool {
        self.all.iter().any(|stream| stream.number == number)
    }

    /// Those of the object's pods that are new.
    pub(super) fn join(&mut self, now: Vec<Target>) -> Vec<Target> {
        let known: HashSet<&str> = self.pods.iter().map(|pod| &*pod.name).collect();
        let mut new: Vec<Target> = now.into_iter().filter(|pod| !known.contains(&*pod.name)).collect();
        self.known = self.pods.len() + new.len();
        new.truncate(MOST_PODS.saturating_sub(self.pods.len()));
        self.pods.extend(new.iter().cloned());
        new
    }

    /// A pod told of its containers: their logs are to be asked for.
    pub(super) fn learn(&mut self, pod: &Value) -> Vec<Asked> {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        if self.all.iter().any(|stream| stream.pod == name) {
            return Vec::new();
        }
        let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
        let names: Vec<String> = containers.filter_map(|it| it["name"].as_str().map(Into::into)).collect();
        // Of one pod its first container is shown, as kubectl does; of several, all.
        if self.pods.len() == 1 && names.len() > 1 {
            self.only = Some(self.all.len());
        }
        let first = self.all.len();
        for container in names {
            let number = self.number();
            self.all.push(Stream { number, pod: name.into(), container, end: None });
        }
        self.asked(first)
    }

    /// All of them once more.
    pub(super) fn renew(&mut self) -> Vec<Asked> {
        for place in 0..self.all.len() {
            (self.all[place].number, self.all[place].end) = (self.number(), None);
        }
        self.asked(0)
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn asked(&self, from: usize) -> Vec<Asked> {
        self.all[from..].iter().map(|stream| (stream.number, self.request(stream))).collect()
    }

    fn request(&self, stream: &Stream) -> LogRequest {
        let namespace = self.pods.first().and_then(|pod| pod.namespace.clone()).unwrap_or_default();
        LogRequest {
            namespace,
            pod: stream.pod.clone(),
            container: Some(stream.container.clone()),
            previous: self.previous,
            minutes: self.minutes,
            tail: self.tail,
        }
    }

    pub(super) fn ended(&mut self, number: u64, failure: Option<Failure>) {
        if let Some(stream) = self.all.iter_mut().find(|stream| stream.number == number) {
            stream.end = Some(failure.map_or(End::Whole, End::Broken));
        }
    }

    pub(super) fn refused(&mut self, failure: Failure) {
        self.failure = Some(failure);
    }

    /// Shows the next one: all, then each; false when there is only one.
    pub(super) fn next(&mut self) -> bool {
        self.only = match self.only {
            None => Some(0),
            Some(last) if last + 1 >= self.all.len() => None,
            Some(place) => Some(place + 1),
        };
        self.all.len() > 1
    }

    /// The number of the only one shown, if not all are.
    pub(super) fn chosen(&self) -> Option<u64> {
        self.only().map(|stream| stream.number)
    }

    pub(super) fn only(&self) -> Option<&Stream> {
        let alone = self.all.len() == 1 && self.pods.len() == 1;
        self.only.and_then(|place| self.all.get(place)).or(self.all.first().filter(|_| alone))
    }

    /// Those that are shown.
    pub(super) fn seen(&self) -> impl Iterator<Item = &Stream> {
        let chosen = self.chosen();
        self.all.iter().filter(move |stream| chosen.is_none_or(|number| number == stream.number))
    }

    /// Whether nothing more comes of what is shown.
    pub(super) fn over(&self) -> bool {
        self.failure.is_some() || (!self.all.is_empty() && self.seen().all(|stream| stream.end.is_some()))
    }

    /// Why nothing comes, when that is a failure of all that is shown.
    pub(super) fn failure(&self) -> Option<&Failure> {
        let broken = |stream: &'_ Stream| matches!(stream.end, Some(End::Broken(_)));
        let first = self.seen().next().filter(|_| self.seen().all(broken));
        match first.and_then(|stream| stream.end.as_ref()) {
            Some(End::Broken(failure)) => Some(failure),
            _ => self.failure.as_ref().filter(|_| self.all.is_empty()),
        }
    }

    /// How a line of a stream is begun: nothing where only one is shown.
    pub(super) fn lead(&self, number: u64) -> String {
        let several = self.only().is_none();
        let stream = self.all.iter().find(|stream| stream.number == number).filter(|_| several);
        stream.map(|stream| format!("{} ", self.label(stream))).unwrap_or_default()
    }

    /// The end of the pod's name, which tells it from its like, and the container where a pod has several.
    pub(super) fn label(&self, stream: &Stream) -> String {
        let one_pod = self.pods.len() == 1;
        let alone = self.all.iter().filter(|other| other.pod == stream.pod).count() == 1;
        let end = |name: &str| name.rsplit('-').next().unwrap_or_default().to_owned();
        let unique = self.pods.iter().filter(|pod| end(&pod.name) == end(&stream.pod)).count() == 1;
        let pod = if unique { end(&stream.pod) } else { stream.pod.clone() };
        match (one_pod, alone) {
            (true, _) => stream.container.clone(),
            (false, true) => pod,
            (false, false) => format!("{pod}/{}", stream.container),
        }
    }

    /// The command that reads the same.
    pub(super) fn command(&self, of: &Target) -> String {
        match self.only() {
            Some(stream) => {
                let alone = self.all.iter().filter(|other| other.pod == stream.pod).count() == 1;
                let request = self.request(stream);
                kubectl::logs(&LogRequest { container: request.container.filter(|_| !alone), ..request })
            }
            None => kubectl::all_logs(of, self.previous, self.minutes),
        }
    }
}
