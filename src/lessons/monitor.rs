//! A condition followed over time, one moment after another. Must look neither ahead nor at a clock.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::predicate::{Asked, Bounds, ChangeOf, Count, Predicate, Read, Renewed, Share, Was};
use super::refusal::Reason;
use super::view::Lasting;
use super::world::{Change, Entry, Moment, World, matches};

/// What comes before may hold again and again; of what was begun then, so many are followed.
const RUNS: usize = 32;

/// A condition with what it remembers.
#[derive(Clone, Debug)]
pub(super) struct Monitor {
    memory: Memory,
    /// Whether it held at the last moment.
    holds: bool,
}

#[derive(Clone, Debug)]
enum Memory {
    /// Looks at the present only.
    Now(Predicate),
    /// The names of those that match, kept from moment to moment: among a thousand pods nobody counts anew each time.
    Counted(Count, Option<Counted>),
    Happened(Box<Monitor>, bool),
    Always(Box<Monitor>, bool),
    Held {
        that: Box<Monitor>,
        duration: Duration,
        since: Option<Duration>,
    },
    Then {
        first: Box<Monitor>,
        held: bool,
        rest: Vec<Predicate>,
        runs: Vec<Monitor>,
    },
    /// What an object said at each path when this began.
    Compared(Read, Option<Vec<Option<Value>>>),
    /// What those that matched said when this began.
    Renewed(Renewed, Option<Vec<Value>>),
    /// Requests sent and answered before this began.
    Whole(Share, Option<(u64, u64)>),
    /// Requests to the API server seen, or the programs that made them.
    Audit {
        asked: Asked,
        seen: u64,
        clients: BTreeSet<&'static str>,
    },
    All(Vec<Monitor>),
    Any(Vec<Monitor>),
    Not(Box<Monitor>),
}

/// Those that match.
#[derive(Clone, Debug)]
struct Counted {
    names: BTreeSet<String>,
    /// The listing since which every change was seen one by one.
    listing: u64,
}

impl Monitor {
    pub(super) fn new(predicate: &Predicate) -> Self {
        let inner = |predicate: &Predicate| Box::new(Self::new(predicate));
        let every = |parts: &[Predicate]| parts.iter().map(Self::new).collect();
        let memory = match predicate {
            Predicate::Happened(that) => Memory::Happened(inner(that), false),
            Predicate::Always(that) => Memory::Always(inner(that), true),
            Predicate::Not(that) => Memory::Not(inner(that)),
            Predicate::Held(held) => Memory::Held { that: inner(&held.that), duration: held.duration, since: None },
            Predicate::All(parts) => Memory::All(every(parts)),
            Predicate::Any(parts) => Memory::Any(every(parts)),
            Predicate::Then(parts) => match parts.split_first() {
                Some((first, rest)) if !rest.is_empty() => {
                    Memory::Then { first: inner(first), held: false, rest: rest.to_vec(), runs: Vec::new() }
                }
                _ => Memory::All(every(parts)),
            },
            Predicate::Read(read) if read.says.iter().any(|says| says.same.is_some()) => {
                Memory::Compared(read.clone(), None)
            }
            Predicate::Count(count) => Memory::Counted(count.clone(), None),
            Predicate::Renewed(renewed) => Memory::Renewed(renewed.clone(), None),
            Predicate::Traffic(share) if share.whole => Memory::Whole(share.clone(), None),
            Predicate::Audit(asked) => Memory::Audit { asked: asked.clone(), seen: 0, clients: BTreeSet::new() },
            now => Memory::Now(now.clone()),
        };
        Self { memory, holds: false }
    }

    /// Of what has to hold for a while, holds now, and has not held for long enough: how long, of how long.
    pub(super) fn held(&self, now: Duration) -> Option<Lasting> {
        match &self.memory {
            Memory::Held { duration, since, .. } => {
                let held = now.saturating_sub((*since)?);
                (held < *duration).then_some(Lasting { held, whole: *duration, before: false })
            }
            Memory::Happened(that, false) => that.held(now),
            Memory::Then { first, runs, .. } => {
                let before = || first.held(now).map(|lasting| Lasting { before: true, ..lasting });
                runs.iter().find_map(|run| run.held(now)).or_else(before)
            }
            // While another part fails it is no time that is missing.
            Memory::All(parts) if parts.iter().any(|part| !part.holds && part.held(now).is_none()) => None,
            Memory::All(parts) | Memory::Any(parts) => parts.iter().find_map(|part| part.held(now)),
            _ => None,
        }
    }

