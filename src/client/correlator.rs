//! Which occurrences become an event of their own, which raise a count, which are one too many: client-go's
//! `EventCorrelator`. Must not do IO.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

use crate::base::mark::mark;

/// Events of one source about one object at once, and seconds until one more is allowed (client-go `defaultSpam…`).
const SPAM: (f64, f64) = (25.0, 300.0);
/// Different messages of one reason before they are combined, and the seconds that this remembers (client-go `defaultAggregate…`).
const AGGREGATE: (usize, i64) = (10, 600);
/// Entries of each memory before old ones are dropped (client-go `maxLruCacheEntries`).
const REMEMBERED: usize = 4096;

/// Something that happened to an object.
#[derive(Clone, Debug)]
pub(super) struct Occurrence {
    pub regarding: ObjectReference,
    pub warning: bool,
    pub reason: String,
    pub message: String,
    pub at: Timestamp,
}

/// What to do about an occurrence.
#[derive(Debug)]
pub(super) enum Emission {
    /// Write a new event.
    Create(Box<Event>),
    /// Raise the count of one that exists; it is complete, so that it can be written anew if it has expired.
    Raise(Box<Event>),
    /// Nothing: this source says too much about this object.
    Drop,
}

/// What something is called in the memory: the hash of its text, for a thousand kubelets would keep that text three times.
type Mark = u64;

/// The memory of what was said before.
#[derive(Debug)]
pub(super) struct Correlator {
    source: EventSource,
    spam: HashMap<Mark, Bucket>,
    similar: HashMap<Mark, Similar>,
    said: HashMap<Mark, Said>,
    last_stamp: i128,
    /// Nanoseconds by which this component's names are later than its words.
    offset: u16,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

#[derive(Debug)]
struct Similar {
    /// A few at most.
    messages: Vec<Mark>,
    at: Timestamp,
}

#[derive(Debug)]
struct Said {
    /// The end of the event's name.
    stamp: i128,
    first: Timestamp,
    count: i32,
    at: Timestamp,
}

impl Correlator {
    pub(super) fn new(component: &str, host: Option<&str>) -> Self {
        let source = EventSource { component: Some(component.into()), host: host.map(Into::into) };
        let offset = u16::try_from(mark(&(component, host)) & 0xffff).unwrap_or(0);
        let (spam, similar, said) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { source, spam, similar, said, last_stamp: 0, offset }
    }

    pub(super) fn observe(&mut self, occurrence: Occurrence) -> Emission {
        self.make_room(occurrence.at);
        let about = object_mark(&occurrence.regarding);
        if !self.allowed(about, occurrence.at) {
            return Emission::Drop;
        }
        let group = mark(&(about, occurrence.warning, &occurrence.reason));
        let (key, message) = self.combined(group, &occurrence);
        self.counted(key, occurrence, message)
    }

    fn allowed(&mut self, about: Mark, now: Timestamp) -> bool {
        let bucket = self.spam.entry(about).or_insert(Bucket { tokens: SPAM.0, at: now });
        let earned = now.duration_since(bucket.at).as_secs_f64().max(0.0) / SPAM.1;
        (bucket.tokens, bucket.at) = ((bucket.tokens + earned).min(SPAM.0), now);
        let allowed = bucket.tokens >= 1.0;
        if allowed {
            bucket.tokens -= 1.0;
        }
        allowed
    }

    /// The key under which it is counted and the message: its own, or one for all similar events when they are many.
    fn combined(&mut self, group: Mark, occurrence: &Occurrence) -> (Mark, String) {
        let (now, message) = (occurrence.at, mark(&occurrence.message));
        let entry = self.similar.entry(group).or_insert(Similar { messages: Vec::new(), at: now });
        if now.duration_since(entry.at) > SignedDuration::from_secs(AGGREGATE.1) {
            entry.messages.clear();
        }
        entry.at = now;
        if !entry.messages.contains(&message) {
            if entry.messages.len() >= AGGREGATE.0 {
                return (group, format!("(combined from similar events): {}", occurrence.message));
            }
            entry.messages.reserve_exact(1);
            entry.messages.push(message);
        }
        (mark(&(group, message)), occurrence.message.clone())
    }

    fn counted(&mut self, key: Mark, occurrence: Occurrence, message: String) -> Emission {
        let at = occurrence.at;
        if let Some(said) = self.said.get_mut(&key) {
            (said.count, said.at) = (said.count + 1, at);
            let (name, first, count) = (name(&occurrence, said.stamp), said.first, said.count);
            return Emission::Raise(Box::new(self.event(occurrence, message, name, first, count)));
        }
        let stamp = self.new_stamp(at);
        self.said.insert(key, Said { stamp, first: at, count: 1, at });
        let name = name(&occurrence, stamp);
        Emission::Create(Box::new(self.event(occurrence, message, name, at, 1)))
    }

