//! Proves lessons against fresh clusters: each unsolved untouched, passed by its solutions, not by its anti-solutions.
//! Must not know how a cluster is made.

mod play;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::catalogue::Catalogue;
use super::format::{Lesson, OwnCluster, Second};
use super::lint;
pub use super::script::Terminal;
use crate::base::clock::{Clock, Timing};
use crate::base::tasks::across;
use play::{Job, Play};

/// Makes clusters for the check.
#[async_trait]
pub trait Clusters: Send + Sync {
    /// A cluster with nothing in it, and the second one that the wish speaks of; the same for the same wish.
    ///
    /// # Errors
    /// Why there is none, in words.
    async fn fresh(&self, wish: &Wish) -> Result<Box<dyn Cluster>, String>;
}

/// What a cluster is to be like.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// What random choices start from.
    pub seed: u64,
    /// How fast the slow waits pass.
    pub timing: Timing,
    /// Its workers, if the lesson wants other ones.
    pub own: OwnCluster,
    /// A second one beside it, if the lesson wants it.
    pub second: Option<Second>,
    /// The namespace that the contexts of both name.
    pub namespace: String,
    /// Files that a terminal finds in its folder, by name.
    pub files: BTreeMap<String, String>,
}

/// A cluster for one play.
#[async_trait]
pub trait Cluster: Send {
    /// An administrator's client.
    fn client(&self) -> kube::Client;
    /// An administrator's client of the second cluster, if there is one.
    fn second(&self) -> Option<kube::Client> {
        None
    }
    /// The cluster's clock.
    fn clock(&self) -> Clock;
    /// Where command lines are typed, if there is such a thing.
    fn terminal(&self) -> Option<&dyn Terminal> {
        None
    }
    /// Stops it and waits until it is gone.
    async fn stop(self: Box<Self>);
}

/// How much is tried.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Over how many seeds the solution is played, the lesson's own among them.
    pub seeds: u64,
    /// At which timings everything is played.
    pub timings: Vec<Timing>,
    /// Whether only the first solution is played, after a minute of looking on.
    pub brief: bool,
    /// How many clusters run at once.
    pub threads: usize,
    /// Whether only the first solution of each lesson is played, in the machine's time, on clusters that are not of the
    /// check's own making. A lesson with a cluster of its own, which is always in memory, is not played there.
    pub live: bool,
}

/// Whether a lesson can be played on a cluster that is not made for it.
fn goes_anywhere(lesson: &Lesson) -> bool {
    lesson.setup.cluster.is_none() && lesson.setup.second.is_none()
}

impl Plan {
    /// One seed, both timings.
    #[must_use]
    pub fn whole(threads: usize) -> Self {
        Self { seeds: 1, timings: vec![Timing::Clase, Timing::Real], brief: false, threads, live: false }
    }

    /// Every lesson once.
    #[must_use]
    pub fn brief(threads: usize) -> Self {
        Self { seeds: 1, timings: vec![Timing::Clase], brief: true, threads, live: false }
    }

    /// The first solution of every lesson that can be played there.
    #[must_use]
    pub fn live() -> Self {
        Self { live: true, ..Self::brief(1) }
    }

    /// All plays of a lesson.
    fn jobs<'a>(&self, lesson: &'a Arc<Lesson>) -> Vec<Job<'a>> {
        if self.live {
            let script = lesson.solutions.first().filter(|_| goes_anywhere(lesson));
            let (seed, timing) = (lesson.setup.seed, Timing::Clase);
            return script
                .map(|script| Job { lesson, play: Play::Passes(script), seed, timing, live: true })
                .into_iter()
                .collect();
        }
        let mut plays = vec![Play::Idle];
        if !self.brief {
            plays.extend(lesson.passing().skip(1).map(Play::Passes));
            plays.extend(lesson.anti_solutions.iter().map(Play::Fails));
        }
        let own = lesson.setup.seed;
        let first = lesson.solutions.first().map(Play::Passes);
        // The other seeds take turns with the timings: each timing sees its share of them.
        let turns = self.timings.iter().copied().cycle();
        let others = (own + 1..own + self.seeds.max(1)).zip(turns);
        let others = others.filter_map(|(seed, timing)| Some(Job { lesson, play: first?, seed, timing, live: false }));
        let at = |timing: Timing| {
            plays.clone().into_iter().map(move |play| Job { lesson, play, seed: own, timing, live: false })
        };
        self.timings.iter().flat_map(|timing| at(*timing)).chain(others).collect()
    }
}

/// Something that is wrong with a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The lesson's number.
    pub lesson: String,
    /// What is wrong, in Spanish.
    pub what: String,
}

/// What the check found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How many clusters were started.
    pub plays: usize,
    /// How long the plays of each lesson took, on the machine's clock.
    pub took: BTreeMap<String, Duration>,
}

/// Checks every lesson; `progress` is told each thing when it is done.
///
/// # Panics
/// If no async runtime can be made.
pub fn check(catalogue: &Catalogue, clusters: &dyn Clusters, plan: &Plan, progress: &(dyn Fn(&str) + Sync)) -> Report {
    let mut report = Report { findings: lint::catalogue(catalogue), ..Report::default() };
    let jobs: Vec<Job> = catalogue.lessons().iter().flat_map(|lesson| plan.jobs(lesson)).collect();
    let clock = Clock::new(Timing::Real);
    let outcomes = across(plan.threads, &jobs, |job| {
        let began = clock.elapsed();
        let found = job.run(clusters);
        progress(&job.name());
        (found, clock.elapsed().saturating_sub(began))
    });
    report.plays = jobs.len();
    for (job, (found, took)) in jobs.iter().zip(outcomes) {
        *report.took.entry(job.lesson.id.clone()).or_default() += took;
        for what in found {
            let finding = Finding { lesson: job.lesson.id.clone(), what };
            if !report.findings.contains(&finding) {
                report.findings.push(finding);
            }
        }
    }
    report
}