    /// Of what has to be done several times and was done at least once: how often, of how often.
    pub(super) fn so_far(&self, world: &World) -> Option<(u64, u64)> {
        let (times, bounds) = match &self.memory {
            Memory::Now(Predicate::Refused(bounds)) => (refusals(world), *bounds),
            Memory::Now(Predicate::Opened(heard)) => (world.opened(heard.of.as_deref(), heard.is), heard.bounds()),
            Memory::Counted(count, Some(counted)) => {
                let bounds = count.bounds();
                let least = bounds.at_least.or(bounds.equals);
                (counted.names.len() as u64, Bounds { at_least: least, ..bounds })
            }
            // Among other conditions, how many there are is not what the sub-goal is about.
            Memory::All(parts) | Memory::Any(parts) => {
                return parts.iter().filter(|part| !part.counts()).find_map(|part| part.so_far(world));
            }
            Memory::Happened(that, false) | Memory::Held { that, .. } => return that.so_far(world),
            _ => return None,
        };
        bounds.at_least.filter(|least| *least > 1 && times > 0 && times < *least).map(|least| (times, least))
    }

    fn counts(&self) -> bool {
        match &self.memory {
            Memory::Counted(..) => true,
            Memory::Held { that, .. } => that.counts(),
            _ => false,
        }
    }

    /// Takes in a moment that the world already shows; whether the condition holds at it.
    pub(super) fn step(&mut self, world: &World, moment: &Moment) -> bool {
        self.holds = self.memory.step(world, moment);
        self.holds
    }
}

impl Memory {
    fn step(&mut self, world: &World, moment: &Moment) -> bool {
        match self {
            Self::Now(predicate) => now(predicate, world, moment),
            Self::Counted(count, counted) => count.bounds().allow(recount(count, counted, world, moment) as u64),
            Self::Happened(that, happened) => {
                *happened |= that.step(world, moment);
                *happened
            }
            Self::Always(that, always) => {
                *always &= that.step(world, moment);
                *always
            }
            Self::Not(that) => !that.step(world, moment),
            Self::Held { that, duration, since } => {
                *since = that.step(world, moment).then(|| since.unwrap_or(moment.at));
                since.is_some_and(|since| moment.at.saturating_sub(since) >= *duration)
            }
            Self::All(parts) => holding(parts, world, moment) == parts.len(),
            Self::Any(parts) => holding(parts, world, moment) > 0,
            Self::Then { first, held, rest, runs } => {
                let done = holding(runs, world, moment) > 0;
                let holds = first.step(world, moment);
                if holds && !*held {
                    // What follows begins with the next moment: later, not at once.
                    runs.push(Monitor::new(&Predicate::Then(rest.clone())));
                    if runs.len() > RUNS {
                        runs.remove(0);
                    }
                }
                *held = holds;
                done
            }
            Self::Compared(read, before) => {
                let said = said(read, world);
                let before = before.get_or_insert_with(|| said.clone());
                reads(read, world) && compare(read, before, &said)
            }
            Self::Renewed(renewed, before) => {
                let before = before.get_or_insert_with(|| marks(renewed, world));
                let now = marks(renewed, world);
                !before.is_empty() && !now.is_empty() && !now.iter().any(|mark| before.contains(mark))
            }
            Self::Whole(share, before) => {
                let (sent, answered) = world.in_all(&share.to);
                let before = before.get_or_insert((sent, answered));
                share.allows(sent - before.0, answered - before.1)
            }
            Self::Audit { asked, seen, clients } => {
                if let Change::Audit(entry) = &moment.change
                    && was_asked(asked, entry)
                {
                    *seen += 1;
                    clients.insert(client(entry));
                }
                asked.bounds().allow(if asked.by_client { clients.len() as u64 } else { *seen })
            }
        }
    }
}

/// How many hold; every one sees every moment, also behind one that decides.
fn holding(parts: &mut [Monitor], world: &World, moment: &Moment) -> usize {
    parts.iter_mut().filter_map(|part| part.step(world, moment).then_some(())).count()
}