    /// The time, moved on where the clock has not, as under a paused one, and by some microseconds of the component's
    /// own: two that speak at the same instant must not take the same name.
    fn new_stamp(&mut self, at: Timestamp) -> i128 {
        self.last_stamp = (at.as_nanosecond() + i128::from(self.offset)).max(self.last_stamp + 1);
        self.last_stamp
    }

    fn event(&self, occurrence: Occurrence, message: String, name: String, first: Timestamp, count: i32) -> Event {
        let namespace = occurrence.regarding.namespace.clone().unwrap_or_else(|| "default".into());
        Event {
            metadata: ObjectMeta { name: Some(name), namespace: Some(namespace), ..ObjectMeta::default() },
            involved_object: occurrence.regarding,
            reason: Some(occurrence.reason),
            message: Some(message),
            source: Some(self.source.clone()),
            first_timestamp: Some(Time(first)),
            last_timestamp: Some(Time(occurrence.at)),
            count: Some(count),
            type_: Some(if occurrence.warning { "Warning" } else { "Normal" }.into()),
            reporting_component: self.source.component.clone(),
            reporting_instance: Some(self.source.host.clone().unwrap_or_default()),
            ..Event::default()
        }
    }

    fn make_room(&mut self, now: Timestamp) {
        let recent = |at: Timestamp| now.duration_since(at) <= SignedDuration::from_secs(AGGREGATE.1);
        bound(&mut self.spam, |bucket| recent(bucket.at));
        bound(&mut self.similar, |similar| recent(similar.at));
        bound(&mut self.said, |said| recent(said.at));
    }
}

/// Drops what is old when there is too much, and everything when all of it is recent.
fn bound<V>(map: &mut HashMap<Mark, V>, keep: impl Fn(&V) -> bool) {
    if map.len() >= REMEMBERED {
        map.retain(|_, value| keep(value));
    }
    if map.len() >= REMEMBERED {
        map.clear();
    }
}

/// `<object>.<time in hex>`.
fn name(occurrence: &Occurrence, stamp: i128) -> String {
    format!("{}.{stamp:x}", occurrence.regarding.name.as_deref().unwrap_or_default())
}

fn object_mark(object: &ObjectReference) -> Mark {
    mark(&(&object.kind, &object.namespace, &object.name, &object.uid, &object.field_path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occurrence(message: &str, seconds: i64) -> Occurrence {
        Occurrence {
            regarding: ObjectReference { name: Some("web".into()), ..ObjectReference::default() },
            warning: false,
            reason: "R".into(),
            message: message.into(),
            at: Timestamp::from_second(1_700_000_000 + seconds).unwrap(),
        }
    }

    fn correlator() -> Correlator {
        Correlator::new("test", None)
    }

    #[test]
    fn the_same_again_raises_the_count_under_the_same_name() {
        let mut correlator = correlator();
        let Emission::Create(first) = correlator.observe(occurrence("m", 0)) else { panic!("not created") };
        assert!(first.metadata.name.as_deref().is_some_and(|name| name.starts_with("web.17979cfe362a")));
        assert_eq!(first.metadata.namespace.as_deref(), Some("default"));
        let Emission::Raise(second) = correlator.observe(occurrence("m", 5)) else { panic!("not raised") };
        assert_eq!((second.count, &second.metadata.name), (Some(2), &first.metadata.name));
        assert_eq!(second.first_timestamp, first.first_timestamp);
        assert_ne!(second.last_timestamp, first.last_timestamp);
    }

    #[test]
    fn different_messages_have_different_names_at_the_same_instant() {
        let mut correlator = correlator();
        let Emission::Create(first) = correlator.observe(occurrence("a", 0)) else { panic!("not created") };
        let Emission::Create(second) = correlator.observe(occurrence("b", 0)) else { panic!("not created") };
        assert_ne!(first.metadata.name, second.metadata.name);
    }

    #[test]
    fn many_similar_events_become_one() {
        let mut correlator = correlator();
        for number in 0..10 {
            assert!(matches!(correlator.observe(occurrence(&number.to_string(), 0)), Emission::Create(_)));
        }
        let Emission::Create(combined) = correlator.observe(occurrence("x", 1)) else { panic!("not created") };
        assert_eq!(combined.message.as_deref(), Some("(combined from similar events): x"));
        let Emission::Raise(combined) = correlator.observe(occurrence("y", 1)) else { panic!("not raised") };
        assert_eq!((combined.message.as_deref(), combined.count), (Some("(combined from similar events): y"), Some(2)));
        assert!(
            matches!(correlator.observe(occurrence("z", 700)), Emission::Create(event) if event.message.as_deref() == Some("z"))
        );
    }

    #[test]
    fn a_chatterbox_is_cut_off_after_25_and_heard_again_after_5_minutes() {
        let mut correlator = correlator();
        let dropped = |emission| matches!(emission, Emission::Drop);
        assert!((0..25).all(|_| !dropped(correlator.observe(occurrence("m", 0)))));
        assert!(dropped(correlator.observe(occurrence("m", 1))));
        assert!(!dropped(correlator.observe(occurrence("m", 302))));
        assert!(dropped(correlator.observe(occurrence("m", 303))));
    }
}