/// Whether a condition holds at this moment, for those that do not remember.
pub(super) fn now(predicate: &Predicate, world: &World, moment: &Moment) -> bool {
    match predicate {
        Predicate::Count(count) => count.bounds().allow(world.picked(count.picked()).count() as u64),
        Predicate::Read(read) => reads(read, world),
        Predicate::Change(wanted) => changed(wanted, world, &moment.change),
        Predicate::Traffic(share) => {
            let (sent, answered) = world.lately(&share.to, share.within);
            share.allows(sent, answered)
        }
        Predicate::Answered(question) => world.answer(question).is_some() || world.order(question).is_some(),
        Predicate::Refused(bounds) => bounds.allow(refusals(world)),
        Predicate::LastRefusal(wanted) => world.refusals().last().is_some_and(|(reason, _)| reason == wanted),
        Predicate::Right(question) => world.right(question),
        Predicate::Opened(heard) => heard.bounds().allow(world.opened(heard.of.as_deref(), heard.is)),
        Predicate::Used(word) => world.used(word),
        remembering => Monitor::new(remembering).step(world, moment),
    }
}

/// How many kinds of refusal the learner has seen.
fn refusals(world: &World) -> u64 {
    // What cannot be read was never sent.
    let sent = world.refusals().iter().map(|(reason, _)| reason).filter(|reason| **reason != Reason::Syntax);
    sent.collect::<BTreeSet<_>>().len() as u64
}

/// How many match after a moment: all are looked at once, then only the one that changed.
fn recount(count: &Count, counted: &mut Option<Counted>, world: &World, moment: &Moment) -> usize {
    let name = |object: &Value| object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let (listing, picked) = (world.listing(), count.picked());
    match counted.as_mut().filter(|counted| counted.listing == listing) {
        None => {
            let names: BTreeSet<String> = world.picked(picked).map(name).collect();
            counted.insert(Counted { names, listing }).names.len()
        }
        Some(Counted { names, .. }) => {
            if let Change::Object(was, object) = &moment.change
                && object["kind"] == *count.of
                && world.is_in(object, picked.namespace)
            {
                let fits = *was != Was::Deleted && matches(object, &picked);
                let _ = if fits { names.insert(name(object)) } else { names.remove(&name(object)) };
            }
            names.len()
        }
    }
}

fn object<'a>(read: &Read, world: &'a World) -> Option<&'a Value> {
    let (kind, name) = read.of.split_once('/').unwrap_or((&read.of, ""));
    world.object_in(kind, read.namespace.as_deref(), name)
}

fn reads(read: &Read, world: &World) -> bool {
    object(read, world).is_some_and(|object| read.says.iter().all(|says| says.holds(object)))
}

/// What an object says at each path of a condition.
fn said(read: &Read, world: &World) -> Vec<Option<Value>> {
    let object = object(read, world);
    read.says.iter().map(|says| object.and_then(|object| says.path.of(object)).cloned()).collect()
}

fn compare(read: &Read, before: &[Option<Value>], now: &[Option<Value>]) -> bool {
    let pairs = before.iter().zip(now);
    read.says.iter().zip(pairs).all(|(says, (before, now))| says.same.is_none_or(|same| (before == now) == same))
}

/// What those that match say at the path that tells one from another.
fn marks(renewed: &Renewed, world: &World) -> Vec<Value> {
    world.picked(renewed.picked()).filter_map(|object| renewed.path.of(object)).cloned().collect()
}

fn changed(wanted: &ChangeOf, world: &World, change: &Change) -> bool {
    let Change::Object(was, object) = change else { return false };
    *was == wanted.was && matches(object, &wanted.picked()) && world.is_in(object, wanted.namespace.as_deref())
}

fn was_asked(asked: &Asked, entry: &Entry) -> bool {
    let says = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
    let who =
        |wanted: &String| wanted.strip_suffix('*').map_or(*wanted == entry.user, |start| entry.user.starts_with(start));
    asked.who.as_ref().is_none_or(who)
        && asked.cluster.as_deref().unwrap_or_default() == entry.cluster
        && says(&asked.client, client(entry))
        && says(&asked.verb, &entry.verb)
        && says(&asked.resource, &entry.resource)
        && says(&asked.namespace, &entry.namespace)
        && says(&asked.name, &entry.name)
        && asked.code.is_none_or(|code| code == entry.code)
        && asked.code_at_least.is_none_or(|code| entry.code >= code)
}

/// The programs that lessons tell apart.
fn client(entry: &Entry) -> &'static str {
    match entry.agent.split(['/', ' ']).next().unwrap_or_default() {
        "kubectl" => "kubectl",
        "timonel" => "timonel",
        _ => "otro",
    }
}
